//! Frame readers, lent to connections while they have something to read.
//!
//! A frame reader has a buffer of 8 KiB, and a connection needs it only from the first byte of a frame to its last. So a
//! thread has a few of them for all its connections: one that is idle holds none, and those that are busy read through
//! the same buffer, which stays in the processor's cache.

use std::cell::RefCell;
use std::rc::Rc;

use fastwebsockets::{Role, WebSocketRead, after_handshake_split};

use super::intake::{Intake, Tap};

/// How many a thread keeps. More are in use only while as many connections are amid a frame.
const KEPT_COUNT: usize = 8;

thread_local! {
    // In boxes, because they are handed from one to the other.
    #[allow(clippy::vec_box)]
    static KEPT: RefCell<Vec<Box<FrameReader>>> = const { RefCell::new(Vec::new()) };
}

/// A frame reader and what it reads from.
pub(super) struct FrameReader {
    pub(super) frames: WebSocketRead<Tap>,
    tap: Tap,
}

impl FrameReader {
    /// One with an empty buffer that reads from `intake`; a frame of `frame_limit_bytes` is refused.
    // In the box that it is kept in, so that nothing is allocated.
    #[allow(clippy::unnecessary_box_returns)]
    pub(super) fn borrow(intake: &Rc<RefCell<Intake>>, frame_limit_bytes: usize) -> Box<Self> {
        let mut reader = KEPT.with_borrow_mut(Vec::pop).unwrap_or_else(|| Box::new(Self::new()));
        reader.frames.set_max_message_size(frame_limit_bytes);
        reader.tap.turn(Some(Rc::clone(intake)));
        reader
    }

    /// For the next connection. Its buffer must be empty and as small as it began.
    pub(super) fn give_back(self: Box<Self>) {
        self.tap.turn(None);
        KEPT.with_borrow_mut(|kept| {
            if kept.len() < KEPT_COUNT {
                kept.push(self);
            }
        });
    }

    fn new() -> Self {
        let tap = Tap::default();
        let (mut frames, _) = after_handshake_split(tap.clone(), tokio::io::sink(), Role::Client);
        frames.set_auto_pong(false);
        frames.set_auto_close(false);
        Self { frames, tap }
    }
}

#[cfg(test)]
pub(super) fn kept_count() -> usize {
    KEPT.with_borrow(Vec::len)
}
