//! Durations, shares and sizes as they are typed on a command line: `5ms`, `1m30s`, `0.1%`, `64KiB`.
//!
//! Not the plan language's: these take a bare text and no span, so that the servers need no other room.

use std::fmt;
use std::time::Duration;

/// Why a typed quantity was refused. Each carries what was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuantityError {
    /// Not a number with units of time, such as `250ms` or `1m30s`.
    Duration(String),
    /// Not a percentage, or outside 0% to 100%.
    Share(String),
    /// Not a whole number of bytes with an optional unit.
    Size(String),
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duration(text) => {
                write!(f, "`{text}` is not a duration; write a number and its unit, such as 5ms, 2s or 1m30s")
            }
            Self::Share(text) => {
                write!(f, "`{text}` is not a share; write a percentage from 0% to 100%, such as 0.1%")
            }
            Self::Size(text) => {
                write!(f, "`{text}` is not a size; write a number of bytes or a unit, such as 64KiB or 16MiB")
            }
        }
    }
}

impl std::error::Error for QuantityError {}

/// Units of time with their length in nanoseconds. `us` is typed more easily than `µs`; both are read.
const TIME_UNITS: [(&str, f64); 8] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 60e9),
    ("h", 3600e9),
    ("d", 86_400e9),
];

/// The longest duration taken, 365 days: sums of deadlines then stay far from overflow.
const LONGEST_SECONDS: f64 = 365.0 * 24.0 * 3600.0;

/// Reads `5ms`, `1.5s`, `1m30s`. A bare number is refused, except `0`, which needs no unit.
pub fn duration(text: &str) -> Result<Duration, QuantityError> {
    let refused = || QuantityError::Duration(text.to_owned());
    let mut rest = text.trim();
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(refused());
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let (number, after) = leading_number(rest).ok_or_else(refused)?;
        let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, remaining) = after.split_at(unit_end);
        let &(_, nanoseconds) =
            TIME_UNITS.iter().find(|(name, _)| *name == unit.trim()).ok_or_else(refused)?;
        seconds += number * nanoseconds / 1e9;
        rest = remaining;
    }
    if seconds > LONGEST_SECONDS {
        return Err(refused());
    }
    Ok(Duration::from_secs_f64(seconds))
}

/// Reads `0.1%` as 0.001. The percent sign is required: `0.1` could mean either.
pub fn share(text: &str) -> Result<f64, QuantityError> {
    let refused = || QuantityError::Share(text.to_owned());
    let number = text.trim().strip_suffix('%').ok_or_else(refused)?;
    match leading_number(number.trim_end()) {
        Some((percent, "")) if percent <= 100.0 => Ok(percent / 100.0),
        _ => Err(refused()),
    }
}

/// Reads `65536`, `64KiB`, `16MiB`, `1GB` as a number of bytes.
pub fn size(text: &str) -> Result<usize, QuantityError> {
    let refused = || QuantityError::Size(text.to_owned());
    let trimmed = text.trim();
    let digits = trimmed.find(|c: char| !c.is_ascii_digit()).unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(digits);
    let scale: usize = match unit.trim() {
        "" | "B" => 1,
        "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(refused()),
    };
    number.parse::<usize>().ok().and_then(|number| number.checked_mul(scale)).ok_or_else(refused)
}

/// The unsigned decimal number at the start of `text`, and what follows it. No exponent, sign or `inf`.
fn leading_number(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    Some((number.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(duration("5ms"), Ok(Duration::from_millis(5)));
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("250us"), Ok(Duration::from_micros(250)));
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        for wrong in ["", "5", "ms", "-5ms", "5 apples", "1e9s", "1..2s", "infs", "9000000h", "5ms3"] {
            assert_eq!(duration(wrong), Err(QuantityError::Duration(wrong.to_owned())), "{wrong}");
        }
    }

    #[test]
    fn shares_are_percentages() {
        assert_eq!(share("0%"), Ok(0.0));
        assert_eq!(share("100%"), Ok(1.0));
        assert!((share("0.1%").unwrap() - 0.001).abs() < 1e-12);
        for wrong in ["0.1", "%", "101%", "-1%", "nan%", "1%%"] {
            assert_eq!(share(wrong), Err(QuantityError::Share(wrong.to_owned())), "{wrong}");
        }
    }

    #[test]
    fn sizes_are_binary_or_decimal() {
        assert_eq!(size("100"), Ok(100));
        assert_eq!(size("64KiB"), Ok(65_536));
        assert_eq!(size("16MiB"), Ok(16 << 20));
        assert_eq!(size("1KB"), Ok(1_000));
        for wrong in ["", "KiB", "1kb", "-1", "1.5MiB", "99999999999999GiB"] {
            assert_eq!(size(wrong), Err(QuantityError::Size(wrong.to_owned())), "{wrong}");
        }
    }
}
