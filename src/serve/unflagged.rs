//! A client's bytes on their way to the frame reader, which takes no frame with a reserved bit.
//!
//! RSV1 on the first frame of a message says that it is compressed (RFC 7692 section 6). Where that was agreed on, the
//! bit is taken out here, and what it said is kept until the reader comes to the message.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use fastwebsockets::OpCode;
use tokio::io::{AsyncRead, ReadBuf};

/// The three reserved bits in the first byte of a frame, and the one that has a meaning.
const RESERVED: u8 = 0x70;
const RSV1: u8 = 0x40;

const BINARY: u8 = 0x02;

/// What became of the messages that were let through: for each, the opcode of a compressed one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marks(Arc<Mutex<VecDeque<Option<OpCode>>>>);

impl Marks {
    /// The opcode of the next message, where it is compressed.
    pub(crate) fn take(&self) -> Option<OpCode> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front().flatten()
    }

    fn push(&self, mark: Option<OpCode>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(mark);
    }
}

/// Where a stream of masked frames stands.
#[derive(Debug, Default)]
struct Walk {
    marks: Marks,
    head_filled: u8,
    head_bytes: u8,
    length_bytes: u8,
    payload_left_bytes: u64,
}

impl Walk {
    fn pass(&mut self, bytes: &mut [u8]) {
        let mut at = 0;
        while at < bytes.len() {
            if self.head_filled == 0 && self.payload_left_bytes > 0 {
                let left = usize::try_from(self.payload_left_bytes).unwrap_or(usize::MAX);
                let passed = left.min(bytes.len() - at);
                self.payload_left_bytes -= passed as u64;
                at += passed;
            } else {
                self.take_head_byte(&mut bytes[at]);
                at += 1;
            }
        }
    }

    fn take_head_byte(&mut self, byte: &mut u8) {
        match self.head_filled {
            0 => self.begin(byte),
            1 => {
                let short = *byte & 0x7f;
                self.length_bytes = [0, 2, 8][usize::from(short.saturating_sub(125))];
                self.payload_left_bytes = if self.length_bytes == 0 { u64::from(short) } else { 0 };
                let mask_bytes = if *byte & 0x80 == 0 { 0 } else { 4 };
                self.head_bytes = 2 + self.length_bytes + mask_bytes;
            }
            at if at < 2 + self.length_bytes => {
                self.payload_left_bytes = (self.payload_left_bytes << 8) | u64::from(*byte);
            }
            _ => {}
        }
        self.head_filled += 1;
        if self.head_filled >= 2 && self.head_filled == self.head_bytes {
            self.head_filled = 0;
        }
    }

    fn begin(&mut self, first: &mut u8) {
        let opcode = match *first & 0x0f {
            1 => OpCode::Text,
            2 => OpCode::Binary,
            _ => return,
        };
        let is_compressed = *first & RESERVED == RSV1;
        if is_compressed {
            // What text it holds is not text yet.
            *first = (*first & 0x80) | BINARY;
        }
        self.marks.push(is_compressed.then_some(opcode));
    }
}

/// The stream, walked through where compression was agreed on.
pub(crate) struct Unflagged<R> {
    stream: R,
    walk: Option<Box<Walk>>,
}

impl<R> Unflagged<R> {
    /// All bytes as they are.
    pub(crate) fn plain(stream: R) -> Self {
        Self { stream, walk: None }
    }

    /// Without the bits, which are kept in `marks`.
    pub(crate) fn marking(stream: R, marks: Marks) -> Self {
        Self { stream, walk: Some(Box::new(Walk { marks, ..Walk::default() })) }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Unflagged<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let start = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if let Some(walk) = &mut self.walk {
            walk.pass(&mut buffer.filled_mut()[start..]);
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(first: u8, length: usize) -> Vec<u8> {
        let mut frame = vec![first];
        match length {
            0..126 => frame.push(0x80 | u8::try_from(length).unwrap()),
            126..65_536 => {
                frame.push(0xfe);
                frame.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            _ => {
                frame.push(0xff);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.extend([1, 2, 3, 4]);
        frame.resize(frame.len() + length, 0xc1);
        frame
    }

    #[test]
    fn the_bit_is_taken_out_of_first_frames_wherever_the_bytes_are_cut() {
        let frames = [
            (0xc1, 0x82, 3),
            (0x89, 0x89, 125),
            (0x41, 0x02, 126),
            (0xc0, 0xc0, 5),
            (0x80, 0x80, 0),
            (0x82, 0x82, 65_535),
            (0xc2, 0x82, 65_536),
            (0xe1, 0xe1, 0),
            (0x81, 0x81, 1),
        ];
        let of = |pick: fn(&(u8, u8, usize)) -> u8| -> Vec<u8> {
            frames.iter().flat_map(|frame| masked(pick(frame), frame.2)).collect()
        };
        let (sent, wanted) = (of(|frame| frame.0), of(|frame| frame.1));
        for piece_bytes in [1, 2, 3, 7, 4_096, usize::MAX] {
            let mut walk = Walk::default();
            let mut bytes = sent.clone();
            bytes.chunks_mut(piece_bytes).for_each(|piece| walk.pass(piece));
            assert!(bytes == wanted, "{piece_bytes}");
            let marks: Vec<_> = walk.marks.0.lock().unwrap().drain(..).collect();
            let (text, binary) = (Some(OpCode::Text), Some(OpCode::Binary));
            // The one with two bits is refused behind this.
            assert_eq!(marks, [text, text, None, binary, None, None]);
        }
    }
}
