//! What the generator itself uses, as the system counts it.

use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use super::search;
use crate::engine::Outcome;
use crate::metrics::saturation;
use crate::report::Generator;

/// What the generator used since its CPU time was `before`, and what it saw of itself in a run.
pub(super) fn since(before: Duration, threads: usize, outcome: &Outcome) -> Generator {
    Generator {
        cpu: cpu_time().saturating_sub(before),
        peak_rss_bytes: peak_rss_bytes().unwrap_or(0),
        threads: u32::try_from(threads).unwrap_or(u32::MAX),
        watch: outcome.watch.clone(),
        reasons: outcome
            .found
            .as_ref()
            .map_or_else(|| saturation(&outcome.watch, &outcome.totals.errors), search::reasons),
    }
}

/// What the process has used so far, user and system; zero where the system does not say.
pub(super) fn cpu_time() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return Duration::ZERO };
    let cpu_us = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(u64::try_from(cpu_us).unwrap_or(0))
}

/// Not `getrusage`'s, which begins with what the process that started this one had resident at that time.
fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}
