//! Lanes whose users come when they are due, whatever has become of those before them.

use std::iter::Peekable;
use std::time::Duration;

use super::world::World;
use crate::load::Arrivals;

/// Those who are to come, by their index, and when.
pub(super) type Coming = Peekable<Box<dyn Iterator<Item = (u64, Duration)>>>;

/// Those of a lane.
pub(super) fn coming(arrivals: &Arrivals, seed: u64) -> Coming {
    let coming: Box<dyn Iterator<Item = _>> = Box::new((0..).zip(arrivals.instants(seed)));
    coming.peekable()
}

impl World<'_> {
    /// Starts those who are due, where not as many are there as may be.
    pub(super) fn follow_arrivals(&mut self, at: usize, arrivals: &Arrivals) {
        let lane = &self.job.load.lanes()[at];
        let elapsed = self.now.saturating_sub(lane.begins);
        if arrivals.duration.is_some_and(|end| elapsed >= end) {
            return self.drain(at);
        }
        let seed = self.job.seed;
        let mut coming = self.lanes[at].coming.take().unwrap_or_else(|| coming(arrivals, seed));
        while let Some((index, _)) = coming.next_if(|(_, due)| *due <= elapsed) {
            if self.is_enough(index) {
                return;
            }
            let Some(users) = self.sample.stands_for(&lane.mix, index, arrivals.count_bound()) else {
                continue;
            };
            let has_room = self.lanes[at].user_count < arrivals.max_users;
            self.tally.counts.arrivals_due += users;
            if has_room {
                self.start(at, index, users);
            } else {
                self.tally.counts.arrivals_missed += users;
            }
        }
        let next = coming.peek().map(|(_, due)| *due);
        self.lanes[at].coming = Some(coming);
        if next.is_none() && self.lanes[at].is_empty() {
            return self.drain(at);
        }
        if let Some(when) = next.into_iter().chain(arrivals.duration).min() {
            self.look_at(at, lane.begins.saturating_add(when));
        }
    }
}
