//! Any matcher on any message: what decides and what explains must agree, whatever the bytes are.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use rand::SeedableRng;
use wsplan::compile::{Binding, Lowering, Names};
use wsplan::diagnostic::{Diagnostics, Sources, Span};
use wsplan::machine::matching::matches;
use wsplan::machine::mismatch::judge;
use wsplan::machine::{Message, Rng, Scope};
use wsplan::plan::model::Matcher;
use wsplan::plan::syntax::{Limits, parse};
use wsplan::program::{SlotId, Value};

/// `n` and `s`.
struct Two;

impl Names for Two {
    fn knows(&self, name: &str) -> bool {
        ["n", "s"].contains(&name)
    }

    fn resolve(&mut self, name: &str, _: Span, _: &mut Diagnostics) -> Option<Binding> {
        ["n", "s"].iter().position(|slot| *slot == name).map(|slot| Binding::Slot(SlotId::new(slot)))
    }
}

fuzz_target!(|input: (&str, &[u8])| {
    let (matcher, message) = input;
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let file = sources.add("matcher", matcher);
    let Some(node) = parse(&sources, file, &Limits::default(), &mut diagnostics) else { return };
    let mut names = Two;
    let matcher = Lowering::new(&sources, &mut names, &mut diagnostics).matcher(&Matcher::decode(&node));
    let Some(matcher) = matcher else { return };
    let values = [Value::Int(5), Value::Text("text".into())];
    let mut rng = Rng::seed_from_u64(1);
    let mut scope = Scope { slots: &values, now: Duration::ZERO, epoch: Duration::ZERO, rng: &mut rng };
    let text = std::str::from_utf8(message).map(Message::text);
    for message in [Message::binary(message)].into_iter().chain(text) {
        let judged = judge(&matcher, &message, &mut scope);
        assert_eq!(matches(&matcher, &message, &mut scope), judged.is_ok(), "{matcher}");
        if let Err(mismatch) = judged {
            drop(mismatch.to_string());
        }
    }
});
