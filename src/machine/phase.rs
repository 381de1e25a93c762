//! What a user waits for, and until when.

use std::time::Duration;

use super::correlate::Settled;
use super::pending::Ticket;

/// What a user waits for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Phase {
    /// To be started.
    Idle,
    /// For nothing: the state it is at is to be run.
    Ready,
    /// For the connection of the state that it is at.
    Connecting,
    /// For the next attempt at a connection.
    Reviving { until: Duration },
    /// For room in the send queue.
    Sending,
    /// For a message; since when and until when.
    Expecting { since: Duration, deadline: Duration },
    /// For several messages, or that no more come: how many have, or of `any_order` which, a bit each.
    Gathering { since: Duration, deadline: Duration, taken: u64 },
    /// For the reply to what left at `sent`, which any message may be.
    Replying { sent: Option<Duration>, deadline: Duration },
    /// For a reply that is known by a key.
    Awaiting(Ticket),
    /// For all replies that are pending.
    Settling(Settled),
    /// For one reply of the request that it is at, so that the next may be sent.
    Throttled,
    /// For other users at a barrier.
    AtBarrier { since: Duration, deadline: Duration },
    /// For a pause to pass.
    Thinking { until: Duration },
    /// For the next round of a paced loop to be due.
    Pacing { until: Duration },
    /// For its turn, having run many states without a wait.
    Yielding { until: Duration },
    /// For the Pong of the Ping that left at `sent`.
    Pinging { sent: Option<Duration>, deadline: Duration },
    /// For the server to close the connection; since when and until when.
    ExpectingClose { since: Duration, deadline: Duration },
    /// For the answer to a request over HTTP.
    Fetching { deadline: Duration },
    /// For the end of the closing handshake: of one connection, behind a `close` step, or of all.
    Closing { deadline: Duration, then: AfterClose },
    /// For all that was sent on a connection of a pool to leave, so that it can be given back.
    GivingBack,
    /// For the pause after a failure to pass.
    Resting { until: Duration },
    /// For nothing: it has left.
    Done,
}

impl Phase {
    /// Whether its end is one of an operation that is counted as such.
    pub(super) fn is_operation(self) -> bool {
        matches!(
            self,
            Self::Expecting { .. }
                | Self::Gathering { .. }
                | Self::Replying { .. }
                | Self::Pinging { .. }
                | Self::ExpectingClose { .. }
                | Self::AtBarrier { .. }
                | Self::Fetching { .. }
        )
    }

    /// Until when it lasts at most; `None` where only an input ends it.
    pub(super) fn deadline(self) -> Option<Duration> {
        match self {
            Self::Expecting { deadline, .. }
            | Self::Gathering { deadline, .. }
            | Self::Replying { deadline, .. }
            | Self::Pinging { deadline, .. }
            | Self::ExpectingClose { deadline, .. }
            | Self::AtBarrier { deadline, .. }
            | Self::Fetching { deadline }
            | Self::Closing { deadline, .. } => Some(deadline),
            Self::Reviving { until }
            | Self::Thinking { until }
            | Self::Pacing { until }
            | Self::Yielding { until }
            | Self::Resting { until } => Some(until),
            Self::Idle
            | Self::Ready
            | Self::Connecting
            | Self::Sending
            | Self::Awaiting(_)
            | Self::Settling(_)
            | Self::Throttled
            | Self::GivingBack
            | Self::Done => None,
        }
    }
}

/// Why connections are being closed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum AfterClose {
    /// A step says so; the next step follows.
    Step,
    /// It is one of a pool, and of no use to others; the next step follows.
    Block,
    /// The iteration ended well.
    Iteration,
    /// The iteration failed.
    Rest,
    /// The user leaves.
    Leave,
}

impl AfterClose {
    /// Whether all connections are being closed, and not that of the present step alone.
    pub(super) fn is_of_all(self) -> bool {
        !matches!(self, Self::Step | Self::Block)
    }
}
