//! `tests/cases/program/NAME.yaml` and the program it must compile to, `NAME.ir`.

use wsplan::program::emit;

use crate::support::cases::{Comparison, inputs};
use crate::support::compiling::compile_file;

#[test]
fn programs_are_as_expected() {
    let mut comparison = Comparison::default();
    for path in inputs("program", "yaml") {
        let outcome = compile_file(&path);
        let compiled = outcome.compiled.unwrap_or_else(|| panic!("{path:?}: {:#?}", outcome.diagnostics));
        let line = |span| outcome.sources.start(span).line;
        comparison.compare(&path.with_extension("ir"), &emit::text(&compiled.program, &line));
    }
    comparison.finish();
}

#[test]
fn every_form_names_every_state() {
    for path in inputs("program", "yaml") {
        let outcome = compile_file(&path);
        let program = outcome.compiled.expect("it compiles").program;
        let line = |span| outcome.sources.start(span).line;
        let json: serde_json::Value = serde_json::from_str(&emit::json(&program, &line)).unwrap();
        let in_json: usize =
            json["scenarios"].as_array().unwrap().iter().map(|s| s["states"].as_array().unwrap().len()).sum();
        assert_eq!(in_json, program.states.len());
        let dot = emit::dot(&program, &line);
        let mermaid = emit::mermaid(&program, &line);
        for index in 0..program.states.len() {
            assert!(dot.contains(&format!("    s{index} [label=")), "{dot}");
            assert!(mermaid.contains(&format!("    s{index}[\"s{index} line ")), "{mermaid}");
        }
    }
}
