//! What the ledger is told.

use std::fmt;
use std::time::Duration;

/// A user of the run: its number, and how many had that number before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Person {
    /// Its number, from 0.
    pub index: u64,
    /// How many users had the number before it.
    pub generation: u32,
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.generation {
            0 => write!(f, "user {}", self.index),
            generation => write!(f, "user {}.{generation}", self.index),
        }
    }
}

/// Something that happened to one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// When, since the run's start.
    pub at: Duration,
    /// To whom.
    pub person: Person,
    /// What.
    pub fact: Fact,
}

/// What happened. Streams are numbered as [`Ledger::new`](super::Ledger::new) is given them; keys and groups are hashes
/// of what they are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// A message of the user began to leave.
    Published {
        /// The stream.
        stream: u16,
        /// How many bytes of [`Batch::shown`] are its key.
        shown_bytes: u8,
        /// What tells it from others.
        key: u64,
        /// Whom it is for.
        group: u64,
    },
    /// A copy of a message came to the user.
    Delivered {
        /// The stream.
        stream: u16,
        /// The message's key.
        key: u64,
    },
    /// The user entered a group.
    Entered {
        /// The stream.
        stream: u16,
        /// The group.
        group: u64,
    },
    /// The user left a group.
    Left {
        /// The stream.
        stream: u16,
        /// The group.
        group: u64,
    },
    /// The user lost the connection by which it was in a group, and opens it again: until it enters the group anew, or
    /// leaves, it is cut off from it.
    CutOff {
        /// The stream.
        stream: u16,
        /// The group.
        group: u64,
    },
    /// The same of every group that it is in.
    CutOffFromAll,
    /// The user left every group, those that it is cut off from among them.
    Gone,
}

/// The events of one thread since its last batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// The thread's number, from 0.
    pub thread: usize,
    /// What happened, in the order in which the thread saw it.
    pub events: Vec<Event>,
    /// The keys of what was published, for people, one behind the other.
    pub shown: String,
    /// What comes later from this thread is not earlier than this; what is all the same is taken as it comes.
    pub watermark: Duration,
    /// Until when messages and copies since the last batch are missing, where they are because there were too many.
    /// Nothing can be said of the messages of that time.
    pub gap_until: Option<Duration>,
    /// How many messages are missing, by stream; those behind its end miss none.
    pub left_out_counts: Vec<u64>,
}
