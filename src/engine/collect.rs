//! Merging what the threads report, and showing it once a tick.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::crowd::Crowd;
use super::resources::Lookout;
use super::schedule::Track;
use super::search::Searcher;
use super::{Job, Report, TICK};
use crate::metrics::search::{Found, Progress};
use crate::metrics::{Gauge, Layout, Resources, Snapshot, Watch};

/// What the observer sees.
#[derive(Debug)]
pub struct Tick {
    /// Since the run's start.
    pub elapsed: Duration,
    /// How many users the load wants now.
    pub users_wanted: u64,
    /// What happened since the last tick.
    pub interval: Snapshot,
    /// What has happened since the start.
    pub totals: Snapshot,
    /// The lines that users logged since the last tick.
    pub logs: Vec<String>,
    /// How far a search is, where the run is one.
    pub search: Option<Progress>,
}

/// How a run went.
#[derive(Debug)]
pub struct Outcome {
    /// Everything that was counted.
    pub totals: Snapshot,
    /// What the generator saw of itself. A thread that panicked is not in it.
    pub watch: Watch,
    /// From the start until the last user had left.
    pub elapsed: Duration,
    /// Whether every thread came to its end; a thread that panicked took its last interval with it.
    pub is_whole: bool,
    /// What a search has come to, where the run was one.
    pub found: Option<Found>,
}

impl Outcome {
    /// That of a run whose users never began.
    pub fn nothing(job: &Job) -> Self {
        Self {
            totals: Snapshot::new(Arc::clone(&job.layout)),
            watch: Watch::default(),
            elapsed: Duration::ZERO,
            is_whole: true,
            found: None,
        }
    }
}

/// Merges reports until all threads have ended, and looks at what is open meanwhile.
pub(super) fn collect(
    reports: &Receiver<Report>,
    job: &Job,
    (start, tracks, crowd): (Instant, &[Track], &Crowd),
    mut searcher: Option<Searcher<'_>>,
    mut observe: impl FnMut(&Tick),
) -> (Snapshot, Resources, Option<Found>) {
    let mut lookout = Lookout::new(job.sources.count());
    // The last is the ledger of streams.
    let mut threads = vec![Snapshot::new(Arc::clone(&job.layout)); job.threads + 1];
    let mut totals = Snapshot::new(Arc::clone(&job.layout));
    let mut logs = Vec::new();
    let mut next_tick = start + TICK;
    loop {
        let due = searcher.as_ref().and_then(Searcher::due).map(|due| start + due);
        let wake = due.map_or(next_tick, |due| due.min(next_tick));
        let is_over = match reports.recv_timeout(wake.saturating_duration_since(Instant::now())) {
            Ok(report) => {
                if let Some(searcher) = &mut searcher {
                    searcher.hear(&report);
                    searcher.advance(start.elapsed());
                }
                threads[report.thread].append(&report.interval);
                logs.extend(report.logs);
                lookout.glance();
                continue;
            }
            Err(RecvTimeoutError::Timeout) => {
                if let Some(searcher) = &mut searcher {
                    searcher.advance(start.elapsed());
                }
                if Instant::now() < next_tick {
                    continue;
                }
                false
            }
            Err(RecvTimeoutError::Disconnected) => true,
        };
        next_tick += TICK;
        let interval = merge(&mut threads, &job.layout);
        totals.append(&interval);
        totals.users.peak = crowd.peak();
        if is_over && logs.is_empty() {
            return (totals, lookout.seen(), searcher.map(Searcher::found));
        }
        let elapsed = start.elapsed();
        let wanted =
            tracks.iter().zip(job.load.lanes()).map(|(track, lane)| track.users_wanted(lane, elapsed));
        let users_wanted = wanted.fold(0, u64::saturating_add);
        observe(&Tick {
            elapsed,
            users_wanted,
            interval,
            totals: totals.clone(),
            logs: std::mem::take(&mut logs),
            search: searcher.as_ref().map(Searcher::progress),
        });
        if is_over {
            return (totals, lookout.seen(), searcher.map(Searcher::found));
        }
    }
}

/// All threads' figures of the interval; the threads begin the next one with the users they have.
fn merge(threads: &mut [Snapshot], layout: &Arc<Layout>) -> Snapshot {
    let mut whole = Snapshot::new(Arc::clone(layout));
    for thread in threads {
        whole.merge(thread);
        let users = Gauge { now: thread.users.now, peak: thread.users.now };
        *thread = Snapshot::new(Arc::clone(layout));
        thread.users = users;
    }
    whole
}
