//! JSONPath queries: parsed by `jsonpath_rust`, refused in our words. The library also takes a few queries that are not well
//! typed (RFC 9535 section 2.4.3), functions of its own, and one form it then answers wrongly: those are refused here.

use super::Lowering;
use crate::diagnostic::{Diagnostic, Span, codes};
use crate::plan::syntax::{Key, Node, NodeKind};
use crate::program::Path;
use jsonpath_rust::parser::errors::JsonPathError;
use jsonpath_rust::parser::model::{
    Comparable, Filter, FilterAtom, FnArg, JpQuery, Segment, Selector, Test, TestFunction,
};
use jsonpath_rust::parser::parse_json_path;
use pest::error::InputLocation;
use std::ops::Range;

impl Lowering<'_> {
    /// The path a key is.
    pub(super) fn path_of_key(&mut self, key: &Key) -> Option<Path> {
        self.path(&Node { span: key.span, kind: NodeKind::String(key.text.clone()) })
    }

    /// The path a string is.
    pub(super) fn path(&mut self, node: &Node) -> Option<Path> {
        let text = node.text()?;
        match parse(text) {
            Ok(query) => Some(Path::new(text, query)),
            Err(refusal) => {
                self.refuse(node, text, &refusal);
                None
            }
        }
    }

    fn refuse(&mut self, node: &Node, text: &str, refusal: &Refusal) {
        let span = match &refusal.place {
            Some(place) => self.place_of(node, text, place.clone()),
            None => node.span,
        };
        let mut diagnostic = Diagnostic::new(codes::BAD_JSONPATH, format!("`{text}` is not a JSONPath"));
        diagnostic = diagnostic.label(span, refusal.reason.clone());
        if let Some(help) = hint(text, refusal.place.as_ref().map_or(0, |place| place.start)) {
            diagnostic = diagnostic.help(help);
        }
        self.report(diagnostic);
    }

    /// A place inside a string; behind its end the last character is shown.
    pub(super) fn place_of(&self, node: &Node, text: &str, place: Range<usize>) -> Span {
        let last = text.char_indices().next_back().map_or(0, |(at, _)| at);
        let start = place.start.min(last);
        let length = text[start..].chars().next().map_or(0, char::len_utf8);
        node.inner_span(
            self.sources(),
            start..place.end.clamp(start + length, text.len().max(start + length)),
        )
    }
}

/// Why a text is no path, and where.
struct Refusal {
    reason: String,
    place: Option<Range<usize>>,
}

impl From<&str> for Refusal {
    fn from(reason: &str) -> Self {
        Self { reason: reason.to_owned(), place: None }
    }
}

fn parse(text: &str) -> Result<JpQuery, Refusal> {
    let query = parse_json_path(text).map_err(|error| match error {
        JsonPathError::PestError(error) => unclosed(text).unwrap_or_else(|| {
            let at = match error.location {
                InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
            };
            at_character(text, at)
        }),
        JsonPathError::MaxNestingDepthExceeded(limit) => {
            Refusal { reason: format!("nested over {limit} levels"), place: None }
        }
        JsonPathError::InvalidNumber(_) => "a number in it is out of range".into(),
        _ => "not well-formed (RFC 9535)".into(),
    })?;
    well_typed(&query.segments, false)?;
    match stray_blank(text) {
        Some(at) => Err(at_character(text, at)),
        None => Ok(query),
    }
}

/// The first bracket or quote that is never closed.
fn unclosed(text: &str) -> Option<Refusal> {
    let mut open = Vec::new();
    let mut literal = None;
    outside_strings(text, |at, c| match c {
        '\'' | '"' => literal = if literal.is_none() { Some((at, c)) } else { None },
        '[' | '(' => open.push((at, c)),
        ']' | ')' => drop(open.pop()),
        _ => {}
    });
    let (at, c) = literal.or(open.pop())?;
    Some(Refusal { reason: format!("this `{c}` is never closed"), place: Some(at..at + 1) })
}

