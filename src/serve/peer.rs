//! The outgoing side of one connection as everybody else sees it: its queue behind a lock of its own.
//!
//! The connection's task fills it with replies and empties it; other tasks add broadcast copies and may order
//! it closed. Nobody ever waits on a full queue of somebody else's.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Instant;

use super::frame::Encoded;
use super::options::Options;
use super::outbox::{CloseWhen, Copy, Outbox, OutboxCounts, Piece, PieceRole, Refill};
use crate::deflate::Side;

/// A connection's outgoing side.
#[derive(Debug)]
pub(crate) struct Peer {
    /// Its place in the order of acceptance, from 0.
    pub(crate) number: u64,
    /// How what it is sent is compressed, where that was agreed on.
    pub(crate) deflate: Option<Side>,
    outbox: Mutex<Outbox>,
}

impl Peer {
    pub(crate) fn new(number: u64, options: &Options, deflate: Option<Side>) -> Self {
        Self { number, deflate, outbox: Mutex::new(Outbox::new(number, options)) }
    }

    /// Queues the answer to something this connection sent. For its own task only: the writer is not woken,
    /// because it runs after the reader in the same poll.
    pub(crate) fn reply(&self, frame: Encoded) {
        let frame = match self.deflate {
            Some(side) => frame.deflated(side),
            None => frame,
        };
        self.lock().push_data(frame);
    }

    /// Queues a pong. For the connection's own task only.
    pub(crate) fn pong(&self, frame: Encoded) {
        self.lock().push_urgent(frame, PieceRole::Control);
    }

    /// Queues a copy of a broadcast. Where the queue is full the connection is closed with 1013 instead: its
    /// client reads more slowly than its rooms talk.
    pub(crate) fn deliver(&self, copy: &Copy<'_>) {
        if copy.is_own {
            self.lock().push_copy(copy);
        } else {
            self.change(|outbox| outbox.push_copy(copy));
        }
    }

    /// Queues a copy of a broadcast that is not for this connection.
    pub(crate) fn leak(&self, frame: &Encoded) {
        self.change(|outbox| outbox.push_leak(frame));
    }

    /// Has the connection closed with `code`; the first to ask decides code and reason. False where it was
    /// closing already.
    pub(crate) fn close(&self, code: Option<u16>, reason: &str, when: CloseWhen) -> bool {
        self.change(|outbox| outbox.close(code, reason, when))
    }

    /// Whether a Close is due or sent.
    pub(crate) fn is_closing(&self) -> bool {
        self.lock().is_closing()
    }

    /// When a connection that is closing is cut off.
    pub(crate) fn closing_deadline(&self) -> Option<Instant> {
        self.lock().closing_deadline()
    }

    /// The client sent a keepalive back. False where none of this number is awaited.
    pub(crate) fn acknowledge_keepalive(&self, seq: u64) -> bool {
        self.lock().acknowledge_keepalive(seq)
    }

    /// Ready when the queue is at most half full; then the connection's next message may be read. Woken by
    /// the writer, through [`Refill::wakes_reader`].
    pub(crate) fn poll_room(&self) -> Poll<()> {
        if self.lock().reader_has_room() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Hands what is due to the writer, where `batch` is empty. The writer will be woken by the next change.
    pub(crate) fn refill(&self, batch: &mut VecDeque<Piece>, waker: &Waker) -> Refill {
        self.lock().refill(batch, waker)
    }

    /// Takes nothing any more and says what was counted. What is queued, and the messages in `unwritten`,
    /// count as undelivered.
    pub(crate) fn retire(&self, unwritten: &VecDeque<Piece>) -> OutboxCounts {
        self.lock().retire(unwritten)
    }

    /// Changes the queue from another task, and wakes the writer if it sleeps.
    fn change<T>(&self, change: impl FnOnce(&mut Outbox) -> T) -> T {
        let (result, woken) = {
            let mut outbox = self.lock();
            (change(&mut outbox), outbox.writer_to_wake())
        };
        if let Some(writer) = woken {
            writer.wake();
        }
        result
    }

    fn lock(&self) -> MutexGuard<'_, Outbox> {
        // A panic elsewhere while pushing leaves a queue that is still a queue.
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
