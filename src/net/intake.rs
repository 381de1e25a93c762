//! The bytes of one connection on their way from the kernel into the frame reader's buffer.
//!
//! The frame reader owns its stream and shows nothing of its buffer, so what must be known of both lives here,
//! shared with [`super::read`]: which rule was broken, when the last bytes came, and whether the buffer is empty and
//! may go to another connection, or has grown and may not.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, ReadBuf};

use super::inspect::Inspector;
use super::marks::{Mark, Marks};
use super::stream::ReadHalf;
use super::violation::ProtocolViolation;

/// Reads and payloads up to this leave the frame reader's 8 KiB buffer at its size: it grows where the bytes
/// consumed, those waiting and those announced exceed it together, and each is at most this and a head.
const UNGROWN_BYTES: usize = 2_048;

/// The reading end of a connection.
pub(super) struct Intake {
    stream: ReadHalf,
    /// What came with the answer to the handshake and is yet to be read.
    early: Option<Bytes>,
    inspector: Inspector,
    violation: Option<Box<ProtocolViolation>>,
    read_at: Instant,
    buffer_grew: bool,
}

impl Intake {
    pub(super) fn new(stream: ReadHalf, early: Option<Bytes>, limit_bytes: u64) -> Self {
        Self {
            stream,
            early,
            inspector: Inspector::new(limit_bytes),
            violation: None,
            read_at: Instant::now(),
            buffer_grew: false,
        }
    }

    /// When the last bytes were read. The frame reader reads only while a frame is incomplete, so this is when
    /// the frame that it just completed had been read.
    pub(super) fn read_at(&self) -> Instant {
        self.read_at
    }

    /// From here on messages may be compressed.
    pub(super) fn permit_deflate(&mut self) {
        self.inspector.permit_deflate();
    }

    /// How the payload of the next message is to be taken, which has begun.
    pub(super) fn take_mark(&mut self) -> Mark {
        self.inspector.marks().map_or(Mark::Plain, Marks::take)
    }

    /// The rule whose breaking ended the stream.
    pub(super) fn take_violation(&mut self) -> Option<ProtocolViolation> {
        self.violation.take().map(|violation| *violation)
    }

    /// Whether something has come, or the stream has ended. Nothing is read.
    pub(super) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.early.is_some() || self.violation.is_some() {
            return Poll::Ready(());
        }
        self.stream.poll_readable(cx)
    }

    /// Whether the frame reader's buffer has grown since it was last asked.
    pub(super) fn take_buffer_grew(&mut self) -> bool {
        std::mem::take(&mut self.buffer_grew)
    }

    fn fill(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Some(early) = &mut self.early else { return self.stream.poll_read(cx, buffer) };
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
        let start = buffer.filled().len();
        match self.fill(cx, buffer) {
            Poll::Ready(Ok(())) => {}
            Poll::Pending if self.inspector.is_between_frames() => {
                return Poll::Ready(Err(io::ErrorKind::WouldBlock.into()));
            }
            other => return other,
        }
        let chunk = &buffer.filled()[start..];
        let chunk_bytes = chunk.len();
        if chunk.is_empty() {
            return Poll::Ready(Ok(()));
        }
        self.read_at = Instant::now();
        let inspected = self.inspector.inspect(chunk);
        if let Some(marks) = self.inspector.marks() {
            marks.take_out(&mut buffer.filled_mut()[start..]);
        }
        let longest_bytes = self.inspector.take_longest_payload_bytes();
        self.buffer_grew |= chunk_bytes > UNGROWN_BYTES || longest_bytes > UNGROWN_BYTES as u64;
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

/// The stream that a frame reader is given: whichever connection has it at the time.
///
/// Two errors are signals to [`super::read`]. `InvalidData`: a rule was broken, and every frame before that has
/// been handed on. `WouldBlock`: nothing has come, and the frame reader's buffer is empty.
#[derive(Clone, Default)]
pub(super) struct Tap(Rc<RefCell<Option<Rc<RefCell<Intake>>>>>);

impl Tap {
    /// From here on, or from nowhere.
    pub(super) fn turn(&self, intake: Option<Rc<RefCell<Intake>>>) {
        *self.0.borrow_mut() = intake;
    }
}

impl AsyncRead for Tap {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &*self.0.borrow() {
            Some(intake) => intake.borrow_mut().read(cx, buffer),
            // The end, of a connection that is none.
            None => Poll::Ready(Ok(())),
        }
    }
}
