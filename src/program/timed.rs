//! Which timer says that a step has succeeded.

use super::{Op, TimerId};

impl Op {
    /// The timer in which a time is recorded when the operation succeeds, and only then. None of what does not wait for the
    /// server, of what is no operation, and of waits for something that is not to come.
    pub fn timer(&self) -> Option<TimerId> {
        match self {
            Self::Connect(connect) => Some(connect.timers.total),
            Self::Http(http) => Some(http.timers.total),
            Self::Expect(expect) => Some(expect.timer),
            Self::Gather(gather) => gather.timer,
            Self::Request(request) => Some(request.reply.timer),
            Self::Ping(ping) => Some(ping.timer),
            Self::ExpectClose(expected) => Some(expected.timer),
            Self::Barrier(barrier) => Some(barrier.timer),
            Self::Borrow { timer, .. } => Some(*timer),
            _ => None,
        }
    }
}
