//! The bounded queue of what a connection has to send, and what is decided with it: faults, keepalives, the Close.
//!
//! Plain data without a lock or a socket; [`Peer`](super::peer::Peer) locks it and the writer empties it.

use std::collections::VecDeque;
use std::task::Waker;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::fault::{CopyFate, Fate, FaultStream, HELD_BACK};
use super::frame::{Encoded, TextFrame};
use super::keepalive::{Keepalive, Tick};
use super::options::{Kind, Limits, Options};

/// How many pieces, and how many bytes of them, the writer takes at a time: what one `writev` is given.
const BATCH_PIECES: usize = 32;
const BATCH_BYTES: usize = 256 << 10;

/// Queues that grew beyond this give their memory back once they are empty.
const KEPT_CAPACITY: usize = 64;

/// When a Close leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CloseWhen {
    /// After everything that is queued, at its time.
    AfterQueue,
    /// After everything that is queued, which is sent at once whatever its delay. Overtakes `AfterQueue`.
    Hurried,
    /// At once; the queue is thrown away.
    Now,
}

#[derive(Debug)]
struct Closing {
    frame: Encoded,
    deadline: Instant,
    is_hurried: bool,
}

/// Bytes to be written: a whole frame, or one of the two pieces of a long one.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) bytes: Bytes,
    pub(crate) role: PieceRole,
    due: Option<Instant>,
}

/// What it means that a piece was written to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PieceRole {
    /// More of the same message follows.
    Begins,
    /// A data message with a payload of so many bytes is out.
    Completes(usize),
    /// A pong is out.
    Control,
    /// The Close is out, and nothing follows.
    Close,
}

/// What the queue counted, for the totals.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutboxCounts {
    pub(crate) dropped: u64,
    pub(crate) copies: u64,
    pub(crate) lost: u64,
    pub(crate) duplicated: u64,
    pub(crate) reordered: u64,
    pub(crate) leaked: u64,
    pub(crate) undelivered: u64,
    pub(crate) overflows: u64,
    pub(crate) keepalive_timeouts: u64,
}

/// A copy that waits for a later one of its sender to overtake it.
#[derive(Debug)]
struct Held {
    sender: u64,
    frame: Encoded,
    until: Instant,
}

/// A copy of a broadcast for one connection.
#[derive(Debug)]
pub(crate) struct Copy<'f> {
    pub(crate) frame: &'f Encoded,
    /// The number of the connection that it is from.
    pub(crate) sender: u64,
    /// Whether it is the connection's own: it cannot be too slow for what it says itself.
    pub(crate) is_own: bool,
    pub(crate) fate: CopyFate,
}

/// The queue of one connection, its faults, its keepalive and its closing.
#[derive(Debug)]
pub(crate) struct Outbox {
    limits: Limits,
    longest_delay: Duration,
    faults: FaultStream,
    keepalive: Option<Keepalive>,
    queue: VecDeque<Piece>,
    held: Option<Box<Held>>,
    /// Pongs and keepalives: not delayed, and ahead of the queue.
    urgent: VecDeque<Piece>,
    queued_messages: usize,
    queued_bytes: usize,
    closing: Option<Closing>,
    /// The Close was handed to the writer, or the connection is gone: nothing is taken any more.
    is_retired: bool,
    writer: Option<Waker>,
    is_writer_asleep: bool,
    is_reader_waiting: bool,
    counts: OutboxCounts,
}

/// What the writer does next, when its batch is empty or while the socket is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refill {
    /// When to look again though nobody woke the writer.
    pub(crate) wake_at: Option<Instant>,
    /// The time for closing is over.
    pub(crate) is_overdue: bool,
    /// The reader was waiting for room and has it.
    pub(crate) wakes_reader: bool,
}

impl Outbox {
    pub(crate) fn new(connection: u64, options: &Options) -> Self {
        let keepalive = match options.kind {
            Kind::Chat => Keepalive::new(&options.keepalive, Instant::now()),
            Kind::Echo => None,
        };
        Self {
            limits: options.limits,
            longest_delay: options.faults.longest_delay(),
            faults: FaultStream::new(&options.faults, connection),
            keepalive,
            queue: VecDeque::new(),
            held: None,
            urgent: VecDeque::new(),
            queued_messages: 0,
            queued_bytes: 0,
            closing: None,
            is_retired: false,
            writer: None,
            is_writer_asleep: false,
            is_reader_waiting: false,
            counts: OutboxCounts::default(),
        }
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.is_some() || self.is_retired
    }

    pub(crate) fn closing_deadline(&self) -> Option<Instant> {
        self.closing.as_ref().map(|closing| closing.deadline)
    }

    pub(crate) fn acknowledge_keepalive(&mut self, seq: u64) -> bool {
        self.keepalive.as_mut().is_some_and(|keepalive| keepalive.acknowledge(seq))
    }

