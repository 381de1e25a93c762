//! `load: { search: ... }`: which levels are tried, and what breaks them.

use std::time::Duration;

use super::{Spanned, count, duration, list, rate, share, text};
use crate::plan::syntax::Node;
use crate::quantity::Rate;

/// A search for the load at which something breaks.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// Between what.
    pub levels: Levels,
    /// What breaks a level: thresholds.
    pub until: Vec<Spanned<String>>,
    /// How long each level is measured.
    pub hold: Option<Spanned<Duration>>,
    /// How long it takes to get to one.
    pub settle: Option<Spanned<Duration>>,
    /// How far apart what held and what broke may be, 0 to 1.
    pub precision: Option<Spanned<f64>>,
    /// How many users may be there at a time where they come at a rate.
    pub max_users: Option<Spanned<u64>>,
}

/// The first level and the last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Levels {
    /// Of users at a time.
    Users(Spanned<u64>, Spanned<u64>),
    /// Of users that come.
    Rate(Spanned<Rate>, Spanned<Rate>),
}

impl Search {
    pub(super) fn decode(node: &Node) -> Option<Self> {
        let users =
            |node: &Node| Some(Levels::Users(count(node.lookup("from")?)?, count(node.lookup("to")?)?));
        let rates = |node: &Node| Some(Levels::Rate(rate(node.lookup("from")?)?, rate(node.lookup("to")?)?));
        Some(Self {
            levels: node.lookup("users").and_then(users).or_else(|| node.lookup("rate").and_then(rates))?,
            until: list(node.lookup("until"), text),
            hold: node.lookup("hold").and_then(duration),
            settle: node.lookup("settle").and_then(duration),
            precision: node.lookup("precision").and_then(share),
            max_users: node.lookup("max_users").and_then(count),
        })
    }
}
