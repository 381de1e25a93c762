//! How many a second: numbers with the time that they are of.

use std::fmt;
use std::time::Duration;

/// The pattern of a rate, of ECMA-262 and of Rust alike. [`parse_rate`] refuses only what overflows.
pub const RATE_PATTERN: &str = r"^[0-9]+(\.[0-9]{1,3})?/(s|m|h)$";

/// How often something happens, to the thousandth in an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate {
    thousandths_an_hour: u64,
}

/// Reads `50/s`, `0.2/s`, `30/m`, `1000/h`: a number with up to three decimals, a slash, and a second, a minute or an hour. `None`
/// of anything else, also of a bare number, and of more than 5 million million a second.
pub fn parse_rate(text: &str) -> Option<Rate> {
    let (number, unit) = text.split_once('/')?;
    let an_hour: u64 = match unit {
        "s" => 3600,
        "m" => 60,
        "h" => 1,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || fraction.len() > 3 {
        return None;
    }
    let thousandths = format!("{whole}{fraction:0<3}").parse::<u64>().ok()?;
    Some(Rate { thousandths_an_hour: thousandths.checked_mul(an_hour)? })
}

impl Rate {
    /// Nothing, ever.
    pub const ZERO: Self = Self { thousandths_an_hour: 0 };

    /// The thousandths that come in an hour: exact.
    pub fn thousandths_an_hour(self) -> u64 {
        self.thousandths_an_hour
    }

    /// So many thousandths in an hour.
    pub fn from_thousandths_an_hour(thousandths_an_hour: u64) -> Self {
        Self { thousandths_an_hour }
    }

    /// How many a second.
    pub fn per_second(self) -> f64 {
        self.thousandths_an_hour as f64 / 3_600_000.0
    }

    /// How long so many take, to the nanosecond; `None` where they never come, or not within `Duration::MAX`.
    pub fn time_of(self, count: u64) -> Option<Duration> {
        const NS_AN_HOUR: u128 = 3_600 * 1_000_000_000;
        let ns = (u128::from(count) * 1000 * NS_AN_HOUR).checked_div(self.thousandths_an_hour.into())?;
        let seconds = u64::try_from(ns / 1_000_000_000).ok()?;
        Some(Duration::new(seconds, u32::try_from(ns % 1_000_000_000).ok()?))
    }
}

/// In the form that [`parse_rate`] reads, of a second where that is exact.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(3600, "s"), (60, "m"), (1, "h")];
        let is_exact = |(an_hour, _): &(u64, _)| self.thousandths_an_hour.is_multiple_of(*an_hour);
        let (an_hour, unit) = units.into_iter().find(is_exact).unwrap_or((1, "h"));
        let thousandths = self.thousandths_an_hour / an_hour;
        write!(f, "{}", thousandths / 1000)?;
        if !thousandths.is_multiple_of(1000) {
            let decimals = format!("{:03}", thousandths % 1000);
            write!(f, ".{}", decimals.trim_end_matches('0'))?;
        }
        write!(f, "/{unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rates() {
        let cases = [
            ("50/s", Some(50.0)),
            ("0.25/s", Some(0.25)),
            ("30/m", Some(0.5)),
            ("9/h", Some(0.0025)),
            ("0/s", Some(0.0)),
            ("0.001/h", Some(0.001 / 3600.0)),
            ("50", None),
            ("50/", None),
            ("/s", None),
            ("50/d", None),
            ("50 /s", None),
            ("-1/s", None),
            ("1.2345/s", None),
            ("1./s", None),
            ("1e3/s", None),
            ("99999999999999999/s", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_rate(text).map(Rate::per_second), expected, "{text:?}");
        }
    }

    #[test]
    fn how_long_it_takes() {
        let time = |rate: &str, count| parse_rate(rate).unwrap().time_of(count);
        assert_eq!(time("3/s", 10), Some(Duration::from_nanos(3_333_333_333)));
        assert_eq!(time("0.5/s", 3), Some(Duration::from_secs(6)));
        assert_eq!(time("0/s", 1), None);
        assert_eq!(time("1/h", u64::MAX), None);
        assert_eq!(time("1/s", 0), Some(Duration::ZERO));
    }

    proptest! {
        #[test]
        fn what_has_the_pattern_is_read(text in "[0-9]{0,6}[.]?[0-9]{0,4}/?[smhd]?") {
            let pattern = regex::Regex::new(RATE_PATTERN).unwrap();
            prop_assert_eq!(parse_rate(&text).is_some(), pattern.is_match(&text), "{}", text);
        }

        #[test]
        fn what_is_written_is_read_again(thousandths_an_hour in 0u64..1 << 50) {
            let rate = Rate { thousandths_an_hour };
            prop_assert_eq!(parse_rate(&rate.to_string()), Some(rate));
        }
    }
}
