//! Whole messages out of frames, strictly: what a server may not send ends the reading with the rule it broke.
//!
//! Frames are taken apart by fastwebsockets; their heads were checked by [`super::inspect`] on the way there.
//! Here fragments become messages, and payloads are held against the rules on text and Close frames.

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::{poll_fn, ready};
use std::io;
use std::rc::Rc;
use std::task::Poll;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use fastwebsockets::{OpCode, Payload, WebSocketError};

use super::failure::ReadFailure;
use super::inflated::Inflated;
use super::intake::Intake;
use super::lent::FrameReader;
use super::marks::{self, Mark};
use super::stream::ReadHalf;
use super::violation::ProtocolViolation;
use crate::deflate::Side;

/// The reading half of a connection.
pub struct Reader {
    /// While bytes have been read that have not been handed out.
    frames: Option<Box<FrameReader>>,
    intake: Rc<RefCell<Intake>>,
    /// Of the event that was handed out last; the event borrows it.
    payload: BytesMut,
    open: Option<OpenMessage>,
    frame_limit_bytes: usize,
    /// Where permessage-deflate was agreed on.
    inflated: Option<Box<Inflated>>,
}

/// A message whose last fragment is yet to come.
struct OpenMessage {
    opcode: OpCode,
    bytes: BytesMut,
    wire_bytes: u64,
}

/// One message or control frame from the server.
#[derive(Debug)]
pub struct Incoming<'a> {
    /// When the bytes that completed it were read from the kernel, before anything else was done with them.
    pub at: Instant,
    /// What it took on the wire: payload and frame heads, over all fragments. Without TCP's and IP's own.
    pub wire_bytes: u64,
    /// The length of the payload as it came, over all fragments, where it was compressed.
    pub deflated_bytes: Option<u64>,
    /// What it is.
    pub event: Event<'a>,
}

