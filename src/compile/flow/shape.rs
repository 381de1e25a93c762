//! Loops that would spin and steps that are never reached.

use super::{Effect, Flow, Rounds};
use crate::diagnostic::{Diagnostic, Diagnostics, Span, codes};

pub(super) fn check(steps: &[Flow], diagnostics: &mut Diagnostics) {
    let mut endless = None;
    for step in steps {
        if let Some(cause) = endless {
            diagnostics.push(
                Diagnostic::new(codes::UNREACHABLE_STEP, "this step is never reached")
                    .label(step.span, "never reached, nor is what follows")
                    .label(cause, "this loop never ends")
                    .help("remove it, or give the loop an end: `times`, `for` or `while`"),
            );
            break;
        }
        let Effect::Repeat { rounds, body } = &step.effect else { continue };
        check(body, diagnostics);
        match rounds {
            Rounds::Exactly(0) => {
                if let Some(first) = body.first() {
                    diagnostics.push(
                        Diagnostic::new(codes::UNREACHABLE_STEP, "this step is never reached")
                            .label(first.span, "never reached")
                            .label(step.span, "this loop runs zero times"),
                    );
                }
            }
            Rounds::Exactly(_) => {}
            Rounds::Timed | Rounds::Conditional | Rounds::Endless => {
                if !body.iter().any(waits) {
                    diagnostics.push(
                        Diagnostic::new(codes::SPINNING_LOOP, "this loop would spin")
                            .label(step.span, "nothing in it waits")
                            .help("add a `think`, an `expect` or a `request`, or give it `times`"),
                    );
                }
            }
        }
        endless = without_end(step);
    }
}

/// The loop because of which nothing behind a step is ever reached.
fn without_end(step: &Flow) -> Option<Span> {
    match &step.effect {
        Effect::Repeat { rounds: Rounds::Endless, .. } => Some(step.span),
        Effect::Repeat { rounds: Rounds::Exactly(0) | Rounds::Conditional, .. } => None,
        Effect::Repeat { body, .. } => body.iter().find_map(without_end),
        _ => None,
    }
}

/// Whether a step lets the user wait for something that others do or that time brings.
fn waits(step: &Flow) -> bool {
    match &step.effect {
        Effect::Connect | Effect::Receive | Effect::Close | Effect::Pause | Effect::Unknown => true,
        Effect::Send | Effect::None => false,
        // A condition that does not hold lets no time pass.
        Effect::Repeat { rounds: Rounds::Exactly(0) | Rounds::Conditional, .. } => false,
        Effect::Repeat { body, .. } => body.iter().any(waits),
    }
}
