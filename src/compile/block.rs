//! Lowering of the steps that have steps in them. Those lie in the program where they stand in the plan, one behind the
//! other; where a block is left before its end, the way leads to the state behind all of it.

mod branch;
mod fragment;
mod over;
mod repeat;

use super::Compiler;
use super::flow::{Effect, Flow, Touch};
use super::scenario::Context;
use crate::diagnostic::Span;
use crate::plan::model::matcher::{Clause, Comparison, Operator};
use crate::plan::model::{self, Matcher, Step, Verb};
use crate::program::{Op, State, StateId, Stop};

impl Compiler<'_, '_> {
    /// A step that has steps in it.
    pub(super) fn block(&mut self, step: &Step, name: &str, context: &mut Context<'_>) -> Vec<Flow> {
        match &step.verb {
            Verb::Loop(repeat) => vec![self.repeat(step.span, repeat, context)],
            Verb::If(branch) => vec![self.branch(step.span, branch, context)],
            Verb::Choose(choices) => vec![self.choose(step.span, choices, context)],
            Verb::Group(steps) => self.timed_group(step.span, steps, name, context),
            Verb::Borrow(borrow) => self.borrow(step, borrow, name, context),
            Verb::Use(used) => self.fragment(step.span, used, context),
            _ => Vec::new(),
        }
    }

    /// To the lints a group is the steps that it is made of.
    fn timed_group(
        &mut self,
        span: Span,
        steps: &[Step],
        name: &str,
        context: &mut Context<'_>,
    ) -> Vec<Flow> {
        let entered = self.names.group_entered(context.group_depth);
        if !context.groups.contains(&entered) {
            context.groups.push(entered);
        }
        self.emit(Op::EnterGroup { entered }, span);
        context.group_depth += 1;
        let flows = self.steps(steps, context);
        context.group_depth -= 1;
        let timer = self.timer(format!("{name}.duration"));
        self.emit(Op::LeaveGroup { entered, timer }, span);
        flows
    }

    /// A step that the network has nothing to do with.
    pub(super) fn plain(&mut self, step: &Step, context: &Context<'_>) -> Effect {
        match &step.verb {
            Verb::Barrier(barrier) => self.barrier(step, barrier, context),
            Verb::Log(line) => {
                let line = self.template(line);
                self.emit(Op::Log(line), step.span);
                Effect::None
            }
            Verb::Fail(reason) => {
                let reason = self.template(reason);
                self.emit(Op::Fail(reason), step.span);
                if context.continues_after_failure { Effect::None } else { Effect::End }
            }
            Verb::Stop(ends) => {
                let what = match ends {
                    model::Stop::Iteration => Stop::Iteration,
                    model::Stop::User => Stop::User,
                    model::Stop::Run => Stop::Run,
                };
                self.emit(Op::Stop(what), step.span);
                Effect::End
            }
            _ => Effect::None,
        }
    }
}

/// Lets everything that leads to one state lead to another.
fn redirect(states: &mut [State], from: StateId, to: StateId) {
    for state in states {
        let ways = match &mut state.op {
            Op::Test { body: way, .. } | Op::If { then: way, .. } => {
                std::slice::from_mut(way).iter_mut().collect()
            }
            Op::Choose(choose) => choose.arms.iter_mut().map(|(_, arm)| arm).collect(),
            _ => Vec::new(),
        };
        ways.into_iter().chain([&mut state.next]).filter(|way| **way == from).for_each(|way| *way = to);
    }
}

/// A condition may ask whether a name has a value: then it does not have to have one.
fn excuse_absent(reads: &mut [Touch], condition: &Matcher) {
    for read in reads {
        read.may_be_unset = condition.clauses.iter().any(|c| c.key.span == read.span && asks_for_absence(c));
    }
}

/// Whether a clause says something of a name that has no value.
fn asks_for_absence(clause: &Clause) -> bool {
    clause
        .tests
        .iter()
        .any(|test| matches!(test.operator, Operator::Exists | Operator::Compare(Comparison::Ne)))
}