    /// Adds a copy of a broadcast, or orders the connection closed where there is no room for it.
    pub(crate) fn push_copy(&mut self, copy: &Copy<'_>) {
        if self.is_closing() {
            return;
        }
        if self.is_full() && !copy.is_own {
            self.counts.overflows += 1;
            self.close(Some(1013), "outgoing queue is full", CloseWhen::Now);
            return;
        }
        self.counts.copies += 1;
        match copy.fate {
            CopyFate::Lost => {
                self.counts.lost += 1;
                return;
            }
            CopyFate::HeldBack if self.held.is_none() => {
                let until = Instant::now() + HELD_BACK;
                let held = Held { sender: copy.sender, frame: copy.frame.clone(), until };
                self.held = Some(Box::new(held));
                return;
            }
            CopyFate::HeldBack | CopyFate::Sent | CopyFate::Doubled => {}
        }
        let is_sent = self.push_data(copy.frame.clone());
        if copy.fate == CopyFate::Doubled {
            self.counts.duplicated += u64::from(self.push_data(copy.frame.clone()));
        }
        if is_sent && self.held.as_ref().is_some_and(|held| held.sender == copy.sender) {
            self.counts.reordered += u64::from(self.let_go());
        }
    }

    /// Adds a copy that is not for this connection; where there is no room for it, it stays away.
    pub(crate) fn push_leak(&mut self, frame: &Encoded) {
        if !self.is_full() {
            self.counts.leaked += u64::from(self.push_data(frame.clone()));
        }
    }

    /// Queues what is held back; whether there was anything, and it will be sent.
    fn let_go(&mut self) -> bool {
        self.held.take().is_some_and(|held| self.push_data(held.frame))
    }

    /// Whether the connection's next message may be read; where not, the writer will say when.
    pub(crate) fn reader_has_room(&mut self) -> bool {
        self.is_reader_waiting = !self.has_room();
        !self.is_reader_waiting
    }

    /// Fills `batch` where it is empty and looks after the clock.
    pub(crate) fn refill(&mut self, batch: &mut VecDeque<Piece>, waker: &Waker) -> Refill {
        let now = self.needs_clock().then(Instant::now);
        if let Some(now) = now {
            self.tick_keepalive(now);
            if self.held.as_ref().is_some_and(|held| held.until <= now) {
                self.let_go();
            }
        }
        if batch.is_empty() {
            self.take_due(batch, now);
        }
        self.is_writer_asleep = true;
        if !self.writer.as_ref().is_some_and(|known| known.will_wake(waker)) {
            self.writer = Some(waker.clone());
        }
        // What is due cannot be taken before the batch is out, and then the socket says when to go on.
        let due = if batch.is_empty() { self.queue.front().and_then(|piece| piece.due) } else { None };
        Refill {
            wake_at: self.next_deadline(due),
            is_overdue: now.is_some_and(|now| self.is_overdue(now)),
            wakes_reader: self.wakes_reader(),
        }
    }

    pub(crate) fn retire(&mut self, unwritten: &VecDeque<Piece>) -> OutboxCounts {
        self.is_retired = true;
        self.writer = None;
        self.discard_queue();
        self.counts.undelivered += message_count(unwritten);
        self.counts
    }

    fn is_full(&self) -> bool {
        self.queued_messages >= self.limits.queue_messages || self.queued_bytes >= self.limits.queue_bytes
    }

    fn has_room(&self) -> bool {
        let is_half_full = self.queued_messages > self.limits.queue_messages / 2
            || self.queued_bytes > self.limits.queue_bytes / 2;
        !is_half_full || self.is_closing()
    }

    fn wakes_reader(&mut self) -> bool {
        let wakes = self.is_reader_waiting && self.has_room();
        self.is_reader_waiting &= !wakes;
        wakes
    }

    pub(crate) fn writer_to_wake(&mut self) -> Option<Waker> {
        if std::mem::take(&mut self.is_writer_asleep) { self.writer.clone() } else { None }
    }

    /// Adds a message; whether it will be sent.
    pub(crate) fn push_data(&mut self, frame: Encoded) -> bool {
        if self.is_closing() {
            return false;
        }
        let due = match self.faults.fate(Instant::now) {
            Fate::Dropped => {
                self.counts.dropped += 1;
                return false;
            }
            Fate::Now => None,
            Fate::At(due) => Some(due),
        };
        self.queued_messages += 1;
        self.queued_bytes += frame.payload_bytes;
        let completes = PieceRole::Completes(frame.payload_bytes);
        if frame.tail.is_empty() {
            self.queue.push_back(Piece { bytes: frame.head, role: completes, due });
        } else {
            self.queue.push_back(Piece { bytes: frame.head, role: PieceRole::Begins, due });
            self.queue.push_back(Piece { bytes: frame.tail, role: completes, due });
        }
        true
    }

    pub(crate) fn push_urgent(&mut self, frame: Encoded, role: PieceRole) {
        if !self.is_closing() {
            self.queued_messages += 1;
            self.queued_bytes += frame.payload_bytes;
            self.urgent.push_back(Piece { bytes: frame.head, role, due: None });
        }
    }

