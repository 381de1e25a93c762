//! Where to connect: the text of a `ws://` or `http://` URL, parsed once (RFC 6455 section 3, RFC 9110 section 4.2).

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use http::uri::{Authority, PathAndQuery};

/// A parsed target: `ws://host[:port][/path][?query]`, an IPv6 literal in brackets. One of `http` is the same place
/// under another name: what connects to it speaks as it must.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Url {
    secure: bool,
    is_http: bool,
    host: String,
    port: u16,
    path_and_query: String,
}

/// Why a text is not a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UrlError {
    /// There is no `scheme://host` in it.
    NotAUrl,
    /// The scheme is none of `ws`, `wss`, `http` and `https`.
    Scheme {
        /// As it was written.
        scheme: String,
    },
    /// A fragment: RFC 6455 section 3 forbids it.
    Fragment,
    /// `user:password@`: a WebSocket URL has no place for it (RFC 6455 section 3).
    UserInfo,
    /// The host is empty, or has characters that no host has.
    Host {
        /// As it was written.
        host: String,
    },
    /// The port is empty, not a number, 0 or above 65535.
    Port {
        /// As it was written.
        port: String,
    },
    /// The path or the query has characters that must be percent-encoded.
    PathAndQuery {
        /// As it was written.
        path_and_query: String,
    },
}

impl Url {
    /// Parses `text`. A `wss` target parses; the network room is what refuses it for now.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::NotAUrl)?;
        let (secure, is_http) = match scheme.to_ascii_lowercase().as_str() {
            "ws" => (false, false),
            "wss" => (true, false),
            "http" => (false, true),
            "https" => (true, true),
            _ => return Err(UrlError::Scheme { scheme: scheme.to_owned() }),
        };
        if rest.contains('#') {
            return Err(UrlError::Fragment);
        }
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(UrlError::UserInfo);
        }
        let (host, port) = split_port(authority)?;
        let port = match port {
            None => default_port(secure),
            Some(digits) => parse_port(digits)?,
        };
        Ok(Self { secure, is_http, host: parse_host(host)?, port, path_and_query: parse_path(path)? })
    }

    /// Another path with its query on the same origin.
    ///
    /// # Errors
    /// When it has characters that must be percent-encoded.
    pub fn with_path(&self, path_and_query: &str) -> Result<Self, UrlError> {
        Ok(Self { path_and_query: parse_path(path_and_query)?, ..self.clone() })
    }

    /// Whether both have the same server (RFC 6454 section 4), be it asked for as `ws` or as `http`.
    pub fn is_same_origin(&self, other: &Self) -> bool {
        (self.secure, &self.host, self.port) == (other.secure, &other.host, other.port)
    }

    /// The origin as HTTP has it, without a path: `http://host:port`.
    pub fn http_origin(&self) -> String {
        format!("{}://{}", if self.secure { "https" } else { "http" }, self.host_header())
    }

    /// Whether TLS was asked for (`wss`, `https`).
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// A name or an address; an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, 80 (`ws`, `http`) or 443 (`wss`, `https`) where none was written.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The path with its query; `/` where none was written.
    pub fn path_and_query(&self) -> &str {
        &self.path_and_query
    }

    /// The host as an address, where it is one.
    pub fn literal_address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// `host:port`, always with the port: the name under which failures are reported.
    pub fn address(&self) -> String {
        format!("{}:{}", self.bracketed_host(), self.port)
    }

    /// The `Host` header: without the port where it is the scheme's own (RFC 6455 section 4.1).
    pub fn host_header(&self) -> String {
        if self.port == default_port(self.secure) { self.bracketed_host() } else { self.address() }
    }

    fn bracketed_host(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }
}

fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), UrlError> {
    let host_end = if authority.starts_with('[') {
        authority.find(']').map(|bracket| bracket + 1)
    } else {
        Some(authority.find(':').unwrap_or(authority.len()))
    };
    let bad_host = || UrlError::Host { host: authority.to_owned() };
    let (host, rest) = authority.split_at(host_end.ok_or_else(bad_host)?);
    match rest.strip_prefix(':') {
        Some(port) => Ok((host, Some(port))),
        None if rest.is_empty() => Ok((host, None)),
        None => Err(bad_host()),
    }
}

fn parse_port(digits: &str) -> Result<u16, UrlError> {
    // `u16::from_str` takes a leading `+`, which no URL has.
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.parse() {
        Ok(port) if all_digits && port != 0 => Ok(port),
        _ => Err(UrlError::Port { port: digits.to_owned() }),
    }
}

fn parse_host(text: &str) -> Result<String, UrlError> {
    let bad_host = || UrlError::Host { host: text.to_owned() };
    if let Some(literal) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let address: Ipv6Addr = literal.parse().map_err(|_| bad_host())?;
        return Ok(address.to_string());
    }
    let authority: Authority = text.parse().map_err(|_| bad_host())?;
    Ok(authority.host().to_ascii_lowercase())
}

