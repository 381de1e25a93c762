//! A data message that came in, where it lies in the read buffer. Its JSON is read when a condition first asks for it
//! and at most once; whether that is a tree or a scan of the bytes for the paths asked for is this file's matter.

use super::json::{self, NotJson};
use super::select::{Selected, select};
use crate::program::{BodyKind, Json, Path};
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
    json: OnceCell<Result<Json<'a>, NotJson>>,
}

impl<'a> Message<'a> {
    /// A message.
    pub fn new(payload: Payload<'a>) -> Self {
        Self { payload, json: OnceCell::new() }
    }

    /// A text message.
    pub fn text(text: &'a str) -> Self {
        Self { payload: Payload::Text(text), json: OnceCell::new() }
    }

    /// A binary message.
    pub fn binary(bytes: &'a [u8]) -> Self {
        Self { payload: Payload::Binary(bytes), json: OnceCell::new() }
    }

    /// What it carries.
    pub fn payload(&self) -> Payload<'a> {
        self.payload
    }

    /// The nodes that a path selects. A binary message may hold JSON as well as a text message.
    pub fn select(&self, path: &Path) -> Result<Selected<'_, 'a>, NotJson> {
        Ok(select(path, self.root()?))
    }

    /// The whole message as JSON.
    pub fn root(&self) -> Result<&Json<'a>, NotJson> {
        let read = || match self.payload {
            Payload::Text(text) => json::parse(text),
            Payload::Binary(bytes) => json::parse(std::str::from_utf8(bytes).map_err(|_| NotJson::NotUtf8)?),
        };
        self.json.get_or_init(read).as_ref().map_err(|reason| *reason)
    }
}
