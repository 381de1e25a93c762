//! What a generator sees of itself: how busy its threads were, how late its loops came round, what it had open.
//!
//! Filled in by whoever drives users, judged by [`saturation`]. Nothing here reads a clock or asks the system: times
//! and counts come in, and what is said of them follows from them alone.

mod saturation;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Timing;

pub use saturation::{
    Evidence, LATE, Lateness, Limit, PROBE_COUNT_MIN, Reason, SATURATED_SHARE, SATURATED_TIME_MIN, Threads,
    Unit, saturation,
};

/// A thread that used or waited for so much of a core had no rest.
pub const BUSY_SHARE: f64 = 0.9;
/// A thread that was ready and had to wait for a core for so much of the time was kept from working.
pub const STARVED_SHARE: f64 = 0.2;

/// What a generator saw of itself in a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    /// One for each thread that drove users.
    pub threads: Vec<ThreadWatch>,
    /// Of the process and its machine.
    pub resources: Resources,
}

/// What a thread that drives users saw of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ThreadWatch {
    /// The wall-clock time that was looked at.
    pub watched: Duration,
    /// CPU time that the thread used, user and system.
    pub cpu: Duration,
    /// How long it was ready to run and had no core; `None` where the kernel does not say.
    pub run_queue: Option<Duration>,
    /// The part of `watched` in which it had no rest, see [`BUSY_SHARE`].
    pub busy: Duration,
    /// The part of `watched` in which it was kept from working, see [`STARVED_SHARE`].
    pub starved: Duration,
    /// How long what was ready to run waited for its turn: a full turn of the loop.
    pub loop_lag: Timing,
    /// How long after it was due a timer was acted upon.
    pub timer_lateness: Timing,
}

impl ThreadWatch {
    /// Adds what the same thread saw of itself in the time that followed.
    pub fn append(&mut self, later: &Self) {
        self.watched += later.watched;
        self.cpu += later.cpu;
        if let Some(waited) = later.run_queue {
            *self.run_queue.get_or_insert_default() += waited;
        }
        self.busy += later.busy;
        self.starved += later.starved;
        self.loop_lag.merge(&later.loop_lag);
        self.timer_lateness.merge(&later.timer_lateness);
    }

    /// Adds a window of time with what the thread used and waited in it. Windows are judged one by one, so that a
    /// second of distress is not lost in a minute's mean.
    pub fn window(&mut self, elapsed: Duration, cpu: Duration, run_queue: Option<Duration>) {
        self.watched += elapsed;
        self.cpu += cpu;
        let waited = run_queue.unwrap_or_default();
        if let Some(waited) = run_queue {
            *self.run_queue.get_or_insert_default() += waited;
        }
        if cpu + waited >= elapsed.mul_f64(BUSY_SHARE) {
            self.busy += elapsed;
        }
        if !waited.is_zero() && waited >= elapsed.mul_f64(STARVED_SHARE) {
            self.starved += elapsed;
        }
    }
}

/// What the process had open, against what it may have. `None` where the system does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    /// The most file descriptors that were seen open at one time.
    pub files_peak: Option<u64>,
    /// How many may be.
    pub files_limit: Option<u64>,
    /// The most TCP sockets of the machine that were seen at one time, those in `TIME_WAIT` among them: no more
    /// local ports than these were taken.
    pub sockets_peak: Option<u64>,
    /// How many local ports the kernel has to give out towards one target.
    pub ports_available: Option<u64>,
}

impl Resources {
    /// Adds what was seen at another moment: peaks are kept, limits are the later ones.
    pub fn see(&mut self, now: Self) {
        self.files_peak = self.files_peak.max(now.files_peak);
        self.sockets_peak = self.sockets_peak.max(now.sockets_peak);
        self.files_limit = now.files_limit.or(self.files_limit);
        self.ports_available = now.ports_available.or(self.ports_available);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn windows_are_judged_one_by_one() {
        let mut watch = ThreadWatch::default();
        for (cpu, run_queue) in [
            // At rest; busy; busy and waiting; waiting; just below both.
            (10, Some(0)),
            (225, Some(0)),
            (150, Some(75)),
            (10, Some(50)),
            (175, Some(49)),
        ] {
            watch.window(ms(250), ms(cpu), run_queue.map(ms));
        }
        assert_eq!((watch.watched, watch.cpu, watch.run_queue), (ms(1250), ms(570), Some(ms(174))));
        assert_eq!((watch.busy, watch.starved), (ms(500), ms(500)));
    }

    #[test]
    fn what_the_kernel_does_not_say_is_not_taken_for_nothing() {
        let mut watch = ThreadWatch::default();
        watch.window(ms(250), ms(10), None);
        assert_eq!((watch.run_queue, watch.busy, watch.starved), (None, ms(0), ms(0)));
        watch.window(ms(250), ms(249), None);
        assert_eq!((watch.run_queue, watch.busy), (None, ms(250)));
        watch.window(ms(0), ms(0), Some(ms(0)));
        assert_eq!((watch.run_queue, watch.starved), (Some(ms(0)), ms(0)));
    }

    #[test]
    fn peaks_stay() {
        let mut seen = Resources::default();
        let at = |files, sockets| Resources {
            files_peak: Some(files),
            files_limit: Some(100),
            sockets_peak: sockets,
            ports_available: None,
        };
        for now in [at(10, None), at(30, Some(7)), at(20, Some(5)), Resources::default()] {
            seen.see(now);
        }
        assert_eq!(seen, at(30, Some(7)));
    }
}
