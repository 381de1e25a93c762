//! Holds a tree to the table of keywords and reports every difference, each at its place.

use super::nouns::PLAN;
use super::table::{Kind, Noun, Rule, Word};
use super::units::{parse_duration, parse_size};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, codes, nearest};
use crate::plan::syntax::{Entry, Key, Node, NodeKind};

/// Reports everything in the tree that is not the shape of a plan.
pub fn check(root: &Node, diagnostics: &mut Diagnostics) {
    Checker { diagnostics }.map(root, &PLAN, None);
}

struct Checker<'d> {
    diagnostics: &'d mut Diagnostics,
}

/// What a value is to be called in messages, and the key to point at when the value itself has no text.
#[derive(Clone, Copy)]
struct Place<'a> {
    what: &'a str,
    key: Option<Span>,
}

impl Checker<'_> {
    fn report(&mut self, code: Code, message: String, span: Span, label: &str, help: Option<String>) {
        let mut diagnostic = Diagnostic::new(code, message).label(span, label);
        diagnostic.help = help;
        self.diagnostics.push(diagnostic);
    }

    fn value(&mut self, node: &Node, kind: &Kind, place: Place<'_>) {
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
            Kind::Path => self.path(node, place),
            Kind::Integer(min, max) => self.integer(node, *min, *max, place),
            Kind::Duration => {
                self.quantity(
                    node,
                    "a length of time",
                    "250ms, 2s, 1m30s",
                    |t| parse_duration(t).is_some(),
                    place,
                );
            }
            Kind::Size => self.quantity(node, "a size", "64KiB, 16MiB", |t| parse_size(t).is_some(), place),
            Kind::Words(words) => self.word(node, words, place),
            Kind::List(of, min, max) => self.list(node, of, (*min, *max), place),
            Kind::Map(noun) => self.map(node, noun, place.key),
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
        let expected = describe(kind);
        let found = node.describe();
        let span = if node.span.start == node.span.end { place.key.unwrap_or(node.span) } else { node.span };
        let message = format!("`{}` takes {expected}, not {found}", place.what);
        let help = match (kind, &node.kind) {
            (Kind::Text | Kind::Template, NodeKind::Number(n)) => Some(format!("quote it: \"{n}\"")),
            (Kind::Text | Kind::Template, NodeKind::Bool(b)) => Some(format!("quote it: \"{b}\"")),
            (Kind::True, NodeKind::Bool(false)) => Some("leave the key out instead".to_owned()),
            (Kind::List(..), NodeKind::Map(_)) => Some("start each item with `- `".to_owned()),
            _ => None,
        };
        self.report(codes::WRONG_TYPE, message, span, &format!("{found} stands here"), help);
    }

    fn empty(&mut self, span: Span, place: Place<'_>, what: &str) {
        let span = if span.start == span.end { place.key.unwrap_or(span) } else { span };
        let message = format!("`{}` is empty", place.what);
        self.report(
            codes::EMPTY_VALUE,
            message,
            span,
            &format!("{what} that is not empty is needed here"),
            None,
        );
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
            self.report(
                codes::OUT_OF_RANGE,
                message,
                node.span,
                &format!("from {min} to {max} is possible"),
                None,
            );
        }
    }

    fn quantity(
        &mut self,
        node: &Node,
        what: &str,
        examples: &str,
        parses: impl Fn(&str) -> bool,
        place: Place<'_>,
    ) {
        let message = format!("`{}` takes {what} with its unit", place.what);
        match &node.kind {
            NodeKind::Number(n) => {
                let first_unit = if what == "a size" { "KiB" } else { "s" };
                let help = format!("write `{n}{first_unit}`, if that is what is meant; others: {examples}");
                self.report(codes::MISSING_UNIT, message, node.span, "a bare number", Some(help));
            }
            NodeKind::String(text) if parses(text) => {}
            NodeKind::String(text) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
                self.report(
                    codes::MISSING_UNIT,
                    message,
                    node.span,
                    "a bare number",
                    Some(format!("examples: {examples}")),
                );
            }
            NodeKind::String(_) => {
                let label = format!("this is not {what}");
                self.report(
                    codes::MALFORMED_VALUE,
                    message,
                    node.span,
                    &label,
                    Some(format!("examples: {examples}")),
                );
            }
            _ => self.wrong_type(node, if what == "a size" { &Kind::Size } else { &Kind::Duration }, place),
        }
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
        self.report(codes::UNKNOWN_WORD, message, node.span, "unknown word", Some(help));
    }

    fn list(&mut self, node: &Node, of: &Kind, (min, max): (usize, usize), place: Place<'_>) {
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
            self.report(codes::OUT_OF_RANGE, message, node.span, &format!("{} items", items.len()), None);
        }
        for item in items {
            // An item points at itself when something is missing in it, not at the key of the whole list.
            self.value(item, of, Place { what: place.what, key: None });
        }
    }

    fn body(&mut self, node: &Node, noun: &'static Noun, place: Place<'_>) {
        match &node.kind {
            NodeKind::Map(entries) if entries.len() == 1 && entries[0].key.text.starts_with('$') => {
                self.map(node, noun, place.key);
            }
            NodeKind::Map(_) | NodeKind::List(_) | NodeKind::String(_) => {}
            NodeKind::Null | NodeKind::Bool(_) | NodeKind::Number(_) => {
                let span =
                    if node.span.start == node.span.end { place.key.unwrap_or(node.span) } else { node.span };
                let message = format!("`{}` takes a body: a map, a list or a string", place.what);
                let help = "to send a bare value as JSON write `$json: ...`; as text, quote it".to_owned();
                self.report(
                    codes::WRONG_TYPE,
                    message,
                    span,
                    &format!("{} stands here", node.describe()),
                    Some(help),
                );
            }
        }
    }

    /// `key` is the key that the map stands behind, to point at when something is missing in it.
    fn map(&mut self, node: &Node, noun: &'static Noun, key: Option<Span>) {
        let Some(entries) = node.entries() else {
            let place = Place { what: noun.name, key };
            return self.wrong_type(node, &Kind::Map(noun), place);
        };
        for entry in entries {
            self.entry(entry, noun);
        }
        let place = key.or_else(|| entries.first().map(|e| e.key.span)).unwrap_or(node.span);
        for field in noun.fields.iter().filter(|field| field.required && node.lookup(field.key).is_none()) {
            let message = format!("{} has no `{}`", article(noun.name), field.key);
            let help = format!("for example `{}: {}`", field.key, field.example);
            self.report(
                codes::MISSING_KEY,
                message,
                place,
                &format!("`{}` is missing here", field.key),
                Some(help),
            );
        }
        for rule in noun.rules {
            self.rule(*rule, entries, noun, place);
        }
    }

    fn entry(&mut self, entry: &Entry, noun: &'static Noun) {
        let Key { text, span } = &entry.key;
        if let Some(field) = noun.field(text) {
            self.value(&entry.value, &field.kind, Place { what: field.key, key: Some(*span) });
            return;
        }
        match &noun.open {
            Some(open) if matches_pattern(open.pattern, text) => {
                self.value(&entry.value, &open.kind, Place { what: text, key: Some(*span) });
            }
            Some(open) if noun.fields.is_empty() => {
                let message = format!("`{text}` cannot be {}", open.what);
                let help = format!("it must match {}", open.pattern);
                self.report(codes::MALFORMED_VALUE, message, *span, "not such a name", Some(help));
            }
            _ => self.unknown_key(text, *span, noun),
        }
    }

    fn unknown_key(&mut self, text: &str, span: Span, noun: &'static Noun) {
        let help = match nearest(text, noun.fields.iter().map(|field| field.key)) {
            Some(key) => format!("did you mean `{key}`?"),
            None if noun.open.is_some() => format!(
                "{}, or {}",
                noun.open.as_ref().map_or("", |open| open.what),
                join(noun.fields.iter().map(|field| field.key))
            ),
            None => format!("known here: {}", join(noun.fields.iter().map(|field| field.key))),
        };
        let message = format!("unknown key `{text}` in {}", article(noun.name));
        self.report(codes::UNKNOWN_KEY, message, span, "unknown key", Some(help));
    }

    fn rule(&mut self, rule: Rule, entries: &[Entry], noun: &Noun, place: Span) {
        let present = |keys: &[&str]| -> Vec<Key> {
            entries.iter().map(|e| &e.key).filter(|key| keys.contains(&key.text.as_str())).cloned().collect()
        };
        match rule {
            Rule::OneVerb(verbs) => match present(verbs).as_slice() {
                [_] => {}
                // An unknown key has been reported: it is the verb that was meant.
                [] if entries.iter().any(|entry| noun.field(&entry.key.text).is_none()) => {}
                [] => {
                    let help = format!("one of: {}", join(verbs.iter().copied()));
                    self.report(
                        codes::NO_VERB,
                        "a step has no verb".into(),
                        place,
                        "what shall it do?",
                        Some(help),
                    );
                }
                found => {
                    let help = "make each a step of its own, starting with `- `".to_owned();
                    self.several(codes::SEVERAL_VERBS, "a step has more than one verb".into(), found, help);
                }
            },
            Rule::ExactlyOne(keys) => match present(keys).as_slice() {
                [_] => {}
                [] if entries.iter().any(|entry| noun.field(&entry.key.text).is_none()) => {}
                [] => self.needs_one(keys, noun, place),
                found => {
                    let message = format!("{} takes only one of these keys", article(noun.name));
                    self.several(
                        codes::CONFLICTING_KEYS,
                        message,
                        found,
                        format!("one of: {}", join(keys.iter().copied())),
                    );
                }
            },
            Rule::AtLeastOne(keys) => {
                if present(keys).is_empty() {
                    self.needs_one(keys, noun, place);
                }
            }
            Rule::Excludes(one, others) => {
                if let ([first], [second, ..]) = (present(&[one]).as_slice(), present(others).as_slice()) {
                    let message = format!("`{}` and `{}` exclude each other", first.text, second.text);
                    self.several(
                        codes::CONFLICTING_KEYS,
                        message,
                        &[first.clone(), second.clone()],
                        "leave one out".into(),
                    );
                }
            }
            Rule::Needs(one, other) => {
                if let ([key], []) = (present(&[one]).as_slice(), present(&[other]).as_slice()) {
                    let message = format!("`{one}` without `{other}`");
                    let label = format!("there is no `{other}` that it belongs to");
                    self.report(codes::MISSING_KEY, message, key.span, &label, None);
                }
            }
            Rule::NotEmpty => {
                if entries.is_empty() {
                    self.empty(place, Place { what: noun.name, key: Some(place) }, "a map");
                }
            }
        }
    }

    fn needs_one(&mut self, keys: &[&str], noun: &Noun, place: Span) {
        let message =
            format!("{} needs one of these keys: {}", article(noun.name), join(keys.iter().copied()));
        self.report(codes::MISSING_KEY, message, place, "none of them is here", None);
    }

    fn several(&mut self, code: Code, message: String, keys: &[Key], help: String) {
        let mut spans: Vec<_> = keys.iter().map(|key| key.span).collect();
        spans.sort_unstable_by_key(|span| std::cmp::Reverse(span.start));
        let first = spans.pop();
        let rest = spans.into_iter().map(|span| (span, "and here"));
        let mut diagnostic = Diagnostic::new(code, message).help(help);
        for (span, text) in rest.chain(first.map(|span| (span, "first here"))) {
            diagnostic = diagnostic.label(span, text);
        }
        self.diagnostics.push(diagnostic);
    }

    /// A mixture of both forms is a short one that has outgrown itself; it is told so once a key.
    fn short_or_long(&mut self, node: &Node, short: &'static Noun, long: &'static Noun, place: Place<'_>) {
        let noun = short_or_long(node, short, long);
        if std::ptr::eq(noun, long) {
            let required = long.fields.iter().find(|field| field.required).map_or("", |field| field.key);
            for key in node.entries().unwrap_or_default().iter().map(|entry| &entry.key) {
                if long.field(&key.text).is_none() && belongs_to(short, &key.text) {
                    let message = format!("`{}` stands beside the keys of {}", key.text, article(long.name));
                    let help = format!("put it under `{required}: {{ {}: ... }}`", key.text);
                    self.report(codes::UNKNOWN_KEY, message, key.span, "this says which message", Some(help));
                }
            }
        }
        self.map(node, noun, place.key);
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
        Kind::Text | Kind::Template | Kind::Path | Kind::Words(_) => node.text().is_some(),
        Kind::Scalar => is_scalar(node),
        Kind::Ordered => is_ordered(node),
        Kind::Integer(..) => matches!(node.kind, NodeKind::Number(_)),
        // A bare number is meant as a quantity and is told so.
        Kind::Duration | Kind::Size => matches!(node.kind, NodeKind::String(_) | NodeKind::Number(_)),
        Kind::List(..) => node.items().is_some(),
        Kind::Map(_) | Kind::ShortOrLong(..) => node.entries().is_some(),
        Kind::Body(_) => node.entries().is_some() || node.items().is_some() || node.text().is_some(),
        Kind::Either(kinds) => kinds.iter().any(|kind| accepts_type(kind, node)),
    }
}

