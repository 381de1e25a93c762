//! Any text as a plan: parsed, checked, compiled, shown. Nothing may panic, every place must lie in the text, and there
//! is a program exactly where there is no error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsplan::compile::{Directory, Options, compile_source};
use wsplan::diagnostic::{Diagnostics, Sources, Style, render, to_json};
use wsplan::program::emit;

fuzz_target!(|text: &str| {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let file = sources.add("plan.yaml", text);
    // No file is ever read: the folder is not there.
    let files = Directory::new("/nowhere");
    let compiled = compile_source(&mut sources, file, &Options::new(&files), &mut diagnostics);
    assert_eq!(compiled.is_none(), diagnostics.has_errors());
    let diagnostics = diagnostics.into_sorted();
    for label in diagnostics.iter().flat_map(|diagnostic| &diagnostic.labels) {
        assert!(text.get(label.span.range()).is_some(), "{label:?}");
    }
    render(&diagnostics, &sources, Style { color: false, width: 80, unicode: true });
    to_json(&diagnostics, &sources);
    if let Some(compiled) = compiled {
        let line = |span| sources.start(span).line;
        emit::text(&compiled.program, &line);
        emit::json(&compiled.program, &line);
    }
});
