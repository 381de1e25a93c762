//! Regular expressions: compiled once, bounded in size, refused with the place inside the string.

use super::Lowering;
use crate::diagnostic::{Diagnostic, codes};
use crate::plan::syntax::Node;
use crate::program::Pattern;
use crate::program::matcher::BinaryPattern;
use regex::{Regex, bytes};
use regex_syntax::ParserBuilder;
use std::collections::HashMap;
use std::ops::Range;

/// A compiled pattern may take this much memory. A pattern of a plan takes some KiB; `(\w{100}){100}` takes over a GiB.
const SIZE_LIMIT_BYTES: usize = 1 << 20;

/// Patterns that were compiled before: plans ask the same of many messages, and compiling takes a hundred times what
/// the rest of a step takes. `None` is one that does not compile.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    text: HashMap<String, Option<Regex>>,
    binary: HashMap<String, Option<bytes::Regex>>,
}

impl Patterns {
    fn text(&mut self, pattern: &str) -> Option<Regex> {
        if let Some(known) = self.text.get(pattern) {
            return known.clone();
        }
        let compiled = regex::RegexBuilder::new(pattern).size_limit(SIZE_LIMIT_BYTES).build().ok();
        self.text.insert(pattern.to_owned(), compiled.clone());
        compiled
    }

    fn binary(&mut self, pattern: &str) -> Option<bytes::Regex> {
        if let Some(known) = self.binary.get(pattern) {
            return known.clone();
        }
        let compiled = bytes::RegexBuilder::new(pattern).size_limit(SIZE_LIMIT_BYTES).build().ok();
        self.binary.insert(pattern.to_owned(), compiled.clone());
        compiled
    }
}

impl Lowering<'_> {
    /// A pattern that is searched in text.
    pub(super) fn pattern(&mut self, node: &Node) -> Option<Pattern> {
        let text = self.pattern_text(node)?;
        let compiled = self.patterns().text(text);
        if compiled.is_none() {
            self.refuse_pattern(node, text, true);
        }
        compiled.map(Pattern)
    }

    /// A pattern that is searched in bytes.
    pub(super) fn binary_pattern(&mut self, node: &Node) -> Option<BinaryPattern> {
        let text = self.pattern_text(node)?;
        let compiled = self.patterns().binary(text);
        if compiled.is_none() {
            self.refuse_pattern(node, text, false);
        }
        compiled.map(BinaryPattern)
    }

    fn pattern_text<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        let text = node.text()?;
        let Some(at) = text.find("{{") else { return Some(text) };
        let end = text[at..].find("}}").map_or(text.len(), |end| at + end + 2);
        let span = self.place_of(node, text, at..end);
        self.report(
            Diagnostic::new(codes::NOT_CONSTANT, "a regular expression cannot hold a template")
                .label(span, "known only while a user runs")
                .help("capture what varies and compare it with `eq` or `contains`; a literal `{{` is written `\\{\\{`"),
        );
        None
    }

    fn refuse_pattern(&mut self, node: &Node, text: &str, utf8: bool) {
        let (reason, place) = reason(text, utf8);
        let span = place.map_or(node.span, |place| self.place_of(node, text, place));
        let help = help(&reason);
        let mut diagnostic =
            Diagnostic::new(codes::BAD_REGEX, "regular expression does not compile").label(span, reason);
        diagnostic.help = help.map(str::to_owned);
        self.report(diagnostic);
    }
}

/// What to write instead, for the mistakes that are made most.
fn help(reason: &str) -> Option<&'static str> {
    let has = |words: &str| reason.contains(words);
    Some(match () {
        () if has("unclosed group") => {
            "close it with `)`; a `(` that is meant as a character is written `\\(`"
        }
        () if has("unopened group") => {
            "open it with `(`; a `)` that is meant as a character is written `\\)`"
        }
        () if has("unclosed character class") => {
            "close it with `]`; a `[` that is meant as a character is written `\\[`"
        }
        () if has("repetition operator missing expression") => {
            "a `*`, `+` or `?` that is meant as a character is written `\\*`, `\\+`, `\\?`"
        }
        () if has("counted repetition") || has("repetition quantifier") => {
            "repetitions are `{3}`, `{3,}` or `{3,5}`; a `{` that is meant as a character is written `\\{`"
        }
        () if has("look-around") || has("backreference") => {
            "patterns are matched in linear time, which this does not allow: match more, and compare what a `capture` took out"
        }
        () if has("compiles to over") => {
            "repeat less, or write what is repeated more narrowly than `.` or `\\w`"
        }
        () => return None,
    })
}

/// Why a pattern was refused. The parser below `regex` says where, which `regex` itself only draws.
fn reason(pattern: &str, utf8: bool) -> (String, Option<Range<usize>>) {
    let Err(error) = ParserBuilder::new().utf8(utf8).build().parse(pattern) else {
        return (format!("compiles to over {} MiB", SIZE_LIMIT_BYTES >> 20), None);
    };
    let (reason, span) = match &error {
        regex_syntax::Error::Parse(error) => (error.kind().to_string(), error.span()),
        regex_syntax::Error::Translate(error) => (error.kind().to_string(), error.span()),
        other => return (other.to_string(), None),
    };
    (reason, Some(span.start.offset..span.end.offset))
}
