//! The writing half of one of a user's connections, and what there is to say of it.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use super::pool::{Idle, Lease};
use super::shard::Shard;
use crate::codec::Codec;
use crate::machine::ConnectRequest;
use crate::net::Writer;

/// Beyond this a user waits for the kernel before it queues more.
const QUEUE_BYTES: usize = 64 << 10;
/// Beyond this nothing more is read until the server has taken some of it.
const CONGESTION_BYTES: usize = 1 << 20;
/// So many messages and pings of one read are answered together.
const HELD_COUNT: u8 = 16;
/// So many bytes of answers are kept back at most, until all of a read has been looked at.
const HELD_BYTES: usize = 16 << 10;
/// Room for more messages than this is given back when they have left.
const KEPT_UNSENT: usize = 16;

/// A connection of a user, or the lack of one.
// Each of the flags is a fact of its own; none of them excludes another.
#[allow(clippy::struct_excessive_bools)]
#[derive(Default)]
pub(super) struct Half {
    pub(super) writer: Option<Writer>,
    /// How its frames and messages belong together.
    pub(super) codec: Codec,
    /// The connection that the user wants and that nobody has begun to open.
    pub(super) request: Option<Box<ConnectRequest>>,
    /// When it began to be opened, since the run's start.
    pub(super) asked_at: Duration,
    /// Where the connection is one of a pool, whose task reads it.
    pub(super) lease: Option<Box<Lease>>,
    /// Whether it goes back to its pool once all that is queued has left.
    pub(super) is_giving_back: bool,
    /// Whether the kernel takes no more for now.
    pub(super) is_blocked: bool,
    /// Whether the user has given the connection up.
    pub(super) is_aborted: bool,
    /// Messages and pings since something was handed to the kernel.
    pub(super) held_count: u8,
    /// Whether this end has queued its Close frame.
    pub(super) has_closed: bool,
    /// The server's Close frame.
    pub(super) close: Option<Box<Goodbye>>,
    /// Why writing ended, where it did.
    pub(super) write_error: Option<io::ErrorKind>,
    /// What is counted as sent, each once the kernel has all of it: the first, and those behind it in order. Mostly there
    /// is one, which then needs no memory elsewhere.
    unsent: Option<Unsent>,
    unsent_behind: VecDeque<Unsent>,
}

/// What a Close frame says.
pub(super) struct Goodbye {
    pub(super) code: u16,
    pub(super) reason: String,
}

/// A message on its way to the kernel.
struct Unsent {
    /// How many bytes the kernel has taken when it has all of this one.
    end: u64,
    payload_bytes: u64,
}

impl Half {
    /// A connection stands: nothing is left of the one before.
    pub(super) fn opened(&mut self, writer: Writer, codec: Codec) {
        self.writer = Some(writer);
        self.codec = codec;
        self.lease = None;
        self.is_giving_back = false;
        self.is_blocked = false;
        self.is_aborted = false;
        self.has_closed = false;
        self.close = None;
        self.write_error = None;
        self.unsent = None;
        self.unsent_behind.clear();
    }

    /// Nothing is to be done any more with what is left of a connection.
    pub(super) fn dropped(&mut self) {
        self.ended();
        self.close = None;
        self.is_aborted = false;
    }

    /// The connection is gone.
    pub(super) fn ended(&mut self) {
        self.writer = None;
        self.lease = None;
        self.is_giving_back = false;
    }

    /// Takes what goes back to a pool, where it is to, nothing is on its way any more, and neither end has said goodbye.
    pub(super) fn take_lease(&mut self) -> Option<(Box<Lease>, Idle)> {
        if !self.is_giving_back || self.queued_bytes() > 0 || self.has_closed || self.close.is_some() {
            return None;
        }
        let writer = self.writer.take_if(|_| self.lease.is_some())?;
        self.is_giving_back = false;
        Some((self.lease.take()?, Idle::new(writer, std::mem::take(&mut self.codec))))
    }

    /// Queues this end's Close frame. A second one is not sent; the first is what the peer answers.
    pub(super) fn queue_close(&mut self, code: Option<u16>, reason: &str) {
        self.has_closed = true;
        if let Some(writer) = &mut self.writer {
            let _ = writer.close(code, reason);
        }
    }

    /// A message has been queued: it is counted when it has left.
    pub(super) fn queued(&mut self, payload_bytes: usize) {
        if let Some(writer) = &self.writer {
            let end = writer.taken_bytes() + writer.queued_bytes() as u64;
            let unsent = Unsent { end, payload_bytes: payload_bytes as u64 };
            if self.unsent.is_none() {
                self.unsent = Some(unsent);
            } else {
                self.unsent_behind.push_back(unsent);
            }
        }
    }

    /// The kernel has taken so many bytes since the connection was made.
    pub(super) fn count_sent(&mut self, taken_bytes: u64, shard: &Shard) {
        shard.count(|counts| {
            while let Some(message) = self.unsent.take_if(|message| message.end <= taken_bytes) {
                counts.messages_sent += 1;
                counts.bytes_sent += message.payload_bytes;
                self.unsent = self.unsent_behind.pop_front();
            }
        });
        if self.unsent_behind.is_empty() && self.unsent_behind.capacity() > KEPT_UNSENT {
            self.unsent_behind = VecDeque::new();
        }
    }

    /// Another answer is kept back: what the messages of one read lead to goes out in one write. Whether the first does
    /// not wait for the last, because there are many.
    pub(super) fn holds_enough(&mut self) -> bool {
        self.held_count += 1;
        self.held_count >= HELD_COUNT || self.queued_bytes() >= HELD_BYTES
    }

    /// How many bytes wait for the kernel.
    pub(super) fn queued_bytes(&self) -> usize {
        self.writer.as_ref().map_or(0, Writer::queued_bytes)
    }

    /// Whether the user may queue more.
    pub(super) fn is_writable(&self) -> bool {
        self.queued_bytes() < QUEUE_BYTES
    }

    /// Whether so much waits for the kernel that nothing more is read, lest answers to it pile up without bound.
    pub(super) fn is_congested(&self) -> bool {
        self.queued_bytes() > CONGESTION_BYTES
    }

    /// The writer, where it waits for the kernel to take more.
    pub(super) fn blocked_writer(&self) -> Option<&Writer> {
        self.writer.as_ref().filter(|_| self.is_blocked)
    }
}
