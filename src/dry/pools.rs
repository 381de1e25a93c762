//! Connections that users share: which are free, and who waits for one.

use std::collections::VecDeque;

use crate::program::{LinkId, PoolId, Program};

/// The pools of a run.
pub(super) struct Pools(Vec<Pool>);

struct Pool {
    /// How many connections nobody has, be they open or not.
    free_count: usize,
    /// Those of them that are open.
    idle_count: usize,
    /// Who waits, the first to come in front.
    waiting: VecDeque<Turn>,
}

/// A wait for a connection, or the end of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) who: u64,
    pub(super) link: LinkId,
    /// Which of the user's connections it is to be.
    pub(super) connection: u64,
}

/// What becomes of the wish for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Granted {
    /// One that stands.
    Standing,
    /// One that has to be opened.
    ToOpen,
}

impl Pools {
    /// Where each user stands for several, so does each connection.
    pub(super) fn new(program: &Program, stands_for: u64) -> Self {
        let share = usize::try_from(stands_for).unwrap_or(usize::MAX).max(1);
        let pool = |of: &crate::program::Pool| Pool {
            free_count: (of.size / share).max(1),
            idle_count: 0,
            waiting: VecDeque::new(),
        };
        Self(program.pools.iter().map(pool).collect())
    }

    /// A connection, if one is free; otherwise a place in the queue.
    pub(super) fn ask(&mut self, pool: PoolId, turn: Turn) -> Option<Granted> {
        let pool = &mut self.0[pool.index()];
        if pool.free_count == 0 {
            pool.waiting.push_back(turn);
            return None;
        }
        Some(pool.grant())
    }

    /// Somebody has a connection no longer, which stands or not. Whose turn it is.
    pub(super) fn free(&mut self, pool: PoolId, stands: bool) -> Option<(Turn, Granted)> {
        let pool = &mut self.0[pool.index()];
        pool.free_count += 1;
        pool.idle_count += usize::from(stands);
        let turn = pool.waiting.pop_front()?;
        Some((turn, pool.grant()))
    }

    /// Somebody waits no longer; whether it did.
    pub(super) fn forget(&mut self, pool: PoolId, turn: Turn) -> bool {
        let waiting = &mut self.0[pool.index()].waiting;
        let at = waiting.iter().position(|waiting| *waiting == turn);
        at.and_then(|at| waiting.remove(at)).is_some()
    }
}

impl Pool {
    fn grant(&mut self) -> Granted {
        self.free_count -= 1;
        if self.idle_count == 0 {
            return Granted::ToOpen;
        }
        self.idle_count -= 1;
        Granted::Standing
    }
}
