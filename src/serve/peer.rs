//! The outgoing side of one connection as everybody else sees it: a bounded queue with a lock of its own.
//!
//! The connection's task fills it with replies and empties it; other tasks add broadcast copies and may order
//! it closed. Nobody ever waits on a full queue of somebody else's.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::fault::{Fate, FaultStream};
use super::frame::{Encoded, TextFrame};
use super::keepalive::{Keepalive, Tick};
use super::options::{Kind, Limits, Options};

/// How many pieces, and how many bytes of them, the writer takes at a time: what one `writev` is given.
const BATCH_PIECES: usize = 32;
const BATCH_BYTES: usize = 256 << 10;

/// Queues that grew beyond this give their memory back once they are empty.
const KEPT_CAPACITY: usize = 64;

/// A connection's outgoing side.
#[derive(Debug)]
pub(crate) struct Peer {
    /// Its place in the order of acceptance, from 0.
    pub(crate) number: u64,
    outbox: Mutex<Outbox>,
}

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
    pub(crate) undelivered: u64,
    pub(crate) overflows: u64,
    pub(crate) keepalive_timeouts: u64,
}

#[derive(Debug)]
struct Outbox {
    limits: Limits,
    longest_delay: Duration,
    faults: FaultStream,
    keepalive: Option<Keepalive>,
    queue: VecDeque<Piece>,
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

impl Peer {
    pub(crate) fn new(number: u64, options: &Options) -> Self {
        let keepalive = match options.kind {
            Kind::Chat => Keepalive::new(&options.keepalive, Instant::now()),
            Kind::Echo => None,
        };
        Self {
            number,
            outbox: Mutex::new(Outbox {
                limits: options.limits,
                longest_delay: options.faults.longest_delay(),
                faults: FaultStream::new(&options.faults, number),
                keepalive,
                queue: VecDeque::new(),
                urgent: VecDeque::new(),
                queued_messages: 0,
                queued_bytes: 0,
                closing: None,
                is_retired: false,
                writer: None,
                is_writer_asleep: false,
                is_reader_waiting: false,
                counts: OutboxCounts::default(),
            }),
        }
    }

    /// Queues the answer to something this connection sent. For its own task only: the writer is not woken,
    /// because it runs after the reader in the same poll.
    pub(crate) fn reply(&self, frame: Encoded) {
        self.lock().push_data(frame);
    }

    /// Queues a pong. For the connection's own task only.
    pub(crate) fn pong(&self, frame: Encoded) {
        self.lock().push_urgent(frame, PieceRole::Control);
    }

    /// Queues a copy of a broadcast. Where the queue is full the connection is closed with 1013 instead: its
    /// client reads more slowly than its rooms talk.
    pub(crate) fn deliver(&self, frame: &Encoded) {
        let woken = {
            let mut outbox = self.lock();
            if outbox.is_full() && outbox.closing.is_none() {
                outbox.counts.overflows += 1;
                outbox.close(Some(1013), "outgoing queue is full", CloseWhen::Now);
            } else {
                outbox.push_data(frame.clone());
            }
            outbox.writer_to_wake()
        };
        if let Some(writer) = woken {
            writer.wake();
        }
    }

    /// Has the connection closed with `code`; the first to ask decides code and reason. False where it was
    /// closing already.
    pub(crate) fn close(&self, code: Option<u16>, reason: &str, when: CloseWhen) -> bool {
        let (is_first, woken) = {
            let mut outbox = self.lock();
            (outbox.close(code, reason, when), outbox.writer_to_wake())
        };
        if let Some(writer) = woken {
            writer.wake();
        }
        is_first
    }

    /// Whether a Close is due or sent.
    pub(crate) fn is_closing(&self) -> bool {
        let outbox = self.lock();
        outbox.closing.is_some() || outbox.is_retired
    }

    /// When a connection that is closing is cut off.
    pub(crate) fn closing_deadline(&self) -> Option<Instant> {
        self.lock().closing.as_ref().map(|closing| closing.deadline)
    }

