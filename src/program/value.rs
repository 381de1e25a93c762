//! What a slot holds and an expression yields. Kept small and typed: a number that was captured goes out as a number.
//! This file knows how a value is read from JSON and written again; how two values compare is the matchers' matter.

use serde::de::{self, Deserializer, Visitor};

use super::json;

/// A value of the plan's language. It is JSON's, with strings apart from JSON texts so that neither is parsed twice.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Value {
    /// No value yet: the capture has not been made. The compiler proves that such a slot is not read.
    #[default]
    Unset,
    /// `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number that fits.
    Int(i64),
    /// Any other number that a double holds.
    Float(f64),
    /// Text, unescaped.
    Text(String),
    /// The JSON text of a list, a map, or a number that would lose digits as [`Value::Int`] or [`Value::Float`].
    Json(String),
}

/// The text is not one JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotJson;

impl std::fmt::Display for NotJson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not one JSON value")
    }
}

impl std::error::Error for NotJson {}

impl Value {
    /// The value of a JSON text. A number keeps every digit: it is [`Value::Json`] where writing it as an integer or a
    /// double would give other characters.
    pub fn from_json_text(text: &str) -> Result<Self, NotJson> {
        let mut value = Self::Unset;
        value.set_json_text(text)?;
        Ok(value)
    }

