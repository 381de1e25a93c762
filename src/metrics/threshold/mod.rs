//! Thresholds: `METRIC STAT OP VALUE`, the verdict of a run.

mod criterion;
mod evaluate;
mod mistake;
mod parse;

use std::fmt;
use std::time::Duration;

pub use evaluate::{Judgement, Observed, judge};
pub use mistake::{ThresholdError, ThresholdMistake};

use super::{Counter, DeliveryFigure, ErrorKind, StepFigures};
use crate::quantity::Exact;

/// A condition on the figures of a run: `say.rtt p99 < 250ms`, `errors rate < 1%`, `users.failed count == 0`.
///
/// Made by [`Threshold::parse`] only, so that metric, statistic and value always fit together. Printing gives
/// the canonical form, which parses to the same threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    metric: Metric,
    stat: Stat,
    operator: Operator,
    value: Value,
}

impl Threshold {
    /// What it speaks of. The compiler checks that a [`Metric::Timer`] is one of the plan's.
    pub fn metric(&self) -> &Metric {
        &self.metric
    }

    /// Which figure of the metric.
    pub fn stat(&self) -> Stat {
        self.stat
    }

    /// How figure and value are compared.
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// What the figure is compared with.
    pub fn value(&self) -> Value {
        self.value
    }

    /// Whether it says how many errors, of whatever kind, are too many.
    pub fn speaks_of_errors(&self) -> bool {
        matches!(self.metric, Metric::Errors(_))
    }

    /// Whether it says how many errors of this kind are too many. Of a stream's, see [`judge`].
    pub fn speaks_of(&self, kind: ErrorKind) -> bool {
        match self.metric {
            Metric::Errors(None) => true,
            Metric::Errors(Some(named)) => named == kind || named == kind.family(),
            _ => false,
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.metric, self.stat, self.operator, self.value)
    }
}

/// What a threshold speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Metric {
    /// A timer, by its name; any name that is none of the others.
    Timer(String),
    /// `errors`, or `errors.KIND`. A kind without a close code stands for all codes.
    Errors(Option<ErrorKind>),
    /// One of the counters.
    Counter(Counter),
    /// `users.peak`.
    UsersPeak,
    /// A figure of a stream, such as `chat.lost`.
    Delivery {
        /// The stream. The compiler checks that it is one of the plan's.
        stream: String,
        /// Which figure.
        figure: DeliveryFigure,
    },
    /// A figure of a step, such as `say.success`.
    Step {
        /// The step. The compiler checks that it is one of the plan's.
        name: String,
        /// Which figure.
        figure: StepFigure,
    },
}

/// What thresholds can ask of a step. As a percentage each is of those that are known to have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepFigure {
    /// `success`: how often it did what it was to do.
    Success,
    /// `failed`: how often it did not.
    Failed,
}

impl StepFigure {
    const ALL: [Self; 2] = [Self::Success, Self::Failed];

    /// The name that thresholds use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
        }
    }

    /// Its value.
    pub fn of(self, step: &StepFigures<'_>) -> u64 {
        match self {
            Self::Success => step.succeeded,
            Self::Failed => step.failed,
        }
    }
}

impl Metric {
    /// Every name that is there in any run, timers apart; for completion and "did you mean".
    pub fn fixed_names() -> impl Iterator<Item = String> {
        let counters = Counter::ALL.iter().map(|counter| counter.name().to_owned());
        let kinds = ErrorKind::ALL.iter().map(|kind| format!("errors.{kind}"));
        ["errors".to_owned(), "users.peak".to_owned()].into_iter().chain(counters).chain(kinds)
    }

    fn named(name: &str) -> Self {
        if name == "errors" {
            return Self::Errors(None);
        }
        if name == "users.peak" {
            return Self::UsersPeak;
        }
        if let Some(kind) = name.strip_prefix("errors.").and_then(|kind| kind.parse().ok()) {
            return Self::Errors(Some(kind));
        }
        let counter = Counter::ALL.iter().find(|counter| counter.name() == name);
        // The names of timers end in other words.
        if counter.is_none()
            && let Some((step, figure)) = name.rsplit_once('.')
            && let Some(figure) = StepFigure::ALL.iter().find(|known| known.name() == figure)
        {
            return Self::Step { name: step.to_owned(), figure: *figure };
        }
        if counter.is_none()
            && let Some((stream, figure)) = name.rsplit_once('.')
            && let Some(figure) = DeliveryFigure::ALL.iter().find(|known| known.name() == figure)
        {
            return Self::Delivery { stream: stream.to_owned(), figure: *figure };
        }
        counter.map_or_else(|| Self::Timer(name.to_owned()), |counter| Self::Counter(*counter))
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timer(name) => f.write_str(name),
            Self::Errors(None) => f.write_str("errors"),
            Self::Errors(Some(kind)) => write!(f, "errors.{kind}"),
            Self::Counter(counter) => f.write_str(counter.name()),
            Self::UsersPeak => f.write_str("users.peak"),
            Self::Delivery { stream, figure } => write!(f, "{stream}.{}", figure.name()),
            Self::Step { name, figure } => write!(f, "{name}.{}", figure.name()),
        }
    }
}

/// Which figure of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stat {
    /// `p0` to `p100`, with decimals: the time that this percentage of the recordings does not exceed.
    Percentile(f64),
    /// The shortest time.
    Min,
    /// The longest time.
    Max,
    /// The arithmetic mean.
    Mean,
    /// How many.
    Count,
    /// How many a second, or how many of a hundred.
    Rate,
}

impl fmt::Display for Stat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percentile(percent) => write!(f, "p{percent}"),
            Self::Min => f.write_str("min"),
            Self::Max => f.write_str("max"),
            Self::Mean => f.write_str("mean"),
            Self::Count => f.write_str("count"),
            Self::Rate => f.write_str("rate"),
        }
    }
}

/// How figure and value are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

impl Operator {
    /// Every operator with its sign.
    const SIGNS: [(Self, &str); 6] = [
        (Self::Less, "<"),
        (Self::LessOrEqual, "<="),
        (Self::Greater, ">"),
        (Self::GreaterOrEqual, ">="),
        (Self::Equal, "=="),
        (Self::NotEqual, "!="),
    ];
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, sign) =
            Self::SIGNS.into_iter().find(|(operator, _)| operator == self).expect("the table is complete");
        f.write_str(sign)
    }
}

/// What a figure is compared with, or what it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// `250ms`
    Time(Duration),
    /// `1%`
    Percent(f64),
    /// `50/s`
    PerSecond(f64),
    /// `1000`
    Count(u64),
}

/// Exactly, in the form that a plan has.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => Exact(*time).fmt(f),
            Self::Percent(percent) => write!(f, "{percent}%"),
            Self::PerSecond(rate) => write!(f, "{rate}/s"),
            Self::Count(count) => write!(f, "{count}"),
        }
    }
}

#[cfg(test)]
mod tests;
