//! Lowering of `if` and `choose`: a state that leads to one of several arms, which meet again behind the last.

use std::ops::Range;

use super::{excuse_absent, redirect};
use crate::compile::Compiler;
use crate::compile::flow::{Effect, Flow};
use crate::compile::scenario::Context;
use crate::diagnostic::{Diagnostic, Severity, Span, codes};
use crate::plan::model::{Choice, If, Step};
use crate::program::{Choose, Op, StateId};

/// Arms as they are lowered: what follows one of them need not follow another.
struct Arms {
    /// The states of each.
    states: Vec<Range<usize>>,
    flows: Vec<Vec<Flow>>,
    /// Whether the first step of a paced round may still come, before the arms and behind any of them.
    was_due: bool,
    is_due: bool,
}

impl Compiler<'_, '_> {
    pub(super) fn branch(&mut self, span: Span, branch: &If, context: &mut Context<'_>) -> Flow {
        let condition = self.condition(&branch.when);
        let mut reads = self.names.take_reads();
        excuse_absent(&mut reads, &branch.when);
        let test = self.emit(Op::End, span);
        let mut arms = Arms::new(context);
        self.arm(&branch.then, &mut arms, context);
        // Where there is no `else`, this is what lies behind all of it.
        let otherwise = StateId::new(self.states.len());
        self.arm(branch.otherwise.as_deref().unwrap_or_default(), &mut arms, context);
        self.states[test.index()].op = Op::If { condition, then: StateId::new(test.index() + 1) };
        self.states[test.index()].next = otherwise;
        Flow { span, verb: "if", reads, sets: Vec::new(), effect: self.join(arms, context), link: None }
    }

    pub(super) fn choose(&mut self, span: Span, choices: &[Choice], context: &mut Context<'_>) -> Flow {
        self.choice_weights(choices);
        let draw = self.emit(Op::End, span);
        let mut arms = Arms::new(context);
        for choice in choices {
            self.arm(&choice.steps, &mut arms, context);
        }
        let weights = choices.iter().map(|choice| choice.weight.map_or(1, |weight| weight.value));
        let total_weight = weights.clone().sum();
        let entries = arms.states.iter().map(|states| StateId::new(states.start));
        self.states[draw.index()].op =
            Op::Choose(Choose { arms: weights.zip(entries).collect(), total_weight });
        self.states[draw.index()].next = StateId::new(self.states.len());
        let effect = self.join(arms, context);
        Flow { span, verb: "choose", reads: Vec::new(), sets: Vec::new(), effect, link: None }
    }

    fn arm(&mut self, steps: &[Step], arms: &mut Arms, context: &mut Context<'_>) {
        let start = self.states.len();
        context.is_due = arms.was_due;
        arms.flows.push(self.steps(steps, context));
        arms.states.push(start..self.states.len());
        arms.is_due |= context.is_due;
    }

    /// Lets all arms end behind the last of them.
    fn join(&mut self, arms: Arms, context: &mut Context<'_>) -> Effect {
        let exit = StateId::new(self.states.len());
        for states in arms.states {
            redirect(&mut self.states[states.clone()], StateId::new(states.end), exit);
        }
        context.is_due = arms.is_due;
        Effect::Branch { arms: arms.flows }
    }

    /// A choice without a share is never made; where none has one, none can be.
    fn choice_weights(&mut self, choices: &[Choice]) {
        let zeros = || choices.iter().filter_map(|choice| choice.weight).filter(|weight| weight.value == 0);
        if !choices.is_empty() && zeros().count() == choices.len() {
            let nothing = Diagnostic::new(codes::ZERO_WEIGHT, "none of these can be chosen");
            let labelled =
                zeros().fold(nothing, |diagnostic, weight| diagnostic.label(weight.span, "a weight of zero"));
            self.diagnostics.push(labelled.help("give at least one of them a weight above 0"));
            return;
        }
        for weight in zeros() {
            self.diagnostics.push(
                Diagnostic::new(codes::ZERO_WEIGHT, "this is never chosen")
                    .severity(Severity::Warning)
                    .label(weight.span, "a weight of zero")
                    .help("give it a weight above 0, or remove it"),
            );
        }
    }
}

impl Arms {
    fn new(context: &Context<'_>) -> Self {
        Self { states: Vec::new(), flows: Vec::new(), was_due: context.is_due, is_due: false }
    }
}
