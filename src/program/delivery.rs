//! Streams of broadcasts: what tells one message from another, whom it is for, and the places where users tell of it.

use std::fmt;
use std::time::Duration;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Operand, Path, PathSet, StreamId, Template, TimerId};
use crate::diagnostic::Span;

/// A stream.
#[derive(Debug, Clone)]
pub struct Stream {
    /// Its name.
    pub name: String,
    /// What tells one message from another.
    pub key: Path,
    /// The key alone, as it is asked of a message that is sent.
    pub asked: PathSet,
    /// Whether senders are in the audience of their own messages, where they are members.
    pub includes_sender: bool,
    /// When a copy that has not come is lost.
    pub within: Duration,
    /// Which order is an error to break.
    pub order: Order,
    /// How long copies took.
    pub timer: TimerId,
    /// Its name in the plan.
    pub span: Span,
}

/// Which order is an error to break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// None.
    None,
    /// That of each sender.
    Sender,
    /// That of each sender, and one order for all users.
    Total,
}

impl Order {
    /// The word of the plan.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Sender => "sender",
            Self::Total => "total",
        }
    }
}

/// `publish: chat`
#[derive(Debug, Clone, PartialEq)]
pub struct Publish {
    /// The stream.
    pub stream: StreamId,
    /// The key; `None` is what the stream's path selects in the body.
    pub key: Option<Operand>,
    /// The group that the message is for.
    pub group: Template,
}

/// `enter: chat`, `leave: chat`
#[derive(Debug, Clone, PartialEq)]
pub struct Audience {
    /// Whether the user enters or leaves.
    pub enters: bool,
    /// The stream.
    pub stream: StreamId,
    /// The group.
    pub group: Template,
}

/// `d0 to "lobby" key {$2}`
impl fmt::Display for Publish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.stream, self.group)?;
        self.key.as_ref().map_or(Ok(()), |key| write!(f, " key {key}"))
    }
}

/// `enter d0 "lobby"`
impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.enters { "enter" } else { "leave" };
        write!(f, "{word} {} {}", self.stream, self.group)
    }
}

impl Serialize for Publish {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("stream", &self.stream.number())?;
        map.serialize_entry("to", &self.group)?;
        map.serialize_entry("key", &self.key)?;
        map.end()
    }
}
