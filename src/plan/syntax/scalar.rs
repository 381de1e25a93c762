//! What a plain scalar means: the core schema of YAML 1.2 (section 10.3.2), which is JSON's with a few more
//! spellings, less the numbers that do not survive the way to JSON or that two readers read differently.
//!
//! `on`, `yes` and `1_000` are strings there; `0x1F` and `0o17` are numbers.

use serde_json::Number;
use serde_saphyr::granit_parser::{ScalarStyle, Tag};

use super::NodeKind;

/// Why a scalar that looks like a value is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// `.inf`, `.nan`.
    NotFinite,
    /// More than 64 bits.
    TooLarge,
    /// `0777`: octal to some, decimal to others.
    LeadingZero,
    /// A tag that the text does not fit, as in `!!int x`.
    NotOfTag,
    /// A tag other than YAML's own for the JSON kinds.
    UnknownTag,
}

/// Reads a scalar by its tag, its quotes and its text, in this order.
pub(super) fn read(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<NodeKind, Refused> {
    let Some(tag) = tag else {
        return if style == ScalarStyle::Plain { plain(text) } else { Ok(NodeKind::String(text.to_owned())) };
    };
    // A lone `!` says "no kind of its own", which for a scalar is text.
    if tag.handle().is_empty() && tag.suffix() == "!" {
        return Ok(NodeKind::String(text.to_owned()));
    }
    let kind = match tag.core_suffix() {
        // The parser writes an absent value as `~`; whoever writes one himself and calls it text means text.
        Some("str") => return Ok(NodeKind::String(text.to_owned())),
        Some("int" | "float" | "bool" | "null") => plain(text)?,
        _ => return Err(Refused::UnknownTag),
    };
    let fits = match (tag.core_suffix(), &kind) {
        (Some("int"), NodeKind::Number(number)) => !number.is_f64(),
        (Some("float"), NodeKind::Number(_))
        | (Some("bool"), NodeKind::Bool(_))
        | (Some("null"), NodeKind::Null) => true,
        _ => false,
    };
    if fits { Ok(kind) } else { Err(Refused::NotOfTag) }
}

fn plain(text: &str) -> Result<NodeKind, Refused> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => NodeKind::Null,
        "true" | "True" | "TRUE" => NodeKind::Bool(true),
        "false" | "False" | "FALSE" => NodeKind::Bool(false),
        _ => match number(text)? {
            Some(number) => NodeKind::Number(number),
            None => NodeKind::String(text.to_owned()),
        },
    })
}

fn number(text: &str) -> Result<Option<Number>, Refused> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Err(Refused::NotFinite);
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let all = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
            return match u64::from_str_radix(digits, radix) {
                _ if !all => Ok(None),
                Ok(value) => Ok(Some(value.into())),
                Err(_) => Err(Refused::TooLarge),
            };
        }
    }
    let Some(shape) = Shape::of(unsigned) else { return Ok(None) };
    if unsigned.len() > 1 && unsigned.starts_with('0') && unsigned.as_bytes()[1].is_ascii_digit() {
        return Err(Refused::LeadingZero);
    }
    let value: Number = serde_json::from_str(&shape.to_json(text)).map_err(|_| Refused::TooLarge)?;
    // serde_json turns integers over 64 bits into floats, which would send other digits than were written.
    if value.is_f64() && shape.is_integer() && unsigned != "0" {
        return Err(Refused::TooLarge);
    }
    Ok(Some(value))
}

/// The parts of a decimal number without its sign: `[0-9]* (. [0-9]*)? (e [-+]? [0-9]+)?` with at least a digit
/// before the `e`.
struct Shape<'a> {
    whole: &'a str,
    fraction: Option<&'a str>,
    exponent: Option<&'a str>,
}

