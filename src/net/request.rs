//! What a client asks for when it upgrades: the HTTP request of RFC 6455 section 4.1.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Request, Uri};

use super::http::{Jar, parse_header, set_cookies};
use crate::deflate::Offer;
use crate::program::{Deflate, Url, is_handshake_header};

/// One upgrade request. `Host`, `Upgrade`, `Connection` and `Sec-WebSocket-*` are added to it.
#[derive(Debug, Clone, Default)]
pub struct UpgradeRequest {
    /// Begins with `/`, percent-encoded. Where it is empty the target's own is asked for; where it is only a query,
    /// beginning with `?`, that is added to the target's own.
    pub path_and_query: String,
    /// Sent in this order, repeated names too. A `Host` replaces the target's; names that
    /// [`is_handshake_header`] are refused.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Sent as one `Cookie` line.
    pub cookies: Vec<(String, String)>,
    /// Offered in this order, the most wanted first.
    pub subprotocols: Vec<String>,
    /// What is offered of permessage-deflate (RFC 7692).
    pub deflate: Option<Deflate>,
}

/// Why a request cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestError {
    /// It does not begin with `/`, or has characters that must be percent-encoded.
    PathAndQuery {
        /// As it was given.
        path_and_query: String,
    },
    /// A method that is no token (RFC 9110 section 9.1).
    Method {
        /// As it was given.
        method: String,
    },
    /// A header whose name is no token, or whose value has a line break or another control character.
    Header {
        /// Its name.
        name: String,
    },
    /// A cookie whose value has a semicolon, which would end it, or a control character (RFC 6265 section 4.2.1).
    Cookie {
        /// Its name.
        name: String,
    },
    /// A header that belongs to the handshake itself.
    ReservedHeader {
        /// Its name.
        name: HeaderName,
    },
    /// Not a token (RFC 9110 section 5.6.2), or offered twice (RFC 6455 section 4.1).
    Subprotocol {
        /// As it was given.
        subprotocol: String,
    },
}

impl UpgradeRequest {
    /// A request from texts, as plans have them. A value may be any visible ASCII, spaces, tabs and UTF-8.
    pub fn new(
        path_and_query: String,
        headers: &[(String, String)],
        subprotocols: &[String],
    ) -> Result<Self, RequestError> {
        let header = |(name, value): &(String, String)| parse_header(name, value);
        let headers = headers.iter().map(header).collect::<Result<_, _>>()?;
        let subprotocols = subprotocols.to_vec();
        Ok(Self { path_and_query, headers, cookies: Vec::new(), subprotocols, deflate: None })
    }

    /// What is offered of permessage-deflate, as it is judged.
    pub(super) fn deflate_offer(&self) -> Option<Offer> {
        self.deflate.map(|deflate| Offer {
            client_no_context_takeover: deflate.client_no_context_takeover,
            server_no_context_takeover: deflate.server_no_context_takeover,
            client_max_window_bits: deflate.client_max_window_bits,
            server_max_window_bits: deflate.server_max_window_bits,
        })
    }

    /// With the cookies of a user that are for this request, and those that are given, which replace them.
    #[must_use]
    pub fn with_cookies(mut self, target: &Url, jar: Option<&Jar>, given: &[(String, String)]) -> Self {
        if let (Some(jar), Ok(url)) = (jar, target.with_path(&self.path(target))) {
            let is_given = |name: &str| given.iter().any(|(own, _)| own == name);
            let kept = jar.cookies_for(&url).into_iter().filter(|(name, _)| !is_given(name));
            self.cookies.extend(kept.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        self.cookies.extend_from_slice(given);
        self
    }

    fn path<'p>(&'p self, target: &'p Url) -> Cow<'p, str> {
        let own = target.path_and_query();
        match self.path_and_query.strip_prefix('?') {
            Some(query) if own.contains('?') => format!("{own}&{query}").into(),
            Some(query) => format!("{own}?{query}").into(),
            None if self.path_and_query.is_empty() => own.into(),
            None => (&self.path_and_query).into(),
        }
    }

    /// The request as hyper sends it, with `key` as its `Sec-WebSocket-Key`.
    pub(super) fn build(&self, target: &Url, key: &str) -> Result<Request<Empty<Bytes>>, RequestError> {
        let path = self.path(target);
        let path = &*path;
        let bad_path = || RequestError::PathAndQuery { path_and_query: path.to_owned() };
        if !path.starts_with('/') {
            return Err(bad_path());
        }
        let uri = Uri::builder().path_and_query(path).build().map_err(|_| bad_path())?;

        let mut request = Request::new(Empty::new());
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        // First, as RFC 9110 section 7.2 would have it.
        headers.insert(
            header::HOST,
            HeaderValue::from_str(&target.host_header()).expect("a target's host is ASCII"),
        );
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(header::SEC_WEBSOCKET_KEY, HeaderValue::from_str(key).expect("base64 is ASCII"));
        if let Some(offer) = self.offer()? {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, offer);
        }
        if let Some(offer) = self.deflate_offer() {
            let offer = HeaderValue::from_str(&offer.to_string()).expect("words and numbers are ASCII");
            headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, offer);
        }
        for (name, value) in &self.headers {
            if is_handshake_header(name.as_str()) {
                return Err(RequestError::ReservedHeader { name: name.clone() });
            }
            if name == header::HOST {
                headers.insert(name, value.clone());
            } else {
                headers.append(name, value.clone());
            }
        }
        set_cookies(headers, &[], &self.cookies)?;
        Ok(request)
    }

