//! States and their transitions. A user is in one state at a time; most lead to the `next` of theirs, a loop's test to
//! its body or its exit.

use std::sync::Arc;
use std::time::Duration;

use super::data::DataUse;
use super::{
    Audience, BarrierId, Body, Capture, Deflate, ExpectClose, Expr, Gather, Http, LinkId, Matcher, Operand,
    Path, Ping, PoolId, Publish, Reconnect, SlotId, StateId, StreamId, Template, TimerId, UpgradeExpect,
    Value, VariableMatcher, Visitor,
};
use crate::diagnostic::Span;

/// One state and where it came from.
#[derive(Debug, Clone)]
pub struct State {
    /// What is done in it.
    pub op: Op,
    /// The state after it. [`Op::End`] is its own next.
    pub next: StateId,
    /// The verb of the plan that it came from.
    pub span: Span,
    /// What is measured of it from when it was due, where it may be the first in a round of a paced loop.
    pub due: Option<DueTimers>,
    /// The connection on which it acts, where it needs one.
    pub link: LinkId,
}

/// The timers of an operation that is due at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueTimers {
    /// From when it was due until its first byte was handed to the kernel; of what sends.
    pub delay: Option<TimerId>,
    /// From when it was due until the message came that it waits for; of what waits for one.
    pub intended: Option<TimerId>,
}

/// What is done in a state. Each variant shows the step that makes it.
#[derive(Debug, Clone)]
pub enum Op {
    /// `connect: { path: /chat }`
    Connect(Box<Connect>),
    /// `send: { type: hello }`
    Send {
        /// The message.
        message: Body,
        /// The stream that it is published to.
        publish: Option<Box<Publish>>,
    },
    /// `expect: { $.type: joined }`
    Expect(Box<Expect>),
    /// `expect: { where: ..., count: 10 }`, and with `any_order`, `absent`, `at_most`
    Gather(Box<Gather>),
    /// `request: { send: ..., reply: ... }`
    Request(Box<Request>),
    /// `http: { post: /login, json: ... }`
    Http(Box<Http>),
    /// `await_all: true`
    AwaitAll {
        /// For the replies on one connection only.
        on: Option<LinkId>,
    },
    /// `think: 2s`
    Think(Think),
    /// The start of a `loop`: forgets its last run.
    Enter(Repeat),
    /// The test of a `loop` before each round: leads to `body`, or to `next` when it is over.
    Test {
        /// The loop.
        repeat: Repeat,
        /// The first state of a round.
        body: StateId,
    },
    /// `ping: true`
    Ping(Ping),
    /// `expect_close: 4001`
    ExpectClose(Box<ExpectClose>),
    /// `if: { when: ..., then: ..., else: ... }`: leads to `then` where the condition holds, else to `next`.
    If {
        /// What must hold of variables.
        condition: VariableMatcher,
        /// The first state of what is done then.
        then: StateId,
    },
    /// `choose: [{ weight: 3, steps: ... }, ...]`: leads to one of the arms; `next` is where all of them meet again.
    Choose(Choose),
    /// The start of a `borrow`.
    Borrow {
        /// Which pool.
        pool: PoolId,
        /// How long it took until the user had a connection.
        timer: TimerId,
    },
    /// The end of a `borrow`.
    GiveBack,
    /// `close: { code: 1000 }`
    Close(Box<Close>),
    /// `set: { n: 1 }`
    Set(Box<[(SlotId, Expr)]>),
    /// `log: joined as {{session}}`
    Log(Template),
    /// `barrier: { name: start, users: 10 }`
    Barrier(AtBarrier),
    /// `fail: the room is full`
    Fail(Template),
    /// `stop: iteration`
    Stop(Stop),
    /// The start of a `group`.
    EnterGroup {
        /// Keeps when it was entered, until a step in it fails.
        entered: SlotId,
    },
    /// The end of a `group`.
    LeaveGroup {
        /// Keeps when it was entered.
        entered: SlotId,
        /// How long it took.
        timer: TimerId,
    },
    /// `enter: chat` or `leave: chat` beside the step before.
    Audience(Box<Audience>),
    /// The end of what runs when a connection stands: leads to where the user was.
    Return,
    /// The end of the steps: the iteration is over.
    End,
}

