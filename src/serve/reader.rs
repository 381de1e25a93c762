//! Frames from the socket to whole messages, holding the client to RFC 6455.
//!
//! fastwebsockets reads and unmasks the frames. What it lets pass is checked here: frames without a mask, control
//! frames that are too long, fragments out of turn, text that is cut off inside a character, close codes that
//! may not be sent, and the length of a message in fragments.

use std::convert::Infallible;
use std::future;

use bytes::{Bytes, BytesMut};
use fastwebsockets::{Frame, OpCode, Payload, Role, WebSocketError, WebSocketRead, after_handshake_split};
use std::io::Cursor;
use tokio::io::{AsyncRead, AsyncReadExt, Chain};

use super::unflagged::{Marks, Unflagged};
use crate::deflate::{InflateError, Inflater, Side};

/// What a client sent.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A whole data message; text is valid UTF-8.
    Message {
        opcode: OpCode,
        payload: BytesMut,
        /// The length as it came, where it was compressed.
        deflated_bytes: Option<u64>,
    },
    /// To be answered with a pong of the same payload.
    Ping(BytesMut),
    /// Unasked here, and allowed (RFC 6455 section 5.5.3).
    Pong,
    /// The client's Close, with its code where it has one.
    Close(Option<u16>),
}

/// Why nothing more can be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ReadError {
    /// The client broke a rule or a limit; this is what to close with.
    Violation { code: u16, reason: &'static str },
    /// The connection ended without a Close.
    Gone,
}

const fn violation(code: u16, reason: &'static str) -> ReadError {
    ReadError::Violation { code, reason }
}

/// The longest payload of a control frame (RFC 6455 section 5.5).
const CONTROL_BYTES: usize = 125;

/// Reads one connection.
pub(crate) struct Reader<R> {
    frames: WebSocketRead<Unflagged<Chain<Cursor<Bytes>, R>>>,
    message_bytes: usize,
    partial: Option<(OpCode, BytesMut)>,
    inflating: Option<Box<Inflating>>,
}

/// Where messages may be compressed.
struct Inflating {
    marks: Marks,
    inflater: Inflater,
    /// The opcode of the message that began last, where that is compressed.
    opcode: Option<OpCode>,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    /// `already_read` came in with the upgrade request. Messages over `message_bytes` are refused. `deflate` is how
    /// the client compresses, where that was agreed on.
    pub(crate) fn new(already_read: Bytes, socket: R, message_bytes: usize, deflate: Option<Side>) -> Self {
        let stream = Cursor::new(already_read).chain(socket);
        let inflating = deflate.map(|client| {
            Box::new(Inflating { marks: Marks::default(), inflater: Inflater::new(client), opcode: None })
        });
        let stream = match &inflating {
            Some(inflating) => Unflagged::marking(stream, inflating.marks.clone()),
            None => Unflagged::plain(stream),
        };
        let (mut frames, _) = after_handshake_split(stream, tokio::io::sink(), Role::Server);
        frames.set_auto_pong(false);
        frames.set_auto_close(false);
        // The library refuses frames that are as long as its limit. What cannot be compressed becomes longer.
        let room = if inflating.is_some() { message_bytes / 8 + 64 } else { 0 };
        frames.set_max_message_size(message_bytes.saturating_add(room).saturating_add(1));
        Self { frames, message_bytes, partial: None, inflating }
    }

    /// The next message or control frame. Not cancel-safe: dropped in mid-frame, it loses the frame's header.
    pub(crate) async fn next(&mut self) -> Result<Incoming, ReadError> {
        loop {
            let mut frame = self
                .frames
                .read_frame(&mut |_| future::ready(Ok::<(), Infallible>(())))
                .await
                .map_err(|error| read_error(&error))?;
            if !is_masked(&mut frame) {
                return Err(violation(1002, "frame without a mask"));
            }
            let (is_final, opcode, payload) = (frame.fin, frame.opcode, owned(frame.payload));
            match opcode {
                OpCode::Text | OpCode::Binary | OpCode::Continuation => {
                    if let Some(inflating) = &mut self.inflating
                        && opcode != OpCode::Continuation
                    {
                        inflating.opcode = inflating.marks.take();
                    }
                    if let Some((opcode, payload)) = self.collect(is_final, opcode, payload)? {
                        return self.whole(opcode, payload);
                    }
                }
                _ if payload.len() > CONTROL_BYTES => {
                    return Err(violation(1002, "control frame over 125 bytes"));
                }
                OpCode::Ping => return Ok(Incoming::Ping(payload)),
                OpCode::Pong => return Ok(Incoming::Pong),
                OpCode::Close => return close_code(&payload).map(Incoming::Close),
            }
        }
    }

