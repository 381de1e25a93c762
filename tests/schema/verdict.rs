//! Schema and checker hold the same texts for wrong: cases, ready-made plans, the examples of the documents.

use std::path::{Path, PathBuf};

use super::{VALIDATOR, mistakes, parsed, value};
use crate::support::compiling::compile_text;
use crate::support::documents::{Fence, documents, fences};

/// Everything that is a plan, or is meant to be one, with a name to find it by.
fn texts() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for path in below(&root.join("tests/cases")).into_iter().chain(below(&root.join("plans"))) {
        found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
    }
    for document in documents() {
        for fence in fences(&document).filter(Fence::is_plan) {
            found.push((fence.place(), fence.text.clone()));
        }
    }
    found
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(below(&path));
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Mistakes of shape (02xx) that only the compiler sees: the code, a step that has the mistake, and why no schema can
/// say it.
const BEYOND_A_SCHEMA: &[(&str, &str, &str)] = &[
    ("WSP0208", "think: { between: [3s, 1s] }", "compares two values"),
    (
        "WSP0208",
        "expect: { where: { text: a }, capture: { x: { regex: (a), group: 2 } } }",
        "reads a pattern",
    ),
    (
        "WSP0209",
        "expect: { where: { text: a }, capture: { x: { regex: (a), group: y } } }",
        "reads a pattern",
    ),
    ("WSP0203", "expect: { text: '{{n}}' }", "follows a name to its value"),
    ("WSP0210", "expect: { $.a: { exists: false, eq: 1 } }", "is about what operators mean together"),
];

#[test]
fn schema_and_checker_give_the_same_verdict() {
    let (mut refused_count, mut accepted_count) = (0, 0);
    let mut wrong = Vec::new();
    for (name, text) in texts() {
        let Some(node) = parsed(&text) else { continue };
        let mistakes = mistakes(&node);
        let refusals: Vec<String> = VALIDATOR.iter_errors(&value(&node)).map(|e| e.to_string()).collect();
        if mistakes.is_empty() != refusals.is_empty() {
            wrong.push(format!("{name}\n  checker: {mistakes:?}\n  schema: {refusals:?}"));
        }
        *(if mistakes.is_empty() { &mut accepted_count } else { &mut refused_count }) += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(refused_count > 10 && accepted_count > 30, "{refused_count} refused, {accepted_count} accepted");
}

/// The checker of shapes is where all 02xx come from, but for those listed above.
#[test]
fn mistakes_of_shape_are_found_by_the_checker_of_shapes() {
    let listed: Vec<&str> = BEYOND_A_SCHEMA.iter().map(|(code, ..)| *code).collect();
    for (name, text) in texts() {
        let Some(node) = parsed(&text) else { continue };
        let known = mistakes(&node);
        for diagnostic in compile_text(&text).diagnostics {
            let code = diagnostic.code.to_string();
            let found = format!("{code} {}", diagnostic.message);
            let is_known = known.contains(&found) || listed.contains(&code.as_str());
            assert!(!code.starts_with("WSP02") || is_known, "{name}: {found}");
        }
    }
}

#[test]
fn what_is_beyond_a_schema_is_left_to_the_compiler() {
    for (code, step, reason) in BEYOND_A_SCHEMA {
        let text = format!(
            "{{ target: 'builtin:echo', vars: {{ n: 1 }}, scenarios: {{ user: {{ steps: [connect: {{}}, {step}] }} }} }}"
        );
        let node = parsed(&text).unwrap_or_else(|| panic!("{step} does not parse"));
        assert_eq!(mistakes(&node), [""; 0], "{step}: it {reason}");
        assert!(VALIDATOR.is_valid(&value(&node)), "{step}: it {reason}");
        let codes: Vec<String> = compile_text(&text).diagnostics.iter().map(|d| d.code.to_string()).collect();
        assert!(codes.iter().any(|found| found == code), "{step}: {codes:?}");
    }
}
