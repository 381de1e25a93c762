//! Writing JSON straight into a buffer, and walking into a JSON text without building a tree.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Writes an integer.
pub fn write_int(int: i64, out: &mut Vec<u8>) {
    serde_json::to_writer(out, &int).expect("a Vec takes all bytes");
}

/// Writes a double with as few digits as read back to it; `null` where it is not finite.
pub fn write_float(float: f64, out: &mut Vec<u8>) {
    serde_json::to_writer(out, &float).expect("a Vec takes all bytes");
}

/// Writes a string with its quotes.
pub fn write_string(text: &str, out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    write_escaped(text, out);
    out.push(b'"');
}

/// Writes what stands between the quotes of a string (RFC 8259 section 7). Runs without anything to escape, which is
/// most of all text, are found eight bytes at a time and copied whole.
pub fn write_escaped(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    loop {
        let clean = clean_prefix(rest);
        out.extend_from_slice(&rest[..clean]);
        let Some(&byte) = rest.get(clean) else { return };
        write_escape(byte, out);
        rest = &rest[clean + 1..];
    }
}

fn write_escape(byte: u8, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x09 => b't',
        0x0A => b'n',
        0x0C => b'f',
        0x0D => b'r',
        _ => {
            let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digits[0], digits[1]]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// How many bytes pass before one that must be escaped.
fn clean_prefix(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let (chunks, _) = bytes.as_chunks::<8>();
    let mut at = 0;
    for chunk in chunks {
        let word = u64::from_le_bytes(*chunk);
        // The high bit of a byte is set where it is below 0x20, `"` or `\`; a borrow may set it too early only
        // behind a true hit, and the lowest set bit is what counts.
        let below = |word: u64, n: u64| word.wrapping_sub(ONES * n) & !word;
        let quote = word ^ (ONES * u64::from(b'"'));
        let backslash = word ^ (ONES * u64::from(b'\\'));
        let hits = (below(word, 0x20) | below(quote, 1) | below(backslash, 1)) & HIGH;
        if hits != 0 {
            return at + hits.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let tail = &bytes[at..];
    at + tail.iter().position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\').unwrap_or(tail.len())
}

/// Text of at most `N` bytes that needs no heap: ids, times, numbers.
#[derive(Clone, Copy)]
pub struct Stack<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Stack<N> {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { bytes: [0; N], len: 0 }
    }

    /// What was written; only whole strings are taken, so it is text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or("")
    }

    /// Writes a number as JSON; whether it fitted.
    pub(super) fn write_json(&mut self, number: &impl serde::Serialize) -> bool {
        serde_json::to_writer(self, number).is_ok()
    }
}

impl<const N: usize> Default for Stack<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> fmt::Debug for Stack<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl<const N: usize> fmt::Write for Stack<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

impl<const N: usize> std::io::Write for Stack<N> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let text = std::str::from_utf8(bytes).map_err(std::io::Error::other)?;
        fmt::Write::write_str(self, text).map_err(std::io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The JSON text found by going down `path` from a JSON text: names into maps, indices from 0 into lists. `None`
/// where a step leads nowhere. Of a key that stands twice the last counts, as everywhere in this crate.
pub fn descend<'a, S: AsRef<str>>(text: &'a str, path: &[S]) -> Option<&'a str> {
    let mut text = text;
    for step in path {
        let found = Step(step.as_ref()).deserialize(&mut serde_json::Deserializer::from_str(text)).ok()?;
        text = found?.get();
    }
    Some(text)
}

/// The JSON texts of a list's items; `None` where the text is no list.
pub fn items(text: &str) -> Option<Vec<&str>> {
    let raw: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    Some(raw.into_iter().map(RawValue::get).collect())
}

struct Step<'p>(&'p str);

impl<'de> DeserializeSeed<'de> for Step<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Self::Value, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Step<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(hit) = map.next_key_seed(Is(self.0))? {
            if hit {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        let mut left = self.0.parse::<usize>().ok();
        loop {
            if left == Some(0) {
                found = list.next_element()?;
                left = None;
            } else if list.next_element::<IgnoredAny>()?.is_none() {
                return Ok(found);
            } else {
                left = left.map(|n| n - 1);
            }
        }
    }
}

/// Whether a key is the one that is looked for, without copying it.
struct Is<'p>(&'p str);

impl<'de> DeserializeSeed<'de> for Is<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<bool, D::Error> {
        struct Compare<'p>(&'p str);
        impl Visitor<'_> for Compare<'_> {
            type Value = bool;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_str<E>(self, key: &str) -> Result<bool, E> {
                Ok(key == self.0)
            }
        }
        source.deserialize_str(Compare(self.0))
    }
}

/// Whether a text is one JSON number, to the letter.
pub fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        && <&RawValue>::deserialize(&mut serde_json::Deserializer::from_str(text))
            .is_ok_and(|raw| raw.get() == text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_byte_below_128_escapes_as_serde_json_does_it_wherever_it_stands() {
        for byte in 0..128u8 {
            for lead in 0..17 {
                let text = format!("{}{}éx\u{1F600}", "a".repeat(lead), char::from(byte));
                let mut out = Vec::new();
                write_string(&text, &mut out);
                assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&text).unwrap());
            }
        }
    }

    proptest! {
        #[test]
        fn escaping_is_that_of_serde_json(text in "\\PC*|[\\x00-\\x7f]{0,40}|.{0,40}") {
            let mut out = Vec::new();
            write_string(&text, &mut out);
            prop_assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&text).unwrap());
        }
    }

    #[test]
    fn descending_reaches_what_the_tree_has() {
        let text = r#"{"a": {"b": [10, {"c é": "x"}, 1.50]}, "a\"q": 1, "d": 1, "d": 2}"#;
        let at = |path: &[&str]| descend(text, path);
        assert_eq!(at(&["a", "b", "1", "c é"]), Some("\"x\""));
        assert_eq!(at(&["a", "b", "2"]), Some("1.50"));
        assert_eq!(at(&["a\"q"]), Some("1"));
        assert_eq!(at(&["d"]), Some("2"));
        for missing in
            [&["x"][..], &["a", "x"], &["a", "b", "3"], &["a", "b", "-1"], &["a", "b", "x"], &["d", "e"]]
        {
            assert_eq!(at(missing), None, "{missing:?}");
        }
    }

    #[test]
    fn numbers_are_told_from_what_looks_like_them() {
        for text in ["0", "-1", "1.50", "1e3", "123456789012345678901234567890"] {
            assert!(is_number(text), "{text}");
        }
        for text in ["", "-", "01", "+1", "1.", ".5", "0x10", "1_000", " 1", "1 ", "1,", "true"] {
            assert!(!is_number(text), "{text}");
        }
    }
}
