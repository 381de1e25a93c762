//! Failures of machines, as the kinds that are counted.

use crate::machine::{FailureKind, Place};
use crate::metrics::ErrorKind;
use crate::program::Program;

/// A place of the program as one number, as the figures keep it: states first, then reactions.
pub fn place_index(program: &Program, place: Place) -> u32 {
    let index = match place {
        Place::State(state) => state.index(),
        Place::Reaction(reaction) => program.states.len() + reaction.index(),
    };
    u32::try_from(index).unwrap_or(u32::MAX)
}

pub(crate) fn error_kind(kind: FailureKind) -> ErrorKind {
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
