//! Steps that need a connection where there is none for certain. What a step does to one connection says nothing of the
//! others.

use std::collections::HashMap;
use std::mem::discriminant;

use super::{Effect, Flow, Rounds};
use crate::compile::link::Shown;
use crate::diagnostic::{Diagnostic, Diagnostics, Span, codes};
use crate::program::LinkId;

/// What is known of a connection at a point of the scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Link {
    /// There has been no `connect`.
    Never,
    /// It is open.
    Open(Span),
    /// The `connect` at this place was refused, as it should.
    Refused(Span),
    /// The `close` at this place closed it.
    Closed(Span),
    /// It was one of a pool, which this `borrow` had.
    GivenBack(Span),
    /// It depends.
    Unknown,
    /// Nobody comes here.
    Unreached,
}

/// What is known of each connection.
type Links = Vec<Link>;

struct Walk<'w> {
    /// What messages call the connections.
    shown: &'w [Shown],
    diagnostics: &'w mut Diagnostics,
    /// What a block, known by its place in memory, makes of the connections. Without it the second look at a body
    /// would double with every loop inside another.
    known: HashMap<(*const Flow, Links), Links>,
}

pub(super) fn check(steps: &[Flow], shown: &[Shown], diagnostics: &mut Diagnostics) {
    Walk { shown, diagnostics, known: HashMap::new() }.steps(steps, vec![Link::Never; shown.len()]);
}

