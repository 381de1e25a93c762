//! `pools` and `borrow`: connections that users share.

use std::time::Duration;

use super::{Connect, Spanned, Step, block, count, duration, entries, text};
use crate::plan::syntax::{Key, Node};

/// Connections that users share.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    /// Its name.
    pub name: Key,
    /// How many there are at most.
    pub size: Option<Spanned<u64>>,
    /// How long a user waits for its turn.
    pub acquire_timeout: Option<Spanned<Duration>>,
    /// How one is opened.
    pub connect: Connect,
}

/// `borrow`: steps for which a user has a connection of a pool.
#[derive(Debug, Clone, PartialEq)]
pub struct Borrow {
    /// The pool.
    pub from: Spanned<String>,
    /// What is done with it.
    pub steps: Vec<Step>,
}

impl Borrow {
    pub(super) fn decode(node: &Node) -> Option<Self> {
        Some(Self { from: node.lookup("from").and_then(text)?, steps: block::steps(node.lookup("steps")) })
    }
}

/// The pools of a plan.
pub(super) fn pools(node: Option<&Node>) -> Vec<Pool> {
    let pool = |entry: &crate::plan::syntax::Entry| Pool {
        name: entry.key.clone(),
        size: entry.value.lookup("size").and_then(count),
        acquire_timeout: entry.value.lookup("acquire_timeout").and_then(duration),
        connect: entry.value.lookup("connect").map(Connect::decode).unwrap_or_default(),
    };
    entries(node).map(pool).collect()
}
