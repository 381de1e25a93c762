//! `reconnect`: how a connection is opened again.

use std::time::Duration;

use super::{Spanned, count, duration};
use crate::plan::syntax::{Node, NodeKind};

/// How a connection is opened again. What is not there has its default.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reconnect {
    /// How many attempts in a row may fail.
    pub attempts: Option<Spanned<u64>>,
    /// The pause before the first.
    pub delay: Option<Spanned<Duration>>,
    /// By how much each further pause is longer.
    pub factor: Option<f64>,
    /// The longest pause.
    pub max_delay: Option<Spanned<Duration>>,
    /// By up to which part a pause is longer or shorter.
    pub jitter: Option<f64>,
    /// `then: restart`
    pub restarts: Option<Spanned<bool>>,
}

impl Reconnect {
    pub(super) fn decode(node: &Node) -> Self {
        let number = |key| match &node.lookup(key)?.kind {
            NodeKind::Number(number) => number.as_f64(),
            _ => None,
        };
        let restarts = |node: &Node| Some(Spanned { value: node.text()? == "restart", span: node.span });
        Self {
            attempts: node.lookup("attempts").and_then(count),
            delay: node.lookup("delay").and_then(duration),
            factor: number("factor"),
            max_delay: node.lookup("max_delay").and_then(duration),
            jitter: number("jitter"),
            restarts: node.lookup("then").and_then(restarts),
        }
    }
}
