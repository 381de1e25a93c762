//! Text to spanned nodes. YAML and JSON give the same tree; no plan word is known here.

mod node;

pub use node::{Entry, Key, Node, NodeKind};
