//! Failures of the network, as the kinds that are counted.

use crate::metrics::ErrorKind;
use crate::net::{ConnectFailureKind, ReadFailure};

pub(super) fn connect_kind(kind: &ConnectFailureKind) -> ErrorKind {
    match kind {
        ConnectFailureKind::Dns { .. } => ErrorKind::Dns,
        ConnectFailureKind::Refused => ErrorKind::Refused,
        ConnectFailureKind::Reset => ErrorKind::Reset,
        ConnectFailureKind::ClosedDuringUpgrade | ConnectFailureKind::DeflateDeclined => ErrorKind::Upgrade,
        ConnectFailureKind::TimedOut => ErrorKind::ConnectTimeout,
        ConnectFailureKind::Unreachable => ErrorKind::Unreachable,
        ConnectFailureKind::Proxy { .. } => ErrorKind::Proxy,
        ConnectFailureKind::Tls { .. } => ErrorKind::Tls,
        ConnectFailureKind::OutOfFiles => ErrorKind::OutOfFiles,
        ConnectFailureKind::OutOfPorts => ErrorKind::OutOfPorts,
        ConnectFailureKind::Request(_) => ErrorKind::Render,
        ConnectFailureKind::UpgradeStatus { .. } => ErrorKind::UpgradeStatus,
        ConnectFailureKind::HeadersTooLong { .. } => ErrorKind::TooLarge,
        ConnectFailureKind::Handshake { .. } => ErrorKind::Handshake,
        ConnectFailureKind::Protocol(_) => ErrorKind::Protocol,
        ConnectFailureKind::Io { .. } => ErrorKind::Io,
    }
}

pub(super) fn read_kind(failure: &ReadFailure) -> ErrorKind {
    match failure {
        ReadFailure::Eof | ReadFailure::Reset => ErrorKind::Reset,
        ReadFailure::Io { .. } => ErrorKind::Io,
        ReadFailure::Tls { .. } => ErrorKind::Tls,
        ReadFailure::Protocol(_) | ReadFailure::Undecodable { .. } => ErrorKind::Protocol,
    }
}
