//! What a summary says of the generator itself.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Metric, seconds};
use crate::metrics::watch::{Resources, ThreadWatch, Unit};
use crate::metrics::{self};

/// What the generator used, and whether it was the bottleneck.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Generator {
    /// Seconds of CPU of the whole process, user and system.
    pub cpu_s: f64,
    /// The most memory that was resident at one time.
    pub peak_rss_bytes: u64,
    /// Threads that drove users.
    pub threads: u32,
    /// Whether the generator was the bottleneck: whether there are reasons.
    pub saturated: bool,
    /// Why, the gravest first.
    pub reasons: Vec<Reason>,
    /// What each thread that drove users saw of itself. A thread that panicked is left out.
    pub per_thread: Vec<Thread>,
    /// File descriptors of the process.
    pub files: Files,
    /// Local ports of the machine.
    pub ports: Ports,
}

/// Why the generator was the bottleneck.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Reason {
    /// Which rule held: `cpu`, `run_queue`, `loop_lag`, `timers`, `files` or `ports`.
    pub kind: String,
    /// The figure that was looked at.
    pub observed: f64,
    /// What it reached or exceeded.
    pub limit: f64,
    /// The unit of both.
    pub unit: EvidenceUnit,
    /// The same for people.
    pub message: String,
}

/// The unit of a reason's figures.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub enum EvidenceUnit {
    /// A part of a thread's time, 0 to 1.
    #[serde(rename = "share")]
    Share,
    /// Microseconds.
    #[serde(rename = "us")]
    Microseconds,
    /// Failed connections.
    #[serde(rename = "errors")]
    Errors,
}

/// What a thread saw of itself.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Thread {
    /// Seconds that it was watched.
    pub watched_s: f64,
    /// Seconds of CPU that it used, user and system.
    pub cpu_s: f64,
    /// Seconds that it was ready to run and had no core; null where the kernel does not say.
    pub run_queue_s: Option<f64>,
    /// Seconds in which it had no rest: CPU and waiting for a core made up 90 % or more of the time.
    pub busy_s: f64,
    /// Seconds in which it was kept from working: waiting for a core made up 20 % or more of the time.
    pub starved_s: f64,
    /// How long what was ready to run waited for its turn.
    pub loop_lag: Metric,
    /// How long after it was due a timer was acted upon.
    pub timer_lateness: Metric,
}

/// File descriptors of the process.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Files {
    /// The most that were seen open at one time; null where the system does not say.
    pub open_peak: Option<u64>,
    /// How many may be open.
    pub limit: Option<u64>,
}

/// Local ports of the machine.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Ports {
    /// The most TCP sockets that were seen on the machine at one time, also other programs' and those in `TIME_WAIT`: no more
    /// ports were taken; null where the system does not say.
    pub sockets_peak: Option<u64>,
    /// How many local ports there are towards one target.
    pub available: Option<u64>,
}

impl Generator {
    pub(super) fn of(generator: &crate::report::Generator) -> Self {
        let Resources { files_peak, files_limit, sockets_peak, ports_available } = generator.watch.resources;
        Self {
            cpu_s: seconds(generator.cpu),
            peak_rss_bytes: generator.peak_rss_bytes,
            threads: generator.threads,
            saturated: !generator.reasons.is_empty(),
            reasons: generator.reasons.iter().map(Reason::of).collect(),
            per_thread: generator.watch.threads.iter().map(Thread::of).collect(),
            files: Files { open_peak: files_peak, limit: files_limit },
            ports: Ports { sockets_peak, available: ports_available },
        }
    }
}

impl Reason {
    fn of(reason: &metrics::Reason) -> Self {
        let evidence = reason.evidence();
        let unit = match evidence.unit {
            Unit::Share => EvidenceUnit::Share,
            Unit::Microseconds => EvidenceUnit::Microseconds,
            Unit::Errors => EvidenceUnit::Errors,
        };
        Self {
            kind: reason.name().to_owned(),
            observed: evidence.observed,
            limit: evidence.limit,
            unit,
            message: reason.to_string(),
        }
    }
}

impl Thread {
    fn of(thread: &ThreadWatch) -> Self {
        Self {
            watched_s: seconds(thread.watched),
            cpu_s: seconds(thread.cpu),
            run_queue_s: thread.run_queue.map(seconds),
            busy_s: seconds(thread.busy),
            starved_s: seconds(thread.starved),
            loop_lag: Metric::of(Some(&thread.loop_lag), &[]),
            timer_lateness: Metric::of(Some(&thread.timer_lateness), &[]),
        }
    }
}
