//! `docs/diagnostics.md` against the checker: every example triggers its code and no other, every corrected form
//! triggers none.

use wsplan::diagnostic::{Code, explain};
use wsplan::plan::syntax;

use crate::support::compiling::compile_text;

/// Codes that no plan alone can show, and why.
const WITHOUT_EXAMPLE: &[(&str, &str)] = &[
    ("WSP0001", "about a path, not a text"),
    ("WSP0002", "an example would be 8 MiB long"),
    ("WSP0003", "an example could not stand in a text file"),
    ("WSP0104", "an example would have 200,000 values"),
    ("WSP0299", "a bug, and no bug is known"),
    ("WSP0414", "about the command line"),
];

/// The codes of all mistakes in a plan, sorted, each once.
fn checked(text: &str) -> Vec<String> {
    let diagnostics = compile_text(text).diagnostics;
    let mut codes: Vec<String> = diagnostics.iter().map(|d| d.code.to_string()).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// The fenced blocks of a section under one info string.
fn blocks(section: &str, info: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = section.lines();
    while let Some(line) = lines.next() {
        let Some(opened) = line.strip_prefix("```") else { continue };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        if opened == info {
            found.push(block.join("\n") + "\n");
        }
    }
    found
}

#[test]
fn every_example_triggers_its_code_and_no_other() {
    let mut wrong = Vec::new();
    for code in Code::all() {
        let name = code.to_string();
        let examples = blocks(explain(*code), "yaml");
        if let Some((_, reason)) = WITHOUT_EXAMPLE.iter().find(|(without, _)| *without == name) {
            assert!(examples.is_empty(), "{name} has an example although it is {reason}");
            continue;
        }
        let [example] = examples.as_slice() else { panic!("{name} has {} examples", examples.len()) };
        let found = checked(example);
        if found != [name.as_str()] {
            wrong.push(format!("the example of {name} gives {found:?}:\n{example}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_corrected_form_is_without_mistakes() {
    let mut fixed_count = 0;
    let mut wrong = Vec::new();
    for code in Code::all() {
        for fixed in blocks(explain(*code), "yaml fixed") {
            let found = checked(&fixed);
            if !found.is_empty() {
                wrong.push(format!("the corrected form of {code} gives {found:?}:\n{fixed}"));
            }
            fixed_count += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(fixed_count > 30, "{fixed_count} blocks were found");
}

/// The prose names limits; whoever changes one is told here.
#[test]
fn the_limits_in_the_prose_are_those_of_the_code() {
    let limits = syntax::Limits::default();
    let thousands = |count: usize| format!("{},{:03}", count / 1_000, count % 1_000);
    let mebibytes = |bytes: u64| format!("{} MiB", bytes >> 20);
    for (code, limit) in [
        ("WSP0002", mebibytes(wsplan::plan::source::MAX_BYTES)),
        ("WSP0103", format!("{} levels", limits.depth)),
        ("WSP0104", thousands(limits.node_count)),
        ("WSP0105", thousands(limits.node_count)),
        ("WSP0105", thousands(limits.alias_count)),
        ("WSP0105", mebibytes(limits.alias_text_bytes as u64)),
    ] {
        let section = explain(Code::parse(code).unwrap()).replace('\n', " ");
        assert!(section.contains(&limit), "{code} does not name {limit}");
    }
}