    fn collect(
        &mut self,
        is_final: bool,
        opcode: OpCode,
        payload: BytesMut,
    ) -> Result<Option<(OpCode, BytesMut)>, ReadError> {
        let is_compressed = self.inflating.as_ref().is_some_and(|inflating| inflating.opcode.is_some());
        let (opcode, payload) = match (opcode, self.partial.take()) {
            (OpCode::Continuation, None) => return Err(violation(1002, "continuation of no message")),
            (OpCode::Continuation, Some((opcode, mut start))) => {
                let room = if is_compressed { self.message_bytes / 8 + 64 } else { 0 };
                if start.len() + payload.len() > self.message_bytes + room {
                    return Err(violation(1009, "message is too long"));
                }
                start.extend_from_slice(&payload);
                if is_final && opcode == OpCode::Text && std::str::from_utf8(&start).is_err() {
                    return Err(violation(1007, "text is not UTF-8"));
                }
                (opcode, start)
            }
            (_, Some(_)) => return Err(violation(1002, "new message inside a fragmented one")),
            // Copied, so that a message that never ends does not hold on to the read buffer.
            (opcode, None) if !is_final => (opcode, BytesMut::from(&payload[..])),
            (opcode, None) => (opcode, payload),
        };
        if is_final {
            return Ok(Some((opcode, payload)));
        }
        self.partial = Some((opcode, payload));
        Ok(None)
    }

    /// A message to its last frame, made whole where it is compressed.
    fn whole(&mut self, opcode: OpCode, payload: BytesMut) -> Result<Incoming, ReadError> {
        let limit = self.message_bytes;
        let Some((inflating, opcode)) = self.inflating.as_mut().and_then(|inflating| {
            let opcode = inflating.opcode?;
            Some((inflating, opcode))
        }) else {
            if payload.len() > limit {
                return Err(violation(1009, "message is too long"));
            }
            return Ok(Incoming::Message { opcode, payload, deflated_bytes: None });
        };
        let mut whole = Vec::new();
        inflating.inflater.inflate(&payload, limit, &mut whole).map_err(|error| match error {
            InflateError::TooLong => violation(1009, "message is too long"),
            InflateError::Malformed { .. } => violation(1007, "message is not compressed rightly"),
        })?;
        if opcode == OpCode::Text && std::str::from_utf8(&whole).is_err() {
            return Err(violation(1007, "text is not UTF-8"));
        }
        let deflated_bytes = Some(payload.len() as u64);
        Ok(Incoming::Message { opcode, payload: BytesMut::from(Bytes::from(whole)), deflated_bytes })
    }
}

fn owned(payload: Payload<'_>) -> BytesMut {
    match payload {
        Payload::Bytes(bytes) => bytes,
        other => BytesMut::from(&other[..]),
    }
}

/// Whether the frame came with a mask. The library keeps that to itself, but writes it into the frame's header.
fn is_masked(frame: &mut Frame<'_>) -> bool {
    let mut header = [0; 16];
    frame.fmt_head(&mut header);
    header[1] & 0x80 != 0
}

/// RFC 6455 section 7.4: 1004, 1005, 1006 and 1015 may not be on the wire, nor what is not assigned.
fn close_code(payload: &[u8]) -> Result<Option<u16>, ReadError> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        let is_empty = payload.is_empty();
        return if is_empty { Ok(None) } else { Err(violation(1002, "close frame of one byte")) };
    };
    let code = u16::from_be_bytes(*code);
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(violation(1002, "close code may not be sent"));
    }
    if std::str::from_utf8(reason).is_err() {
        return Err(violation(1007, "close reason is not UTF-8"));
    }
    Ok(Some(code))
}

