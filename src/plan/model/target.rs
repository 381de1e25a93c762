//! `target`: where to connect.

use super::{Template, list};
use crate::plan::syntax::{Node, NodeKind};

/// Where to connect. Constant templates.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// One, or several that can stand in for one another.
    pub urls: Vec<Template>,
    /// Whether each user tries them in an order of its own.
    pub is_random: bool,
}

impl Target {
    /// `None` where no text of it was understood.
    pub(super) fn decode(node: &Node) -> Option<Self> {
        let urls = match node.kind {
            NodeKind::List(_) => list(Some(node), Template::decode),
            NodeKind::Map(_) => list(node.lookup("urls"), Template::decode),
            _ => Template::decode(node).into_iter().collect(),
        };
        let is_random = node.lookup("order").and_then(Node::text) == Some("random");
        (!urls.is_empty()).then_some(Self { urls, is_random })
    }
}
