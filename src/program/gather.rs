//! The wait of an `expect` that is not over with the first message that matches.

use std::time::Duration;

use super::{Capture, Matcher, StreamId, TimerId};

/// A wait for several messages, or for none.
#[derive(Debug, Clone)]
pub struct Gather {
    /// Which messages; several of [`Quota::EachOnce`] only, and never more than [`Gather::WANTED_MAX`].
    pub wanted: Box<[Wanted]>,
    /// How many of them.
    pub quota: Quota,
    /// How long to wait.
    pub within: Duration,
    /// How long it took, from the start of the wait to the last message. `None` where the plan fixes how long that is.
    pub timer: Option<TimerId>,
}

/// A message that is waited for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Which message.
    pub filter: Matcher,
    /// What must hold of it.
    pub assert: Option<Matcher>,
    /// Values to keep.
    pub captures: Box<[Capture]>,
    /// The stream that it is a copy of.
    pub deliver: Option<StreamId>,
}

/// How many messages are waited for. Each variant shows the form that makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    /// `count: 10`
    Count(u64),
    /// `any_order: [...]`: each of the wanted once. A message goes to the first that is still open and matches.
    EachOnce,
    /// `at_most: 3`, and `absent: 2s` with 0: for the whole time.
    AtMost(u64),
}

impl Gather {
    /// So many messages can be told apart by the bits that a user keeps of those that came.
    pub const WANTED_MAX: usize = 64;
}
