//! `load`, of the plan and of a scenario: how many users, and when.

use std::time::Duration;

use super::{Search, Spanned, count, duration, entries, list, rate, spanned, text};
use crate::plan::syntax::{Entry, Key, Node, NodeKind};
use crate::quantity::Rate;

/// The `load` of a plan or of a scenario; what is not given is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Load {
    /// How long after the run's start it begins.
    pub start: Option<Spanned<Duration>>,
    /// How many users.
    pub users: Option<Spanned<u64>>,
    /// Over how long they start.
    pub ramp: Option<Spanned<Duration>>,
    /// How many of them start in a second.
    pub rate: Option<Spanned<Rate>>,
    /// How long the run lasts.
    pub duration: Option<Spanned<Duration>>,
    /// How many times each user runs its scenario.
    pub iterations: Option<Spanned<u64>>,
    /// The number of users over time.
    pub stages: Vec<Stage>,
    /// Numbers of users one after the other.
    pub cycles: Vec<Spanned<u64>>,
    /// Users that come at a rate.
    pub arrivals: Option<Spanned<Arrivals>>,
    /// Users that come many at once.
    pub bursts: Option<Spanned<Bursts>>,
    /// Kinds of users by how active they are.
    pub profiles: Vec<UserProfile>,
    /// Levels that are tried until something breaks.
    pub search: Option<Spanned<Search>>,
}

/// A kind of user.
#[derive(Debug, Clone, PartialEq)]
pub struct UserProfile {
    /// Its name.
    pub name: Key,
    /// Its share of the users.
    pub weight: Option<Spanned<u64>>,
    /// What think times are multiplied by.
    pub think: Option<f64>,
}

/// Users that come at a rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrivals {
    /// How many come.
    pub rate: Option<Spanned<Rate>>,
    /// For how long.
    pub over: Option<Spanned<Duration>>,
    /// In place of the two.
    pub stages: Vec<RateStage>,
    /// Whether they come as a Poisson process.
    pub is_poisson: bool,
    /// How many may be there at a time.
    pub max_users: Option<Spanned<u64>>,
    /// Whether it says for how long, also where that is not understood.
    pub has_end: bool,
}

/// A stretch of a rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateStage {
    /// The rate at its end.
    pub rate: Spanned<Rate>,
    /// How long it takes to get there.
    pub over: Spanned<Duration>,
}

/// Users that come many at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Bursts {
    /// How many.
    pub users: Spanned<u64>,
    /// From one burst to the next.
    pub every: Spanned<Duration>,
    /// How many bursts.
    pub times: Option<Spanned<u64>>,
    /// Over how long they come.
    pub over: Option<Spanned<Duration>>,
    /// How many may be there at a time.
    pub max_users: Option<Spanned<u64>>,
    /// Whether it says how often, also where that is not understood.
    pub has_end: bool,
}

/// A stretch of the load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stage {
    /// The number of users at its end.
    pub users: Spanned<u64>,
    /// How long it takes to get there.
    pub over: Spanned<Duration>,
}

impl Load {
    pub(super) fn decode(node: &Node) -> Self {
        let stage = |node: &Node| {
            let (users, over) = (node.lookup("users")?, node.lookup("over")?);
            Some(Stage { users: count(users)?, over: duration(over)? })
        };
        Self {
            start: node.lookup("start").and_then(duration),
            users: node.lookup("users").and_then(count),
            ramp: node.lookup("ramp").and_then(duration),
            rate: node.lookup("rate").and_then(rate),
            duration: node.lookup("duration").and_then(duration),
            iterations: node.lookup("iterations").and_then(count),
            stages: list(node.lookup("stages"), stage),
            cycles: list(node.lookup("cycles"), count),
            arrivals: node.lookup("arrivals").and_then(|node| Some(spanned(node, Arrivals::decode(node)?))),
            profiles: entries(node.lookup("profiles")).filter_map(UserProfile::decode).collect(),
            bursts: node.lookup("bursts").and_then(|node| Some(spanned(node, Bursts::decode(node)?))),
            search: node.lookup("search").and_then(|node| Some(spanned(node, Search::decode(node)?))),
        }
    }
}

impl UserProfile {
    fn decode(entry: &Entry) -> Option<Self> {
        let node = &entry.value;
        node.entries()?;
        let think = match &node.lookup("think").map(|node| &node.kind) {
            Some(NodeKind::Number(number)) => number.as_f64(),
            _ => None,
        };
        Some(Self { name: entry.key.clone(), weight: node.lookup("weight").and_then(count), think })
    }
}

impl Arrivals {
    fn decode(node: &Node) -> Option<Self> {
        node.entries()?;
        let stage = |node: &Node| {
            let (rate_node, over) = (node.lookup("rate")?, node.lookup("over")?);
            Some(RateStage { rate: rate(rate_node)?, over: duration(over)? })
        };
        Some(Self {
            rate: node.lookup("rate").and_then(rate),
            over: node.lookup("over").and_then(duration),
            stages: list(node.lookup("stages"), stage),
            is_poisson: node.lookup("spacing").and_then(text).is_some_and(|word| word.value == "poisson"),
            max_users: node.lookup("max_users").and_then(count),
            has_end: node.lookup("over").or(node.lookup("stages")).is_some(),
        })
    }
}

impl Bursts {
    fn decode(node: &Node) -> Option<Self> {
        Some(Self {
            users: node.lookup("users").and_then(count)?,
            every: node.lookup("every").and_then(duration)?,
            times: node.lookup("times").and_then(count),
            over: node.lookup("over").and_then(duration),
            max_users: node.lookup("max_users").and_then(count),
            has_end: node.lookup("times").is_some(),
        })
    }
}
