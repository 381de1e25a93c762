//! The load as a whole: lanes side by side, each with a curve, a beginning and scenarios of its own.

use std::time::Duration;

use super::search::Unit;
use super::{Arrivals, Cycles, Mix, Profile, Search};

/// All of a run's load. Most runs have one lane; scenarios with a load of their own have others.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    lanes: Vec<Lane>,
    profiles: Mix,
}

/// A part of the load.
#[derive(Clone, Debug, PartialEq)]
pub struct Lane {
    /// How long after the run's start it begins.
    pub begins: Duration,
    /// How many users, and when, counted from its beginning.
    pub shape: Shape,
    /// Which scenario each of them gets.
    pub mix: Mix,
}

/// How the number of a lane's users is ruled.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// By the time alone.
    Levels(Profile),
    /// By what users have done: the next ones start when those before them have left.
    Cycles(Cycles),
    /// By nothing but who comes: an open load.
    Arrivals(Arrivals),
    /// By what became of the levels before. There is one such lane at most, and when it is over, so is the run.
    Search(Search),
}

impl Load {
    /// These lanes, in the order of their users' numbers.
    pub fn new(lanes: Vec<Lane>) -> Self {
        Self { lanes, profiles: Mix::new(&[]) }
    }

    /// The same with kinds of users by how active they are, by weight.
    #[must_use]
    pub fn with_profiles(mut self, profiles: Mix) -> Self {
        self.profiles = profiles;
        self
    }

    /// Which profile a lane's user has: each scenario's users of a lane have exactly the shares, in whatever order their
    /// scenarios come.
    pub fn profile_of(&self, lane: usize, index: u64) -> usize {
        let mix = &self.lanes[lane].mix;
        self.profiles.scenario_of(mix.count_of(mix.scenario_of(index), index))
    }

    /// One lane from the start on.
    pub fn of(shape: impl Into<Shape>, mix: Mix) -> Self {
        Self::new(vec![Lane { begins: Duration::ZERO, shape: shape.into(), mix }])
    }

    /// The lanes.
    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// The number in the run of a lane's user `index`: lanes take turns, so that numbers stay small and no two users
    /// have the same. `u64::MAX` for more than can be counted.
    pub fn user_number(&self, lane: usize, index: u64) -> u64 {
        index.saturating_mul(self.lanes.len() as u64).saturating_add(lane as u64)
    }

    /// A number behind those of all users.
    pub fn first_free_number(&self) -> u64 {
        let last = |(number, lane): (usize, &Lane)| {
            let last = lane.user_count().checked_sub(1)?;
            Some(self.user_number(number, last).saturating_add(1))
        };
        self.lanes.iter().enumerate().filter_map(last).max().unwrap_or(0)
    }

    /// The same with the highest level of a search in its place, once, for as long as a level is measured at least.
    #[must_use]
    pub fn at_highest_level(mut self) -> Self {
        for lane in &mut self.lanes {
            if let Shape::Search(search) = &lane.shape {
                lane.shape = search.highest_level();
            }
        }
        self
    }

    /// The search, where one of the lanes is steered by it.
    pub fn search(&self) -> Option<&Search> {
        self.lanes
            .iter()
            .find_map(|lane| if let Shape::Search(search) = &lane.shape { Some(search) } else { None })
    }

    /// The most users that there may be at one time: the lanes' peaks, whenever they are.
    pub fn peak_users(&self) -> u64 {
        self.lanes.iter().map(Lane::peak_users).fold(0, u64::saturating_add)
    }

    /// How many users with numbers of their own get a scenario, over the whole run.
    pub fn users_of(&self, scenario: usize) -> u64 {
        let of_lane = |lane: &Lane| lane.mix.count_of(scenario, lane.user_count());
        self.lanes.iter().map(of_lane).fold(0, u64::saturating_add)
    }

    /// The most users of a scenario at one time.
    pub fn peak_users_of(&self, scenario: usize) -> u64 {
        let of_lane = |lane: &Lane| lane.mix.count_of(scenario, lane.peak_users());
        self.lanes.iter().map(of_lane).fold(0, u64::saturating_add)
    }

    /// Whether users of a scenario come however many there are.
    pub fn is_open_for(&self, scenario: usize) -> bool {
        let has_part = |lane: &Lane| lane.mix.count_of(scenario, lane.user_count()) > 0;
        self.lanes.iter().any(|lane| matches!(lane.shape, Shape::Arrivals(_)) && has_part(lane))
    }

    /// How long the run takes at most, where that is known beforehand.
    pub fn total_duration(&self) -> Option<Duration> {
        let ends =
            self.lanes.iter().map(|lane| Some(lane.begins.saturating_add(lane.shape.total_duration()?)));
        ends.collect::<Option<Vec<_>>>()?.into_iter().max()
    }
}

impl Lane {
    /// The most users wanted at one time.
    pub fn peak_users(&self) -> u64 {
        match &self.shape {
            Shape::Levels(profile) => profile.peak_users(),
            Shape::Cycles(cycles) => cycles.peak_users(),
            Shape::Arrivals(arrivals) => arrivals.max_users.min(arrivals.count_bound()),
            Shape::Search(search) => search.peak_users(),
        }
    }

