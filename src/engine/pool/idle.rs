//! A pooled connection while nobody has it: Pings are answered, and what else comes is counted.

use std::task::Context;

use super::super::failure::read_kind;
use super::super::frames::say;
use super::super::shard::Shard;
use crate::codec::{Codec, Content, Decoded, Fault, Frame};
use crate::metrics::ErrorKind;
use crate::net::{Event, Flush, Incoming, ReadFailure, Writer};
use crate::program::Unmatched;

/// The writing half of a connection that nobody has.
pub(in crate::engine) struct Idle {
    pub(in crate::engine) writer: Writer,
    pub(in crate::engine) codec: Codec,
    /// Whether the kernel takes no more for now.
    is_blocked: bool,
    /// Whether a Close frame was sent or came.
    is_closed: bool,
}

impl Idle {
    pub(in crate::engine) fn new(writer: Writer, codec: Codec) -> Self {
        Self { writer, codec, is_blocked: false, is_closed: false }
    }

    /// Begins to close it; its task sends that.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
        let _ = self.writer.close(Some(1000), "");
    }

    pub(super) fn incoming(&mut self, incoming: &Incoming<'_>, shard: &Shard) -> Result<(), Fault> {
        let frame = match incoming.event {
            Event::Text(text) => Frame::Text(text),
            Event::Binary(bytes) => Frame::Binary(bytes),
            Event::Ping(payload) => {
                // Behind a Close nothing may follow, and the peer expects nothing.
                let _ = self.writer.pong(payload);
                return Ok(());
            }
            Event::Pong(_) => return Ok(()),
            Event::Close { code, .. } => {
                if !std::mem::replace(&mut self.is_closed, true) {
                    shard.count(|counts| counts.connections_closed_by_peer += 1);
                }
                let _ = self.writer.close(code, "");
                return Ok(());
            }
        };
        let frame_bytes = frame.bytes().len();
        let mut message_count = 0;
        for decoded in self.codec.decode(frame)? {
            match decoded {
                Decoded::Message(content) => {
                    message_count += 1;
                    unmatched(&content, shard);
                }
                Decoded::Say(content) => say(&mut self.writer, &content),
                Decoded::Opened => {}
            }
        }
        shard.count_received(frame_bytes, incoming.deflated_bytes, message_count);
        Ok(())
    }

    /// Hands what is queued to the kernel, where it takes any.
    pub(super) fn poll_writer(&mut self, shard: &Shard, cx: &mut Context<'_>) {
        while self.writer.queued_bytes() > 0 {
            if self.is_blocked && self.writer.poll_writable(cx).is_pending() {
                return;
            }
            // How the connection ended is for the reading half to tell.
            let Ok(flushed) = self.writer.try_flush() else { return };
            shard.count(|counts| counts.writes += u64::from(flushed.began.is_some()));
            self.is_blocked = flushed.flush == Flush::Blocked;
        }
    }

    /// Nobody has lost anything by it: another will be opened when one is wanted. What the server may not do is an error
    /// all the same.
    pub(super) fn ended(&mut self, failure: Option<&ReadFailure>, shard: &Shard) {
        match failure {
            None => {}
            Some(ReadFailure::Eof | ReadFailure::Reset) => {
                let is_first = !self.is_closed;
                shard.count(|counts| counts.connections_closed_by_peer += u64::from(is_first));
            }
            Some(failure) => {
                shard.recorder.borrow_mut().error(read_kind(failure), None, || failure.to_string());
            }
        }
    }
}

/// A message that nobody can take.
fn unmatched(content: &Content<'_>, shard: &Shard) {
    let policy = shard.setting.program.unmatched;
    if policy == Unmatched::Ignore {
        return;
    }
    shard.count(|counts| counts.messages_unmatched += 1);
    let payload = super::super::frames::payload(content.as_frame());
    let mut recorder = shard.recorder.borrow_mut();
    recorder.unmatched(|| payload.to_string());
    if policy == Unmatched::Fail {
        recorder.error(ErrorKind::Unmatched, None, || format!("nobody took {payload}"));
    }
}
