//! What a search means for the verdict: it is of the highest level that held. That levels above it broke is what a search
//! is for.

use crate::engine::Outcome;
use crate::metrics::search::Found;
use crate::metrics::{Judgement, Reason, Snapshot, Threshold, judge};

/// The figures that thresholds are of, and what they come to. Errors that a criterion speaks of were too few to break the
/// level.
pub(super) fn judged<'o>(
    outcome: &'o Outcome,
    thresholds: &[Threshold],
    criteria: &[Threshold],
) -> (&'o Snapshot, Judgement) {
    let level = outcome.found.as_ref().and_then(|found| found.figures.as_ref());
    let Some(level) = level else {
        return (&outcome.totals, judge(thresholds, &outcome.totals, outcome.elapsed));
    };
    let judgement = judge(thresholds, &level.figures, level.lasted);
    let spoken = judge(&[thresholds, criteria].concat(), &level.figures, level.lasted);
    (&level.figures, Judgement { unspoken_error_count: spoken.unspoken_error_count, ..judgement })
}

/// Whether some level held, where levels were tried.
pub(super) fn has_held(outcome: &Outcome) -> bool {
    outcome.found.as_ref().is_none_or(|found| found.held.is_some())
}

/// Why the generator was the bottleneck where that matters: at the level that broke, or at the one that held.
pub(super) fn reasons(found: &Found) -> Vec<Reason> {
    let of = |trial: Option<&crate::metrics::search::Trial>| trial.map(|trial| trial.saturation.clone());
    let all = [of(found.broke()), of(found.held())].into_iter().flatten();
    all.into_iter().find(|reasons| !reasons.is_empty()).unwrap_or_default()
}
