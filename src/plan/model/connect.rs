//! `connect`: how to open the connection.

use std::time::Duration;

use super::{Deflate, Reconnect, Spanned, Step, Template, duration, entries, list, text};
use crate::plan::syntax::{Key, Node, NodeKind};

/// How to open the connection.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Connect {
    /// Where, if not to the target.
    pub url: Option<Template>,
    /// Path and query.
    pub path: Option<Template>,
    /// Query parameters to be encoded and added.
    pub query: Vec<(Key, Template)>,
    /// Further headers.
    pub headers: Vec<(Key, Template)>,
    /// Subprotocols to offer.
    pub subprotocols: Vec<Spanned<String>>,
    /// What to offer of permessage-deflate.
    pub deflate: Option<Deflate>,
    /// How long it may take in all.
    pub timeout: Option<Spanned<Duration>>,
    /// How it is opened again.
    pub reconnect: Option<Reconnect>,
    /// Steps that run each time it stands.
    pub on_connected: Vec<Step>,
}

impl Connect {
    pub(super) fn decode(node: &Node) -> Self {
        if let NodeKind::String(_) = node.kind {
            return Self { path: Template::decode(node), ..Self::default() };
        }
        let pairs = |key| {
            entries(node.lookup(key))
                .filter_map(|entry| Some((entry.key.clone(), Template::decode_scalar(&entry.value)?)))
                .collect()
        };
        Self {
            url: node.lookup("url").and_then(Template::decode),
            path: node.lookup("path").and_then(Template::decode),
            query: pairs("query"),
            headers: pairs("headers"),
            subprotocols: list(node.lookup("subprotocols"), text),
            deflate: node.lookup("deflate").map(Deflate::decode),
            timeout: node.lookup("timeout").and_then(duration),
            reconnect: node.lookup("reconnect").map(Reconnect::decode),
            on_connected: list(node.lookup("on_connected"), |step| Some(Step::decode(step))),
        }
    }
}
