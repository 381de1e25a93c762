//! A capture: what is kept of a message, and under which name:
//! `{ token: $.token, id: { regex: "id=(\\d+)", group: 1 }, room: { path: $.url, regex: "room/(?<room>.+)", group: room } }`.

use crate::plan::syntax::{Entry, Key, Node, NodeKind};

/// One name of a `capture`.
#[derive(Debug, Clone, PartialEq)]
pub struct Capture {
    /// The name it is kept under.
    pub name: Key,
    /// The JSONPath whose node is kept, or whose string the pattern is searched in; a string node.
    pub path: Option<Node>,
    /// The pattern searched for, in the string at the path or else in the text of the message; a string node.
    pub regex: Option<Node>,
    /// Which group of the pattern is kept.
    pub group: Option<Group>,
}

/// A group of a pattern, and where it is named.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Which.
    pub reference: GroupReference,
    /// The node that says it.
    pub node: Node,
}

/// How a group is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupReference {
    /// By number; 0 is the whole match.
    Number(usize),
    /// By name.
    Name(String),
}

impl Capture {
    /// All of a `capture`, in the order they are written. What has the wrong shape was reported and is left out.
    pub fn decode(node: &Node) -> Vec<Self> {
        node.entries().unwrap_or_default().iter().filter_map(Self::decode_one).collect()
    }

    pub(super) fn decode_one(entry: &Entry) -> Option<Self> {
        let name = entry.key.clone();
        if entry.value.text().is_some() {
            return Some(Self { name, path: Some(entry.value.clone()), regex: None, group: None });
        }
        let string = |key| entry.value.lookup(key).filter(|node| node.text().is_some()).cloned();
        let (path, regex) = (string("path"), string("regex"));
        let group = match entry.value.lookup("group") {
            Some(node) => Some(Group::decode(node)?),
            None => None,
        };
        (path.is_some() || regex.is_some()).then_some(Self { name, path, regex, group })
    }
}

impl Group {
    pub(super) fn decode(node: &Node) -> Option<Self> {
        let reference = match &node.kind {
            NodeKind::Number(number) => GroupReference::Number(usize::try_from(number.as_u64()?).ok()?),
            NodeKind::String(name) => GroupReference::Name(name.clone()),
            _ => return None,
        };
        Some(Self { reference, node: node.clone() })
    }
}
