//! Users that come when they are due, whatever has become of those before them, and leave when they are done.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::sleep_until;

use super::{Order, Schedule};
use crate::load::Arrivals;

/// How far ahead anything is waited for at a time.
const FAR: Duration = Duration::from_hours(24);
/// So many come before others are looked after: however many are due, users are served, and an order is heard.
pub(super) const AT_ONCE: usize = 256;

/// How many users of a lane are in the run, on all threads.
#[derive(Clone, Default)]
pub(in crate::engine) struct Present(Arc<AtomicU64>);

/// A user's place among those that may be in the run at a time, until it is dropped.
pub(super) struct Seat(Present);

impl Present {
    pub(in crate::engine) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// One of so many places, where one is free.
    pub(super) fn take(&self, max_users: u64) -> Option<Seat> {
        let next = |count: u64| (count < max_users).then_some(count + 1);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).ok()?;
        Some(Seat(self.clone()))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Schedule {
    /// Starts this thread's users when each is due, until all have come and left, the end, or an order. Who comes while
    /// as many are there as may be is counted, and does not come later.
    pub(super) async fn follow_arrivals(
        &mut self,
        arrivals: &Arrivals,
        begins: Duration,
        orders: &mut watch::Receiver<Order>,
    ) {
        let segment = self.segment();
        let indexed = (0..).zip(arrivals.instants(self.setting.seed));
        let mut due = indexed.filter(|(index, _)| segment.contains(*index)).peekable();
        let max_users = self.plan.job.segment.count_of(arrivals.max_users);
        while *orders.borrow_and_update() == Order::Run {
            let now = self.shard.now().saturating_sub(begins);
            if arrivals.duration.is_some_and(|end| now >= end) {
                return;
            }
            let mut come_count = 0;
            while come_count < AT_ONCE
                && let Some((index, _)) = due.next_if(|(_, at)| *at <= now)
            {
                self.arrive(index, max_users);
                come_count += 1;
            }
            if come_count == AT_ONCE {
                while self.tasks.try_join_next().is_some() {}
                tokio::task::yield_now().await;
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

    pub(super) fn arrive(&mut self, index: u64, max_users: u64) {
        let seat = self.plan.tracks[self.number].present.take(max_users);
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
