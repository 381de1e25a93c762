//! The typed plan, one file a noun. Each noun is decoded from the tree that `schema` has checked: what has the wrong
//! shape was reported there, so decoding skips it in silence and keeps the rest, for later stages to find more in.

pub mod answer;
mod block;
mod body;
pub mod capture;
mod connect;
mod control;
pub mod data;
mod defaults;
mod deflate;
pub mod delivery;
mod expect;
pub mod fragment;
mod gather;
pub mod http;
mod load;
pub mod matcher;
mod plan;
mod pool;
mod reconnect;
mod repeat;
mod scenario;
mod search;
mod step;
mod target;
mod template;
mod think;
mod tls;

pub use block::{Barrier, Choice, If, Stop};
pub use body::{Body, Encoding};
pub use capture::Capture;
pub use connect::Connect;
pub use control::{ExpectClose, Ping};
pub use data::DataFile;
pub use defaults::{Defaults, OnFailure};
pub use deflate::Deflate;
pub use delivery::{Modifiers, Publish, Stream};
pub use expect::{Expect, Request};
pub use fragment::{Fragment, Use};
pub use gather::{Gather, Quota, Wanted};
pub use http::Http;
pub use load::{Arrivals, Bursts, Load, RateStage, Stage, UserProfile};
pub use matcher::Matcher;
pub use plan::{Plan, Protocol, Unmatched, Variable};
pub use pool::{Borrow, Pool};
pub use reconnect::Reconnect;
pub use repeat::{Repeat, Until};
pub use scenario::{Reaction, Scenario};
pub use search::{Levels, Search};
pub use step::{Assignment, Close, Step, Verb};
pub use target::Target;
pub use template::Template;
pub use think::Think;
pub use tls::Tls;

use std::time::Duration;

use super::syntax::{Entry, Node, NodeKind};
use crate::diagnostic::Span;
use crate::quantity::{Rate, parse_duration, parse_rate, parse_share, parse_size};

/// A value and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

fn spanned<T>(node: &Node, value: T) -> Spanned<T> {
    Spanned { value, span: node.span }
}

fn text(node: &Node) -> Option<Spanned<String>> {
    node.text().map(|text| spanned(node, text.to_owned()))
}

fn bool(node: &Node) -> Option<Spanned<bool>> {
    match node.kind {
        NodeKind::Bool(bool) => Some(spanned(node, bool)),
        _ => None,
    }
}

fn count(node: &Node) -> Option<Spanned<u64>> {
    match &node.kind {
        NodeKind::Number(number) => number.as_u64().map(|n| spanned(node, n)),
        _ => None,
    }
}

fn duration(node: &Node) -> Option<Spanned<Duration>> {
    parse_duration(node.text()?).map(|duration| spanned(node, duration))
}

fn rate(node: &Node) -> Option<Spanned<Rate>> {
    parse_rate(node.text()?).map(|rate| spanned(node, rate))
}

fn share(node: &Node) -> Option<Spanned<f64>> {
    parse_share(node.text()?).map(|share| spanned(node, share))
}

fn size(node: &Node) -> Option<Spanned<u64>> {
    parse_size(node.text()?).map(|bytes| spanned(node, bytes))
}

fn list<T>(node: Option<&Node>, decode: impl Fn(&Node) -> Option<T>) -> Vec<T> {
    node.and_then(Node::items).unwrap_or_default().iter().filter_map(decode).collect()
}

fn entries(node: Option<&Node>) -> impl Iterator<Item = &Entry> {
    node.and_then(Node::entries).unwrap_or_default().iter()
}
