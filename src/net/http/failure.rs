//! Why an HTTP request had no answer: a closed list.

use std::fmt;

use crate::net::failure::ConnectFailureKind;
use crate::net::handshake;
use crate::net::request::RequestError;

/// A request that had no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpFailure {
    /// What went wrong.
    pub kind: HttpFailureKind,
    /// `host:port`, and the socket address in brackets where the name had been resolved to another text.
    pub address: String,
}

/// What went wrong with an HTTP request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpFailureKind {
    /// There is no connection to send it on.
    Connect(ConnectFailureKind),
    /// The request itself cannot be sent.
    Request(RequestError),
    /// The server closed the connection before it had answered, or amid its answer.
    Closed,
    /// The connection broke, or what came is no answer.
    Exchange(ConnectFailureKind),
    /// The body of the answer is over the limit.
    BodyTooLong {
        /// The limit in bytes.
        limit_bytes: usize,
    },
    /// A redirect leads nowhere: its `Location` is no URL of `http` or `https`.
    Location {
        /// What is wrong with it.
        reason: String,
    },
}

impl HttpFailureKind {
    pub(super) fn from_hyper(error: &hyper::Error, limit_bytes: usize) -> Self {
        match handshake::failure(error, limit_bytes) {
            ConnectFailureKind::ClosedDuringUpgrade => Self::Closed,
            other => Self::Exchange(other),
        }
    }
}

impl fmt::Display for HttpFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = &self.address;
        match &self.kind {
            HttpFailureKind::Connect(kind) => write!(f, "cannot connect to {address}: {kind}"),
            HttpFailureKind::Request(error) => write!(f, "the request cannot be sent: {error}"),
            HttpFailureKind::Closed => write!(f, "{address} closed the connection before it had answered"),
            HttpFailureKind::Exchange(kind) => write!(f, "no answer of {address}: {kind}"),
            HttpFailureKind::BodyTooLong { limit_bytes } => {
                write!(f, "the body of the answer of {address} is over {limit_bytes} bytes")
            }
            HttpFailureKind::Location { reason } => {
                write!(f, "{address} redirects to what cannot be followed: {reason}")
            }
        }
    }
}

impl std::error::Error for HttpFailure {}