    /// How many users with numbers of their own there are: where one leaves and another comes in its place, that is
    /// the same number. Of those who arrive, at least as many as do.
    pub fn user_count(&self) -> u64 {
        match &self.shape {
            Shape::Levels(_) | Shape::Cycles(_) => self.peak_users(),
            Shape::Arrivals(arrivals) => arrivals.count_bound(),
            // How many arrive is up to what breaks.
            Shape::Search(Search { unit: Unit::Arrivals { .. }, .. }) => u64::MAX,
            Shape::Search(search) => search.peak_users(),
        }
    }
}

impl Shape {
    /// How often one user runs its scenario at most; `None` is until the end.
    pub fn iterations(&self) -> Option<u64> {
        match self {
            Self::Levels(profile) => profile.iterations(),
            Self::Cycles(cycles) => Some(cycles.iterations()),
            Self::Arrivals(arrivals) => Some(arrivals.iterations),
            Self::Search(Search { unit: Unit::Arrivals { iterations, .. }, .. }) => Some(*iterations),
            Self::Search(_) => None,
        }
    }

    /// How long it lasts at most, where that is known beforehand.
    pub fn total_duration(&self) -> Option<Duration> {
        match self {
            Self::Levels(profile) => profile.total_duration(),
            Self::Cycles(_) | Self::Search(_) => None,
            Self::Arrivals(arrivals) => arrivals.duration,
        }
    }
}

impl From<Profile> for Shape {
    fn from(profile: Profile) -> Self {
        Self::Levels(profile)
    }
}

impl From<Arrivals> for Shape {
    fn from(arrivals: Arrivals) -> Self {
        Self::Arrivals(arrivals)
    }
}

impl From<Search> for Shape {
    fn from(search: Search) -> Self {
        Self::Search(search)
    }
}

impl From<Cycles> for Shape {
    fn from(cycles: Cycles) -> Self {
        Self::Cycles(cycles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(begins: u64, users: u64, duration: Option<u64>) -> Lane {
        let duration = duration.map(Duration::from_secs);
        Lane {
            begins: Duration::from_secs(begins),
            shape: Profile::with_users(users, Duration::ZERO, duration, None).into(),
            mix: Mix::new(&[1]),
        }
    }

    #[test]
    fn no_two_users_of_a_run_have_the_same_number() {
        let load = Load::new(vec![lane(0, 3, None), lane(5, 10, None)]);
        let mut numbers: Vec<u64> = [(0, 3), (1, 10)]
            .iter()
            .flat_map(|&(l, n)| (0..n).map(move |i| (l, i)))
            .map(|(l, i)| load.user_number(l, i))
            .collect();
        assert!(numbers.iter().all(|number| *number < load.first_free_number()));
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 13);
        assert_eq!(Load::new(vec![lane(0, 0, None)]).first_free_number(), 0);
        assert_eq!(Load::new(vec![lane(0, u64::MAX, None); 2]).first_free_number(), u64::MAX);
    }

    #[test]
    fn one_lane_numbers_its_users_from_zero() {
        let load = Load::new(vec![lane(0, 4, None)]);
        assert_eq!((load.user_number(0, 3), load.first_free_number(), load.peak_users()), (3, 4, 4));
    }

    #[test]
    fn each_scenario_has_all_profiles_in_their_shares() {
        let alternating = Lane { mix: Mix::new(&[1, 1]), ..lane(0, 40, None) };
        let load = Load::new(vec![alternating]).with_profiles(Mix::new(&[1, 1, 2]));
        let mut counts = [[0; 3]; 2];
        for index in 0..40 {
            counts[load.lanes()[0].mix.scenario_of(index)][load.profile_of(0, index)] += 1;
        }
        assert_eq!(counts, [[5, 5, 10]; 2]);
        assert_eq!(Load::new(vec![lane(0, 9, None)]).profile_of(0, 7), 0, "nobody has any");
    }

    #[test]
    fn the_longest_lane_is_how_long_it_takes() {
        let total = |lanes: Vec<Lane>| Load::new(lanes).total_duration();
        assert_eq!(total(vec![lane(0, 1, Some(10)), lane(8, 1, Some(3))]), Some(Duration::from_secs(11)));
        assert_eq!(total(vec![lane(0, 1, Some(10)), lane(8, 1, None)]), None, "one has no end of its own");
        let never = Lane { begins: Duration::MAX, ..lane(0, 1, Some(1)) };
        assert_eq!(total(vec![never]), Some(Duration::MAX));
    }

    #[test]
    fn users_are_added_up_and_never_too_many_to_count() {
        let load = Load::new(vec![lane(0, 3, None), lane(9, u64::MAX, None)]);
        assert_eq!((load.peak_users(), load.users_of(0), load.peak_users_of(1)), (u64::MAX, u64::MAX, 0));
    }
}
