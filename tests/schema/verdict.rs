//! Schema and checker hold the same texts for wrong: cases, ready-made plans, the examples of the documents.

use std::path::{Path, PathBuf};

use super::{VALIDATOR, mistakes, parsed, value};
use crate::support::compiling::compile_text;
use crate::support::documents::{documents, fences};

/// Everything that is a plan, or is meant to be one, with a name to find it by.
fn texts() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for path in below(&root.join("tests/cases")).into_iter().chain(below(&root.join("plans"))) {
        found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
    }
    for document in documents() {
        for fence in fences(&document).filter(|fence| fence.is_plan()) {
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

/// Mistakes of shape (02xx) that only the compiler sees, because they compare two values or follow from what a value
/// means; a schema cannot say them. By code and the words that the message has.
const BEYOND_A_SCHEMA: &[(&str, &str)] = &[("WSP0208", "`between` has its bounds the wrong way round")];

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

/// The checker of shapes is where all 02xx come from; what a later stage adds is listed above.
#[test]
fn mistakes_of_shape_are_found_by_the_checker_of_shapes() {
    for (name, text) in texts() {
        let Some(node) = parsed(&text) else { continue };
        let known = mistakes(&node);
        for diagnostic in compile_text(&text).diagnostics {
            let code = diagnostic.code.to_string();
            let found = format!("{code} {}", diagnostic.message);
            let is_listed = BEYOND_A_SCHEMA
                .iter()
                .any(|(listed, words)| *listed == code && diagnostic.message.contains(words));
            assert!(!code.starts_with("WSP02") || known.contains(&found) || is_listed, "{name}: {found}");
        }
    }
}
