//! The replies that one user waits for, found by what they are known by, and a small memory of requests that are over,
//! by which late and repeated replies are told.
//!
//! A request is kept as a few numbers: the hash of its key (64 bits, of which two among any number that a user can
//! have pending do not meet by chance), when it left, until when its reply is awaited. To find one costs the same
//! whatever is pending. The requests of one step all wait for the same length of time, so that the one that was sent
//! first is the one that is due first: the earliest deadline is that of the first of some step.

mod ended;
mod few;
mod index;

use std::time::Duration;

pub(super) use self::ended::Ended;
use self::ended::Memory;
use self::few::Few;
use self::index::Index;
use crate::program::StateId;

/// No entry.
const NONE: u32 = u32::MAX;
/// No time.
const NEVER: u64 = u64::MAX;
/// Room for more than so many is given back with the connection.
const KEPT: usize = 16;

/// A request whose reply is pending; another one's once this has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket(u32);

/// A request on its way out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outgoing {
    pub(super) what: Ended,
    /// Until when its reply is awaited.
    pub(super) deadline: Duration,
    /// When it was due, where that is measured.
    pub(super) due: Option<Duration>,
    /// Whether its key is its own, so that it is remembered when it is over.
    pub(super) is_own: bool,
}

/// A request that is pending.
#[derive(Debug, Clone, Copy)]
pub(super) struct Looked {
    pub(super) what: Ended,
    /// When it left, if it has.
    pub(super) sent: Option<Duration>,
    /// When it was due, where that is measured.
    pub(super) due: Option<Duration>,
}

/// A user's requests on its present connection.
#[derive(Debug)]
pub(super) struct Pending {
    entries: Few<Entry>,
    /// The first of the entries that are free, linked by `newer`.
    free: u32,
    index: Index,
    /// One for each step that has something pending.
    lanes: Few<Lane>,
    unsent: Few<u32>,
    count: usize,
    /// The earliest deadline of all.
    earliest_ns: u64,
    timed_out: Memory,
    answered: Memory,
    /// What timed out and was forgotten since this was last asked for.
    missing_count: u64,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    what: Ended,
    /// [`NEVER`] until it has left.
    sent_ns: u64,
    deadline_ns: u64,
    /// [`NEVER`] where that is not measured.
    due_ns: u64,
    /// Its neighbours among those of its step.
    older: u32,
    newer: u32,
    /// The next of the same key, sent later.
    next_of_key: u32,
    /// In the first of a key: the last of it.
    last_of_key: u32,
    is_own: bool,
}

/// The requests of one step, oldest first.
#[derive(Debug)]
struct Lane {
    state: StateId,
    oldest: u32,
    newest: u32,
    count: usize,
}

/// How a reply is told that comes for a request that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lateness {
    /// After its time had run out.
    Late,
    /// Once more.
    Repeated,
}

/// What a connection leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Abandoned {
    /// Requests that were pending.
    pub(super) pending_count: u64,
    /// Requests whose reply never came: those, and the ones that had timed out.
    pub(super) missing_count: u64,
}

impl Default for Pending {
    fn default() -> Self {
        Self {
            entries: Few::default(),
            free: NONE,
            index: Index::default(),
            lanes: Few::default(),
            unsent: Few::default(),
            count: 0,
            earliest_ns: NEVER,
            timed_out: Memory::default(),
            answered: Memory::default(),
            missing_count: 0,
        }
    }
}

impl Pending {
    /// Adds a request.
    pub(super) fn push(&mut self, outgoing: Outgoing) -> Ticket {
        let Outgoing { what, deadline, due, is_own } = outgoing;
        let deadline_ns = nanos(deadline);
        let entry = Entry {
            what,
            sent_ns: NEVER,
            deadline_ns,
            due_ns: due.map_or(NEVER, nanos),
            older: NONE,
            newer: NONE,
            next_of_key: NONE,
            last_of_key: NONE,
            is_own,
        };
        let id = self.room_for(entry);
        self.link(id);
        self.count += 1;
        self.unsent.push(id);
        self.earliest_ns = self.earliest_ns.min(deadline_ns);
        Ticket(id)
    }

    /// Everything that was on its way out began to leave at this time.
    pub(super) fn sent(&mut self, now: Duration) {
        while let Some(id) = self.unsent.pop() {
            // A place that is free by now has nothing to be spoilt.
            self.entry_mut(id).sent_ns = nanos(now);
        }
    }

