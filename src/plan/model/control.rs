//! `ping` and `expect_close`: steps that wait for a control frame.

use std::time::Duration;

use super::{Matcher, Spanned, count, duration, entries};
use crate::plan::syntax::Node;

/// A Ping and the wait for its Pong.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ping {
    /// How long to wait.
    pub within: Option<Spanned<Duration>>,
}

/// A wait for the server to close the connection.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExpectClose {
    /// With which code; any will do where there is none.
    pub code: Option<Spanned<u64>>,
    /// What must hold of its reason: one clause, on text.
    pub reason: Option<Matcher>,
    /// How long to wait.
    pub within: Option<Spanned<Duration>>,
}

impl Ping {
    pub(super) fn decode(node: &Node) -> Self {
        Self { within: node.lookup("within").and_then(duration) }
    }
}

impl ExpectClose {
    pub(super) fn decode(node: &Node) -> Self {
        let reason = entries(Some(node)).find(|entry| entry.key.text == "reason");
        Self {
            code: count(node).or_else(|| node.lookup("code").and_then(count)),
            reason: reason.map(Matcher::decode_text),
            within: node.lookup("within").and_then(duration),
        }
    }
}
