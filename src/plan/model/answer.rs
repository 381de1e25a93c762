//! A capture from an answer over HTTP: from its body as from a message, or
//! `{ etag: { header: ETag }, sid: { cookie: session }, code: { status: true }, chosen: { subprotocol: true } }`.

use super::capture::{Capture, Group};
use crate::plan::syntax::{Entry, Key, Node};

/// One name of the `capture` of an `http` or a `connect`.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerCapture {
    /// The name it is kept under.
    pub name: Key,
    /// Where it is found.
    pub source: Source,
}

/// Where in an answer a value is found.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// In the body, as in a message.
    Body(Capture),
    /// The value of a header.
    Header(Key, Search),
    /// The value of a cookie that the answer sets.
    Cookie(Key, Search),
    /// The status.
    Status,
    /// The subprotocol that the server chose.
    Subprotocol,
}

/// What is searched for in a value; without a pattern all of it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// The pattern; a string node.
    pub regex: Option<Node>,
    /// Which group of the pattern is kept.
    pub group: Option<Group>,
}

impl AnswerCapture {
    /// All of the `capture` of an `http`, in the order they are written. What has the wrong shape was reported and is
    /// left out.
    pub(super) fn decode(node: &Node) -> Vec<Self> {
        node.entries().unwrap_or_default().iter().filter_map(Self::decode_one).collect()
    }

    /// The same of a `connect`: the answer to an upgrade has no body.
    pub(super) fn decode_of_upgrade(node: &Node) -> Vec<Self> {
        let mut captures = Self::decode(node);
        captures.retain(|capture| !matches!(capture.source, Source::Body(_)));
        captures
    }

    fn decode_one(entry: &Entry) -> Option<Self> {
        let name = entry.key.clone();
        let named = |key| {
            let node = entry.value.lookup(key)?;
            Some(Key { text: node.text()?.to_owned(), span: node.span })
        };
        let source = if let Some(header) = named("header") {
            Source::Header(header, Search::decode(&entry.value)?)
        } else if let Some(cookie) = named("cookie") {
            Source::Cookie(cookie, Search::decode(&entry.value)?)
        } else if entry.value.lookup("status").is_some() {
            Source::Status
        } else if entry.value.lookup("subprotocol").is_some() {
            Source::Subprotocol
        } else {
            Source::Body(Capture::decode_one(entry)?)
        };
        Some(Self { name, source })
    }
}

impl Search {
    fn decode(node: &Node) -> Option<Self> {
        let group = match node.lookup("group") {
            Some(group) => Some(Group::decode(group)?),
            None => None,
        };
        Some(Self { regex: node.lookup("regex").filter(|node| node.text().is_some()).cloned(), group })
    }
}
