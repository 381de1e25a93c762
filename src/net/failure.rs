//! Why a connection did not come about, or ended: closed lists with the data in them.

use std::fmt;
use std::io;

use hyper::header::HeaderMap;
use nix::errno::Errno;

use super::request::RequestError;
use super::tls;
use super::violation::ProtocolViolation;
use crate::program::Url;

/// A connection that did not come about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectFailure {
    /// What went wrong.
    pub kind: ConnectFailureKind,
    /// `host:port`, and the socket address in brackets where the name had been resolved to another text.
    pub address: String,
}

/// What went wrong while connecting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectFailureKind {
    /// The name has no address, or nobody could say.
    Dns {
        /// What the resolver said.
        reason: String,
    },
    /// Nobody listens there.
    Refused,
    /// The connection was reset, before or during the upgrade.
    Reset,
    /// The operating system gave up waiting for an answer.
    TimedOut,
    /// There is no way to the host or its network.
    Unreachable,
    /// TLS could not be spoken, or the server's certificate is not believed.
    Tls {
        /// What is wrong, in words; names out of a certificate are escaped.
        reason: String,
    },
    /// This process (`EMFILE`) or this machine (`ENFILE`) may open no more files.
    OutOfFiles,
    /// No local port is left for that address (`EADDRNOTAVAIL`).
    OutOfPorts,
    /// The proxy did not lead to the server.
    Proxy {
        /// The proxy's `host:port`.
        proxy: String,
        /// Why.
        failure: ProxyFailure,
    },
    /// The request itself cannot be sent.
    Request(RequestError),
    /// The server answered, and not with 101.
    UpgradeStatus {
        /// The HTTP status.
        status: u16,
        /// The reason phrase as sent, or the standard one.
        reason: String,
        /// The first bytes of the body as text; wrong UTF-8 is replaced. Escape it before it is shown.
        body_prefix: String,
        /// All headers of the answer.
        headers: Box<HeaderMap>,
    },
    /// The head of the answer is over the limit.
    HeadersTooLong {
        /// The limit in bytes; more than a hundred header lines are too long as well.
        limit_bytes: usize,
    },
    /// The answer broke a rule of the protocol.
    Protocol(ProtocolViolation),
    /// The answer agrees to no compression, which was required.
    DeflateDeclined,
    /// The handshake of messages behind the upgrade went wrong, where the protocol has one: told by whoever speaks it.
    Handshake {
        /// What is wrong.
        detail: String,
    },
    /// The server closed the connection without a complete answer.
    ClosedDuringUpgrade,
    /// Anything else that the operating system had to say.
    Io {
        /// The standard library's name for it.
        kind: io::ErrorKind,
        /// The system's words.
        message: String,
    },
}

/// Why a proxy did not lead to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxyFailure {
    /// It could not be reached, or did not answer as HTTP has it.
    Broken(Box<ConnectFailureKind>),
    /// It answered, and not with a status of success.
    Status {
        /// The HTTP status.
        status: u16,
        /// The reason phrase as sent, or the standard one.
        reason: String,
    },
    /// Something came behind its answer, before the server had been asked for anything.
    SpokeFirst,
}

/// Why reading came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadFailure {
    /// The TCP connection ended. After a Close frame that is how it should be; without one it is a loss.
    Eof,
    /// The server reset the connection.
    Reset,
    /// Anything else that the operating system had to say.
    Io {
        /// The standard library's name for it.
        kind: io::ErrorKind,
        /// The system's words.
        message: String,
    },
    /// What came could not be opened, or the server said so of what it was sent.
    Tls {
        /// What is wrong, in words.
        reason: String,
    },
    /// A message does not keep to the protocol that is spoken in messages: told by whoever speaks it.
    Undecodable {
        /// What is wrong.
        detail: String,
    },
    /// The server broke a rule; the connection is to be closed with its `close_code`.
    Protocol(ProtocolViolation),
}

impl ConnectFailure {
    /// A request that cannot be sent to a target at all.
    pub fn request(target: &Url, error: RequestError) -> Self {
        Self { kind: ConnectFailureKind::Request(error), address: target.address() }
    }
}

impl ConnectFailureKind {
    /// By what the system said.
    pub fn from_io(error: &io::Error) -> Self {
        use io::ErrorKind as Kind;
        if let Some(error) = tls::error_in(error) {
            return Self::Tls { reason: tls::words(error) };
        }
        let is = |errno: Errno| error.raw_os_error() == Some(errno as i32);
        if is(Errno::EMFILE) || is(Errno::ENFILE) {
            return Self::OutOfFiles;
        }
        match error.kind() {
            Kind::ConnectionRefused => Self::Refused,
            Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => Self::Reset,
            Kind::TimedOut => Self::TimedOut,
            Kind::HostUnreachable | Kind::NetworkUnreachable => Self::Unreachable,
            Kind::AddrNotAvailable => Self::OutOfPorts,
            Kind::UnexpectedEof => Self::ClosedDuringUpgrade,
            kind => Self::Io { kind, message: error.to_string() },
        }
    }
}

