//! From the keys and values of one map, as they were written, to its entries: keys that are not text, keys that
//! stand twice, and what `<<` merges in.

use std::collections::{BTreeMap, HashMap};

use super::{Entry, Key, Node, NodeKind, Problems, place};
use crate::diagnostic::{Diagnostic, Span, codes};

/// A key with its value before anything was checked.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) key: Node,
    /// Whether the key stands without quotes, which `<<` has to.
    pub(super) plain_key: bool,
    pub(super) value: Node,
}

/// How many of one key's places a diagnostic labels.
const LABELLED_COUNT: usize = 8;

/// Checks the keys and gives the entries in the order they were written; of a key that stands twice, the first.
pub(super) fn entries(text: &str, written: Vec<Written>, problems: &mut Problems<'_>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::with_capacity(written.len());
    let mut merged: Vec<Entry> = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::with_capacity(written.len());
    let mut repeated: BTreeMap<usize, Vec<Span>> = BTreeMap::new();
    for Written { key, plain_key, value } in written {
        if plain_key && key.text() == Some("<<") {
            merge(value, &mut merged, problems);
            continue;
        }
        check_colon(text, &key, plain_key, &value, problems);
        let key = key_text(text, key, problems);
        if let Some(&first) = seen.get(&key.text) {
            repeated.entry(first).or_default().push(key.span);
            continue;
        }
        seen.insert(key.text.clone(), entries.len());
        entries.push(Entry { key, value });
    }
    for (first, places) in repeated {
        problems.push(duplicate(&entries[first].key, &places));
    }
    for entry in merged {
        // What is written out wins over what is merged, and what was merged first over what came later.
        if !seen.contains_key(&entry.key.text) {
            seen.insert(entry.key.text.clone(), entries.len());
            entries.push(entry);
        }
    }
    entries
}

fn duplicate(first: &Key, places: &[Span]) -> Diagnostic {
    let mut diagnostic =
        Diagnostic::new(codes::DUPLICATE_KEY, format!("`{}` stands twice in one map", first.text))
            .label(places[0], "again here")
            .label(first.span, "first here");
    for place in places.iter().skip(1).take(LABELLED_COUNT - 2) {
        diagnostic = diagnostic.label(*place, "and here");
    }
    if places.len() > 1 {
        diagnostic.message = format!("`{}` stands {} times in one map", first.text, places.len() + 1);
    }
    diagnostic.help("keep one of them, or give them different names")
}

/// The entries of a map, or of each map of a list, that `<<` names.
fn merge(value: Node, into: &mut Vec<Entry>, problems: &mut Problems<'_>) {
    match value.kind {
        NodeKind::Map(entries) => into.extend(entries),
        NodeKind::List(items) if items.iter().all(|item| item.entries().is_some()) => {
            for item in items {
                merge(item, into, problems);
            }
        }
        _ => problems.push(
            Diagnostic::new(codes::SYNTAX, format!("`<<` merges maps, not {}", value.describe()))
                .label(value.span, "not a map or a list of maps")
                .help(
                    "name an anchored map, as in `<<: *defaults`, or quote `\"<<\"` if it is meant as a key",
                ),
        ),
    }
}

/// A key as text. One that is not is reported and taken as it is written.
fn key_text(text: &str, key: Node, problems: &mut Problems<'_>) -> Key {
    let span = key.span;
    let source = text.get(span.range()).unwrap_or("");
    let described = key.describe();
    match key.kind {
        NodeKind::String(text) => return Key { text, span },
        NodeKind::List(_) | NodeKind::Map(_) => problems.push(
            Diagnostic::new(codes::KEY_NOT_TEXT, format!("a key must be text, not {described}"))
                .label(span, format!("this is {described}"))
                .help("a value that starts with `{` or `[` must be quoted where text is meant"),
        ),
        NodeKind::Null => problems.push(
            Diagnostic::new(codes::KEY_NOT_TEXT, "a key must be text, not nothing")
                .label(span, "there is no key here")
                .help("write the key before the colon; the text null is written `\"null\"`"),
        ),
        NodeKind::Bool(_) | NodeKind::Number(_) => problems.push(
            Diagnostic::new(codes::KEY_NOT_TEXT, format!("a key must be text, not {described}"))
                .label(span, format!("this is {described}"))
                .help(format!("quote it: `\"{source}\"`")),
        ),
    }
    Key { text: source.to_owned(), span }
}

/// `{type:hello}` is a map with the key `type:hello` and no value, which nobody means.
fn check_colon(text: &str, key: &Node, plain_key: bool, value: &Node, problems: &mut Problems<'_>) {
    let absent = value.kind == NodeKind::Null && value.span.range().is_empty();
    let key_range = key.span.range();
    if !plain_key || !absent || value.span.start != key.span.end {
        return;
    }
    if let Some(colon) = place::colon_without_space(text, &key_range) {
        problems.push(missing_space(Span::new(key.span.file, colon, colon + 1)));
    }
}

/// The mistake of a colon that its value follows at once.
pub(super) fn missing_space(colon: Span) -> Diagnostic {
    Diagnostic::new(codes::SYNTAX, "space missing after a colon")
        .label(colon, "without a space behind it, this is part of a text")
        .help("write `key: value`; quote the text if the colon belongs to it")
}
