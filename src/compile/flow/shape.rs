//! Loops that would spin and steps that are never reached.

use std::collections::HashSet;

use super::{Effect, Flow, Rounds, Touch};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Span, codes};
use crate::program::SlotId;

/// Reports them. `reactions` are the names that any reaction sets.
pub(super) fn check(steps: &[Flow], reactions: &HashSet<SlotId>, diagnostics: &mut Diagnostics) {
    Walk { reactions, diagnostics }.steps(steps);
}

/// Why nothing behind a step is reached.
#[derive(Clone, Copy)]
struct Ending {
    span: Span,
    cause: &'static str,
    help: &'static str,
}

struct Walk<'a> {
    reactions: &'a HashSet<SlotId>,
    diagnostics: &'a mut Diagnostics,
}

impl Walk<'_> {
    /// Gives back why the end of the steps is not reached, where it is not.
    fn steps(&mut self, steps: &[Flow]) -> Option<Ending> {
        let mut ending: Option<Ending> = None;
        for step in steps {
            if let Some(Ending { span, cause, help }) = ending {
                self.diagnostics.push(
                    Diagnostic::new(codes::UNREACHABLE_STEP, "this step is never reached")
                        .label(step.span, "never reached, nor is what follows")
                        .label(span, cause)
                        .help(help),
                );
                break;
            }
            ending = match &step.effect {
                Effect::Repeat { rounds, body } => self.repeat(step, *rounds, body),
                Effect::Branch { arms } => self.branch(step, arms),
                Effect::End => Some(Ending {
                    span: step.span,
                    cause: "the iteration ends here",
                    help: "remove it, or end the iteration only where a condition holds: `if`",
                }),
                _ => None,
            };
        }
        ending
    }

    fn repeat(&mut self, step: &Flow, rounds: Rounds, body: &[Flow]) -> Option<Ending> {
        let inner = self.steps(body);
        if let (Rounds::Exactly(0), Some(first)) = (rounds, body.first()) {
            self.diagnostics.push(
                Diagnostic::new(codes::UNREACHABLE_STEP, "this step is never reached")
                    .label(first.span, "never reached")
                    .label(step.span, "this loop runs zero times")
                    .help("remove the loop, or let it run once at least"),
            );
        }
        if !body.iter().any(|inner| self.waits(inner, body)) {
            self.diagnostics.extend(spinning(step, rounds, body));
        }
        match rounds {
            Rounds::Endless => Some(Ending {
                span: step.span,
                cause: "this loop never ends",
                help: "remove it, or give the loop an end: `times`, `for` or `while`",
            }),
            Rounds::Exactly(1..) | Rounds::Timed => inner,
            // What may not be entered may be passed.
            Rounds::Exactly(0) | Rounds::Conditional | Rounds::Listed | Rounds::Unknown => None,
        }
    }

    /// Nothing behind a branch is reached where none of its arms is left.
    fn branch(&mut self, step: &Flow, arms: &[Vec<Flow>]) -> Option<Ending> {
        // All of them are looked at.
        let endings: Vec<Option<Ending>> = arms.iter().map(|arm| self.steps(arm)).collect();
        let is_left = endings.iter().any(Option::is_none);
        (!is_left && !arms.is_empty()).then_some(Ending {
            span: step.span,
            cause: "no way leads out of this",
            help: "remove it, or let the steps of one way come to their end",
        })
    }

    /// Whether a step of a loop's body lets the user wait for something that others do or that time brings, in every
    /// round as far as can be told.
    fn waits(&self, step: &Flow, outer: &[Flow]) -> bool {
        match &step.effect {
            Effect::Connect
            | Effect::Refused
            | Effect::Fetch
            | Effect::Receive
            | Effect::Request
            | Effect::Close
            | Effect::IsClosed
            | Effect::Pause
            // It leaves the loop.
            | Effect::End
            | Effect::Unknown => true,
            // Where nothing is pending this goes on at once.
            Effect::Send | Effect::GiveBack | Effect::AwaitAll | Effect::None => false,
            Effect::Repeat { rounds: Rounds::Exactly(0), .. } => false,
            Effect::Repeat { rounds, body } => {
                let may_run = *rounds != Rounds::Conditional || self.may_hold_again(step, outer);
                may_run && body.iter().any(|inner| self.waits(inner, outer))
            }
            // Which arm it will be is not known; one that waits may be enough.
            Effect::Branch { arms } => arms.iter().flatten().any(|inner| self.waits(inner, outer)),
        }
    }

    /// Whether the condition of an inner loop, which has not held when that loop ended, may hold in the next round.
    fn may_hold_again(&self, step: &Flow, outer: &[Flow]) -> bool {
        let may_change =
            |read: &Touch| self.reactions.contains(&read.slot) || sets(outer, read.slot, Some(step));
        step.reads.is_empty() || step.reads.iter().any(may_change)
    }
}

/// The complaint about a loop in which nothing waits, unless it ends by itself.
fn spinning(step: &Flow, rounds: Rounds, body: &[Flow]) -> Option<Diagnostic> {
    let help = "add a `think`, an `expect` or a `request`, or give it `times`";
    let spinning = |message: &str| {
        Diagnostic::new(codes::SPINNING_LOOP, message).label(step.span, "nothing in it waits").help(help)
    };
    match rounds {
        Rounds::Exactly(_) | Rounds::Listed | Rounds::Unknown => None,
        Rounds::Conditional if step.reads.iter().any(|read| sets(body, read.slot, None)) => None,
        Rounds::Conditional | Rounds::Endless => Some(spinning("this loop would spin")),
        // It has an end, and somebody may want to see what a server does under all that can be sent.
        Rounds::Timed => {
            Some(spinning("this loop would spin until its time has passed").severity(Severity::Warning))
        }
    }
}

/// Whether any of the steps sets a name, but for those of one loop.
fn sets(steps: &[Flow], slot: SlotId, except: Option<&Flow>) -> bool {
    steps.iter().filter(|step| !except.is_some_and(|except| std::ptr::eq(*step, except))).any(|step| {
        step.sets.iter().any(|touch| touch.slot == slot)
            || step.effect.blocks().iter().any(|inner| sets(inner, slot, except))
    })
}
