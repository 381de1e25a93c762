//! Captures and set names that may be read before they have a value, and ones that nobody reads.

use std::collections::{HashMap, HashSet};

use super::{Effect, Flow, Rounds, ScenarioFlow, Touch};
use crate::diagnostic::{Diagnostic, Diagnostics, Span, codes};
use crate::program::SlotId;

type Defined = HashSet<SlotId>;

struct Walk<'a> {
    slots: &'a [String],
    /// The first place that sets a slot, to show beside a use that may come before it.
    setters: HashMap<SlotId, Span>,
    /// What is set at every `connect`, from where on reactions may run.
    at_connect: Option<Defined>,
    continues_after_failure: bool,
    diagnostics: &'a mut Diagnostics,
}

pub(super) fn check(scenario: &ScenarioFlow, slots: &[String], diagnostics: &mut Diagnostics) {
    let mut setters = HashMap::new();
    let mut read = HashSet::new();
    let mut all_sets = Vec::new();
    collect(&scenario.steps, &mut all_sets, &mut read);
    for (reads, sets) in &scenario.reactions {
        all_sets.extend(sets);
        read.extend(reads.iter().map(|touch| touch.slot));
    }
    for touch in &all_sets {
        setters.entry(touch.slot).or_insert(touch.span);
    }
    let continues_after_failure = scenario.continues_after_failure;
    let mut walk = Walk { slots, setters, at_connect: None, continues_after_failure, diagnostics };
    let initial: Defined = scenario.initial.iter().copied().collect();
    walk.steps(&scenario.steps, initial.clone());
    let at_reactions = walk.at_connect.take().unwrap_or(initial);
    for (reads, sets) in &scenario.reactions {
        let mut defined = at_reactions.clone();
        defined.extend(sets.iter().map(|touch| touch.slot));
        walk.reads(reads, &defined);
    }
    for touch in all_sets.iter().filter(|touch| !read.contains(&touch.slot)) {
        let name = &slots[touch.slot.index()];
        walk.diagnostics.push(
            Diagnostic::new(codes::UNUSED_CAPTURE, format!("`{name}` is never used"))
                .label(touch.span, "set here, read nowhere")
                .help(format!("remove it, or use it as {{{{{name}}}}}")),
        );
    }
}

fn collect(steps: &[Flow], sets: &mut Vec<Touch>, read: &mut HashSet<SlotId>) {
    for step in steps {
        read.extend(step.reads.iter().map(|touch| touch.slot));
        sets.extend(&step.sets);
        if let Effect::Repeat { body, .. } = &step.effect {
            collect(body, sets, read);
        }
    }
}

impl Walk<'_> {
    fn steps(&mut self, steps: &[Flow], mut defined: Defined) -> Defined {
        for step in steps {
            self.reads(&step.reads, &defined);
            let may_fail = matches!(step.effect, Effect::Receive);
            if !(may_fail && self.continues_after_failure) {
                defined.extend(step.sets.iter().map(|touch| touch.slot));
            }
            match &step.effect {
                Effect::Connect => {
                    let known = self.at_connect.get_or_insert_with(|| defined.clone());
                    known.retain(|slot| defined.contains(slot));
                }
                Effect::Repeat { rounds, body } => {
                    let after = self.steps(body, defined.clone());
                    if !matches!(rounds, Rounds::Exactly(0) | Rounds::Conditional) {
                        defined = after;
                    }
                }
                _ => {}
            }
        }
        defined
    }

    fn reads(&mut self, reads: &[Touch], defined: &Defined) {
        for touch in reads.iter().filter(|touch| !defined.contains(&touch.slot)) {
            // Slots that no step sets are built in and always have a value.
            let Some(&setter) = self.setters.get(&touch.slot) else { continue };
            let name = &self.slots[touch.slot.index()];
            self.diagnostics.push(
                Diagnostic::new(codes::POSSIBLY_UNSET, format!("`{name}` may have no value yet"))
                    .label(touch.span, "read here")
                    .label(setter, "set here, which may not have happened")
                    .help(format!("set it on every way to this place, or give it a first value in `vars: {{ {name}: ... }}`")),
            );
        }
    }
}
