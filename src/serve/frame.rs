//! Outgoing frames as bytes: encoded once, shared by reference count, written as they are.
//!
//! A server's frames are not masked (RFC 6455 section 5.1), so the same bytes serve every receiver of a
//! broadcast.

use bytes::{Bytes, BytesMut};
use fastwebsockets::{Frame, OpCode, Payload};

use crate::deflate::{Deflater, Side};

/// The longest header of an unmasked frame: two bytes and eight of length (RFC 6455 section 5.2).
const LONGEST_HEADER: usize = 10;

/// `Frame::fmt_head` wants room for a mask as well.
const HEADER_ROOM: usize = 16;

/// Payloads up to this are copied behind their header; longer ones are sent from where they lie.
const COPIED_BYTES: usize = 4096;

/// RSV1, which says that a message is compressed (RFC 7692 section 6).
const RSV1: u8 = 0x40;

/// One frame, ready to be written.
#[derive(Debug, Clone)]
pub(crate) struct Encoded {
    /// Header and payload, or the header of a long payload.
    pub(crate) head: Bytes,
    /// The long payload; empty otherwise.
    pub(crate) tail: Bytes,
    /// Of the message, whatever it is compressed to.
    pub(crate) payload_bytes: usize,
}

/// A broadcast: one frame for all who take it as it is, and one for each way to compress it that anybody asks for.
#[derive(Debug)]
pub(crate) struct Broadcast {
    plain: Encoded,
    deflated: Vec<(Side, Encoded)>,
}

impl Broadcast {
    pub(crate) fn new(plain: Encoded) -> Self {
        Self { plain, deflated: Vec::new() }
    }

    /// What a connection is sent.
    pub(crate) fn for_peer(&mut self, deflate: Option<Side>) -> &Encoded {
        let Some(side) = deflate else { return &self.plain };
        let known = self.deflated.iter().position(|(known, _)| *known == side);
        let place = known.unwrap_or_else(|| {
            self.deflated.push((side, self.plain.deflated(side)));
            self.deflated.len() - 1
        });
        &self.deflated[place].1
    }
}

impl Encoded {
    /// A whole message or control frame. Keeps `payload` without copying where it is long.
    pub(crate) fn new(opcode: OpCode, payload: BytesMut) -> Self {
        if payload.len() <= COPIED_BYTES {
            return Self::copied(opcode, &payload);
        }
        let payload_bytes = payload.len();
        let mut header = [0; HEADER_ROOM];
        let header_bytes = write_header(opcode, &payload, &mut header);
        Self { head: Bytes::copy_from_slice(&header[..header_bytes]), tail: payload.freeze(), payload_bytes }
    }

    /// A whole message or control frame, copied.
    pub(crate) fn copied(opcode: OpCode, payload: &[u8]) -> Self {
        let mut header = [0; HEADER_ROOM];
        let header_bytes = write_header(opcode, payload, &mut header);
        let mut bytes = Vec::with_capacity(header_bytes + payload.len());
        bytes.extend_from_slice(&header[..header_bytes]);
        bytes.extend_from_slice(payload);
        Self { head: bytes.into(), tail: Bytes::new(), payload_bytes: payload.len() }
    }

    /// The same message, compressed by a side that keeps no context, so that it is good for all who agreed on it.
    pub(crate) fn deflated(&self, side: Side) -> Self {
        debug_assert!(!side.keeps_context, "what is sent to many refers to nothing that was sent to one");
        let payload = match &self.tail[..] {
            [] => &self.head[self.head.len() - self.payload_bytes..],
            tail => tail,
        };
        let mut frame = TextFrame::new(payload.len() / 2);
        Deflater::new(side).compress(payload, frame.payload());
        let first = RSV1 | self.head[0];
        Self { payload_bytes: self.payload_bytes, ..frame.finish_as(first) }
    }

