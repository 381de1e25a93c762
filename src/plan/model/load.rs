//! `load`: how many users, and when.

use std::time::Duration;

use super::{Spanned, count, duration, list};
use crate::plan::syntax::Node;

/// The `load` of a plan; what is not given is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Load {
    /// How many users.
    pub users: Option<Spanned<u64>>,
    /// Over how long they start.
    pub ramp: Option<Spanned<Duration>>,
    /// How long the run lasts.
    pub duration: Option<Spanned<Duration>>,
    /// How many times each user runs its scenario.
    pub iterations: Option<Spanned<u64>>,
    /// The number of users over time.
    pub stages: Vec<Stage>,
}

/// A stretch of the load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stage {
    /// The number of users at its end.
    pub users: Spanned<u64>,
    /// How long it takes to get there.
    pub over: Spanned<Duration>,
}

impl Load {
    pub(super) fn decode(node: &Node) -> Self {
        let stage = |node: &Node| {
            let (users, over) = (node.lookup("users")?, node.lookup("over")?);
            Some(Stage { users: count(users)?, over: duration(over)? })
        };
        Self {
            users: node.lookup("users").and_then(count),
            ramp: node.lookup("ramp").and_then(duration),
            duration: node.lookup("duration").and_then(duration),
            iterations: node.lookup("iterations").and_then(count),
            stages: list(node.lookup("stages"), stage),
        }
    }
}
