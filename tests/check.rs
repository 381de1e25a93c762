//! `tests/cases/check/NAME.yaml` and the diagnostics it must give, `NAME.err`, as people see them.

use wsplan::diagnostic::{Style, render};

use crate::support::cases::{Comparison, inputs};
use crate::support::compiling::compile_file;

#[test]
fn diagnostics_are_as_expected() {
    let mut comparison = Comparison::default();
    for path in inputs("check", "yaml") {
        let outcome = compile_file(&path);
        let style = Style { color: false, width: 110, unicode: true };
        comparison
            .compare(&path.with_extension("err"), &render(&outcome.diagnostics, &outcome.sources, style));
    }
    comparison.finish();
}
