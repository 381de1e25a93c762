//! What is to happen, by time; what is to happen at one time happens in the order in which that was decided.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::time::Duration;

/// A queue of what is to happen.
pub(super) struct Agenda<T> {
    entries: BinaryHeap<Entry<T>>,
    count: u64,
}

struct Entry<T> {
    at: Duration,
    number: u64,
    what: T,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self { entries: BinaryHeap::new(), count: 0 }
    }
}

impl<T> Agenda<T> {
    pub(super) fn at(&mut self, at: Duration, what: T) {
        self.count += 1;
        self.entries.push(Entry { at, number: self.count, what });
    }

    pub(super) fn next(&mut self) -> Option<(Duration, T)> {
        self.entries.pop().map(|Entry { at, what, .. }| (at, what))
    }
}

impl<T> Ord for Entry<T> {
    // The heap gives the greatest first, which is to be the soonest.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T> Eq for Entry<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soonest_comes_first_and_of_one_time_the_one_that_was_decided_first() {
        let mut agenda = Agenda::default();
        for (at, what) in [(3, "d"), (1, "a"), (2, "b"), (2, "c"), (3, "e")] {
            agenda.at(Duration::from_secs(at), what);
        }
        let order: Vec<_> = std::iter::from_fn(|| agenda.next().map(|(_, what)| what)).collect();
        assert_eq!(order, ["a", "b", "c", "d", "e"]);
    }
}
