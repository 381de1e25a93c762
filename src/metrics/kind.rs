//! The closed list of what can go wrong in a run.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why an operation, an iteration or a user failed. The names are stable: reports and thresholds use them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum ErrorKind {
    /// The host name could not be resolved.
    Dns,
    /// Nothing listens at the address.
    Refused,
    /// There is no route to the address.
    Unreachable,
    /// The peer reset the TCP connection.
    Reset,
    /// No connection, TLS session or upgrade in time.
    ConnectTimeout,
    /// No connection of a pool was free in time.
    AcquireTimeout,
    /// This process or machine may not open more files.
    OutOfFiles,
    /// No local port is free towards this address.
    OutOfPorts,
    /// The proxy could not be reached, or did not lead to the server.
    Proxy,
    /// The TLS handshake or the certificate is wrong.
    Tls,
    /// The server answered the upgrade with another status than 101.
    UpgradeStatus,
    /// The connection ended before the server had answered the upgrade, or the answer lacks what the plan requires.
    Upgrade,
    /// The handshake of messages behind the upgrade went wrong, where the protocol has one.
    Handshake,
    /// No message in time.
    Timeout,
    /// An HTTP request was answered with a status that the plan does not want.
    HttpStatus,
    /// A message came, but what must hold of it does not.
    Assertion,
    /// The peer ended the connection while it was needed. Without a code it went away without a close frame.
    ClosedByPeer {
        /// The close code, RFC 6455 section 7.4.
        code: Option<u16>,
    },
    /// The peer broke a rule of RFC 6455, or of the protocol that the plan speaks.
    Protocol,
    /// The head of the answer to the upgrade is over its limit.
    TooLarge,
    /// Something was to be sent or awaited on a connection that is not there any more.
    NotConnected,
    /// A connection was to be opened that is open.
    AlreadyConnected,
    /// Reading or writing failed in another way.
    Io,
    /// What was to be captured is not in the message.
    Capture,
    /// A template could not be rendered.
    Render,
    /// The plan said so: a `fail` step or reaction.
    Failed,
    /// A message that nothing took, where the plan makes that a failure.
    Unmatched,
    /// A message that holds another user's canary.
    Leak,
    /// A reply that came again.
    DuplicateReply,
    /// A copy of a broadcast did not come in time to a user whom it was meant for.
    DeliveryLost,
    /// A copy of a broadcast came again.
    DeliveryDuplicated,
    /// A copy of a broadcast came to a user whom it was not meant for.
    DeliveryLeaked,
    /// A copy came behind one that the same sender published later, where the plan asks for that order.
    DeliveryReordered,
    /// Two broadcasts came to some users in one order and to others in the other, where the plan asks for one order.
    DeliveryReorderedTotal,
    /// A bug of this program.
    Internal,
}

impl ErrorKind {
    /// Every kind once, in the order in which an operation can meet them.
    pub const ALL: [Self; 34] = [
        Self::Dns,
        Self::Refused,
        Self::Unreachable,
        Self::Reset,
        Self::ConnectTimeout,
        Self::AcquireTimeout,
        Self::OutOfFiles,
        Self::OutOfPorts,
        Self::Proxy,
        Self::Tls,
        Self::UpgradeStatus,
        Self::Upgrade,
        Self::Handshake,
        Self::Timeout,
        Self::HttpStatus,
        Self::Assertion,
        Self::ClosedByPeer { code: None },
        Self::Protocol,
        Self::TooLarge,
        Self::NotConnected,
        Self::AlreadyConnected,
        Self::Io,
        Self::Capture,
        Self::Render,
        Self::Failed,
        Self::Unmatched,
        Self::Leak,
        Self::DuplicateReply,
        Self::DeliveryLost,
        Self::DeliveryDuplicated,
        Self::DeliveryLeaked,
        Self::DeliveryReordered,
        Self::DeliveryReorderedTotal,
        Self::Internal,
    ];

