//! Holding thresholds against figures.

use std::cmp::Ordering;
use std::time::Duration;

use super::{Metric, Operator, Stat, Threshold, Value};
use crate::metrics::{
    DeliveryCounts, DeliveryFigure, ErrorEntry, ErrorKind, Snapshot, Timing, format_count, format_duration,
    format_percent, format_rate,
};

/// What a threshold came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The threshold in its canonical form.
    pub expression: String,
    /// The figure, for people; `no value` where there is none.
    pub value: String,
    /// Whether the threshold held. One that could not be observed did not.
    pub passed: bool,
}

/// What all thresholds of a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// One for each threshold, in their order.
    pub observed: Vec<Observed>,
    /// The errors of kinds that no threshold speaks of. Nobody said that any of them is acceptable.
    pub unspoken_error_count: u64,
}

impl Judgement {
    /// The verdict: every threshold held, and there was no error of which none of them speaks.
    pub fn passed(&self) -> bool {
        self.unspoken_error_count == 0 && self.observed.iter().all(|observed| observed.passed)
    }
}

/// Holds all thresholds against the figures of a run that took `elapsed`.
pub fn judge(thresholds: &[Threshold], totals: &Snapshot, elapsed: Duration) -> Judgement {
    let observed = thresholds.iter().map(|threshold| threshold.evaluate(totals, elapsed)).collect();
    let is_unspoken = |kind: ErrorKind| !thresholds.iter().any(|threshold| threshold.speaks_of(kind));
    let is_of_step = |entry: &ErrorEntry| {
        let step = totals.failed_step(entry.kind, entry.place);
        step.is_some_and(|step| thresholds.iter().any(|threshold| threshold.speaks_of_step(step)))
    };
    let of_kind =
        |entry: ErrorEntry| entry.count.saturating_sub(spoken_of_streams(thresholds, totals, entry.kind));
    let unspoken = totals.errors.entries().filter(|entry| is_unspoken(entry.kind) && !is_of_step(entry));
    let unspoken_error_count = unspoken.map(of_kind).fold(0, u64::saturating_add);
    Judgement { observed, unspoken_error_count }
}

/// How many errors of a kind are copies of streams of which a threshold says how many such copies are too many.
fn spoken_of_streams(thresholds: &[Threshold], totals: &Snapshot, kind: ErrorKind) -> u64 {
    let is_spoken = |name: &str, wanted: DeliveryFigure| {
        thresholds.iter().any(|threshold| match &threshold.metric {
            Metric::Delivery { stream, figure } => stream == name && *figure == wanted,
            _ => false,
        })
    };
    let figures = DeliveryFigure::ALL.iter().filter(|figure| figure.error() == Some(kind));
    let counts = figures.flat_map(|figure| {
        let streams = totals.deliveries.iter().filter(|(name, _)| is_spoken(name, *figure));
        streams.map(|(_, counts)| figure.of(counts))
    });
    counts.fold(0, u64::saturating_add)
}

impl Threshold {
    /// Whether it says how many failures of the step of this name are too many.
    fn speaks_of_step(&self, step: &str) -> bool {
        matches!(&self.metric, Metric::Step { name, .. } if name == step)
    }

    /// Holds the threshold against the figures of a run that took `elapsed`.
    ///
    /// The error rate as a percentage is errors of operations, or 100 % where there were more errors than
    /// operations. A figure of a timer without recordings, a share of nothing and a rate over no time have no
    /// value, and no threshold on them passes. A count is always a value, also zero.
    pub fn evaluate(&self, totals: &Snapshot, elapsed: Duration) -> Observed {
        let figure = self.figure(totals, elapsed);
        let ordering = figure.and_then(|figure| compare(figure, self.value));
        let passed = ordering.is_some_and(|ordering| self.operator.holds(ordering));
        let value = figure.map_or_else(|| "no value".to_owned(), |figure| self.shown(figure, ordering));
        Observed { expression: self.to_string(), value, passed }
    }

    pub(super) fn figure(&self, totals: &Snapshot, elapsed: Duration) -> Option<Value> {
        match (&self.metric, self.stat) {
            (Metric::Timer(name), stat) => {
                let timing = totals.timing(totals.layout().id(name)?);
                let of = |figure: fn(&Timing) -> Option<Duration>| timing.and_then(figure).map(Value::Time);
                match stat {
                    Stat::Percentile(percent) => timing.and_then(|t| t.percentile(percent)).map(Value::Time),
                    Stat::Min => of(Timing::min),
                    Stat::Max => of(Timing::max),
                    Stat::Mean => of(Timing::mean),
                    Stat::Count | Stat::Rate => self.amount(timing.map_or(0, Timing::count), 0, elapsed),
                }
            }
            (Metric::Errors(kind), _) => {
                let count = kind.map_or_else(|| totals.errors.total(), |kind| totals.errors.of_kind(kind));
                let operations = totals.counts.operations;
                self.amount(count, operations.max(totals.errors.total()), elapsed)
            }
            (Metric::Counter(counter), _) => {
                let whole = counter.whole().map_or(0, |whole| whole.of(&totals.counts));
                self.amount(counter.of(&totals.counts), whole, elapsed)
            }
            (Metric::Delivery { stream, figure }, _) => {
                let nothing = DeliveryCounts::default();
                let counts = totals.deliveries.get(stream).unwrap_or(&nothing);
                let whole = figure.whole().map_or(0, |whole| whole.of(counts));
                self.amount(figure.of(counts), whole, elapsed)
            }
            (Metric::Step { name, figure }, _) => {
                let step = totals.step(name)?;
                self.amount(figure.of(&step), step.total(), elapsed)
            }
            (Metric::UsersPeak, _) => Some(Value::Count(totals.users.peak)),
        }
    }

    /// A count in the unit that the threshold's value has.
    fn amount(&self, count: u64, whole: u64, elapsed: Duration) -> Option<Value> {
        match self.value {
            Value::Count(_) => Some(Value::Count(count)),
            Value::Percent(_) => (whole > 0).then(|| Value::Percent(count as f64 * 100.0 / whole as f64)),
            Value::PerSecond(_) => {
                (!elapsed.is_zero()).then(|| Value::PerSecond(count as f64 / elapsed.as_secs_f64()))
            }
            Value::Time(_) => None,
        }
    }

    /// Rounded for people, unless rounding makes it look like the very value that it differs from.
    pub(super) fn shown(&self, figure: Value, ordering: Option<Ordering>) -> String {
        let rounded = for_people(figure);
        let misleads = ordering != Some(Ordering::Equal) && rounded == for_people(self.value);
        if misleads { figure.to_string() } else { rounded }
    }
}

fn for_people(value: Value) -> String {
    match value {
        Value::Time(time) => format_duration(time),
        Value::Percent(percent) => format_percent(percent),
        Value::PerSecond(rate) => format_rate(rate),
        Value::Count(count) => format_count(count),
    }
}

pub(super) fn compare(figure: Value, value: Value) -> Option<Ordering> {
    match (figure, value) {
        (Value::Time(a), Value::Time(b)) => Some(a.cmp(&b)),
        (Value::Count(a), Value::Count(b)) => Some(a.cmp(&b)),
        (Value::Percent(a), Value::Percent(b)) | (Value::PerSecond(a), Value::PerSecond(b)) => {
            a.partial_cmp(&b)
        }
        _ => None,
    }
}

impl Operator {
    pub(super) fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
        }
    }
}
