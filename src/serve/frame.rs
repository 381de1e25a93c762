//! Outgoing frames as bytes: encoded once, shared by reference count, written as they are.
//!
//! A server's frames are not masked (RFC 6455 section 5.1), so the same bytes serve every receiver of a
//! broadcast.

use bytes::{Bytes, BytesMut};
use fastwebsockets::{Frame, OpCode, Payload};

/// The longest header of an unmasked frame: two bytes and eight of length (RFC 6455 section 5.2).
const LONGEST_HEADER: usize = 10;

/// `Frame::fmt_head` wants room for a mask as well.
const HEADER_ROOM: usize = 16;

/// Payloads up to this are copied behind their header; longer ones are sent from where they lie.
const COPIED_BYTES: usize = 4096;

/// One frame, ready to be written.
#[derive(Debug, Clone)]
pub(crate) struct Encoded {
    /// Header and payload, or the header of a long payload.
    pub(crate) head: Bytes,
    /// The long payload; empty otherwise.
    pub(crate) tail: Bytes,
    pub(crate) payload_bytes: usize,
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

    pub(crate) fn finish(mut self) -> Encoded {
        let mut header = [0; HEADER_ROOM];
        let header_bytes = write_header(OpCode::Text, &self.buffer[LONGEST_HEADER..], &mut header);
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
    fn headers_are_those_of_the_rfc() {
        assert_eq!(Encoded::copied(OpCode::Text, b"Hello").head[..], *b"\x81\x05Hello");
        assert_eq!(Encoded::copied(OpCode::Binary, &[0; 256]).head[..4], *b"\x82\x7e\x01\x00");
        assert_eq!(Encoded::close(Some(1001), "bye").head[..], *b"\x88\x05\x03\xe9bye");
        assert_eq!(Encoded::close(None, "").head[..], *b"\x88\x00");
    }
}