    pub(crate) fn close(&mut self, code: Option<u16>, reason: &str, when: CloseWhen) -> bool {
        if self.is_retired {
            return false;
        }
        self.let_go();
        let is_first = self.closing.is_none();
        let is_hurried = when != CloseWhen::AfterQueue;
        let waits = if is_hurried { Duration::ZERO } else { self.longest_delay };
        let deadline = Instant::now() + self.limits.closing + waits;
        match &mut self.closing {
            Some(closing) => {
                closing.is_hurried |= is_hurried;
                closing.deadline = closing.deadline.min(deadline);
            }
            None => {
                self.closing = Some(Closing { frame: Encoded::close(code, reason), deadline, is_hurried });
            }
        }
        if when == CloseWhen::Now {
            self.discard_queue();
        }
        is_first
    }

    fn discard_queue(&mut self) {
        self.counts.undelivered += message_count(&self.queue) + message_count(&self.urgent);
        self.queue = VecDeque::new();
        self.urgent = VecDeque::new();
        self.queued_messages = 0;
        self.queued_bytes = 0;
    }

    fn needs_clock(&self) -> bool {
        self.keepalive.is_some()
            || self.closing.is_some()
            || self.held.is_some()
            || !self.longest_delay.is_zero()
    }

    fn is_overdue(&self, now: Instant) -> bool {
        self.closing.as_ref().is_some_and(|closing| now >= closing.deadline)
    }

    fn is_hurried(&self) -> bool {
        self.closing.as_ref().is_some_and(|closing| closing.is_hurried)
    }

    fn tick_keepalive(&mut self, now: Instant) {
        if self.closing.is_some() {
            return;
        }
        let Some(keepalive) = &mut self.keepalive else { return };
        match keepalive.tick(now) {
            Tick::Nothing => {}
            Tick::Send(seq) => {
                let mut frame = TextFrame::new(48);
                let text = format!(r#"{{"type":"keepalive","seq":{seq}}}"#);
                frame.payload().extend_from_slice(text.as_bytes());
                self.push_urgent(frame.finish(), PieceRole::Completes(text.len()));
            }
            Tick::Expired => {
                self.counts.keepalive_timeouts += 1;
                self.close(Some(4000), "keepalive timeout", CloseWhen::Now);
            }
        }
    }

    /// Moves to `batch` what may leave by `now`, and the Close behind it when nothing is left.
    fn take_due(&mut self, batch: &mut VecDeque<Piece>, now: Option<Instant>) {
        let mut batch_bytes = 0;
        while batch.len() < BATCH_PIECES && batch_bytes < BATCH_BYTES {
            // The second piece of a long message may not be parted from the first by an urgent one.
            let is_mid_message = batch.back().is_some_and(|piece| piece.role == PieceRole::Begins);
            let next = if is_mid_message { None } else { self.urgent.pop_front() };
            let Some(piece) = next.or_else(|| self.pop_due(now)) else { break };
            batch_bytes += piece.bytes.len();
            self.release(piece.role, piece.bytes.len());
            batch.push_back(piece);
        }
        if batch.back().is_some_and(|piece| piece.role == PieceRole::Begins)
            && let Some(piece) = self.queue.pop_front()
        {
            self.release(piece.role, piece.bytes.len());
            batch.push_back(piece);
        }
        if self.queue.is_empty() && self.urgent.is_empty() {
            if self.queue.capacity() > KEPT_CAPACITY {
                self.queue = VecDeque::new();
            }
            if let Some(closing) = &self.closing
                && !self.is_retired
            {
                let bytes = closing.frame.head.clone();
                batch.push_back(Piece { bytes, role: PieceRole::Close, due: None });
                self.is_retired = true;
            }
        }
    }

    fn pop_due(&mut self, now: Option<Instant>) -> Option<Piece> {
        let front = self.queue.front()?;
        let is_due = front.due.is_none_or(|due| self.is_hurried() || now.is_some_and(|now| due <= now));
        if is_due { self.queue.pop_front() } else { None }
    }

    fn release(&mut self, role: PieceRole, piece_bytes: usize) {
        let payload_bytes = match role {
            PieceRole::Begins | PieceRole::Close => return,
            PieceRole::Completes(payload_bytes) => payload_bytes,
            // The header of a control frame is two bytes (RFC 6455 section 5.5: at most 125 of payload).
            PieceRole::Control => piece_bytes - 2,
        };
        self.queued_messages -= 1;
        self.queued_bytes -= payload_bytes;
    }

    fn next_deadline(&self, due: Option<Instant>) -> Option<Instant> {
        let keepalive = self.keepalive.as_ref().and_then(Keepalive::deadline);
        let held = self.held.as_ref().map(|held| held.until);
        match &self.closing {
            Some(closing) => Some(due.map_or(closing.deadline, |due| due.min(closing.deadline))),
            None => [due, keepalive, held].into_iter().flatten().min(),
        }
    }
}

fn message_count(pieces: &VecDeque<Piece>) -> u64 {
    pieces.iter().filter(|piece| matches!(piece.role, PieceRole::Completes(_))).count() as u64
}

#[cfg(test)]
mod tests;
