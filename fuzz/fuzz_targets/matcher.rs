//! Any matcher on any message: what decides and what explains must agree, and the scan with the tree, whatever the bytes
//! are.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use rand::SeedableRng;
use wsplan::compile::{Binding, Lowering, Names};
use wsplan::diagnostic::{Diagnostics, Sources, Span};
use wsplan::machine::matching::matches;
use wsplan::machine::mismatch::{Mismatch, judge};
use wsplan::machine::{Message, Payload, Rng, Scope};
use wsplan::plan::model::Matcher;
use wsplan::plan::syntax::{Limits, parse};
use wsplan::program::{PathSet, SlotId, Value};

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
    // The same randomness for each, for templates that draw.
    let with_scope = |then: &dyn Fn(&mut Scope<'_>) -> Result<(), Mismatch>| {
        let mut rng = Rng::seed_from_u64(1);
        then(&mut Scope { slots: &values, now: Duration::ZERO, epoch: Duration::ZERO, rng: &mut rng })
    };
    let asked = PathSet::new(matcher.paths());
    let text = std::str::from_utf8(message).map(Payload::Text);
    for payload in [Payload::Binary(message)].into_iter().chain(text) {
        let tree = Message::new(payload);
        let judged = with_scope(&|scope| judge(&matcher, &tree, scope));
        let scanned = with_scope(&|scope| judge(&matcher, &Message::asked(payload, &asked), scope));
        assert_eq!(scanned, judged, "{matcher}");
        let mut rng = Rng::seed_from_u64(1);
        let mut scope = Scope { slots: &values, now: Duration::ZERO, epoch: Duration::ZERO, rng: &mut rng };
        assert_eq!(matches(&matcher, &tree, &mut scope), judged.is_ok(), "{matcher}");
        if let Err(mismatch) = judged {
            drop(mismatch.to_string());
        }
    }
});
