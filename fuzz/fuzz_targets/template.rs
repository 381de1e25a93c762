//! Any text as a template, for each place that it can stand at: lowered, and what could be lowered is rendered. What is
//! written into JSON must be JSON, and what is written into text UTF-8.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use rand::SeedableRng;
use wsplan::compile::{Binding, Lowering, Names};
use wsplan::diagnostic::{Diagnostics, Sources, Span};
use wsplan::machine::{Rng, Scope, evaluate, render};
use wsplan::plan::model::Template;
use wsplan::plan::syntax::{Node, NodeKind};
use wsplan::program::{Escape, SlotId, Value};

/// `a` to `f`, each a slot with a value of another type, and some constants.
struct Letters;

const SLOTS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

impl Names for Letters {
    fn knows(&self, name: &str) -> bool {
        SLOTS.contains(&name) || ["x", "y"].contains(&name)
    }

    fn resolve(&mut self, name: &str, _: Span, _: &mut Diagnostics) -> Option<Binding> {
        match name {
            "x" => Some(Binding::Constant(Value::Text("a \"constant\"\n".into()))),
            "y" => Some(Binding::Secret(Value::Int(7))),
            name => SLOTS.iter().position(|slot| *slot == name).map(|slot| Binding::Slot(SlotId::new(slot))),
        }
    }
}

fuzz_target!(|text: &str| {
    let mut sources = Sources::new();
    let file = sources.add("template", text);
    let node = Node { span: Span::new(file, 0, text.len()), kind: NodeKind::String(text.to_owned()) };
    let template = Template::decode(&node).expect("it is a string");
    let values = [
        Value::Text("text \u{202e}\"\\".into()),
        Value::Int(-3),
        Value::Float(0.1),
        Value::Json(r#"{"k":[1,{"l":"m"}]}"#.into()),
        Value::Null,
        Value::Unset,
    ];
    let mut rng = Rng::seed_from_u64(1);
    let mut scope = Scope { slots: &values, now: Duration::ZERO, epoch: Duration::ZERO, rng: &mut rng };
    for escape in [Escape::None, Escape::JsonString, Escape::JsonValue, Escape::Url] {
        let (mut names, mut diagnostics) = (Letters, Diagnostics::new());
        let lowered = Lowering::new(&sources, &mut names, &mut diagnostics).text(&template, escape);
        let Some(lowered) = lowered else { continue };
        let mut out = Vec::new();
        if render(&lowered, &mut scope, &mut out).is_err() {
            continue;
        }
        let written = std::str::from_utf8(&out).expect("templates write text");
        match escape {
            Escape::JsonValue => drop(serde_json::from_str::<serde_json::Value>(written).expect(written)),
            Escape::JsonString => {
                drop(serde_json::from_str::<String>(&format!("\"{written}\"")).expect(written));
            }
            _ => {}
        }
    }
    let (mut names, mut diagnostics) = (Letters, Diagnostics::new());
    if let Some(expr) = Lowering::new(&sources, &mut names, &mut diagnostics).value(&node) {
        let _ = evaluate(&expr, &mut scope);
    }
});
