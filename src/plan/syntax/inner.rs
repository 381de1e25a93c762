//! From a byte range inside a string's value back to the bytes of the file that it was written as.
//!
//! Folding, indentation and line ends only ever change white space, so the other characters of a value stand in
//! the file in the same order: counting them finds the place in every style. Where an escape stands for more
//! than one character of the source, it is one unit here; an escape by code point is not undone.

use std::ops::Range;

use super::{Node, NodeKind};
use crate::diagnostic::{Sources, Span};

impl Node {
    /// Where the bytes `range` of a string's value stand in the source. Exact for plain, quoted and block text;
    /// the span of the whole node where that cannot be said: for what is not a string, for an alias, and for
    /// double-quoted text with `\x41` or the like.
    pub fn inner_span(&self, sources: &Sources, range: Range<usize>) -> Span {
        let NodeKind::String(value) = &self.kind else { return self.span };
        let start = self.span.start as usize;
        match find(sources.slice(self.span), value, &range) {
            Some(found) => Span::new(self.span.file, start + found.start, start + found.end),
            None => self.span,
        }
    }
}

fn find(source: &str, value: &str, range: &Range<usize>) -> Option<Range<usize>> {
    if source == value {
        return value.get(range.clone()).map(|_| range.clone());
    }
    let units = units(source)?;
    let visible = value.char_indices().filter(|(_, c)| !is_blank(*c)).map(|(at, _)| at);
    // Characters of the value in their order beside the units that they were written as.
    let same = value.chars().filter(|c| !is_blank(*c)).eq(units.iter().map(|unit| unit.value));
    let selected = value.get(range.clone())?;
    if !same || selected.is_empty() {
        return None;
    }
    let lead_bytes = selected.len() - selected.trim_start_matches(is_blank).len();
    let kept = range.start + lead_bytes..range.start + selected.trim_end_matches(is_blank).len();
    let mut inside = visible.zip(&units).filter(|(at, _)| kept.contains(at)).map(|(_, unit)| unit);
    let first = inside.next()?;
    let last = inside.last().unwrap_or(first);
    Some(first.start..last.end)
}

/// A character that is not white space, and the bytes it was written as.
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
            (Style::Double, '\\') => match chars.next()?.1 {
                letter @ ('"' | '\\' | '/') => (letter, 2),
                'n' | 't' | 'r' | ' ' | '\t' | '\n' | '\r' => continue,
                _ => return None,
            },
            (Style::Single, '\'') => (chars.next()?.1, 2),
            _ => (c, c.len_utf8()),
        };
        if !is_blank(value) {
            units.push(Unit { value, start, end: start + length });
        }
    }
    Some(units)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
}
