//! A small memory of requests that are over, to tell what comes behind them: few, the oldest is forgotten first.

use std::collections::VecDeque;

use crate::program::StateId;

/// How many requests are remembered. A reply that comes after so many others is taken for a message like any other.
pub(super) const CAPACITY: usize = 32;

/// A request that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::machine) struct Ended {
    /// The hash of what its reply is known by.
    pub(in crate::machine) key: u64,
    /// The request in the program.
    pub(in crate::machine) state: StateId,
    /// The number in its correlation id.
    pub(in crate::machine) number: u32,
}

/// Requests that are over, oldest first.
#[derive(Debug, Default)]
pub(super) struct Memory(VecDeque<Ended>);

impl Memory {
    /// Remembers a request and returns the one that is forgotten for it.
    pub(super) fn push(&mut self, ended: Ended) -> Option<Ended> {
        let forgotten = if self.0.len() == CAPACITY { self.0.pop_front() } else { None };
        self.0.push_back(ended);
        forgotten
    }

    /// The oldest under a key that is meant.
    pub(super) fn position(&self, key: u64, mut is_meant: impl FnMut(Ended) -> bool) -> Option<usize> {
        self.0.iter().position(|ended| ended.key == key && is_meant(*ended))
    }

    pub(super) fn get(&self, index: usize) -> Option<Ended> {
        self.0.get(index).copied()
    }

    pub(super) fn remove(&mut self, index: usize) -> Option<Ended> {
        self.0.remove(index)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Forgets the requests of some steps; how many those were.
    pub(super) fn forget(&mut self, is_meant: impl Fn(StateId) -> bool) -> u64 {
        let before = self.0.len();
        self.0.retain(|ended| !is_meant(ended.state));
        (before - self.0.len()) as u64
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