    /// The client sent a keepalive back. False where none of this number is awaited.
    pub(crate) fn acknowledge_keepalive(&self, seq: u64) -> bool {
        self.lock().keepalive.as_mut().is_some_and(|keepalive| keepalive.acknowledge(seq))
    }

    /// Ready when the queue is at most half full; then the connection's next message may be read. Woken by
    /// the writer, through [`Refill::wakes_reader`].
    pub(crate) fn poll_room(&self) -> Poll<()> {
        let mut outbox = self.lock();
        outbox.is_reader_waiting = !outbox.has_room();
        if outbox.is_reader_waiting { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Hands what is due to the writer, where `batch` is empty, and looks after the clock. The writer will be
    /// woken by the next change.
    pub(crate) fn refill(&self, batch: &mut VecDeque<Piece>, waker: &Waker) -> Refill {
        let mut outbox = self.lock();
        let now = outbox.needs_clock().then(Instant::now);
        if let Some(now) = now {
            outbox.tick_keepalive(now);
        }
        if batch.is_empty() {
            outbox.take_due(batch, now);
        }
        outbox.is_writer_asleep = true;
        if !outbox.writer.as_ref().is_some_and(|known| known.will_wake(waker)) {
            outbox.writer = Some(waker.clone());
        }
        Refill {
            wake_at: outbox.next_deadline(),
            is_overdue: now.is_some_and(|now| outbox.is_overdue(now)),
            wakes_reader: outbox.wakes_reader(),
        }
    }

    /// Takes nothing any more and says what was counted. What is queued, and the messages in `unwritten`,
    /// count as undelivered.
    pub(crate) fn retire(&self, unwritten: &VecDeque<Piece>) -> OutboxCounts {
        let mut outbox = self.lock();
        outbox.is_retired = true;
        outbox.writer = None;
        outbox.discard_queue();
        outbox.counts.undelivered += message_count(unwritten);
        outbox.counts
    }

    fn lock(&self) -> MutexGuard<'_, Outbox> {
        // A panic elsewhere while pushing leaves a queue that is still a queue.
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outbox {
    fn is_full(&self) -> bool {
        self.queued_messages >= self.limits.queue_messages || self.queued_bytes >= self.limits.queue_bytes
    }

    fn has_room(&self) -> bool {
        let is_half_full = self.queued_messages > self.limits.queue_messages / 2
            || self.queued_bytes > self.limits.queue_bytes / 2;
        !is_half_full || self.closing.is_some() || self.is_retired
    }

    fn wakes_reader(&mut self) -> bool {
        let wakes = self.is_reader_waiting && self.has_room();
        self.is_reader_waiting &= !wakes;
        wakes
    }

    fn writer_to_wake(&mut self) -> Option<Waker> {
        if std::mem::take(&mut self.is_writer_asleep) { self.writer.clone() } else { None }
    }

    fn push_data(&mut self, frame: Encoded) {
        if self.closing.is_some() || self.is_retired {
            return;
        }
        let due = match self.faults.fate(Instant::now) {
            Fate::Dropped => {
                self.counts.dropped += 1;
                return;
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
    }

    fn push_urgent(&mut self, frame: Encoded, role: PieceRole) {
        if self.closing.is_none() && !self.is_retired {
            self.queued_messages += 1;
            self.queued_bytes += frame.payload_bytes;
            self.urgent.push_back(Piece { bytes: frame.head, role, due: None });
        }
    }

    fn close(&mut self, code: Option<u16>, reason: &str, when: CloseWhen) -> bool {
        if self.is_retired {
            return false;
        }
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
        self.keepalive.is_some() || self.closing.is_some() || !self.longest_delay.is_zero()
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

    fn next_deadline(&self) -> Option<Instant> {
        let due = self.queue.front().and_then(|piece| piece.due);
        let keepalive = self.keepalive.as_ref().and_then(Keepalive::deadline);
        match &self.closing {
            Some(closing) => Some(due.map_or(closing.deadline, |due| due.min(closing.deadline))),
            None => [due, keepalive].into_iter().flatten().min(),
        }
    }
}

fn message_count(pieces: &VecDeque<Piece>) -> u64 {
    pieces.iter().filter(|piece| matches!(piece.role, PieceRole::Completes(_))).count() as u64
}
