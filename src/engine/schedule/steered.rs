//! Users as a search says, which is known from one level to the next only.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::sleep_until;

use super::arrivals::Due;
use super::{FAR, Order, Schedule};
use crate::engine::search::{Course, Helm, Leg};
use crate::load::Arrivals;

/// Arrivals from when they begin until the next ones do.
struct Stretch {
    arrivals: Arc<Arrivals>,
    begins: Duration,
    /// This thread's users, counted over the run, each with the time from the beginning.
    due: Due,
}

type Stretches = VecDeque<Stretch>;

impl Schedule {
    /// Starts and stops users as the search steers, until it is over or an order comes.
    pub(super) async fn follow_search(
        &mut self,
        helm: &Helm,
        begins: Duration,
        orders: &mut watch::Receiver<Order>,
    ) {
        let mut courses = helm.course();
        let mut stretches = Stretches::new();
        while *orders.borrow_and_update() == Order::Run {
            // Before the course is looked at: what is due by now is not missed by one that began meanwhile.
            let now = self.shard.now().saturating_sub(begins);
            let course = Arc::clone(&courses.borrow_and_update());
            let next = match &course.leg {
                Leg::Users(profile) => {
                    let now = now.saturating_sub(course.begins);
                    self.adjust(profile.target_at(now));
                    profile.next_change(now, self.segment()).map(|change| course.begins + change)
                }
                Leg::Arrivals { arrivals, first } => {
                    self.take_up(&course, arrivals, *first, &mut stretches);
                    self.admit(now, &mut stretches)
                }
                Leg::Over => return self.plan.control.finish(),
            };
            self.dismiss();
            let wait = next.map_or(FAR, |at| FAR.min(at.saturating_sub(now)));
            if wait.is_zero() {
                self.give_way().await;
                continue;
            }
            let until = Instant::now() + wait;
            let until = self.leaving.front().map_or(until, |(_, deadline)| until.min(*deadline));
            tokio::select! {
                () = sleep_until(until.into()) => {}
                _ = orders.changed() => {}
                _ = courses.changed() => {}
                Some(_) = self.tasks.join_next() => {}
            }
        }
    }

    /// Goes on to the arrivals of a course that is new. Where it begins afresh, all who are there leave.
    fn take_up(&mut self, course: &Course, arrivals: &Arc<Arrivals>, first: u64, stretches: &mut Stretches) {
        if stretches.back().is_some_and(|last| Arc::ptr_eq(&last.arrivals, arrivals)) {
            return;
        }
        if course.is_afresh {
            self.send_away();
        }
        let due = self.due_from(arrivals, first);
        stretches.push_back(Stretch { arrivals: Arc::clone(arrivals), begins: course.begins, due });
    }

    /// Starts the users that are due by now, but not too many, of each stretch up to the beginning of the next; when the
    /// next one is due.
    fn admit(&mut self, now: Duration, stretches: &mut Stretches) -> Option<Duration> {
        loop {
            let end = stretches.get(1).map(|next| next.begins);
            let stretch = stretches.front_mut()?;
            let begins = stretch.begins;
            let is_due = |at: Duration| at <= now && end.is_none_or(|end| at < end);
            if self
                .let_in(&mut stretch.due, stretch.arrivals.max_users, |at| is_due(begins.saturating_add(at)))
            {
                return Some(now);
            }
            if end.is_some_and(|end| end <= now) {
                stretches.pop_front();
            } else {
                let next = stretch.due.peek().map(|(_, at)| begins.saturating_add(*at));
                return next.into_iter().chain(end).min();
            }
        }
    }
}
