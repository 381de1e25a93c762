//! The messages of one stream that are not judged yet.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;

use super::Person;
use super::audience::{Audiences, Nanos};
use super::judge::{Judge, Marks};
use super::ledger::{Kept, KeyMap, Rule};
use crate::metrics::Recorder;

/// A message that was published.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) sender: u32,
    pub(super) group: u64,
    pub(super) at: Nanos,
    /// Its key, for people.
    pub(super) shown: Box<str>,
    pub(super) copies: Vec<Copy>,
    /// Whether anything can be said of it.
    pub(super) is_tracked: bool,
    /// How often its key was published since it is known.
    publication_count: u32,
}

/// A copy that came.
#[derive(Debug, Clone, std::marker::Copy)]
pub(super) struct Copy {
    pub(super) at: Nanos,
    pub(super) user: u32,
    /// Its place among all copies of the stream, in the order in which they came. It wraps, and is only compared with
    /// ones nearby.
    pub(super) order: u32,
}

/// One stream.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) rule: Rule,
    /// By key.
    live: KeyMap<Message>,
    /// Keys in the order of publishing, one for each time.
    queue: VecDeque<(Nanos, u64)>,
    audiences: Audiences,
    next_order: u32,
    /// Until when messages were published whose keys are not known.
    left_out_until: Option<Nanos>,
}

impl Stream {
    pub(super) fn new(rule: Rule) -> Self {
        Self {
            rule,
            live: KeyMap::default(),
            queue: VecDeque::new(),
            audiences: Audiences::default(),
            next_order: 0,
            left_out_until: None,
        }
    }

    pub(super) fn enter(&mut self, group: u64, user: u32, at: Nanos) {
        self.audiences.enter(group, user, at);
    }

    pub(super) fn leave(&mut self, group: u64, user: u32, at: Nanos) {
        self.audiences.leave(group, user, at);
    }

    pub(super) fn cut_off(&mut self, group: u64, user: u32, at: Nanos) {
        self.audiences.cut_off(group, user, at);
    }

    /// A message was published; where there is room for it, its copies are kept.
    pub(super) fn publish(&mut self, key: u64, mut message: Message, kept: &mut Kept, out: &mut Recorder) {
        let counts = out.delivery(&self.rule.name);
        counts.published += 1;
        if let Some(known) = self.live.get_mut(&key) {
            known.publication_count += 1;
            self.queue.push_back((message.at, key));
            counts.untracked += 1;
            self.let_go(key, kept, out);
            return;
        }
        message.is_tracked = kept.has_room();
        if message.is_tracked {
            kept.message_count += 1;
            self.audiences.publish(message.group, key);
        } else {
            counts.untracked += 1;
        }
        // So that its copies are not taken for unknown ones; but that has an end, too.
        if message.is_tracked || self.live.len() < 2 * kept.limits.messages {
            self.queue.push_back((message.at, key));
            self.live.insert(key, message);
        } else {
            self.left_out_until = self.left_out_until.max(Some(message.at));
        }
    }

    /// So many messages were published until a time, of which nothing else is known.
    pub(super) fn leave_out(&mut self, message_count: u64, until: Nanos, out: &mut Recorder) {
        if message_count > 0 {
            let counts = out.delivery(&self.rule.name);
            counts.published += message_count;
            counts.untracked += message_count;
            self.left_out_until = self.left_out_until.max(Some(until));
        }
    }

    /// A copy came.
    pub(super) fn deliver(&mut self, key: u64, user: u32, at: Nanos, kept: &mut Kept, out: &mut Recorder) {
        let Some(message) = self.live.get_mut(&key) else {
            // While it may be a copy of one that was left out, nothing can be said of it.
            if self.left_out_until.is_none_or(|until| self.rule.is_over(until, at)) {
                out.delivery(&self.rule.name).unknown += 1;
            }
            return;
        };
        if !message.is_tracked {
            return;
        }
        if !kept.has_room_for_copy() {
            return self.let_go(key, kept, out);
        }
        kept.copy_count += 1;
        message.copies.push(Copy { at, user, order: self.next_order });
        self.next_order = self.next_order.wrapping_add(1);
    }

    /// Lets go of a message: nothing can be said of it any more.
    pub(super) fn let_go(&mut self, key: u64, kept: &mut Kept, out: &mut Recorder) {
        if let Some(message) = self.live.get_mut(&key).filter(|message| message.is_tracked) {
            out.delivery(&self.rule.name).untracked += 1;
            message.is_tracked = false;
            kept.release(&std::mem::take(&mut message.copies));
            self.audiences.withdraw(message.group, key);
        }
    }

    /// Lets go of all messages: at once, since there may be a million of them.
    pub(super) fn let_all_go(&mut self, kept: &mut Kept, out: &mut Recorder) {
        let counts = out.delivery(&self.rule.name);
        for message in self.live.values_mut().filter(|message| message.is_tracked) {
            counts.untracked += 1;
            message.is_tracked = false;
            kept.release(&std::mem::take(&mut message.copies));
        }
        self.audiences.withdraw_all();
    }

    /// Judges the messages whose time is over at `now`.
    pub(super) fn settle(&mut self, now: Nanos, kept: &mut Kept, desk: &mut Desk<'_>) {
        while let Some((published, key)) =
            self.queue.pop_front_if(|(published, _)| self.rule.is_over(*published, now))
        {
            let Entry::Occupied(mut known) = self.live.entry(key) else { continue };
            known.get_mut().publication_count -= 1;
            if known.get().publication_count > 0 {
                continue;
            }
            let mut message = known.remove();
            if !message.is_tracked {
                continue;
            }
            if let Some(group) = self.audiences.group(message.group) {
                let judge = Judge { rule: &self.rule, group, live: &self.live, desk };
                judge.judge(&mut message);
            }
            kept.release(&message.copies);
            self.audiences.judged(message.group, published);
        }
    }

    #[cfg(test)]
    pub(super) fn kept_counts(&self) -> (usize, usize, usize) {
        (self.live.len(), self.queue.len(), self.audiences.kept_count())
    }
}

/// What judging needs beside the stream.
pub(super) struct Desk<'a> {
    pub(super) marks: &'a mut Marks,
    pub(super) persons: &'a [Person],
    pub(super) out: &'a mut Recorder,
}

impl Message {
    pub(super) fn new(sender: u32, group: u64, at: Nanos, shown: Box<str>) -> Self {
        Self { sender, group, at, shown, copies: Vec::new(), is_tracked: true, publication_count: 1 }
    }
}
