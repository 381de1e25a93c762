//! Which rows of data files are whose: each file's are dealt out to the users whose scenario takes from it.

use crate::load::{Mix, Profile};
use crate::machine::{Seat, Share};
use crate::program::{DataId, Program};

/// Who takes from each file.
pub(super) struct Rows {
    mix: Mix,
    files: Vec<Takers>,
}

struct Takers {
    scenarios: Vec<usize>,
    /// At the load's peak.
    user_count: u64,
}

impl Rows {
    pub(super) fn new(program: &Program, profile: &Profile, mix: Mix) -> Self {
        let peak = profile.peak_users();
        let takers = |data: DataId| {
            let takes = |at: &usize| program.scenarios[*at].data.iter().any(|used| used.data == data);
            let scenarios: Vec<usize> = (0..program.scenarios.len()).filter(takes).collect();
            let user_count = scenarios.iter().map(|at| mix.count_of(*at, peak)).sum::<u64>().max(1);
            Takers { scenarios, user_count }
        };
        let files = (0..program.data.len()).map(|index| takers(DataId::new(index))).collect();
        Self { mix, files }
    }

    /// The share of a user; `None` where its scenario takes nothing.
    pub(super) fn share_of(&self, program: &Program, user: u64, taken_count: u64) -> Option<Share> {
        let taken = &program.scenarios[self.mix.scenario_of(user)].data;
        let seat = |data: DataId| {
            let takers = &self.files[data.index()];
            let before = takers.scenarios.iter().map(|at| self.mix.count_of(*at, user)).sum();
            Seat { number: before, of: takers.user_count }
        };
        let seats = taken.iter().map(|used| seat(used.data)).collect();
        (!taken.is_empty()).then_some(Share { seats, taken_count })
    }
}
