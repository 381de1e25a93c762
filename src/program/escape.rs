//! How values are written at a place: the one answer for constants, which the compiler writes, and for slots, which
//! the machine writes.

use super::json;
use super::value::Value;

/// How a value is written at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Escape {
    /// As text.
    None,
    /// As text inside the quotes of a JSON string (RFC 8259 section 7).
    JsonString,
    /// As a JSON value of its own type.
    JsonValue,
    /// As text in the path or the query of a URL: all but the unreserved characters (RFC 3986 section 2.3) percent-encoded.
    Url,
}

impl Escape {
    /// The name in texts.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "text",
            Self::JsonString => "json_string",
            Self::JsonValue => "json",
            Self::Url => "url",
        }
    }

    /// Writes a value.
    pub fn write(self, value: &Value, out: &mut Vec<u8>) {
        match (self, value) {
            (_, Value::Text(text)) => self.write_text(text, out),
            (Self::JsonValue, value) => value.write_json(out),
            (Self::None, value) => value.write_text(out),
            (Self::JsonString, value) => value.write_in_json_string(out),
            (Self::Url, Value::Json(text)) => Self::write_percent_encoded(text, out),
            (Self::Url, value) => {
                let start = out.len();
                value.write_text(out);
                // Of numbers and words only `1e+300` holds a character that is not plain.
                if out[start..].contains(&b'+') {
                    let text = value.to_text();
                    out.truncate(start);
                    Self::write_percent_encoded(&text, out);
                }
            }
        }
    }

    /// Writes a string.
    pub fn write_text(self, text: &str, out: &mut Vec<u8>) {
        match self {
            Self::None => out.extend_from_slice(text.as_bytes()),
            Self::JsonString => json::write_escaped(text, out),
            Self::JsonValue => json::write_string(text, out),
            Self::Url => Self::write_percent_encoded(text, out),
        }
    }

    /// Writes what the author of a template wrote between values: as it is, but for the inside of a JSON string,
    /// whose quotes and backslashes the author did not mean for JSON.
    pub fn write_literal(self, text: &str, out: &mut Vec<u8>) {
        match self {
            Self::JsonString => json::write_escaped(text, out),
            _ => out.extend_from_slice(text.as_bytes()),
        }
    }

    /// RFC 3986 section 2.1. Servers give meaning to several of the reserved characters, so only the unreserved stay.
    fn write_percent_encoded(text: &str, out: &mut Vec<u8>) {
        const HEX: &[u8; 16] = b"0123456789ABCDEF";
        for &byte in text.as_bytes() {
            let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            if plain {
                out.push(byte);
            } else {
                out.extend_from_slice(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
        }
    }
}

/// Bytes as hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(escape: Escape, value: &Value) -> String {
        let mut out = Vec::new();
        escape.write(value, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_place_has_its_own_writing() {
        let text = Value::Text("a \"b\"/ü+".into());
        assert_eq!(written(Escape::None, &text), "a \"b\"/ü+");
        assert_eq!(written(Escape::JsonString, &text), r#"a \"b\"/ü+"#);
        assert_eq!(written(Escape::JsonValue, &text), r#""a \"b\"/ü+""#);
        assert_eq!(written(Escape::Url, &text), "a%20%22b%22%2F%C3%BC%2B");
        let list = Value::Json("[\"x\"]".into());
        assert_eq!(written(Escape::None, &list), "[\"x\"]");
        assert_eq!(written(Escape::JsonString, &list), r#"[\"x\"]"#);
        assert_eq!(written(Escape::JsonValue, &list), "[\"x\"]");
        assert_eq!(written(Escape::Url, &list), "%5B%22x%22%5D");
        for escape in [Escape::None, Escape::JsonString, Escape::JsonValue, Escape::Url] {
            assert_eq!(written(escape, &Value::Int(-7)), "-7");
            assert_eq!(written(escape, &Value::Null), "null");
        }
        assert_eq!(written(Escape::Url, &Value::Float(1e300)), "1e%2B300");
    }

    #[test]
    fn unreserved_characters_are_those_of_rfc_3986() {
        for byte in 0..=127u8 {
            let character = char::from(byte).to_string();
            let stays = written(Escape::Url, &Value::Text(character.clone())) == character;
            assert_eq!(
                stays,
                byte.is_ascii_alphanumeric() || "-._~".contains(char::from(byte)),
                "{character:?}"
            );
        }
    }
}
