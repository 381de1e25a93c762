//! What is kept of the first error of a kind and place: what it said, whose it was, and what that user had sent and received
//! last.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The first error of a kind and place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// What it said. May hold text from the server: escape it.
    pub text: String,
    /// What there is to say of its user.
    pub context: Context,
}

impl From<String> for Sample {
    /// That of nobody in particular.
    fn from(text: String) -> Self {
        Self { text, context: Context::default() }
    }
}

/// Whose error it was, and what came before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// The number of the user; `None` where it was none of the load's.
    pub user: Option<u64>,
    /// The last data messages that the user sent and received, oldest first.
    pub last_frames: Vec<LastFrame>,
}

/// A data message that a user sent or received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastFrame {
    /// When it was read, or queued to be sent; since the run's start.
    pub at: Duration,
    /// The name of its connection, where the user may have several.
    pub connection: Option<String>,
    /// Whether the user sent it.
    pub is_out: bool,
    /// Whether it was a binary message, and no text.
    pub is_binary: bool,
    /// How long its payload was.
    pub bytes: u64,
    /// The beginning of its payload: text, or bytes as hexadecimal digits, with an ellipsis where there is more. May hold
    /// text from the server: escape it.
    pub payload: String,
}
