//! Drives machines over the network: threads, timers, start and drain, events to metrics.
//!
//! Each thread is a current-thread runtime with its share of the users, its own recorder and its own resolver:
//! nothing is shared on the message path, there is no lock and no channel hop. Once a tick each thread hands its
//! interval's snapshot to the thread that called [`run`], which merges them and shows them to an observer. Who reads
//! the figures, and how, the engine does not know.

mod abreast;
mod barrier;
mod census;
mod collect;
mod control;
mod crowd;
mod delivery;
mod driver;
mod failure;
mod frames;
mod half;
mod once;
mod opening;
mod pool;
mod preflight;
mod recent;
mod relay;
mod resources;
mod schedule;
mod search;
mod session;
mod shard;
mod shown;
#[cfg(target_os = "linux")]
mod ticker;
mod trace;
mod watch;
mod web;
mod wire;

use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::load::{Lane, Load, Segment, Shape};
use crate::metrics::{Layout, Snapshot, Threshold, TimerId, Watch};
use crate::net::SourceAddresses;
use crate::program::{Program, State, Url};

pub use crate::drive::place_index;
pub use collect::{Outcome, Tick};
pub use control::Control;
pub use once::{Done, setup, teardown};
pub use preflight::{Limits, PreflightError, files_needed, limits, preflight};
pub use trace::{Subject, Trace, TraceLine, TraceReader, Watched};

/// How often the observer is called.
pub const TICK: Duration = Duration::from_secs(1);

/// A run to be carried out.
#[derive(Debug, Clone)]
pub struct Job {
    /// What users do.
    pub program: Arc<Program>,
    /// The names of the program's timers.
    pub layout: Arc<Layout>,
    /// How many users, and when.
    pub load: Load,
    /// What breaks a level, where the load is a search.
    pub criteria: Vec<Threshold>,
    /// Which errors are none to a search, by what they say of errors.
    pub thresholds: Vec<Threshold>,
    /// Which of the users are this process's.
    pub segment: Segment,
    /// Where to connect: as many as the program's target has.
    pub targets: Vec<Url>,
    /// The addresses of this machine that users come from, in turns.
    pub sources: SourceAddresses,
    /// How many threads drive users.
    pub threads: usize,
    /// Fixes every draw of every user.
    pub seed: u64,
    /// Which users are watched, where any are.
    pub trace: Option<Trace>,
}

impl Job {
    /// The whole load on one thread, with seed 0.
    pub fn new(program: Program, load: Load, targets: impl Into<Vec<Url>>) -> Self {
        let layout = Layout::new(program.timers.iter().map(String::as_str));
        let timer = |state: &State| state.op.timer().map(|timer| TimerId(timer.number()));
        let layout = Arc::new(layout.with_steps(program.states.iter().map(timer)));
        let program = Arc::new(program);
        let targets = targets.into();
        let sources = SourceAddresses::default();
        Self {
            program,
            layout,
            load,
            criteria: Vec::new(),
            thresholds: Vec::new(),
            segment: Segment::WHOLE,
            targets,
            sources,
            threads: 1,
            seed: 0,
            trace: None,
        }
    }

    /// How many threads there will be: no more than the smallest pool has connections, because each thread has its share
    /// of them.
    pub fn thread_count(&self) -> usize {
        let smallest = self.program.pools.iter().map(|pool| pool.size).min();
        smallest.map_or(self.threads, |size| self.threads.min(size)).max(1)
    }
}

/// Carries a run out and returns when every user has left. `observe` is called once a [`TICK`], and not after the end.
///
/// # Errors
/// When a thread or its runtime cannot be made.
pub fn run(job: &Job, control: &Control, observe: impl FnMut(&Tick)) -> std::io::Result<Outcome> {
    // All of them first: a thread that cannot be given one must not leave others running behind it.
    let build = |_| tokio::runtime::Builder::new_current_thread().enable_all().build();
    let thread_count = job.thread_count();
    let runtimes: Vec<_> = (0..thread_count).map(build).collect::<Result<_, _>>()?;
    let (reports, inbox) = mpsc::channel();
    let backlog = Arc::default();
    let (ledger, batches) = mpsc::channel();
    let start = Instant::now();
    let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut threads = Vec::with_capacity(thread_count);
    let barriers = barrier::Barriers::new(&job.program);
    let helm = job.load.search().map(|_| search::Helm::new());
    let track = |lane: &Lane| {
        let helm = helm.as_ref().filter(|_| matches!(lane.shape, Shape::Search(_)));
        schedule::Track::new(thread_count, helm)
    };
    let tracks: Arc<[_]> = job.load.lanes().iter().map(track).collect();
    let crowd = crowd::Crowd::default();
    let has_streams = !job.program.streams.is_empty();
    for (number, runtime) in runtimes.into_iter().enumerate() {
        let plan = shard::Plan {
            job: job.clone(),
            segment: share(job.segment, number, thread_count),
            number,
            thread_count,
            start,
            epoch,
            control: control.clone(),
            barriers: barriers.clone(),
            tracks: Arc::clone(&tracks),
            helm: helm.clone(),
            crowd: crowd.clone(),
            reports: reports.clone(),
            outlet: has_streams.then(|| delivery::Outlet::new(number, ledger.clone(), Arc::clone(&backlog))),
        };
        let builder = std::thread::Builder::new().name(format!("users-{number}"));
        match builder.spawn(move || shard::run(plan, runtime)) {
            Ok(thread) => threads.push(thread),
            Err(error) => {
                control.abort();
                return Err(error);
            }
        }
    }
    drop(ledger);
    let office = has_streams.then(|| delivery::Office::new(job, batches, backlog, reports));
    let keeper = office.map(delivery::Office::open).transpose().inspect_err(|_| control.abort())?;
    let searcher = search::Searcher::of(job, control, helm.as_ref(), &tracks);
    let (totals, resources, found) =
        collect::collect(&inbox, job, (start, &tracks, &crowd), searcher, observe);
    let mut is_whole = true;
    let mut watch = Watch { threads: Vec::with_capacity(thread_count), resources };
    for thread in threads {
        match thread.join() {
            Ok(seen) => watch.threads.push(seen),
            Err(_) => is_whole = false,
        }
    }
    is_whole &= keeper.is_none_or(|keeper| keeper.join().is_ok());
    Ok(Outcome { totals, watch, elapsed: start.elapsed(), is_whole, found })
}

/// The users of one thread: a segment of the process's own segment.
fn share(segment: Segment, number: usize, threads: usize) -> Segment {
    let (number, threads) = (u32::try_from(number).unwrap_or(0), u32::try_from(threads).unwrap_or(1));
    let index = segment.index() + segment.count() * number;
    Segment::new(index, segment.count() * threads).unwrap_or(segment)
}

/// What a thread tells the collector.
struct Report {
    thread: usize,
    interval: Snapshot,
    logs: Vec<String>,
    /// Where the run is a search.
    told: Option<census::Told>,
}
