//! What failures say of what came, or did not come, for people.

use std::fmt;

use super::Scope;
use super::message::Payload;
use super::mismatch::{cut, wanted};
use crate::program::Op;

/// What a state waited for in vain; of a message, with the values that it was to have.
pub(super) fn missing(op: &Op, scope: &mut Scope<'_>) -> String {
    let (what, expect) = match op {
        Op::Expect(expect) => ("message", &**expect),
        Op::Request(request) => ("reply", &request.reply),
        Op::Barrier(at) => {
            return format!("not enough users came to the barrier within {:?}", at.within);
        }
        Op::Ping(ping) => return format!("no Pong within {:?}", ping.within),
        Op::ExpectClose(expected) => {
            return format!("the server did not close the connection within {:?}", expected.within);
        }
        _ => return "nothing came in time".to_owned(),
    };
    format!("no {what} where {} within {:?}", wanted(&expect.filter, scope), expect.within)
}

/// How the server ended a connection that was needed.
pub(super) struct ClosedByPeer<'m> {
    pub(super) code: u16,
    pub(super) reason: &'m str,
}

impl fmt::Display for ClosedByPeer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, self.reason) {
            (1006, _) => f.write_str("the connection ended without a Close frame"),
            (_, "") => f.write_str("the server closed the connection"),
            (_, reason) => write!(f, "the server closed the connection: {reason}"),
        }
    }
}

/// A message that nobody took.
pub(super) struct Untaken<'m>(pub(super) Payload<'m>);

impl fmt::Display for Untaken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nobody took {}", self.0)
    }
}

/// A reply that had come before.
pub(super) struct Again<'m>(pub(super) Payload<'m>);

impl fmt::Display for Again<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Payload::Text(text) => write!(f, "the reply came again: {}", cut(text)),
            Payload::Binary(bytes) => {
                write!(f, "the reply came again, a binary message of {} bytes", bytes.len())
            }
        }
    }
}
