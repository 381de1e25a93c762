//! Dry runs: their figures are those of a real run, what is made up satisfies the plan that asks for it, and none of
//! them goes on without end.

mod loads;
mod made;
mod true_figures;

use std::time::Duration;

use wsplan::compile::Compiled;
use wsplan::dry::{self, Job, Outcome};
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

fn run(job: &Job) -> Outcome {
    dry::run(job, || false)
}

/// The line of a place, counted from 1 at the plan's first.
fn line_of(program: &Program, plan: &str, place: u32) -> usize {
    let span = program.states[usize::try_from(place).unwrap()].span;
    plan[..usize::try_from(span.start).unwrap()].lines().count().max(1)
}