impl<'a> Shape<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (text, None),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        let exponent_digits = exponent.map(|e| e.strip_prefix(['-', '+']).unwrap_or(e));
        let holds = digits(whole)
            && digits(fraction.unwrap_or(""))
            && !(whole.is_empty() && fraction.unwrap_or("").is_empty())
            && exponent_digits.is_none_or(|e| !e.is_empty() && digits(e));
        holds.then_some(Self { whole, fraction, exponent })
    }

    fn is_integer(&self) -> bool {
        self.fraction.is_none() && self.exponent.is_none()
    }

    /// As JSON spells it, which wants a digit on both sides of the point and no plus.
    fn to_json(&self, original: &str) -> String {
        let or_zero = |digits: &'a str| if digits.is_empty() { "0" } else { digits };
        let mut json = String::with_capacity(original.len() + 2);
        json.push_str(if original.starts_with('-') { "-" } else { "" });
        json.push_str(or_zero(self.whole));
        if let Some(fraction) = self.fraction {
            json.push('.');
            json.push_str(or_zero(fraction));
        }
        if let Some(exponent) = self.exponent {
            json.push('e');
            json.push_str(exponent);
        }
        json
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Result<String, Refused> {
        read(text, ScalarStyle::Plain, None).map(|kind| match kind {
            NodeKind::Null => "null".to_owned(),
            NodeKind::Bool(value) => value.to_string(),
            NodeKind::Number(value) => value.to_string(),
            NodeKind::String(value) => format!("{value:?}"),
            NodeKind::List(_) | NodeKind::Map(_) => unreachable!("a scalar"),
        })
    }

    #[test]
    fn numbers_of_the_core_schema() {
        for (text, expected) in [
            ("0", "0"),
            ("-0", "-0.0"),
            ("+12", "12"),
            ("18446744073709551615", "18446744073709551615"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("1e5", "100000.0"),
            ("1E+5", "100000.0"),
            ("-1.5e-3", "-0.0015"),
            (".5", "0.5"),
            ("1.", "1.0"),
            ("0.5", "0.5"),
            ("0x1F", "31"),
            ("0o17", "15"),
            ("1e-400", "0.0"),
        ] {
            assert_eq!(json(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_only_resembles_a_number_is_text() {
        for text in [
            "1_000",
            "1.2.3",
            "12:30",
            "2024-01-01",
            "0b101",
            "0xG",
            "0x",
            "e5",
            ".",
            "-",
            "+",
            "1e",
            "1e+",
            "-0x1F",
            "--1",
        ] {
            assert_eq!(json(text), Ok(format!("{text:?}")), "{text}");
        }
    }

    #[test]
    fn numbers_that_json_cannot_hold_are_refused() {
        for text in [".inf", "-.Inf", "+.INF", ".nan", ".NaN"] {
            assert_eq!(json(text), Err(Refused::NotFinite), "{text}");
        }
        for text in ["1E400", "-1e999", "18446744073709551616", "-9223372036854775809", "0xFFFFFFFFFFFFFFFFF"]
        {
            assert_eq!(json(text), Err(Refused::TooLarge), "{text}");
        }
        for text in ["0777", "007", "-01", "00.5"] {
            assert_eq!(json(text), Err(Refused::LeadingZero), "{text}");
        }
    }

    #[test]
    fn words_are_booleans_only_where_yaml_1_2_says_so() {
        assert_eq!(json("true").as_deref(), Ok("true"));
        assert_eq!(json("False").as_deref(), Ok("false"));
        for text in ["yes", "no", "on", "off", "y", "tRUE"] {
            assert_eq!(json(text), Ok(format!("{text:?}")), "{text}");
        }
        assert_eq!(json("~").as_deref(), Ok("null"));
    }

    #[test]
    fn quoted_text_stays_text() {
        for style in
            [ScalarStyle::SingleQuoted, ScalarStyle::DoubleQuoted, ScalarStyle::Literal, ScalarStyle::Folded]
        {
            assert_eq!(read("0777", style, None), Ok(NodeKind::String("0777".into())));
            assert_eq!(read("", style, None), Ok(NodeKind::String(String::new())));
        }
    }
}
