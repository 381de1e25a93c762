//! Every field of the language has a bad value among the cases, with its diagnostic there: what nobody gets wrong in a
//! case would be found out about by the first user who does. None is excused: where any value will do, it may hold a
//! template, and that of a name that does not exist.

use std::collections::BTreeSet;

use wsplan::diagnostic::{Code, Diagnostic, Diagnostics, Sources, Span, codes};
use wsplan::plan::schema::{Kind, Noun, nouns};
use wsplan::plan::syntax::{self, Key, Node, NodeKind};

use crate::support::cases::inputs;
use crate::support::compiling::compile_file;

/// What stands for the keys that an author chooses, and for what is behind them.
const CHOSEN_KEY: &str = "(a key of one's own)";
const BEHIND_CHOSEN_KEY: &str = "(what is behind it)";

/// What may be wrong of a key although nothing is wrong with its value: it stands in the wrong company or place.
const OF_THE_PLACE: &[Code] = &[
    codes::NO_VERB,
    codes::SEVERAL_VERBS,
    codes::CONFLICTING_KEYS,
    codes::NOT_CONNECTED,
    codes::CLOSED_BEFORE,
    codes::ALREADY_CONNECTED,
    codes::AMBIGUOUS_CONNECTION,
    codes::MISPLACED_PUBLISH,
];

/// What is said of a value at its key, because the value has no text of its own or lacks something.
const OF_THE_VALUE: &[Code] = &[codes::EMPTY_VALUE, codes::MISSING_KEY, codes::WRONG_TYPE];

type FieldName = (&'static str, &'static str);

/// A field in use.
struct Use<'n> {
    field: FieldName,
    key: &'n Key,
    /// Absent where the key itself is looked at.
    value: Option<&'n Node>,
}

impl Use<'_> {
    /// How much text it takes; containers have no text of their own, but what is in them has.
    fn range(&self) -> (u32, u32) {
        (self.key.span.start, self.value.map_or(self.key.span.end, |value| end(value).max(self.key.span.end)))
    }

    fn holds(&self, span: Span, code: Code) -> bool {
        let (start, end) = self.range();
        let is_inside = span.file == self.key.span.file && start <= span.start && span.end <= end;
        is_inside && (self.value.is_some() || !OF_THE_VALUE.contains(&code))
    }

    /// Whether the key lacks another beside it, as opposed to a part of its own.
    fn lacks_company(&self, diagnostic: &Diagnostic) -> bool {
        let is_map = self.value.is_some_and(|value| matches!(value.kind, NodeKind::Map(_)));
        diagnostic.code == codes::MISSING_KEY && !is_map
    }
}

fn end(node: &Node) -> u32 {
    let items = node.items().unwrap_or_default().iter().map(end);
    let entries = node.entries().unwrap_or_default().iter().map(|e| end(&e.value).max(e.key.span.end));
    items.chain(entries).fold(node.span.end, u32::max)
}

fn uses<'n>(node: &'n Node, kind: &Kind, found: &mut Vec<Use<'n>>) {
    match kind {
        Kind::List(of, ..) => node.items().unwrap_or_default().iter().for_each(|item| uses(item, of, found)),
        Kind::Map(noun) => uses_in_map(node, noun, found),
        Kind::Body(noun) => {
            if let Some([only]) = node.entries()
                && only.key.text.starts_with('$')
            {
                uses_in_map(node, noun, found);
            }
        }
        Kind::ShortOrLong(short, long) => {
            let is_long =
                node.entries().unwrap_or_default().iter().any(|e| long.field(&e.key.text).is_some());
            uses_in_map(node, if is_long { long } else { short }, found);
        }
        Kind::Either(kinds) => kinds.iter().for_each(|kind| uses(node, kind, found)),
        _ => {}
    }
}

fn uses_in_map<'n>(node: &'n Node, noun: &'static Noun, found: &mut Vec<Use<'n>>) {
    for entry in node.entries().unwrap_or_default() {
        if let Some(field) = noun.field(&entry.key.text) {
            found.push(Use { field: (noun.name, field.key), key: &entry.key, value: Some(&entry.value) });
            uses(&entry.value, &field.kind, found);
        } else if let Some(open) = &noun.open {
            let field = (noun.name, BEHIND_CHOSEN_KEY);
            found.push(Use { field, key: &entry.key, value: Some(&entry.value) });
            found.push(Use { field: (noun.name, CHOSEN_KEY), key: &entry.key, value: None });
            uses(&entry.value, &open.kind, found);
        }
    }
}

/// All fields of the language.
fn fields() -> impl Iterator<Item = FieldName> {
    nouns::all().into_iter().flat_map(|noun| {
        let chosen = noun.open.iter().flat_map(|_| [CHOSEN_KEY, BEHIND_CHOSEN_KEY]);
        noun.fields.iter().map(|field| field.key).chain(chosen).map(|key| (noun.name, key))
    })
}

/// The fields that the errors of a plan are about: of each the innermost that it points at.
fn mistaken(plan: &Node, diagnostics: &[Diagnostic]) -> BTreeSet<FieldName> {
    let mut uses_found = Vec::new();
    uses(plan, &Kind::Map(&nouns::PLAN), &mut uses_found);
    let about_values = diagnostics.iter().filter(|d| d.is_error() && !OF_THE_PLACE.contains(&d.code));
    let innermost = about_values.filter_map(|diagnostic| {
        let span = diagnostic.labels.first()?.span;
        let holding = uses_found.iter().filter(|found| found.holds(span, diagnostic.code));
        let found = holding.min_by_key(|found| found.range().1 - found.range().0)?;
        (!found.lacks_company(diagnostic)).then_some(found.field)
    });
    innermost.collect()
}

#[test]
fn every_field_has_a_bad_value() {
    let mut missing: BTreeSet<FieldName> = fields().collect();
    for path in inputs("check", "yaml") {
        let text = std::fs::read_to_string(&path).unwrap();
        let (mut sources, mut unread) = (Sources::new(), Diagnostics::new());
        let name = path.file_name().unwrap().to_string_lossy();
        let file = sources.add(name, text.as_str());
        let Some(plan) = syntax::parse(&sources, file, &syntax::Limits::default(), &mut unread) else {
            continue;
        };
        for field in mistaken(&plan, &compile_file(&path).diagnostics) {
            missing.remove(&field);
        }
    }
    assert!(missing.is_empty(), "no case in tests/cases/check has a bad value of these: {missing:#?}");
}
