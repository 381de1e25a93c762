//! What the compiler remembers of each step to reason about the order of things: which names it reads and sets, and
//! what it does to the connection. The lints read this and nothing else, so they do not grow with the verbs.

mod connection;
mod definition;
mod shape;

pub(super) use definition::{Checked, Set, unused};

use std::collections::HashSet;

use super::link::Shown;
use crate::diagnostic::{Diagnostics, Span};
use crate::program::{LinkId, SlotId};

/// A name that is read or set at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Touch {
    pub(super) slot: SlotId,
    pub(super) span: Span,
    /// A read that knows what to do without a value, as `while: { done: { exists: false } }` does; a setting that only
    /// happens when a message comes, which need not come.
    pub(super) may_be_unset: bool,
}

impl Touch {
    pub(super) fn new(slot: SlotId, span: Span) -> Self {
        Self { slot, span, may_be_unset: false }
    }
}

/// A step as the lints see it.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    /// Its verb in the plan.
    pub(super) span: Span,
    /// Its verb, for messages.
    pub(super) verb: &'static str,
    /// What it reads, before it sets anything.
    pub(super) reads: Vec<Touch>,
    /// What it sets when it succeeds.
    pub(super) sets: Vec<Touch>,
    /// What it does.
    pub(super) effect: Effect,
    /// The connection that it acts on; `None` of what acts on none in particular.
    pub(super) link: Option<LinkId>,
}

/// What a step does, as far as the order of steps goes.
#[derive(Debug, Clone)]
pub(super) enum Effect {
    /// Opens the connection.
    Connect,
    /// Asks for a connection that is to be refused.
    Refused,
    /// Needs no connection and waits for an answer over HTTP.
    Fetch,
    /// Needs a connection and does not wait.
    Send,
    /// Needs a connection and waits for a message.
    Receive,
    /// Needs a connection and sends; what it sets is there once its reply has come, which an `await_all` waits for. It
    /// waits where too many are pending.
    Request,
    /// Needs a connection, any where it is for none in particular, and waits for all its replies.
    AwaitAll,
    /// Closes the connection.
    Close,
    /// Lets go of the connection of a pool, where there is one still.
    GiveBack,
    /// Needs a connection and waits for the server to close it.
    IsClosed,
    /// Lets time pass.
    Pause,
    /// Ends the iteration: what stands behind it is not done.
    End,
    /// Nothing of this.
    None,
    /// Nobody knows: it was reported.
    Unknown,
    /// Runs steps again and again.
    Repeat {
        /// How often, as far as it is known.
        rounds: Rounds,
        /// What is repeated.
        body: Vec<Flow>,
    },
    /// Does one of several lists of steps; where it may do nothing, one of them is empty.
    Branch {
        /// What may be done.
        arms: Vec<Vec<Flow>>,
    },
}

impl Effect {
    /// The lists of steps inside it.
    fn blocks(&self) -> &[Vec<Flow>] {
        match self {
            Self::Repeat { body, .. } => std::slice::from_ref(body),
            Self::Branch { arms } => arms,
            _ => &[],
        }
    }
}

/// How often a loop runs, as far as it is known before the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rounds {
    /// So many times.
    Exactly(u64),
    /// Once at least, then until some time has passed.
    Timed,
    /// Perhaps never: it depends on a condition.
    Conditional,
    /// Perhaps never: once for each item of a list that nobody knows yet.
    Listed,
    /// Without end.
    Endless,
    /// Nobody knows: it was reported.
    Unknown,
}

impl Rounds {
    /// Whether the loop may be passed without a round.
    pub(super) fn may_be_none(self) -> bool {
        matches!(self, Self::Exactly(0) | Self::Conditional | Self::Listed | Self::Unknown)
    }
}

/// A reaction as the lints see it.
#[derive(Debug)]
pub(super) struct ReactionFlow {
    /// The connection whose messages it is for; `None` is all.
    pub(super) on: Option<LinkId>,
    /// What it reads, before it sets anything.
    pub(super) reads: Vec<Touch>,
    /// What it sets.
    pub(super) sets: Vec<Touch>,
}

/// A scenario as the lints see it.
#[derive(Debug, Default)]
pub(super) struct ScenarioFlow {
    /// Its steps.
    pub(super) steps: Vec<Flow>,
    /// What messages call its connections, of which there is one at least.
    pub(super) links: Vec<Shown>,
    /// Whether it was reported that one of them may be two.
    pub(super) are_links_unclear: bool,
    /// Its reactions.
    pub(super) reactions: Vec<ReactionFlow>,
    /// The slots that hold a value from the start.
    pub(super) initial: Vec<SlotId>,
    /// Whether the steps go on after one has failed, which then has set nothing.
    pub(super) continues_after_failure: bool,
    /// Slots of names that are read somewhere where it does not show: in a part that is not understood, or by a name
    /// that was reported as a misspelling of theirs.
    pub(super) excused: HashSet<SlotId>,
}

/// Reports everything in a scenario that cannot work in the order it is written. Gives back what it sets, for
/// [`unused`], which looks at all scenarios together.
pub(super) fn check(scenario: &ScenarioFlow, slots: &[String], diagnostics: &mut Diagnostics) -> Checked {
    if !scenario.are_links_unclear {
        connection::check(&scenario.steps, &scenario.links, diagnostics);
    }
    let checked = definition::check(scenario, slots, diagnostics);
    let by_reactions =
        scenario.reactions.iter().flat_map(|reaction| &reaction.sets).map(|touch| touch.slot).collect();
    shape::check(&scenario.steps, &by_reactions, diagnostics);
    checked
}
