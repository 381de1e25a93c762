//! A scenario and its reactions.

use super::block::steps;
use super::{Body, Capture, Load, Matcher, OnFailure, Spanned, Step, Template, count, list, text};
use crate::diagnostic::Span;
use crate::plan::syntax::{Entry, Key, Node, NodeKind};

/// What one kind of user does.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Its name.
    pub name: Key,
    /// Its share of the users, relative to the others'.
    pub weight: Option<Spanned<u64>>,
    /// Exactly how many of the users.
    pub users: Option<Spanned<u64>>,
    /// A load of its own.
    pub load: Option<Load>,
    /// Reactions to messages, in every state.
    pub always: Vec<Reaction>,
    /// What a user does when a step fails.
    pub on_failure: Option<OnFailure>,
    /// What it does, in order.
    pub steps: Vec<Step>,
}

/// What to do with a message whenever it comes.
#[derive(Debug, Clone, PartialEq)]
pub struct Reaction {
    /// Where it stands.
    pub span: Span,
    /// Which messages.
    pub when: Matcher,
    /// Of which connection.
    pub on: Option<Spanned<String>>,
    /// Values to keep.
    pub captures: Vec<Capture>,
    /// The stream that it is a copy of.
    pub deliver: Option<Spanned<String>>,
    /// Whether the message goes back as it came.
    pub echo: bool,
    /// An answer.
    pub send: Option<Body>,
    /// A line for the log.
    pub log: Option<Template>,
    /// Fails the user with this reason.
    pub fail: Option<Template>,
}

impl Scenario {
    pub(super) fn decode(entry: &Entry) -> Option<Self> {
        let node = &entry.value;
        node.entries()?;
        Some(Self {
            name: entry.key.clone(),
            weight: node.lookup("weight").and_then(count),
            users: node.lookup("users").and_then(count),
            load: node.lookup("load").map(Load::decode),
            always: list(node.lookup("always"), Reaction::decode),
            on_failure: node.lookup("on_failure").and_then(OnFailure::decode),
            steps: steps(node.lookup("steps")),
        })
    }
}

impl Scenario {
    /// `setup` and `teardown`: steps of a user of its own.
    pub(super) fn once(plan: &Node, key: &str) -> Option<Self> {
        let entry = plan.entries()?.iter().find(|entry| entry.key.text == key)?;
        entry.value.items()?;
        Some(Self {
            name: entry.key.clone(),
            weight: None,
            users: None,
            load: None,
            always: Vec::new(),
            on_failure: Some(OnFailure::Stop),
            steps: list(Some(&entry.value), |step| Some(Step::decode(step))),
        })
    }
}

impl Reaction {
    fn decode(node: &Node) -> Option<Self> {
        node.entries()?;
        Some(Self {
            span: node.span,
            when: node.lookup("when").map_or_else(|| Matcher::missing(node.span), Matcher::decode),
            on: node.lookup("on").and_then(text),
            captures: node.lookup("capture").map(Capture::decode).unwrap_or_default(),
            deliver: node.lookup("deliver").and_then(text),
            echo: node.lookup("echo").is_some_and(|node| node.kind == NodeKind::Bool(true)),
            send: node.lookup("send").and_then(Body::decode),
            log: node.lookup("log").and_then(Template::decode),
            fail: node.lookup("fail").and_then(Template::decode),
        })
    }
}
