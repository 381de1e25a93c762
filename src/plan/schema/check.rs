//! Holds a tree to the table of keywords and reports every difference, each at its place.

mod rules;
mod wording;

use self::wording::{article, describe, grouped, join, list_item, suggestion, unit_help};
use super::nouns::{FRAGMENT_OR_STEPS, NAME_FORM, NAME_PATTERN, PLAN};
use super::table::{Kind, Noun, Word};
use super::unread::Unread;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, codes, nearest};
use crate::plan::syntax::{Entry, Key, Node, NodeKind};
use crate::quantity::{SHARE_PATTERN, parse_duration, parse_rate, parse_size};

/// Reports everything in the tree that is not the shape of a plan. What is given back says what may have stood in the
/// parts that are not understood, so that later stages do not complain of it; it is empty where nothing was reported.
pub fn check(root: &Node, diagnostics: &mut Diagnostics) -> Unread {
    let mut checker = Checker { diagnostics, refused: Vec::new() };
    checker.map(root, &PLAN, Place::item("plan"), None);
    let Checker { diagnostics, refused } = checker;
    if diagnostics.has_errors() { Unread::of(root, &refused) } else { Unread::default() }
}

/// The same of a file that holds a fragment.
pub fn check_fragment(root: &Node, diagnostics: &mut Diagnostics) -> Unread {
    let count_before = diagnostics.error_count();
    let mut checker = Checker { diagnostics, refused: Vec::new() };
    checker.value(root, &FRAGMENT_OR_STEPS, Place::item("fragment"));
    let Checker { diagnostics, refused } = checker;
    if diagnostics.error_count() > count_before { Unread::of(root, &refused) } else { Unread::default() }
}

struct Checker<'d, 'n> {
    diagnostics: &'d mut Diagnostics,
    /// The values of keys that are not known.
    refused: Vec<&'n Node>,
}

/// Where a value stands, for messages.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// What the value is called: its key, or for an item of a list what the list is called.
    what: &'a str,
    /// The key to point at when the value itself has no text; an item has none.
    key: Option<Span>,
    /// What may be written here, where the table says so.
    example: Option<&'a str>,
}

impl<'a> Place<'a> {
    fn item(what: &'a str) -> Self {
        Self { what, key: None, example: None }
    }

    fn example(&self) -> Option<String> {
        self.example.map(|example| format!("for example `{}: {example}`", self.what))
    }

    /// What to underline: the value, or its key where the value has no text.
    fn span(&self, value: Span) -> Span {
        if value.start == value.end { self.key.unwrap_or(value) } else { value }
    }
}

