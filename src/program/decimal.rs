//! Numbers as JSON writes them, compared by value. A double would take two neighbouring 17-digit ids for the same,
//! so the digits themselves are compared: exact for any length and any exponent, and nothing is allocated.

use std::cmp::Ordering;

/// Compares two JSON numbers (RFC 8259 section 6) by value: `1`, `1.0` and `10e-1` are equal.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let (left, right) = (Decimal::read(left), Decimal::read(right));
    match (left.sign(), right.sign()) {
        (1, 1) => left.compare_magnitude(&right),
        (-1, -1) => right.compare_magnitude(&left),
        (left, right) => left.cmp(&right),
    }
}

/// Whether the value is a whole number, however it is written: `1`, `1.0`, `1e3`.
pub(super) fn is_whole(number: &str) -> bool {
    let number = Decimal::read(number);
    number.sign() == 0 || number.point >= number.digits().count().try_into().unwrap_or(i64::MAX)
}

/// A number in the one form that all its spellings have.
pub(super) enum Canonical<D> {
    /// A whole number that fits.
    Int(i64),
    /// Any other: `0.d1d2d3... * 10^point`, with `d1` not zero and no zeros at the end.
    Decimal {
        /// Whether it is below zero.
        negative: bool,
        /// The power of ten.
        point: i64,
        /// `d1`, `d2`, ... as ASCII.
        digits: D,
    },
}

/// The canonical form of a JSON number.
pub(super) fn canonical(number: &str) -> Canonical<impl Iterator<Item = u8>> {
    let number = Decimal::read(number);
    match number.as_int() {
        Some(int) => Canonical::Int(int),
        None => Canonical::Decimal {
            negative: number.negative,
            point: number.point,
            digits: number.into_digits().copied(),
        },
    }
}

/// `0.d1d2d3... * 10^point`, with `d1` not zero and no zeros at the end; no digits at all for zero.
struct Decimal<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    point: i64,
}

impl<'a> Decimal<'a> {
    fn read(text: &'a str) -> Self {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        // Digits only, so a parse that fails is one that overflows.
        let saturated = if exponent.starts_with('-') { i64::MIN } else { i64::MAX };
        let exponent = exponent.parse().unwrap_or(saturated);
        let leading_zero_count = |digits: &str| digits.bytes().take_while(|&digit| digit == b'0').count();
        let fraction = fraction.trim_end_matches('0');
        let shift = match whole.trim_start_matches('0').len() {
            0 => -i64::try_from(leading_zero_count(fraction)).unwrap_or(i64::MAX),
            digits => i64::try_from(digits).unwrap_or(i64::MAX),
        };
        let whole = if fraction.is_empty() { whole.trim_end_matches('0') } else { whole };
        Self {
            negative,
            whole: whole.as_bytes(),
            fraction: fraction.as_bytes(),
            point: i64::saturating_add(exponent, shift),
        }
    }

    fn digits(&self) -> impl Iterator<Item = &u8> {
        self.whole.iter().chain(self.fraction).skip_while(|&&digit| digit == b'0')
    }

    fn into_digits(self) -> impl Iterator<Item = &'a u8> {
        self.whole.iter().chain(self.fraction).skip_while(|&&digit| digit == b'0')
    }

    fn as_int(&self) -> Option<i64> {
        if self.sign() == 0 {
            return Some(0);
        }
        // No `i64` has more digits than 19.
        let digit_count = usize::try_from(self.point).ok().filter(|&count| count <= 19)?;
        let digits = self.digits().map(|&digit| i64::from(digit - b'0'));
        if self.digits().count() > digit_count {
            return None;
        }
        // Built up below zero, where there is room for one more.
        let negative = digits
            .chain(std::iter::repeat(0))
            .take(digit_count)
            .try_fold(0_i64, |int, digit| int.checked_mul(10)?.checked_sub(digit))?;
        if self.negative { Some(negative) } else { negative.checked_neg() }
    }

    fn sign(&self) -> i8 {
        match (self.digits().next(), self.negative) {
            (None, _) => 0,
            (Some(_), true) => -1,
            (Some(_), false) => 1,
        }
    }

    fn compare_magnitude(&self, other: &Self) -> Ordering {
        self.point.cmp(&other.point).then_with(|| self.digits().cmp(other.digits()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_compare_by_value() {
        let equal = [
            ["1", "1.0"],
            ["10e-1", "1"],
            ["1E3", "1000"],
            ["-0", "0.0e7"],
            ["0.001", "1e-3"],
            ["100", "1.00e+2"],
            ["12345678901234567890123", "1.2345678901234567890123e22"],
        ];
        for [left, right] in equal {
            assert_eq!(compare(left, right), Ordering::Equal, "{left} {right}");
            assert_eq!(compare(right, left), Ordering::Equal, "{right} {left}");
        }
        let less = [
            ["9007199254740992", "9007199254740993"],
            ["0.1", "0.10000000000000000001"],
            ["-2", "-1.5"],
            ["-1", "0"],
            ["0", "1e-400"],
            ["9", "10"],
            ["1e400", "1e401"],
            ["0.09", "0.1"],
            ["-1e99999999999999999999", "1e-99999999999999999999"],
        ];
        for [left, right] in less {
            assert_eq!(compare(left, right), Ordering::Less, "{left} {right}");
            assert_eq!(compare(right, left), Ordering::Greater, "{right} {left}");
        }
    }

    #[test]
    fn whole_numbers_are_whole_however_written() {
        for number in ["0", "-0.0", "0.0e-5", "1", "1.0", "-12e3", "1.25e2", "10"] {
            assert!(is_whole(number), "{number}");
        }
        for number in ["0.5", "1.25e1", "1e-1", "10.01"] {
            assert!(!is_whole(number), "{number}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_integers(left: i64, right: i64) {
            prop_assert_eq!(compare(&left.to_string(), &right.to_string()), left.cmp(&right));
        }

        #[test]
        fn agrees_with_doubles(left in -1e9..1e9f64, right in -1e9..1e9f64) {
            // The shortest text of a double lies nearer to it than to its neighbours: the order is the same.
            prop_assert_eq!(Some(compare(&format!("{left:?}"), &format!("{right:e}"))), left.partial_cmp(&right));
        }
    }
}
