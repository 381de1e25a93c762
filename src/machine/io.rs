//! What goes into a user and what comes out.

use std::fmt;
use std::time::Duration;

use super::message::Payload;
use super::render::RenderFailure;
use super::request::{ConnectRequest, FetchRequest};
use super::response::Response;
use crate::program::{
    BarrierId, BodyKind, LinkId, PoolId, ReactionId, SlotId, StateId, StreamId, TimerId, Value,
};

/// What happens to a user. Times are since the run's start.
#[derive(Debug, Clone, Copy)]
pub enum Input<'m> {
    /// The run lets the user in.
    Start,
    /// The connection that [`Output::connect`] asked for stands.
    Connected(LinkId),
    /// It does not stand; the caller has counted why.
    ConnectFailed(LinkId),
    /// It is not even asked for, as what the plan made of the request cannot be sent; the caller has counted why.
    ConnectUnsendable(LinkId),
    /// The server has answered the upgrade of a connect that looks at the answer; where it did not refuse it, the
    /// connection stands.
    Answered(LinkId, Response<'m>),
    /// The answer to [`Output::fetch`] came.
    Fetched(Response<'m>),
    /// There is none; the caller has counted why.
    FetchFailed,
    /// The target that it is for cannot be connected to, so that nothing of it was sent; the caller has counted why unless
    /// the user [asks again](super::User::asks_again).
    FetchUnreached,
    /// A data message, at the time it was read.
    Message(LinkId, Payload<'m>),
    /// A Pong, asked for or not, at the time it was read.
    Pong(LinkId, &'m [u8]),
    /// All that was handed to [`Output::send`] for a connection since the last time began to leave at this time.
    Sent(LinkId),
    /// The time that [`User::deadline`](super::User::deadline) named has come.
    Wake,
    /// A connection is gone.
    Disconnected(LinkId, Disconnect<'m>),
    /// A connection of a pool is the pool's again, as [`Output::give_back`] asked.
    GivenBack(LinkId),
    /// Enough users are at the barrier that the user is at.
    Released,
    /// The run ends: the user finishes its step and leaves.
    Stop,
    /// The drain time is over: the user leaves now.
    Abort,
}

/// How a connection went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disconnect<'m> {
    /// The peer closed it.
    ByPeer {
        /// 1005 where its Close frame had none, 1006 where there was no Close frame (RFC 6455 section 7.1.5).
        code: u16,
        /// What its Close frame said beside the code, which may be nothing.
        reason: &'m str,
    },
    /// It broke, and the caller has counted why.
    Broken,
}

impl Disconnect<'_> {
    /// Whether the peer sent a Close frame, as RFC 6455 section 5.5.1 asks of the one that is closed on.
    pub(super) fn is_answer(self) -> bool {
        matches!(self, Self::ByPeer { code, .. } if code != 1006)
    }
}

/// What a user wants done. Calls come in the order in which things are to happen.
pub trait Output {
    /// Opens a connection and reports back with [`Input::Connected`] or [`Input::ConnectFailed`].
    fn connect(&mut self, link: LinkId, request: ConnectRequest);
    /// Sends a request over HTTP and reports back with [`Input::Fetched`] or [`Input::FetchFailed`]. It is of no use any
    /// more once the user [is not fetching](super::User::is_fetching).
    fn fetch(&mut self, request: FetchRequest);
    /// Queues a message; `render` appends its payload. Where it fails, nothing is queued.
    fn send(
        &mut self,
        link: LinkId,
        kind: BodyKind,
        render: impl FnOnce(&mut Vec<u8>) -> Result<(), RenderFailure>,
    ) -> Result<(), RenderFailure>;
    /// What was just queued by [`Output::send`] came from here, when the user's values were these. For who makes up what
    /// a server would answer.
    fn queued(&mut self, _place: Place, _values: &[Value]) {}
    /// Queues a Ping (RFC 6455 section 5.5.2).
    fn ping(&mut self, link: LinkId, payload: &[u8]);
    /// Whether more may be queued; otherwise the user waits for [`Input::Sent`].
    fn is_writable(&self, link: LinkId) -> bool;
    /// Starts the closing handshake; [`Input::Disconnected`] is its end.
    fn close(&mut self, link: LinkId, code: u16, reason: &str);
    /// Gives a connection back to its pool once all that was queued has left; [`Input::GivenBack`] is the end of it, or
    /// [`Input::Disconnected`].
    fn give_back(&mut self, link: LinkId);
    /// Drops a connection, or the attempt to open it, at once, without a handshake and without an answer.
    fn abort(&mut self, link: LinkId);
    /// A measured time.
    fn time(&mut self, timer: TimerId, elapsed: Duration);
    /// Something worth counting.
    fn count(&mut self, event: Event);
    /// A message that went by unused; one of each sort is worth showing.
    fn sample(&mut self, unused: Unused, message: Payload<'_>);

    /// Something that the ledger of a stream is to know.
    fn delivery(&mut self, delivery: Delivery<'_>);
    /// A failure worth counting.
    fn fail(&mut self, failure: Failure<'_>);
    /// The user waits at a barrier, until [`Input::Released`].
    fn arrive(&mut self, barrier: BarrierId);
    /// It does not wait there any longer.
    fn depart(&mut self);
    /// The plan says that the run is over: all users are to finish their step and leave. This one leaves by itself.
    fn stop_run(&mut self);
    /// A line for the log.
    fn log(&mut self, line: String);
    /// The user has left the run; `failed` when anything ever failed for it.
    fn finished(&mut self, failed: bool);

    /// What is done in a state is next, or is gone on with. This and the others below are for who watches a user: nothing
    /// follows from them, and where nobody watches they are nothing.
    fn stepped(&mut self, _at: StateId) {}
    /// Somebody took a message, or nobody did.
    fn matched(&mut self, _by: Taker, _message: Payload<'_>) {}
    /// A slot has another value.
    fn filled(&mut self, _slot: SlotId, _value: &Value) {}
}

/// Who took a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taker {
    /// The request of a state: it is the reply.
    Request(StateId),
    /// The `expect` of a state, which waited for it.
    Expect(StateId),
    /// The `expect` of a state: it had been kept in the inbox.
    Kept(StateId),
    /// A reaction.
    Reaction(ReactionId),
    /// The inbox, for a later `expect`.
    Inbox,
    /// Nobody: it left the full inbox.
    Dropped,
    /// Nobody: it was in the inbox when its connection ended.
    Left,
    /// Nobody.
    Nobody,
}

/// A wait for a connection of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Borrowing {
    /// Which pool.
    pub pool: PoolId,
    /// How long it took until the user had one.
    pub timer: TimerId,
}

/// Things that are counted and are no failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A connect, a request, or a step that waits for a message, a Pong or a Close ended, well or badly.
    OperationEnded,
    /// A connection stands with another target than the one that was tried first.
    FailedOver,
    /// A connection stands again that was lost.
    Reconnected,
    /// An iteration ended.
    IterationEnded {
        /// Whether a step of it failed.
        failed: bool,
    },
    /// There was no row in a data file for an iteration; the user leaves, well if nothing else failed.
    OutOfData,
    /// Messages were taken by nobody.
    Unmatched(u64),
    /// A message left the full inbox.
    InboxDropped,
    /// A message that was due at a time began to leave.
    PacedSend {
        /// By more than [`LATE`](super::LATE) after that.
        is_late: bool,
    },
    /// So many messages that were due at a time will not leave any more.
    SendsMissed(u64),
    /// An `http` step failed: there is no answer, or one that is not wanted.
    FetchFailed,
    /// A request was made.
    RequestSent,
    /// A request had to wait because as many as may be were pending.
    RequestThrottled,
    /// A reply came after the time for it had run out, and nobody else took it.
    ReplyLate,
    /// A reply came again, and nobody else took it; there is a failure beside it.
    ReplyDuplicated,
    /// So many replies never came.
    RepliesMissing(u64),
}

/// Why a message was of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unused {
    /// Nobody took it, and nobody will.
    Unmatched,
    /// It left the full inbox.
    Dropped,
}

/// What a user tells of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery<'a> {
    /// When it happened.
    pub at: Duration,
    /// The user's number.
    pub user: u64,
    /// How many users had the number before.
    pub generation: u32,
    /// What happened.
    pub event: DeliveryEvent<'a>,
}

/// What happened to a user with a stream. Keys and groups are hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryEvent<'a> {
    /// A message of its own began to leave.
    Published {
        /// The stream.
        stream: StreamId,
        /// What tells it from others.
        key: u64,
        /// The beginning of the key, for people; 64 bytes at most.
        shown: &'a str,
        /// Whom it is for.
        group: u64,
    },
    /// A copy of a message came.
    Delivered {
        /// The stream.
        stream: StreamId,
        /// The message's key.
        key: u64,
    },
    /// It entered a group.
    Entered {
        /// The stream.
        stream: StreamId,
        /// The group.
        group: u64,
    },
    /// It left a group.
    Left {
        /// The stream.
        stream: StreamId,
        /// The group.
        group: u64,
    },
    /// It lost the connection by which it was in a group, and opens it again.
    CutOff {
        /// The stream.
        stream: StreamId,
        /// The group.
        group: u64,
    },
    /// The same of all groups that it was in.
    CutOffFromAll,
    /// It takes no more messages: it is in no group any longer, and will not come back to those that it was cut off from.
    Gone,
}

/// Where in the program something failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// In a state.
    State(StateId),
    /// In a reaction.
    Reaction(ReactionId),
}

/// A failure. The detail is only written out where somebody keeps it.
pub struct Failure<'a> {
    /// Of which kind.
    pub kind: FailureKind,
    /// Where.
    pub place: Place,
    /// What happened, for people.
    pub detail: &'a dyn fmt::Display,
}

/// The kinds of failures that a user can tell; the network's are counted by whoever drives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// No message, Pong or Close in time.
    Timeout,
    /// A message came that is not what was asserted, or the connection was closed in another way.
    Assertion,
    /// An answer over HTTP has a status that was not wanted.
    HttpStatus,
    /// A value to keep was not there.
    Capture,
    /// A template could not be rendered.
    Render,
    /// The peer closed the connection unasked.
    ClosedByPeer(u16),
    /// A reaction's `fail`.
    Failed,
    /// A step needs a connection, and there is none.
    NotConnected,
    /// A `connect` found its connection open.
    AlreadyConnected,
    /// A message that nobody took, where the plan says that this is an error.
    Unmatched,
    /// A message with another user's canary.
    Leak,
    /// A reply came again.
    DuplicateReply,
}