impl Op {
    /// Whether it needs the connection of its state.
    pub fn acts_on_connection(&self) -> bool {
        match self {
            Self::Send { .. }
            | Self::Expect(_)
            | Self::Gather(_)
            | Self::Request(_)
            | Self::Ping(_)
            | Self::ExpectClose(_)
            | Self::Close(_) => true,
            Self::AwaitAll { on } => on.is_some(),
            Self::Connect(_)
            | Self::Http(_)
            | Self::Borrow { .. }
            | Self::GiveBack
            | Self::Think(_)
            | Self::Enter(_)
            | Self::Test { .. }
            | Self::If { .. }
            | Self::Choose(_)
            | Self::Set(_)
            | Self::Log(_)
            | Self::Barrier(_)
            | Self::Fail(_)
            | Self::Stop(_)
            | Self::EnterGroup { .. }
            | Self::LeaveGroup { .. }
            | Self::Audience(_)
            | Self::Return
            | Self::End => false,
        }
    }
}

impl Op {
    /// Whether it needs the connection of its state, or is what opens it or lets go of it.
    pub(super) fn is_of_connection(&self) -> bool {
        self.acts_on_connection() || matches!(self, Self::Connect(_) | Self::Borrow { .. } | Self::GiveBack)
    }
}

/// How to open a connection.
#[derive(Debug, Clone)]
pub struct Connect {
    /// Where, if not to the target.
    pub url: Option<Template>,
    /// Path and query; `None` is the own of where it goes.
    pub path: Option<Template>,
    /// Query parameters, names encoded already.
    pub query: Box<[(String, Template)]>,
    /// Further headers; names are tokens.
    pub headers: Box<[(String, Template)]>,
    /// Subprotocols to offer.
    pub subprotocols: Box<[String]>,
    /// What to offer of permessage-deflate.
    pub deflate: Option<Deflate>,
    /// The page that it says it is asked from.
    pub origin: Option<Template>,
    /// Who asks.
    pub visitor: Visitor,
    /// What is looked at in the answer, where anything is.
    pub expect: Option<Box<UpgradeExpect>>,
    /// How long it may take in all.
    pub timeout: Duration,
    /// Its timers.
    pub timers: ConnectTimers,
    /// How it is opened again.
    pub reconnect: Option<Reconnect>,
    /// The first of the states that run each time it stands, up to [`Op::Return`].
    pub on_connected: Option<StateId>,
}

/// Whether a header belongs to the upgrade request itself (RFC 6455 section 4.1) or to the body that it does not
/// have, so that no plan may set it.
pub fn is_handshake_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["upgrade", "connection", "content-length", "transfer-encoding"].contains(&name.as_str())
        || name.starts_with("sec-websocket-")
}

/// The timers of a connect: one a phase, and one for all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectTimers {
    /// Looking the name up.
    pub dns: TimerId,
    /// The TCP handshake.
    pub tcp: TimerId,
    /// The way through the proxy, where there is one.
    pub proxy: Option<TimerId>,
    /// The TLS handshake, where it can come to one.
    pub tls: Option<TimerId>,
    /// The WebSocket upgrade.
    pub upgrade: TimerId,
    /// All of it.
    pub total: TimerId,
    /// From the first failure to standing at another target, where there are several.
    pub failover: Option<TimerId>,
}

/// A wait for a message.
#[derive(Debug, Clone)]
pub struct Expect {
    /// Which message.
    pub filter: Matcher,
    /// What must hold of it.
    pub assert: Option<Matcher>,
    /// Values to keep.
    pub captures: Box<[Capture]>,
    /// The stream that it is a copy of.
    pub deliver: Option<StreamId>,
    /// How long to wait.
    pub within: Duration,
    /// How long it took, for an `expect` from the start of the wait, for a `request` from the sending.
    pub timer: TimerId,
}

/// A message and the wait for its reply.
#[derive(Debug, Clone)]
pub struct Request {
    /// The message.
    pub send: Body,
    /// The stream that it is published to.
    pub publish: Option<Box<Publish>>,
    /// The wait.
    pub reply: Expect,
    /// What tells the reply from all other messages; `None` where any message may be it.
    pub key: Option<ReplyKey>,
    /// `await: false`: the user goes on, with so many of this step pending at most. There is a key then.
    pub in_flight: Option<u32>,
}

