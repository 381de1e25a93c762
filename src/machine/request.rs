//! What a user asks the network for: a connection, or an answer over HTTP. Both are shown without what proves who asks.

use std::fmt;
use std::time::Duration;

use super::io::{Borrowing, Place};
use crate::program::{ConnectTimers, Deflate, HttpTimers, Url, is_secret_header};

/// A connection to open.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectRequest {
    /// Which of the program's targets.
    pub target: usize,
    /// Where instead.
    pub url: Option<Box<Url>>,
    /// Path and query; `None` is the target's own.
    pub path: Option<String>,
    /// Further headers, as they were rendered: a value may hold what cannot be sent.
    pub headers: Vec<(String, String)>,
    /// Cookies beside the user's own, in place of those of the same name.
    pub cookies: Vec<(String, String)>,
    /// Subprotocols to offer.
    pub subprotocols: Vec<String>,
    /// What to offer of permessage-deflate.
    pub deflate: Option<Deflate>,
    /// Whether the user looks at the answer: then it is told by [`Input::Answered`](super::Input::Answered) that the connection stands.
    pub wants_answer: bool,
    /// Whether it looks also at one that refuses the upgrade, which is no failure then.
    pub takes_refusal: bool,
    /// The pool that it is to be one of.
    pub pool: Option<Borrowing>,
    /// How long it may take.
    pub timeout: Duration,
    /// Where its phases are to be recorded.
    pub timers: ConnectTimers,
    /// The state that asked, for failures.
    pub place: Place,
}

/// A request to send over HTTP.
#[derive(Clone, PartialEq, Eq)]
pub struct FetchRequest {
    /// The number of the user who asks.
    pub user: u64,
    /// Which of the program's targets a path is on.
    pub target: usize,
    /// As it is sent.
    pub method: String,
    /// A path on the target, or a URL; as it was rendered.
    pub url: String,
    /// Its headers, as they were rendered: a value may hold what cannot be sent.
    pub headers: Vec<(String, String)>,
    /// Cookies beside the user's own, in place of those of the same name.
    pub cookies: Vec<(String, String)>,
    /// What it carries.
    pub body: Vec<u8>,
    /// How many redirects are followed.
    pub follow: u32,
    /// Where its phases are to be recorded.
    pub timers: HttpTimers,
    /// The state that asked, for failures.
    pub place: Place,
}

impl FetchRequest {
    /// Whether it is for the target, and not for a server of its own.
    pub fn is_on_target(&self) -> bool {
        self.url.starts_with('/')
    }
}

/// Headers for people, without those that prove who asks.
struct ShownHeaders<'h>(&'h [(String, String)]);

impl fmt::Debug for ShownHeaders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(name, value): &'_ (String, String)| {
            (name.clone(), if is_secret_header(name) { "secret".to_owned() } else { value.clone() })
        };
        f.debug_list().entries(self.0.iter().map(shown)).finish()
    }
}

/// The names of the cookies.
fn names(cookies: &[(String, String)]) -> Vec<&str> {
    cookies.iter().map(|(name, _)| name.as_str()).collect()
}

/// Nothing in it proves who asks.
impl fmt::Debug for ConnectRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, url, path, headers, cookies, subprotocols, deflate, timeout, .. } = self;
        if let Some(url) = url {
            write!(f, "to {url} ")?;
        } else if *target != 0 {
            write!(f, "to target {target} ")?;
        }
        write!(f, "{path:?} {:?} {subprotocols:?}", ShownHeaders(headers))?;
        if !cookies.is_empty() {
            write!(f, " cookies {:?}", names(cookies))?;
        }
        if let Some(deflate) = deflate {
            write!(f, " {deflate}")?;
        }
        write!(f, " within {timeout:?}")
    }
}

/// Nothing in it proves who asks.
impl fmt::Debug for FetchRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, method, url, headers, cookies, body, follow, .. } = self;
        if *target != 0 && self.is_on_target() {
            write!(f, "of target {target} ")?;
        }
        write!(f, "{method} {url} {:?}", ShownHeaders(headers))?;
        if !cookies.is_empty() {
            write!(f, " cookies {:?}", names(cookies))?;
        }
        if !body.is_empty() {
            write!(f, " body {:?}", String::from_utf8_lossy(body))?;
        }
        if *follow > 0 { write!(f, " follow {follow}") } else { Ok(()) }
    }
}
