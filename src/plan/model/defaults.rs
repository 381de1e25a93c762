//! `defaults`: timeouts, limits and habits for all scenarios.

use std::time::Duration;

use super::{Spanned, count, duration, size};
use crate::plan::syntax::Node;

/// What a user does when a step fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// Ends the iteration as failed and starts the next one after a pause.
    Restart,
    /// Counts the failure and goes on with the next step.
    Continue,
    /// Leaves the run.
    Stop,
}

/// The `defaults` of a plan; what is not given is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Defaults {
    /// How long an `expect`, a `request` or a `close` waits.
    pub within: Option<Spanned<Duration>>,
    /// How long a connect may take in all.
    pub connect_timeout: Option<Spanned<Duration>>,
    /// The largest message taken, in bytes.
    pub max_message_bytes: Option<Spanned<u64>>,
    /// How many messages the inbox holds.
    pub inbox_messages: Option<Spanned<u64>>,
    /// How many bytes the inbox holds.
    pub inbox_bytes: Option<Spanned<u64>>,
    /// How long users may take to finish their step when the run ends.
    pub drain: Option<Spanned<Duration>>,
    /// What a user does when a step fails.
    pub on_failure: Option<OnFailure>,
    /// The pause before a user starts over after a failure.
    pub restart_delay: Option<Spanned<Duration>>,
}

impl OnFailure {
    pub(super) fn decode(node: &Node) -> Option<Self> {
        match node.text()? {
            "restart" => Some(Self::Restart),
            "continue" => Some(Self::Continue),
            "stop" => Some(Self::Stop),
            _ => None,
        }
    }
}

impl Defaults {
    pub(super) fn decode(node: &Node) -> Self {
        let field = |key| node.lookup(key);
        Self {
            within: field("within").and_then(duration),
            connect_timeout: field("connect_timeout").and_then(duration),
            max_message_bytes: field("max_message").and_then(size),
            inbox_messages: field("inbox_messages").and_then(count),
            inbox_bytes: field("inbox_bytes").and_then(size),
            drain: field("drain").and_then(duration),
            on_failure: field("on_failure").and_then(OnFailure::decode),
            restart_delay: field("restart_delay").and_then(duration),
        }
    }
}
