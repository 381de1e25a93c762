//! Failures of machines and of the network, as the kinds that are counted.

use crate::machine::{FailureKind, Place};
use crate::metrics::ErrorKind;
use crate::net::{ConnectFailureKind, ReadFailure};
use crate::program::Program;

/// A place of the program as one number, as the figures keep it: states first, then reactions.
pub fn place_index(program: &Program, place: Place) -> u32 {
    let index = match place {
        Place::State(state) => state.index(),
        Place::Reaction(reaction) => program.states.len() + reaction.index(),
    };
    u32::try_from(index).unwrap_or(u32::MAX)
}

pub(super) fn machine_kind(kind: FailureKind) -> ErrorKind {
    match kind {
        FailureKind::Timeout => ErrorKind::Timeout,
        FailureKind::HttpStatus => ErrorKind::HttpStatus,
        FailureKind::Assertion => ErrorKind::Assertion,
        FailureKind::Capture => ErrorKind::Capture,
        FailureKind::Render => ErrorKind::Render,
        FailureKind::ClosedByPeer(code) => ErrorKind::ClosedByPeer { code: Some(code) },
        FailureKind::Failed => ErrorKind::Failed,
        FailureKind::NotConnected => ErrorKind::NotConnected,
        FailureKind::AlreadyConnected => ErrorKind::AlreadyConnected,
        FailureKind::Unmatched => ErrorKind::Unmatched,
        FailureKind::Leak => ErrorKind::Leak,
        FailureKind::DuplicateReply => ErrorKind::DuplicateReply,
    }
}

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
