//! A JSON value as conditions see it: it borrows its strings and numbers from the text it was read from, and a
//! number keeps every digit. The same type without borrowing is the constant operand of a condition. It is not
//! `serde_json::Value`, which owns its strings and turns long numbers into doubles.

use super::decimal;
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::{self, Display};

/// A JSON value. `==` compares by value: numbers as numbers, objects whatever their order.
#[derive(Debug, Clone, Default)]
pub enum Json<'a> {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number written without fraction or exponent that fits.
    Int(i64),
    /// Any other number, as written.
    Decimal(Cow<'a, str>),
    /// A string, unescaped.
    Text(Cow<'a, str>),
    /// An array.
    Array(Vec<Json<'a>>),
    /// An object; names are unique.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// The types that the operator `type` knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JsonType {
    /// A string.
    String,
    /// Any number.
    Number,
    /// A whole number, however it is written: `1`, `1.0`, `1e3`.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// An array.
    Array,
    /// An object.
    Object,
    /// `null`.
    Null,
}

impl JsonType {
    /// All of them, in the order in which they are listed for people.
    pub const ALL: [JsonType; 7] =
        [Self::String, Self::Number, Self::Integer, Self::Boolean, Self::Array, Self::Object, Self::Null];

    /// The word a plan uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Array => "array",
            Self::Object => "object",
            Self::Null => "null",
        }
    }

    /// The type that a plan's word means.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

impl<'a> Json<'a> {
    /// The member of an object.
    pub fn member(&self, name: &str) -> Option<&Json<'a>> {
        match self {
            Self::Object(members) => members.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The element of an array; a negative index counts from the end.
    pub fn element(&self, index: i64) -> Option<&Json<'a>> {
        let Self::Array(elements) = self else { return None };
        let distance = usize::try_from(index.unsigned_abs()).ok()?;
        elements.get(if index < 0 { elements.len().checked_sub(distance)? } else { distance })
    }

    /// Characters of a string, elements of an array, members of an object; nothing else has a length.
    pub fn length(&self) -> Option<usize> {
        match self {
            Self::Text(text) => Some(text.chars().count()),
            Self::Array(elements) => Some(elements.len()),
            Self::Object(members) => Some(members.len()),
            _ => None,
        }
    }

    /// Whether this is of a type.
    pub fn is(&self, kind: JsonType) -> bool {
        match (self, kind) {
            (Self::Decimal(number), JsonType::Integer) => decimal::is_whole(number),
            (Self::Int(_), JsonType::Integer | JsonType::Number)
            | (Self::Decimal(_), JsonType::Number)
            | (Self::Text(_), JsonType::String)
            | (Self::Bool(_), JsonType::Boolean)
            | (Self::Array(_), JsonType::Array)
            | (Self::Object(_), JsonType::Object)
            | (Self::Null, JsonType::Null) => true,
            _ => false,
        }
    }

    /// The type, with its article: `a string`.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Decimal(_) => "a number",
            Self::Text(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// The order of two numbers by value, or of two strings by Unicode scalar values (RFC 9535 section 2.3.5.2.2);
    /// other values have none.
    pub fn order(&self, other: &Json<'_>) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(left), Json::Int(right)) => Some(left.cmp(right)),
            (Self::Int(left), Json::Decimal(right)) => {
                Some(with_digits(*left, |left| decimal::compare(left, right)))
            }
            (Self::Decimal(left), Json::Int(right)) => {
                Some(with_digits(*right, |right| decimal::compare(left, right)))
            }
            (Self::Decimal(left), Json::Decimal(right)) => Some(decimal::compare(left, right)),
            // Bytes of UTF-8 sort as the scalar values they encode.
            (Self::Text(left), Json::Text(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
            _ => None,
        }
    }

    /// The same value, borrowing from nothing.
    pub fn into_owned(self) -> Json<'static> {
        let owned = |text: Cow<'a, str>| Cow::Owned(text.into_owned());
        match self {
            Self::Null => Json::Null,
            Self::Bool(bool) => Json::Bool(bool),
            Self::Int(int) => Json::Int(int),
            Self::Decimal(number) => Json::Decimal(owned(number)),
            Self::Text(text) => Json::Text(owned(text)),
            Self::Array(elements) => Json::Array(elements.into_iter().map(Json::into_owned).collect()),
            Self::Object(members) => Json::Object(
                members.into_iter().map(|(name, value)| (owned(name), value.into_owned())).collect(),
            ),
        }
    }
}

/// An integer's digits without an allocation.
fn with_digits<T>(int: i64, then: impl FnOnce(&str) -> T) -> T {
    use std::io::Write;
    let mut buffer = [0; 20];
    let mut rest = &mut buffer[..];
    write!(rest, "{int}").expect("20 bytes hold every i64");
    let free = rest.len();
    then(std::str::from_utf8(&buffer[..20 - free]).expect("digits are ASCII"))
}

impl PartialEq for Json<'_> {
    fn eq(&self, other: &Self) -> bool {
        equal(self, other)
    }
}

/// Equality across lifetimes.
pub fn equal(left: &Json<'_>, right: &Json<'_>) -> bool {
    match (left, right) {
        (Json::Null, Json::Null) => true,
        (Json::Bool(left), Json::Bool(right)) => left == right,
        (Json::Array(left), Json::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Json::Object(left), Json::Object(members)) => {
            left.len() == members.len()
                && left.iter().all(|(name, left)| right.member(name).is_some_and(|right| equal(left, right)))
        }
        (Json::Text(left), Json::Text(right)) => left == right,
        _ => left.order(right) == Some(Ordering::Equal),
    }
}

/// Compact JSON.
impl Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(bool) => write!(f, "{bool}"),
            Self::Int(int) => write!(f, "{int}"),
            Self::Decimal(number) => f.write_str(number),
            Self::Text(text) => write_quoted(f, text),
            Self::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    write!(f, "{}{element}", if index == 0 { "[" } else { "," })?;
                }
                f.write_str(if elements.is_empty() { "[]" } else { "]" })
            }
            Self::Object(members) => {
                for (index, (name, value)) in members.iter().enumerate() {
                    f.write_str(if index == 0 { "{" } else { "," })?;
                    write_quoted(f, name)?;
                    write!(f, ":{value}")?;
                }
                f.write_str(if members.is_empty() { "{}" } else { "}" })
            }
        }
    }
}

