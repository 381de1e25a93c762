//! The template language from text to bytes.

#![expect(clippy::redundant_closure_for_method_calls, reason = "the method's path is bound to one lifetime")]

mod documented;
mod render;
mod speed;

use std::time::Duration;

use rand::SeedableRng;
use wsplan::compile::{Binding, Lowering, Names};
use wsplan::diagnostic::{Diagnostics, Sources, Span};
use wsplan::machine::{self, RenderFailure, Rng, Scope};
use wsplan::plan::model;
use wsplan::plan::syntax::{Limits, Node, parse};
use wsplan::program::{Escape, Expr, SlotId, Template, Value};

/// Slots by name, in the order of their values.
pub(crate) struct Slots(pub(crate) Vec<String>);

impl Names for Slots {
    fn knows(&self, name: &str) -> bool {
        self.0.iter().any(|slot| slot == name)
    }

    fn resolve(&mut self, name: &str, _: Span, _: &mut Diagnostics) -> Option<Binding> {
        self.0.iter().position(|slot| slot == name).map(|index| Binding::Slot(SlotId::new(index)))
    }
}

/// 2026-11-20T08:30:01Z.
const EPOCH: Duration = Duration::from_secs(1_795_163_401);

/// One user: values under names, a clock that stands, and a seed.
pub(crate) struct User {
    names: Slots,
    values: Vec<Value>,
    rng: Rng,
}

impl User {
    /// A user whose slots hold the values of JSON texts.
    pub(crate) fn with(slots: &[(&str, &str)]) -> Self {
        let values = slots.iter().map(|(_, json)| Value::from_json_text(json).unwrap());
        let names = Slots(slots.iter().map(|(name, _)| (*name).to_owned()).collect());
        Self { names, values: values.collect(), rng: Rng::seed_from_u64(7) }
    }

    pub(crate) fn lower<T>(
        &mut self,
        yaml: &str,
        lower: impl FnOnce(&mut Lowering<'_>, &Node) -> Option<T>,
    ) -> T {
        let mut sources = Sources::new();
        let file = sources.add("plan.yaml", yaml);
        let mut diagnostics = Diagnostics::new();
        let node = parse(&sources, file, &Limits::default(), &mut diagnostics).unwrap();
        let lowered = lower(&mut Lowering::new(&sources, &mut self.names, &mut diagnostics), &node);
        assert!(diagnostics.is_empty(), "{yaml}: {diagnostics:?}");
        lowered.unwrap()
    }

    /// A text as it is, not as YAML writes it.
    pub(crate) fn lower_text(&mut self, text: &str, escape: Escape) -> Template {
        let yaml = serde_json::to_string(text).unwrap();
        self.lower(&yaml, |lowering, node| lowering.text(&model::Template::decode(node).unwrap(), escape))
    }

    pub(crate) fn lower_json(&mut self, yaml: &str) -> Template {
        self.lower(yaml, |lowering, node| lowering.json(node))
    }

    pub(crate) fn scope(&mut self) -> Scope<'_> {
        Scope { slots: &self.values, now: Duration::from_millis(250), epoch: EPOCH, rng: &mut self.rng }
    }

    pub(crate) fn render(&mut self, template: &Template) -> Result<String, RenderFailure> {
        let mut out = b"before".to_vec();
        let result = machine::render(template, &mut self.scope(), &mut out);
        assert!(out.starts_with(b"before"));
        if result.is_err() {
            assert_eq!(out, b"before", "a failure leaves nothing behind");
        }
        result.map(|()| String::from_utf8(out.split_off("before".len())).unwrap())
    }

    pub(crate) fn text(&mut self, text: &str) -> Result<String, RenderFailure> {
        let template = self.lower_text(text, Escape::None);
        self.render(&template)
    }

    pub(crate) fn json(&mut self, yaml: &str) -> String {
        let template = self.lower_json(yaml);
        self.render(&template).unwrap()
    }

    pub(crate) fn value(&mut self, yaml: &str) -> Result<Value, RenderFailure> {
        let expr: Expr = self.lower(yaml, |lowering, node| lowering.value(node));
        let value = machine::evaluate(&expr, &mut self.scope()).map(std::borrow::Cow::into_owned);
        // Both ways of evaluating agree, given the same randomness.
        if !expr.to_string().contains("random")
            && !expr.to_string().contains("pick")
            && !expr.to_string().contains("uuid")
            && !expr.to_string().contains("fake")
        {
            let mut target = Value::Text("old".into());
            let result = machine::evaluate_into(&expr, &mut self.scope(), &mut target);
            assert_eq!(result.map(|()| target), value);
        }
        value
    }
}
