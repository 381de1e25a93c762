//! The HTTP proxy that connections go through (RFC 9110 section 9.3.6).

use std::fmt;
use std::net::IpAddr;

use super::{Credentials, Url, UrlError};

/// An HTTP proxy, spoken to in the clear.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Host and port; without what lies behind them.
    url: Url,
    authorization: Option<String>,
    /// Whether something secret went into the address itself.
    is_secret: bool,
}

/// Why a text is not a proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxyError {
    /// The scheme is not `http`.
    Scheme,
    /// The host or the port is wrong, or something stands behind them.
    Address(UrlError),
    /// Something stands behind host and port.
    Path,
    /// The user's name or the password is not percent-encoded UTF-8.
    UserInfo,
}

impl Proxy {
    /// Parses `http://user:password@host:port`. `is_secret` hides the address wherever the program is shown.
    pub fn parse(text: &str, is_secret: bool) -> Result<Self, ProxyError> {
        let rest = text.strip_prefix("http://").ok_or(ProxyError::Scheme)?;
        let (user_info, address) = match rest.rsplit_once('@') {
            Some((user_info, address)) => (Some(user_info), address),
            None => (None, rest),
        };
        let url = Url::parse(&format!("ws://{address}")).map_err(ProxyError::Address)?;
        if url.path_and_query() != "/" {
            return Err(ProxyError::Path);
        }
        let authorization = user_info.map(basic).transpose()?;
        Ok(Self { url, authorization, is_secret })
    }

    /// A name or an address; an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        self.url.host()
    }

    /// 80 where none was written.
    pub fn port(&self) -> u16 {
        self.url.port()
    }

    /// The host as an address, where it is one.
    pub fn literal_address(&self) -> Option<IpAddr> {
        self.url.literal_address()
    }

    /// `host:port`, always with the port.
    pub fn address(&self) -> String {
        self.url.address()
    }

    /// The value of `Proxy-Authorization` (RFC 7617), which is shown nowhere.
    pub fn authorization(&self) -> Option<&str> {
        self.authorization.as_deref()
    }
}

/// `user:password`, each percent-encoded, as RFC 7617 wants it.
fn basic(user_info: &str) -> Result<String, ProxyError> {
    let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
    let (user, password) = (decode(user)?, decode(password)?);
    // A colon ends the user's name.
    if user.contains(':') {
        return Err(ProxyError::UserInfo);
    }
    Ok(Credentials::basic(&user, &password))
}

fn decode(text: &str) -> Result<String, ProxyError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        rest = behind;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = rest.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let digits = digits.filter(|two| two.bytes().all(|digit| digit.is_ascii_hexdigit()));
        bytes.push(digits.and_then(|two| u8::from_str_radix(two, 16).ok()).ok_or(ProxyError::UserInfo)?);
        rest = &rest[2..];
    }
    let text = String::from_utf8(bytes).map_err(|_| ProxyError::UserInfo)?;
    // RFC 7617 section 2.
    if text.chars().any(char::is_control) { Err(ProxyError::UserInfo) } else { Ok(text) }
}

/// Without user and password.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_secret { f.write_str(super::Expr::SECRET) } else { write!(f, "http://{}", self.address()) }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme => f.write_str("the scheme must be http"),
            Self::Address(error) => error.fmt(f),
            Self::Path => f.write_str("nothing may stand behind host and port"),
            Self::UserInfo => {
                f.write_str("user and password must be percent-encoded text, and no user has a colon")
            }
        }
    }
}

impl std::error::Error for ProxyError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_taken_apart_and_shown_without_its_password() {
        let proxy = Proxy::parse("http://us%65r:p%40ss%3A@proxy.example:3128", false).unwrap();
        assert_eq!((proxy.host(), proxy.port()), ("proxy.example", 3128));
        assert_eq!(proxy.authorization(), Some("Basic dXNlcjpwQHNzOg=="));
        assert_eq!(
            format!("{proxy} {proxy:?}"),
            "http://proxy.example:3128 Proxy(http://proxy.example:3128)"
        );
        let plain = Proxy::parse("http://[::1]/", true).unwrap();
        assert_eq!((plain.address().as_str(), plain.authorization()), ("[::1]:80", None));
        assert!(!plain.to_string().contains("::1"));
    }

    #[test]
    fn what_is_no_proxy_says_why() {
        let cases = [
            ("proxy.example:3128", ProxyError::Scheme),
            ("https://proxy.example", ProxyError::Scheme),
            ("http://proxy.example/path", ProxyError::Path),
            ("http://u%zz@proxy.example", ProxyError::UserInfo),
            ("http://u%3a:x@proxy.example", ProxyError::UserInfo),
            ("http://u:%0d%0a@proxy.example", ProxyError::UserInfo),
            ("http://u:p@", ProxyError::Address(UrlError::Host { host: String::new() })),
        ];
        for (text, error) in cases {
            assert_eq!(Proxy::parse(text, false), Err(error), "{text}");
        }
    }
}
