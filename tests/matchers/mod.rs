//! Matchers and captures from plan text to verdict. `docs/matchers.md` is the table of cases: every example on it is
//! compiled and judged here, and what its right column says is what a run must report.

mod compliance;
mod documented;
mod judged;
mod refused;
mod rfc9535;
mod shown;

use rand::SeedableRng;
use std::fmt::Debug;
use std::time::Duration;
use wsplan::compile::{Binding, Lowering, Names};
use wsplan::diagnostic::{Diagnostic, Diagnostics, Sources, Span};
use wsplan::machine::{Message, Payload, Rng, Scope};
use wsplan::plan::model::{capture, matcher};
use wsplan::plan::syntax::{Limits, Node, parse};
use wsplan::program::{Capture, Matcher, Path, PathSet, SlotId, Value, VariableMatcher};

/// The names that the examples use, each a slot, and some that are constants.
pub(crate) struct Variables {
    names: Vec<&'static str>,
    values: Vec<Value>,
}

impl Variables {
    pub(crate) fn new() -> Self {
        let all = [
            ("session", Value::Text("abc".to_owned())),
            ("n", Value::Int(5)),
            ("user", Value::Json("{\"name\":\"ann\"}".to_owned())),
            ("half", Value::Float(0.5)),
            ("unset", Value::Unset),
        ];
        let (names, values) = all.into_iter().unzip();
        Self { names, values }
    }

    pub(crate) fn with_scope<T>(&self, then: impl FnOnce(&mut Scope<'_>) -> T) -> T {
        let mut rng = Rng::seed_from_u64(1);
        then(&mut Scope { slots: &self.values, now: Duration::ZERO, epoch: Duration::ZERO, rng: &mut rng })
    }
}

const LISTED: &str = r#"[1.5, {"a": 12345678901234567890123}]"#;

impl Names for Variables {
    fn knows(&self, name: &str) -> bool {
        ["constant", "listed", "secret"].contains(&name) || self.names.contains(&name)
    }

    fn resolve(&mut self, name: &str, _: Span, _: &mut Diagnostics) -> Option<Binding> {
        match self.names.iter().position(|known| *known == name) {
            Some(slot) => Some(Binding::Slot(SlotId::new(slot))),
            None => Some(match name {
                "constant" => Binding::Constant(Value::Int(7)),
                "listed" => Binding::Constant(Value::Json(LISTED.to_owned())),
                "secret" => Binding::Secret(Value::Text("hunter2".to_owned())),
                _ => return None,
            }),
        }
    }
}

/// A text of YAML or JSON on its way through the stages.
pub(crate) struct Compiled<T> {
    pub(crate) result: Option<T>,
    pub(crate) sources: Sources,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl<T> Compiled<T> {
    /// The program, where nothing was reported.
    pub(crate) fn accepted(self) -> T {
        assert_eq!(self.diagnostics, []);
        self.result.expect("a program where nothing is wrong")
    }

    /// `CODE message; "text": label; ...; help`, a line for each diagnostic.
    pub(crate) fn reported(&self) -> String {
        let line = |diagnostic: &Diagnostic| {
            let label = |label: &wsplan::diagnostic::Label| {
                format!("; {:?}: {}", self.sources.slice(label.span), label.text)
            };
            let labels: String = diagnostic.labels.iter().map(label).collect();
            let help = diagnostic.help.as_deref().map(|help| format!("; help: {help}")).unwrap_or_default();
            format!("{} {}{labels}{help}", diagnostic.code, diagnostic.message)
        };
        self.diagnostics.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

fn compile<T>(text: &str, lower: impl FnOnce(&mut Lowering<'_>, &Node) -> Option<T>) -> Compiled<T> {
    let mut sources = Sources::new();
    let file = sources.add("plan.yaml", text);
    let mut diagnostics = Diagnostics::new();
    let node = parse(&sources, file, &Limits::default(), &mut diagnostics);
    let mut names = Variables::new();
    let result =
        node.and_then(|node| lower(&mut Lowering::new(&sources, &mut names, &mut diagnostics), &node));
    Compiled { result, sources, diagnostics: diagnostics.into_sorted() }
}

/// What comes of a message, which must be the same whether its simple paths are found by a scan or in a tree.
pub(crate) fn either_way<'p, T: PartialEq + Debug>(
    payload: Payload<'_>,
    paths: impl Iterator<Item = &'p Path>,
    mut then: impl FnMut(&Message<'_>) -> T,
) -> T {
    let asked = PathSet::new(paths);
    let of_tree = then(&Message::new(payload));
    assert_eq!(then(&Message::asked(payload, &asked)), of_tree, "{payload:?}");
    of_tree
}

/// Compiles a matcher.
pub(crate) fn compile_matcher(text: &str) -> Compiled<Matcher> {
    compile(text, |lowering, node| lowering.matcher(&matcher::Matcher::decode(node)))
}

/// Compiles a condition of `while`.
pub(crate) fn compile_condition(text: &str) -> Compiled<VariableMatcher> {
    compile(text, |lowering, node| lowering.variable_matcher(&matcher::Matcher::decode_variables(node)))
}

/// Compiles a `capture`; its slots are numbered in order.
pub(crate) fn compile_captures(text: &str) -> Compiled<Vec<Capture>> {
    compile(text, |lowering, node| {
        let captures = capture::Capture::decode(node);
        let lower = |(index, capture)| lowering.capture(capture, SlotId::new(index));
        captures.iter().enumerate().map(lower).collect()
    })
}
