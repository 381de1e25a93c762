//! Messages that nobody took, kept for later expects: bounded, the oldest leaves first.

use std::collections::VecDeque;

use super::message::Payload;
use crate::program::Limits;

/// A kept message.
#[derive(Debug)]
pub(super) enum Kept {
    Text(Box<str>),
    Binary(Box<[u8]>),
}

impl Kept {
    pub(super) fn payload(&self) -> Payload<'_> {
        match self {
            Self::Text(text) => Payload::Text(text),
            Self::Binary(bytes) => Payload::Binary(bytes),
        }
    }
}

/// The messages of one user that nobody took, oldest first.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    kept: VecDeque<Kept>,
    bytes: usize,
}

impl Inbox {
    /// Keeps a message and returns how many left for it: the oldest, or itself where it alone is over the limit.
    pub(super) fn push(&mut self, payload: Payload<'_>, limits: &Limits) -> u64 {
        if payload.bytes().len() > limits.inbox_bytes || limits.inbox_message_count == 0 {
            return 1;
        }
        let mut left_count = 0;
        while self.kept.len() >= limits.inbox_message_count
            || self.bytes + payload.bytes().len() > limits.inbox_bytes
        {
            self.remove(0);
            left_count += 1;
        }
        self.bytes += payload.bytes().len();
        self.kept.push_back(match payload {
            Payload::Text(text) => Kept::Text(text.into()),
            Payload::Binary(bytes) => Kept::Binary(bytes.into()),
        });
        left_count
    }

    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    pub(super) fn peek(&self, index: usize) -> Option<&Kept> {
        self.kept.get(index)
    }

    pub(super) fn remove(&mut self, index: usize) -> Option<Kept> {
        let kept = self.kept.remove(index)?;
        self.bytes -= kept.payload().bytes().len();
        Some(kept)
    }

    /// Empties it and gives its memory back; returns how many messages were in it.
    pub(super) fn clear(&mut self) -> u64 {
        let count = self.kept.len() as u64;
        *self = Self::default();
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(count: usize, bytes: usize) -> Limits {
        Limits { inbox_message_count: count, inbox_bytes: bytes, ..Limits::default() }
    }

    #[test]
    fn the_oldest_leaves_when_there_are_too_many() {
        let mut inbox = Inbox::default();
        let left: Vec<u64> = (0..4u8).map(|i| inbox.push(Payload::Binary(&[i]), &limits(2, 100))).collect();
        assert_eq!(left, [0, 0, 1, 1]);
        assert_eq!(inbox.peek(0).unwrap().payload().bytes(), [2]);
    }

    #[test]
    fn as_many_leave_as_the_bytes_need() {
        let mut inbox = Inbox::default();
        for _ in 0..3 {
            inbox.push(Payload::Binary(&[0; 3]), &limits(10, 10));
        }
        assert_eq!(inbox.push(Payload::Binary(&[1; 7]), &limits(10, 10)), 2);
        assert_eq!((inbox.len(), inbox.bytes), (2, 10));
        assert_eq!(inbox.push(Payload::Binary(&[1; 11]), &limits(10, 10)), 1, "it alone is over the limit");
        assert_eq!(inbox.clear(), 2);
        assert_eq!((inbox.len(), inbox.bytes), (0, 0));
    }
}
