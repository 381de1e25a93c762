//! `load`, of the plan and of a scenario: how many users, and when.

use std::time::Duration;

use super::{Spanned, count, duration, list, rate};
use crate::plan::syntax::Node;
use crate::quantity::Rate;

/// The `load` of a plan or of a scenario; what is not given is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Load {
    /// How long after the run's start it begins.
    pub start: Option<Spanned<Duration>>,
    /// How many users.
    pub users: Option<Spanned<u64>>,
    /// Over how long they start.
    pub ramp: Option<Spanned<Duration>>,
    /// How many of them start in a second.
    pub rate: Option<Spanned<Rate>>,
    /// How long the run lasts.
    pub duration: Option<Spanned<Duration>>,
    /// How many times each user runs its scenario.
    pub iterations: Option<Spanned<u64>>,
    /// The number of users over time.
    pub stages: Vec<Stage>,
    /// Numbers of users one after the other.
    pub cycles: Vec<Spanned<u64>>,
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
            start: node.lookup("start").and_then(duration),
            users: node.lookup("users").and_then(count),
            ramp: node.lookup("ramp").and_then(duration),
            rate: node.lookup("rate").and_then(rate),
            duration: node.lookup("duration").and_then(duration),
            iterations: node.lookup("iterations").and_then(count),
            stages: list(node.lookup("stages"), stage),
            cycles: list(node.lookup("cycles"), count),
        }
    }
}