impl Walk<'_> {
    fn steps(&mut self, steps: &[Flow], mut links: Links) -> Links {
        for step in steps {
            links = self.after(step, links);
        }
        links
    }

    fn after(&mut self, step: &Flow, mut links: Links) -> Links {
        let place = step.link.map(LinkId::index).filter(|place| *place < links.len());
        match (&step.effect, place) {
            (Effect::Connect, Some(place)) => {
                if let Link::Open(opened) = links[place] {
                    self.diagnostics.push(self.already_connected(step, opened));
                }
                links[place] = Link::Open(step.span);
            }
            (Effect::Refused, Some(place)) => {
                if let Link::Open(opened) = links[place] {
                    self.diagnostics.push(self.already_connected(step, opened));
                }
                links[place] = Link::Refused(step.span);
            }
            (Effect::Send | Effect::Receive | Effect::Request | Effect::AwaitAll, Some(place)) => {
                self.needs_connection(step, links[place]);
                // Said once; what follows would only repeat it.
                if !matches!(links[place], Link::Open(_) | Link::Unreached) {
                    links[place] = Link::Unknown;
                }
            }
            (Effect::AwaitAll, None) => {
                let may_be_open =
                    |link: &&Link| matches!(link, Link::Open(_) | Link::Unknown | Link::Unreached);
                let was_open = |link: &&Link| matches!(link, Link::Closed(_) | Link::GivenBack(_));
                let mut all = links.iter();
                if all.find(may_be_open).is_none() {
                    let closed = links.iter().find(was_open).copied();
                    self.needs_connection(step, closed.unwrap_or(Link::Never));
                    links.fill(Link::Unknown);
                }
            }
            (Effect::Close | Effect::IsClosed, Some(place)) => {
                self.needs_connection(step, links[place]);
                links[place] = Link::Closed(step.span);
            }
            (Effect::GiveBack, Some(place)) => links[place] = Link::GivenBack(step.span),
            (Effect::End, _) => links.fill(Link::Unreached),
            (
                Effect::Pause
                | Effect::Fetch
                | Effect::None
                | Effect::Repeat { rounds: Rounds::Exactly(0), .. },
                _,
            ) => {}
            (Effect::Repeat { rounds, body }, _) => {
                let first = self.round(body, links.clone());
                // A second round that begins like the first ends like it.
                let differs = *rounds != Rounds::Exactly(1) && !are_alike(&first, &links);
                let last = if differs { self.round(body, first) } else { first };
                if !matches!(rounds, Rounds::Conditional | Rounds::Listed | Rounds::Unknown) {
                    return last;
                }
                return join_all(links, last);
            }
            (Effect::Branch { arms }, _) => {
                let after = arms.iter().map(|arm| self.round(arm, links.clone())).reduce(join_all);
                return after.unwrap_or(links);
            }
            // Nobody knows on which it acts: it was reported.
            (_, None) | (Effect::Unknown, _) => links.fill(Link::Unknown),
        }
        links
    }

    fn round(&mut self, body: &[Flow], links: Links) -> Links {
        let key = (body.as_ptr(), links.clone());
        if let Some(after) = self.known.get(&key) {
            return after.clone();
        }
        let after = self.steps(body, links);
        self.known.insert(key, after.clone());
        after
    }

    /// What a step's connection is called, where that has to be said.
    fn name(&self, step: &Flow) -> Option<&str> {
        self.shown.get(step.link?.index())?.name.as_deref()
    }

    fn needs_connection(&mut self, step: &Flow, link: Link) {
        if let (Link::Never, Some(Shown { name: Some(pool), is_borrowed: true })) =
            (link, step.link.and_then(|link| self.shown.get(link.index())))
        {
            let message = format!("`{}` needs the connection `{pool}`", step.verb);
            self.diagnostics.push(
                Diagnostic::new(codes::NOT_CONNECTED, message)
                    .label(step.span, "it is one of a pool, and not borrowed yet")
                    .help("move the step into the `borrow`"),
            );
            return;
        }
        let mut own = self.shown.iter().filter(|shown| !shown.is_borrowed);
        let other = step.link.and_then(|_| own.find_map(|shown| shown.name.as_ref()));
        let needs = || format!("`{}` needs a connection", step.verb);
        let nowhere = "there is no `connect` before this";
        let (message, missing, help) = match (self.name(step), other) {
            (Some(name), _) => (
                format!("`{}` needs the connection `{name}`", step.verb),
                nowhere,
                format!("add a step `- {{ name: {name}, connect: {{}} }}` before it"),
            ),
            (None, Some(other)) => (
                needs(),
                "there is no `connect` without a name before this",
                format!("write `on: {other}` beside it, or add a step `- connect: {{}}` before it"),
            ),
            (None, None) => (needs(), nowhere, "add a step `- connect: {}` before it".to_owned()),
        };
        match link {
            Link::Never => self
                .diagnostics
                .push(Diagnostic::new(codes::NOT_CONNECTED, message).label(step.span, missing).help(help)),
            Link::Refused(refused) => self.diagnostics.push(
                Diagnostic::new(codes::NOT_CONNECTED, message)
                    .label(step.span, "there is no connection")
                    .label(refused, "this connect is to be refused")
                    .help("add a `connect` without `expect_status` before it"),
            ),
            Link::GivenBack(borrow) => self.diagnostics.push(
                Diagnostic::new(codes::CLOSED_BEFORE, message)
                    .label(step.span, "there is no connection any more")
                    .label(borrow, "it is given back behind this")
                    .help("move the step into the `borrow`"),
            ),
            Link::Closed(closed) => self.diagnostics.push(closed_before(message, step.span, closed)),
            Link::Open(_) | Link::Unknown | Link::Unreached => {}
        }
    }

    fn already_connected(&self, connect: &Flow, opened: Span) -> Diagnostic {
        let message = match self.name(connect) {
            Some(name) => format!("the connection `{name}` is open already"),
            None => "this user is connected already".to_owned(),
        };
        let diagnostic = Diagnostic::new(codes::ALREADY_CONNECTED, message);
        let connect = connect.span;
        if opened == connect {
            return diagnostic
                .label(connect, "still open from the round before")
                .help("close the connection at the end of the round, or connect before the loop");
        }
        let is_before = is_round_before(connect, opened);
        let origin = if is_before { "connected here, a round before" } else { "connected here" };
        let help = "close the connection first, or give this one a `name` of its own";
        diagnostic.label(connect, "a second connect").label(opened, origin).help(help)
    }
}

fn are_alike(some: &Links, others: &Links) -> bool {
    some.iter().zip(others).all(|(one, other)| discriminant(one) == discriminant(other))
}

fn join_all(some: Links, others: Links) -> Links {
    some.into_iter().zip(others).map(|(one, other)| join(one, other)).collect()
}

fn join(a: Link, b: Link) -> Link {
    match (a, b) {
        (Link::Unreached, other) | (other, Link::Unreached) => other,
        // Neither is open, and what closed it is worth saying.
        (Link::Never | Link::Refused(_), closed @ (Link::Closed(_) | Link::GivenBack(_)))
        | (closed @ (Link::Closed(_) | Link::GivenBack(_)), Link::Never | Link::Refused(_)) => closed,
        (Link::Never, refused @ Link::Refused(_)) | (refused @ Link::Refused(_), Link::Never) => refused,
        (a, b) if discriminant(&a) == discriminant(&b) => a,
        _ => Link::Unknown,
    }
}

/// A step that stands before the one that is to blame can only come after it in the next round of a loop.
fn is_round_before(step: Span, cause: Span) -> bool {
    cause.file == step.file && cause.start >= step.start
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