/// Blanks that RFC 9535 does not allow but the library's grammar skips: around the query, behind a dot, inside names
/// and numbers.
fn stray_blank(text: &str) -> Option<usize> {
    let blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r');
    let word = |c: char| c.is_alphanumeric() || c == '_' || !c.is_ascii();
    let mut stray = None;
    outside_strings(text, |at, c| {
        if stray.is_some() || !blank(c) {
            return;
        }
        let before = text[..at].trim_end_matches(blank).chars().next_back();
        let mut behind = text[at..].trim_start_matches(blank).chars();
        let (next, second) = (behind.next(), behind.next());
        let wrong = match (before, next) {
            (None | Some('.'), _) | (_, None) => true,
            (Some('-' | '+'), Some(next)) => next.is_ascii_digit(),
            (Some(_), Some('.')) => second.is_some_and(|second| second.is_ascii_digit()),
            (Some(before), Some(next)) => word(before) && word(next),
        };
        stray = wrong.then_some(at);
    });
    stray
}

/// Visits the characters that are not inside a string literal; its quotes are visited.
fn outside_strings(text: &str, mut visit: impl FnMut(usize, char)) {
    let (mut quote, mut escaped) = (None, false);
    for (at, c) in text.char_indices() {
        if let Some(delimiter) = quote {
            if escaped || c == '\\' {
                escaped = !escaped;
            } else if c == delimiter {
                quote = None;
                visit(at, c);
            }
            continue;
        }
        if matches!(c, '\'' | '"') {
            quote = Some(c);
        }
        visit(at, c);
    }
}

fn at_character(text: &str, at: usize) -> Refusal {
    /// Indices end at 2^53 - 1, which has 16 digits.
    const LONGEST_INDEX: usize = 16;
    let digit_count = text.as_bytes()[at.min(text.len())..].iter().take_while(|b| b.is_ascii_digit()).count();
    if digit_count >= LONGEST_INDEX {
        return Refusal { reason: "out of range".to_owned(), place: Some(at..at + digit_count) };
    }
    match text.get(at..).and_then(|rest| rest.chars().next()) {
        Some(found) => Refusal {
            reason: format!(
                "{} cannot stand here",
                if found.is_whitespace() { "a blank".to_owned() } else { format!("`{found}`") }
            ),
            place: Some(at..at + found.len_utf8()),
        },
        None => Refusal { reason: "ends too early".to_owned(), place: Some(text.len()..text.len()) },
    }
}

/// What the library lets pass. `current` says that the segments start at `@`.
fn well_typed(segments: &[Segment], current: bool) -> Result<(), Refusal> {
    for (index, segment) in segments.iter().enumerate() {
        for selector in selectors(segment) {
            let Selector::Filter(filter) = selector else { continue };
            // `$[?@[?@>1]]`: the library finds nothing.
            if current && index == 0 {
                return Err("a filter directly on `@` inside a filter is not supported".into());
            }
            filter_well_typed(filter)?;
        }
    }
    Ok(())
}

fn selectors(segment: &Segment) -> &[Selector] {
    match segment {
        Segment::Selector(selector) => std::slice::from_ref(selector),
        Segment::Selectors(selectors) => selectors,
        Segment::Descendant(segment) => selectors(segment),
    }
}

fn filter_well_typed(filter: &Filter) -> Result<(), Refusal> {
    match filter {
        Filter::Or(filters) | Filter::And(filters) => filters.iter().try_for_each(filter_well_typed),
        Filter::Atom(FilterAtom::Filter { expr, .. }) => filter_well_typed(expr),
        Filter::Atom(FilterAtom::Test { expr, .. }) => match &**expr {
            Test::Function(function) if function.is_comparable() => {
                Err("`length`, `count` and `value` have to be compared with something".into())
            }
            test => test_well_typed(test),
        },
        Filter::Atom(FilterAtom::Comparison(comparison)) => {
            let (left, right) = comparison.vals();
            [left, right].into_iter().try_for_each(|side| match side {
                Comparable::Function(function) => function_well_typed(function),
                Comparable::Literal(_) | Comparable::SingularQuery(_) => Ok(()),
            })
        }
    }
}

fn test_well_typed(test: &Test) -> Result<(), Refusal> {
    match test {
        Test::RelQuery(segments) => well_typed(segments, true),
        Test::AbsQuery(query) => well_typed(&query.segments, false),
        Test::Function(function) => function_well_typed(function),
    }
}

