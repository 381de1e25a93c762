//! `tests/cases/check/NAME.{yaml,json}` and the diagnostics it must give, `NAME.err`, as people see them. A case whose
//! name begins with `fine-` looks suspicious and is not: it must give none.

mod bad_values;

use wsplan::diagnostic::{Style, render};

use crate::support::cases::{Comparison, inputs};
use crate::support::compiling::compile_file;

#[test]
fn diagnostics_are_as_expected() {
    let mut comparison = Comparison::default();
    let files = inputs("check", "yaml").into_iter().chain(inputs("check", "json"));
    for path in files.filter(|path| !is_fine(path)) {
        let outcome = compile_file(&path);
        let style = Style { color: false, width: 110, unicode: true };
        let rendered = render(&outcome.diagnostics, &outcome.sources, style);
        assert!(!rendered.is_empty(), "{} has no mistakes", path.display());
        comparison.compare(&path.with_extension("err"), &rendered);
    }
    comparison.finish();
}

#[test]
fn nothing_is_said_of_plans_without_mistakes() {
    let mut wrong = Vec::new();
    for path in inputs("check", "yaml").into_iter().filter(|path| is_fine(path)) {
        let outcome = compile_file(&path);
        let style = Style { color: false, width: 110, unicode: true };
        if !outcome.diagnostics.is_empty() {
            wrong.push(render(&outcome.diagnostics, &outcome.sources, style));
        }
        assert!(outcome.compiled.is_some(), "{}", path.display());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// One mistake is one diagnostic: what it takes along is not complained of.
#[test]
fn no_mistake_is_told_twice() {
    for path in inputs("check", "yaml") {
        let mut seen = std::collections::HashSet::new();
        for diagnostic in compile_file(&path).diagnostics {
            let Some(label) = diagnostic.labels.first() else { continue };
            assert!(
                seen.insert(label.span),
                "{}: twice at {:?}: {diagnostic:#?}",
                path.display(),
                label.span
            );
        }
    }
}

fn is_fine(path: &std::path::Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("fine-"))
}
