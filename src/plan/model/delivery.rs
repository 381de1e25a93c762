//! `delivery`, and what stands beside steps and in reactions to tell of it.

use std::time::Duration;

use super::{Spanned, Template, duration, entries, spanned, text};
use crate::plan::syntax::{Entry, Key, Node, NodeKind};

/// A stream of broadcasts.
#[derive(Debug, Clone, PartialEq)]
pub struct Stream {
    /// Its name.
    pub name: Key,
    /// The JSONPath of a message's key.
    pub key: Option<Node>,
    /// The group that a message is for.
    pub to: Option<Template>,
    /// Whether senders get a copy of their own.
    pub includes_sender: bool,
    /// When a copy is lost.
    pub within: Option<Spanned<Duration>>,
    /// Which order is asked for.
    pub order: Order,
}

/// Which order is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// `none`
    #[default]
    None,
    /// `sender`
    Sender,
    /// `total`
    Total,
}

/// `publish`: a message of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Publish {
    /// The stream.
    pub stream: Spanned<String>,
    /// The key, where it is not read from the body.
    pub key: Option<Node>,
}

/// What a step says beside its verb: on which connection, and of which streams.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Modifiers {
    /// `on`
    pub on: Option<Spanned<String>>,
    /// `publish`
    pub publish: Option<Publish>,
    /// `enter`
    pub enter: Option<Spanned<String>>,
    /// `leave`
    pub leave: Option<Spanned<String>>,
}

impl Stream {
    pub(super) fn decode(entry: &Entry) -> Option<Self> {
        let node = &entry.value;
        node.entries()?;
        Some(Self {
            name: entry.key.clone(),
            key: node.lookup("key").filter(|node| node.text().is_some()).cloned(),
            to: node.lookup("to").and_then(Template::decode),
            includes_sender: node.lookup("self").is_none_or(|node| node.kind != NodeKind::Bool(false)),
            within: node.lookup("within").and_then(duration),
            order: match node.lookup("order").and_then(Node::text) {
                Some("sender") => Order::Sender,
                Some("total") => Order::Total,
                _ => Order::None,
            },
        })
    }
}

impl Publish {
    fn decode(node: &Node) -> Option<Self> {
        if let Some(stream) = node.text() {
            return Some(Self { stream: spanned(node, stream.to_owned()), key: None });
        }
        let stream = node.lookup("stream").and_then(text)?;
        Some(Self { stream, key: node.lookup("key").filter(|node| node.text().is_some()).cloned() })
    }
}

impl Modifiers {
    pub(super) fn decode(step: &Node) -> Self {
        Self {
            on: step.lookup("on").and_then(text),
            publish: step.lookup("publish").and_then(Publish::decode),
            enter: step.lookup("enter").and_then(text),
            leave: step.lookup("leave").and_then(text),
        }
    }
}

pub(super) fn streams(node: Option<&Node>) -> Vec<Stream> {
    entries(node).filter_map(Stream::decode).collect()
}