impl ReadFailure {
    pub(super) fn from_io(error: &io::Error) -> Self {
        if let Some(error) = tls::error_in(error) {
            return Self::Tls { reason: tls::words(error) };
        }
        match error.kind() {
            io::ErrorKind::ConnectionReset => Self::Reset,
            kind => Self::Io { kind, message: error.to_string() },
        }
    }
}

impl From<ProtocolViolation> for ReadFailure {
    fn from(violation: ProtocolViolation) -> Self {
        Self::Protocol(violation)
    }
}

impl fmt::Display for ConnectFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot connect to {}: {}", self.address, self.kind)
    }
}

impl fmt::Display for ConnectFailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns { reason } => write!(f, "the name cannot be resolved: {reason}"),
            Self::Refused => f.write_str("connection refused"),
            Self::Reset => f.write_str("connection reset"),
            Self::TimedOut => f.write_str("the operating system's connect timed out"),
            Self::Unreachable => f.write_str("host or network unreachable"),
            Self::Tls { reason } => write!(f, "TLS: {reason}"),
            Self::OutOfFiles => f.write_str("no more files can be opened (ulimit -n)"),
            Self::OutOfPorts => f.write_str("no local port is left for this address"),
            Self::Proxy { proxy, failure } => write!(f, "the proxy {proxy}: {failure}"),
            Self::Request(error) => error.fmt(f),
            Self::UpgradeStatus { status, reason, body_prefix, .. } => {
                write!(f, "answered {status} {} instead of 101", reason.escape_debug())?;
                if body_prefix.is_empty() { Ok(()) } else { write!(f, ": {body_prefix:?}") }
            }
            Self::HeadersTooLong { limit_bytes } => {
                write!(f, "the head of the answer is over {limit_bytes} bytes or 100 lines")
            }
            Self::Protocol(violation) => violation.fmt(f),
            Self::DeflateDeclined => {
                f.write_str("the server does not take permessage-deflate, which the plan requires")
            }
            Self::Handshake { detail } => write!(f, "the handshake behind the upgrade failed: {detail}"),
            Self::ClosedDuringUpgrade => f.write_str("closed before the upgrade was answered"),
            Self::Io { message, .. } => f.write_str(message),
        }
    }
}

impl fmt::Display for ProxyFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(kind) => kind.fmt(f),
            Self::Status { status, reason } => write!(f, "answered {status} {}", reason.escape_debug()),
            Self::SpokeFirst => f.write_str("sent something that no server can have said yet"),
        }
    }
}

impl fmt::Display for ReadFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undecodable { detail } => f.write_str(detail),
            Self::Eof => f.write_str("the connection ended without a Close frame"),
            Self::Reset => f.write_str("connection reset"),
            Self::Io { message, .. } => f.write_str(message),
            Self::Tls { reason } => write!(f, "TLS: {reason}"),
            Self::Protocol(violation) => violation.fmt(f),
        }
    }
}

impl std::error::Error for ConnectFailure {}
impl std::error::Error for ReadFailure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_has_a_kind() {
        let cases = [
            (Errno::ECONNREFUSED, ConnectFailureKind::Refused),
            (Errno::ECONNRESET, ConnectFailureKind::Reset),
            (Errno::EPIPE, ConnectFailureKind::Reset),
            (Errno::ETIMEDOUT, ConnectFailureKind::TimedOut),
            (Errno::EHOSTUNREACH, ConnectFailureKind::Unreachable),
            (Errno::ENETUNREACH, ConnectFailureKind::Unreachable),
            (Errno::EMFILE, ConnectFailureKind::OutOfFiles),
            (Errno::ENFILE, ConnectFailureKind::OutOfFiles),
            (Errno::EADDRNOTAVAIL, ConnectFailureKind::OutOfPorts),
        ];
        for (errno, kind) in cases {
            assert_eq!(ConnectFailureKind::from_io(&io::Error::from_raw_os_error(errno as i32)), kind);
        }
        let other = ConnectFailureKind::from_io(&io::Error::from_raw_os_error(Errno::EACCES as i32));
        assert!(matches!(other, ConnectFailureKind::Io { kind: io::ErrorKind::PermissionDenied, .. }));
    }

    #[test]
    fn a_servers_body_is_shown_escaped() {
        let failure = ConnectFailure {
            kind: ConnectFailureKind::UpgradeStatus {
                status: 401,
                reason: "Un\u{1b}authorized".to_owned(),
                body_prefix: "no\u{1b}[2J\n".to_owned(),
                headers: Box::default(),
            },
            address: "h:1".to_owned(),
        };
        assert_eq!(
            failure.to_string(),
            r#"cannot connect to h:1: answered 401 Un\u{1b}authorized instead of 101: "no\u{1b}[2J\n""#
        );
    }
}
