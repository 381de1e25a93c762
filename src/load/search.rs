//! The search for the load at which something breaks: a pure function of the levels that were tried, to the next one.
//!
//! It grows by doubling until a level breaks, then halves the bracket between the highest level that held and the lowest
//! that broke. What breaks once may have had bad luck (another process, a pause to collect garbage), so that **the lowest
//! level that broke is tried once more before it is the answer**: if it holds then, the search goes on above it. Any
//! other level is tried once. Where the system is not monotonic, the answer is still a level that held with one that
//! broke twice right above it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Arrivals, Flow, Profile, RateStage, Shape, Spacing};
use crate::quantity::Rate;

/// What to search, and how closely.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Search {
    /// What a level is a number of.
    pub unit: Unit,
    /// The first level.
    pub from: u64,
    /// The highest level that is tried.
    pub to: u64,
    /// The bracket is narrow enough when it is at most so much of its upper end, 0 to 1.
    pub precision: f64,
    /// How long a level takes to be reached, which is not measured.
    pub settle: Duration,
    /// For how long it is measured at least.
    pub hold: Duration,
}

/// What a level is a number of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Users at a time.
    Users,
    /// Users that arrive, in thousandths an hour, of whom so many may be in the run at a time.
    Arrivals {
        /// Who comes beyond that is turned away.
        max_users: u64,
        /// How often each of them runs its scenario.
        iterations: u64,
    },
}

/// A level that was tried, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The level.
    pub level: u64,
    /// Whether nothing broke.
    pub has_held: bool,
}

/// What follows from the trials so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// This level is to be tried.
    Level(u64),
    /// The search is over.
    Done(Bracket),
}

/// Between what the load lies at which something breaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bracket {
    /// The highest level that held.
    pub held: Option<u64>,
    /// The lowest above it that broke, and did not hold when it was tried again.
    pub broke: Option<u64>,
}

impl Search {
    /// The next level, or what was found. There is an end to it: no level is tried more than twice.
    pub fn next(&self, history: &[Trial]) -> Next {
        let bracket = bracket(history);
        let (from, to) = (self.from.max(1).min(self.to.max(1)), self.to.max(1));
        match (bracket.held, bracket.broke) {
            (None, None) => Next::Level(from),
            (Some(held), None) if held >= to => Next::Done(bracket),
            (Some(held), None) => Next::Level(held.saturating_mul(2).min(to)),
            (held, Some(broke)) => match held.filter(|held| !self.is_narrow(*held, broke)) {
                Some(held) => Next::Level(held + (broke - held) / 2),
                None if is_confirmed(history, broke) => Next::Done(bracket),
                None => Next::Level(broke),
            },
        }
    }

    /// The most users at one time.
    pub fn peak_users(&self) -> u64 {
        match self.unit {
            Unit::Users => self.to.max(1),
            Unit::Arrivals { max_users, .. } => max_users,
        }
    }

    /// The load of the highest level alone.
    pub(super) fn highest_level(&self) -> Shape {
        let end = self.settle.saturating_add(self.hold);
        match self.unit {
            Unit::Users => Profile::with_users(self.to, self.settle, Some(end), None).into(),
            Unit::Arrivals { max_users, iterations } => {
                let stages = [self.settle, self.hold].map(|over| RateStage { rate: rate(self.to), over });
                let flow = Flow::Rates { stages: stages.into(), spacing: Spacing::Even };
                Arrivals { flow, max_users, iterations, duration: Some(end) }.into()
            }
        }
    }

    fn is_narrow(&self, held: u64, broke: u64) -> bool {
        let gap = broke - held;
        let step = match self.unit {
            Unit::Users => 1,
            // A thousandth a second.
            Unit::Arrivals { .. } => 3600,
        };
        gap <= step || gap as f64 <= broke as f64 * self.precision
    }
}

/// A level of arrivals as the rate at which they come.
pub fn rate(level: u64) -> Rate {
    Rate::from_thousandths_an_hour(level)
}

/// What the trials say: the last of a level is what counts.
pub fn bracket(history: &[Trial]) -> Bracket {
    let last: BTreeMap<u64, bool> = history.iter().map(|trial| (trial.level, trial.has_held)).collect();
    let held = last.iter().rev().find(|(_, has_held)| **has_held).map(|(level, _)| *level);
    let is_above = |level: u64| held.is_none_or(|held| level > held);
    let broke =
        last.iter().find(|(level, has_held)| !**has_held && is_above(**level)).map(|(level, _)| *level);
    Bracket { held, broke }
}

fn is_confirmed(history: &[Trial], level: u64) -> bool {
    history.iter().filter(|trial| trial.level == level).count() > 1
}

#[cfg(test)]
mod tests;
