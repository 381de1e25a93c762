//! The bytes of one connection on their way from the kernel into the frame reader's buffer.
//!
//! The frame reader owns its stream and shows nothing of its buffer, so what must be known of both lives here,
//! shared with [`super::read`]: which rule was broken, when the last bytes came, and whether the buffer has
//! grown and may be let go.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::tcp::OwnedReadHalf;

use super::inspect::Inspector;
use super::violation::ProtocolViolation;

/// Reads and payloads up to this leave the frame reader's 8 KiB buffer at its size: it grows where the bytes
/// consumed, those waiting and those announced exceed it together, and each is at most this and a head.
const UNGROWN_BYTES: usize = 2_048;

/// The reading end of a connection.
pub(super) struct Intake {
    stream: OwnedReadHalf,
    /// What came with the answer to the handshake and is yet to be read.
    early: Option<Bytes>,
    inspector: Inspector,
    violation: Option<Box<ProtocolViolation>>,
    read_at: Instant,
    buffer_grew: bool,
    /// The room that the frame reader's buffer had when it was last offered: how its size shows from outside.
    #[cfg(test)]
    pub(super) room_bytes: usize,
}

impl Intake {
    pub(super) fn new(stream: OwnedReadHalf, early: Option<Bytes>, limit_bytes: u64) -> Self {
        Self {
            stream,
            early,
            inspector: Inspector::new(limit_bytes),
            violation: None,
            read_at: Instant::now(),
            buffer_grew: false,
            #[cfg(test)]
            room_bytes: 0,
        }
    }

    /// When the last bytes were read. The frame reader reads only while a frame is incomplete, so this is when
    /// the frame that it just completed had been read.
    pub(super) fn read_at(&self) -> Instant {
        self.read_at
    }

    /// The rule whose breaking ended the stream.
    pub(super) fn take_violation(&mut self) -> Option<ProtocolViolation> {
        self.violation.take().map(|violation| *violation)
    }

    fn fill(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Some(early) = &mut self.early else { return Pin::new(&mut self.stream).poll_read(cx, buffer) };
        let count = early.len().min(buffer.remaining());
        buffer.put_slice(&early[..count]);
        early.advance(count);
        if early.is_empty() {
            self.early = None;
        }
        Poll::Ready(Ok(()))
    }

    fn read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.violation.is_some() {
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        #[cfg(test)]
        {
            self.room_bytes = buffer.remaining();
        }
        let start = buffer.filled().len();
        match self.fill(cx, buffer) {
            Poll::Ready(Ok(())) => {}
            Poll::Pending if self.buffer_grew && self.inspector.is_between_frames() => {
                self.buffer_grew = false;
                return Poll::Ready(Err(io::ErrorKind::WouldBlock.into()));
            }
            other => return other,
        }
        let chunk = &buffer.filled()[start..];
        if chunk.is_empty() {
            return Poll::Ready(Ok(()));
        }
        self.read_at = Instant::now();
        let inspected = self.inspector.inspect(chunk);
        let longest_bytes = self.inspector.take_longest_payload_bytes();
        self.buffer_grew |= chunk.len() > UNGROWN_BYTES || longest_bytes > UNGROWN_BYTES as u64;
        if let Err(refusal) = inspected {
            self.violation = Some(Box::new(refusal.violation));
            if refusal.clean_bytes == 0 {
                return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
            }
            buffer.set_filled(start + refusal.clean_bytes);
        }
        Poll::Ready(Ok(()))
    }
}

/// The stream that the frame reader is given.
///
/// Two errors are signals to [`super::read`]. `InvalidData`: a rule was broken, and every frame before that has
/// been handed on. `WouldBlock`: nothing has come, and the frame reader's buffer, which has grown, is empty.
pub(super) struct Tap(pub(super) Rc<RefCell<Intake>>);

impl AsyncRead for Tap {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.0.borrow_mut().read(cx, buffer)
    }
}
