//! `deflate`: what a connect offers of permessage-deflate.

use super::{bool, count};
use crate::plan::syntax::Node;

/// What a connect offers of permessage-deflate. What is left out has its default.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Deflate {
    /// Whether this end forgets each message when it has compressed it.
    pub client_no_context_takeover: Option<bool>,
    /// Whether the server must do so.
    pub server_no_context_takeover: Option<bool>,
    /// The largest window of this end, as a power of two.
    pub client_max_window_bits: Option<u8>,
    /// The largest window of the server.
    pub server_max_window_bits: Option<u8>,
    /// Whether a server that does not take it is a failure.
    pub required: Option<bool>,
}

impl Deflate {
    pub(super) fn decode(node: &Node) -> Self {
        let flag = |key| node.lookup(key).and_then(bool).map(|flag| flag.value);
        let bits = |key| node.lookup(key).and_then(count).and_then(|bits| u8::try_from(bits.value).ok());
        Self {
            client_no_context_takeover: flag("client_no_context_takeover"),
            server_no_context_takeover: flag("server_no_context_takeover"),
            client_max_window_bits: bits("client_max_window_bits"),
            server_max_window_bits: bits("server_max_window_bits"),
            required: flag("required"),
        }
    }
}
