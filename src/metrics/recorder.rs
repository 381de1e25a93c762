//! One thread's figures of the current interval.

use std::sync::Arc;
use std::time::Duration;

use super::{Counts, DeliveryCounts, ErrorKind, Gauge, Layout, Sample, Samples, Snapshot, TimerId, Timing};

/// How a user left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserEnd {
    /// Its work was done, or the run was over.
    Finished,
    /// It failed.
    Failed,
}

/// Where one thread records. There is one for each thread; it takes no lock and is never shared.
#[derive(Debug)]
pub struct Recorder {
    interval: Snapshot,
    users: Gauge,
    /// The room each timer's histogram last had, so that the next interval's does not grow step by step.
    room_us: Vec<u64>,
}

impl Recorder {
    /// An empty recorder for these timers.
    pub fn new(layout: Arc<Layout>) -> Self {
        let room_us = vec![0; layout.len()];
        Self { interval: Snapshot::new(layout), users: Gauge::default(), room_us }
    }

    /// The counters, to be raised in place. Users are counted by [`user_started`](Self::user_started) and
    /// [`user_left`](Self::user_left).
    pub fn counts(&mut self) -> &mut Counts {
        &mut self.interval.counts
    }

    /// Records one duration. The timer's histogram is made when it is first used in an interval.
    pub fn time(&mut self, timer: TimerId, time: Duration) {
        let index = timer.index();
        self.interval.timings[index]
            .get_or_insert_with(|| Timing::with_room_for(self.room_us[index]))
            .record(time);
    }

    /// Records one duration so many times.
    pub fn times(&mut self, timer: TimerId, time: Duration, count: u64) {
        if count > 0 {
            self.interval.timings[timer.index()].get_or_insert_default().record_many(time, count);
        }
    }

    /// Counts one error at a state of the program. `sample` is called only for the first of its kind and place
    /// in an interval.
    pub fn error(&mut self, kind: ErrorKind, place: Option<u32>, sample: impl FnOnce() -> String) {
        self.interval.errors.count(kind, place, sample);
    }

    /// The same, with what came before it.
    pub fn error_of(&mut self, kind: ErrorKind, place: Option<u32>, sample: impl FnOnce() -> Sample) {
        self.interval.errors.add_of(kind, place, 1, sample);
    }

    /// Keeps a message that nobody took. `message` is called only for the first in an interval.
    pub fn unmatched(&mut self, message: impl FnOnce() -> String) {
        Samples::keep(&mut self.interval.samples.unmatched, message);
    }

    /// Keeps a message that a full inbox let go. `message` is called only for the first in an interval.
    pub fn dropped(&mut self, message: impl FnOnce() -> String) {
        Samples::keep(&mut self.interval.samples.dropped, message);
    }

    /// Counts so many errors of one kind at one place; as [`error`](Self::error).
    pub fn errors(
        &mut self,
        kind: ErrorKind,
        place: Option<u32>,
        count: u64,
        sample: impl FnOnce() -> String,
    ) {
        self.interval.errors.add(kind, place, count, sample);
    }

    /// The figures of a stream, to be raised in place. A stream is among the figures once it was asked for.
    pub fn delivery(&mut self, stream: &str) -> &mut DeliveryCounts {
        let deliveries = &mut self.interval.deliveries;
        if !deliveries.contains_key(stream) {
            deliveries.insert(stream.to_owned(), DeliveryCounts::default());
        }
        deliveries.get_mut(stream).expect("it is there now")
    }

    /// A user began.
    pub fn user_started(&mut self) {
        self.interval.counts.users_started += 1;
        self.users.up();
    }

    /// A user left.
    pub fn user_left(&mut self, end: UserEnd) {
        match end {
            UserEnd::Finished => self.interval.counts.users_finished += 1,
            UserEnd::Failed => self.interval.counts.users_failed += 1,
        }
        self.users.down();
    }

    /// Ends the interval and begins the next.
    #[must_use]
    pub fn take(&mut self) -> Snapshot {
        let next = Snapshot::new(Arc::clone(self.interval.layout()));
        let mut taken = std::mem::replace(&mut self.interval, next);
        taken.users = self.users.take();
        for (room, timing) in self.room_us.iter_mut().zip(&taken.timings) {
            if let Some(timing) = timing {
                *room = timing.room_us();
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_an_interval_is_kept_and_the_first_of_all_stays() {
        let layout = Arc::new(Layout::default());
        let mut recorder = Recorder::new(Arc::clone(&layout));
        recorder.unmatched(|| "first".into());
        recorder.unmatched(|| unreachable!("there is one"));
        let mut totals = Snapshot::new(layout);
        totals.append(&recorder.take());
        recorder.unmatched(|| "second".into());
        recorder.dropped(|| "é".repeat(400));
        totals.append(&recorder.take());
        let arrived: Snapshot = serde_json::from_str(&serde_json::to_string(&totals).unwrap()).unwrap();
        assert_eq!(arrived.samples.unmatched.as_deref(), Some("first"));
        assert_eq!(arrived.samples.dropped.map(|sample| sample.len()), Some(512));
    }

    #[test]
    fn an_interval_is_taken_out_whole_and_the_next_begins_empty() {
        let mut recorder = Recorder::new(Arc::new(Layout::new(["connect.total", "say.rtt"])));
        let rtt = TimerId(1);
        recorder.user_started();
        recorder.user_started();
        recorder.user_left(UserEnd::Failed);
        recorder.counts().messages_sent += 7;
        recorder.time(rtt, Duration::from_secs(3));
        recorder.error(ErrorKind::Timeout, Some(1), || "late".into());

        let first = recorder.take();
        assert_eq!(
            (first.counts.users_started, first.counts.users_failed, first.counts.messages_sent),
            (2, 1, 7)
        );
        assert_eq!(first.users, Gauge { now: 1, peak: 2 });
        assert_eq!(first.timing(rtt).map(Timing::count), Some(1));
        assert!(first.timing(TimerId(0)).is_none(), "a histogram is made when it is first used");
        assert_eq!(first.errors.total(), 1);

        let second = recorder.take();
        assert_eq!(second.counts, Counts::default());
        assert_eq!(second.users, Gauge { now: 1, peak: 1 });
        assert!(second.timing(rtt).is_none() && second.errors.is_empty());
    }

    #[test]
    fn a_histogram_has_the_room_that_the_interval_before_needed() {
        let mut recorder = Recorder::new(Arc::new(Layout::new(["say.rtt"])));
        recorder.time(TimerId(0), Duration::from_secs(3));
        let grown = recorder.take();
        recorder.time(TimerId(0), Duration::from_millis(1));
        let next = recorder.take();
        assert!(next.timing(TimerId(0)).unwrap().room_us() >= 3_000_000);
        assert_eq!(next.timing(TimerId(0)).unwrap().room_us(), grown.timing(TimerId(0)).unwrap().room_us());
    }
}