fn parse_path(text: &str) -> Result<String, UrlError> {
    let path = if text.starts_with('/') { text.to_owned() } else { format!("/{text}") };
    match path.parse::<PathAndQuery>() {
        Ok(_) => Ok(path),
        Err(_) => Err(UrlError::PathAndQuery { path_and_query: path }),
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match (self.is_http, self.secure) {
            (false, false) => "ws",
            (false, true) => "wss",
            (true, false) => "http",
            (true, true) => "https",
        };
        write!(f, "{scheme}://{}{}", self.host_header(), self.path_and_query)
    }
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAUrl => f.write_str("a target is a URL such as ws://127.0.0.1:9001/path"),
            Self::Scheme { scheme } => write!(f, "the scheme must be ws, wss, http or https, not {scheme:?}"),
            Self::Fragment => f.write_str("a target has no #fragment (RFC 6455 section 3)"),
            Self::UserInfo => f.write_str("a target has no user:password@ part (RFC 6455 section 3)"),
            Self::Host { host } => write!(f, "{host:?} is not a host name or an address"),
            Self::Port { port } => write!(f, "the port must be a number from 1 to 65535, not {port:?}"),
            Self::PathAndQuery { path_and_query } => {
                write!(f, "{path_and_query:?} has characters that a URL must percent-encode")
            }
        }
    }
}

impl std::error::Error for UrlError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_taken_apart() {
        let cases = [
            ("ws://localhost", (false, "localhost", 80, "/"), "localhost"),
            ("ws://Example.COM:80/a", (false, "example.com", 80, "/a"), "example.com"),
            ("wss://h/a/b?x=1&y=2", (true, "h", 443, "/a/b?x=1&y=2"), "h"),
            ("WS://h:9001?x=1", (false, "h", 9001, "/?x=1"), "h:9001"),
            ("ws://127.0.0.1:9001/", (false, "127.0.0.1", 9001, "/"), "127.0.0.1:9001"),
            ("ws://[::1]:9001/c", (false, "::1", 9001, "/c"), "[::1]:9001"),
            ("ws://[0:0:0:0:0:0:0:1]", (false, "::1", 80, "/"), "[::1]"),
            ("ws://h/a%20b", (false, "h", 80, "/a%20b"), "h"),
            ("wss://h:80", (true, "h", 80, "/"), "h:80"),
            ("http://h/a", (false, "h", 80, "/a"), "h"),
            ("HTTPS://h:8443", (true, "h", 8443, "/"), "h:8443"),
        ];
        for (text, (secure, host, port, path), host_header) in cases {
            let target = Url::parse(text).unwrap();
            assert_eq!(
                (target.is_secure(), target.host(), target.port(), target.path_and_query()),
                (secure, host, port, path),
                "{text}"
            );
            assert_eq!(target.host_header(), host_header, "{text}");
            assert_eq!(Url::parse(&target.to_string()), Ok(target), "{text}");
        }
    }

    #[test]
    fn what_is_no_target_says_why() {
        let host = |host: &str| UrlError::Host { host: host.to_owned() };
        let port = |port: &str| UrlError::Port { port: port.to_owned() };
        let cases = [
            ("", UrlError::NotAUrl),
            ("localhost:9001", UrlError::NotAUrl),
            ("ftp://h", UrlError::Scheme { scheme: "ftp".to_owned() }),
            ("ws://h/a#b", UrlError::Fragment),
            ("ws://h#b", UrlError::Fragment),
            ("ws://u:p@h/", UrlError::UserInfo),
            ("ws://", host("")),
            ("ws:///path", host("")),
            ("ws://:9001", host("")),
            ("ws://a b", host("a b")),
            ("ws://[::1", host("[::1")),
            ("ws://[nonsense]", host("[nonsense]")),
            ("ws://[::1]x", host("[::1]x")),
            ("ws://h:", port("")),
            ("ws://h:0", port("0")),
            ("ws://h:65536", port("65536")),
            ("ws://h:+80", port("+80")),
            ("ws://h:80:80", port("80:80")),
            ("ws://h/a b", UrlError::PathAndQuery { path_and_query: "/a b".to_owned() }),
        ];
        for (text, error) in cases {
            assert_eq!(Url::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn an_origin_is_the_same_under_both_names() {
        let url = |text: &str| Url::parse(text).unwrap();
        assert!(url("ws://h:9001/a").is_same_origin(&url("http://H:9001/b")));
        assert!(url("wss://h").is_same_origin(&url("https://h:443/")));
        assert!(!url("ws://h").is_same_origin(&url("wss://h:80")));
        assert_eq!(url("wss://h/chat?x=1").http_origin(), "https://h");
        assert_eq!(url("ws://[::1]:9001").http_origin(), "http://[::1]:9001");
        assert_eq!(url("ws://h/a").with_path("/b?c=1").unwrap().to_string(), "ws://h/b?c=1");
        assert!(url("ws://h").with_path("/a b").is_err());
    }

    #[test]
    fn only_an_address_is_literal() {
        assert!(Url::parse("ws://[::1]").unwrap().literal_address().is_some());
        assert!(Url::parse("ws://10.0.0.1").unwrap().literal_address().is_some());
        assert!(Url::parse("ws://localhost").unwrap().literal_address().is_none());
    }
}
