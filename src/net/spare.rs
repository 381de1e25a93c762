//! Output buffers, lent to connections while they have something to send.
//!
//! What a user sends has mostly left before the next user's turn. So a thread has a few buffers for all its connections:
//! one with nothing to send holds none, and the others write where the processor's cache is warm.

use std::cell::RefCell;

/// How many a thread keeps. More are in use only while the kernel does not take what as many connections send.
const KEPT_COUNT: usize = 8;

/// One that has grown beyond this is not kept, so that one large message does not stay resident.
pub(super) const KEPT_BUFFER_BYTES: usize = 64 << 10;

thread_local! {
    static KEPT: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer, with room where there is one that was used before.
pub(super) fn borrow() -> Vec<u8> {
    KEPT.with_borrow_mut(Vec::pop).unwrap_or_default()
}

/// For the next one who sends; what is in it is gone.
pub(super) fn give_back(mut buffer: Vec<u8>) {
    if (1..=KEPT_BUFFER_BYTES).contains(&buffer.capacity()) {
        KEPT.with_borrow_mut(|kept| {
            if kept.len() < KEPT_COUNT {
                buffer.clear();
                kept.push(buffer);
            }
        });
    }
}
