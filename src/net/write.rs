//! Messages rendered, masked and framed in an output buffer, and handed to the kernel.
//!
//! Nothing here waits: [`Writer::try_flush`] hands over what the socket takes, and the owner comes back when
//! [`Writer::poll_writable`] says so. There are two buffers. `writing` is partly in the kernel already; whatever
//! is rendered meanwhile collects in `queued` and becomes the next batch. While the server keeps up, a batch goes
//! from `queued` to the kernel in one call and `writing` is never used. A buffer is the connection's own only while something is in it.

use std::convert::Infallible;
use std::io;
use std::mem;
use std::task::{Context, Poll};
use std::time::Instant;

use fastwebsockets::{Frame, OpCode, Payload};

use super::marks::RSV1;
use super::mask;
use super::spare;
use super::stream::WriteHalf;
use crate::deflate::{Deflater, Side};

/// The longest payload of a Ping, Pong or Close frame (RFC 6455 section 5.5).
pub const MAX_CONTROL_BYTES: usize = 125;

/// Room for the head of a masked message of 126 to 65,535 bytes. Shorter and longer ones are moved: the short
/// ones are cheap to move, and beside masking a long one moving it is no matter.
const GUESSED_HEAD_BYTES: usize = 8;

/// Two bytes, a 64-bit length and a mask key (RFC 6455 section 5.2).
const LONGEST_HEAD_BYTES: usize = 14;

/// What kind of message to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opcode {
    /// The payload must be UTF-8 (RFC 6455 section 5.6); that is the renderer's to hold.
    Text,
    /// Any bytes.
    Binary,
}

/// Why nothing was queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotQueued {
    /// A Close frame is queued or sent already: nothing may follow it (RFC 6455 section 5.5.1).
    CloseQueued,
    /// A control frame with more than [`MAX_CONTROL_BYTES`] of payload.
    ControlTooLong {
        /// The payload's length; a close code counts for two.
        bytes: usize,
    },
}

/// Why a message that had to be rendered was not queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSent<E> {
    /// It may not be, and was not rendered.
    Queue(NotQueued),
    /// It could not be rendered.
    Render(E),
}

impl NotSent<Infallible> {
    fn infallible(self) -> NotQueued {
        match self {
            Self::Queue(reason) => reason,
            Self::Render(never) => match never {},
        }
    }
}

/// A message that was queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queued {
    /// The length of its payload.
    pub payload_bytes: usize,
    /// What that was compressed to, where it was.
    pub deflated_bytes: Option<usize>,
}

/// What became of the bytes that were queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flush {
    /// The kernel has all of them.
    Done,
    /// The socket takes no more for now.
    Blocked,
}

/// What one call of [`Writer::try_flush`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flushed {
    /// When the first byte of a new batch was about to be handed over, where one began. It holds every message
    /// queued by now that was in no earlier batch; one call begins at most one.
    pub began: Option<Instant>,
    /// Whether anything is left.
    pub flush: Flush,
}

/// The writing half of a connection. Dropping it ends the sending side of the TCP connection.
#[derive(Debug)]
pub struct Writer {
    stream: WriteHalf,
    writing: Vec<u8>,
    /// How much of `writing` the kernel has.
    written: usize,
    queued: Vec<u8>,
    taken_bytes: u64,
    close_queued: bool,
    /// Where permessage-deflate was agreed on.
    deflater: Option<Box<Deflater>>,
}

impl Writer {
    pub(super) fn new(stream: WriteHalf) -> Self {
        Self {
            stream,
            writing: Vec::new(),
            written: 0,
            queued: Vec::new(),
            taken_bytes: 0,
            close_queued: false,
            deflater: None,
        }
    }

    /// From here on messages are compressed, as `client` says.
    pub(super) fn deflate(&mut self, client: Side) {
        self.deflater = Some(Box::new(Deflater::new(client)));
    }

