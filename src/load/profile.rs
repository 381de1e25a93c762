//! The load profile: how many users there should be at a moment, and when that changes next.

use std::time::Duration;

use super::Segment;
use super::exact::{LONGEST_NS, duration};
use super::leg::Leg;

/// The target moves linearly from the stage before (0 at first) to `users` over `over`; `over` zero is a jump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Users wanted when the stage is over.
    pub users: u64,
    /// How long the target takes to get there.
    pub over: Duration,
}

/// What ends the run, apart from an interruption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Users repeat until this long after the start (the ramp is included), or until their iterations are done.
    After(Duration),
    /// Every user does its iterations, and the run is over when all have.
    WhenDone,
}

/// How many users, when, and until when.
///
/// Users have indices from 0. While the target rises the next index starts; while it falls **the users that
/// started last leave first**, so that the users who stay are the oldest sessions, and those wanted at a moment
/// are always the indices `0..target`. A user who left because the target fell starts afresh when it rises again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    stages: Vec<Stage>,
    iterations: Option<u64>,
    end: End,
}

impl Profile {
    /// `users` started evenly over `ramp`: user `k` at `k * ramp / users`, the first at once.
    ///
    /// With a `duration` users repeat until then (a ramp that is longer is cut off), or until each has done
    /// `iterations`. Without, each does `iterations`, or one, and the run is over when all have.
    pub fn with_users(
        users: u64,
        ramp: Duration,
        duration: Option<Duration>,
        iterations: Option<u64>,
    ) -> Self {
        let end = duration.map_or(End::WhenDone, End::After);
        let iterations = if duration.is_none() { Some(iterations.unwrap_or(1)) } else { iterations };
        Self { stages: vec![Stage { users, over: ramp }], iterations, end }
    }

    /// Stages one after the other; users repeat until the last is over, or until each has done `iterations`.
    pub fn with_stages(stages: Vec<Stage>, iterations: Option<u64>) -> Self {
        let total = stages.iter().map(|s| s.over).fold(Duration::ZERO, Duration::saturating_add);
        Self { stages, iterations, end: End::After(total) }
    }

    /// Stages one after the other, the last of which is held until something else ends the run.
    pub fn held(stages: Vec<Stage>) -> Self {
        Self { stages, iterations: None, end: End::WhenDone }
    }

    /// The stages as given; a ramp is the one stage it amounts to.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// How often one user runs its scenario at most; `None` is until the end.
    pub fn iterations(&self) -> Option<u64> {
        self.iterations
    }

    /// What ends the run.
    pub fn end(&self) -> End {
        self.end
    }

    /// How long the run takes at most, where that is known beforehand.
    pub fn total_duration(&self) -> Option<Duration> {
        match self.end {
            End::After(total) => Some(total),
            End::WhenDone => None,
        }
    }

    /// How many users there should be `elapsed` after the start: those with the indices `0..target`. Zero once
    /// the run is over.
    pub fn target_at(&self, elapsed: Duration) -> u64 {
        self.target_at_ns(elapsed.as_nanos())
    }

    /// When user `index` first starts: the first moment the target exceeds it. `None` if it never does.
    pub fn start_of(&self, index: u64) -> Option<Duration> {
        self.legs()
            .filter_map(|leg| leg.first_above(index))
            // A level that the next stage jumps away from at the same moment was never there.
            .find(|&at| self.target_at_ns(at) > index)
            .map(duration)
    }

    /// The first moment after `after` at which `segment` wants another number of users. `None` if it stays as it
    /// is for good.
    pub fn next_change(&self, after: Duration, segment: Segment) -> Option<Duration> {
        let after = after.as_nanos();
        let count = segment.count_of(self.target_at_ns(after));
        let next = segment.nth(count);
        let last = count.checked_sub(1).and_then(|own| segment.nth(own));
        let end = self.end_ns();
        self.legs()
            .filter(|leg| leg.ends() > after)
            .flat_map(|leg| {
                let starts = next.and_then(|index| leg.first_above(index));
                let leaves = last.and_then(|index| leg.first_not_above(index));
                let (sooner, later) = if leaves < starts { (leaves, starts) } else { (starts, leaves) };
                [sooner, later].into_iter().flatten()
            })
            .map(|at| end.map_or(at, |end| at.min(end)))
            .chain(end)
            .find(|&at| at > after && segment.count_of(self.target_at_ns(at)) != count)
            .map(duration)
    }

    /// The most users wanted at one time.
    pub fn peak_users(&self) -> u64 {
        let before_end = |at: u128| self.end_ns().map_or(at, |end| at.min(end.saturating_sub(1)));
        self.legs()
            .flat_map(|leg| [leg.begins, leg.ends().saturating_sub(1), leg.ends()])
            .map(|at| self.target_at_ns(before_end(at)))
            .max()
            .unwrap_or(0)
    }

    /// A bound on the users wanted at any time from `after` on: the highest of what is wanted then and what any stage
    /// that is not over yet is to reach.
    pub fn peak_after(&self, after: Duration) -> u64 {
        let after = after.as_nanos();
        let ahead = self.legs().filter(|leg| leg.ends() > after).map(|leg| leg.to);
        ahead.max().unwrap_or(0).max(self.target_at_ns(after))
    }

    fn end_ns(&self) -> Option<u128> {
        self.total_duration().map(|total| total.as_nanos())
    }

    fn target_at_ns(&self, at: u128) -> u64 {
        if self.end_ns().is_some_and(|end| at >= end) {
            return 0;
        }
        let mut level = 0;
        for leg in self.legs().take_while(|leg| leg.begins <= at) {
            if at < leg.ends() {
                return leg.target_at(at);
            }
            level = leg.to;
        }
        level
    }

    fn legs(&self) -> impl Iterator<Item = Leg> + '_ {
        let (mut from, mut begins) = (0, 0u128);
        self.stages.iter().map(move |stage| {
            // Stages that reach past the end of time are cut there: nothing happens later.
            let over = stage.over.as_nanos().min(LONGEST_NS - begins);
            let leg = Leg { from, to: stage.users, begins, over };
            (from, begins) = (leg.to, leg.ends());
            leg
        })
    }
}

#[cfg(test)]
mod tests;