/// How the reply of a request is looked up: one condition `eq` of its matcher, which one value at most satisfies.
#[derive(Debug, Clone)]
pub struct ReplyKey {
    /// Where the value stands in the reply: names and indices only.
    pub path: Path,
    /// The same as an index into the scenario's `reply_paths`.
    pub index: usize,
    /// The value, as it is when the request is sent.
    pub value: Operand,
    /// Whether it holds the request's own `correlation_id`, so that no other request has it.
    pub is_own: bool,
    /// What else the matcher asks for; may be nothing.
    pub rest: Matcher,
}

/// How long to pause.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Think {
    /// Exactly so long.
    Fixed(Duration),
    /// Evenly between two bounds, both included.
    Between(Duration, Duration),
    /// Normally distributed, cut off at zero.
    Normal {
        /// Its mean.
        mean: Duration,
        /// Its standard deviation.
        stddev: Duration,
    },
    /// Exponentially distributed.
    Exponential {
        /// Its mean.
        mean: Duration,
    },
}

/// Ways of which one is drawn.
#[derive(Debug, Clone)]
pub struct Choose {
    /// The weight of each, and its first state. Not all weights are zero.
    pub arms: Box<[(u64, StateId)]>,
    /// All weights together.
    pub total_weight: u64,
}

/// A wait at a barrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AtBarrier {
    /// Which.
    pub barrier: BarrierId,
    /// How long to wait.
    pub within: Duration,
    /// How long it took.
    pub timer: TimerId,
}

/// What a `stop` ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The iteration.
    Iteration,
    /// The iteration, which is the user's last.
    User,
    /// The run.
    Run,
}

/// A loop: where it keeps its count, and when it is over.
#[derive(Debug, Clone)]
pub struct Repeat {
    /// The number of the round, from 0: `{{loop.index}}`.
    pub index: SlotId,
    /// When it is over.
    pub until: Until,
    /// When its rounds are due; `None` is at once.
    pub pace: Option<Pace>,
}

/// When the rounds of a loop are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How far apart; never zero.
    pub every: Duration,
    /// Keeps when the loop was entered, which is when the first round is due.
    pub entered: SlotId,
}

/// When a loop is over.
#[derive(Debug, Clone)]
pub enum Until {
    /// After so many rounds.
    Times(u64),
    /// Once so much time has passed since it was entered; the slot keeps the time of entry.
    For(Duration, SlotId),
    /// When the run ends.
    Forever,
    /// Once this does not hold.
    While(VariableMatcher),
    /// After the last item of a list, or the last row of a file.
    Over(Arc<Over>),
}

/// What a loop goes over.
#[derive(Debug, Clone)]
pub struct Over {
    /// Its items.
    pub items: Items,
    /// Holds the round's item.
    pub item: Option<SlotId>,
}

/// Where the items of a list come from.
#[derive(Debug, Clone)]
pub enum Items {
    /// They are known.
    Known(Box<[Value]>),
    /// They are the rows of a data file; each round takes from its own what the steps ask for.
    Rows(DataUse),
    /// They are those of a value.
    Of {
        /// The value, asked for when the loop is entered.
        list: Expr,
        /// Keeps it.
        kept: SlotId,
        /// Keeps where in it the next item begins.
        rest: SlotId,
    },
}

/// The longest reason of a Close frame (RFC 6455 section 5.5: 125 bytes, two of which are the code).
pub const REASON_MAX_BYTES: usize = 123;

/// How to close.
#[derive(Debug, Clone)]
pub struct Close {
    /// The close code.
    pub code: u16,
    /// The reason.
    pub reason: Option<Template>,
    /// How long to wait for the answer.
    pub within: Duration,
}

/// What is done with a message whenever it comes.
#[derive(Debug, Clone)]
pub struct Reaction {
    /// Of which connection; `None` is of all.
    pub on: Option<LinkId>,
    /// Which messages.
    pub when: Matcher,
    /// Values to keep.
    pub captures: Box<[Capture]>,
    /// The stream that it is a copy of.
    pub deliver: Option<StreamId>,
    /// What goes back.
    pub answer: Answer,
    /// A line for the log.
    pub log: Option<Template>,
    /// Fails the user with this reason.
    pub fail: Option<Template>,
    /// The reaction's place in the plan.
    pub span: Span,
}

/// What a reaction sends.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Nothing.
    None,
    /// The message itself.
    Echo,
    /// A message of its own.
    Send(Body),
}
