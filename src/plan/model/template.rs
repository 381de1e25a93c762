//! A string of the plan that may hold `{{...}}`, with the node it was written as, so that a mistake in it can be
//! pointed at to the character. It is not parsed here.

use crate::diagnostic::{Sources, Span};
use crate::plan::syntax::{Inner, Key, Node, NodeKind};

/// A string that may hold `{{...}}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    node: Node,
}

impl Template {
    /// The template that a string is; `None` for anything but a string.
    pub fn decode(node: &Node) -> Option<Self> {
        node.text().map(|_| Self { node: node.clone() })
    }

    /// The template that a string, a number or a boolean is, which are written as text.
    pub fn decode_scalar(node: &Node) -> Option<Self> {
        let text = match &node.kind {
            NodeKind::Number(number) => number.to_string(),
            NodeKind::Bool(bool) => bool.to_string(),
            _ => return Self::decode(node),
        };
        Some(Self { node: Node { span: node.span, kind: NodeKind::String(text) } })
    }

    /// The template that a map's key is.
    pub fn from_key(key: &Key) -> Self {
        Self { node: Node { span: key.span, kind: NodeKind::String(key.text.clone()) } }
    }

    /// The text as the author meant it, without YAML's or JSON's quotes and escapes.
    pub fn text(&self) -> &str {
        self.node.text().unwrap_or_default()
    }

    /// Where the whole of it stands.
    pub fn span(&self) -> Span {
        self.node.span
    }

    /// The way from the bytes of the text to where they stand.
    pub fn inner(&self, sources: &Sources) -> Inner {
        self.node.inner(sources)
    }
}
