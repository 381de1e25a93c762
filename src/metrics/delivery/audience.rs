//! Who is in which group, and was, as far back as a message asks that is not judged yet.

use std::collections::{HashMap, VecDeque};

use super::ledger::KeyMap;

/// A time in nanoseconds since the run's start.
pub(super) type Nanos = u64;

/// From when until when a user was in a group, or cut off from it; [`Span::PRESENT`] where it still is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) entered: Nanos,
    pub(super) left: Nanos,
    is_cut_off: bool,
}

impl Span {
    /// The end of a membership that has none yet.
    pub(super) const PRESENT: Nanos = Nanos::MAX;

    fn open(entered: Nanos, is_cut_off: bool) -> Self {
        Self { entered, left: Self::PRESENT, is_cut_off }
    }

    /// Whether a time falls into it.
    fn holds(self, at: Nanos) -> bool {
        self.entered <= at && at < self.left
    }
}

/// The memberships of one user in one group, in order, and the times between when it was cut off; mostly there is one.
#[derive(Debug)]
pub(super) struct Membership {
    last: Span,
    earlier: Vec<Span>,
}

impl Membership {
    fn spans(&self) -> impl Iterator<Item = Span> + '_ {
        self.earlier.iter().copied().chain([self.last])
    }

    /// The membership that a time falls into.
    pub(super) fn at(&self, at: Nanos) -> Option<Span> {
        self.span_at(at).filter(|span| !span.is_cut_off)
    }

    /// Whether the user was cut off at a time.
    pub(super) fn is_cut_off_at(&self, at: Nanos) -> bool {
        self.span_at(at).is_some_and(|span| span.is_cut_off)
    }

    fn span_at(&self, at: Nanos) -> Option<Span> {
        if self.last.holds(at) {
            return Some(self.last);
        }
        self.earlier.iter().copied().find(|span| span.holds(at))
    }

    /// The last span ends where another begins. Earlier ones are kept where a message may ask for them.
    fn follow(&mut self, next: Span, is_asked: bool) {
        if is_asked {
            let left = self.last.left.min(next.entered);
            self.earlier.push(Span { left, ..self.last });
        }
        self.last = next;
    }

    /// Whether the user was in the group, or cut off from it, at any time between two.
    pub(super) fn touches(&self, from: Nanos, to: Nanos) -> bool {
        self.spans().any(|span| span.entered <= to && span.left > from)
    }
}

/// A group: its members, and its messages that are not judged yet, oldest first.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) members: HashMap<u32, Membership>,
    pub(super) messages: VecDeque<u64>,
}

impl Group {
    fn enter(&mut self, user: u32, at: Nanos) {
        let span = Span::open(at, false);
        let membership = self.members.entry(user).or_insert(Membership { last: span, earlier: Vec::new() });
        if membership.last.left != Span::PRESENT || membership.last.is_cut_off {
            membership.follow(span, !self.messages.is_empty());
        }
    }

    fn cut_off(&mut self, user: u32, at: Nanos) {
        if let Some(membership) = self.members.get_mut(&user)
            && membership.last.left == Span::PRESENT
        {
            membership.follow(Span::open(at, true), !self.messages.is_empty());
        }
    }

    fn leave(&mut self, user: u32, at: Nanos) {
        if self.messages.is_empty() {
            // Whatever is published from now on is later.
            self.members.remove(&user);
        } else if let Some(membership) = self.members.get_mut(&user)
            && membership.last.left == Span::PRESENT
        {
            membership.last.left = at;
        }
    }

    /// Forgets memberships that ended before a time, or all that ended where no message asks for them.
    fn forget_before(&mut self, horizon: Nanos) {
        let is_asked = !self.messages.is_empty();
        let is_kept = |span: &Span| span.left == Span::PRESENT || is_asked && span.left >= horizon;
        self.members.retain(|_, membership| {
            membership.earlier.retain(is_kept);
            is_kept(&membership.last)
        });
    }
}

/// The groups of one stream.
#[derive(Debug, Default)]
pub(super) struct Audiences {
    groups: KeyMap<Group>,
}

impl Audiences {
    pub(super) fn enter(&mut self, group: u64, user: u32, at: Nanos) {
        self.groups.entry(group).or_default().enter(user, at);
    }

    pub(super) fn leave(&mut self, group: u64, user: u32, at: Nanos) {
        if let Some(known) = self.groups.get_mut(&group) {
            known.leave(user, at);
            self.close_empty(group);
        }
    }

    pub(super) fn cut_off(&mut self, group: u64, user: u32, at: Nanos) {
        if let Some(known) = self.groups.get_mut(&group) {
            known.cut_off(user, at);
        }
    }

    pub(super) fn publish(&mut self, group: u64, key: u64) {
        self.groups.entry(group).or_default().messages.push_back(key);
    }

    pub(super) fn group(&self, group: u64) -> Option<&Group> {
        self.groups.get(&group)
    }

    /// The oldest message of a group, published at a time, is judged.
    pub(super) fn judged(&mut self, group: u64, at: Nanos) {
        if let Some(known) = self.groups.get_mut(&group) {
            known.messages.pop_front();
            known.forget_before(at);
            self.close_empty(group);
        }
    }

    /// A message of a group will not be judged.
    pub(super) fn withdraw(&mut self, group: u64, key: u64) {
        if let Some(known) = self.groups.get_mut(&group) {
            known.messages.retain(|message| *message != key);
            if known.messages.is_empty() {
                known.forget_before(Nanos::MAX);
            }
            self.close_empty(group);
        }
    }

    /// None of the messages will be judged.
    pub(super) fn withdraw_all(&mut self) {
        self.groups.retain(|_, group| {
            group.messages.clear();
            group.forget_before(Nanos::MAX);
            !group.members.is_empty()
        });
    }

    fn close_empty(&mut self, group: u64) {
        if self.groups.get(&group).is_some_and(|known| known.members.is_empty() && known.messages.is_empty())
        {
            self.groups.remove(&group);
        }
    }

    /// How many memberships are kept, past ones among them.
    #[cfg(test)]
    pub(super) fn kept_count(&self) -> usize {
        self.groups.values().map(|group| group.members.len()).sum()
    }
}
