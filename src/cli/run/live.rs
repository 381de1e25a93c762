//! Progress while a run goes on: the live line, and the lines that users log.

use std::io::{IsTerminal, Stderr, Write, stderr};
use std::time::Duration;

use crate::cli::terminal::{is_colored, width};
use crate::engine::{Job, TICK, Tick};
use crate::report::escape_for_terminal;
use crate::report::live::{Display, Live, Moment};

/// How often a line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Shows what goes on, or nothing where that was asked for.
pub(super) struct Progress {
    live: Option<Live<Stderr>>,
    total: Option<Duration>,
    iterations: Option<u64>,
}

impl Progress {
    pub(super) fn new(is_quiet: bool, job: &Job) -> Self {
        // A line that is drawn over and over would be drawn into what is told of users.
        let display = if stderr().is_terminal() && job.trace.is_none() {
            Display::Terminal { width: width(), colour: is_colored(&stderr()) }
        } else {
            Display::Lines { every: LINE_EVERY }
        };
        let live = (!is_quiet).then(|| Live::new(stderr(), display));
        Self { live, total: job.load.total_duration(), iterations: job.load.iteration_count() }
    }

    /// A terminal that went away is no reason to end the run.
    pub(super) fn show(&mut self, tick: &Tick) {
        let Some(live) = &mut self.live else { return };
        if !tick.logs.is_empty() {
            let _ = live.clear();
            let mut stream = stderr().lock();
            for line in &tick.logs {
                let _ = writeln!(stream, "log: {}", escape_for_terminal(line));
            }
        }
        live.resize(width());
        let moment = Moment {
            elapsed: tick.elapsed,
            interval: TICK,
            total: self.total,
            iterations: self.iterations,
            target_users: tick.users_wanted,
            search: tick.search,
        };
        let _ = live.tick(tick.interval.clone(), moment);
    }

    pub(super) fn finish(&mut self) {
        if let Some(live) = &mut self.live {
            let _ = live.clear();
        }
    }
}
