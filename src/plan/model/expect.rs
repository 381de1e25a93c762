//! `expect` and `request`: which message, what must hold of it, what to keep, how long to wait.

use std::time::Duration;

use super::{Body, Capture, Matcher, Spanned, bool, count, duration, text};
use crate::plan::schema::nouns::expect_is_short;
use crate::plan::syntax::Node;

/// A wait for a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Expect {
    /// Which message.
    pub filter: Matcher,
    /// What must hold of it.
    pub assert: Option<Matcher>,
    /// Values to keep.
    pub captures: Vec<Capture>,
    /// The stream that it is a copy of.
    pub deliver: Option<Spanned<String>>,
    /// How long to wait.
    pub within: Option<Spanned<Duration>>,
}

/// A message and the reply that belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The message.
    pub send: Body,
    /// The wait for its reply; `reply` is its filter.
    pub reply: Expect,
    /// Whether the user waits for the reply, where it is said.
    pub awaits: Option<Spanned<bool>>,
    /// How many may be pending.
    pub in_flight: Option<Spanned<u64>>,
}

impl Expect {
    pub(super) fn decode(node: &Node) -> Self {
        if expect_is_short(node) {
            let filter = Matcher::decode(node);
            return Self { filter, assert: None, captures: Vec::new(), deliver: None, within: None };
        }
        Self::decode_long(node, "where")
    }

    pub(super) fn decode_long(node: &Node, filter: &str) -> Self {
        Self {
            filter: node.lookup(filter).map_or_else(|| Matcher::missing(node.span), Matcher::decode),
            assert: node.lookup("assert").map(Matcher::decode),
            captures: node.lookup("capture").map(Capture::decode).unwrap_or_default(),
            deliver: node.lookup("deliver").and_then(text),
            within: node.lookup("within").and_then(duration),
        }
    }
}

impl Request {
    pub(super) fn decode(node: &Node) -> Option<Self> {
        Some(Self {
            send: Body::decode(node.lookup("send")?)?,
            reply: Expect::decode_long(node, "reply"),
            awaits: node.lookup("await").and_then(bool),
            in_flight: node.lookup("in_flight").and_then(count),
        })
    }
}
