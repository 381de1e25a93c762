//! Dry runs: their figures are those of a real run, what is made up satisfies the plan that asks for it, and none of
//! them goes on without end.

mod loads;
mod made;
mod true_figures;

use std::time::Duration;

use wsplan::compile::Compiled;
use wsplan::dry::{self, Ending, Job, Outcome};
use wsplan::program::Program;

use crate::support::compiling::compile_text;

fn job(plan: &str) -> Job {
    let outcome = compile_text(plan);
    let errors: Vec<_> = outcome.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).collect();
    let Some(Compiled { program, load, .. }) = outcome.compiled else {
        panic!(
            "{errors:?}
{plan}"
        )
    };
    Job { latency: Duration::from_micros(1), ..Job::new(program, load) }
}

/// What came of it, of which holds what always does.
fn run(job: &Job) -> Outcome {
    let outcome = dry::run(job, || false);
    assert_adds_up(&outcome);
    outcome
}

/// The same figures in different places are the same.
pub(crate) fn assert_adds_up(outcome: &Outcome) {
    let counts = &outcome.counts;
    assert_eq!(outcome.sent.iter().map(|sent| sent.message_count).sum::<u64>(), counts.messages_sent);
    assert_eq!(outcome.sent.iter().map(|sent| sent.payload_bytes).sum::<u64>(), counts.bytes_sent);
    assert!(
        outcome.wire_bytes_sent >= counts.bytes_sent && outcome.wire_bytes_received >= counts.bytes_received
    );
    assert!(outcome.busiest.messages_sent <= counts.messages_sent);
    let most = outcome.intervals.iter().map(|interval| interval.users).max().unwrap_or(0);
    assert_eq!(most, outcome.users_peak);
    let left = counts.users_finished + counts.users_failed;
    let has_left = if outcome.ending == Ending::Ended {
        left == counts.users_started
    } else {
        left <= counts.users_started
    };
    assert!(has_left, "{outcome:?}");
}

/// The line of a place, counted from 1 at the plan's first.
fn line_of(program: &Program, plan: &str, place: u32) -> usize {
    let span = program.states[usize::try_from(place).unwrap()].span;
    plan[..usize::try_from(span.start).unwrap()].lines().count().max(1)
}
