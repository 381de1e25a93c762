//! `think`: a pause.

use std::time::Duration;

use super::{Spanned, duration};
use crate::plan::syntax::Node;

/// How long to pause.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Think {
    /// `think: 2s`
    Fixed(Spanned<Duration>),
    /// `think: { between: [1s, 3s] }`, evenly, bounds included.
    Between(Spanned<Duration>, Spanned<Duration>),
    /// `think: { normal: { mean: 2s, stddev: 500ms } }`, never below zero.
    Normal {
        /// Its mean.
        mean: Duration,
        /// Its standard deviation.
        stddev: Duration,
    },
    /// `think: { exponential: { mean: 2s } }`
    Exponential {
        /// Its mean.
        mean: Duration,
    },
}

impl Think {
    pub(super) fn decode(node: &Node) -> Option<Self> {
        if let Some(fixed) = duration(node) {
            return Some(Self::Fixed(fixed));
        }
        if let Some([low, high]) = node.lookup("between").and_then(Node::items) {
            return Some(Self::Between(duration(low)?, duration(high)?));
        }
        if let Some(normal) = node.lookup("normal") {
            let value = |key| normal.lookup(key).and_then(duration).map(|d| d.value);
            return Some(Self::Normal { mean: value("mean")?, stddev: value("stddev")? });
        }
        let mean = duration(node.lookup("exponential")?.lookup("mean")?)?.value;
        Some(Self::Exponential { mean })
    }
}