    /// Queues one message whose payload `render` appends to the buffer that it is given, which holds other bytes
    /// before it. `render` is not called where nothing may be queued.
    pub fn message(
        &mut self,
        opcode: Opcode,
        render: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Queued, NotQueued> {
        let render = |buffer: &mut Vec<u8>| {
            render(buffer);
            Ok(())
        };
        self.try_message(opcode, render).map_err(NotSent::infallible)
    }

    /// As [`Writer::message`], with a `render` that may fail: then nothing is queued.
    pub fn try_message<E>(
        &mut self,
        opcode: Opcode,
        render: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<Queued, NotSent<E>> {
        let opcode = match opcode {
            Opcode::Text => OpCode::Text,
            Opcode::Binary => OpCode::Binary,
        };
        self.frame(opcode, render)
    }

    /// Queues a Ping (RFC 6455 section 5.5.2).
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), NotQueued> {
        self.control(OpCode::Ping, &[payload])
    }

    /// Queues a Pong (RFC 6455 section 5.5.3).
    pub fn pong(&mut self, payload: &[u8]) -> Result<(), NotQueued> {
        self.control(OpCode::Pong, &[payload])
    }

    /// Queues a Close frame (RFC 6455 section 5.5.1), the last frame of the connection. Without a code it is
    /// empty and the reason is not sent. Any code is sent: a plan may ask how a server takes a wrong one.
    pub fn close(&mut self, code: Option<u16>, reason: &str) -> Result<(), NotQueued> {
        match code {
            Some(code) => self.control(OpCode::Close, &[&code.to_be_bytes(), reason.as_bytes()])?,
            None => self.control(OpCode::Close, &[])?,
        }
        self.close_queued = true;
        Ok(())
    }

    /// Whether a Close frame is queued or sent.
    pub fn is_close_queued(&self) -> bool {
        self.close_queued
    }

    /// How many bytes the kernel does not have yet. Nothing bounds them but the owner.
    pub fn queued_bytes(&self) -> usize {
        self.writing.len() - self.written + self.queued.len()
    }

    /// How many bytes the kernel has taken since the connection was made.
    pub fn taken_bytes(&self) -> u64 {
        self.taken_bytes
    }

    /// Hands what is queued to the kernel without waiting: one call where the socket takes it all.
    pub fn try_flush(&mut self) -> io::Result<Flushed> {
        let mut began = None;
        while self.queued_bytes() > 0 {
            let begins = self.written == self.writing.len();
            let batch = if begins { &self.queued[..] } else { &self.writing[self.written..] };
            let before = Instant::now();
            match self.stream.try_write(batch) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.taken_bytes += count as u64;
                    if begins {
                        began = Some(before);
                        self.begin_batch(count);
                    } else {
                        self.written += count;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(Flushed { began, flush: Flush::Blocked });
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if self.written == self.writing.len() {
                spare::give_back(mem::take(&mut self.writing));
                self.written = 0;
            }
        }
        Ok(Flushed { began, flush: Flush::Done })
    }

    /// Ready when the socket may take more. Remembers the last task that asked.
    pub fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_writable(cx)
    }

    /// Waits until the socket may take more. May be dropped at any time.
    pub async fn writable(&self) -> io::Result<()> {
        self.stream.writable().await
    }

    /// Ends the sending side of the TCP connection. A client leaves that to the server, which closes first after
    /// the Close handshake; this is for when it does not (RFC 6455 section 7.1.1). What is still queued is lost.
    pub fn shutdown(&mut self) -> io::Result<()> {
        self.stream.shutdown()
    }

    fn begin_batch(&mut self, written: usize) {
        if written == self.queued.len() {
            spare::give_back(mem::take(&mut self.queued));
        } else {
            mem::swap(&mut self.writing, &mut self.queued);
            self.written = written;
        }
    }

    fn control(&mut self, opcode: OpCode, parts: &[&[u8]]) -> Result<(), NotQueued> {
        let bytes = parts.iter().map(|part| part.len()).sum();
        if bytes > MAX_CONTROL_BYTES {
            return Err(NotQueued::ControlTooLong { bytes });
        }
        let render = |buffer: &mut Vec<u8>| {
            parts.iter().for_each(|part| buffer.extend_from_slice(part));
            Ok(())
        };
        self.frame(opcode, render).map(|_| ()).map_err(NotSent::infallible)
    }

    fn frame<E>(
        &mut self,
        opcode: OpCode,
        render: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<Queued, NotSent<E>> {
        if self.close_queued {
            return Err(NotSent::Queue(NotQueued::CloseQueued));
        }
        if self.queued.capacity() == 0 {
            self.queued = spare::borrow();
        }
        let start = self.queued.len();
        let body = start + GUESSED_HEAD_BYTES;
        self.queued.resize(body, 0);
        if let Err(failure) = render(&mut self.queued) {
            self.queued.truncate(start);
            if start == 0 {
                spare::give_back(mem::take(&mut self.queued));
            }
            return Err(NotSent::Render(failure));
        }
        assert!(self.queued.len() >= body, "a renderer appends and removes nothing");
        let payload_bytes = self.queued.len() - body;
        let deflated_bytes = match &mut self.deflater {
            Some(deflater) if matches!(opcode, OpCode::Text | OpCode::Binary) => {
                deflater.compress_in_place(&mut self.queued, body);
                Some(self.queued.len() - body)
            }
            _ => None,
        };
        let framed_bytes = deflated_bytes.unwrap_or(payload_bytes);

        let payload = Payload::BorrowedMut(&mut self.queued[body..]);
        let mut frame = Frame::new(true, opcode, Some(mask::mask_key()), payload);
        frame.mask();
        let mut head = [0; LONGEST_HEAD_BYTES];
        let head_bytes = frame.fmt_head(&mut head);
        if head_bytes != GUESSED_HEAD_BYTES {
            let end = start + head_bytes + framed_bytes;
            self.queued.resize(end.max(body + framed_bytes), 0);
            self.queued.copy_within(body..body + framed_bytes, start + head_bytes);
            self.queued.truncate(end);
        }
        self.queued[start..start + head_bytes].copy_from_slice(&head[..head_bytes]);
        if deflated_bytes.is_some() {
            self.queued[start] |= RSV1;
        }
        Ok(Queued { payload_bytes, deflated_bytes })
    }
}

impl std::fmt::Display for NotQueued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::CloseQueued => f.write_str("the connection is closing, nothing may follow a Close frame"),
            Self::ControlTooLong { bytes } => {
                write!(f, "a control frame holds {MAX_CONTROL_BYTES} bytes, not {bytes}")
            }
        }
    }
}

