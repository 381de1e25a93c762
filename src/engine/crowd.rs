//! How many users are in the run on all threads: the figures of threads, added up, only say how many there were at most.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Who is in the run.
#[derive(Clone, Default)]
pub(super) struct Crowd(Arc<Heads>);

#[derive(Default)]
struct Heads {
    now: AtomicU64,
    peak: AtomicU64,
}

/// A user that is in it, until it is dropped.
pub(super) struct Head(Crowd);

impl Crowd {
    /// One more.
    pub(super) fn enter(&self) -> Head {
        let now = self.0.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.0.peak.fetch_max(now, Ordering::Relaxed);
        Head(self.clone())
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
}
