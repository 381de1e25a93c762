//! What a user waits for that only a server can do, for who plays the server without one.

use std::time::Duration;

use super::phase::Phase;
use super::user::User;
use crate::program::StateId;

/// A step that waits for a server to speak first: for messages, or for it to close the connection. A reply to a request
/// is told of by [`Output::queued`](super::Output::queued) when that goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// The step.
    pub state: StateId,
    /// Since when.
    pub since: Duration,
    /// How many messages have come of those that it waits for; of `any_order` which, a bit each.
    pub taken: u64,
}

impl User {
    /// What the step at hand waits for, where it is the server's turn.
    pub fn wait(&self) -> Option<Wait> {
        let (since, taken) = match self.phase {
            Phase::Expecting { since, .. } | Phase::ExpectingClose { since, .. } => (since, 0),
            Phase::Gathering { since, taken, .. } => (since, taken),
            _ => return None,
        };
        Some(Wait { state: self.at, since, taken })
    }
}