    /// As [`Pending::sent`], of some steps only.
    pub(super) fn sent_where(&mut self, now: Duration, is_meant: impl Fn(StateId) -> bool) {
        let entries = &mut self.entries;
        self.unsent.retain(|&id| {
            let entry = &mut entries[id as usize];
            let has_left = is_meant(entry.what.state);
            if has_left {
                entry.sent_ns = nanos(now);
            }
            !has_left
        });
    }

    /// How many are pending.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// How many of a step are pending.
    pub(super) fn count_of(&self, state: StateId) -> usize {
        self.lanes.iter().find(|lane| lane.state == state).map_or(0, |lane| lane.count)
    }

    /// How many of some steps are pending.
    pub(super) fn count_where(&self, is_meant: impl Fn(StateId) -> bool) -> usize {
        self.lanes.iter().filter(|lane| is_meant(lane.state)).map(|lane| lane.count).sum()
    }

    /// Whether there is nothing that a message could belong to.
    pub(super) fn is_blank(&self) -> bool {
        self.count == 0 && self.timed_out.len() == 0 && self.answered.len() == 0
    }

    /// When the first of the pending is due.
    pub(super) fn deadline(&self) -> Option<Duration> {
        time(self.earliest_ns)
    }

    /// The oldest that is pending under a key.
    pub(super) fn find(&self, key: u64) -> Option<Ticket> {
        self.index.find(key).map(Ticket)
    }

    /// The next younger one under the same key.
    pub(super) fn next(&self, ticket: Ticket) -> Option<Ticket> {
        let next = self.entry(ticket.0).next_of_key;
        (next != NONE).then_some(Ticket(next))
    }

    /// Which request it is.
    pub(super) fn look(&self, ticket: Ticket) -> Looked {
        let Entry { what, sent_ns, due_ns, .. } = *self.entry(ticket.0);
        Looked { what, sent: time(sent_ns), due: time(due_ns) }
    }

    /// The reply has come.
    pub(super) fn answer(&mut self, ticket: Ticket) {
        self.take(ticket.0);
        let Entry { what, is_own, .. } = *self.entry(ticket.0);
        if is_own {
            self.answered.push(what);
        }
    }

    /// The first of those whose time has run out, if there is one.
    pub(super) fn expire(&mut self, now: Duration) -> Option<(Ticket, Ended)> {
        let now_ns = nanos(now);
        if now_ns < self.earliest_ns {
            return None;
        }
        let due = self.lanes.iter().map(|lane| lane.oldest).min_by_key(|&id| self.entry(id).deadline_ns)?;
        self.take(due);
        let Entry { what, is_own, .. } = *self.entry(due);
        // What cannot be told when it comes late is as good as missing.
        let is_missing = !is_own || self.timed_out.push(what).is_some();
        self.missing_count += u64::from(is_missing);
        Some((Ticket(due), what))
    }

    /// The request that is over which a reply belongs to. From now on it counts as answered.
    pub(super) fn reply_again(
        &mut self,
        key: u64,
        mut is_meant: impl FnMut(Ended) -> bool,
    ) -> Option<(Lateness, Ended)> {
        if let Some(index) = self.timed_out.position(key, &mut is_meant) {
            let what = self.timed_out.remove(index)?;
            self.answered.push(what);
            return Some((Lateness::Late, what));
        }
        let index = self.answered.position(key, is_meant)?;
        Some((Lateness::Repeated, self.answered.get(index)?))
    }

    /// How many replies have turned out never to have come since this was last asked.
    pub(super) fn take_missing(&mut self) -> u64 {
        std::mem::take(&mut self.missing_count)
    }

    /// The connection is gone, and with it all replies.
    pub(super) fn clear(&mut self) -> Abandoned {
        let pending_count = self.count as u64;
        let missing_count = pending_count + self.timed_out.len() as u64 + self.take_missing();
        if self.entries.len() > KEPT {
            self.entries = Few::default();
            self.unsent = Few::default();
        }
        self.entries.clear();
        self.unsent.clear();
        self.lanes.clear();
        self.index.clear(KEPT * 2);
        self.timed_out.clear();
        self.answered.clear();
        self.free = NONE;
        self.count = 0;
        self.earliest_ns = NEVER;
        Abandoned { pending_count, missing_count }
    }

