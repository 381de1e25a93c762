//! Open loads: users come when the schedule says so, whatever has become of those who came before.

use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::exact::{LONGEST_NS, duration, portion};
use crate::quantity::Rate;

/// Users that arrive one after the other. Each is a new one, does its iterations and leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrivals {
    /// When they come.
    pub flow: Flow,
    /// How many may be in the run at a time; who comes while as many are there is turned away.
    pub max_users: u64,
    /// How often each of them runs its scenario.
    pub iterations: u64,
    /// When the run ends for all who are in it; `None` is when the last has left.
    pub duration: Option<Duration>,
}

/// When users come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flow {
    /// At a rate that moves evenly from stage to stage.
    Rates {
        /// One after the other. The rate is 0 at first.
        stages: Vec<RateStage>,
        /// How regularly.
        spacing: Spacing,
    },
    /// Many at once, every so often.
    Bursts {
        /// How many of them each time.
        users: u64,
        /// From the beginning of one burst to that of the next.
        every: Duration,
        /// How many bursts.
        times: u64,
        /// Over how long the users of a burst come, evenly.
        over: Duration,
    },
}

/// A stretch of a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateStage {
    /// The rate at its end.
    pub rate: Rate,
    /// How long it takes to get there; zero is a jump.
    pub over: Duration,
}

/// How regularly users come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spacing {
    /// As evenly as the rate lets them, the first at once.
    Even,
    /// As people do who know nothing of one another: a Poisson process. Fixed by the run's seed.
    Poisson,
}

/// Beyond the mean of a Poisson process by so many standard deviations comes nobody.
const DEVIATIONS: u64 = 10;

impl Arrivals {
    /// The moments at which users come, in ascending order, counted from the beginning of the load: the user with index 0
    /// at the first.
    pub fn instants(&self, seed: u64) -> impl Iterator<Item = Duration> + use<> {
        let end = self.duration.unwrap_or(Duration::MAX);
        let flow = self.flow.clone();
        let count = flow.count_bound();
        let mut points = Points::new(&flow, seed);
        let instants = (0..count).map_while(move |index| flow.instant_of(points.next(index), index));
        instants.take_while(move |instant| *instant < end)
    }

    /// At least as many as come: exactly as many where that does not depend on the seed, nor on the run's end.
    pub fn count_bound(&self) -> u64 {
        self.flow.count_bound()
    }

    /// How long users come, at most.
    pub fn coming(&self) -> Duration {
        self.duration.unwrap_or(Duration::MAX).min(self.flow.length())
    }
}

impl Flow {
    /// How long users come.
    fn length(&self) -> Duration {
        match self {
            Self::Rates { stages, .. } => {
                stages.iter().map(|stage| stage.over).fold(Duration::ZERO, Duration::saturating_add)
            }
            Self::Bursts { every, times, over, users } => {
                let gaps = u32::try_from(times.saturating_sub(1)).unwrap_or(u32::MAX);
                if *users == 0 || *times == 0 {
                    Duration::ZERO
                } else {
                    every.saturating_mul(gaps).saturating_add(*over)
                }
            }
        }
    }

    fn count_bound(&self) -> u64 {
        match self {
            Self::Bursts { users, times, .. } => users.saturating_mul(*times),
            Self::Rates { stages, spacing: Spacing::Even } => total_of(stages),
            Self::Rates { stages, spacing: Spacing::Poisson } => {
                let mean = total_of(stages);
                if mean == 0 { 0 } else { mean.saturating_add(DEVIATIONS * (mean.isqrt() + 1)) }
            }
        }
    }

    /// When that many have come, fractions being how far the next one is; `None` for more than ever come.
    fn instant_of(&self, point: f64, index: u64) -> Option<Duration> {
        match self {
            Self::Rates { stages, .. } => instant_of(stages, point),
            Self::Bursts { users, every, over, .. } => {
                let (burst, within) = (index / users, index % users);
                let begins = every.as_nanos().checked_mul(burst.into()).filter(|ns| *ns <= LONGEST_NS)?;
                let at = begins + portion(over.as_nanos(), within, *users);
                (at <= LONGEST_NS).then(|| duration(at))
            }
        }
    }
}

/// Where on the count of users each one lies: at whole numbers, or at the points of a Poisson process of rate 1.
enum Points {
    Whole,
    Poisson { sum: f64, rng: Box<Xoshiro256PlusPlus> },
}

impl Points {
    fn new(flow: &Flow, seed: u64) -> Self {
        match flow {
            Flow::Rates { spacing: Spacing::Poisson, .. } => {
                Self::Poisson { sum: 0.0, rng: Box::new(Xoshiro256PlusPlus::seed_from_u64(seed)) }
            }
            _ => Self::Whole,
        }
    }

    fn next(&mut self, index: u64) -> f64 {
        match self {
            Self::Whole => index as f64,
            Self::Poisson { sum, rng } => {
                // Never the logarithm of 0.
                *sum -= (1.0 - rng.random::<f64>()).ln();
                *sum
            }
        }
    }
}

/// The stages with the rate that each begins with.
fn legs(stages: &[RateStage]) -> impl Iterator<Item = (Rate, &RateStage)> {
    let mut from = Rate::ZERO;
    stages.iter().map(move |stage| (std::mem::replace(&mut from, stage.rate), stage))
}

/// How many whole users come in all, with the one that comes at once. Exact, so that no rounding makes one more of them.
fn total_of(stages: &[RateStage]) -> u64 {
    /// Thousandths an hour, and nanoseconds, twice.
    const USER: u128 = 2 * 3_600_000 * 1_000_000_000;
    let area = |(from, stage): (Rate, &RateStage)| {
        let sum = u128::from(from.thousandths_an_hour()) + u128::from(stage.rate.thousandths_an_hour());
        sum.checked_mul(stage.over.as_nanos())
    };
    let sum = legs(stages).map(area).try_fold(0u128, |sum, area| sum.checked_add(area?));
    sum.and_then(|sum| u64::try_from(sum.div_ceil(USER)).ok()).unwrap_or(u64::MAX)
}

/// When the count of users reaches a point; `None` where it never does.
fn instant_of(stages: &[RateStage], point: f64) -> Option<Duration> {
    let (mut begins, mut count) = (Duration::ZERO, 0.0);
    let mut last = None;
    for (from, stage) in legs(stages) {
        let (from, to, over) = (from.per_second(), stage.rate.per_second(), stage.over.as_secs_f64());
        let area = f64::midpoint(from, to) * over;
        if point < count + area {
            return Some(begins.saturating_add(within(from, to, over, point - count).min(stage.over)));
        }
        count += area;
        begins = begins.saturating_add(stage.over);
        if area > 0.0 {
            last = Some(begins);
        }
    }
    // What rounding has moved just beyond the end.
    last.filter(|_| point - count < 1e-6 * count)
}

/// How long it takes until `count` have come, at a rate that moves from one to another: the root of a parabola.
fn within(from: f64, to: f64, over: f64, count: f64) -> Duration {
    if count <= 0.0 {
        return Duration::ZERO;
    }
    let root = (from * from + 2.0 * (to - from) * count / over).max(0.0).sqrt();
    Duration::try_from_secs_f64(2.0 * count / (from + root)).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests;
