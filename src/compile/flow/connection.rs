//! Steps that need a connection where there is none for certain.

use std::mem::discriminant;

use super::{Effect, Flow, Rounds};
use crate::diagnostic::{Diagnostic, Diagnostics, Span, codes};

/// What is known of the connection at a point of the scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    /// There has been no `connect`.
    Never,
    /// It is open.
    Open(Span),
    /// The `close` at this place closed it.
    Closed(Span),
    /// It depends.
    Unknown,
}

pub(super) fn check(steps: &[Flow], diagnostics: &mut Diagnostics) {
    walk(steps, Link::Never, diagnostics);
}

fn walk(steps: &[Flow], mut link: Link, diagnostics: &mut Diagnostics) -> Link {
    for step in steps {
        link = after(step, link, diagnostics);
    }
    link
}

fn after(step: &Flow, link: Link, diagnostics: &mut Diagnostics) -> Link {
    match &step.effect {
        Effect::Connect => {
            if let Link::Open(opened) = link {
                diagnostics.push(
                    Diagnostic::new(codes::ALREADY_CONNECTED, "this user is connected already")
                        .label(step.span, "a second connect")
                        .label(opened, "connected here")
                        .help("close the connection first"),
                );
            }
            Link::Open(step.span)
        }
        Effect::Send | Effect::Receive => {
            needs_connection(step, link, diagnostics);
            // Said once; what follows would only repeat it.
            if matches!(link, Link::Open(_)) { link } else { Link::Unknown }
        }
        Effect::Close => {
            needs_connection(step, link, diagnostics);
            Link::Closed(step.span)
        }
        Effect::Pause | Effect::None => link,
        Effect::Unknown => Link::Unknown,
        Effect::Repeat { rounds: Rounds::Exactly(0), .. } => link,
        Effect::Repeat { rounds, body } => {
            let first = walk(body, link, diagnostics);
            // A second round that begins like the first ends like it: looking only where they differ keeps the
            // work from doubling with each level of nesting.
            let differs = *rounds != Rounds::Exactly(1) && discriminant(&first) != discriminant(&link);
            let last = if differs { walk(body, first, diagnostics) } else { first };
            if *rounds == Rounds::Conditional { join(link, last) } else { last }
        }
    }
}

fn join(a: Link, b: Link) -> Link {
    match (a, b) {
        // Neither is open, and what closed it is worth saying.
        (Link::Never, closed @ Link::Closed(_)) | (closed @ Link::Closed(_), Link::Never) => closed,
        (a, b) if discriminant(&a) == discriminant(&b) => a,
        _ => Link::Unknown,
    }
}

fn needs_connection(step: &Flow, link: Link, diagnostics: &mut Diagnostics) {
    let message = format!("`{}` needs a connection", step.verb);
    match link {
        Link::Never => diagnostics.push(
            Diagnostic::new(codes::NOT_CONNECTED, message)
                .label(step.span, "there is no `connect` before this")
                .help("add a step `- connect: {}` before it"),
        ),
        Link::Closed(closed) => diagnostics.push(
            Diagnostic::new(codes::CLOSED_BEFORE, message)
                .label(step.span, "the connection is closed here")
                .label(closed, "closed here")
                .help("connect again before it, or move the `close` behind it"),
        ),
        Link::Open(_) | Link::Unknown => {}
    }
}
