//! `tls`: whom to trust, and what to show of oneself.

use super::{Spanned, Template, bool};
use crate::diagnostic::Span;
use crate::plan::syntax::Node;

/// The `tls` of a plan; what is not given is `None`. All templates are constant.
#[derive(Debug, Clone, PartialEq)]
pub struct Tls {
    /// A file of certificates (PEM) whose word is taken.
    pub ca: Option<Template>,
    /// A file with a client's certificate and what leads up to it (PEM).
    pub cert: Option<Template>,
    /// A file with its key (PEM).
    pub key: Option<Template>,
    /// What the server is called.
    pub server_name: Option<Template>,
    /// Whether every server is believed.
    pub insecure: bool,
    /// Whether sessions are resumed.
    pub resumption: Option<Spanned<bool>>,
    /// Where it stands.
    pub span: Span,
}

impl Tls {
    pub(super) fn decode(node: &Node) -> Self {
        let template = |key| node.lookup(key).and_then(Template::decode);
        Self {
            ca: template("ca"),
            cert: template("cert"),
            key: template("key"),
            server_name: template("server_name"),
            insecure: node.lookup("insecure").and_then(bool).is_some_and(|insecure| insecure.value),
            resumption: node.lookup("resumption").and_then(bool),
            span: node.span,
        }
    }
}
