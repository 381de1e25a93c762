//! Reads a JSON text (RFC 8259) into a [`Json`] that borrows from it. Strings without escapes are not copied and
//! numbers keep every digit, which a general-purpose tree gives only at the price of copying everything.
//!
//! Where a name stands twice in an object the last one wins, as with `JSON.parse` of a browser. An escaped half of a
//! surrogate pair (JavaScript's `JSON.stringify` writes them) becomes U+FFFD.

use super::lexer::{Lexer, Quoted};
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
    let mut reader = Reader { lexer: Lexer::new(text), depth: 0 };
    reader.lexer.space();
    let value = reader.value()?;
    reader.lexer.end()?;
    Ok(value)
}

struct Reader<'a> {
    lexer: Lexer<'a>,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Result<Json<'a>, NotJson> {
        let lexer = &mut self.lexer;
        match lexer.peek() {
            Some(b'"') => lexer.string().map(|string| Json::Text(decoded(lexer, string))),
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => lexer.word("true").map(|()| Json::Bool(true)),
            Some(b'f') => lexer.word("false").map(|()| Json::Bool(false)),
            Some(b'n') => lexer.word("null").map(|()| Json::Null),
            _ => lexer.broken(),
        }
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Json<'a>, NotJson>,
    ) -> Result<Json<'a>, NotJson> {
        if self.depth == DEPTH_LIMIT {
            return Err(NotJson::TooDeep);
        }
        self.depth += 1;
        self.lexer.advance();
        self.lexer.space();
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn array(&mut self) -> Result<Json<'a>, NotJson> {
        let mut elements = Vec::new();
        if self.lexer.eat(b']') {
            return Ok(Json::Array(elements));
        }
        loop {
            elements.push(self.value()?);
            if self.lexer.ends(b']')? {
                return Ok(Json::Array(elements));
            }
        }
    }

    fn object(&mut self) -> Result<Json<'a>, NotJson> {
        let mut members = Vec::new();
        if self.lexer.eat(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            let name = self.lexer.name()?;
            let name = decoded(&self.lexer, name);
            members.push((name, self.value()?));
            if self.lexer.ends(b'}')? {
                return Ok(Json::Object(last_of_each_name(members)));
            }
        }
    }

    fn number(&mut self) -> Result<Json<'a>, NotJson> {
        let start = self.lexer.at();
        let is_whole = self.lexer.number()?;
        let text = self.lexer.between(start, self.lexer.at());
        // `-0` is kept as written: it has no integer.
        let int = if is_whole && text != "-0" { text.parse().ok() } else { None };
        Ok(int.map_or(Json::Decimal(Cow::Borrowed(text)), Json::Int))
    }
}

fn decoded<'a>(lexer: &Lexer<'a>, string: Quoted) -> Cow<'a, str> {
    match lexer.verbatim(string) {
        Some(text) => Cow::Borrowed(text),
        None => Cow::Owned(lexer.characters(string).collect()),
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
