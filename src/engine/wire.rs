//! Where the machine's wishes come true: what a user sends goes to its connection, what it counts and times to the
//! recorder of its thread.

use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use super::failure::{machine_kind, place_index};
use super::shard::Shard;
use crate::machine::{ConnectRequest, Delivery, Event, Failure, Output, Payload, RenderFailure, Unused};
use crate::metrics::UserEnd;
use crate::net::{self, Writer};
use crate::program::{BodyKind, TimerId};

/// Beyond this a user waits for the kernel before it queues more.
const QUEUE_BYTES: usize = 64 << 10;
/// Room for more messages than this is given back when they have left.
const KEPT_UNSENT: usize = 16;

/// The writing half of a user's connection, and what there is to say of it.
pub(super) struct Wire {
    pub(super) shard: Rc<Shard>,
    pub(super) writer: Option<Writer>,
    pub(super) request: Option<ConnectRequest>,
    pub(super) is_blocked: bool,
    pub(super) is_aborted: bool,
    /// Messages and pings since something was handed to the kernel.
    pub(super) held_count: u8,
    /// Whether this end has queued its Close frame.
    pub(super) has_closed: bool,
    /// The server's Close frame.
    pub(super) close: Option<Box<Goodbye>>,
    /// Why writing ended, where it did.
    pub(super) write_error: Option<io::ErrorKind>,
    /// What is counted as sent, each once the kernel has all of it, in order.
    unsent: VecDeque<Unsent>,
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

impl Wire {
    pub(super) fn new(shard: Rc<Shard>) -> Self {
        Self {
            shard,
            writer: None,
            request: None,
            is_blocked: false,
            is_aborted: false,
            held_count: 0,
            has_closed: false,
            close: None,
            write_error: None,
            unsent: VecDeque::new(),
        }
    }

    /// A connection stands: nothing is left of the one before.
    pub(super) fn opened(&mut self, writer: Writer) {
        self.writer = Some(writer);
        self.is_blocked = false;
        self.is_aborted = false;
        self.has_closed = false;
        self.close = None;
        self.write_error = None;
        self.unsent.clear();
    }

    /// Queues this end's Close frame. A second one is not sent; the first is what the peer answers.
    pub(super) fn queue_close(&mut self, code: Option<u16>, reason: &str) {
        self.has_closed = true;
        if let Some(writer) = &mut self.writer {
            let _ = writer.close(code, reason);
        }
    }

    /// The kernel has taken so many bytes since the connection was made.
    pub(super) fn count_sent(&mut self, taken_bytes: u64) {
        let Self { shard, unsent, .. } = self;
        shard.count(|counts| {
            while let Some(message) = unsent.pop_front_if(|message| message.end <= taken_bytes) {
                counts.messages_sent += 1;
                counts.bytes_sent += message.payload_bytes;
            }
        });
        if unsent.is_empty() && unsent.capacity() > KEPT_UNSENT {
            *unsent = VecDeque::new();
        }
    }
}

impl Output for Wire {
    fn connect(&mut self, request: ConnectRequest) {
        // Counted as attempted when it is known how it went: what is given up on the way was neither made nor failed.
        self.request = Some(request);
    }

    fn send(
        &mut self,
        kind: BodyKind,
        render: impl FnOnce(&mut Vec<u8>) -> Result<(), RenderFailure>,
    ) -> Result<(), RenderFailure> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let opcode = match kind {
            BodyKind::Text => net::Opcode::Text,
            BodyKind::Binary => net::Opcode::Binary,
        };
        match writer.try_message(opcode, render) {
            Ok(net::Queued { payload_bytes, deflated_bytes }) => {
                let end = writer.taken_bytes() + writer.queued_bytes() as u64;
                let payload_bytes = payload_bytes as u64;
                self.unsent.push_back(Unsent { end, payload_bytes });
                if let Some(deflated_bytes) = deflated_bytes {
                    self.shard.count(|counts| {
                        counts.deflated_sent += 1;
                        counts.deflate_bytes_sent += payload_bytes;
                        counts.deflate_compressed_sent += deflated_bytes as u64;
                    });
                }
                Ok(())
            }
            Err(net::NotSent::Queue(_)) => Ok(()),
            Err(net::NotSent::Render(failure)) => Err(failure),
        }
    }

    fn ping(&mut self, payload: &[u8]) {
        if let Some(writer) = &mut self.writer {
            // Behind a Close nothing may follow: the Pong does not come, and the connection ends.
            let _ = writer.ping(payload);
        }
    }

    fn is_writable(&self) -> bool {
        self.writer.as_ref().is_none_or(|writer| writer.queued_bytes() < QUEUE_BYTES)
    }

    fn close(&mut self, code: u16, reason: &str) {
        self.queue_close(Some(code), reason);
    }

    fn abort(&mut self) {
        self.is_aborted = true;
    }

    fn time(&mut self, timer: TimerId, elapsed: Duration) {
        self.shard.time(timer, elapsed);
    }

    fn count(&mut self, event: Event) {
        self.shard.count(|counts| match event {
            Event::OperationEnded => counts.operations += 1,
            Event::IterationEnded { failed } => {
                counts.iterations += 1;
                counts.iterations_failed += u64::from(failed);
            }
            Event::FailedOver => counts.failovers += 1,
            Event::Unmatched(count) => counts.messages_unmatched += count,
            Event::InboxDropped => counts.inbox_dropped += 1,
            Event::PacedSend { is_late } => {
                counts.sends_due += 1;
                counts.sends_late += u64::from(is_late);
            }
            Event::SendsMissed(count) => {
                counts.sends_due += count;
                counts.sends_missed += count;
            }
            Event::RequestSent => counts.requests += 1,
            Event::RequestThrottled => counts.requests_throttled += 1,
            Event::ReplyLate => counts.replies_late += 1,
            Event::ReplyDuplicated => counts.replies_duplicated += 1,
            Event::RepliesMissing(count) => counts.replies_missing += count,
        });
    }

    fn sample(&mut self, unused: Unused, message: Payload<'_>) {
        let mut recorder = self.shard.recorder.borrow_mut();
        match unused {
            Unused::Unmatched => recorder.unmatched(|| message.to_string()),
            Unused::Dropped => recorder.dropped(|| message.to_string()),
        }
    }

    fn delivery(&mut self, delivery: Delivery<'_>) {
        self.shard.tell(delivery);
    }

    fn fail(&mut self, failure: Failure<'_>) {
        let place = place_index(&self.shard.setting.program, failure.place);
        let kind = machine_kind(failure.kind);
        self.shard.recorder.borrow_mut().error(kind, Some(place), || failure.detail.to_string());
    }

    fn log(&mut self, line: String) {
        self.shard.log(line);
    }

    fn finished(&mut self, failed: bool) {
        let end = if failed { UserEnd::Failed } else { UserEnd::Finished };
        self.shard.recorder.borrow_mut().user_left(end);
    }
}
