//! `connect`: how to open the connection.

use std::time::Duration;

use super::answer::AnswerCapture;
use super::http::{self, Visitor, pairs};
use super::{Deflate, Reconnect, Spanned, Step, Template, duration, list, spanned, text};
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
    /// The page that it says it is asked from.
    pub origin: Option<Template>,
    /// Who asks.
    pub visitor: Visitor,
    /// The status that the server is to answer with.
    pub expect_status: Option<Spanned<u16>>,
    /// The subprotocol that the server is to choose; `None` in it is that it chooses none.
    pub expect_subprotocol: Option<Spanned<Option<String>>>,
    /// Values of the answer to keep.
    pub captures: Vec<AnswerCapture>,
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
        let chosen = |node: &Node| match node.kind {
            NodeKind::Null => Some(spanned(node, None)),
            _ => text(node).map(|name| spanned(node, Some(name.value))),
        };
        Self {
            url: node.lookup("url").and_then(Template::decode),
            path: node.lookup("path").and_then(Template::decode),
            query: pairs(node.lookup("query")),
            headers: pairs(node.lookup("headers")),
            subprotocols: list(node.lookup("subprotocols"), text),
            deflate: node.lookup("deflate").map(Deflate::decode),
            origin: node.lookup("origin").and_then(Template::decode),
            visitor: Visitor::decode(node),
            expect_status: node.lookup("expect_status").and_then(http::status),
            expect_subprotocol: node.lookup("expect_subprotocol").and_then(chosen),
            captures: node.lookup("capture").map(AnswerCapture::decode_of_upgrade).unwrap_or_default(),
            timeout: node.lookup("timeout").and_then(duration),
            reconnect: node.lookup("reconnect").map(Reconnect::decode),
            on_connected: list(node.lookup("on_connected"), |step| Some(Step::decode(step))),
        }
    }
}