fn read_error(error: &WebSocketError) -> ReadError {
    match error {
        WebSocketError::InvalidUTF8 => violation(1007, "text is not UTF-8"),
        WebSocketError::FrameTooLarge => violation(1009, "message is too long"),
        WebSocketError::ReservedBitsNotZero => violation(1002, "reserved bit without an extension"),
        WebSocketError::InvalidValue => violation(1002, "reserved opcode"),
        WebSocketError::ControlFrameFragmented => violation(1002, "fragmented control frame"),
        WebSocketError::PingFrameTooLarge => violation(1002, "control frame over 125 bytes"),
        _ => ReadError::Gone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads everything in `bytes` with a limit of 10 bytes a message, and says what came out.
    fn read_all(bytes: &'static [u8]) -> Vec<String> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut reader = Reader::new(Bytes::new(), bytes, 10, None);
            let mut seen = Vec::new();
            loop {
                match reader.next().await {
                    Ok(Incoming::Message { opcode, payload, .. }) => {
                        seen.push(format!("{opcode:?} {}", payload.escape_ascii()));
                    }
                    Ok(other) => seen.push(format!("{other:?}")),
                    Err(ReadError::Violation { code, .. }) => {
                        seen.push(code.to_string());
                        return seen;
                    }
                    Err(ReadError::Gone) => return seen,
                }
            }
        })
    }

    // A mask of zeros leaves the payload readable.
    #[test]
    fn messages_come_whole_and_control_frames_between_their_fragments() {
        assert_eq!(read_all(b"\x81\x82\0\0\0\0hi"), ["Text hi"]);
        assert_eq!(
            read_all(b"\x01\x81\0\0\0\0a\x89\x81\0\0\0\0p\x00\x81\0\0\0\0b\x80\x80\0\0\0\0"),
            [r#"Ping(b"p")"#, "Text ab"]
        );
        // A character in two fragments.
        assert_eq!(read_all(b"\x01\x81\0\0\0\0\xc3\x80\x81\0\0\0\0\xa9"), [r"Text \xc3\xa9"]);
        assert_eq!(read_all(b"\x88\x80\0\0\0\0"), ["Close(None)"]);
        assert_eq!(read_all(b"\x88\x82\0\0\0\0\x0f\xa0"), ["Close(Some(4000))"]);
    }

    #[test]
    fn each_broken_rule_has_its_close_code() {
        for (broken, code, rule) in [
            (&b"\x81\x02hi"[..], "1002", "no mask"),
            (b"\xc1\x81\0\0\0\0a", "1002", "reserved bit"),
            (b"\x83\x81\0\0\0\0a", "1002", "reserved opcode"),
            (b"\x09\x80\0\0\0\0", "1002", "fragmented ping"),
            (b"\x80\x81\0\0\0\0a", "1002", "continuation of nothing"),
            (b"\x01\x81\0\0\0\0a\x81\x81\0\0\0\0b", "1002", "message inside a message"),
            (b"\x01\x81\0\0\0\0a\x01\x81\0\0\0\0b", "1002", "second start"),
            (b"\x88\x81\0\0\0\0a", "1002", "close of one byte"),
            (b"\x88\x82\0\0\0\0\x03\xed", "1002", "close with 1005"),
            (b"\x88\x83\0\0\0\0\x03\xe8\xff", "1007", "reason not UTF-8"),
            (b"\x81\x81\0\0\0\0\xff", "1007", "text not UTF-8"),
            (b"\x01\x81\0\0\0\0\xc3\x80\x80\0\0\0\0", "1007", "text cut off in a character"),
            (b"\x82\x8b\0\0\0\0hello world", "1009", "frame over the limit"),
            (b"\x02\x86\0\0\0\0hello \x80\x85\0\0\0\0world", "1009", "message over the limit"),
        ] {
            assert_eq!(read_all(broken), [code], "{rule}");
        }
        assert_eq!(read_all(b"\x82\x8a\0\0\0\0hello worl"), ["Binary hello worl"], "exactly the limit");
        let long_pong = [&b"\x8a\xfe\x00\x7e\0\0\0\0"[..], &[0; 126]].concat();
        assert_eq!(read_all(long_pong.leak()), ["1009"], "a pong that is over this limit, too");
    }

    #[test]
    fn what_came_with_the_upgrade_request_is_read_first() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let payload = runtime.block_on(async {
            let early = Bytes::from_static(b"\x81\x82\0\0");
            let mut reader = Reader::new(early, &b"\0\0hi"[..], 10, None);
            match reader.next().await {
                Ok(Incoming::Message { payload, .. }) => payload,
                other => panic!("{other:?}"),
            }
        });
        assert_eq!(payload, "hi");
    }
}
