//! Percentiles as somebody asks for them, and those that are shown to everybody.

use std::fmt;

use crate::quantity::parse_decimal;

/// A percentile: the time that so many of a hundred recordings do not exceed. Over 0 and at most 100.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Percentile(f64);

impl Percentile {
    /// Those that are shown to everybody.
    pub const SHOWN: [Self; 5] = [Self(50.0), Self(90.0), Self(95.0), Self(99.0), Self(99.9)];

    /// The percentiles of a list such as `50,90,99.9`, in its order.
    ///
    /// # Errors
    /// What is wrong with the first that is none, or that was there before.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, PercentileError> {
        let mut percentiles: Vec<Self> = Vec::new();
        for part in text.split(',').map(str::trim) {
            let percentile = match parse_decimal(part) {
                Some(percent) if percent > 0.0 && percent <= 100.0 => Self(percent),
                Some(_) => return Err(PercentileError::OutOfRange(part.to_owned())),
                None => return Err(PercentileError::NotANumber(part.to_owned())),
            };
            if percentiles.contains(&percentile) {
                return Err(PercentileError::Twice(part.to_owned()));
            }
            percentiles.push(percentile);
        }
        Ok(percentiles)
    }

    /// So many of a hundred.
    pub fn percent(self) -> f64 {
        self.0
    }

    /// Whether it is the longest.
    pub fn is_max(self) -> bool {
        self.0 >= 100.0
    }
}

/// `p50`, `p99.9`.
impl fmt::Display for Percentile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p{}", self.0)
    }
}

/// What is wrong with a list of percentiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PercentileError {
    /// It is no decimal number.
    NotANumber(String),
    /// It is 0 or over 100.
    OutOfRange(String),
    /// It stands in the list already.
    Twice(String),
}

impl fmt::Display for PercentileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotANumber(text) => {
                write!(f, "`{text}` is no percentile: a list is needed, such as 50,90,99.9")
            }
            Self::OutOfRange(text) => {
                write!(f, "`{text}` is no percentile: they are over 0 and at most 100, as in 50,90,99.9")
            }
            Self::Twice(text) => write!(f, "`{text}` is there twice"),
        }
    }
}

impl std::error::Error for PercentileError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_each_percentile_once_and_keeps_its_order() {
        let list = Percentile::parse_list("50,66, 99.9,75,100,0.1").unwrap();
        let shown: Vec<_> = list.iter().map(Percentile::to_string).collect();
        assert_eq!(shown, ["p50", "p66", "p99.9", "p75", "p100", "p0.1"]);
        for (text, error) in [
            ("0", PercentileError::OutOfRange("0".into())),
            ("50,101", PercentileError::OutOfRange("101".into())),
            ("100.1", PercentileError::OutOfRange("100.1".into())),
            ("abc", PercentileError::NotANumber("abc".into())),
            ("", PercentileError::NotANumber(String::new())),
            ("50,,90", PercentileError::NotANumber(String::new())),
            ("p50", PercentileError::NotANumber("p50".into())),
            ("-1", PercentileError::NotANumber("-1".into())),
            ("50%", PercentileError::NotANumber("50%".into())),
            ("nan", PercentileError::NotANumber("nan".into())),
            ("50,90,50.0", PercentileError::Twice("50.0".into())),
        ] {
            assert_eq!(Percentile::parse_list(text), Err(error), "{text}");
        }
    }
}