    /// As [`Pending::clear`], of some steps only.
    pub(super) fn clear_where(&mut self, is_lost: impl Fn(StateId) -> bool) -> Abandoned {
        let mut pending_count = 0;
        // A place that is free is not looked at by what it says: it may be taken again by a request of another step.
        let entries = &self.entries;
        self.unsent.retain(|id| !is_lost(entries[*id as usize].what.state));
        let oldest =
            |lanes: &Few<Lane>| lanes.iter().find(|lane| is_lost(lane.state)).map(|lane| lane.oldest);
        while let Some(id) = oldest(&self.lanes) {
            self.take(id);
            pending_count += 1;
        }
        self.answered.forget(&is_lost);
        let missing_count = pending_count + self.timed_out.forget(&is_lost) + self.take_missing();
        if self.is_blank() {
            // Gives room back.
            self.clear();
        }
        Abandoned { pending_count, missing_count }
    }

    /// Each request that is pending: its step, when it left, when it was due, and until when it is awaited.
    pub(super) fn each(&self, mut tell: impl FnMut(StateId, Option<Duration>, Option<Duration>, Duration)) {
        for lane in self.lanes.iter() {
            let mut id = lane.oldest;
            while id != NONE {
                let entry = self.entry(id);
                let deadline = Duration::from_nanos(entry.deadline_ns);
                tell(entry.what.state, time(entry.sent_ns), time(entry.due_ns), deadline);
                id = entry.newer;
            }
        }
    }

    fn entry(&self, id: u32) -> &Entry {
        &self.entries[id as usize]
    }

    fn entry_mut(&mut self, id: u32) -> &mut Entry {
        &mut self.entries[id as usize]
    }

    fn room_for(&mut self, entry: Entry) -> u32 {
        if self.free == NONE {
            self.entries.push(entry);
            return u32::try_from(self.entries.len() - 1).expect("`in_flight` is limited to far fewer");
        }
        let id = self.free;
        self.free = self.entry(id).newer;
        *self.entry_mut(id) = entry;
        id
    }

    /// Puts an entry behind those of its step and behind those of its key.
    fn link(&mut self, id: u32) {
        let Ended { key, state, .. } = self.entry(id).what;
        let known = self.lanes.iter().position(|lane| lane.state == state);
        match known.map(|at| &mut self.lanes[at]) {
            Some(lane) => {
                let older = std::mem::replace(&mut lane.newest, id);
                lane.count += 1;
                self.entry_mut(older).newer = id;
                self.entry_mut(id).older = older;
            }
            None => self.lanes.push(Lane { state, oldest: id, newest: id, count: 1 }),
        }
        if let Some(first) = self.index.find(key) {
            let last = std::mem::replace(&mut self.entry_mut(first).last_of_key, id);
            self.entry_mut(last).next_of_key = id;
        } else {
            self.entry_mut(id).last_of_key = id;
            self.index.insert(key, id);
        }
    }

    /// Takes an entry out of everything it is in. What it says stays until its place is used again.
    fn take(&mut self, id: u32) {
        self.take_from_key(id);
        self.take_from_lane(id);
        self.count -= 1;
        if self.entry(id).deadline_ns == self.earliest_ns {
            let first = self.lanes.iter().map(|lane| self.entry(lane.oldest).deadline_ns).min();
            self.earliest_ns = first.unwrap_or(NEVER);
        }
        self.entry_mut(id).newer = self.free;
        self.free = id;
    }

    fn take_from_key(&mut self, id: u32) {
        let Entry { what, next_of_key, last_of_key, .. } = *self.entry(id);
        let Some(first) = self.index.find(what.key) else { return };
        if first == id {
            if next_of_key == NONE {
                self.index.remove(what.key);
            } else {
                self.entry_mut(next_of_key).last_of_key = last_of_key;
                self.index.replace(what.key, next_of_key);
            }
            return;
        }
        let mut before = first;
        while self.entry(before).next_of_key != id {
            before = self.entry(before).next_of_key;
        }
        self.entry_mut(before).next_of_key = next_of_key;
        if next_of_key == NONE {
            self.entry_mut(first).last_of_key = before;
        }
    }

    fn take_from_lane(&mut self, id: u32) {
        let Entry { what, older, newer, .. } = *self.entry(id);
        if older != NONE {
            self.entry_mut(older).newer = newer;
        }
        if newer != NONE {
            self.entry_mut(newer).older = older;
        }
        let Some(at) = self.lanes.iter().position(|lane| lane.state == what.state) else { return };
        let lane = &mut self.lanes[at];
        lane.count -= 1;
        if lane.oldest == id {
            lane.oldest = newer;
        }
        if lane.newest == id {
            lane.newest = older;
        }
        if lane.count == 0 {
            self.lanes.swap_remove(at);
        }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(NEVER).min(NEVER - 1)
}

fn time(nanos: u64) -> Option<Duration> {
    (nanos != NEVER).then(|| Duration::from_nanos(nanos))
}

#[cfg(test)]
mod tests;
