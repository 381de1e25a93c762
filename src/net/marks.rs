//! Which messages on their way to the reader are compressed.
//!
//! RSV1 says so (RFC 7692 section 6), and the frame reader takes no frame that has it. So the bit is taken out of the
//! bytes before it sees them, and what it said is kept here until the reader comes to the message: several may lie in
//! the frame reader's buffer.

use std::collections::VecDeque;

/// RSV1 in the first byte of a frame.
pub(super) const RSV1: u8 = 0x40;

const TEXT: u8 = 0x01;
const BINARY: u8 = 0x02;

/// How the payload of a message is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// As it came.
    Plain,
    /// Compressed text.
    Text,
    /// Compressed bytes.
    Binary,
}

/// How long a compressed message may be that has at most `limit_bytes` when it is whole: what cannot be compressed
/// becomes longer, by an eighth where it is done without care.
pub(super) fn compressed_limit_bytes(limit_bytes: u64) -> u64 {
    limit_bytes.saturating_add(limit_bytes / 8).saturating_add(64)
}

/// The marks of one connection's messages.
#[derive(Debug)]
pub(super) struct Marks {
    /// Of every message that has begun and that the reader has not come to.
    waiting: VecDeque<Mark>,
    /// Where in the bytes that are being looked at frames begin whose bit is to be taken out.
    flagged: Vec<usize>,
    /// Whether the message that began last is compressed.
    is_compressed: bool,
    /// How long a compressed message may be before it is made whole.
    limit_bytes: u64,
}

impl Marks {
    /// Of messages that have at most `limit_bytes` when they are whole.
    pub(super) fn new(limit_bytes: u64) -> Self {
        let limit_bytes = compressed_limit_bytes(limit_bytes);
        Self { waiting: VecDeque::new(), flagged: Vec::new(), is_compressed: false, limit_bytes }
    }

    /// A message begins with this byte, at this place of the bytes that are being looked at.
    pub(super) fn begin(&mut self, first: u8, at: usize) {
        self.is_compressed = first & RSV1 != 0;
        self.waiting.push_back(match (self.is_compressed, first & 0x0f) {
            (false, _) => Mark::Plain,
            (true, TEXT) => Mark::Text,
            (true, _) => Mark::Binary,
        });
        if self.is_compressed {
            self.flagged.push(at);
        }
    }

    /// The limit of the message that began last, where it is compressed.
    pub(super) fn limit_bytes(&self) -> Option<u64> {
        self.is_compressed.then_some(self.limit_bytes)
    }

    /// Makes plain binary frames of the compressed ones: what text they hold is not text yet.
    pub(super) fn take_out(&mut self, bytes: &mut [u8]) {
        for at in self.flagged.drain(..) {
            bytes[at] = (bytes[at] & 0x80) | BINARY;
        }
    }

    /// The mark of the next message.
    pub(super) fn take(&mut self) -> Mark {
        self.waiting.pop_front().expect("the reader comes to no message that did not pass here")
    }
}