    /// The name without a close code.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Reset => "reset",
            Self::ConnectTimeout => "connect_timeout",
            Self::AcquireTimeout => "acquire_timeout",
            Self::OutOfFiles => "out_of_files",
            Self::OutOfPorts => "out_of_ports",
            Self::Proxy => "proxy",
            Self::Tls => "tls",
            Self::UpgradeStatus => "upgrade_status",
            Self::Upgrade => "upgrade",
            Self::Handshake => "handshake",
            Self::Timeout => "timeout",
            Self::HttpStatus => "http_status",
            Self::Assertion => "assertion",
            Self::ClosedByPeer { .. } => "closed_by_peer",
            Self::Protocol => "protocol",
            Self::TooLarge => "too_large",
            Self::NotConnected => "not_connected",
            Self::AlreadyConnected => "already_connected",
            Self::Io => "io",
            Self::Capture => "capture",
            Self::Render => "render",
            Self::Failed => "failed",
            Self::Unmatched => "unmatched",
            Self::Leak => "leak",
            Self::DuplicateReply => "duplicate_reply",
            Self::DeliveryLost => "delivery_lost",
            Self::DeliveryDuplicated => "delivery_duplicated",
            Self::DeliveryLeaked => "delivery_leaked",
            Self::DeliveryReordered => "delivery_reordered",
            Self::DeliveryReorderedTotal => "delivery_reordered_total",
            Self::Internal => "internal",
        }
    }

    /// The kind without its close code.
    #[must_use]
    pub fn family(self) -> Self {
        match self {
            Self::ClosedByPeer { .. } => Self::ClosedByPeer { code: None },
            other => other,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClosedByPeer { code: Some(code) } => write!(f, "{}({code})", self.name()),
            _ => f.write_str(self.name()),
        }
    }
}

impl From<ErrorKind> for String {
    fn from(kind: ErrorKind) -> Self {
        kind.to_string()
    }
}

impl TryFrom<String> for ErrorKind {
    type Error = UnknownErrorKind;

    fn try_from(text: String) -> Result<Self, UnknownErrorKind> {
        text.parse()
    }
}

impl FromStr for ErrorKind {
    type Err = UnknownErrorKind;

    fn from_str(text: &str) -> Result<Self, UnknownErrorKind> {
        let unknown = || UnknownErrorKind(text.to_owned());
        if let Some(digits) = text.strip_prefix("closed_by_peer(").and_then(|rest| rest.strip_suffix(')')) {
            let code = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
            return Ok(Self::ClosedByPeer { code: Some(code.ok_or_else(unknown)?) });
        }
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(unknown)
    }
}

/// A text that names no kind of error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownErrorKind(pub String);

impl fmt::Display for UnknownErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no kind of error called `{}`", self.0.escape_debug())
    }
}

impl std::error::Error for UnknownErrorKind {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printing_then_parsing_gives_it_back() {
        let coded = [0, 1000, u16::MAX].map(|code| ErrorKind::ClosedByPeer { code: Some(code) });
        for kind in ErrorKind::ALL.into_iter().chain(coded) {
            assert_eq!(kind.to_string().parse(), Ok(kind));
            assert_eq!(
                serde_json::from_value::<ErrorKind>(serde_json::to_value(kind).unwrap()).unwrap(),
                kind
            );
        }
        assert_eq!(ErrorKind::ClosedByPeer { code: Some(1006) }.to_string(), "closed_by_peer(1006)");
    }

    #[test]
    fn names_are_distinct_and_snake_case() {
        let names: std::collections::BTreeSet<_> = ErrorKind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), ErrorKind::ALL.len());
        assert!(names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "DNS",
            "closed_by_peer()",
            "closed_by_peer(+1)",
            "closed_by_peer(65536)",
            "timeout(1)",
            "io ",
        ] {
            assert_eq!(text.parse::<ErrorKind>(), Err(UnknownErrorKind(text.to_owned())));
        }
    }
}
