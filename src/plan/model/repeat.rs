//! `loop`: steps and how often.

use std::time::Duration;

use super::block::steps;
use super::{Matcher, Spanned, Step, count, duration, text};
use crate::plan::syntax::{Key, Node, NodeKind};

/// Steps to repeat.
#[derive(Debug, Clone, PartialEq)]
pub struct Repeat {
    /// How often.
    pub until: Until,
    /// `every: 100ms`: how far apart the rounds are due.
    pub every: Option<Spanned<Duration>>,
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
    /// `over: [a, b]`: once for each item.
    Over {
        /// A list, or a template that gives one.
        list: Node,
        /// `as: room`: what the round's item is called.
        item: Option<Key>,
    },
    /// `over: { data: account }`: once for each row of a data file.
    Rows {
        /// The file's name.
        file: Spanned<String>,
        /// `as: room`, which is for lists.
        item: Option<Key>,
    },
    /// Something that was reported; the steps can still be looked at.
    Invalid,
}

impl Repeat {
    pub(super) fn decode(node: &Node) -> Option<Self> {
        node.entries()?;
        let steps = steps(node.lookup("steps"));
        let every = node.lookup("every").and_then(duration);
        Some(Self { until: Until::decode(node).unwrap_or(Until::Invalid), every, steps })
    }
}

impl Until {
    fn decode(node: &Node) -> Option<Self> {
        if let Some(times) = node.lookup("times") {
            return count(times).map(Self::Times);
        }
        if let Some(length) = node.lookup("for") {
            return duration(length).map(Self::For);
        }
        if let Some(condition) = node.lookup("while") {
            return Some(Self::While(Matcher::decode_variables(condition)));
        }
        if let Some(list) = node.lookup("over") {
            let item = node.lookup("as").and_then(text).map(|name| Key { text: name.value, span: name.span });
            return match list.kind {
                NodeKind::Map(_) => list.lookup("data").and_then(text).map(|file| Self::Rows { file, item }),
                NodeKind::List(_) | NodeKind::String(_) => Some(Self::Over { list: list.clone(), item }),
                _ => None,
            };
        }
        node.lookup("forever").filter(|node| node.kind == NodeKind::Bool(true)).map(|_| Self::Forever)
    }
}
