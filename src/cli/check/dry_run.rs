//! `wsplan check --dry-run`: what a plan would do, told before a socket opens.

use std::num::NonZero;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::{Args, ValueEnum};

use crate::cli::arguments::duration;
use crate::cli::place;
use crate::compile::Compiled;
use crate::diagnostic::Sources;
use crate::dry::{self, Ending, Job, Outcome, Peer, memory};
use crate::engine::{files_needed, limits};
use crate::program::{Op, Program};
use crate::report::dry::{DryRun, Needs, Step};
use crate::report::{Place, error_rows};

/// What a dry run takes at most; what was gone through until then is told.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a dry run is to be done.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct DryRunArgs {
    /// Go through the run on virtual time, without a socket, and tell what it would do and need
    #[arg(long)]
    pub(super) dry_run: bool,
    /// The server of a dry run: answers whatever the plan waits for, or takes connections and says nothing
    #[arg(long, value_enum, default_value_t = PeerWord::Obliging, requires = "dry_run")]
    peer: PeerWord,
    /// How long everything takes in a dry run that goes to the server and back
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1ms", requires = "dry_run")]
    latency: Duration,
    /// Fixes data, think times, choices and ids of every user of a dry run, as it does of a run
    #[arg(long, value_name = "N", default_value_t = 0, requires = "dry_run")]
    seed: u64,
}

/// The server of a dry run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PeerWord {
    /// Answers everything that the plan waits for with what it asks for
    Obliging,
    /// Takes every connection, and says nothing from then on
    Silent,
}

impl DryRunArgs {
    /// Goes through the run of a plan.
    pub(super) fn carry_out(&self, compiled: Compiled, path: &Path, sources: &Sources) -> DryRun {
        let Compiled { program, load, .. } = compiled;
        let (peer, word) = match self.peer {
            PeerWord::Obliging => (Peer::Obliging, "obliging"),
            PeerWord::Silent => (Peer::Silent, "silent"),
        };
        let is_search = load.search().is_some();
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let job = Job { peer, latency: self.latency, seed: self.seed, epoch, ..Job::new(program, load) };
        let begun = Instant::now();
        let outcome = dry::run(&job, || begun.elapsed() > PATIENCE);
        let program = &job.program;
        let at = |place| place::resolve(program, sources, place);
        DryRun {
            plan: program.name.clone(),
            path: path.display().to_string(),
            peer: word,
            latency: self.latency,
            is_search,
            seed: self.seed,
            patience: PATIENCE,
            errors: error_rows(&outcome.errors, at),
            steps: steps(program, &outcome, at),
            unanswered: outcome
                .unanswered
                .iter()
                .filter_map(|unanswered| {
                    Some((at(unanswered.place)?, unanswered.count, unanswered.reason.clone()))
                })
                .collect(),
            timeless: match outcome.ending {
                Ending::Timeless(place) => at(place),
                _ => None,
            },
            needs: needs(program, &outcome),
            outcome,
        }
    }
}

/// The messages by what sends them; steps of the same name and line, as those of a fragment, together.
fn steps(program: &Program, outcome: &Outcome, at: impl Fn(u32) -> Option<Place>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for sent in &outcome.sent {
        let Some(place) = at(sent.place) else { continue };
        let name = name(program, sent.place, &place);
        let same = |step: &&mut Step| {
            step.name == name && (&step.place.file, step.place.line) == (&place.file, place.line)
        };
        if let Some(step) = steps.iter_mut().find(same) {
            step.message_count += sent.message_count;
            step.payload_bytes += sent.payload_bytes;
        } else {
            let (message_count, payload_bytes) = (sent.message_count, sent.payload_bytes);
            steps.push(Step { name, place, message_count, payload_bytes });
        }
    }
    steps.sort_by_key(|step| std::cmp::Reverse(step.message_count));
    steps
}

/// What the figures call a step that is timed; of others what they are.
fn name(program: &Program, place: u32, at: &Place) -> String {
    let timed =
        at.timer.as_ref().map(|timer| timer.rsplit_once('.').map_or(timer.as_str(), |(name, _)| name));
    let state = usize::try_from(place).ok().and_then(|at| program.states.get(at));
    match (timed, state.map(|state| &state.op)) {
        (Some(name), _) => name.to_owned(),
        (None, Some(Op::Send { .. })) => "send".to_owned(),
        (None, Some(_)) => "step".to_owned(),
        (None, None) => "always".to_owned(),
    }
}

fn needs(program: &Program, outcome: &Outcome) -> Needs {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let limits = limits();
    Needs {
        memory: memory(program, outcome),
        files: files_needed(outcome.connections_peak, threads),
        files_limit: limits.files,
        ports: outcome.connections_peak,
        ports_available: limits.ports.map(|(first, last)| u64::from(last.saturating_sub(first)) + 1),
    }
}
