//! Plans that are right, made wrong in every systematic way: schema and checker must hold the same ones for wrong.

use std::collections::BTreeSet;

use serde_json::Number;
use wsplan::diagnostic::Span;
use wsplan::plan::schema::{Kind, nouns};
use wsplan::plan::syntax::{Entry, Key, Node, NodeKind};

use super::{VALIDATOR, mistakes, parsed, value};
use crate::support::documents::root;

/// Every key of the language, so that each is mutated. What it does is of no matter here.
const EVERYTHING: &str = include_str!("everything.yaml");
const LOADS: &str = include_str!("loads.yaml");

fn plans() -> Vec<Node> {
    let ready_made = ["chat", "echo", "keepalive", "quickstart", "session-attach"]
        .map(|name| std::fs::read_to_string(root().join(format!("plans/{name}.yaml"))).unwrap());
    // What excludes something else.
    let instead = EVERYTHING.replace("ca: ca.pem", "insecure: true");
    let shapes = [
        "users: 10, rate: 5/s",
        "cycles: [1, 2]",
        "arrivals: { rate: 5/s }",
        "bursts: { users: 5, every: 1s }",
        "search: { users: { from: 1, to: 2 }, until: [errors rate > 1%], hold: 1s, settle: 1s, precision: 5% }",
        "search: { rate: { from: 1/s, to: 2/s }, until: [errors rate > 1%], max_users: 5 }",
    ];
    let loads = shapes.map(|shape| LOADS.replace(shapes[0], shape));
    let texts = ready_made.into_iter().chain([EVERYTHING.to_owned(), instead]).chain(loads);
    texts.map(|text| parsed(&text).expect("it parses")).collect()
}

/// Calls back with the tree changed in one place, for every place and every change, and leaves it as it was.
fn for_each_mutation(root: &mut Node, judge: &mut dyn FnMut(&Node, &str)) {
    let mut path = Vec::new();
    mutate(root, &mut path, judge);
}

/// Goes down by `path`, which leads from the root to the node at hand.
fn at<'n>(root: &'n mut Node, path: &[usize]) -> &'n mut Node {
    path.iter().fold(root, |node, index| match &mut node.kind {
        NodeKind::List(items) => &mut items[*index],
        NodeKind::Map(entries) => &mut entries[*index].value,
        _ => unreachable!("paths lead through lists and maps"),
    })
}

fn mutate(root: &mut Node, path: &mut Vec<usize>, judge: &mut dyn FnMut(&Node, &str)) {
    let original = at(root, path).kind.clone();
    for (change, kind) in replacements(&original) {
        at(root, path).kind = kind;
        judge(root, &change);
    }
    at(root, path).kind = original.clone();
    let child_count = match original {
        NodeKind::List(items) => items.len(),
        NodeKind::Map(entries) => entries.len(),
        _ => 0,
    };
    for index in 0..child_count {
        path.push(index);
        mutate(root, path, judge);
        path.pop();
    }
}

/// What a value is changed into, and the change in words.
fn replacements(original: &NodeKind) -> Vec<(String, NodeKind)> {
    let mut found: Vec<(String, NodeKind)> = others().map(|kind| (format!("it is {kind:?}"), kind)).collect();
    match original {
        NodeKind::Map(entries) => {
            for (index, entry) in entries.iter().enumerate() {
                let key = &entry.key.text;
                let mut without = entries.clone();
                without.remove(index);
                found.push((format!("without {key}"), NodeKind::Map(without)));
                for name in [format!("{key}x"), key[..key.len() - 1].to_owned(), key.to_uppercase()] {
                    let mut renamed = entries.clone();
                    renamed[index].key.text.clone_from(&name);
                    if renamed.iter().filter(|entry| entry.key.text == name).count() == 1 {
                        found.push((format!("{key} is called {name:?}"), NodeKind::Map(renamed)));
                    }
                }
            }
            for name in ["zzz", "$.zzz", "$zzz", "text", "where", "think", "9", ""] {
                if entries.iter().all(|entry| entry.key.text != name) {
                    let mut more = entries.clone();
                    more.push(entry(name, NodeKind::Number(1.into())));
                    found.push((format!("with {name:?}"), NodeKind::Map(more)));
                }
            }
        }
        NodeKind::List(items) => {
            if let Some(first) = items.first() {
                let twice = items.iter().chain([first]).cloned().collect();
                found.push(("one item twice".to_owned(), NodeKind::List(twice)));
                found.push(("one item less".to_owned(), NodeKind::List(items[1..].to_vec())));
            }
        }
        _ => {}
    }
    found
}

