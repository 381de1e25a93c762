//! Blocks: steps that are done on a condition, and steps of which one list is drawn; and what leaves them.

use std::time::Duration;

use super::{Matcher, Spanned, Step, count, duration, list, text};
use crate::diagnostic::Span;
use crate::plan::syntax::Node;

/// `if`: what is done depends on variables.
#[derive(Debug, Clone, PartialEq)]
pub struct If {
    /// What must hold of variables.
    pub when: Matcher,
    /// What is done where it holds.
    pub then: Vec<Step>,
    /// `else`: what is done where it does not.
    pub otherwise: Option<Vec<Step>>,
}

/// One of the lists of steps of a `choose`.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Where it stands.
    pub span: Span,
    /// Its share, relative to the others'.
    pub weight: Option<Spanned<u64>>,
    /// What is done.
    pub steps: Vec<Step>,
}

/// `barrier`: where users wait for one another.
#[derive(Debug, Clone, PartialEq)]
pub struct Barrier {
    /// Its name.
    pub name: Spanned<String>,
    /// How many go on together.
    pub users: Option<Spanned<u64>>,
    /// How long to wait.
    pub within: Option<Spanned<Duration>>,
}

impl Barrier {
    pub(super) fn decode(node: &Node) -> Option<Self> {
        Some(Self {
            name: text(node).or_else(|| node.lookup("name").and_then(text))?,
            users: node.lookup("users").and_then(count),
            within: node.lookup("within").and_then(duration),
        })
    }
}

/// `stop`: what ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The iteration.
    Iteration,
    /// The user's part in the run.
    User,
    /// The run.
    Run,
}

impl Stop {
    pub(super) fn decode(node: &Node) -> Option<Self> {
        Some(match node.text()? {
            "iteration" => Self::Iteration,
            "user" => Self::User,
            "run" => Self::Run,
            _ => return None,
        })
    }
}

impl If {
    pub(super) fn decode(node: &Node) -> Option<Self> {
        node.entries()?;
        Some(Self {
            when: node.lookup("when").map_or_else(|| Matcher::missing(node.span), Matcher::decode_variables),
            then: steps(node.lookup("then")),
            otherwise: node.lookup("else").map(|node| steps(Some(node))),
        })
    }
}

/// The lists of steps of a `choose`.
pub(super) fn choices(node: &Node) -> Vec<Choice> {
    list(Some(node), |node| {
        let first = node.entries()?.first();
        Some(Choice {
            span: first.map_or(node.span, |entry| entry.key.span),
            weight: node.lookup("weight").and_then(count),
            steps: steps(node.lookup("steps")),
        })
    })
}

pub(super) fn steps(node: Option<&Node>) -> Vec<Step> {
    list(node, |step| Some(Step::decode(step)))
}
