//! `schema/plan.schema.json`: that it is what the program prints, that every field explains itself, and that it gives
//! the same verdict as the checker.

mod cases;
mod fields;
mod mutations;
mod verdict;

use std::path::Path;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;
use wsplan::diagnostic::{Diagnostics, Sources};
use wsplan::plan::schema;
use wsplan::plan::syntax::{self, Node, NodeKind};

use crate::support::cases::Comparison;

static SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&wsplan::cli::schema::text()).unwrap());
static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| jsonschema::draft202012::new(&SCHEMA).unwrap());

/// The tree of a text; `None` where it does not parse without mistakes, which no schema ever gets to see.
fn parsed(text: &str) -> Option<Node> {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let file = sources.add("plan.yaml", text);
    let node = syntax::parse(&sources, file, &syntax::Limits::default(), &mut diagnostics)?;
    diagnostics.is_empty().then_some(node)
}

/// What the checker says of a tree: each mistake with its code.
fn mistakes(node: &Node) -> Vec<String> {
    let mut diagnostics = Diagnostics::new();
    schema::check(node, &mut diagnostics);
    diagnostics.iter().map(|d| format!("{} {}", d.code, d.message)).collect()
}

/// The value that a schema's validator sees.
fn value(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Null => Value::Null,
        NodeKind::Bool(truth) => Value::Bool(*truth),
        NodeKind::Number(number) => Value::Number(number.clone()),
        NodeKind::String(text) => Value::String(text.clone()),
        NodeKind::List(items) => items.iter().map(value).collect(),
        NodeKind::Map(entries) => entries.iter().map(|e| (e.key.text.clone(), value(&e.value))).collect(),
    }
}

#[test]
fn the_file_is_what_the_program_prints() {
    let mut comparison = Comparison::default();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/plan.schema.json");
    comparison.compare(&path, &wsplan::cli::schema::text());
    comparison.finish();
}

#[test]
fn the_schema_is_a_schema() {
    jsonschema::draft202012::meta::validate(&SCHEMA).unwrap();
}
