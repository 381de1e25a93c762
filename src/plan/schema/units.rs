//! Quantities with their units, as plans and command lines write them: `250ms`, `1m30s`, `64KiB`.

use std::time::Duration;

/// The pattern of a length of time, for the JSON Schema; an empty text, which it lets through, is none.
pub(super) fn duration_pattern() -> String {
    let parts = DURATION_UNITS.iter().rev().map(|(unit, _)| format!(r"([0-9]+(\.[0-9]{{1,12}})?{unit})?"));
    format!("^{}$", parts.collect::<String>())
}

/// The pattern of a number of bytes, for the JSON Schema.
pub(super) const SIZE_PATTERN: &str = r"^[0-9]+ ?(B|KB|KiB|MB|MiB|GB|GiB)$";

/// The units of time, from the smallest, with their nanoseconds.
const DURATION_UNITS: [(&str, u64); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// Parses a length of time: numbers with units `ns us ms s m h d`, from the largest unit to the smallest, each at
/// most once and without spaces. `None` where it is anything else or overflows.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut last_unit = u64::MAX;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let number_len = rest.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        let (number, tail) = rest.split_at(number_len);
        let unit_len = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, tail) = tail.split_at(unit_len);
        let (_, nanos_per_unit) = DURATION_UNITS.into_iter().find(|(known, _)| *known == unit)?;
        if nanos_per_unit >= last_unit {
            return None;
        }
        last_unit = nanos_per_unit;
        total = total.checked_add(quantity(number, nanos_per_unit)?)?;
        rest = tail;
    }
    (last_unit != u64::MAX).then_some(total)
}

/// `number` (digits with at most one inner point) of a unit, exact in nanoseconds.
fn quantity(number: &str, nanos_per_unit: u64) -> Option<Duration> {
    let (whole, fraction) = number.split_once('.').map_or((number, None), |(w, f)| (w, Some(f)));
    let mut nanos = u128::from(whole.parse::<u64>().ok()?) * u128::from(nanos_per_unit);
    if let Some(fraction) = fraction {
        if fraction.is_empty() || fraction.len() > 12 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let scale = 10u128.pow(u32::try_from(fraction.len()).ok()?);
        nanos += fraction.parse::<u128>().ok()? * u128::from(nanos_per_unit) / scale;
    }
    Some(Duration::from_nanos(u64::try_from(nanos).ok()?))
}

/// Parses a number of bytes: `B`, decimal `KB MB GB` (1000) or binary `KiB MiB GiB` (1024).
pub fn parse_size(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor = match unit.strip_prefix(' ').unwrap_or(unit) {
        "B" => 1,
        "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let cases = [
            ("250ms", Some(Duration::from_millis(250))),
            ("1m30s", Some(Duration::from_secs(90))),
            ("0s", Some(Duration::ZERO)),
            ("1.5s", Some(Duration::from_millis(1500))),
            ("2d", Some(Duration::from_hours(48))),
            ("7us", Some(Duration::from_micros(7))),
            ("", None),
            ("5", None),
            ("s", None),
            ("30s1m", None),
            ("1s1s", None),
            ("1.s", None),
            (".5s", None),
            ("1..5s", None),
            ("-1s", None),
            ("1 s", None),
            ("99999999999999999999h", None),
            ("18446744073709551615h", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_duration(text), expected, "{text:?}");
        }
    }

    #[test]
    fn sizes() {
        let cases = [
            ("64KiB", Some(65_536)),
            ("1 MB", Some(1_000_000)),
            ("0B", Some(0)),
            ("64", None),
            ("KiB", None),
            ("1kb", None),
            ("99999999999GiB", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_size(text), expected, "{text:?}");
        }
    }

    /// The parsers are stricter only about what overflows.
    #[test]
    fn patterns_accept_what_the_parsers_accept() {
        let duration = regex::Regex::new(&duration_pattern()).unwrap();
        let size = regex::Regex::new(SIZE_PATTERN).unwrap();
        let texts = ["250ms", "1m30s", "0s", "1.5s", "2d", "1d2h3m4s5ms6us7ns", "1.5m0.25s", "1h1s"];
        let refused = ["5", "s", "-1s", "1 s", "30s1m", "1s1s", "1.s", ".5s", "1..5s", "1.0123456789012s"];
        for text in texts.into_iter().chain(refused) {
            assert_eq!(duration.is_match(text), parse_duration(text).is_some(), "{text:?}");
        }
        for text in ["64KiB", "1 MB", "0B", "64", "KiB", "1kb"] {
            assert_eq!(size.is_match(text), parse_size(text).is_some(), "{text:?}");
        }
    }
}
