//! Decimal numbers, and shares as percentages.

/// Digits with at most one dot among them: none of the other forms that `f64` reads.
pub fn parse_decimal(text: &str) -> Option<f64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let number = (digits(whole) && digits(fraction)).then(|| text.parse::<f64>().ok())??;
    number.is_finite().then_some(number)
}

/// The pattern of a share, of ECMA-262 and of Rust alike: what [`parse_share`] reads, without needless zeros before it.
pub const SHARE_PATTERN: &str = r"^(100(\.0+)?|[0-9]{1,2}(\.[0-9]{1,9})?)%$";

/// Reads `0.1%` as 0.001. The percent sign is required, because `0.1` could mean either; `None` also of more than
/// `100%`.
pub fn parse_share(text: &str) -> Option<f64> {
    let percent = parse_decimal(text.strip_suffix('%')?)?;
    (percent <= 100.0).then_some(percent / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_one_form() {
        for (text, number) in [("0", 0.0), ("99.9", 99.9), ("007", 7.0)] {
            assert_eq!(parse_decimal(text), Some(number), "{text}");
        }
        for text in
            ["", ".", ".5", "5.", "1.2.3", "-1", "+1", "1e3", "inf", "nan", "1_000", " 1", &"9".repeat(400)]
        {
            assert_eq!(parse_decimal(text), None, "{text:?}");
        }
    }

    #[test]
    fn shares_are_percentages() {
        assert_eq!(parse_share("0%"), Some(0.0));
        assert_eq!(parse_share("100%"), Some(1.0));
        assert!((parse_share("0.1%").unwrap() - 0.001).abs() < 1e-12);
        for text in ["", "0.1", "%", "101%", "100.1%", "-1%", "nan%", "1%%", "1 %"] {
            assert_eq!(parse_share(text), None, "{text:?}");
        }
    }
}
