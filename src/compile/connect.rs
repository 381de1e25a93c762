//! Lowering of `connect`: the path, its query, and headers that can be sent.

use std::time::Duration;

use super::Compiler;
use crate::diagnostic::{Diagnostic, Span, codes};
use crate::plan::model;
use crate::program::{Connect, ConnectTimers, Escape, Template};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Headers that the handshake itself sets (RFC 6455 section 4.1).
const HANDSHAKE_HEADERS: [&str; 6] = [
    "upgrade",
    "connection",
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-extensions",
    "sec-websocket-protocol",
];

impl Compiler<'_, '_> {
    pub(super) fn connect(&mut self, connect: &model::Connect, name: &str) -> Connect {
        if let Some(path) = &connect.path
            && !path.text().starts_with(['/', '{'])
        {
            self.diagnostics.push(
                Diagnostic::new(codes::MALFORMED_VALUE, "a path starts with `/`")
                    .label(path.span(), "this does not")
                    .help(format!("write `/{}`; the host belongs into `target`", path.text())),
            );
        }
        let query = connect
            .query
            .iter()
            .map(|(name, value)| (percent_encode(&name.text), self.text_template(value, Escape::UrlQuery)));
        let query = query.collect();
        let path = connect.path.as_ref().map(|path| self.text_template(path, Escape::UrlQuery));
        Connect {
            path,
            query,
            headers: connect.headers.iter().map(|(key, value)| self.header(key, value)).collect(),
            subprotocols: connect.subprotocols.iter().map(|name| self.subprotocol(name)).collect(),
            timeout: connect.timeout.or(self.defaults.connect_timeout).map_or(CONNECT_TIMEOUT, |d| d.value),
            timers: ConnectTimers {
                dns: self.timer(format!("{name}.dns")),
                tcp: self.timer(format!("{name}.tcp")),
                upgrade: self.timer(format!("{name}.upgrade")),
                total: self.timer(format!("{name}.total")),
            },
        }
    }

    fn header(&mut self, key: &crate::plan::syntax::Key, value: &model::Template) -> (String, Template) {
        if HANDSHAKE_HEADERS.contains(&key.text.to_ascii_lowercase().as_str()) {
            let help = match key.text.to_ascii_lowercase().as_str() {
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

    fn bad_header(&mut self, span: Span, message: String, label: &str, help: &str) {
        self.diagnostics.push(Diagnostic::new(codes::BAD_HEADER, message).label(span, label).help(help));
    }

    fn subprotocol(&mut self, name: &model::Spanned<String>) -> String {
        // RFC 9110 section 5.6.2, to which RFC 6455 section 4.1 refers.
        let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if !name.value.bytes().all(is_token) {
            self.diagnostics.push(
                Diagnostic::new(codes::BAD_SUBPROTOCOL, format!("`{}` cannot be a subprotocol", name.value))
                    .label(name.span, "not a token")
                    .help("letters, digits and !#$%&'*+-.^_`|~ are possible (RFC 9110 section 5.6.2)"),
            );
        }
        name.value.clone()
    }
}

/// Encodes all but the unreserved characters (RFC 3986 section 2.3).
fn percent_encode(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing into a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
