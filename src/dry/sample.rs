//! Which users of a large load are simulated, and for how many each of them stands.

use crate::load::{Load, Mix};
use crate::program::Program;

/// One of every so many users of each scenario: one that has only few users is not left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sample {
    every: u64,
}

impl Sample {
    /// So that about so many users are simulated. Users who wait for one another, or share connections, are not thinned
    /// out more than that makes sense.
    pub(super) fn of(load: &Load, program: &Program, users_simulated: u64) -> Self {
        let wanted = load.peak_users().div_ceil(users_simulated.max(1)).max(1);
        let pools = program.pools.iter().map(|pool| pool.size as u64);
        let barriers = program.barriers.iter().map(|barrier| barrier.user_count);
        Self { every: pools.chain(barriers).fold(wanted, u64::min).max(1) }
    }

    /// Everybody.
    pub(super) const ALL: Self = Self { every: 1 };

    /// One of how many is simulated.
    pub(super) fn every(self) -> u64 {
        self.every
    }

    /// For how many of the users `0..total` a user stands; `None` where another stands for it.
    pub(super) fn stands_for(self, mix: &Mix, user: u64, total: u64) -> Option<u64> {
        if self.every == 1 {
            return Some(1);
        }
        let scenario = mix.scenario_of(user);
        let place = mix.count_of(scenario, user);
        let group = place / self.every;
        let first = group * self.every;
        let size = mix.count_of(scenario, total).saturating_sub(first).clamp(1, self.every);
        // Any of the group, so that whatever else comes in turns among users comes among these as often.
        let scattered = (group + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        (place == first + scattered % size).then_some(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Part;

    #[test]
    fn those_who_are_simulated_stand_for_all_of_each_scenario() {
        let mixes = [
            Mix::new(&[1]),
            Mix::new(&[1, 1]),
            Mix::new(&[99, 1]),
            Mix::of(&[Part::Users(1), Part::Weight(3), Part::Users(30), Part::Weight(1)]),
        ];
        for mix in mixes {
            for (every, total) in [(1, 7), (2, 10), (20, 1000), (20, 1), (7, 500)] {
                let sample = Sample { every };
                for scenario in 0..mix.parts().len() {
                    let own = (0..total).filter(|user| mix.scenario_of(*user) == scenario);
                    let simulated: Vec<u64> =
                        own.filter_map(|user| sample.stands_for(&mix, user, total)).collect();
                    let all = mix.count_of(scenario, total);
                    assert_eq!(simulated.iter().sum::<u64>(), all, "{mix:?} {every} {total}");
                    assert_eq!(simulated.len() as u64, all.div_ceil(every));
                }
            }
        }
    }
}