fn function_well_typed(function: &TestFunction) -> Result<(), Refusal> {
    match function {
        TestFunction::Custom(name, _) => {
            Err(Refusal { reason: format!("`{name}` is no function of RFC 9535"), place: None })
        }
        TestFunction::Length(argument) => value_argument(argument),
        TestFunction::Match(value, pattern) | TestFunction::Search(value, pattern) => {
            value_argument(value)?;
            value_argument(pattern)
        }
        TestFunction::Count(argument) | TestFunction::Value(argument) => match argument {
            FnArg::Test(test) if !matches!(**test, Test::Function(_)) => test_well_typed(test),
            _ => Err("`count` and `value` take a query".into()),
        },
    }
}

/// An argument that must be one value: a literal, a query of one node, or a function of a value.
fn value_argument(argument: &FnArg) -> Result<(), Refusal> {
    const ONE: &str = "`length`, `match` and `search` take single values: a query with `*`, `..`, a slice, several \
                       names or a filter may select many";
    match argument {
        FnArg::Literal(_) => Ok(()),
        FnArg::Filter(_) => Err(ONE.into()),
        FnArg::Test(test) => match &**test {
            Test::RelQuery(segments) => singular(segments).then_some(()).ok_or_else(|| ONE.into()),
            Test::AbsQuery(query) => singular(&query.segments).then_some(()).ok_or_else(|| ONE.into()),
            Test::Function(function) if function.is_comparable() => function_well_typed(function),
            Test::Function(_) => Err(ONE.into()),
        },
    }
}

fn singular(segments: &[Segment]) -> bool {
    let one =
        |segment: &Segment| matches!(segment, Segment::Selector(Selector::Name(_) | Selector::Index(_)));
    segments.iter().all(one)
}

/// What was probably meant.
fn hint(text: &str, at: usize) -> Option<String> {
    let Some(rest) = text.strip_prefix('$') else {
        let path = text.trim_start_matches(['@', '.']);
        return Some(format!("a JSONPath starts with `$`: `$.{path}`"));
    };
    if let Some(trimmed) = (text.trim() != text).then(|| text.trim()) {
        return Some(format!("no blanks around it: `{trimmed}`"));
    }
    if rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
        return Some(format!("a name follows a dot: `$.{rest}`"));
    }
    if text.contains(".[") && !text.contains("..[") {
        return Some(format!("no dot before `[`: `{}`", text.replace(".[", "[")));
    }
    if text.ends_with("..") {
        return Some(format!("behind `..` goes a name, `*` or `[...]`: `{text}*`"));
    }
    if let Some(path) = text.strip_suffix('.') {
        return Some(format!("a name follows the dot, or there is none: `{path}`"));
    }
    if text.contains("@.length-") || text.contains("@.length -") {
        return Some("the last element is `[-1]`".to_owned());
    }
    if text.contains("=~") {
        return Some("a regular expression is `match(@.name, 'pattern')` or `search(...)`".to_owned());
    }
    if text.contains('?') && text.contains('=') && !text.contains(['!', '<', '>']) && !text.contains("==") {
        return Some("equality is `==`".to_owned());
    }
    quoted_name(text, at)
}

/// `$.user-id` and `$[user]` want quotes.
fn quoted_name(text: &str, at: usize) -> Option<String> {
    let before = text.get(..at)?;
    let from = before.rfind(['.', '[']).filter(|&from| !before[from..].contains(['\'', '"', '?', ']']))?;
    let rest = &text[from + 1..];
    let name = &rest[..rest.find(['.', '[', ']']).unwrap_or(rest.len())];
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '$' | '@' | '/' | ' ');
    // `$.user` and `$[0]` need no quotes: what is wrong is something else.
    let needless = if before[from..].starts_with('.') {
        name.chars().all(|c| c.is_alphanumeric() || c == '_')
    } else {
        name.chars().all(|c| c.is_ascii_digit() || c == '-')
    };
    let quotable = !needless && name.chars().all(plain);
    quotable
        .then(|| format!("a name with other characters than letters, digits and `_` is written `['{name}']`"))
}
