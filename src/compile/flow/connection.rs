//! Steps that need a connection where there is none for certain.

use std::collections::HashMap;
use std::mem::discriminant;

use super::{Effect, Flow, Rounds};
use crate::diagnostic::{Diagnostic, Diagnostics, Span, codes};

/// What is known of the connection at a point of the scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

struct Walk<'d> {
    diagnostics: &'d mut Diagnostics,
    /// What a loop's body, known by its place in memory, makes of a link. Without it the second look at a body would
    /// double with every loop inside another.
    known: HashMap<(*const Flow, Link), Link>,
}

pub(super) fn check(steps: &[Flow], diagnostics: &mut Diagnostics) {
    Walk { diagnostics, known: HashMap::new() }.steps(steps, Link::Never);
}

impl Walk<'_> {
    fn steps(&mut self, steps: &[Flow], mut link: Link) -> Link {
        for step in steps {
            link = self.after(step, link);
        }
        link
    }

    fn after(&mut self, step: &Flow, link: Link) -> Link {
        match &step.effect {
            Effect::Connect => {
                if let Link::Open(opened) = link {
                    self.diagnostics.push(already_connected(step.span, opened));
                }
                Link::Open(step.span)
            }
            Effect::Send | Effect::Receive | Effect::Request | Effect::AwaitAll => {
                self.needs_connection(step, link);
                // Said once; what follows would only repeat it.
                if matches!(link, Link::Open(_)) { link } else { Link::Unknown }
            }
            Effect::Close | Effect::IsClosed => {
                self.needs_connection(step, link);
                Link::Closed(step.span)
            }
            Effect::Pause | Effect::None => link,
            Effect::Unknown => Link::Unknown,
            Effect::Repeat { rounds: Rounds::Exactly(0), .. } => link,
            Effect::Repeat { rounds, body } => {
                let first = self.round(body, link);
                // A second round that begins like the first ends like it.
                let differs = *rounds != Rounds::Exactly(1) && discriminant(&first) != discriminant(&link);
                let last = if differs { self.round(body, first) } else { first };
                if matches!(rounds, Rounds::Conditional | Rounds::Unknown) { join(link, last) } else { last }
            }
        }
    }

    fn round(&mut self, body: &[Flow], link: Link) -> Link {
        let key = (body.as_ptr(), link);
        if let Some(after) = self.known.get(&key) {
            return *after;
        }
        let after = self.steps(body, link);
        self.known.insert(key, after);
        after
    }

    fn needs_connection(&mut self, step: &Flow, link: Link) {
        let message = format!("`{}` needs a connection", step.verb);
        match link {
            Link::Never => self.diagnostics.push(
                Diagnostic::new(codes::NOT_CONNECTED, message)
                    .label(step.span, "there is no `connect` before this")
                    .help("add a step `- connect: {}` before it"),
            ),
            Link::Closed(closed) => self.diagnostics.push(closed_before(message, step.span, closed)),
            Link::Open(_) | Link::Unknown => {}
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

/// A step that stands before the one that is to blame can only come after it in the next round of a loop.
fn is_round_before(step: Span, cause: Span) -> bool {
    cause.file == step.file && cause.start >= step.start
}

fn already_connected(connect: Span, opened: Span) -> Diagnostic {
    let diagnostic = Diagnostic::new(codes::ALREADY_CONNECTED, "this user is connected already");
    if opened == connect {
        return diagnostic
            .label(connect, "still open from the round before")
            .help("close the connection at the end of the round, or connect before the loop");
    }
    let origin =
        if is_round_before(connect, opened) { "connected here, a round before" } else { "connected here" };
    diagnostic.label(connect, "a second connect").label(opened, origin).help("close the connection first")
}

fn closed_before(message: String, step: Span, closed: Span) -> Diagnostic {
    let diagnostic = Diagnostic::new(codes::CLOSED_BEFORE, message);
    if closed == step {
        return diagnostic
            .label(step, "already closed by the round before")
            .help("connect in the loop, or move the `close` behind the loop");
    }
    if is_round_before(step, closed) {
        return diagnostic
            .label(step, "closed by the round before")
            .label(closed, "closed here")
            .help("connect at the start of the round, or move the `close` behind the loop");
    }
    diagnostic
        .label(step, "there is no connection any more")
        .label(closed, "closed here")
        .help("connect again before it, or move the `close` behind it")
}
