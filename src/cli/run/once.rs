//! The whole of a run: what is done once before the users, the users, and what is done once behind them.

use std::sync::Arc;

use crate::cli::terminal::{complain, say};
use crate::engine::{self, Control, Done, Job, Outcome, Tick};
use crate::report::escape_for_terminal;

/// Carries out all of it. Whether the users had their turn: not where the setup failed, whose errors are then those of the
/// run.
pub(super) fn run(
    job: &mut Job,
    control: &Control,
    is_quiet: bool,
    observe: impl FnMut(&Tick),
) -> std::io::Result<(Outcome, bool)> {
    let setup = engine::setup(job, control)?;
    let mut is_set_up = true;
    if let Some(done) = &setup {
        told(done, is_quiet);
        is_set_up = done.has_succeeded;
        Arc::make_mut(&mut job.program).share(&done.kept);
    }
    let mut outcome = if is_set_up { engine::run(job, control, observe)? } else { Outcome::nothing(job) };
    let teardown = engine::teardown(job, control)?;
    if let Some(done) = &teardown {
        told(done, is_quiet);
    }
    match &teardown {
        None if job.program.teardown.is_some() => {
            complain("interrupted twice: the teardown is not done", None);
        }
        Some(done) if control.is_aborted() && !done.has_succeeded => {
            complain("interrupted twice: the teardown has not come to its end", None);
        }
        _ => {}
    }
    for done in setup.iter().chain(&teardown) {
        outcome.totals.merge(&done.totals);
    }
    if !is_set_up && !control.is_ended() {
        complain("the setup failed, so no user was started", None);
    }
    Ok((outcome, is_set_up))
}

fn told(done: &Done, is_quiet: bool) {
    if !is_quiet {
        done.logs.iter().for_each(|line| say(&format!("log: {}\n", escape_for_terminal(line))));
    }
}