impl std::error::Error for NotQueued {}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    async fn connected() -> (Writer, tokio::net::tcp::OwnedReadHalf, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let (reader, write_half) = client.into_split();
        (Writer::new(WriteHalf::Plain(write_half)), reader, server)
    }

    #[tokio::test]
    async fn a_message_that_cannot_be_rendered_leaves_nothing_behind() {
        let (mut writer, _reader, _server) = connected().await;
        writer.message(Opcode::Text, |buffer| buffer.extend_from_slice(b"whole")).unwrap();
        let before = writer.queued.clone();
        let outcome = writer.try_message(Opcode::Text, |buffer| {
            buffer.extend_from_slice(b"half");
            Err("no value")
        });
        assert_eq!(outcome, Err(NotSent::Render("no value")));
        assert_eq!(writer.queued, before);
    }

    #[tokio::test]
    async fn a_buffer_that_grew_is_given_back_when_it_is_drained() {
        let (mut writer, _reader, mut server) = connected().await;

        // Large enough that the socket takes it in parts, so that both buffers come to be used.
        writer.message(Opcode::Binary, |buffer| buffer.resize(buffer.len() + (32 << 20), 7)).unwrap();
        assert_eq!(writer.try_flush().unwrap().flush, Flush::Blocked);
        writer.message(Opcode::Binary, |buffer| buffer.resize(buffer.len() + 60_000, 7)).unwrap();
        let mut rest = (&mut server).take(14 + (32 << 20) + 8 + 60_000);
        let mut sink = tokio::io::sink();
        let drain = async {
            while writer.try_flush().unwrap().flush == Flush::Blocked {
                writer.writable().await.unwrap();
            }
        };
        let (received, ()) = tokio::join!(tokio::io::copy(&mut rest, &mut sink), drain);
        assert_eq!(received.unwrap(), 14 + (32 << 20) + 8 + 60_000);
        assert_eq!(writer.queued_bytes(), 0);
        assert_eq!((writer.writing.capacity(), writer.queued.capacity()), (0, 0));

        // The first one grew further than is kept, the second may be used again, by whichever connection.
        let kept = spare::borrow();
        assert!(kept.is_empty() && (1..=spare::KEPT_BUFFER_BYTES).contains(&kept.capacity()), "{kept:?}");
        assert_eq!(spare::borrow().capacity(), 0, "the other one");
        let place = kept.as_ptr();
        spare::give_back(kept);
        writer.message(Opcode::Text, |buffer| buffer.extend_from_slice(b"small")).unwrap();
        assert_eq!(writer.queued.as_ptr(), place);
        writer.try_flush().unwrap();
        assert_eq!(writer.queued.capacity(), 0);
        let again = spare::borrow();
        assert_eq!(again.as_ptr(), place);
    }
}
