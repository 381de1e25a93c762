//! Messages that nobody took, kept for later expects: bounded, the oldest leaves first.

use std::collections::VecDeque;

use super::correlate::Overdue;
use super::message::Payload;
use crate::program::Limits;

/// A kept message.
#[derive(Debug)]
pub(super) struct Kept {
    content: Content,
    /// What it is counted as if nobody takes it.
    pub(super) overdue: Option<Overdue>,
}

#[derive(Debug)]
enum Content {
    Text(Box<str>),
    Binary(Box<[u8]>),
}

impl Kept {
    fn of(payload: Payload<'_>, overdue: Option<Overdue>) -> Self {
        let content = match payload {
            Payload::Text(text) => Content::Text(text.into()),
            Payload::Binary(bytes) => Content::Binary(bytes.into()),
        };
        Self { content, overdue }
    }

    pub(super) fn payload(&self) -> Payload<'_> {
        match &self.content {
            Content::Text(text) => Payload::Text(text),
            Content::Binary(bytes) => Payload::Binary(bytes),
        }
    }
}

/// The messages of one connection that nobody took, oldest first.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    kept: VecDeque<Kept>,
    bytes: usize,
}

impl Inbox {
    /// Keeps a message and returns those that left for it: the oldest, or itself where it alone is over the limit.
    pub(super) fn push(
        &mut self,
        payload: Payload<'_>,
        overdue: Option<Overdue>,
        limits: &Limits,
    ) -> Vec<Kept> {
        if payload.bytes().len() > limits.inbox_bytes || limits.inbox_message_count == 0 {
            return vec![Kept::of(payload, overdue)];
        }
        let mut left = Vec::new();
        while self.kept.len() >= limits.inbox_message_count
            || self.bytes + payload.bytes().len() > limits.inbox_bytes
        {
            left.extend(self.remove(0));
        }
        self.bytes += payload.bytes().len();
        self.kept.push_back(Kept::of(payload, overdue));
        left
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

    /// Empties it and gives its memory back; returns the messages that were in it.
    pub(super) fn clear(&mut self) -> VecDeque<Kept> {
        std::mem::take(self).kept
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
        let mut push = |i: u8| inbox.push(Payload::Binary(&[i]), None, &limits(2, 100)).len();
        let left: Vec<usize> = (0..4).map(&mut push).collect();
        assert_eq!(left, [0, 0, 1, 1]);
        assert_eq!(inbox.peek(0).unwrap().payload().bytes(), [2]);
    }

    #[test]
    fn as_many_leave_as_the_bytes_need() {
        let mut inbox = Inbox::default();
        for _ in 0..3 {
            inbox.push(Payload::Binary(&[0; 3]), None, &limits(10, 10));
        }
        assert_eq!(inbox.push(Payload::Binary(&[1; 7]), None, &limits(10, 10)).len(), 2);
        assert_eq!((inbox.len(), inbox.bytes), (2, 10));
        assert_eq!(
            inbox.push(Payload::Binary(&[1; 11]), None, &limits(10, 10)).len(),
            1,
            "it alone is over the limit"
        );
        assert_eq!(inbox.clear().len(), 2);
        assert_eq!((inbox.len(), inbox.bytes), (0, 0));
    }
}
