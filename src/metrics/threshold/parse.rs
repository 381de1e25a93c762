//! Reading a threshold, from the right: the value, the operator and the statistic are single words, and what is
//! left is the metric, whose name may hold spaces and dots.

use super::mistake::{COUNT, PER_SECOND, PERCENT_OR_PER_SECOND, TIME};
use super::{Metric, Operator, Stat, Threshold, ThresholdError, ThresholdMistake, Value};
use crate::quantity::{parse_decimal, parse_duration};

const OPERATOR_SIGNS: [char; 4] = ['<', '>', '=', '!'];

impl Threshold {
    /// Reads `METRIC STAT OP VALUE`. White space around the operator may be left out.
    pub fn parse(text: &str) -> Result<Self, ThresholdError> {
        let at = |part: &str, mistake| error(text, part, mistake);
        let whole = text.trim();
        if whole.is_empty() {
            return Err(at(whole, ThresholdMistake::Empty));
        }
        let Some(sign_end) = whole.rfind(OPERATOR_SIGNS).map(|last| last + 1) else {
            return Err(at(whole, ThresholdMistake::NoOperator));
        };
        let left = whole[..sign_end].trim_end_matches(OPERATOR_SIGNS);
        let sign = &whole[left.len()..sign_end];
        let known = Operator::SIGNS.into_iter().find(|(_, known)| *known == sign);
        let (operator, _) =
            known.ok_or_else(|| at(sign, ThresholdMistake::UnknownOperator(sign.to_owned())))?;

        let (metric_text, stat_text) = split_stat(left.trim_end()).map_err(|mistake| {
            let part = if mistake == ThresholdMistake::NoMetric { &whole[..0] } else { left.trim_end() };
            at(part, mistake)
        })?;
        let stat = parse_stat(stat_text).map_err(|mistake| at(stat_text, mistake))?;
        let metric = Metric::named(metric_text);
        let expected = expectation(&metric, stat).map_err(|mistake| at(stat_text, mistake))?;

        let value_text = whole[sign_end..].trim_start();
        let value = expected.read(value_text).map_err(|mistake| at(value_text, mistake))?;
        Ok(Self { metric, stat, operator, value })
    }
}

/// `part` is a slice of `text`.
fn error(text: &str, part: &str, mistake: ThresholdMistake) -> ThresholdError {
    let offset = part.as_ptr().addr() - text.as_ptr().addr();
    ThresholdError { mistake, offset, len: part.len() }
}

fn split_stat(left: &str) -> Result<(&str, &str), ThresholdMistake> {
    match left.rsplit_once(char::is_whitespace) {
        Some((metric, stat)) => Ok((metric.trim_end(), stat)),
        None if left.is_empty() || !matches!(parse_stat(left), Err(ThresholdMistake::UnknownStat(_))) => {
            Err(ThresholdMistake::NoMetric)
        }
        None => Err(ThresholdMistake::NoStat { metric: left.to_owned() }),
    }
}

fn parse_stat(word: &str) -> Result<Stat, ThresholdMistake> {
    match word {
        "min" => return Ok(Stat::Min),
        "max" => return Ok(Stat::Max),
        "mean" => return Ok(Stat::Mean),
        "count" => return Ok(Stat::Count),
        "rate" => return Ok(Stat::Rate),
        _ => {}
    }
    let digits = word.strip_prefix('p').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let digits = digits.ok_or_else(|| ThresholdMistake::UnknownStat(word.to_owned()))?;
    let percent = parse_decimal(digits).filter(|percent| *percent <= 100.0);
    percent.map(Stat::Percentile).ok_or_else(|| ThresholdMistake::PercentileOutOfRange(word.to_owned()))
}

/// What a statistic of a metric is measured in.
#[derive(Clone, Copy, PartialEq)]
enum Expectation {
    Time,
    PerSecond,
    PercentOrPerSecond,
    Count,
}

fn expectation(metric: &Metric, stat: Stat) -> Result<Expectation, ThresholdMistake> {
    let is_share = match metric {
        Metric::Errors(_) | Metric::Step { .. } => true,
        Metric::Counter(counter) => counter.whole().is_some(),
        Metric::Delivery { figure, .. } => figure.whole().is_some(),
        Metric::Timer(_) | Metric::UsersPeak => false,
    };
    let known = match (metric, stat) {
        (Metric::Timer(_), Stat::Percentile(_) | Stat::Min | Stat::Max | Stat::Mean) => {
            return Ok(Expectation::Time);
        }
        (_, Stat::Count) => return Ok(Expectation::Count),
        (Metric::UsersPeak, _) => "`count` only",
        (_, Stat::Rate) if is_share => return Ok(Expectation::PercentOrPerSecond),
        (_, Stat::Rate) => return Ok(Expectation::PerSecond),
        _ => "`count` and `rate` only",
    };
    Err(ThresholdMistake::StatNotOfMetric { stat: stat.to_string(), metric: metric.to_string(), known })
}

impl Expectation {
    fn form(self) -> &'static str {
        match self {
            Self::Time => TIME,
            Self::PerSecond => PER_SECOND,
            Self::PercentOrPerSecond => PERCENT_OR_PER_SECOND,
            Self::Count => COUNT,
        }
    }

    fn read(self, text: &str) -> Result<Value, ThresholdMistake> {
        if text.is_empty() {
            return Err(ThresholdMistake::NoValue);
        }
        let (value, expected) = (text.to_owned(), self.form());
        let Some(read) = read_value(text) else {
            let bare = self != Self::Count && parse_decimal(text).is_some();
            return Err(if bare {
                ThresholdMistake::UnitMissing { number: value, expected }
            } else {
                ThresholdMistake::BadValue { value, expected }
            });
        };
        match (self, read) {
            (Self::Time, Value::Time(_))
            | (Self::PerSecond | Self::PercentOrPerSecond, Value::PerSecond(_))
            | (Self::PercentOrPerSecond, Value::Percent(_))
            | (Self::Count, Value::Count(_)) => Ok(read),
            (_, Value::Count(_)) => Err(ThresholdMistake::UnitMissing { number: value, expected }),
            _ => Err(ThresholdMistake::WrongUnit { value, expected }),
        }
    }
}

fn read_value(text: &str) -> Option<Value> {
    if let Some(number) = text.strip_suffix('%') {
        return parse_decimal(number).map(Value::Percent);
    }
    if let Some(number) = text.strip_suffix("/s") {
        return parse_decimal(number).map(Value::PerSecond);
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok().map(Value::Count);
    }
    parse_duration(text).map(Value::Time)
}
