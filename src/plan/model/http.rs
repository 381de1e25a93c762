//! `http`: a request over HTTP, and what must hold of the answer. What proves who asks is what a `connect` has as well.

use std::time::Duration;

use super::answer::AnswerCapture;
use super::matcher::{Clause, Matcher};
use super::{Spanned, Template, count, duration, entries, spanned, text};
use crate::diagnostic::Span;
use crate::plan::syntax::{Key, Node, NodeKind};

/// The methods that have a key of their own, and are written in capitals on the wire.
pub const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

/// A request over HTTP.
#[derive(Debug, Clone, PartialEq)]
pub struct Http {
    /// The method as it is sent.
    pub method: Spanned<String>,
    /// A path on the target, or a URL.
    pub url: Template,
    /// Query parameters to be encoded and added.
    pub query: Vec<(Key, Template)>,
    /// Further headers.
    pub headers: Vec<(Key, Template)>,
    /// Who asks.
    pub visitor: Visitor,
    /// What it carries.
    pub content: Option<Content>,
    /// How many redirects are followed.
    pub follow: u64,
    /// What must hold of the answer.
    pub expect: HttpExpect,
    /// Values to keep.
    pub captures: Vec<AnswerCapture>,
    /// How long to wait for the answer.
    pub within: Option<Spanned<Duration>>,
}

/// What tells the server who asks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Visitor {
    /// Cookies beside those of the jar.
    pub cookies: Vec<(Key, Template)>,
    /// User and password of basic authentication (RFC 7617), and where they stand.
    pub basic: Option<(Span, Template, Template)>,
    /// The token of bearer authentication (RFC 6750).
    pub bearer: Option<Template>,
}

/// What a request carries.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// `json: { user: ann }`
    Json(Node),
    /// `form: { user: ann }`
    Form(Vec<(Key, Template)>),
    /// `text: hello`
    Text(Template),
}

/// What must hold of an answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HttpExpect {
    /// One of these; none is what is usual.
    pub statuses: Vec<Status>,
    /// By name, each a text.
    pub headers: Vec<Clause>,
    /// Of the body.
    pub body: Option<Matcher>,
}

/// A status, or all of a hundred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// `404`
    Exactly(u16),
    /// `4xx`
    Class(u16),
}

impl Http {
    pub(super) fn decode(node: &Node) -> Option<Self> {
        let own = entries(Some(node)).find(|entry| METHODS.contains(&entry.key.text.as_str()));
        let (method, url) = match own {
            Some(entry) => {
                let method = Spanned { value: entry.key.text.to_ascii_uppercase(), span: entry.key.span };
                (method, Template::decode(&entry.value)?)
            }
            None => (text(node.lookup("method")?)?, Template::decode(node.lookup("url")?)?),
        };
        Some(Self {
            method,
            url,
            query: pairs(node.lookup("query")),
            headers: pairs(node.lookup("headers")),
            visitor: Visitor::decode(node),
            content: Content::decode(node),
            follow: node.lookup("follow").and_then(count).map_or(0, |follow| follow.value),
            expect: node.lookup("expect").map(HttpExpect::decode).unwrap_or_default(),
            captures: node.lookup("capture").map(AnswerCapture::decode).unwrap_or_default(),
            within: node.lookup("within").and_then(duration),
        })
    }
}

/// The keys of a map and their values, as texts.
pub(super) fn pairs(node: Option<&Node>) -> Vec<(Key, Template)> {
    entries(node)
        .filter_map(|entry| Some((entry.key.clone(), Template::decode_scalar(&entry.value)?)))
        .collect()
}

impl Visitor {
    /// The keys of a `connect` or an `http`.
    pub(super) fn decode(node: &Node) -> Self {
        let basic = |node: &Node| {
            let part = |key| node.lookup(key).and_then(Template::decode_scalar);
            Some((node.span, part("user")?, part("password")?))
        };
        Self {
            cookies: pairs(node.lookup("cookies")),
            basic: node.lookup("basic").and_then(basic),
            bearer: node.lookup("bearer").and_then(Template::decode),
        }
    }
}

impl Content {
    fn decode(node: &Node) -> Option<Self> {
        if let Some(json) = node.lookup("json") {
            return Some(Self::Json(json.clone()));
        }
        if let Some(form) = node.lookup("form") {
            return Some(Self::Form(pairs(Some(form))));
        }
        node.lookup("text").and_then(Template::decode_scalar).map(Self::Text)
    }
}

impl HttpExpect {
    fn decode(node: &Node) -> Self {
        let statuses = match node.lookup("status") {
            Some(list) if list.items().is_some() => {
                list.items().unwrap_or_default().iter().filter_map(Status::decode).collect()
            }
            Some(one) => Status::decode(one).into_iter().collect(),
            None => Vec::new(),
        };
        Self {
            statuses,
            headers: node.lookup("headers").map(Clause::decode_headers).unwrap_or_default(),
            body: node.lookup("body").map(Matcher::decode),
        }
    }
}

impl Status {
    fn decode(node: &Node) -> Option<Self> {
        match &node.kind {
            NodeKind::Number(number) => u16::try_from(number.as_u64()?).ok().map(Self::Exactly),
            NodeKind::String(class) => {
                class.strip_suffix("xx")?.parse().ok().map(|hundreds: u16| Self::Class(hundreds))
            }
            _ => None,
        }
    }
}

/// A status with its place.
pub(super) fn status(node: &Node) -> Option<Spanned<u16>> {
    count(node).and_then(|status| Some(spanned(node, u16::try_from(status.value).ok()?)))
}
