//! Numbers of bytes.

/// The pattern of a number of bytes, of ECMA-262 and of Rust alike. [`parse_size`] refuses only what overflows.
pub const SIZE_PATTERN: &str = r"^[0-9]+ ?(B|KB|KiB|MB|MiB|GB|GiB)$";

/// Reads a whole number of `B`, decimal `KB MB GB` (1000) or binary `KiB MiB GiB` (1024), in bytes; one blank may stand
/// before the unit. `None` of anything else, also of a bare number.
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
    use proptest::prelude::*;

    #[test]
    fn sizes() {
        let cases = [
            ("64KiB", Some(65_536)),
            ("1 MB", Some(1_000_000)),
            ("16MiB", Some(16 << 20)),
            ("1GB", Some(1_000_000_000)),
            ("0B", Some(0)),
            ("", None),
            ("0", None),
            ("64", None),
            ("KiB", None),
            ("1kb", None),
            ("-1B", None),
            ("1.5MiB", None),
            ("1  MB", None),
            (" 1MB", None),
            ("99999999999GiB", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_size(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_has_the_pattern_is_read(text in "[0-9]{0,9} {0,2}[KMGiB]{0,3}") {
            let pattern = regex::Regex::new(SIZE_PATTERN).unwrap();
            prop_assert_eq!(parse_size(&text).is_some(), pattern.is_match(&text), "{}", text);
        }
    }
}