/// A value of every kind, and the borders of those that have some. `1.0` is not among them: JSON Schema counts it as an
/// integer (section 6.1.1 of its validation), a plan does not.
fn others() -> impl Iterator<Item = NodeKind> {
    let texts = ["", "word", "5", "1s", "30s1m", "1.5m", "64KiB", "/path", "{{x}}", "$.a", "restart"];
    let numbers = [-1, 0, 1, 99, 5000, i64::MAX];
    [NodeKind::Null, NodeKind::Bool(true), NodeKind::Bool(false), NodeKind::List(vec![])]
        .into_iter()
        .chain(texts.map(|text| NodeKind::String(text.to_owned())))
        .chain(numbers.map(|number| NodeKind::Number(number.into())))
        .chain(Number::from_f64(1.5).map(NodeKind::Number))
        .chain([
            NodeKind::List(vec![node(NodeKind::Null)]),
            NodeKind::List(vec![node(NodeKind::String("word".to_owned()))]),
            NodeKind::Map(vec![]),
            NodeKind::Map(vec![entry("$.a", NodeKind::Null)]),
            NodeKind::Map(vec![entry("$json", NodeKind::Null)]),
        ])
}

fn node(kind: NodeKind) -> Node {
    Node { span: anywhere(), kind }
}

fn entry(name: &str, kind: NodeKind) -> Entry {
    Entry { key: Key { text: name.to_owned(), span: anywhere() }, value: node(kind) }
}

/// Where mutated values stand is not looked at.
fn anywhere() -> Span {
    parsed("x").expect("it parses").span
}

#[test]
fn schema_and_checker_agree_about_every_mutation() {
    let (mut refused_count, mut accepted_count) = (0, 0);
    let mut wrong = BTreeSet::new();
    for mut plan in plans() {
        assert_eq!(mistakes(&plan), [""; 0]);
        for_each_mutation(&mut plan, &mut |plan, change| {
            let mistakes = mistakes(plan);
            let is_valid = VALIDATOR.is_valid(&value(plan));
            if mistakes.is_empty() != is_valid {
                let schema = VALIDATOR.iter_errors(&value(plan)).map(|e| e.to_string()).next();
                wrong.insert(format!("{change}\n  checker: {mistakes:?}\n  schema: {schema:?}"));
            }
            *(if is_valid { &mut accepted_count } else { &mut refused_count }) += 1;
        });
    }
    let shown: Vec<_> = wrong.iter().take(20).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), shown.join("\n"));
    assert!(refused_count > 10_000 && accepted_count > 1_000, "{refused_count} and {accepted_count}");
}

/// A key that no plan uses would be mutated by nobody.
#[test]
fn every_key_of_the_language_is_in_use() {
    let mut used = BTreeSet::new();
    for plan in plans() {
        collect_keys(&plan, &Kind::Map(&nouns::PLAN), &mut used);
    }
    let keys =
        nouns::all().into_iter().flat_map(|noun| noun.fields.iter().map(|field| (noun.name, field.key)));
    let unused: BTreeSet<_> = keys.filter(|key| !used.contains(key)).collect();
    assert!(unused.is_empty(), "add them to tests/schema/everything.yaml: {unused:?}");
}

/// The keys of a value and the nouns that they belong to. Where it may be one of several, those that it is not find
/// nothing of theirs in it.
pub(super) fn collect_keys(node: &Node, kind: &Kind, keys: &mut BTreeSet<(&'static str, &'static str)>) {
    match kind {
        Kind::List(of, ..) => {
            node.items().unwrap_or_default().iter().for_each(|item| collect_keys(item, of, keys));
        }
        Kind::Map(noun) | Kind::Body(noun) => {
            for entry in node.entries().unwrap_or_default() {
                if let Some(field) = noun.field(&entry.key.text) {
                    keys.insert((noun.name, field.key));
                    collect_keys(&entry.value, &field.kind, keys);
                } else if let Some(open) = &noun.open {
                    collect_keys(&entry.value, &open.kind, keys);
                }
            }
        }
        Kind::ShortOrLong(short, long) => {
            [short, long].into_iter().for_each(|noun| collect_keys(node, &Kind::Map(noun), keys));
        }
        Kind::Either(kinds) => kinds.iter().for_each(|kind| collect_keys(node, kind, keys)),
        _ => {}
    }
}
