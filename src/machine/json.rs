//! Reads a JSON text (RFC 8259) into a [`Json`] that borrows from it. Strings without escapes are not copied and
//! numbers keep every digit, which a general-purpose tree gives only at the price of copying everything.
//!
//! Where a name stands twice in an object the last one wins, as with `JSON.parse` of a browser. An escaped half of a
//! surrogate pair (JavaScript's `JSON.stringify` writes them) becomes U+FFFD.

use crate::program::Json;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

/// How deep arrays and objects may be nested: deep enough for any message, shallow enough for the stack.
pub const DEPTH_LIMIT: usize = 128;

/// Why a message is not JSON; fits behind "the message is".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotJson {
    /// The grammar is broken at this byte.
    Syntax(usize),
    /// Nested over [`DEPTH_LIMIT`] levels.
    TooDeep,
    /// A binary message that is not UTF-8.
    NotUtf8,
}

impl fmt::Display for NotJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not JSON")?;
        match self {
            Self::Syntax(offset) => write!(f, " (at byte {offset})"),
            Self::TooDeep => write!(f, " (nested over {DEPTH_LIMIT} levels)"),
            Self::NotUtf8 => f.write_str(" (not UTF-8)"),
        }
    }
}

/// Reads a whole text.
pub fn parse(text: &str) -> Result<Json<'_>, NotJson> {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0, depth: 0 };
    reader.space();
    let value = reader.value()?;
    reader.space();
    if reader.at == text.len() { Ok(value) } else { reader.broken() }
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn broken<T>(&self) -> Result<T, NotJson> {
        Err(NotJson::Syntax(self.at))
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self) -> Result<Json<'a>, NotJson> {
        match self.peek() {
            Some(b'"') => self.string().map(Json::Text),
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            _ => self.broken(),
        }
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, NotJson> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return self.broken();
        }
        self.at += word.len();
        Ok(value)
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Json<'a>, NotJson>,
    ) -> Result<Json<'a>, NotJson> {
        if self.depth == DEPTH_LIMIT {
            return Err(NotJson::TooDeep);
        }
        self.depth += 1;
        self.at += 1;
        self.space();
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn array(&mut self) -> Result<Json<'a>, NotJson> {
        let mut elements = Vec::new();
        if self.eat(b']') {
            return Ok(Json::Array(elements));
        }
        loop {
            elements.push(self.value()?);
            if self.ends(b']')? {
                return Ok(Json::Array(elements));
            }
        }
    }

    fn object(&mut self) -> Result<Json<'a>, NotJson> {
        let mut members = Vec::new();
        if self.eat(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            if self.peek() != Some(b'"') {
                return self.broken();
            }
            let name = self.string()?;
            self.space();
            if !self.eat(b':') {
                return self.broken();
            }
            self.space();
            members.push((name, self.value()?));
            if self.ends(b'}')? {
                return Ok(Json::Object(last_of_each_name(members)));
            }
        }
    }

    /// After an element: `true` at the closing bracket, `false` behind a comma.
    fn ends(&mut self, bracket: u8) -> Result<bool, NotJson> {
        self.space();
        if self.eat(bracket) {
            return Ok(true);
        }
        if !self.eat(b',') {
            return self.broken();
        }
        self.space();
        Ok(false)
    }

    fn number(&mut self) -> Result<Json<'a>, NotJson> {
        let start = self.at;
        self.eat(b'-');
        let leading_zero = self.peek() == Some(b'0');
        let digits = self.digits()?;
        if leading_zero && digits > 1 {
            self.at -= digits - 1;
            return self.broken();
        }
        let mut whole = true;
        if self.eat(b'.') {
            whole = false;
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            whole = false;
            let _sign = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        let text = &self.text[start..self.at];
        // `-0` is kept as written: it has no integer.
        let int = if whole && text != "-0" { text.parse().ok() } else { None };
        Ok(int.map_or(Json::Decimal(Cow::Borrowed(text)), Json::Int))
    }

    fn digits(&mut self) -> Result<usize, NotJson> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { self.broken() } else { Ok(self.at - start) }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, NotJson> {
        self.at += 1;
        let start = self.at;
        self.plain()?;
        if self.eat(b'"') {
            return Ok(Cow::Borrowed(&self.text[start..self.at - 1]));
        }
        let mut unescaped = String::from(&self.text[start..self.at]);
        loop {
            if self.eat(b'"') {
                return Ok(Cow::Owned(unescaped));
            }
            self.at += 1;
            unescaped.push(self.escape()?);
            let start = self.at;
            self.plain()?;
            unescaped.push_str(&self.text[start..self.at]);
        }
    }

    /// Goes to the next quote or backslash.
    fn plain(&mut self) -> Result<(), NotJson> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ');
        self.at += length.unwrap_or(rest.len());
        match self.peek() {
            Some(b'"' | b'\\') => Ok(()),
            _ => self.broken(),
        }
    }

    /// What stands behind a backslash.
    fn escape(&mut self) -> Result<char, NotJson> {
        let escaped = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            _ => return self.broken(),
        };
        self.at += 1;
        Ok(escaped)
    }

    fn unicode(&mut self) -> Result<char, NotJson> {
        let high = self.hex4()?;
        if !(0xD800..0xDC00).contains(&high) {
            return Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let behind = self.at;
        if self.bytes[behind..].starts_with(b"\\u") {
            self.at += 2;
            let low = self.hex4()?;
            if (0xDC00..0xE000).contains(&low) {
                let scalar = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                return Ok(char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = behind;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex4(&mut self) -> Result<u32, NotJson> {
        let mut code = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|byte| char::from(byte).to_digit(16)) else {
                return self.broken();
            };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }
}

type Members<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

/// The last value of each name, in the place where the name came first.
fn last_of_each_name(members: Members<'_>) -> Members<'_> {
    /// Up to here comparing every pair is cheaper than hashing.
    const FEW: usize = 16;
    if members.len() <= FEW {
        let twice = |(index, (name, _)): (usize, &(Cow<'_, str>, _))| {
            members[..index].iter().any(|(earlier, _): &(Cow<'_, str>, _)| earlier == name)
        };
        if !members.iter().enumerate().any(twice) {
            return members;
        }
    }
    let mut places: HashMap<Cow<'_, str>, usize> = HashMap::with_capacity(members.len());
    let mut unique: Members<'_> = Vec::with_capacity(members.len());
    for (name, value) in members {
        if let Some(&place) = places.get(&name) {
            unique[place].1 = value;
        } else {
            places.insert(name.clone(), unique.len());
            unique.push((name, value));
        }
    }
    unique
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_is_json_and_refuses_the_rest() {
        for text in [
            "null",
            " true ",
            "-0",
            "1.5e+3",
            "\"a\\u00e9\\ud83d\\ude00\\n\"",
            "[]",
            "{}",
            "[1, [2]]",
            "{\"a\" : {\"b\":[null]}}",
            "12345678901234567890123",
        ] {
            assert!(parse(text).is_ok(), "{text}");
        }
        for text in [
            "",
            " ",
            "nul",
            "01",
            "-",
            "1.",
            ".5",
            "1e",
            "+1",
            "\"",
            "\"\\x\"",
            "\"\n\"",
            "[1,]",
            "{,}",
            "{\"a\"}",
            "{a:1}",
            "[1 2]",
            "1 2",
            "\"\\u12g4\"",
            "{\"a\":1,}",
            "[",
            "NaN",
            "'a'",
        ] {
            assert!(matches!(parse(text), Err(NotJson::Syntax(_))), "{text}");
        }
        assert_eq!(parse("{\"a\": tru}"), Err(NotJson::Syntax(6)));
    }

    #[test]
    fn depth_is_limited_exactly() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse(&nested(DEPTH_LIMIT)).is_ok());
        assert_eq!(parse(&nested(DEPTH_LIMIT + 1)), Err(NotJson::TooDeep));
        assert_eq!(parse(&"[".repeat(1_000_000)), Err(NotJson::TooDeep));
    }

    #[test]
    fn numbers_keep_their_digits() {
        for text in ["12345678901234567890123", "0.10", "1e5", "-0", "9223372036854775807"] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn the_last_of_two_equal_names_wins() {
        assert_eq!(parse(r#"{"a":1,"b":2,"a":3}"#).unwrap().to_string(), r#"{"a":3,"b":2}"#);
        let many: Vec<_> = (0..100).map(|n| format!("\"n{}\":{n}", n % 50)).collect();
        let many = format!("{{{}}}", many.join(","));
        let Json::Object(members) = parse(&many).unwrap() else { panic!("not an object") };
        assert_eq!(members.len(), 50);
        assert_eq!(members[7].1, Json::Int(57));
    }

    #[test]
    fn half_a_surrogate_pair_is_replaced() {
        assert_eq!(parse(r#""\ud800x""#).unwrap(), Json::Text("\u{FFFD}x".into()));
        assert_eq!(parse(r#""\udc00""#).unwrap(), Json::Text("\u{FFFD}".into()));
        assert_eq!(parse(r#""\ud800\u0041""#).unwrap(), Json::Text("\u{FFFD}A".into()));
    }

    proptest! {
        /// What it accepts and what it refuses is what serde_json accepts and refuses, and the values are the same.
        #[test]
        fn agrees_with_serde_json(text in r#"[\[\]{}",:0-9eE.+\-a\\un tf\n]{0,12}"#) {
            same_as_serde_json(&text)?;
        }

        #[test]
        fn agrees_with_serde_json_on_valid_texts(value in crate::program::json_value::tests::any_json()) {
            let text = value.to_string();
            same_as_serde_json(&text)?;
            prop_assert_eq!(parse(&text).unwrap(), value);
        }
    }

    fn same_as_serde_json(text: &str) -> Result<(), TestCaseError> {
        let theirs = serde_json::from_str::<serde_json::Value>(text);
        match (parse(text), theirs) {
            (Ok(ours), Ok(theirs)) => {
                let again: serde_json::Value = serde_json::from_str(&ours.to_string()).unwrap();
                prop_assert_eq!(again, theirs);
            }
            (Err(_), Err(_)) => {}
            // Numbers beyond a double are numbers here.
            (Ok(_), Err(theirs)) if theirs.to_string().starts_with("number out of range") => {}
            (ours, theirs) => prop_assert!(false, "{text}: {ours:?} {theirs:?}"),
        }
        Ok(())
    }
}