    /// The value of a parsed JSON tree.
    pub fn from_json(json: &serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(bool) => Self::Bool(*bool),
            serde_json::Value::Number(number) => Self::from_number(number),
            serde_json::Value::String(text) => Self::Text(text.clone()),
            serde_json::Value::Array(_) | serde_json::Value::Object(_) => Self::Json(json.to_string()),
        }
    }

    /// The value of a parsed number.
    pub fn from_number(number: &serde_json::Number) -> Self {
        match (number.as_i64(), number.as_f64()) {
            (Some(int), _) => Self::Int(int),
            (None, Some(float)) if number.is_f64() => Self::Float(float),
            _ => Self::Json(number.to_string()),
        }
    }

    /// The value as a JSON tree. Numbers beyond 64 bits become doubles there, which is why nothing on the way from a
    /// capture to a message goes through a tree.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Unset | Self::Null => serde_json::Value::Null,
            Self::Bool(bool) => (*bool).into(),
            Self::Int(int) => (*int).into(),
            Self::Float(float) => (*float).into(),
            Self::Text(text) => text.as_str().into(),
            Self::Json(text) => serde_json::from_str(text).unwrap_or_default(),
        }
    }

    /// Takes the value of a JSON text, keeping the memory that this value already has for text.
    pub fn set_json_text(&mut self, text: &str) -> Result<(), NotJson> {
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
        match text.as_bytes().first() {
            Some(b'"') => {
                let mut buffer = self.take_buffer();
                let mut source = serde_json::Deserializer::from_str(text);
                source.deserialize_str(Unescape(&mut buffer)).map_err(|_| NotJson)?;
                source.end().map_err(|_| NotJson)?;
                *self = Self::Text(buffer);
            }
            Some(b'n') if text == "null" => *self = Self::Null,
            Some(b't') if text == "true" => *self = Self::Bool(true),
            Some(b'f') if text == "false" => *self = Self::Bool(false),
            Some(b'-' | b'0'..=b'9') => return self.set_number(text),
            Some(b'{' | b'[') => {
                serde_json::from_str::<de::IgnoredAny>(text).map_err(|_| NotJson)?;
                self.set_json_unchecked(text);
            }
            _ => return Err(NotJson),
        }
        Ok(())
    }

    /// Takes a text, keeping the memory that this value already has for text.
    pub fn set_text(&mut self, text: &str) {
        let mut buffer = self.take_buffer();
        buffer.push_str(text);
        *self = Self::Text(buffer);
    }

    /// Takes another value, keeping the memory that this value already has for text.
    pub fn assign(&mut self, other: &Self) {
        match other {
            Self::Text(text) => self.set_text(text),
            Self::Json(text) => self.set_json_unchecked(text),
            other => *self = other.clone(),
        }
    }

    fn set_json_unchecked(&mut self, text: &str) {
        let mut buffer = self.take_buffer();
        buffer.push_str(text);
        *self = Self::Json(buffer);
    }

    fn set_number(&mut self, text: &str) -> Result<(), NotJson> {
        let number: serde_json::Number = serde_json::from_str(text).map_err(|_| NotJson)?;
        let mut written = json::Stack::<32>::new();
        let typed = match (number.as_i64(), number.as_f64()) {
            (Some(int), _) if written.write_json(&int) => Self::Int(int),
            (None, Some(float)) if written.write_json(&float) => Self::Float(float),
            _ => Self::Unset,
        };
        // `-0`, `1.50`, `1e3` and whatever no double holds are kept as they came.
        if written.as_str() == text {
            *self = typed;
        } else {
            self.set_json_unchecked(text);
        }
        Ok(())
    }

    /// Empties the value and hands out its memory.
    fn take_buffer(&mut self) -> String {
        match std::mem::take(self) {
            Self::Text(mut buffer) | Self::Json(mut buffer) => {
                buffer.clear();
                buffer
            }
            _ => String::new(),
        }
    }

    /// Writes the value as text: a string as it is, anything else as its JSON.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => out.extend_from_slice(text.as_bytes()),
            other => other.write_json(out),
        }
    }

    /// Writes the value as JSON. What JSON has no number for (an unset value, a double that is not finite) is `null`.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            Self::Unset | Self::Null => out.extend_from_slice(b"null"),
            Self::Bool(true) => out.extend_from_slice(b"true"),
            Self::Bool(false) => out.extend_from_slice(b"false"),
            Self::Int(int) => json::write_int(*int, out),
            Self::Float(float) => json::write_float(*float, out),
            Self::Text(text) => json::write_string(text, out),
            Self::Json(text) => out.extend_from_slice(text.as_bytes()),
        }
    }

    /// Writes what stands inside the quotes of a JSON string for this value.
    pub fn write_in_json_string(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) | Self::Json(text) => json::write_escaped(text, out),
            other => other.write_json(out),
        }
    }

    /// The value as JSON text.
    pub fn to_json_text(&self) -> String {
        let mut out = Vec::new();
        self.write_json(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    /// The value as text.
    pub fn to_text(&self) -> String {
        let mut out = Vec::new();
        self.write_text(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    /// Whether `{{#if}}` holds: not for nothing, `false`, zero, the empty string, the empty list and the empty map.
    pub fn is_truthy(&self) -> bool {
        match self {
            Self::Unset | Self::Null => false,
            Self::Bool(bool) => *bool,
            Self::Int(int) => *int != 0,
            Self::Float(float) => *float != 0.0 && !float.is_nan(),
            Self::Text(text) => !text.is_empty(),
            Self::Json(text) => match text.as_bytes().first() {
                Some(b'{' | b'[') => text[1..text.len() - 1].bytes().any(|byte| !byte.is_ascii_whitespace()),
                _ => text
                    .bytes()
                    .take_while(|byte| !matches!(byte, b'e' | b'E'))
                    .any(|b| b.is_ascii_digit() && b != b'0'),
            },
        }
    }

    /// The whole number that the value is, or that its text spells (what comes from the environment is text).
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(int) => Some(*int),
            Self::Text(text) => text.trim().parse().ok(),
            // Kept as text only because it is spelt unusually: `-0`, `1e3`, `5.0`.
            Self::Float(_) | Self::Json(_) => {
                let float = self.as_float().filter(|float| float.fract() == 0.0 && float.abs() <= EXACT)?;
                #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
                Some(float as i64)
            }
            _ => None,
        }
    }

    /// The number that the value is, or that its text spells, as the nearest double.
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Self::Int(int) => Some(*int as f64),
            Self::Float(float) => Some(*float),
            Self::Text(text) => text.trim().parse().ok().filter(|float: &f64| float.is_finite()),
            Self::Json(text) if !text.starts_with(['{', '[']) => text.parse().ok(),
            _ => None,
        }
    }

    /// The JSON text of a list or a map.
    pub fn as_container(&self) -> Option<&str> {
        match self {
            Self::Json(text) if text.starts_with(['{', '[']) => Some(text),
            _ => None,
        }
    }

    /// What the value is, with its article, for messages: `a number`, `a list`.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Unset => "an unset value",
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Text(_) => "a string",
            Self::Json(text) if text.starts_with('{') => "a map",
            Self::Json(text) if text.starts_with('[') => "a list",
            Self::Int(_) | Self::Float(_) | Self::Json(_) => "a number",
        }
    }
}

