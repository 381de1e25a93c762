//! What became of each step, by its name: how often it succeeded, how often it failed, and of what.
//!
//! Nothing is counted for it while a run goes on. What succeeded is timed, and what failed is an error at the step's place:
//! both are there, and are only put together.

use super::{ErrorKind, Layout, Snapshot, TimerId, Timing};

/// A step that can succeed and fail. Steps of the same name are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    name: String,
    /// Those in which a success is recorded.
    timers: Vec<TimerId>,
}

/// The steps of a program, and which of its places belong to them.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps {
    steps: Vec<Step>,
    of_place: Vec<Option<usize>>,
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepFigures<'s> {
    /// Its name.
    pub name: &'s str,
    /// How often it did what it was to do.
    pub succeeded: u64,
    /// How often it did not.
    pub failed: u64,
    /// The kinds of the failures, most frequent first.
    pub errors: Vec<(ErrorKind, u64)>,
}

impl StepFigures<'_> {
    /// How often it was tried, as far as it is known how it ended.
    pub fn total(&self) -> u64 {
        self.succeeded.saturating_add(self.failed)
    }
}

/// Whether an error at the place of a step is the step's failure. The others happen while it goes on, or when it is over.
fn is_failure(kind: ErrorKind) -> bool {
    !matches!(kind, ErrorKind::Leak | ErrorKind::DuplicateReply)
}

impl Steps {
    /// Of a layout whose places, in their order, record their successes in these timers.
    pub(super) fn new(layout: &Layout, timers: impl IntoIterator<Item = Option<TimerId>>) -> Self {
        let mut steps: Vec<Step> = Vec::new();
        let mut known = std::collections::HashMap::new();
        let mut place = |timer: Option<TimerId>| {
            let timer = timer?;
            let (name, _) = layout.name(timer).rsplit_once('.')?;
            let index = *known.entry(name.to_owned()).or_insert_with(|| {
                steps.push(Step { name: name.to_owned(), timers: Vec::new() });
                steps.len() - 1
            });
            let timers = &mut steps[index].timers;
            if !timers.contains(&timer) {
                timers.push(timer);
            }
            Some(index)
        };
        let of_place = timers.into_iter().map(&mut place).collect();
        Self { steps, of_place }
    }

    fn of_place(&self, place: Option<u32>) -> Option<usize> {
        *self.of_place.get(usize::try_from(place?).ok()?)?
    }
}

impl Snapshot {
    /// What became of every step, in the order of their first places.
    pub fn steps(&self) -> Vec<StepFigures<'_>> {
        let steps = self.layout().steps();
        let count = |timer: &TimerId| self.timing(*timer).map_or(0, Timing::count);
        let successes = |step: &Step| step.timers.iter().map(count).sum();
        let mut figures: Vec<StepFigures<'_>> = Vec::with_capacity(steps.steps.len());
        figures.extend(steps.steps.iter().map(|step| StepFigures {
            name: &step.name,
            succeeded: successes(step),
            failed: 0,
            errors: Vec::new(),
        }));
        for entry in self.errors.entries().filter(|entry| is_failure(entry.kind)) {
            let Some(index) = steps.of_place(entry.place) else { continue };
            let StepFigures { failed, errors, .. } = &mut figures[index];
            *failed = failed.saturating_add(entry.count);
            match errors.iter_mut().find(|(kind, _)| *kind == entry.kind) {
                Some((_, count)) => *count = count.saturating_add(entry.count),
                None => errors.push((entry.kind, entry.count)),
            }
        }
        for step in &mut figures {
            step.errors.sort_by_key(|(kind, count)| (std::cmp::Reverse(*count), *kind));
        }
        figures
    }

    /// What became of the step of this name.
    pub fn step(&self, name: &str) -> Option<StepFigures<'_>> {
        self.steps().into_iter().find(|step| step.name == name)
    }

    /// The name of the step whose failure an error is.
    pub(super) fn failed_step(&self, kind: ErrorKind, place: Option<u32>) -> Option<&str> {
        let steps = self.layout().steps();
        let index = steps.of_place(place).filter(|_| is_failure(kind))?;
        Some(&steps.steps[index].name)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::metrics::Recorder;

    fn layout() -> Arc<Layout> {
        let layout = Layout::new(["a.b.total", "a.b.tcp", "say.rtt", "say.wait", "never.wait"]);
        let at = |index| Some(TimerId(index));
        Arc::new(layout.with_steps([at(0), None, at(2), at(3), at(2), at(4)]))
    }

    #[test]
    fn successes_are_what_was_timed_and_failures_the_errors_at_the_places() {
        let mut recorder = Recorder::new(layout());
        for timer in [0, 1, 1, 2, 2, 3] {
            recorder.time(TimerId(timer), Duration::from_millis(1));
        }
        let closed = ErrorKind::ClosedByPeer { code: Some(1011) };
        for (kind, place) in [
            (ErrorKind::Timeout, Some(2)),
            (closed, Some(2)),
            (closed, Some(4)),
            (ErrorKind::Leak, Some(2)),
            (ErrorKind::DuplicateReply, Some(2)),
            (ErrorKind::Failed, Some(1)),
            (ErrorKind::Assertion, Some(99)),
            (ErrorKind::Internal, None),
        ] {
            recorder.error(kind, place, String::new);
        }
        let totals = recorder.take();
        let step = |name, succeeded, failed, errors| StepFigures { name, succeeded, failed, errors };
        assert_eq!(
            totals.steps(),
            [
                step("a.b", 1, 0, vec![]),
                step("say", 3, 3, vec![(closed, 2), (ErrorKind::Timeout, 1)]),
                step("never", 0, 0, vec![]),
            ]
        );
        assert_eq!(totals.step("say").map(|step| step.total()), Some(6));
        assert_eq!(totals.step("a"), None);
        assert_eq!(totals.failed_step(ErrorKind::Timeout, Some(4)), Some("say"));
        assert_eq!(totals.failed_step(ErrorKind::Leak, Some(4)), None);
    }

    #[test]
    fn they_add_up_with_what_comes_from_elsewhere() {
        let mut recorder = Recorder::new(layout());
        recorder.time(TimerId(2), Duration::from_millis(1));
        recorder.error(ErrorKind::Timeout, Some(2), String::new);
        let here = recorder.take();
        let there: Snapshot = serde_json::from_str(&serde_json::to_string(&here).unwrap()).unwrap();
        let mut totals = Snapshot::new(layout());
        totals.merge(&here);
        totals.merge(&there);
        let say = totals.step("say").unwrap();
        assert_eq!((say.succeeded, say.failed), (2, 2));
    }
}
