//! Which users of a lane there are to be, and when that is to be asked again: what its shape says, as the one question
//! that a simulation asks.

use std::time::Duration;

use crate::load::{Arrivals, Segment, Shape};

/// How a lane stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// The users `0..wanted` have been started.
    pub(super) wanted: u64,
    /// How many of those who are simulated have not left.
    pub(super) present_count: usize,
    /// Which of the cycles it is.
    pub(super) cycle: usize,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course<'s> {
    /// The users `0..wanted` are to be there, of so many in all. Asked again then, and when all have left.
    Hold { wanted: u64, of: u64, again: Option<Duration> },
    /// All have left; the next ones are others.
    NextCycle,
    /// Each comes when it is due, and leaves by itself.
    Arrivals(&'s Arrivals),
    /// Whoever is there finishes its step and leaves.
    Over,
}

/// So many times is a lane asked at most while its users start: they start by the handful then.
const STARTS_MAX: u64 = 50_000;

/// What a shape says, so long after its beginning.
pub(super) fn course(shape: &Shape, elapsed: Duration, standing: Standing) -> Course<'_> {
    match shape {
        Shape::Levels(profile) => {
            let end = profile.total_duration();
            if end.is_some_and(|end| elapsed >= end) {
                return Course::Over;
            }
            let (wanted, of) = (profile.target_at(elapsed), profile.peak_users());
            let nobody_will_come = profile.peak_after(elapsed) <= standing.wanted;
            if standing.present_count == 0 && nobody_will_come {
                return Course::Over;
            }
            let handful = u32::try_from(of.div_ceil(STARTS_MAX).max(1)).unwrap_or(u32::MAX);
            let change = profile.next_change(elapsed, Segment::new(0, handful).unwrap_or_default());
            Course::Hold { wanted, of, again: change.into_iter().chain(end).min() }
        }
        Shape::Arrivals(arrivals) => Course::Arrivals(arrivals),
        // What breaks is not known here: a search comes as the highest of its levels.
        Shape::Search(_) => Course::Over,
        Shape::Cycles(cycles) => match cycles.users_in(standing.cycle) {
            None => Course::Over,
            Some(wanted) if standing.present_count == 0 && standing.wanted >= wanted => Course::NextCycle,
            Some(wanted) => Course::Hold { wanted, of: wanted, again: None },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{Cycles, Profile, Stage};

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn levels_are_held_and_looked_at_again_when_they_change() {
        let shape: Shape = Profile::with_users(10, s(10), Some(s(60)), None).into();
        let standing = |wanted, present_count| Standing { wanted, present_count, cycle: 0 };
        assert_eq!(
            course(&shape, s(0), standing(0, 0)),
            Course::Hold { wanted: 1, of: 10, again: Some(s(1)) }
        );
        assert_eq!(
            course(&shape, s(20), standing(10, 10)),
            Course::Hold { wanted: 10, of: 10, again: Some(s(60)) }
        );
        assert_eq!(course(&shape, s(60), standing(10, 10)), Course::Over);
        assert_eq!(course(&shape, s(30), standing(10, 0)), Course::Over, "all have done their iterations");
        assert!(matches!(course(&shape, s(5), standing(5, 0)), Course::Hold { .. }), "others will come");
    }

    #[test]
    fn nobody_is_over_at_once_and_a_gap_is_not() {
        let nobody: Shape = Profile::with_users(0, s(0), None, None).into();
        assert_eq!(course(&nobody, s(0), Standing::default()), Course::Over);
        let nobody_long: Shape = Profile::with_users(0, s(0), Some(s(60)), None).into();
        assert_eq!(
            course(&nobody_long, s(0), Standing::default()),
            Course::Over,
            "a run does not wait for nobody"
        );
        let stages = vec![
            Stage { users: 2, over: s(0) },
            Stage { users: 0, over: s(0) },
            Stage { users: 0, over: s(5) },
        ];
        let standing = Standing { wanted: 0, present_count: 0, cycle: 0 };
        let fallen: Shape = Profile::with_stages(stages.clone(), None).into();
        assert_eq!(course(&fallen, s(1), standing), Course::Over, "all have left, and nobody comes back");
        let gap: Shape =
            Profile::with_stages([stages, vec![Stage { users: 2, over: s(5) }]].concat(), None).into();
        assert!(matches!(course(&gap, s(1), standing), Course::Hold { wanted: 0, again: Some(_), .. }));
    }

    #[test]
    fn cycles_follow_one_another() {
        let shape: Shape = Cycles::new(vec![3, 0, 2], 1).into();
        let at =
            |wanted, present_count, cycle| course(&shape, s(1), Standing { wanted, present_count, cycle });
        assert_eq!(at(0, 0, 0), Course::Hold { wanted: 3, of: 3, again: None });
        assert_eq!(at(3, 1, 0), Course::Hold { wanted: 3, of: 3, again: None });
        assert_eq!(at(3, 0, 0), Course::NextCycle);
        assert_eq!(at(0, 0, 1), Course::NextCycle, "nobody is in it");
        assert_eq!(at(0, 0, 3), Course::Over);
    }
}
