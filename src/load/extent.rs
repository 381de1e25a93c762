//! How much there is to do, where that can be said beforehand.

use super::{Arrivals, Cycles, Flow, Load, Profile, Shape, Spacing};

impl Load {
    /// How many iterations there are when all users have done theirs: what ends the run, unless its time is over before.
    /// `None` where users repeat until the end, or where it is not known how many they are.
    pub fn iteration_count(&self) -> Option<u64> {
        let mut counts = self.lanes().iter().map(|lane| lane.shape.iteration_count());
        counts.try_fold(0u64, |sum, count| Some(sum.saturating_add(count?)))
    }
}

impl Shape {
    fn iteration_count(&self) -> Option<u64> {
        match self {
            Self::Levels(profile) => of_profile(profile),
            Self::Cycles(cycles) => Some(of_cycles(cycles)),
            Self::Arrivals(arrivals) => of_arrivals(arrivals),
            Self::Search(_) => None,
        }
    }
}

/// Where the number of users falls and rises again, those who left do theirs once more.
fn of_profile(profile: &Profile) -> Option<u64> {
    let [stage] = profile.stages() else { return None };
    Some(stage.users.saturating_mul(profile.iterations()?))
}

fn of_cycles(cycles: &Cycles) -> u64 {
    let users = (0..).map_while(|cycle| cycles.users_in(cycle)).fold(0, u64::saturating_add);
    users.saturating_mul(cycles.iterations())
}

fn of_arrivals(arrivals: &Arrivals) -> Option<u64> {
    let is_drawn = matches!(arrivals.flow, Flow::Rates { spacing: Spacing::Poisson, .. });
    (!is_drawn).then(|| arrivals.count_bound().saturating_mul(arrivals.iterations))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::load::{Mix, RateStage, Stage};
    use crate::quantity::parse_rate;

    const SECOND: Duration = Duration::from_secs(1);

    fn count(shape: impl Into<Shape>) -> Option<u64> {
        Load::of(shape, Mix::new(&[1])).iteration_count()
    }

    fn arrivals(spacing: Spacing, rate: &str) -> Shape {
        let rate = parse_rate(rate).unwrap();
        let stages = vec![RateStage { rate, over: Duration::ZERO }, RateStage { rate, over: SECOND * 10 }];
        let flow = Flow::Rates { stages, spacing };
        Arrivals { flow, max_users: 5, iterations: 3, duration: None }.into()
    }

    #[test]
    fn what_all_users_do_together() {
        let users = |duration, iterations| count(Profile::with_users(10, SECOND, duration, iterations));
        assert_eq!(users(None, None), Some(10), "one each");
        assert_eq!(users(None, Some(7)), Some(70));
        assert_eq!(users(Some(SECOND), Some(7)), Some(70));
        assert_eq!(users(Some(SECOND), None), None, "until the end");
        assert_eq!(count(Profile::with_users(u64::MAX, SECOND, None, Some(2))), Some(u64::MAX));
        assert_eq!(count(Profile::with_users(0, SECOND, None, Some(2))), Some(0));
        let stage = |users| Stage { users, over: SECOND };
        assert_eq!(count(Profile::with_stages(vec![stage(5), stage(1), stage(5)], Some(2))), None);
        assert_eq!(count(Cycles::new(vec![10, 0, 30], 20)), Some(800));
        assert_eq!(count(Cycles::new(vec![], 20)), Some(0));
        assert_eq!(count(arrivals(Spacing::Even, "2/s")), Some(60));
        assert_eq!(count(arrivals(Spacing::Poisson, "2/s")), None);
        let flow = Flow::Bursts { users: 4, every: SECOND, times: 3, over: Duration::ZERO };
        let bursts = Arrivals { flow, max_users: 5, iterations: 2, duration: None };
        assert_eq!(count(bursts), Some(24));
    }

    #[test]
    fn lanes_are_added_up_where_all_are_known() {
        let lane = |duration, iterations| {
            let profile = Profile::with_users(10, Duration::ZERO, duration, iterations);
            Load::of(profile, Mix::new(&[1])).lanes()[0].clone()
        };
        let known = lane(None, Some(2));
        assert_eq!(Load::new(vec![known.clone(), known.clone()]).iteration_count(), Some(40));
        assert_eq!(Load::new(vec![known, lane(Some(SECOND), None)]).iteration_count(), None);
    }
}
