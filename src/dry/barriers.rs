//! Who waits at which barrier.

use crate::program::{BarrierId, Program};

/// The barriers of a run.
pub(super) struct Barriers(Vec<Barrier>);

struct Barrier {
    user_count: u64,
    /// Who is there, and for how many each stands.
    present: Vec<(u64, u64)>,
}

impl Barriers {
    pub(super) fn new(program: &Program) -> Self {
        let barrier =
            |of: &crate::program::Barrier| Barrier { user_count: of.user_count, present: Vec::new() };
        Self(program.barriers.iter().map(barrier).collect())
    }

    /// Somebody comes who stands for so many users: those who go on, where that opens the barrier.
    pub(super) fn arrive(&mut self, barrier: BarrierId, who: u64, users: u64) -> Vec<u64> {
        let barrier = &mut self.0[barrier.index()];
        barrier.present.push((who, users));
        let present_count: u64 = barrier.present.iter().map(|(_, users)| users).sum();
        if present_count < barrier.user_count {
            return Vec::new();
        }
        std::mem::take(&mut barrier.present).into_iter().map(|(who, _)| who).collect()
    }

    /// Somebody waits no longer, wherever that was.
    pub(super) fn depart(&mut self, who: u64) {
        self.0.iter_mut().for_each(|barrier| barrier.present.retain(|(present, _)| *present != who));
    }
}
