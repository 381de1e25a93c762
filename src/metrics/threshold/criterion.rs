//! Thresholds as criteria: what breaks a level of a search, where they are true.
//!
//! A figure of times that were measured says nothing of what is still being waited for, and a server that answers nothing
//! has none at all. So what was not answered counts here with the time that it has taken already, as long as that is
//! enough to break the criterion: less says nothing, because it may still come in time. And where a plan says when steps
//! were due, the times from then on count as well.

use std::cmp::Ordering;
use std::time::Duration;

use super::evaluate::compare;
use super::{Metric, Observed, Operator, Stat, Threshold, Value};
use crate::metrics::{DeliveryCounts, Snapshot, Timing};

/// A percentile is one when at least so many recordings lie beyond it.
const BEYOND: f64 = 10.0;

impl Threshold {
    /// Holds it against a level: `passed` is that it has not broken it.
    ///
    /// A distribution of which there is nothing breaks it: it was asked for, and the answer is not that all is well.
    pub(in crate::metrics) fn observe_level(
        &self,
        figures: &Snapshot,
        unanswered: &Snapshot,
        elapsed: Duration,
    ) -> Observed {
        let candidates = [self.measured(figures, unanswered, elapsed)]
            .into_iter()
            .chain(self.intended(figures).map(|intended| intended.measured(figures, unanswered, elapsed)));
        let worst = candidates
            .enumerate()
            .filter_map(|(at, figure)| Some((at, figure?)))
            .reduce(|one, other| if self.is_worse(other.1, one.1) { other } else { one });
        let Some((at, figure)) = worst else {
            let is_of_times = self.is_of_times();
            return Observed {
                expression: self.to_string(),
                value: "no value".to_owned(),
                passed: !is_of_times,
            };
        };
        let ordering = compare(figure, self.value);
        let is_true = ordering.is_some_and(|ordering| self.operator.holds(ordering));
        let since = if at > 0 { " since due" } else { "" };
        let value = format!("{}{since}", self.shown(figure, ordering));
        Observed { expression: self.to_string(), value, passed: !is_true }
    }

    /// How many recordings, or how large a whole, it takes for its figure to mean something, and how many there are.
    /// Nothing at all is no reason to wait for more, where nothing is waited for.
    pub(in crate::metrics) fn has_enough(&self, figures: &Snapshot, unanswered: &Snapshot) -> bool {
        let timing_count = |snapshot: &Snapshot, name: &str| {
            let timing = snapshot.layout().id(name).and_then(|id| snapshot.timing(id));
            timing.map_or(0, Timing::count)
        };
        let (wanted, there) = match (&self.metric, self.stat, self.value) {
            (Metric::Timer(name), Stat::Percentile(percent), _) => {
                // Nothing lies beyond the longest.
                let share = if percent < 100.0 { 1.0 - percent / 100.0 } else { 1.0 };
                (BEYOND / share, timing_count(figures, name) + timing_count(unanswered, name))
            }
            (Metric::Timer(name), Stat::Min | Stat::Max | Stat::Mean, _) => {
                (BEYOND, timing_count(figures, name) + timing_count(unanswered, name))
            }
            (metric, _, Value::Percent(limit)) => {
                let whole = whole(metric, figures);
                (if whole == 0 { 0.0 } else { BEYOND / (limit / 100.0).clamp(1e-9, 1.0) }, whole)
            }
            _ => return true,
        };
        // A share such as 0.1 % is no sum of halves: what it asks for is a last bit too much.
        there as f64 >= wanted * (1.0 - 1e-9)
    }

    /// Whether it asks for a figure of a distribution.
    fn is_of_times(&self) -> bool {
        matches!(self.value, Value::Time(_))
    }

    /// The same of the times from when the step was due, where those are measured.
    fn intended(&self, figures: &Snapshot) -> Option<Self> {
        let Metric::Timer(name) = &self.metric else { return None };
        let name = format!("{name}_intended");
        (self.is_of_times() && figures.layout().id(&name).is_some())
            .then(|| Self { metric: Metric::Timer(name), ..self.clone() })
    }

    fn measured(&self, figures: &Snapshot, unanswered: &Snapshot, elapsed: Duration) -> Option<Value> {
        let (Metric::Timer(name), Value::Time(limit)) = (&self.metric, self.value) else {
            return self.figure(figures, elapsed);
        };
        let own = figures.layout().id(name).and_then(|id| figures.timing(id));
        let mut timing = own.cloned().unwrap_or_default();
        if matches!(self.operator, Operator::Greater | Operator::GreaterOrEqual)
            && let Some(waiting) = unanswered.layout().id(name).and_then(|id| unanswered.timing(id))
        {
            timing.merge_longer(waiting, limit);
        }
        let time = match self.stat {
            Stat::Percentile(percent) => timing.percentile(percent),
            Stat::Min => timing.min(),
            Stat::Max => timing.max(),
            Stat::Mean => timing.mean(),
            Stat::Count | Stat::Rate => None,
        };
        time.map(Value::Time)
    }

    fn is_worse(&self, one: Value, other: Value) -> bool {
        let ordering = compare(one, other);
        match self.operator {
            Operator::Greater | Operator::GreaterOrEqual => ordering == Some(Ordering::Greater),
            Operator::Less | Operator::LessOrEqual => ordering == Some(Ordering::Less),
            Operator::Equal | Operator::NotEqual => false,
        }
    }
}

/// What a share of a metric is a share of.
fn whole(metric: &Metric, figures: &Snapshot) -> u64 {
    match metric {
        Metric::Errors(_) => figures.counts.operations.max(figures.errors.total()),
        Metric::Counter(counter) => counter.whole().map_or(0, |whole| whole.of(&figures.counts)),
        Metric::Delivery { stream, figure } => {
            let nothing = DeliveryCounts::default();
            let counts = figures.deliveries.get(stream).unwrap_or(&nothing);
            figure.whole().map_or(0, |whole| whole.of(counts))
        }
        Metric::Step { name, .. } => figures.step(name).map_or(0, |step| step.total()),
        Metric::Timer(_) | Metric::UsersPeak => 0,
    }
}
