//! How many users there are on all threads, in the run or of a lane: the figures of threads, added up, only say how many
//! there were at most.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Who is there.
#[derive(Clone, Default)]
pub(super) struct Crowd(Arc<Heads>);

#[derive(Default)]
struct Heads {
    now: AtomicU64,
    peak: AtomicU64,
}

/// A user that is there, until it is dropped.
pub(super) struct Head(Crowd);

impl Crowd {
    /// One more.
    pub(super) fn enter(&self) -> Head {
        let before = self.0.now.fetch_add(1, Ordering::Relaxed);
        self.seen(before + 1)
    }

    /// One more, where that makes no more than so many.
    pub(super) fn enter_below(&self, max: u64) -> Option<Head> {
        let next = |now: u64| (now < max).then_some(now + 1);
        let before = self.0.now.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).ok()?;
        Some(self.seen(before + 1))
    }

    fn seen(&self, now: u64) -> Head {
        self.0.peak.fetch_max(now, Ordering::Relaxed);
        Head(self.clone())
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.0.now.load(Ordering::Relaxed)
    }

    /// The most there were at one time.
    pub(super) fn peak(&self) -> u64 {
        self.0.peak.load(Ordering::Relaxed)
    }
}

impl Drop for Head {
    fn drop(&mut self) {
        self.0.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_when_another_has_left_is_no_more_than_there_were() {
        let crowd = Crowd::default();
        drop((crowd.enter(), crowd.enter()));
        let there = std::thread::scope(|scope| scope.spawn(|| crowd.enter()).join().unwrap());
        assert_eq!(crowd.peak(), 2);
        let others = [crowd.enter(), crowd.enter()];
        assert_eq!(crowd.peak(), 3);
        drop((there, others));
    }

    #[test]
    fn nobody_enters_where_all_places_are_taken() {
        let crowd = Crowd::default();
        let both = [crowd.enter_below(2), crowd.enter_below(2)];
        assert!(both.iter().all(Option::is_some) && crowd.enter_below(2).is_none());
        assert_eq!((crowd.count(), crowd.peak()), (2, 2));
        drop(both);
        assert!(crowd.enter_below(1).is_some());
        assert!(crowd.enter_below(0).is_none());
    }
}
