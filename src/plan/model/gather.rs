//! The forms of `expect` that are not over with the first message that matches: `count`, `any_order`, `absent` and
//! `at_most`.

use std::time::Duration;

use super::{Capture, Expect, Matcher, Spanned, count, duration};
use crate::plan::schema::nouns::awaited_is_short;
use crate::plan::syntax::Node;

/// A wait for several messages, or for none.
#[derive(Debug, Clone, PartialEq)]
pub struct Gather {
    /// Which messages: one description, or those of `any_order`.
    pub wanted: Vec<Wanted>,
    /// How many of them.
    pub quota: Quota,
    /// How long to wait; `absent` says it too.
    pub within: Option<Spanned<Duration>>,
}

/// A message that is waited for among others.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Which message.
    pub filter: Matcher,
    /// What must hold of it.
    pub assert: Option<Matcher>,
    /// Values to keep.
    pub captures: Vec<Capture>,
    /// The stream that it is a copy of.
    pub deliver: Option<Spanned<String>>,
}

/// How many messages are waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    /// `count: 10`
    Count(u64),
    /// `any_order: [...]`
    EachOnce,
    /// `at_most: 3`, for the whole of `within`; 0 is `absent: 2s`
    AtMost(u64),
}

impl Gather {
    /// `None` for an `expect` of one message.
    pub(super) fn decode(node: &Node) -> Option<Self> {
        let within = node.lookup("within").and_then(duration);
        if let Some(list) = node.lookup("any_order") {
            let wanted = list.items().unwrap_or_default().iter().map(Wanted::decode).collect();
            return Some(Self { wanted, quota: Quota::EachOnce, within });
        }
        let number = |node: &Node| count(node).map_or(1, |count| count.value);
        let (quota, within) = if let Some(length) = node.lookup("absent") {
            (Quota::AtMost(0), duration(length))
        } else if let Some(most) = node.lookup("at_most") {
            (Quota::AtMost(number(most)), within)
        } else {
            (Quota::Count(number(node.lookup("count")?)), within)
        };
        let Expect { filter, assert, captures, deliver, .. } = Expect::decode(node);
        Some(Self { wanted: vec![Wanted { filter, assert, captures, deliver }], quota, within })
    }

    /// All that it keeps.
    pub fn captures(&self) -> impl Iterator<Item = &Capture> {
        self.wanted.iter().flat_map(|wanted| &wanted.captures)
    }
}

impl Wanted {
    fn decode(node: &Node) -> Self {
        if awaited_is_short(node) {
            return Self { filter: Matcher::decode(node), assert: None, captures: Vec::new(), deliver: None };
        }
        let Expect { filter, assert, captures, deliver, .. } = Expect::decode_long(node, "where");
        Self { filter, assert, captures, deliver }
    }
}
