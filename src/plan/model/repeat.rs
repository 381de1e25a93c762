//! `loop`: steps and how often.

use std::time::Duration;

use super::{Matcher, Spanned, Step, count, duration, list};
use crate::plan::syntax::{Node, NodeKind};

/// Steps to repeat.
#[derive(Debug, Clone, PartialEq)]
pub struct Repeat {
    /// How often.
    pub until: Until,
    /// What.
    pub steps: Vec<Step>,
}

/// How often steps are repeated.
#[derive(Debug, Clone, PartialEq)]
pub enum Until {
    /// `times: 10`
    Times(Spanned<u64>),
    /// `for: 30s`; a round that has begun is finished.
    For(Spanned<Duration>),
    /// `forever: true`, until the run ends.
    Forever,
    /// `while: { n: { lt: 5 } }`, asked before each round.
    While(Matcher),
}

impl Repeat {
    pub(super) fn decode(node: &Node) -> Option<Self> {
        let until = if let Some(times) = node.lookup("times") {
            Until::Times(count(times)?)
        } else if let Some(length) = node.lookup("for") {
            Until::For(duration(length)?)
        } else if let Some(condition) = node.lookup("while") {
            Until::While(Matcher::decode_variables(condition)?)
        } else if node.lookup("forever").is_some_and(|node| node.kind == NodeKind::Bool(true)) {
            Until::Forever
        } else {
            return None;
        };
        Some(Self { until, steps: list(node.lookup("steps"), Step::decode) })
    }
}
