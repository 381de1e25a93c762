//! Which rows of data files are whose: each file's are dealt out to the users whose scenario takes from it.

use crate::load::Load;
use crate::machine::{Seat, Share};
use crate::program::{DataId, Program};

/// Who takes from each file.
pub(crate) struct Rows {
    load: Load,
    files: Vec<Takers>,
}

struct Takers {
    scenarios: Vec<usize>,
    /// Over the whole run.
    user_count: u64,
}

impl Rows {
    pub(crate) fn new(program: &Program, load: &Load) -> Self {
        let takers = |data: DataId| {
            let takes = |at: &usize| program.scenarios[*at].data.iter().any(|used| used.data == data);
            let scenarios: Vec<usize> = (0..program.scenarios.len()).filter(takes).collect();
            let user_count =
                scenarios.iter().map(|at| load.users_of(*at)).fold(0, u64::saturating_add).max(1);
            Takers { scenarios, user_count }
        };
        let files = (0..program.data.len()).map(|index| takers(DataId::new(index))).collect();
        Self { load: load.clone(), files }
    }

    /// The share of a lane's user; `None` where its scenario takes nothing.
    pub(crate) fn share_of(
        &self,
        program: &Program,
        lane: usize,
        user: u64,
        taken_count: u64,
    ) -> Option<Share> {
        let (before, lane) = (&self.load.lanes()[..lane], &self.load.lanes()[lane]);
        let taken = &program.scenarios[lane.mix.scenario_of(user)].data;
        let seat = |data: DataId| {
            let takers = &self.files[data.index()];
            let of = |scenario: &usize| {
                let earlier = before.iter().map(|lane| lane.mix.count_of(*scenario, lane.user_count()));
                earlier.fold(lane.mix.count_of(*scenario, user), u64::saturating_add)
            };
            let number = takers.scenarios.iter().map(of).fold(0, u64::saturating_add);
            Seat { number, of: takers.user_count }
        };
        let seats = taken.iter().map(|used| seat(used.data)).collect();
        (!taken.is_empty()).then_some(Share { seats, taken_count })
    }
}