/// Writes a JSON string with its quotes.
pub(crate) fn write_quoted(f: &mut impl fmt::Write, text: &str) -> fmt::Result {
    f.write_char('"')?;
    let mut rest = text;
    while let Some(at) = rest.find(|c| c < ' ' || c == '"' || c == '\\') {
        f.write_str(&rest[..at])?;
        match rest.as_bytes()[at] {
            b'"' => f.write_str("\\\"")?,
            b'\\' => f.write_str("\\\\")?,
            b'\n' => f.write_str("\\n")?,
            b'\r' => f.write_str("\\r")?,
            b'\t' => f.write_str("\\t")?,
            control => write!(f, "\\u{control:04x}")?,
        }
        rest = &rest[at + 1..];
    }
    f.write_str(rest)?;
    f.write_char('"')
}

/// A number too long for serde's types goes out through `RawValue`, so the serializer must be that of `serde_json`.
impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::value::RawValue::from_string(self.to_string())
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Any JSON value of modest size.
    pub(crate) fn any_json() -> impl Strategy<Value = Json<'static>> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::Bool),
            any::<i64>().prop_map(Json::Int),
            "-?(0|[1-9][0-9]{0,30})\\.[0-9]{1,20}([eE][+-]?[0-9]{1,2})?"
                .prop_map(|n| Json::Decimal(n.into())),
            any::<String>().prop_map(|text| Json::Text(text.into())),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Json::Array),
                prop::collection::btree_map(any::<String>(), inner, 0..6).prop_map(|members| {
                    Json::Object(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
                }),
            ]
        })
    }

    fn text(text: &str) -> Json<'_> {
        Json::Text(text.into())
    }

    #[test]
    fn values_are_equal_by_value() {
        assert_eq!(Json::Int(1), Json::Decimal("1.0".into()));
        assert_ne!(Json::Int(9_007_199_254_740_993), Json::Decimal("9007199254740992.0".into()));
        assert_ne!(Json::Int(1), text("1"));
        assert_ne!(Json::Null, Json::Bool(false));
        let member = |name: &'static str, value| (name.into(), value);
        assert_eq!(
            Json::Object(vec![member("a", Json::Int(1)), member("b", Json::Null)]),
            Json::Object(vec![member("b", Json::Null), member("a", Json::Decimal("10e-1".into()))])
        );
        assert_ne!(Json::Object(vec![member("a", Json::Null)]), Json::Object(vec![member("b", Json::Null)]));
    }

    #[test]
    fn strings_order_by_scalar_values() {
        assert_eq!(text("\u{FFFD}").order(&text("\u{10000}")), Some(Ordering::Less));
        assert_eq!(text("a").order(&text("ab")), Some(Ordering::Less));
        assert_eq!(text("1").order(&Json::Int(2)), None);
        assert_eq!(Json::Bool(false).order(&Json::Bool(true)), None);
    }

    #[test]
    fn elements_count_from_either_end() {
        let array = Json::Array(vec![Json::Int(0), Json::Int(1)]);
        assert_eq!(array.element(-1), Some(&Json::Int(1)));
        assert_eq!(array.element(-3), None);
        assert_eq!(array.element(2), None);
        assert_eq!(array.element(i64::MIN), None);
    }

    #[test]
    fn display_escapes_what_json_wants_escaped() {
        assert_eq!(text("a\"\\\n\u{1}é").to_string(), "\"a\\\"\\\\\\n\\u0001é\"");
    }
}
