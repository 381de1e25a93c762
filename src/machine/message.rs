//! A data message that came in, where it lies in the read buffer. Its JSON is read when a condition first asks for it.
//! The simple paths that were announced for it are found in one walk over its bytes, at most once; any other path makes
//! a tree of it, at most once.

use super::json::{self, NotJson};
use super::scan::Found;
use super::select::{Selected, select};
use crate::program::{BodyKind, Json, Path, PathSet};
use std::borrow::Cow;
use std::cell::OnceCell;

/// What a message carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload<'a> {
    /// Of a text message, whole and valid UTF-8 (RFC 6455 section 5.6).
    Text(&'a str),
    /// Of a binary message.
    Binary(&'a [u8]),
}

impl<'a> Payload<'a> {
    /// The bytes, of a text its UTF-8.
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }

    /// As what kind of message it came, and is sent back.
    pub fn kind(self) -> BodyKind {
        match self {
            Self::Text(_) => BodyKind::Text,
            Self::Binary(_) => BodyKind::Binary,
        }
    }
}

/// A data message and what has been read of it so far.
#[derive(Debug)]
pub struct Message<'a> {
    payload: Payload<'a>,
    asked: &'a PathSet,
    found: OnceCell<Result<Found<'a>, NotJson>>,
    json: OnceCell<Result<Json<'a>, NotJson>>,
}

impl<'a> Message<'a> {
    /// A message that any path makes a tree of.
    pub fn new(payload: Payload<'a>) -> Self {
        Self::asked(payload, PathSet::EMPTY)
    }

    /// A message that will be asked for these paths. Others are answered as well, from a tree.
    pub fn asked(payload: Payload<'a>, asked: &'a PathSet) -> Self {
        Self { payload, asked, found: OnceCell::new(), json: OnceCell::new() }
    }

    /// A text message.
    pub fn text(text: &'a str) -> Self {
        Self::new(Payload::Text(text))
    }

    /// A binary message.
    pub fn binary(bytes: &'a [u8]) -> Self {
        Self::new(Payload::Binary(bytes))
    }

    /// What it carries.
    pub fn payload(&self) -> Payload<'a> {
        self.payload
    }

    /// The nodes that a path selects. A binary message may hold JSON as well as a text message.
    pub fn select(&self, path: &Path) -> Result<Selected<'_, 'a>, NotJson> {
        match self.asked.node_of(path) {
            // A tree that is there already costs nothing.
            Some(node) if self.json.get().is_none() => {
                Ok(Selected::Simple(self.found()?.value(node).map(Cow::Owned)))
            }
            _ => Ok(select(path, self.root()?)),
        }
    }

    /// The whole message as a tree.
    pub fn root(&self) -> Result<&Json<'a>, NotJson> {
        let read = || json::parse(self.json_text()?);
        self.json.get_or_init(read).as_ref().map_err(|reason| *reason)
    }

    fn found(&self) -> Result<&Found<'a>, NotJson> {
        let scan = || Found::scan(self.json_text()?, self.asked);
        self.found.get_or_init(scan).as_ref().map_err(|reason| *reason)
    }

    fn json_text(&self) -> Result<&'a str, NotJson> {
        match self.payload {
            Payload::Text(text) => Ok(text),
            Payload::Binary(bytes) => std::str::from_utf8(bytes).map_err(|_| NotJson::NotUtf8),
        }
    }
}
