//! What happened when: seconds, put together to longer intervals as the run gets longer, and the busiest second.

/// More intervals are never kept.
const INTERVALS_MAX: usize = 960;

/// What happened in an interval. Users and connections are the most there were at a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Interval {
    /// Users in the run.
    pub users: u64,
    /// Connections, those that are being opened among them, and those of `http` steps.
    pub connections: u64,
    /// Connections that came to stand.
    pub connects: u64,
    /// Messages sent.
    pub messages_sent: u64,
    /// Bytes of their payloads.
    pub bytes_sent: u64,
    /// Messages received.
    pub messages_received: u64,
    /// Bytes of their payloads.
    pub bytes_received: u64,
    /// Iterations ended.
    pub iterations: u64,
    /// Failures.
    pub errors: u64,
}

/// A run's intervals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Timeline {
    /// In seconds.
    width_s: u64,
    intervals: Vec<Interval>,
    /// The second that it is, and what happened in it so far.
    second: u64,
    present: Interval,
    /// The most in a second, of each figure.
    peak: Interval,
}

impl Interval {
    /// Adds another of the same time, or what follows.
    pub fn add(&mut self, other: &Self) {
        self.each(other, u64::saturating_add, u64::max);
    }

    /// The most of both.
    fn rise(&mut self, other: &Self) {
        self.each(other, u64::max, u64::max);
    }

    fn each(&mut self, other: &Self, flow: fn(u64, u64) -> u64, level: fn(u64, u64) -> u64) {
        self.users = level(self.users, other.users);
        self.connections = level(self.connections, other.connections);
        self.connects = flow(self.connects, other.connects);
        self.messages_sent = flow(self.messages_sent, other.messages_sent);
        self.bytes_sent = flow(self.bytes_sent, other.bytes_sent);
        self.messages_received = flow(self.messages_received, other.messages_received);
        self.bytes_received = flow(self.bytes_received, other.bytes_received);
        self.iterations = flow(self.iterations, other.iterations);
        self.errors = flow(self.errors, other.errors);
    }
}

impl Default for Timeline {
    fn default() -> Self {
        let nothing = Interval::default();
        Self { width_s: 1, intervals: Vec::new(), second: 0, present: nothing, peak: nothing }
    }
}

impl Timeline {
    /// The second that it is now.
    pub(super) fn present(&mut self) -> &mut Interval {
        &mut self.present
    }

    /// Time goes on to a second; there are so many users and connections.
    pub(super) fn go_on(&mut self, second: u64, users: u64, connections: u64) {
        if second <= self.second {
            return;
        }
        let quiet = Interval { users, connections, ..Interval::default() };
        self.end_second();
        while second / self.width_s >= INTERVALS_MAX as u64 {
            self.widen();
        }
        // Nothing happened in between.
        for at in self.second / self.width_s..=(second - 1) / self.width_s {
            self.interval(at).rise(&quiet);
        }
        self.second = second;
        self.present = quiet;
    }

    fn end_second(&mut self) {
        let present = std::mem::take(&mut self.present);
        self.peak.rise(&present);
        self.interval(self.second / self.width_s).add(&present);
    }

    fn interval(&mut self, at: u64) -> &mut Interval {
        let at = usize::try_from(at).unwrap_or(INTERVALS_MAX);
        if self.intervals.len() <= at {
            self.intervals.resize(at + 1, Interval::default());
        }
        &mut self.intervals[at]
    }

    fn widen(&mut self) {
        let joined = self.intervals.chunks(2).map(|pair| {
            let mut sum = pair[0];
            pair.iter().skip(1).for_each(|later| sum.add(later));
            sum
        });
        self.intervals = joined.collect();
        self.width_s *= 2;
    }

    /// How long an interval is, in seconds; the intervals; and the most in a second, of each figure.
    pub(super) fn into_parts(mut self) -> (u64, Vec<Interval>, Interval) {
        self.end_second();
        (self.width_s, self.intervals, self.peak)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_kept_and_the_busiest_is_known() {
        let mut timeline = Timeline::default();
        timeline.present().messages_sent = 5;
        timeline.go_on(1, 2, 1);
        timeline.present().messages_sent = 9;
        timeline.go_on(4, 3, 3);
        timeline.present().users = 4;
        let (width_s, intervals, peak) = timeline.into_parts();
        let seen: Vec<_> =
            intervals.iter().map(|interval| (interval.users, interval.messages_sent)).collect();
        assert_eq!((width_s, seen), (1, vec![(2, 5), (3, 9), (3, 0), (3, 0), (4, 0)]));
        assert_eq!((peak.messages_sent, peak.users), (9, 4));
    }

    #[test]
    fn a_long_run_has_long_intervals_and_loses_nothing() {
        let mut timeline = Timeline::default();
        for second in 0..10_000 {
            timeline.go_on(second, 1, 0);
            timeline.present().messages_sent += 1;
        }
        timeline.go_on(10_000_000, 1, 0);
        timeline.present().messages_sent += 1;
        let (width_s, intervals, peak) = timeline.into_parts();
        assert!(intervals.len() <= INTERVALS_MAX && width_s * intervals.len() as u64 >= 10_000_000);
        assert_eq!(intervals.iter().map(|interval| interval.messages_sent).sum::<u64>(), 10_001);
        assert_eq!(peak.messages_sent, 1);
        assert!(intervals.iter().all(|interval| interval.users == 1));
    }
}
