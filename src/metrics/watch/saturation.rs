//! Whether the generator was the bottleneck: rules on what it saw of itself, each with its limit.
//!
//! The rules stand on the page `docs/measuring.md`; a change here is a change there.

use std::fmt;
use std::time::Duration;

use super::{ThreadWatch, Watch};
use crate::metrics::{ErrorKind, ErrorTable, Timing, format_count, format_duration};

/// A thread is saturated that was busy, or starved, for at least so much of its time ...
pub const SATURATED_SHARE: f64 = 0.05;
/// ... and for at least so long.
pub const SATURATED_TIME_MIN: Duration = Duration::from_secs(1);
/// Where one probe in a hundred is later than this, the times of messages are not to be trusted.
pub const LATE: Duration = Duration::from_millis(10);
/// Fewer probes than this say nothing of one in a hundred.
pub const PROBE_COUNT_MIN: u64 = 50;

/// Why a generator was the bottleneck.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reason {
    /// Threads used all of a core, or would have if they had been given one.
    Cpu(Threads),
    /// Threads were ready and had to wait for a core that others had.
    RunQueue(Threads),
    /// What was ready to run waited for its turn.
    LoopLag(Lateness),
    /// Timers fired late.
    Timers(Lateness),
    /// Connections failed because no more files could be opened.
    Files(Limit),
    /// Connections failed because no local port was left.
    Ports(Limit),
}

/// The threads that a rule holds of, and the worst of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threads {
    /// How many.
    pub count: usize,
    /// Of how many.
    pub of: usize,
    /// How long the worst of them was in that state.
    pub lasted: Duration,
    /// Of how long.
    pub watched: Duration,
}

/// How late the worst thread was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lateness {
    /// What 99 of 100 probes did not exceed.
    pub p99: Duration,
    /// The longest.
    pub max: Duration,
}

/// A limit that was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many connections failed for it.
    pub error_count: u64,
    /// How many there may be.
    pub limit: Option<u64>,
}

/// The unit of an [`Evidence`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A part of the thread's time, 0 to 1.
    Share,
    /// Microseconds.
    Microseconds,
    /// Failed connections.
    Errors,
}

/// The figure that made a rule hold, and the limit that it reached or exceeded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// What was seen.
    pub observed: f64,
    /// What makes it a reason.
    pub limit: f64,
    /// Of both.
    pub unit: Unit,
}

/// Every reason for which a generator that saw this of itself was the bottleneck, the gravest first; none where it was not.
pub fn saturation(watch: &Watch, errors: &ErrorTable) -> Vec<Reason> {
    let failed = |kind| errors.entries().filter(|entry| entry.kind == kind).map(|entry| entry.count).sum();
    let limit = |error_count: u64, limit| (error_count > 0).then_some(Limit { error_count, limit });
    let resources = &watch.resources;
    [
        limit(failed(ErrorKind::OutOfFiles), resources.files_limit).map(Reason::Files),
        limit(failed(ErrorKind::OutOfPorts), resources.ports_available).map(Reason::Ports),
        lasting(watch, |thread| thread.busy).map(Reason::Cpu),
        lasting(watch, |thread| thread.starved).map(Reason::RunQueue),
        late(watch, |thread| &thread.loop_lag).map(Reason::LoopLag),
        late(watch, |thread| &thread.timer_lateness).map(Reason::Timers),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The threads that were in a state for long enough.
fn lasting(watch: &Watch, state: impl Fn(&ThreadWatch) -> Duration) -> Option<Threads> {
    let is_long = |thread: &&ThreadWatch| {
        let lasted = state(thread);
        lasted >= SATURATED_TIME_MIN && lasted >= thread.watched.mul_f64(SATURATED_SHARE)
    };
    let affected: Vec<_> = watch.threads.iter().filter(is_long).collect();
    let worst = affected.iter().max_by_key(|thread| state(thread))?;
    Some(Threads {
        count: affected.len(),
        of: watch.threads.len(),
        lasted: state(worst),
        watched: worst.watched,
    })
}

fn late(watch: &Watch, timing: impl Fn(&ThreadWatch) -> &Timing) -> Option<Lateness> {
    let probed = watch.threads.iter().map(timing).filter(|timing| timing.count() >= PROBE_COUNT_MIN);
    let lateness =
        probed.filter_map(|timing| Some(Lateness { p99: timing.percentile(99.0)?, max: timing.max()? }));
    lateness.filter(|lateness| lateness.p99 > LATE).max_by_key(|lateness| lateness.p99)
}

impl Reason {
    /// The word for it in the report and the summary.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu(_) => "cpu",
            Self::RunQueue(_) => "run_queue",
            Self::LoopLag(_) => "loop_lag",
            Self::Timers(_) => "timers",
            Self::Files(_) => "files",
            Self::Ports(_) => "ports",
        }
    }

    /// The figure behind it.
    pub fn evidence(self) -> Evidence {
        match self {
            Self::Cpu(threads) | Self::RunQueue(threads) => Evidence {
                observed: threads.lasted.as_secs_f64() / threads.watched.as_secs_f64(),
                limit: SATURATED_SHARE,
                unit: Unit::Share,
            },
            Self::LoopLag(lateness) | Self::Timers(lateness) => Evidence {
                observed: lateness.p99.as_micros() as f64,
                limit: LATE.as_micros() as f64,
                unit: Unit::Microseconds,
            },
            Self::Files(limit) | Self::Ports(limit) => {
                Evidence { observed: limit.error_count as f64, limit: 0.0, unit: Unit::Errors }
            }
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu(threads) => write!(f, "no rest for {threads}"),
            Self::RunQueue(threads) => write!(f, "in want of a core for {threads}"),
            Self::LoopLag(lateness) => write!(f, "users that were ready waited {lateness}"),
            Self::Timers(lateness) => write!(f, "fired late by {lateness}"),
            Self::Files(limit) => write!(f, "{} for want of a file descriptor{}", limit.failed(), limit.of()),
            Self::Ports(limit) => write!(f, "{} for want of a local port{}", limit.failed(), limit.of()),
        }
    }
}

