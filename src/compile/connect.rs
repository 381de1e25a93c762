//! Lowering of `connect`: the path, its query, and headers that can be sent.

use std::time::Duration;

use http::uri::PathAndQuery;

use super::Compiler;
use crate::diagnostic::{Diagnostic, Span, codes};
use crate::plan::model;
use crate::plan::syntax::{Key, Node, NodeKind};
use crate::program::{
    Connect, ConnectTimers, Deflate, Escape, Expr, Segment, Template, Url, is_handshake_header,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

impl Compiler<'_, '_> {
    pub(super) fn connect(&mut self, connect: &model::Connect, name: &str) -> Connect {
        self.offered_once(&connect.subprotocols);
        let query = self.query(&connect.query);
        let path = connect.path.as_ref().map(|path| self.path(path));
        let url = connect.url.as_ref().map(|url| self.url(url));
        // What is only known while running may be secure, where it does not begin as what is not.
        let is_plain = connect.url.as_ref().is_some_and(|url| url.text().starts_with("ws:"));
        let may_be_secure = match &url {
            Some((_, Some(url))) => url.is_secure(),
            Some((_, None)) => !is_plain,
            None => self.way.is_secure,
        };
        let has_several_targets = self.has_several_targets && url.is_none();
        Connect {
            url: url.map(|(template, _)| template),
            path,
            query,
            headers: self.headers(&connect.headers, &connect.visitor, connect.origin.as_ref()),
            subprotocols: connect.subprotocols.iter().map(|name| self.subprotocol(name)).collect(),
            deflate: connect.deflate.as_ref().map(deflate),
            origin: connect.origin.as_ref().map(|origin| self.template(origin)),
            visitor: self.visitor(&connect.visitor),
            expect: self.upgrade_expect(connect),
            timeout: connect.timeout.or(self.defaults.connect_timeout).map_or(CONNECT_TIMEOUT, |d| d.value),
            timers: ConnectTimers {
                dns: self.timer(format!("{name}.dns")),
                tcp: self.timer(format!("{name}.tcp")),
                proxy: self.way.is_proxied.then(|| self.timer(format!("{name}.proxy"))),
                tls: may_be_secure.then(|| self.timer(format!("{name}.tls"))),
                upgrade: self.timer(format!("{name}.upgrade")),
                total: self.timer(format!("{name}.total")),
                failover: has_several_targets.then(|| self.timer(format!("{name}.failover"))),
            },
            reconnect: connect.reconnect.as_ref().map(|reconnect| self.reconnect(reconnect, name)),
            on_connected: None,
        }
    }

    /// Where to connect instead of the target, and the same parsed where it is known.
    fn url(&mut self, written: &model::Template) -> (Template, Option<Url>) {
        let template = self.text_template(written, Escape::None);
        let known = template.as_literal().and_then(|bytes| std::str::from_utf8(bytes).ok());
        // An empty one is a stand-in for one that was reported.
        let known = known.filter(|text| !text.is_empty()).map(Url::parse);
        if let Some(Err(error)) = &known {
            self.diagnostics.push(
                Diagnostic::new(codes::BAD_TARGET, format!("this cannot be connected to: {error}"))
                    .label(written.span(), "to connect to")
                    .help("write ws://host:port/path; an embedded server is a `target`"),
            );
        }
        (template, known.and_then(Result::ok))
    }

    /// A parameter's value: all of it is one, so what the author wrote is encoded like what comes from elsewhere.
    pub(super) fn parameter(&mut self, value: &model::Template) -> Template {
        let node = Node { span: value.span(), kind: NodeKind::String(value.text().to_owned()) };
        match self.value(&node) {
            Expr::Constant(value) => {
                let mut encoded = Vec::new();
                Escape::Url.write(&value, &mut encoded);
                Template::literal(encoded)
            }
            expr => Template { segments: vec![Segment::Value { expr, escape: Escape::Url }] },
        }
    }

    /// Values are encoded for their place; a path that begins with a value is taken as that value has it.
    fn path(&mut self, written: &model::Template) -> Template {
        let is_value = written.text().starts_with("{{");
        let escape = if is_value { Escape::None } else { Escape::Url };
        let Some(path) = self.lowering().text(written, escape) else { return Template::default() };
        let known = path.as_literal().and_then(|bytes| std::str::from_utf8(bytes).ok());
        let (starts_wrong, is_wrong) = match known {
            Some(path) => (!path.starts_with('/'), path.parse::<PathAndQuery>().is_err()),
            None => (!written.text().starts_with(['/', '{']), false),
        };
        let what = known.unwrap_or(written.text());
        if starts_wrong {
            let help = format!("write `/{what}`; the host belongs into `target`");
            let diagnostic = Diagnostic::new(codes::MALFORMED_VALUE, "a path starts with `/`").help(help);
            self.diagnostics.push(diagnostic.label(written.span(), "this does not"));
        } else if is_wrong {
            let message = format!("`{what}` cannot be asked for");
            let help =
                "write a space as %20, and so on (RFC 3986 section 2.1); values of templates are encoded";
            let diagnostic = Diagnostic::new(codes::MALFORMED_VALUE, message).help(help);
            let label = "it has characters that must be percent-encoded";
            self.diagnostics.push(diagnostic.label(written.span(), label));
        }
        path
    }

    pub(super) fn header(&mut self, key: &Key, value: &model::Template) -> (String, Template) {
        if is_handshake_header(&key.text) {
            let help = match key.text.to_ascii_lowercase().as_str() {
                "sec-websocket-extensions" => "offer compression with `deflate: true`",
                "sec-websocket-protocol" => "offer subprotocols with `subprotocols: [...]`",
                _ => "leave it out",
            };
            self.bad_header(
                key.span,
                format!("`{}` belongs to the handshake", key.text),
                "set by wsplan itself",
                help,
            );
        }
        if value.text().contains(['\r', '\n', '\0']) {
            let message = format!("the value of `{}` has a line break", key.text);
            self.bad_header(value.span(), message, "no header can hold this", "put it on one line");
        }
        (key.text.clone(), self.text_template(value, Escape::None))
    }

    /// A header that is looked for in an answer: one of any other name would never be there.
    pub(super) fn header_name(&mut self, key: &Key) {
        if !is_token(&key.text) {
            let message = format!("`{}` cannot be a header's name", key.text);
            let help = "letters, digits and !#$%&'*+-.^_`|~ are possible (RFC 9110 section 5.6.2)";
            self.bad_header(key.span, message, "not a token", help);
        }
    }

    pub(super) fn bad_header(&mut self, span: Span, message: String, label: &str, help: &str) {
        self.diagnostics.push(Diagnostic::new(codes::BAD_HEADER, message).label(span, label).help(help));
    }

    fn subprotocol(&mut self, name: &model::Spanned<String>) -> String {
        // As RFC 6455 section 4.1 has it.
        if !is_token(&name.value) {
            self.diagnostics.push(
                Diagnostic::new(codes::BAD_SUBPROTOCOL, format!("`{}` cannot be a subprotocol", name.value))
                    .label(name.span, "not a token")
                    .help("letters, digits and !#$%&'*+-.^_`|~ are possible (RFC 9110 section 5.6.2)"),
            );
        }
        name.value.clone()
    }

    /// The names that are offered are all different (RFC 6455 section 4.1).
    fn offered_once(&mut self, names: &[model::Spanned<String>]) {
        for (index, name) in names.iter().enumerate() {
            if let Some(first) = names[..index].iter().find(|other| other.value == name.value) {
                self.diagnostics.push(
                    Diagnostic::new(codes::BAD_SUBPROTOCOL, format!("`{}` is offered twice", name.value))
                        .label(name.span, "offered again")
                        .label(first.span, "offered here")
                        .help("leave one out (RFC 6455 section 4.1)"),
                );
            }
        }
    }
}

fn deflate(offer: &model::Deflate) -> Deflate {
    let default = Deflate::default();
    Deflate {
        client_no_context_takeover: offer
            .client_no_context_takeover
            .unwrap_or(default.client_no_context_takeover),
        server_no_context_takeover: offer
            .server_no_context_takeover
            .unwrap_or(default.server_no_context_takeover),
        client_max_window_bits: offer.client_max_window_bits,
        server_max_window_bits: offer.server_max_window_bits,
        required: offer.required.unwrap_or(default.required),
    }
}

/// Whether all of a text may stand in a token (RFC 9110 section 5.6.2).
pub(super) fn is_token(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
