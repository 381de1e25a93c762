//! Waits for control frames (RFC 6455 section 5.5).

use std::time::Duration;

use super::{Matcher, TimerId};

/// A Ping and the wait for its Pong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ping {
    /// How long to wait, from the beginning of the step.
    pub within: Duration,
    /// From the sending of the Ping to the reading of its Pong.
    pub timer: TimerId,
}

/// A wait for the server to close the connection.
#[derive(Debug, Clone)]
pub struct ExpectClose {
    /// With which code; `None` is any of a Close frame. 1005 is a Close frame without one, 1006 an end without a Close
    /// frame (RFC 6455 section 7.1.5).
    pub code: Option<u16>,
    /// What must hold of the reason, as of the text of a message.
    pub reason: Option<Matcher>,
    /// How long to wait.
    pub within: Duration,
    /// From the start of the wait to the end of the connection.
    pub timer: TimerId,
}