impl<'n> Checker<'_, 'n> {
    fn report(&mut self, code: Code, message: String, span: Span, label: &str, help: Option<String>) {
        let mut diagnostic = Diagnostic::new(code, message).label(span, label);
        diagnostic.help = help;
        self.diagnostics.push(diagnostic);
    }

    fn value(&mut self, node: &'n Node, kind: &Kind, place: Place<'_>) {
        match kind {
            Kind::Any => {}
            Kind::Null => self.expect_type(node, matches!(node.kind, NodeKind::Null), kind, place),
            Kind::Bool => self.expect_type(node, matches!(node.kind, NodeKind::Bool(_)), kind, place),
            Kind::True => self.expect_type(node, node.kind == NodeKind::Bool(true), kind, place),
            Kind::Template => self.expect_type(node, node.text().is_some(), kind, place),
            Kind::Text => match node.text() {
                Some("") => self.empty(node.span, place, "a string"),
                text => self.expect_type(node, text.is_some(), kind, place),
            },
            Kind::Scalar => self.expect_type(node, is_scalar(node), kind, place),
            Kind::Ordered => self.expect_type(node, is_ordered(node), kind, place),
            Kind::Name => self.name(node, place),
            Kind::Path => self.path(node, place),
            Kind::Integer(min, max) => self.integer(node, *min, *max, place),
            Kind::Number(min, max) => self.number(node, (*min, *max), kind, place),
            Kind::Duration => self.quantity(node, kind, |text| parse_duration(text).is_some(), place),
            Kind::Size => self.quantity(node, kind, |text| parse_size(text).is_some(), place),
            Kind::Rate => self.quantity(node, kind, |text| parse_rate(text).is_some(), place),
            Kind::Share => self.quantity(node, kind, |text| matches_pattern(SHARE_PATTERN, text), place),
            Kind::Words(words) => self.word(node, words, place),
            Kind::List(of, min, max) => self.list(node, of, (*min, *max), place),
            Kind::Map(noun) => self.map(node, noun, place, None),
            Kind::Either(kinds) => match kinds.iter().find(|kind| accepts_type(kind, node)) {
                Some(kind) => self.value(node, kind, place),
                None => self.wrong_type(node, kind, place),
            },
            Kind::ShortOrLong(short, long) => self.short_or_long(node, short, long, place),
            Kind::Body(noun) => self.body(node, noun, place),
        }
    }

    fn expect_type(&mut self, node: &Node, holds: bool, kind: &Kind, place: Place<'_>) {
        if !holds {
            self.wrong_type(node, kind, place);
        }
    }

    fn wrong_type(&mut self, node: &Node, kind: &Kind, place: Place<'_>) {
        let found = match (kind, &node.kind) {
            (Kind::True, NodeKind::Bool(false)) => "`false`",
            _ => node.describe(),
        };
        let message = match kind {
            Kind::Map(noun) if list_item(noun) => format!("{} is a map, not {found}", article(noun.name)),
            _ => format!("`{}` takes {}, not {found}", place.what, describe(kind)),
        };
        let help = wording::type_help(kind, node, place.what)
            .or_else(|| place.example())
            .or_else(|| wording::smallest(kind, place.key.map(|_| place.what)));
        self.report(codes::WRONG_TYPE, message, place.span(node.span), &format!("{found} stands here"), help);
    }

    fn empty(&mut self, span: Span, place: Place<'_>, what: &str) {
        let message = format!("`{}` is empty", place.what);
        let label = format!("{what} that is not empty is needed here");
        self.report(codes::EMPTY_VALUE, message, place.span(span), &label, place.example());
    }

    fn name(&mut self, node: &Node, place: Place<'_>) {
        let Some(text) = node.text() else { return self.wrong_type(node, &Kind::Name, place) };
        if !matches_pattern(NAME_PATTERN, text) {
            let help = Some(format!("possible are {NAME_FORM}"));
            let message = format!("`{text}` cannot be a name");
            self.report(codes::MALFORMED_VALUE, message, place.span(node.span), "not such a name", help);
        }
    }

    fn path(&mut self, node: &Node, place: Place<'_>) {
        let Some(text) = node.text() else { return self.wrong_type(node, &Kind::Path, place) };
        if !text.starts_with(['/', '{']) {
            let help = format!("write `/{text}`; the host belongs into `target`");
            let message = "a path starts with `/`".to_owned();
            self.report(codes::MALFORMED_VALUE, message, node.span, "this does not", Some(help));
        }
    }

    fn integer(&mut self, node: &Node, min: i64, max: i64, place: Place<'_>) {
        let NodeKind::Number(number) = &node.kind else {
            return self.wrong_type(node, &Kind::Integer(min, max), place);
        };
        if number.is_f64() {
            let message = format!("`{}` takes a whole number", place.what);
            return self.report(codes::WRONG_TYPE, message, node.span, "this has a fraction", None);
        }
        if !number.as_i64().is_some_and(|n| (min..=max).contains(&n)) {
            let message = format!("`{}` is out of range", place.what);
            let label = format!("from {} to {} is possible", grouped(min), grouped(max));
            self.report(codes::OUT_OF_RANGE, message, node.span, &label, None);
        }
    }

    fn number(&mut self, node: &Node, (min, max): (f64, f64), kind: &Kind, place: Place<'_>) {
        let NodeKind::Number(number) = &node.kind else { return self.wrong_type(node, kind, place) };
        if !number.as_f64().is_some_and(|n| (min..=max).contains(&n)) {
            let message = format!("`{}` is out of range", place.what);
            let label = format!("from {min} to {max} is possible");
            self.report(codes::OUT_OF_RANGE, message, node.span, &label, None);
        }
    }

    fn quantity(&mut self, node: &Node, kind: &Kind, parses: impl Fn(&str) -> bool, place: Place<'_>) {
        let what = describe(kind);
        let message = format!("`{}` takes {what} with its unit", place.what);
        let bare = match &node.kind {
            NodeKind::Number(number) => Some(number.to_string()),
            NodeKind::String(text) if parses(text) => return,
            NodeKind::String(text) => {
                Some(text.clone()).filter(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
            }
            _ => return self.wrong_type(node, kind, place),
        };
        let help = Some(unit_help(kind, bare.as_deref(), node, parses));
        if bare.is_some() {
            return self.report(codes::MISSING_UNIT, message, node.span, "a bare number", help);
        }
        let label = format!("this is not {what}");
        self.report(codes::MALFORMED_VALUE, message, place.span(node.span), &label, help);
    }

    fn word(&mut self, node: &Node, words: &'static [Word], place: Place<'_>) {
        let Some(text) = node.text() else {
            return self.wrong_type(node, &Kind::Words(words), place);
        };
        if words.iter().any(|word| word.word == text) {
            return;
        }
        let help = match nearest(text, words.iter().map(|word| word.word)) {
            Some(word) => format!("did you mean `{word}`?"),
            None => format!("one of: {}", join(words.iter().map(|word| word.word))),
        };
        let message = format!("`{text}` is not a value of `{}`", place.what);
        self.report(codes::UNKNOWN_WORD, message, place.span(node.span), "unknown word", Some(help));
    }

    fn list(&mut self, node: &'n Node, of: &Kind, (min, max): (usize, usize), place: Place<'_>) {
        let Some(items) = node.items() else {
            return self.wrong_type(node, &Kind::List(&Kind::Any, min, max), place);
        };
        if items.is_empty() && min > 0 {
            return self.empty(node.span, place, "a list");
        }
        if items.len() < min || items.len() > max {
            let wanted =
                if min == max { format!("{min} items") } else { format!("from {min} to {max} items") };
            let message = format!("`{}` takes {wanted}", place.what);
            let label = format!("{} stand here", wording::count(items.len(), "item"));
            self.report(codes::OUT_OF_RANGE, message, node.span, &label, place.example());
        }
        for item in items {
            // An item points at itself when something is missing in it, not at the key of the whole list.
            self.value(item, of, Place::item(place.what));
        }
    }

    fn body(&mut self, node: &'n Node, noun: &'static Noun, place: Place<'_>) {
        match &node.kind {
            NodeKind::Map(entries) if entries.len() == 1 && entries[0].key.text.starts_with('$') => {
                self.map(node, noun, place, None);
            }
            NodeKind::Map(_) | NodeKind::List(_) | NodeKind::String(_) => {}
            NodeKind::Null | NodeKind::Bool(_) | NodeKind::Number(_) => {
                let message = format!("`{}` takes a body: a map, a list or a string", place.what);
                let help = match node.kind {
                    NodeKind::Null => place.example(),
                    _ => {
                        Some("to send a bare value as JSON write `$json: ...`; as text, quote it".to_owned())
                    }
                };
                let label = format!("{} stands here", node.describe());
                self.report(codes::WRONG_TYPE, message, place.span(node.span), &label, help);
            }
        }
    }

    /// `excused` is a field whose lack has been reported in other words.
    fn map(&mut self, node: &'n Node, noun: &'static Noun, place: Place<'_>, excused: Option<&str>) {
        let Some(entries) = node.entries() else {
            return self.wrong_type(node, &Kind::Map(noun), place);
        };
        for entry in entries {
            self.entry(entry, noun);
        }
        let span = place.key.or_else(|| entries.first().map(|e| e.key.span)).unwrap_or(node.span);
        let place = Place { key: Some(span), ..place };
        for field in noun.fields.iter().filter(|field| field.required && node.lookup(field.key).is_none()) {
            // A key that is nearly this one was reported: it is the one that was meant.
            let is_misspelt =
                entries.iter().any(|entry| misspelt_field(noun, &entry.key.text) == Some(field.key));
            if !is_misspelt && excused != Some(field.key) {
                let message = format!("{} has no `{}`", article(noun.name), field.key);
                let label = format!("`{}` is missing here", field.key);
                let help = format!("for example `{}: {}`", field.key, field.example);
                self.report(codes::MISSING_KEY, message, span, &label, Some(help));
            }
        }
        for rule in noun.rules {
            self.rule(*rule, entries, noun, place);
        }
    }

    fn entry(&mut self, entry: &'n Entry, noun: &'static Noun) {
        let Key { text, span } = &entry.key;
        if let Some(field) = noun.field(text) {
            let place = Place { what: field.key, key: Some(*span), example: Some(field.example) };
            self.value(&entry.value, &field.kind, place);
            return;
        }
        match &noun.open {
            Some(open) if matches_pattern(open.pattern, text) => {
                self.value(&entry.value, &open.kind, Place { what: text, key: Some(*span), example: None });
            }
            Some(open) if noun.fields.is_empty() => {
                let message = format!("`{text}` cannot be {}", open.what);
                let help = format!("possible are {}", open.form);
                self.report(codes::MALFORMED_VALUE, message, *span, "not such a name", Some(help));
            }
            _ => {
                self.refused.push(&entry.value);
                let message = wording::unknown_key(text, noun);
                self.report(
                    codes::UNKNOWN_KEY,
                    message,
                    *span,
                    "not known here",
                    Some(suggestion(text, noun)),
                );
            }
        }
    }

    /// A mixture of both forms is a short one that has outgrown itself; it is told so once a key.
    fn short_or_long(&mut self, node: &'n Node, short: &'static Noun, long: &'static Noun, place: Place<'_>) {
        let noun = short_or_long(node, short, long);
        let mut excused = None;
        if std::ptr::eq(noun, long) {
            // The long form's first key is the place for what the short form says.
            let required = long.fields.first().map_or("", |field| field.key);
            for key in node.entries().unwrap_or_default().iter().map(|entry| &entry.key) {
                if long.field(&key.text).is_none() && belongs_to(short, &key.text) {
                    excused = Some(required);
                    let message = format!("`{}` stands beside the keys of {}", key.text, article(long.name));
                    let help = format!("put it under `{required}: {{ {}: ... }}`", key.text);
                    self.report(codes::UNKNOWN_KEY, message, key.span, "this says which message", Some(help));
                }
            }
        }
        self.map(node, noun, place, excused);
    }
}

