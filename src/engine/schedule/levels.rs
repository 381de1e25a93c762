//! As many users at any moment as a profile says.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep_until;

use super::{FAR, Order, Schedule};
use crate::load::Profile;

impl Schedule {
    /// Starts and stops users as the profile says, until its end, an order, or until nobody is left and nobody will come.
    pub(super) async fn follow_levels(
        &mut self,
        profile: &Profile,
        begins: Duration,
        orders: &mut watch::Receiver<Order>,
    ) {
        let end = profile.total_duration();
        while *orders.borrow_and_update() == Order::Run {
            let now = self.shard.now().saturating_sub(begins);
            if end.is_some_and(|end| now >= end) {
                return;
            }
            self.adjust(profile.target_at(now));
            self.dismiss();
            let nobody_will_come =
                self.segment().count_of(profile.peak_after(now)) <= self.users.len() as u64;
            if self.tasks.is_empty() && nobody_will_come {
                return;
            }
            let change = profile.next_change(now, self.segment()).into_iter().chain(end).min();
            let until = self.shard.instant(begins + change.unwrap_or(now + FAR));
            let until = self.leaving.front().map_or(until, |(_, deadline)| until.min(*deadline));
            tokio::select! {
                () = sleep_until(until.into()) => {}
                _ = orders.changed() => {}
                Some(_) = self.tasks.join_next() => {}
            }
        }
    }
}
