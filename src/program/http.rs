//! What is asked over HTTP, what must hold of the answer to it, and what is kept of that. A `connect` is an HTTP request
//! as well: who asks, and what is looked at in its answer, is the same.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};

use super::capture::CaptureSource;
use super::matcher::{Condition, Matcher, Test};
use super::{Capture, Pattern, SlotId, Template, TimerId};
use crate::diagnostic::Span;

/// A request over HTTP.
#[derive(Debug, Clone)]
pub struct Http {
    /// As it is sent; a token.
    pub method: String,
    /// A path on the target, or a URL.
    pub url: Template,
    /// Query parameters, names encoded already.
    pub query: Box<[(String, Template)]>,
    /// Further headers; names are tokens.
    pub headers: Box<[(String, Template)]>,
    /// Who asks.
    pub visitor: Visitor,
    /// What it carries.
    pub content: Option<Content>,
    /// How many redirects are followed.
    pub follow: u32,
    /// What must hold of the answer.
    pub expect: HttpExpect,
    /// Values to keep.
    pub captures: Box<[AnswerCapture]>,
    /// How long it may take in all.
    pub within: Duration,
    /// Its timers.
    pub timers: HttpTimers,
}

/// What tells the server who asks. Nothing of it is shown.
#[derive(Debug, Clone, Default)]
pub struct Visitor {
    /// Cookies beside the user's own; names are tokens.
    pub cookies: Box<[(String, Template)]>,
    /// What `Authorization` says.
    pub credentials: Option<Credentials>,
}

/// What `Authorization` says.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// `basic: { user: ann, password: secret }` (RFC 7617)
    Basic {
        /// Has no colon, which would end it.
        user: Template,
        /// Anything.
        password: Template,
    },
    /// `bearer: "{{token}}"` (RFC 6750)
    Bearer(Template),
}

impl Credentials {
    /// What proves who asks by a password, as headers have it (RFC 7617 section 2).
    pub fn basic(user: &str, password: &str) -> String {
        format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
    }
}

/// What a request carries.
#[derive(Debug, Clone)]
pub struct Content {
    /// `Content-Type`, where the plan does not say another.
    pub media_type: &'static str,
    /// The bytes.
    pub template: Template,
}

/// What must hold of an answer.
#[derive(Debug, Clone)]
pub struct HttpExpect {
    /// One of these; none is what is usual.
    pub statuses: Box<[Status]>,
    /// Conditions on headers, by name in lower case.
    pub headers: Box<[(String, Vec<Condition<Test>>)]>,
    /// Conditions on the body.
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

/// What a `connect` looks at in the answer to its upgrade.
#[derive(Debug, Clone, Default)]
pub struct UpgradeExpect {
    /// The status that refuses it; `None` is that it is granted.
    pub status: Option<u16>,
    /// The subprotocol that is chosen; `None` in it is that none is.
    pub subprotocol: Option<Option<String>>,
    /// Values to keep.
    pub captures: Box<[AnswerCapture]>,
}

/// A value that is kept of an answer over HTTP.
#[derive(Debug, Clone)]
pub struct AnswerCapture {
    /// Where it goes.
    pub slot: SlotId,
    /// The name of the slot in the plan.
    pub name: String,
    /// Where it is found.
    pub source: AnswerSource,
    /// The name in the plan, and with it the line.
    pub span: Span,
}

/// Where in an answer a value is found.
#[derive(Debug, Clone)]
pub enum AnswerSource {
    /// In the body, as in a message.
    Body(CaptureSource),
    /// The value of a header, or what a pattern finds in it.
    Header {
        /// Its name, in lower case.
        name: String,
        /// The pattern and the group of it that is kept.
        pattern: Option<(Pattern, usize)>,
    },
    /// The value of a cookie that the answer sets, or what a pattern finds in it.
    Cookie {
        /// Its name.
        name: String,
        /// The pattern and the group of it that is kept.
        pattern: Option<(Pattern, usize)>,
    },
    /// The status.
    Status,
    /// The subprotocol that the server chose.
    Subprotocol,
}

/// The timers of an HTTP step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpTimers {
    /// Looking the name up, for a new connection.
    pub dns: TimerId,
    /// The TCP handshake of a new connection.
    pub tcp: TimerId,
    /// The way of a new connection through the proxy, where there is one.
    pub proxy: Option<TimerId>,
    /// The TLS handshake of a new connection.
    pub tls: TimerId,
    /// From a request to the head of its answer.
    pub wait: TimerId,
    /// All of it, redirects and the last body included.
    pub total: TimerId,
    /// From the first target that could not be reached to the answer of another, where there are several.
    pub failover: Option<TimerId>,
}

