//! The plan as a whole.

use super::{
    DataFile, Defaults, Fragment, Load, Pool, Scenario, Spanned, Stream, Target, Template, Tls, data,
    delivery, entries, list, pool, spanned, text,
};
use crate::plan::schema::Unread;
use crate::plan::syntax::{Key, Node};

/// A plan, typed.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What it is called in reports.
    pub name: Option<Spanned<String>>,
    /// Where to connect.
    pub target: Option<Target>,
    /// The HTTP proxy that every connection goes through. A constant template.
    pub proxy: Option<Template>,
    /// How TLS is spoken.
    pub tls: Option<Tls>,
    /// Constants for templates.
    pub vars: Vec<Variable>,
    /// Files whose rows users take values from.
    pub data: Vec<DataFile>,
    /// Timeouts, limits and habits.
    pub defaults: Defaults,
    /// How many users, and when.
    pub load: Option<Spanned<Load>>,
    /// The verdict.
    pub thresholds: Vec<Spanned<String>>,
    /// Streams of broadcasts.
    pub delivery: Vec<Stream>,
    /// What a message means that nobody took.
    pub unmatched: Unmatched,
    /// Connections that users share.
    pub pools: Vec<Pool>,
    /// Steps that several places use.
    pub fragments: Vec<Fragment>,
    /// What messages are made of.
    pub protocol: Protocol,
    /// What is done once before them.
    pub setup: Option<Scenario>,
    /// What is done once behind them.
    pub teardown: Option<Scenario>,
    /// What users do.
    pub scenarios: Vec<Scenario>,
    /// What may have stood in the parts that are not understood; whoever checked the shape knows it.
    pub unread: Unread,
}

/// A constant for templates.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// Its name.
    pub name: Key,
    /// Its value; strings in it may hold templates of constants.
    pub value: Node,
}

/// What a message means that no step and no reaction took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unmatched {
    /// Nothing.
    Ignore,
    /// It is counted.
    #[default]
    Count,
    /// It is an error.
    Fail,
}

/// What messages are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// `json`
    #[default]
    Json,
    /// `text`
    Text,
    /// `binary`
    Binary,
}

impl Plan {
    /// Decodes a tree that `schema::check` has seen; `None` where it is not a map at all.
    pub fn decode(root: &Node) -> Option<Self> {
        root.entries()?;
        let variable = |entry: &crate::plan::syntax::Entry| Variable {
            name: entry.key.clone(),
            value: entry.value.clone(),
        };
        let unmatched = match root.lookup("unmatched").and_then(Node::text) {
            Some("ignore") => Unmatched::Ignore,
            Some("fail") => Unmatched::Fail,
            _ => Unmatched::Count,
        };
        Some(Self {
            name: root.lookup("name").and_then(text),
            target: root.lookup("target").and_then(Target::decode),
            proxy: root.lookup("proxy").and_then(Template::decode),
            tls: root.lookup("tls").map(Tls::decode),
            vars: entries(root.lookup("vars")).map(variable).collect(),
            data: data::files(root.lookup("data")),
            defaults: root.lookup("defaults").map(Defaults::decode).unwrap_or_default(),
            load: root.lookup("load").map(|node| spanned(node, Load::decode(node))),
            thresholds: list(root.lookup("thresholds"), text),
            delivery: delivery::streams(root.lookup("delivery")),
            unmatched,
            pools: pool::pools(root.lookup("pools")),
            fragments: entries(root.lookup("fragments"))
                .map(|entry| Fragment::decode(entry.key.clone(), &entry.value))
                .collect(),
            protocol: match root.lookup("protocol").and_then(Node::text) {
                Some("text") => Protocol::Text,
                Some("binary") => Protocol::Binary,
                _ => Protocol::Json,
            },
            setup: Scenario::once(root, "setup"),
            teardown: Scenario::once(root, "teardown"),
            scenarios: entries(root.lookup("scenarios")).filter_map(Scenario::decode).collect(),
            unread: Unread::default(),
        })
    }
}
