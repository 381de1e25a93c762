//! Compressed messages, made whole for the reader.

use super::marks::Mark;
use super::violation::ProtocolViolation;
use crate::deflate::{InflateError, Inflater, Side};

/// Room that has grown beyond this is given back, so that one large message does not stay resident.
const KEPT_BYTES: usize = 2_048;

/// What a connection needs to read what is compressed.
#[derive(Debug)]
pub(super) struct Inflated {
    inflater: Inflater,
    limit_bytes: usize,
    /// Of the data message that began last.
    mark: Mark,
    whole: Vec<u8>,
}

impl Inflated {
    /// For a server that compresses like this, and messages of at most `limit_bytes`.
    pub(super) fn new(server: Side, limit_bytes: usize) -> Self {
        Self { inflater: Inflater::new(server), limit_bytes, mark: Mark::Plain, whole: Vec::new() }
    }

    /// A data message begins.
    pub(super) fn begin(&mut self, mark: Mark) {
        self.mark = mark;
    }

    /// How the data message is to be taken that began last.
    pub(super) fn mark(&self) -> Mark {
        self.mark
    }

    /// Makes a message whole.
    pub(super) fn make_whole(&mut self, payload: &[u8]) -> Result<&[u8], ProtocolViolation> {
        self.whole.clear();
        let limit = self.limit_bytes;
        self.inflater.inflate(payload, limit, &mut self.whole).map_err(|error| match error {
            InflateError::TooLong => ProtocolViolation::MessageTooLong {
                bytes: (limit as u64).saturating_add(1),
                limit_bytes: limit as u64,
            },
            InflateError::Malformed { detail } => ProtocolViolation::NotDeflated { detail },
        })?;
        Ok(&self.whole)
    }

    /// Gives back what the last message took.
    pub(super) fn let_go(&mut self) {
        if self.whole.capacity() > KEPT_BYTES {
            self.whole = Vec::new();
        }
    }
}