impl fmt::Display for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lasted, watched) = (format_duration(self.lasted), format_duration(self.watched));
        let threads = if self.of == 1 { "thread" } else { "threads" };
        write!(f, "{lasted} of {watched}, {} of {} {threads}", self.count, self.of)
    }
}

impl fmt::Display for Lateness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at p99, {} at most", format_duration(self.p99), format_duration(self.max))
    }
}

impl Limit {
    fn failed(self) -> String {
        let connections = if self.error_count == 1 { "connection" } else { "connections" };
        format!("{} {connections} failed", format_count(self.error_count))
    }

    fn of(self) -> String {
        self.limit.map_or_else(String::new, |limit| format!(", there are {}", format_count(limit)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn timing(quick: u64, slow: u64, slow_time: Duration) -> Timing {
        let mut timing = Timing::new();
        (0..quick).for_each(|_| timing.record(ms(1)));
        (0..slow).for_each(|_| timing.record(slow_time));
        timing
    }

    /// A thread with a minute of good health.
    fn healthy() -> ThreadWatch {
        ThreadWatch {
            watched: s(60),
            cpu: s(20),
            run_queue: Some(s(1)),
            busy: Duration::ZERO,
            starved: Duration::ZERO,
            loop_lag: timing(3000, 0, s(0)),
            timer_lateness: timing(3000, 0, s(0)),
        }
    }

    fn said(threads: Vec<ThreadWatch>) -> Vec<String> {
        let watch = Watch { threads, resources: Resources::default() };
        let reasons = saturation(&watch, &ErrorTable::default());
        reasons.into_iter().map(|reason| format!("{} {reason}", reason.name())).collect()
    }

    use crate::metrics::watch::Resources;

    /// What was seen of one thread beside a healthy one, and what is said of both.
    type Case = (&'static str, fn(&mut ThreadWatch), &'static [&'static str]);

    const CASES: &[Case] = &[
        ("good health", |_| {}, &[]),
        ("the very end of what is bearable", |t| t.busy = ms(2_999), &[]),
        ("a twentieth of the time", |t| t.busy = s(3), &["cpu no rest for 3.00s of 1m00s, 1 of 2 threads"]),
        ("all the time", |t| t.busy = s(60), &["cpu no rest for 1m00s of 1m00s, 1 of 2 threads"]),
        ("a short run, all the time", |t| (t.watched, t.busy) = (ms(999), ms(999)), &[]),
        (
            "a second, all of it",
            |t| (t.watched, t.busy) = (s(1), s(1)),
            &["cpu no rest for 1.00s of 1.00s, 1 of 2 threads"],
        ),
        ("a second of a long run", |t| (t.watched, t.busy) = (s(3600), s(179)), &[]),
        ("nearly starved", |t| t.starved = ms(2_999), &[]),
        (
            "starved",
            |t| t.starved = ms(4_500),
            &["run_queue in want of a core for 4.50s of 1m00s, 1 of 2 threads"],
        ),
        ("one probe in a hundred is late, and no more", |t| t.loop_lag = timing(2970, 30, s(1)), &[]),
        (
            "more than one in a hundred",
            |t| t.loop_lag = timing(2969, 31, ms(40)),
            &["loop_lag users that were ready waited 40.0ms at p99, 40.0ms at most"],
        ),
        ("ten milliseconds are borne", |t| t.loop_lag = timing(0, 3000, ms(10)), &[]),
        (
            "eleven are not",
            |t| t.timer_lateness = timing(0, 3000, ms(11)),
            &["timers fired late by 11.0ms at p99, 11.0ms at most"],
        ),
        ("too few probes to say", |t| t.timer_lateness = timing(0, 49, s(1)), &[]),
        (
            "just enough",
            |t| t.timer_lateness = timing(0, 50, s(1)),
            &["timers fired late by 1.00s at p99, 1.00s at most"],
        ),
        (
            "everything at once",
            |t| {
                (t.busy, t.starved) = (s(30), s(20));
                (t.loop_lag, t.timer_lateness) = (timing(0, 100, s(1)), timing(0, 100, s(2)));
            },
            &[
                "cpu no rest for 30.0s of 1m00s, 1 of 2 threads",
                "run_queue in want of a core for 20.0s of 1m00s, 1 of 2 threads",
                "loop_lag users that were ready waited 1.00s at p99, 1.00s at most",
                "timers fired late by 2.00s at p99, 2.00s at most",
            ],
        ),
        ("nothing was watched", |t| *t = ThreadWatch::default(), &[]),
    ];

    #[test]
    fn the_rules() {
        for (what, change, expected) in CASES {
            let mut thread = healthy();
            change(&mut thread);
            assert_eq!(said(vec![thread.clone(), healthy()]), *expected, "{what}");
            assert_eq!(said(vec![healthy(), thread]), *expected, "{what}, in another place");
        }
        assert_eq!(said(Vec::new()), [""; 0], "no thread, no reason");
    }

    #[test]
    fn the_worst_thread_speaks_for_all() {
        let mut threads = vec![healthy(), healthy(), healthy()];
        (threads[0].busy, threads[2].busy) = (s(10), s(50));
        threads[1].loop_lag = timing(0, 100, ms(20));
        threads[2].loop_lag = timing(0, 100, ms(30));
        assert_eq!(
            said(threads),
            [
                "cpu no rest for 50.0s of 1m00s, 2 of 3 threads",
                "loop_lag users that were ready waited 30.0ms at p99, 30.0ms at most",
            ]
        );
        let mut alone = healthy();
        alone.busy = s(6);
        assert_eq!(said(vec![alone]), ["cpu no rest for 6.00s of 1m00s, 1 of 1 thread"]);
    }

    #[test]
    fn limits_that_connections_failed_for() {
        let mut errors = ErrorTable::default();
        for (kind, place) in [
            (ErrorKind::OutOfFiles, Some(1)),
            (ErrorKind::OutOfFiles, Some(2)),
            (ErrorKind::OutOfPorts, None),
            (ErrorKind::Timeout, Some(1)),
        ] {
            errors.count(kind, place, String::new);
        }
        let resources = Resources { files_limit: Some(1024), ..Resources::default() };
        let reasons = saturation(&Watch { threads: vec![healthy()], resources }, &errors);
        let said: Vec<_> = reasons.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "2 connections failed for want of a file descriptor, there are 1,024",
                "1 connection failed for want of a local port"
            ]
        );
        assert_eq!(reasons[0].evidence(), Evidence { observed: 2.0, limit: 0.0, unit: Unit::Errors });
    }

    #[test]
    fn the_evidence_is_beyond_the_limit() {
        let mut thread = healthy();
        (thread.busy, thread.loop_lag) = (s(15), timing(0, 100, ms(25)));
        let watch = Watch { threads: vec![thread], resources: Resources::default() };
        let evidence: Vec<_> =
            saturation(&watch, &ErrorTable::default()).into_iter().map(Reason::evidence).collect();
        assert_eq!(
            evidence,
            [
                Evidence { observed: 0.25, limit: 0.05, unit: Unit::Share },
                Evidence { observed: 25_000.0, limit: 10_000.0, unit: Unit::Microseconds },
            ]
        );
    }
}