/// Which of the two nouns a map is meant to be.
pub(super) fn short_or_long(node: &Node, short: &'static Noun, long: &'static Noun) -> &'static Noun {
    let keys = || node.entries().unwrap_or_default().iter().map(|entry| entry.key.text.as_str());
    let is_long = keys().any(|key| long.field(key).is_some());
    let is_short = keys().any(|key| belongs_to(short, key));
    if is_short && !is_long { short } else { long }
}

fn belongs_to(noun: &Noun, key: &str) -> bool {
    noun.field(key).is_some() || noun.open.as_ref().is_some_and(|open| matches_pattern(open.pattern, key))
}

/// The field that an unknown key was probably meant to be.
fn misspelt_field(noun: &'static Noun, key: &str) -> Option<&'static str> {
    if belongs_to(noun, key) {
        return None;
    }
    nearest(key, noun.fields.iter().map(|field| field.key))
}

fn is_scalar(node: &Node) -> bool {
    matches!(node.kind, NodeKind::String(_) | NodeKind::Number(_) | NodeKind::Bool(_))
}

fn is_ordered(node: &Node) -> bool {
    matches!(node.kind, NodeKind::String(_) | NodeKind::Number(_))
}

/// Whether the value's type alone chooses this alternative.
fn accepts_type(kind: &Kind, node: &Node) -> bool {
    match kind {
        Kind::Any => true,
        Kind::Null => matches!(node.kind, NodeKind::Null),
        Kind::Bool | Kind::True => matches!(node.kind, NodeKind::Bool(_)),
        Kind::Text | Kind::Name | Kind::Template | Kind::Path | Kind::Words(_) => node.text().is_some(),
        Kind::Scalar => is_scalar(node),
        Kind::Ordered => is_ordered(node),
        Kind::Integer(..) | Kind::Number(..) => matches!(node.kind, NodeKind::Number(_)),
        // A bare number is meant as a quantity and is told so.
        Kind::Duration | Kind::Size | Kind::Rate | Kind::Share => {
            matches!(node.kind, NodeKind::String(_) | NodeKind::Number(_))
        }
        Kind::List(..) => node.items().is_some(),
        Kind::Map(_) | Kind::ShortOrLong(..) => node.entries().is_some(),
        Kind::Body(_) => node.entries().is_some() || node.items().is_some() || node.text().is_some(),
        Kind::Either(kinds) => kinds.iter().any(|kind| accepts_type(kind, node)),
    }
}

fn matches_pattern(pattern: &'static str, text: &str) -> bool {
    use std::collections::HashMap;
    use std::sync::{Mutex, PoisonError};
    static COMPILED: Mutex<Option<HashMap<&'static str, regex::Regex>>> = Mutex::new(None);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let compiled = compiled.get_or_insert_with(HashMap::new);
    compiled
        .entry(pattern)
        .or_insert_with(|| regex::Regex::new(pattern).expect("the patterns of the table are tested"))
        .is_match(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Sources;
    use crate::plan::schema::{Field, nouns};
    use crate::plan::syntax::{Limits, parse};

    #[test]
    fn every_pattern_of_the_table_compiles_and_every_field_is_explained() {
        for noun in nouns::all() {
            if let Some(open) = &noun.open {
                matches_pattern(open.pattern, "");
            }
            for Field { key, doc, example, .. } in noun.fields {
                assert!(!doc.is_empty() && !example.is_empty(), "{}.{key}", noun.name);
            }
        }
    }

    /// An example that the table itself refuses would be shown by every editor.
    #[test]
    fn every_example_has_the_shape_of_its_field() {
        for noun in nouns::all() {
            for field in noun.fields {
                let mut sources = Sources::new();
                let text = format!("{}: {}", serde_json::json!(field.key), field.example);
                let file = sources.add("example", text.as_str());
                let mut diagnostics = Diagnostics::new();
                let node = parse(&sources, file, &Limits::default(), &mut diagnostics).expect(&text);
                let place = Place::item(field.key);
                let value = node.lookup(field.key).expect(&text);
                let mut checker = Checker { diagnostics: &mut diagnostics, refused: Vec::new() };
                checker.value(value, &field.kind, place);
                assert!(diagnostics.is_empty(), "{}: {text}: {diagnostics:?}", noun.name);
            }
        }
    }

    #[track_caller]
    fn mistakes(text: &str) -> Vec<(String, String, String)> {
        let mut sources = Sources::new();
        let file = sources.add("plan.yaml", text);
        let mut diagnostics = Diagnostics::new();
        let node = parse(&sources, file, &Limits::default(), &mut diagnostics).expect("it parses");
        check(&node, &mut diagnostics);
        let found = diagnostics.into_sorted().into_iter();
        found.map(|d| (d.code.to_string(), sources.slice(d.labels[0].span).to_owned(), d.message)).collect()
    }

    #[test]
    fn each_mistake_is_reported_at_its_place() {
        let text = "
target: 5
lood: { users: 1 }
load: { users: many, ramp: 10, stages: [] }
unmatched: fial
scenarios:
  user:
    wieght: 2
    steps:
      - name: nothing
      - send: hello
        think: 1s
      - expct: { $.a: 1 }
      - expect: { $.a: { eqq: 1 }, within: 2s }
      - think: { between: [1s] }
      - loop: { times: -1, forever: true }
      - close: { code: 99 }
      - connect: chat
      - expect: { where: { $.a: { lt: true } }, capture: { b: { path: $.b, group: 1 } } }
";
        let found = mistakes(text);
        let short: Vec<_> = found.iter().map(|(code, at, _)| (code.as_str(), at.as_str())).collect();
        let expected = [
            ("WSP0203", "5"),
            ("WSP0201", "lood"),
            ("WSP0203", "many"),
            ("WSP0206", "10"),
            ("WSP0210", "stages"),
            ("WSP0211", "[]"),
            ("WSP0209", "fial"),
            ("WSP0201", "wieght"),
            ("WSP0204", "name"),
            ("WSP0205", "think"),
            ("WSP0201", "expct"),
            ("WSP0201", "$.a"),
            ("WSP0208", "[1s]"),
            ("WSP0202", "loop"),
            ("WSP0208", "-1"),
            ("WSP0210", "forever"),
            ("WSP0208", "99"),
            ("WSP0207", "chat"),
            ("WSP0203", "true"),
            ("WSP0202", "group"),
        ];
        assert_eq!(short, expected, "{found:#?}");
    }
}