    fn offer(&self) -> Result<Option<HeaderValue>, RequestError> {
        for (place, subprotocol) in self.subprotocols.iter().enumerate() {
            if !is_token(subprotocol) || self.subprotocols[..place].contains(subprotocol) {
                return Err(RequestError::Subprotocol { subprotocol: subprotocol.clone() });
            }
        }
        if self.subprotocols.is_empty() {
            return Ok(None);
        }
        Ok(Some(HeaderValue::from_str(&self.subprotocols.join(", ")).expect("tokens are ASCII")))
    }
}

fn is_token(text: &str) -> bool {
    // A header name is exactly a token.
    HeaderName::from_bytes(text.as_bytes()).is_ok()
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PathAndQuery { path_and_query } => {
                write!(f, "{path_and_query:?} is not a path: it begins with / and is percent-encoded")
            }
            Self::Method { method } => write!(f, "{method:?} is not a method"),
            Self::Header { name } => {
                write!(f, "the header {name:?} has a value with a line break or another control character")
            }
            Self::Cookie { name } => {
                write!(f, "the cookie {name:?} has a value with a semicolon or a control character")
            }
            Self::ReservedHeader { name } => write!(f, "the header {name} is set by the handshake"),
            Self::Subprotocol { subprotocol } => {
                write!(f, "{subprotocol:?} is not a subprotocol's name, or is offered twice")
            }
        }
    }
}

impl std::error::Error for RequestError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(request: &UpgradeRequest) -> Result<Request<Empty<Bytes>>, RequestError> {
        request.build(&Url::parse("ws://h:9001/own?x=1").unwrap(), "dGhlIHNhbXBsZSBub25jZQ==")
    }

    #[test]
    fn a_query_alone_is_added_to_the_targets_own() {
        let path = |target: &str, own: &str| {
            let request = UpgradeRequest { path_and_query: own.to_owned(), ..UpgradeRequest::default() };
            let request = request.build(&Url::parse(target).unwrap(), "dGhlIHNhbXBsZSBub25jZQ==").unwrap();
            request.uri().to_string()
        };
        assert_eq!(path("ws://h/own", ""), "/own");
        assert_eq!(path("ws://h/own", "?b=2"), "/own?b=2");
        assert_eq!(path("ws://h/own?a=1", "?b=2"), "/own?a=1&b=2");
        assert_eq!(path("ws://h", "?b=2"), "/?b=2");
        assert_eq!(path("ws://h/own?a=1", "/other"), "/other");
    }

    #[test]
    fn the_handshake_headers_are_there() {
        let request = build(&UpgradeRequest {
            path_and_query: String::new(),
            headers: vec![
                (HeaderName::from_static("x-a"), HeaderValue::from_static("1")),
                (HeaderName::from_static("x-a"), HeaderValue::from_static("2")),
            ],
            cookies: vec![("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())],
            subprotocols: vec!["chat.v2".to_owned(), "chat.v1".to_owned()],
            deflate: Some(Deflate::default()),
        })
        .unwrap();
        let shown: Vec<_> = request
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        assert_eq!(request.uri(), "/own?x=1");
        assert_eq!(
            shown,
            [
                "host: h:9001",
                "upgrade: websocket",
                "connection: Upgrade",
                "sec-websocket-version: 13",
                "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
                "sec-websocket-protocol: chat.v2, chat.v1",
                "sec-websocket-extensions: permessage-deflate; client_no_context_takeover; client_max_window_bits",
                "x-a: 1",
                "x-a: 2",
                "cookie: a=1; b=2",
            ]
        );
    }

    #[test]
    fn a_host_and_a_path_of_ones_own_win() {
        let request = build(&UpgradeRequest {
            path_and_query: "/other".to_owned(),
            headers: vec![(header::HOST, HeaderValue::from_static("virtual.example"))],
            ..UpgradeRequest::default()
        })
        .unwrap();
        assert_eq!(request.uri(), "/other");
        assert_eq!(request.headers().get_all(header::HOST).iter().collect::<Vec<_>>(), ["virtual.example"]);
        assert!(!request.headers().contains_key(header::SEC_WEBSOCKET_PROTOCOL));
        assert!(!request.headers().contains_key(header::SEC_WEBSOCKET_EXTENSIONS));
    }

    #[test]
    fn what_cannot_be_sent_says_why() {
        for path in ["chat", "/a b", "/a\r\nX: y"] {
            let request = UpgradeRequest { path_and_query: path.to_owned(), ..UpgradeRequest::default() };
            let error = RequestError::PathAndQuery { path_and_query: path.to_owned() };
            assert_eq!(build(&request).map(|_| ()), Err(error), "{path:?}");
        }
        for name in ["upgrade", "connection", "sec-websocket-extensions", "content-length"] {
            let name = HeaderName::from_static(name);
            let headers = vec![(name.clone(), HeaderValue::from_static("1"))];
            let request = UpgradeRequest { headers, ..UpgradeRequest::default() };
            assert_eq!(build(&request).map(|_| ()), Err(RequestError::ReservedHeader { name }));
        }
        for names in [&["a b"][..], &[""], &["a", "b", "a"]] {
            let subprotocols: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
            let request = UpgradeRequest { subprotocols, ..UpgradeRequest::default() };
            let subprotocol = names[names.len() - 1].to_owned();
            assert_eq!(build(&request).map(|_| ()), Err(RequestError::Subprotocol { subprotocol }));
        }
    }
}
