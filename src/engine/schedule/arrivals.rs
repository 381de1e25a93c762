//! Users that come when they are due, whatever has become of those before them, and leave when they are done.

use std::iter::Peekable;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::sleep_until;

use super::{FAR, Order, Schedule};
use crate::load::Arrivals;

/// So many come before others are looked after: however many are due, users are served, and an order is heard.
const AT_ONCE: usize = 256;

/// Users with the times at which they are due, from the beginning of their load.
pub(super) type Due = Peekable<Box<dyn Iterator<Item = (u64, Duration)>>>;

impl Schedule {
    /// Starts this thread's users when each is due, until all have come and left, the end, or an order. Who comes while
    /// as many are there as may be is counted, and does not come later.
    pub(super) async fn follow_arrivals(
        &mut self,
        arrivals: &Arrivals,
        begins: Duration,
        orders: &mut watch::Receiver<Order>,
    ) {
        let mut due = self.due_from(arrivals, 0);
        while *orders.borrow_and_update() == Order::Run {
            let now = self.shard.now().saturating_sub(begins);
            if arrivals.duration.is_some_and(|end| now >= end) {
                return;
            }
            if self.let_in(&mut due, arrivals.max_users, |at| at <= now) {
                self.give_way().await;
                continue;
            }
            let next = due.peek().map(|(_, at)| *at);
            if next.is_none() && self.tasks.is_empty() {
                return;
            }
            let wait = next
                .into_iter()
                .chain(arrivals.duration)
                .min()
                .map_or(FAR, |at| FAR.min(at.saturating_sub(now)));
            tokio::select! {
                () = sleep_until((Instant::now() + wait).into()) => {}
                _ = orders.changed() => {}
                Some(_) = self.tasks.join_next() => {}
            }
        }
    }

    /// This thread's users of those who arrive, the first of all with this number.
    pub(super) fn due_from(&self, arrivals: &Arrivals, first: u64) -> Due {
        let segment = self.segment();
        let indexed = (first..).zip(arrivals.instants(self.setting.seed));
        let due: Box<dyn Iterator<Item = _>> =
            Box::new(indexed.filter(move |(index, _)| segment.contains(*index)));
        due.peekable()
    }

    /// Lets those in who are due, but not too many at once; whether others may be due as well.
    pub(super) fn let_in(
        &mut self,
        due: &mut Due,
        max_users: u64,
        is_due: impl Fn(Duration) -> bool,
    ) -> bool {
        let max_users = self.plan.job.segment.count_of(max_users);
        for _ in 0..AT_ONCE {
            let Some((index, _)) = due.next_if(|(_, at)| is_due(*at)) else { return false };
            self.arrive(index, max_users);
        }
        true
    }

    /// Lets users be served, and orders be heard, before more come.
    pub(super) async fn give_way(&mut self) {
        while self.tasks.try_join_next().is_some() {}
        tokio::task::yield_now().await;
    }

    fn arrive(&mut self, index: u64, max_users: u64) {
        let seat = self.plan.tracks[self.number].present.enter_below(max_users);
        self.shard.count(|counts| {
            counts.arrivals_due += 1;
            counts.arrivals_missed += u64::from(seat.is_none());
        });
        if seat.is_some() {
            // Those that have left are only held here.
            if self.users.len() > 2 * self.tasks.len() + 64 {
                self.users.retain(|driver| Rc::strong_count(driver) > 1);
            }
            self.launch(index, (0, 0), seat);
        }
    }
}