/// Whether a header proves who asks, so that its value is shown nowhere.
pub fn is_secret_header(name: &str) -> bool {
    let secret = ["authorization", "cookie", "set-cookie", "proxy-authorization"];
    secret.iter().any(|secret| name.eq_ignore_ascii_case(secret))
}

impl HttpExpect {
    /// Whether an answer with a status is wanted; `follows` is whether redirects were to be followed, so that one more
    /// is one too many.
    pub fn accepts(&self, status: u16, follows: bool) -> bool {
        if self.statuses.is_empty() {
            let is_redirect = matches!(status, 301 | 302 | 303 | 307 | 308);
            return status < 400 && !(follows && is_redirect);
        }
        self.statuses.iter().any(|wanted| match wanted {
            Status::Exactly(exactly) => status == *exactly,
            Status::Class(hundreds) => status / 100 == *hundreds,
        })
    }

    /// The statuses that are wanted, for people.
    pub fn wanted(&self, follows: bool) -> String {
        match &*self.statuses {
            [] if follows => "a status below 400 and no further redirect".to_owned(),
            [] => "a status below 400".to_owned(),
            [one] => format!("status {one}"),
            several => {
                let several: Vec<_> = several.iter().map(Status::to_string).collect();
                format!("status {}", several.join(" or "))
            }
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(status) => status.fmt(f),
            Self::Class(hundreds) => write!(f, "{hundreds}xx"),
        }
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Exactly(status) => serializer.serialize_u16(*status),
            Self::Class(_) => serializer.collect_str(self),
        }
    }
}

/// `token = $.token`, `etag = header etag`, `sid = cookie session regex "(.+)" group 1`.
impl fmt::Display for AnswerCapture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let searched = |f: &mut fmt::Formatter<'_>, pattern: &Option<(Pattern, usize)>| match pattern {
            Some((pattern, group)) => write!(f, " regex {:?} group {group}", pattern.0.as_str()),
            None => Ok(()),
        };
        match &self.source {
            AnswerSource::Body(source) => {
                let (slot, name, span) = (self.slot, self.name.clone(), self.span);
                Capture { slot, name, source: source.clone(), span }.fmt(f)
            }
            AnswerSource::Header { name, pattern } => {
                write!(f, "{} = header {name}", self.name)?;
                searched(f, pattern)
            }
            AnswerSource::Cookie { name, pattern } => {
                write!(f, "{} = cookie {name}", self.name)?;
                searched(f, pattern)
            }
            AnswerSource::Status => write!(f, "{} = status", self.name),
            AnswerSource::Subprotocol => write!(f, "{} = subprotocol", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_as_the_plan_says() {
        let expect = |statuses: &[Status]| HttpExpect {
            statuses: statuses.into(),
            headers: Box::default(),
            body: None,
        };
        let accepted = |expect: &HttpExpect, follows| {
            let statuses = [200, 204, 302, 304, 399, 400, 404, 500];
            statuses.into_iter().filter(|status| expect.accepts(*status, follows)).collect::<Vec<_>>()
        };
        assert_eq!(accepted(&expect(&[]), false), [200, 204, 302, 304, 399]);
        assert_eq!(accepted(&expect(&[]), true), [200, 204, 304, 399]);
        assert_eq!(accepted(&expect(&[Status::Exactly(302)]), true), [302]);
        let several = expect(&[Status::Class(4), Status::Exactly(204)]);
        assert_eq!(accepted(&several, false), [204, 400, 404]);
        assert_eq!(several.wanted(false), "status 4xx or 204");
    }

    #[test]
    fn what_proves_who_asks_is_secret_in_any_case() {
        assert!(is_secret_header("Authorization") && is_secret_header("set-COOKIE"));
        assert!(!is_secret_header("x-cookie"));
    }
}
