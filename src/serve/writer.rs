//! Empties a connection's queue into its socket, as many frames a system call as are due.

use std::collections::VecDeque;
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Buf;
use tokio::io::AsyncWrite;
use tokio::time::Sleep;

use super::outbox::{Piece, PieceRole};
use super::peer::Peer;
use super::totals::Tally;

/// How many pieces one `writev` is given at most.
const SLICES: usize = 33;

/// How the writing of a connection ended.
#[derive(Debug)]
pub(crate) enum WriteEnd {
    /// The Close is in the kernel's hands; nothing may follow it.
    CloseSent,
    /// The time for closing passed before the Close was out.
    Abandoned,
    /// The connection is broken.
    Broken,
}

/// Writes for one connection, until its Close is out.
pub(crate) struct Writer<W> {
    socket: W,
    peer: Arc<Peer>,
    batch: VecDeque<Piece>,
    /// Made when a deadline first matters; most echo connections never have one.
    timer: Option<Pin<Box<Sleep>>>,
    tally: Tally,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    pub(crate) fn new(socket: W, peer: Arc<Peer>, tally: Tally) -> Self {
        Self { socket, peer, batch: VecDeque::new(), timer: None, tally }
    }

    /// Cancel-safe: what a poll wrote is taken off the batch in that poll.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<WriteEnd> {
        loop {
            let refill = self.peer.refill(&mut self.batch, cx.waker());
            if refill.is_overdue {
                return Poll::Ready(WriteEnd::Abandoned);
            }
            if refill.wakes_reader {
                cx.waker().wake_by_ref();
            }
            if !self.batch.is_empty() {
                match self.poll_write(cx) {
                    Poll::Ready(Ok(is_closed)) if is_closed => return Poll::Ready(WriteEnd::CloseSent),
                    Poll::Ready(Ok(_)) => continue,
                    Poll::Ready(Err(_)) => return Poll::Ready(WriteEnd::Broken),
                    Poll::Pending => {}
                }
            }
            ready!(self.poll_timer(refill.wake_at, cx));
        }
    }

    /// One write. Ready with whether the Close is out.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let socket = Pin::new(&mut self.socket);
        let written = if let [piece] = self.batch.as_slices().0
            && self.batch.len() == 1
        {
            ready!(socket.poll_write(cx, &piece.bytes))?
        } else {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let mut slice_count = 0;
            for (slice, piece) in slices.iter_mut().zip(&self.batch) {
                *slice = IoSlice::new(&piece.bytes);
                slice_count += 1;
            }
            ready!(socket.poll_write_vectored(cx, &slices[..slice_count]))?
        };
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        Poll::Ready(Ok(self.advance(written)))
    }

    /// Takes `written` bytes off the batch and counts what they completed.
    fn advance(&mut self, mut written: usize) -> bool {
        while let Some(piece) = self.batch.front_mut() {
            if written < piece.bytes.len() {
                piece.bytes.advance(written);
                return false;
            }
            written -= piece.bytes.len();
            match piece.role {
                PieceRole::Begins | PieceRole::Control => {}
                PieceRole::Completes(payload_bytes) => {
                    self.tally.counts.messages_out += 1;
                    self.tally.counts.bytes_out += payload_bytes as u64;
                }
                PieceRole::Close => return true,
            }
            self.batch.pop_front();
        }
        false
    }

    /// Ready when `wake_at` has come; pending for ever where there is none.
    fn poll_timer(&mut self, wake_at: Option<Instant>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(wake_at) = wake_at.map(tokio::time::Instant::from_std) else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(wake_at)));
        if timer.deadline() != wake_at {
            timer.as_mut().reset(wake_at);
        }
        timer.as_mut().poll(cx)
    }
}

impl<W> Drop for Writer<W> {
    fn drop(&mut self) {
        let counts = self.peer.retire(&self.batch);
        self.tally.counts.dropped += counts.dropped;
        self.tally.counts.copies += counts.copies;
        self.tally.counts.lost += counts.lost;
        self.tally.counts.duplicated += counts.duplicated;
        self.tally.counts.reordered += counts.reordered;
        self.tally.counts.leaked += counts.leaked;
        self.tally.counts.undelivered += counts.undelivered;
        self.tally.counts.overflows += counts.overflows;
        self.tally.counts.keepalive_timeouts += counts.keepalive_timeouts;
    }
}