fn describe(kind: &Kind) -> String {
    match kind {
        Kind::Any => "any value".into(),
        Kind::Null => "nothing".into(),
        Kind::Bool => "true or false".into(),
        Kind::True => "`true`".into(),
        Kind::Text | Kind::Template | Kind::Path => "a string".into(),
        Kind::Ordered => "a string or a number".into(),
        Kind::Scalar => "a string, a number or a boolean".into(),
        Kind::Integer(..) => "a whole number".into(),
        Kind::Duration => "a length of time".into(),
        Kind::Size => "a size".into(),
        Kind::Words(words) => format!("one of {}", join(words.iter().map(|word| word.word))),
        Kind::List(..) => "a list".into(),
        Kind::Map(_) | Kind::ShortOrLong(..) => "a map".into(),
        Kind::Body(_) => "a body".into(),
        Kind::Either(kinds) => {
            let named: Vec<_> =
                kinds.iter().filter(|kind| !matches!(kind, Kind::Null)).map(describe).collect();
            named.join(" or ")
        }
    }
}

/// A noun with its article; `plan` and `defaults` read better without one.
fn article(name: &str) -> String {
    if name.ends_with('s') {
        return format!("`{name}`");
    }
    let vowel = name.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {name}", if vowel { "an" } else { "a" })
}

fn join<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(", ")
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
                let place = Place { what: field.key, key: None };
                let value = node.lookup(field.key).expect(&text);
                Checker { diagnostics: &mut diagnostics }.value(value, &field.kind, place);
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
            ("WSP0202", "expect"),
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
