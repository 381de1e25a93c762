//! Lengths of time: numbers with units, the longest first.

use std::fmt;
use std::time::Duration;

/// The units, longest first, with their nanoseconds and how many digits of a fraction are whole nanoseconds for certain.
const UNITS: [(&str, u64, usize); 7] = [
    ("d", 86_400_000_000_000, 11),
    ("h", 3_600_000_000_000, 11),
    ("m", 60_000_000_000, 10),
    ("s", 1_000_000_000, 9),
    ("ms", 1_000_000, 6),
    ("us", 1_000, 3),
    ("ns", 1, 0),
];

/// The pattern of a length of time, of ECMA-262 and of Rust alike: what [`parse_duration`] reads, the empty text, and
/// what overflows.
pub fn duration_pattern() -> String {
    let parts = UNITS.iter().map(|(unit, _, digits)| match digits {
        0 => format!("([0-9]+{unit})?"),
        digits => format!(r"([0-9]+(\.[0-9]{{1,{digits}}})?{unit})?"),
    });
    format!("^{}$", parts.collect::<String>())
}

/// Reads `250ms`, `1.5s`, `1m30s`: numbers with units `d h m s ms us ns`, longest first, each at most once and without
/// blanks. `None` of anything else, also of a bare number, of a part of a nanosecond, and of more than 584 years, which
/// is as many nanoseconds as 64 bits hold.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let (mut total, mut longest) = (0u64, u64::MAX);
    while !rest.is_empty() {
        let number_len = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(number_len);
        let unit_len = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_len);
        let (_, size, digits) = UNITS.into_iter().find(|(name, ..)| *name == unit)?;
        if size >= longest {
            return None;
        }
        total = total.checked_add(scaled(number, size, digits)?)?;
        (longest, rest) = (size, after);
    }
    (longest != u64::MAX).then(|| Duration::from_nanos(total))
}

/// The same, and `0`: where something is turned off by it, it needs no unit.
pub fn parse_duration_or_zero(text: &str) -> Option<Duration> {
    if text == "0" { Some(Duration::ZERO) } else { parse_duration(text) }
}

/// A decimal number of units, in nanoseconds.
fn scaled(number: &str, size: u64, digits: usize) -> Option<u64> {
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number, None),
    };
    let mut nanos = whole.parse::<u64>().ok()?.checked_mul(size)?;
    if let Some(fraction) = fraction {
        let is_exact = (1..=digits).contains(&fraction.len()) && !fraction.contains('.');
        let parts = 10u128.pow(u32::try_from(fraction.len()).ok().filter(|_| is_exact)?);
        let part = fraction.parse::<u128>().ok()? * u128::from(size) / parts;
        nanos = nanos.checked_add(u64::try_from(part).ok()?)?;
    }
    Some(nanos)
}

/// A length of time to the nanosecond, in the form that [`parse_duration`] reads: `1m30s`, `250ms`, `0s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exact(pub Duration);

impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.as_nanos();
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, size, _) in UNITS {
            let size = u128::from(size);
            if rest >= size {
                write!(f, "{}{unit}", rest / size)?;
                rest %= size;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_read() {
        let cases = [
            ("250ms", 250_000_000),
            ("1m30s", 90_000_000_000),
            ("1.5s", 1_500_000_000),
            ("0s", 0),
            ("0ms", 0),
            ("10us", 10_000),
            ("2d", 172_800_000_000_000),
            ("1h2m3s4ms5us6ns", 3_723_004_005_006),
            ("0.000000001s", 1),
            ("1.500000000s", 1_500_000_000),
            ("0.00000000001d", 864),
            ("0.0000000001m", 6),
            ("18446744073709551615ns", u64::MAX),
        ];
        for (text, ns) in cases {
            assert_eq!(parse_duration(text), Some(Duration::from_nanos(ns)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        let texts = [
            "",
            "0",
            "5",
            "s",
            "ms",
            "5 ms",
            " 5ms",
            "5ms ",
            "5µs",
            "-5ms",
            "+5ms",
            "5w",
            "5MS",
            "30s1m",
            "1s1s",
            ".5s",
            "5.s",
            "1.2.3s",
            "1..5s",
            "1.5ns",
            "1e3s",
            "1.5000000000s",
            "0.000000000001d",
            "infs",
            "nans",
            "5ms3",
            "٣s",
            "18446744073709551616ns",
            "99999999999h",
            "99999999999999999999999999999999999999999999s",
            "0.00000000000000000000000000000000000000000000001s",
        ];
        for text in texts {
            assert_eq!(parse_duration(text), None, "{text:?}");
        }
    }

    #[test]
    fn zero_needs_no_unit_where_that_is_said() {
        assert_eq!(parse_duration_or_zero("0"), Some(Duration::ZERO));
        assert_eq!(parse_duration_or_zero("5ms"), Some(Duration::from_millis(5)));
        for text in ["", "5", "00", "0.0", " 0"] {
            assert_eq!(parse_duration_or_zero(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn printing_then_parsing_gives_it_back(ns: u64) {
            let duration = Duration::from_nanos(ns);
            prop_assert_eq!(parse_duration(&Exact(duration).to_string()), Some(duration));
        }

        #[test]
        fn what_has_the_pattern_is_read(text in "([0-9.]{1,4}(d|h|m|s|ms|us|ns|w)){0,4}") {
            let pattern = regex::Regex::new(&duration_pattern()).unwrap();
            prop_assert_eq!(parse_duration(&text).is_some(), !text.is_empty() && pattern.is_match(&text), "{}", text);
        }
    }

    #[test]
    fn a_fraction_of_any_length_that_is_allowed_is_exact() {
        for (unit, size, digits) in UNITS {
            let parts = 10u128.pow(u32::try_from(digits).unwrap());
            assert!(u128::from(size).is_multiple_of(parts), "{unit}");
            assert!(!u128::from(size).is_multiple_of(parts * 10), "{unit} could have more");
        }
    }
}
