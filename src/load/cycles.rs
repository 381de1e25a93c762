//! Rounds of users: so many do their iterations and leave, then the next ones start.

/// The numbers of users one after the other, as in `10:20:30`, and how often each of them runs its scenario.
///
/// When a cycle begins is up to those before it: it is not known from the time. Each cycle's users are the indices
/// from 0 on, and every cycle's are new ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycles {
    users: Vec<u64>,
    iterations: u64,
}

impl Cycles {
    /// So many users at a time, each with so many iterations.
    pub fn new(users: Vec<u64>, iterations: u64) -> Self {
        Self { users, iterations }
    }

    /// The users of a cycle, counted from 0; `None` behind the last.
    pub fn users_in(&self, cycle: usize) -> Option<u64> {
        self.users.get(cycle).copied()
    }

    /// How often each user runs its scenario.
    pub fn iterations(&self) -> u64 {
        self.iterations
    }

    /// The users of the largest cycle.
    pub fn peak_users(&self) -> u64 {
        self.users.iter().copied().max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_after_the_other() {
        let cycles = Cycles::new(vec![10, 0, 30], 20);
        assert_eq!(
            (0..4).map(|cycle| cycles.users_in(cycle)).collect::<Vec<_>>(),
            [Some(10), Some(0), Some(30), None]
        );
        assert_eq!((cycles.peak_users(), cycles.iterations()), (30, 20));
        assert_eq!((Cycles::new(vec![], 1).peak_users(), Cycles::new(vec![], 1).users_in(0)), (0, None));
    }
}