/// Up to here every whole number is a double.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// As JSON, for `--emit json` and for events.
impl serde::Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Json(text) => serde_json::value::RawValue::from_string(text.clone())
                .map_err(serde::ser::Error::custom)?
                .serialize(serializer),
            Self::Unset | Self::Null => serializer.serialize_unit(),
            Self::Bool(bool) => serializer.serialize_bool(*bool),
            Self::Int(int) => serializer.serialize_i64(*int),
            Self::Float(float) => serializer.serialize_f64(*float),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

/// Unescapes a JSON string into memory that is already there.
struct Unescape<'a>(&'a mut String);

impl Visitor<'_> for Unescape<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        self.0.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_text_is_typed_and_numbers_keep_their_digits() {
        let cases = [
            ("null", Value::Null),
            (" true ", Value::Bool(true)),
            ("17", Value::Int(17)),
            ("-9223372036854775808", Value::Int(i64::MIN)),
            ("9223372036854775808", Value::Json("9223372036854775808".into())),
            ("0.5", Value::Float(0.5)),
            ("1.50", Value::Json("1.50".into())),
            ("-0", Value::Json("-0".into())),
            ("1e3", Value::Json("1e3".into())),
            ("0.1234567890123456789", Value::Json("0.1234567890123456789".into())),
            (r#""a\n\u00e9""#, Value::Text("a\né".into())),
            (r#"{"a": [1]}"#, Value::Json(r#"{"a": [1]}"#.into())),
        ];
        for (text, value) in cases {
            assert_eq!(Value::from_json_text(text), Ok(value.clone()), "{text}");
            if !matches!(value, Value::Text(_)) {
                assert_eq!(value.to_json_text(), text.trim());
            }
        }
        for text in ["", "nul", "01", "1.", "'a'", "\"a", "{", "[1,]", "1 2", "\"a\" b", "NaN", "-", "1e999"]
        {
            assert_eq!(Value::from_json_text(text), Err(NotJson), "{text}");
        }
    }

    #[test]
    fn refilling_keeps_the_memory() {
        let mut value = Value::Text("0123456789".into());
        let Value::Text(before) = &value else { unreachable!() };
        let address = before.as_ptr();
        value.set_json_text(r#"{"a":1}"#).unwrap();
        value.set_json_text(r#""x\ty""#).unwrap();
        value.assign(&Value::Text("abc".into()));
        let Value::Text(after) = &value else { panic!("{value:?}") };
        assert_eq!((after.as_ptr(), after.as_str()), (address, "abc"));
    }

    #[test]
    fn truth_is_that_of_handlebars() {
        let falsy = ["null", "false", "0", "0.0", "-0", "\"\"", "[]", "[ ]", "{}"];
        let truthy =
            ["true", "1", "-0.5", "\"0\"", "[0]", "{\"a\":null}", "123456789012345678901234567890", "1e-300"];
        for text in falsy {
            assert!(!Value::from_json_text(text).unwrap().is_truthy(), "{text}");
        }
        for text in truthy {
            assert!(Value::from_json_text(text).unwrap().is_truthy(), "{text}");
        }
    }

    #[test]
    fn text_that_spells_a_number_counts_as_one() {
        assert_eq!(Value::Text(" 12 ".into()).as_int(), Some(12));
        assert_eq!(Value::Json("1e3".into()).as_int(), Some(1000));
        assert_eq!(Value::Float(2.5).as_int(), None);
        assert_eq!(Value::Json("[1]".into()).as_float(), None);
        assert_eq!(Value::Text("inf".into()).as_float(), None);
    }
}