    /// A Close with `code` and `reason`, or with no body where there is no code (RFC 6455 section 5.5.1).
    pub(crate) fn close(code: Option<u16>, reason: &str) -> Self {
        let mut payload = Vec::new();
        if let Some(code) = code {
            payload.extend_from_slice(&code.to_be_bytes());
            payload.extend_from_slice(reason.as_bytes());
        }
        debug_assert!(payload.len() <= 125, "a control frame holds 125 bytes: {reason}");
        Self::copied(OpCode::Close, &payload)
    }
}

/// A text frame whose payload is written in place behind the room for its header.
#[derive(Debug)]
pub(crate) struct TextFrame {
    buffer: Vec<u8>,
}

impl TextFrame {
    /// `expected_bytes` is a guess at the payload's length.
    pub(crate) fn new(expected_bytes: usize) -> Self {
        let mut buffer = Vec::with_capacity(LONGEST_HEADER + expected_bytes);
        buffer.resize(LONGEST_HEADER, 0);
        Self { buffer }
    }

    /// Where the payload is appended.
    pub(crate) fn payload(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    pub(crate) fn finish(self) -> Encoded {
        // A final frame of text.
        self.finish_as(0x81)
    }

    /// With another first byte (RFC 6455 section 5.2).
    fn finish_as(mut self, first: u8) -> Encoded {
        let mut header = [0; HEADER_ROOM];
        let header_bytes = write_header(OpCode::Text, &self.buffer[LONGEST_HEADER..], &mut header);
        header[0] = first;
        let start = LONGEST_HEADER - header_bytes;
        self.buffer[start..LONGEST_HEADER].copy_from_slice(&header[..header_bytes]);
        let payload_bytes = self.buffer.len() - LONGEST_HEADER;
        Encoded { head: Bytes::from(self.buffer).slice(start..), tail: Bytes::new(), payload_bytes }
    }
}

fn write_header(opcode: OpCode, payload: &[u8], header: &mut [u8; HEADER_ROOM]) -> usize {
    Frame::new(true, opcode, None, Payload::Borrowed(payload)).fmt_head(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_encoding_gives_the_same_bytes() {
        for length in [0, 1, 125, 126, COPIED_BYTES, COPIED_BYTES + 1, 65_535, 65_536] {
            let payload = vec![b'x'; length];
            let mut in_place = TextFrame::new(0);
            in_place.payload().extend_from_slice(&payload);
            let wanted = Encoded::copied(OpCode::Text, &payload);
            for encoded in [in_place.finish(), Encoded::new(OpCode::Text, payload[..].into())] {
                assert_eq!([&encoded.head[..], &encoded.tail[..]].concat(), wanted.head, "{length}");
                assert_eq!(encoded.payload_bytes, length);
            }
        }
    }

    #[test]
    fn a_compressed_frame_is_that_of_the_rfc_and_is_made_once() {
        let side = Side { window_bits: 15, keeps_context: false };
        let mut broadcast = Broadcast::new(Encoded::copied(OpCode::Text, b"Hello"));
        assert_eq!(broadcast.for_peer(None).head[..], *b"\x81\x05Hello");
        // RFC 7692 section 7.2.3.1.
        let compressed = broadcast.for_peer(Some(side)).clone();
        assert_eq!(compressed.head[..], *b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00");
        assert_eq!(compressed.payload_bytes, 5);
        assert_eq!(broadcast.for_peer(Some(side)).head.as_ptr(), compressed.head.as_ptr());
        let long = Encoded::new(OpCode::Binary, BytesMut::zeroed(COPIED_BYTES + 1)).deflated(side);
        assert_eq!((long.head[0], long.tail.len(), long.payload_bytes), (0xc2, 0, COPIED_BYTES + 1));
    }

    #[test]
    fn headers_are_those_of_the_rfc() {
        assert_eq!(Encoded::copied(OpCode::Text, b"Hello").head[..], *b"\x81\x05Hello");
        assert_eq!(Encoded::copied(OpCode::Binary, &[0; 256]).head[..4], *b"\x82\x7e\x01\x00");
        assert_eq!(Encoded::close(Some(1001), "bye").head[..], *b"\x88\x05\x03\xe9bye");
        assert_eq!(Encoded::close(None, "").head[..], *b"\x88\x00");
    }
}
