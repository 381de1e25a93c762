//! From a byte range inside a string's value back to the bytes of the file that it was written as.
//!
//! Folding, indentation and line ends only ever change white space, so the other characters of a value stand in
//! the file in the same order: counting them finds the place in every style. Where an escape stands for more
//! than one character of the source, it is one unit here.

use std::ops::Range;

use super::{Node, NodeKind};
use crate::diagnostic::{Sources, Span};

impl Node {
    /// Where the bytes `range` of a string's value stand in the source. Exact for plain, quoted and block text;
    /// the span of the whole node where that cannot be said: for what is not a string, and for an alias.
    pub fn inner_span(&self, sources: &Sources, range: Range<usize>) -> Span {
        self.inner(sources).span(range)
    }

    /// The same for many ranges of one value, which is looked through once.
    pub fn inner(&self, sources: &Sources) -> Inner {
        let way = match &self.kind {
            NodeKind::String(value) => Way::of(sources.slice(self.span), value),
            _ => Way::Unknown,
        };
        Inner { whole: self.span, way }
    }
}

/// The way from a string's value back to its source.
#[derive(Debug)]
pub struct Inner {
    whole: Span,
    way: Way,
}

#[derive(Debug)]
enum Way {
    /// The value is so long and written as it is.
    Same(usize),
    /// Where the characters of the value that are not white space begin in it, and as what they were written.
    Units(Vec<(usize, Unit)>),
    /// It cannot be said.
    Unknown,
}

impl Inner {
    /// Where the bytes `range` of the value stand.
    pub fn span(&self, range: Range<usize>) -> Span {
        let Some(found) = self.way.find(&range) else { return self.whole };
        let start = self.whole.start as usize;
        Span::new(self.whole.file, start + found.start, start + found.end)
    }
}

impl Way {
    fn of(source: &str, value: &str) -> Self {
        if source == value {
            return Self::Same(value.len());
        }
        let Some(units) = units(source) else { return Self::Unknown };
        let visible = value.char_indices().filter(|(_, c)| !is_blank(*c));
        // Characters of the value in their order beside the units that they were written as.
        if !visible.clone().map(|(_, c)| c).eq(units.iter().map(|unit| unit.value)) {
            return Self::Unknown;
        }
        Self::Units(visible.map(|(at, _)| at).zip(units).collect())
    }

    fn find(&self, range: &Range<usize>) -> Option<Range<usize>> {
        match self {
            Self::Same(length) => (range.start <= range.end && range.end <= *length).then(|| range.clone()),
            Self::Units(units) => {
                let first = units.partition_point(|(at, _)| *at < range.start);
                let behind = units.partition_point(|(at, _)| *at < range.end);
                // Blanks alone stand between two of them, nobody knows where.
                let inside = units.get(first..behind)?;
                Some(inside.first()?.1.start..inside.last()?.1.end)
            }
            Self::Unknown => None,
        }
    }
}

/// A character that is not white space, and the bytes it was written as.
#[derive(Debug)]
struct Unit {
    value: char,
    start: usize,
    end: usize,
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

fn units(source: &str) -> Option<Vec<Unit>> {
    let (skipped, style) = match source.as_bytes().first()? {
        b'"' => (1, Style::Double),
        b'\'' => (1, Style::Single),
        b'|' | b'>' => (source.find(['\n', '\r'])?, Style::Plain),
        _ => (0, Style::Plain),
    };
    let end = if style == Style::Plain { source.len() } else { source.len().checked_sub(1)? };
    let mut units = Vec::new();
    let mut chars = source.get(skipped..end)?.char_indices();
    while let Some((at, c)) = chars.next() {
        let start = skipped + at;
        let (value, length) = match (style, c) {
            (Style::Double, '\\') => {
                let (value, length) = escape(source.get(start + 1..end)?)?;
                // The characters behind the backslash are ASCII, or the end of a line.
                chars.nth(length.checked_sub(2)?)?;
                (value, length)
            }
            (Style::Single, '\'') => (chars.next()?.1, 2),
            _ => (c, c.len_utf8()),
        };
        if !is_blank(value) {
            units.push(Unit { value, start, end: start + length });
        }
    }
    Some(units)
}

/// What an escape stands for, and its length with the backslash: YAML 1.2.2 section 5.7, which has all of JSON's.
/// A line end behind the backslash counts as a blank, which is what becomes of it at most.
fn escape(behind: &str) -> Option<(char, usize)> {
    let named = |value| Some((value, 2));
    match behind.bytes().next()? {
        b'0' => named('\0'),
        b'a' => named('\u{7}'),
        b'b' => named('\u{8}'),
        b'e' => named('\u{1b}'),
        b'f' => named('\u{c}'),
        b'v' => named('\u{b}'),
        b'n' | b'r' | b't' | b' ' | b'\t' | b'\n' | b'\r' => named(' '),
        b'N' => named('\u{85}'),
        b'_' => named('\u{a0}'),
        b'L' => named('\u{2028}'),
        b'P' => named('\u{2029}'),
        letter @ (b'"' | b'\\' | b'/') => named(char::from(letter)),
        b'x' => Some((char::from_u32(hexadecimal(behind, 1, 2)?)?, 4)),
        b'U' => Some((char::from_u32(hexadecimal(behind, 1, 8)?)?, 10)),
        b'u' => {
            let first = hexadecimal(behind, 1, 4)?;
            if let Some(value) = char::from_u32(first) {
                return Some((value, 6));
            }
            // JSON writes what does not fit as two (RFC 8259 section 7).
            let second =
                behind.get(5..7).filter(|mark| *mark == "\\u").and_then(|_| hexadecimal(behind, 7, 4))?;
            let value = char::decode_utf16([first, second].map(|unit| u16::try_from(unit).unwrap_or(0)))
                .next()?
                .ok()?;
            Some((value, 12))
        }
        _ => None,
    }
}

fn hexadecimal(text: &str, from: usize, digits: usize) -> Option<u32> {
    let digits = text.get(from..from + digits)?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
}