/// What a server can say. The bytes lie where they were received, until the next read.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A whole text message.
    Text(&'a str),
    /// A whole binary message.
    Binary(&'a [u8]),
    /// A Ping; the owner answers with [`Writer::pong`](super::Writer::pong) (RFC 6455 section 5.5.2).
    Ping(&'a [u8]),
    /// A Pong, asked for or not (RFC 6455 section 5.5.3).
    Pong(&'a [u8]),
    /// A Close frame; the owner answers it where it has not closed itself, and reads on to the end of the stream
    /// (RFC 6455 sections 5.5.1 and 7.1.1).
    Close {
        /// `None` where the frame was empty, which an endpoint reports as 1005 (RFC 6455 section 7.1.5).
        code: Option<u16>,
        /// Empty where there was none. From the server: escape it before it is shown.
        reason: &'a str,
    },
}

struct WholeFrame {
    is_final: bool,
    opcode: OpCode,
    payload: BytesMut,
}

impl Reader {
    pub(super) fn new(stream: ReadHalf, early: Option<Bytes>, max_message_bytes: usize) -> Self {
        let intake = Rc::new(RefCell::new(Intake::new(stream, early, max_message_bytes as u64)));
        // fastwebsockets refuses a frame as long as its limit; the limit itself is held by the intake.
        let frame_limit_bytes = max_message_bytes.saturating_add(1);
        Self { frames: None, intake, payload: BytesMut::new(), open: None, frame_limit_bytes, inflated: None }
    }

    /// From here on messages may be compressed as `server` says.
    pub(super) fn permit_deflate(&mut self, server: Side) {
        let limit_bytes = self.frame_limit_bytes.saturating_sub(1);
        self.inflated = Some(Box::new(Inflated::new(server, limit_bytes)));
        self.intake.borrow_mut().permit_deflate();
        let longest = usize::try_from(marks::compressed_limit_bytes(limit_bytes as u64));
        self.frame_limit_bytes = longest.unwrap_or(usize::MAX).saturating_add(1);
    }

    /// Waits for the next message or control frame.
    ///
    /// **Not cancel-safe**: a future dropped amid a frame leaves the stream out of step. Keep it until it is
    /// ready, or drop the whole connection. After an error the connection is of no more use for reading.
    pub async fn next(&mut self) -> Result<Incoming<'_>, ReadFailure> {
        // Gives the last event's bytes back first, so that the frame reader can use its buffer again in place.
        self.payload = BytesMut::new();
        if let Some(inflated) = &mut self.inflated {
            inflated.let_go();
        }
        let (opcode, wire_bytes) = loop {
            let WholeFrame { is_final, opcode, payload } = self.next_frame().await?;
            if let Some(inflated) = &mut self.inflated
                && matches!(opcode, OpCode::Text | OpCode::Binary)
            {
                inflated.begin(self.intake.borrow_mut().take_mark());
            }
            let wire_bytes = frame_wire_bytes(payload.len());
            if opcode == OpCode::Continuation {
                if let Some(whole) = self.continue_message(is_final, &payload, wire_bytes) {
                    break whole;
                }
            } else if is_final {
                self.payload = payload;
                break (opcode, wire_bytes);
            } else {
                let bytes = BytesMut::from(&payload[..]);
                self.open = Some(OpenMessage { opcode, bytes, wire_bytes });
            }
        };
        let at = self.intake.borrow().read_at();
        if let Some(inflated) = &mut self.inflated
            && matches!(opcode, OpCode::Text | OpCode::Binary)
            && inflated.mark() != Mark::Plain
        {
            let opcode = if inflated.mark() == Mark::Text { OpCode::Text } else { OpCode::Binary };
            let deflated_bytes = Some(self.payload.len() as u64);
            let event = event(opcode, inflated.make_whole(&self.payload)?)?;
            return Ok(Incoming { at, wire_bytes, deflated_bytes, event });
        }
        Ok(Incoming { at, wire_bytes, deflated_bytes: None, event: event(opcode, &self.payload)? })
    }

    /// Adds a fragment, and takes the message as the payload when it was the last one.
    fn continue_message(&mut self, is_final: bool, payload: &[u8], wire_bytes: u64) -> Option<(OpCode, u64)> {
        let open = self.open.as_mut().expect("the inspector lets no continuation pass without a start");
        open.bytes.extend_from_slice(payload);
        open.wire_bytes += wire_bytes;
        if !is_final {
            return None;
        }
        let whole = self.open.take()?;
        self.payload = whole.bytes;
        Some((whole.opcode, whole.wire_bytes))
    }

    async fn next_frame(&mut self) -> Result<WholeFrame, ReadFailure> {
        let mut has_found_nothing = false;
        loop {
            let reader = if let Some(reader) = &mut self.frames {
                reader
            } else {
                // Where reading has just found nothing, it has also left word to be woken: asking again can wait for that.
                poll_fn(|cx| {
                    let is_told = std::mem::take(&mut has_found_nothing);
                    if is_told { Poll::Pending } else { self.intake.borrow().poll_readable(cx) }
                })
                .await;
                self.frames.insert(FrameReader::borrow(&self.intake, self.frame_limit_bytes))
            };
            match reader.frames.read_frame(&mut |_| ready(Ok::<(), Infallible>(()))).await {
                Ok(frame) => {
                    let payload = match frame.payload {
                        Payload::Bytes(bytes) => bytes,
                        other => BytesMut::from(&other[..]),
                    };
                    return Ok(WholeFrame { is_final: frame.fin, opcode: frame.opcode, payload });
                }
                Err(WebSocketError::IoError(signal)) if signal.kind() == io::ErrorKind::WouldBlock => {
                    // Its buffer is empty and nothing is under way. One that has grown goes; a new one begins small.
                    let has_grown = self.intake.borrow_mut().take_buffer_grew();
                    if let Some(reader) = self.frames.take().filter(|_| !has_grown) {
                        reader.give_back();
                    }
                    has_found_nothing = true;
                }
                Err(error) => return Err(self.failure(error)),
            }
        }
    }

    fn failure(&self, error: WebSocketError) -> ReadFailure {
        if let Some(violation) = self.intake.borrow_mut().take_violation() {
            return ReadFailure::Protocol(violation);
        }
        match error {
            WebSocketError::UnexpectedEOF => ReadFailure::Eof,
            WebSocketError::InvalidUTF8 => ReadFailure::Protocol(ProtocolViolation::TextNotUtf8),
            WebSocketError::IoError(error) => ReadFailure::from_io(&error),
            // Every other rule was checked by the inspector with the data that these have lost.
            other => ReadFailure::Io { kind: io::ErrorKind::InvalidData, message: other.to_string() },
        }
    }
}

/// The size of an unmasked frame whose length is encoded as RFC 6455 section 5.2 demands.
fn frame_wire_bytes(payload_bytes: usize) -> u64 {
    let head_bytes = match payload_bytes {
        0..=125 => 2,
        126..=0xffff => 4,
        _ => 10,
    };
    head_bytes + payload_bytes as u64
}

fn event(opcode: OpCode, payload: &[u8]) -> Result<Event<'_>, ReadFailure> {
    let event = match opcode {
        OpCode::Text => {
            Event::Text(std::str::from_utf8(payload).map_err(|_| ProtocolViolation::TextNotUtf8)?)
        }
        OpCode::Ping => Event::Ping(payload),
        OpCode::Pong => Event::Pong(payload),
        OpCode::Close => close(payload)?,
        OpCode::Binary | OpCode::Continuation => Event::Binary(payload),
    };
    Ok(event)
}

fn close(payload: &[u8]) -> Result<Event<'_>, ProtocolViolation> {
    let (code, reason) = match payload {
        [] => return Ok(Event::Close { code: None, reason: "" }),
        [_] => return Err(ProtocolViolation::CloseLength),
        [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
    };
    if !may_be_sent(code) {
        return Err(ProtocolViolation::CloseCode { code });
    }
    let reason = std::str::from_utf8(reason).map_err(|_| ProtocolViolation::CloseReasonNotUtf8)?;
    Ok(Event::Close { code: Some(code), reason })
}

/// RFC 6455 sections 7.4.1 and 7.4.2, with 1012 to 1014 from IANA's WebSocket close code registry.
fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

#[cfg(test)]
mod tests {
    use std::future::{Future, poll_fn};
    use std::pin::pin;

    use tokio::io::AsyncWriteExt;
    use tokio::net::{TcpListener, TcpStream};

    use super::super::lent::kept_count;
    use super::*;

    async fn reader_and_server() -> (Reader, TcpStream, impl Sized) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let (read_half, write_half) = client.into_split();
        (Reader::new(ReadHalf::Plain(read_half), None, 16 << 20), server, write_half)
    }

    /// Reads one binary message's length while the server writes `stream`.
    async fn read_while_writing(reader: &mut Reader, server: &mut TcpStream, stream: &[u8]) -> usize {
        let (read, written) = tokio::join!(reader.next(), server.write_all(stream));
        written.unwrap();
        match read.unwrap().event {
            Event::Binary(payload) => payload.len(),
            other => panic!("{other:?}"),
        }
    }

    /// Whether the reader, which waits for what does not come, holds a buffer.
    async fn holds_buffer_when_idle(reader: &mut Reader) -> bool {
        {
            let mut next = pin!(reader.next());
            let idle = poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx).is_pending())).await;
            assert!(idle);
        }
        reader.frames.is_some()
    }

    #[tokio::test]
    async fn a_buffer_that_grew_is_let_go_when_nothing_more_comes() {
        let (mut reader, mut server, _writer) = reader_and_server().await;
        assert!(!holds_buffer_when_idle(&mut reader).await, "nothing has come yet");
        let mut large = vec![0x82, 127, 0, 0, 0, 0, 0, 0x10, 0, 0];
        large.resize(large.len() + (1 << 20), 7);
        assert_eq!(read_while_writing(&mut reader, &mut server, &large).await, 1 << 20);
        assert!(!holds_buffer_when_idle(&mut reader).await);
        assert_eq!(kept_count(), 0, "nobody else gets it");
        // A future dropped between frames has consumed nothing, and what comes then is read as ever.
        assert_eq!(read_while_writing(&mut reader, &mut server, b"\x82\x05hello").await, 5);
    }

    #[tokio::test]
    async fn a_burst_of_small_messages_leaves_no_large_buffer() {
        let (mut reader, mut server, _writer) = reader_and_server().await;
        let small = [&[0x82, 100][..], &[7; 100]].concat();
        server.write_all(&small.repeat(1_000)).await.unwrap();
        for _ in 0..1_000 {
            reader.next().await.unwrap();
        }
        assert!(!holds_buffer_when_idle(&mut reader).await);
        assert_eq!(kept_count(), 0, "nobody else gets it");
    }

    #[tokio::test]
    async fn connections_read_small_messages_through_one_buffer() {
        let message = [&[0x82, 126, 7, 208][..], &[7; 2_000]].concat();
        let mut connections = [reader_and_server().await, reader_and_server().await];
        for _ in 0..100 {
            for (reader, server, _writer) in &mut connections {
                assert_eq!(read_while_writing(reader, server, &message).await, 2_000);
                assert!(!holds_buffer_when_idle(reader).await);
                assert_eq!(kept_count(), 1);
            }
        }
    }

    #[tokio::test]
    async fn half_a_frame_keeps_its_buffer_and_the_others_get_another() {
        let (mut slow, mut slow_server, _slow_writer) = reader_and_server().await;
        let (mut reader, mut server, _writer) = reader_and_server().await;
        slow_server.write_all(b"\x82\x05he").await.unwrap();
        poll_fn(|cx| slow.intake.borrow().poll_readable(cx)).await;
        assert!(holds_buffer_when_idle(&mut slow).await);
        assert_eq!(read_while_writing(&mut reader, &mut server, b"\x82\x03you").await, 3);
        assert!(!holds_buffer_when_idle(&mut reader).await);
        assert_eq!(kept_count(), 1);
        // Its own future was dropped amid a frame, which leaves it of no use: its buffer goes with it.
        drop(slow);
        assert_eq!(kept_count(), 1);
    }

    #[test]
    fn close_codes_are_those_that_may_be_sent() {
        let refused = [0u16, 1, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, u16::MAX];
        let taken = [1000u16, 1001, 1002, 1003, 1007, 1008, 1011, 1014, 3000, 3999, 4000, 4999];
        for code in refused {
            assert_eq!(close(&code.to_be_bytes()), Err(ProtocolViolation::CloseCode { code }));
        }
        for code in taken {
            assert_eq!(close(&code.to_be_bytes()), Ok(Event::Close { code: Some(code), reason: "" }));
        }
    }

    #[test]
    fn a_close_payload_is_empty_or_a_code_and_utf8() {
        assert_eq!(close(b""), Ok(Event::Close { code: None, reason: "" }));
        assert_eq!(close(b"\x03"), Err(ProtocolViolation::CloseLength));
        assert_eq!(close(b"\x03\xe8bye"), Ok(Event::Close { code: Some(1000), reason: "bye" }));
        assert_eq!(close(b"\x03\xe8\xc3"), Err(ProtocolViolation::CloseReasonNotUtf8));
    }
}
