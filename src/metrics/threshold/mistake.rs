//! What can be wrong with the text of a threshold.

use std::fmt;

use super::Metric;

/// A threshold that cannot be read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThresholdError {
    /// What is wrong.
    pub mistake: ThresholdMistake,
    /// Where it begins, in bytes from the beginning of the text.
    pub offset: usize,
    /// How many bytes it covers; 0 where something is missing.
    pub len: usize,
}

impl ThresholdError {
    /// What is wrong, as it is shown at the place.
    pub fn message(&self) -> String {
        self.mistake.to_string()
    }

    /// What to write instead.
    pub fn help(&self) -> String {
        self.mistake.help()
    }
}

impl fmt::Display for ThresholdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.mistake.fmt(f)
    }
}

impl std::error::Error for ThresholdError {}

/// The kinds of [`ThresholdError`]. Texts in them are as written in the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ThresholdMistake {
    /// Nothing but white space.
    Empty,
    /// No `<`, `<=`, `>`, `>=`, `==` or `!=`.
    NoOperator,
    /// A sign such as `=` or `=<`.
    UnknownOperator(String),
    /// Nothing before the statistic.
    NoMetric,
    /// One word only before the operator, and it is no statistic.
    NoStat {
        /// That word.
        metric: String,
    },
    /// The word before the operator is no statistic.
    UnknownStat(String),
    /// A percentile that is no number from 0 to 100.
    PercentileOutOfRange(String),
    /// A statistic that this metric does not have.
    StatNotOfMetric {
        /// The statistic.
        stat: String,
        /// The metric.
        metric: String,
        /// The statistics that it has.
        known: &'static str,
    },
    /// Nothing after the operator.
    NoValue,
    /// A bare number where a unit is meant.
    UnitMissing {
        /// The number.
        number: String,
        /// The forms that the statistic is compared with.
        expected: &'static str,
    },
    /// A value that is written correctly but measures something else.
    WrongUnit {
        /// The value.
        value: String,
        /// The forms that the statistic is compared with.
        expected: &'static str,
    },
    /// A value that is none.
    BadValue {
        /// What stands there.
        value: String,
        /// The forms that the statistic is compared with.
        expected: &'static str,
    },
}

impl ThresholdMistake {
    fn help(&self) -> String {
        match self {
            Self::Empty | Self::NoMetric | Self::NoOperator => {
                "write METRIC STAT OP VALUE, as in `say.rtt p99 < 250ms` or `errors rate < 1%`".to_owned()
            }
            Self::UnknownOperator(_) => "the comparisons are < <= > >= == !=".to_owned(),
            Self::NoStat { metric } if matches!(Metric::named(metric), Metric::Timer(_)) => {
                format!("write which figure of it, as in `{metric} p99` or `{metric} count`")
            }
            Self::NoStat { metric } => format!("write which figure of it, as in `{metric} count`"),
            Self::UnknownStat(_) => {
                "the statistics are p0 to p100 (also p99.9), min, max, mean, count and rate".to_owned()
            }
            Self::PercentileOutOfRange(_) => {
                "percentiles go from p0 to p100, as in `p99` or `p99.9`".to_owned()
            }
            Self::StatNotOfMetric { metric, known, .. } => format!("`{metric}` has {known}"),
            Self::NoValue => "write what to compare with, as in `< 250ms`".to_owned(),
            Self::UnitMissing { number, expected } => match *expected {
                TIME => format!("write the unit, as in `{number}ms` or `{number}s`"),
                PER_SECOND => format!("write `{number}/s`"),
                _ => format!("write `{number}%` of all, or `{number}/s`"),
            },
            Self::WrongUnit { expected, .. } | Self::BadValue { expected, .. } => format!("write {expected}"),
        }
    }
}

pub(super) const TIME: &str = "a duration, as in `250ms` or `1m30s`";
pub(super) const PER_SECOND: &str = "a rate, as in `50/s`";
pub(super) const PERCENT_OR_PER_SECOND: &str = "a percentage, as in `1%`, or a rate, as in `50/s`";
pub(super) const COUNT: &str = "a whole number without a unit, as in `1000`";

impl fmt::Display for ThresholdMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("an empty threshold"),
            Self::NoOperator => f.write_str("a threshold without a comparison"),
            Self::UnknownOperator(sign) => write!(f, "`{sign}` is no comparison"),
            Self::NoMetric => f.write_str("a threshold without a metric"),
            Self::NoStat { metric } => write!(f, "no statistic of `{metric}`"),
            Self::UnknownStat(word) => write!(f, "`{word}` is no statistic"),
            Self::PercentileOutOfRange(word) => write!(f, "`{word}` is no percentile"),
            Self::StatNotOfMetric { stat, metric, .. } => write!(f, "`{metric}` has no `{stat}`"),
            Self::NoValue => f.write_str("nothing to compare with"),
            Self::UnitMissing { number, .. } => write!(f, "`{number}` has no unit"),
            Self::WrongUnit { value, .. } => write!(f, "`{value}` is the wrong kind of value"),
            Self::BadValue { value, .. } => write!(f, "`{value}` is no value"),
        }
    }
}
