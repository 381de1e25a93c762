//! From what threads report to what is judged: events in the order of time, as far as all threads have come.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Duration;

use super::audience::Nanos;
use super::judge::Marks;
use super::stream::{Copy, Desk, Message, Stream};
use super::{Batch, Event, Fact, Person};
use crate::metrics::{Recorder, TimerId};

/// Which order the copies of a stream are to come in.
#[derive(Debug, Clone, std::marker::Copy, PartialEq, Eq)]
pub enum Order {
    /// Any. What is out of a sender's order is counted, and no error.
    None,
    /// That of each sender.
    Sender,
    /// That of each sender, and the same for all users.
    Total,
}

/// What holds of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// How long a copy may take.
    pub within: Duration,
    /// Whether the sender is in the audience where it is a member.
    pub includes_sender: bool,
    /// Which order is asked for.
    pub order: Order,
    /// Where the time of each copy is recorded.
    pub timer: TimerId,
    /// The place that errors are counted at.
    pub place: u32,
}

impl Rule {
    /// When a copy of a message is lost.
    pub(super) fn deadline(&self, published: Nanos) -> Nanos {
        published.saturating_add(nanos(self.within))
    }

    /// Whether a message is judged at a time. At the end of all time each is, also one that had longer than there is.
    pub(super) fn is_over(&self, published: Nanos, now: Nanos) -> bool {
        self.deadline(self.deadline(published)) < now || now == Nanos::MAX
    }
}

/// How much is kept at one time, over all streams.
#[derive(Debug, Clone, std::marker::Copy, PartialEq, Eq)]
pub struct Limits {
    /// Messages that are not judged yet: about 200 bytes each.
    pub messages: usize,
    /// Copies of them: 16 bytes each.
    pub copies: usize,
}

impl Default for Limits {
    /// Under 600 MiB in all, which a run comes near only where millions of copies are under way.
    fn default() -> Self {
        Self { messages: 1 << 20, copies: 16 << 20 }
    }
}

/// What is kept now.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) limits: Limits,
    pub(super) message_count: usize,
    pub(super) copy_count: usize,
}

impl Kept {
    pub(super) fn has_room(&self) -> bool {
        self.message_count < self.limits.messages && self.has_room_for_copy()
    }

    pub(super) fn has_room_for_copy(&self) -> bool {
        self.copy_count < self.limits.copies
    }

    /// A message and its copies are kept no more.
    pub(super) fn release(&mut self, copies: &[Copy]) {
        self.message_count -= 1;
        self.copy_count -= copies.len();
    }
}

/// A map whose keys are hashes already.
pub(super) type KeyMap<V> = HashMap<u64, V, BuildHasherDefault<AsItIs>>;

/// Takes a hash for what it is.
#[derive(Debug, Default)]
pub(super) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// An event that waits until all threads have come so far.
#[derive(Debug)]
struct Waiting {
    event: Event,
    /// Of a message, its key for people.
    shown: Box<str>,
}

/// A group that a user is in, or is cut off from.
#[derive(Debug)]
struct Place {
    stream: u16,
    group: u64,
    is_cut_off: bool,
}

impl Place {
    fn is(&self, stream: u16, group: u64) -> bool {
        (self.stream, self.group) == (stream, group)
    }
}

/// All streams of a run.
#[derive(Debug)]
pub struct Ledger {
    streams: Vec<Stream>,
    waiting: Vec<Waiting>,
    /// How far each thread has come.
    watermarks: Vec<Duration>,
    /// Until when what is published cannot be tracked, because reports are missing.
    gap_until: Option<Duration>,
    users: HashMap<Person, u32>,
    persons: Vec<Person>,
    /// The groups each user is in or cut off from.
    groups: Vec<Vec<Place>>,
    kept: Kept,
    marks: Marks,
}

impl Ledger {
    /// A ledger for these streams and so many threads.
    pub fn new(rules: Vec<Rule>, thread_count: usize, limits: Limits) -> Self {
        Self {
            streams: rules.into_iter().map(Stream::new).collect(),
            waiting: Vec::new(),
            watermarks: vec![Duration::ZERO; thread_count],
            gap_until: None,
            users: HashMap::new(),
            persons: Vec::new(),
            groups: Vec::new(),
            kept: Kept { limits, message_count: 0, copy_count: 0 },
            marks: Marks::default(),
        }
    }

    /// Takes what a thread reports and judges what can be judged by it. Every stream is in what is recorded.
    pub fn take(&mut self, batch: &Batch, out: &mut Recorder) {
        let mut shown = batch.shown.as_str();
        self.waiting.extend(batch.events.iter().map(|event| {
            let mut key = "";
            if let Fact::Published { shown_bytes, .. } = event.fact {
                (key, shown) = shown.split_at_checked(shown_bytes.into()).unwrap_or((shown, ""));
            }
            Waiting { event: *event, shown: key.into() }
        }));
        if let Some(watermark) = self.watermarks.get_mut(batch.thread) {
            *watermark = (*watermark).max(batch.watermark);
        }
        let left_out_counts = batch.left_out_counts.iter().copied().chain(std::iter::repeat(0));
        for (stream, left_out_count) in self.streams.iter_mut().zip(left_out_counts) {
            out.delivery(&stream.rule.name);
            if let Some(until) = batch.gap_until {
                stream.let_all_go(&mut self.kept, out);
                stream.leave_out(left_out_count, nanos(until), out);
            }
        }
        self.gap_until = self.gap_until.max(batch.gap_until);
        let reached = self.watermarks.iter().min().copied().unwrap_or_default();
        self.advance(reached, out);
    }

    /// Judges what is left: nothing more will be reported.
    pub fn finish(&mut self, out: &mut Recorder) {
        self.advance(Duration::MAX, out);
    }

    fn advance(&mut self, reached: Duration, out: &mut Recorder) {
        // Stable: what one thread saw at one time stays in its order.
        self.waiting.sort_by_key(|waiting| waiting.event.at);
        let ready = self.waiting.partition_point(|waiting| waiting.event.at < reached);
        let rest = self.waiting.split_off(ready);
        for waiting in std::mem::replace(&mut self.waiting, rest) {
            self.settle(nanos(waiting.event.at), out);
            self.happen(waiting, out);
        }
        self.settle(nanos(reached), out);
    }

    fn settle(&mut self, now: Nanos, out: &mut Recorder) {
        for stream in &mut self.streams {
            stream.settle(
                now,
                &mut self.kept,
                &mut Desk { marks: &mut self.marks, persons: &self.persons, out },
            );
        }
    }

    fn happen(&mut self, waiting: Waiting, out: &mut Recorder) {
        let Waiting { event: Event { at: time, person, fact }, shown } = waiting;
        let (user, at) = (self.user(person), nanos(time));
        let Self { streams, kept, groups, gap_until, .. } = self;
        let own = &mut groups[user as usize];
        match fact {
            Fact::Published { stream, key, group, .. } => {
                let Some(stream) = streams.get_mut(usize::from(stream)) else { return };
                stream.publish(key, Message::new(user, group, at, shown), kept, out);
                if gap_until.is_some_and(|until| time <= until) {
                    stream.let_go(key, kept, out);
                }
            }
            Fact::Delivered { stream, key } => {
                if let Some(stream) = streams.get_mut(usize::from(stream)) {
                    stream.deliver(key, user, at, kept, out);
                }
            }
            Fact::Entered { stream: number, group } => {
                let Some(stream) = streams.get_mut(usize::from(number)) else { return };
                match own.iter_mut().find(|place| place.is(number, group)) {
                    Some(Place { is_cut_off: false, .. }) => return,
                    Some(place) => place.is_cut_off = false,
                    None => own.push(Place { stream: number, group, is_cut_off: false }),
                }
                stream.enter(group, user, at);
            }
            Fact::CutOff { stream, group } => {
                let own = own.iter_mut().filter(|place| place.is(stream, group));
                own.for_each(|place| cut_off(place, streams, user, at));
            }
            Fact::CutOffFromAll => own.iter_mut().for_each(|place| cut_off(place, streams, user, at)),
            Fact::Left { stream: number, group } => {
                if let Some(place) = own.iter().position(|place| place.is(number, group)) {
                    own.swap_remove(place);
                    streams[usize::from(number)].leave(group, user, at);
                }
            }
            Fact::Gone => {
                for Place { stream, group, .. } in own.drain(..) {
                    streams[usize::from(stream)].leave(group, user, at);
                }
            }
        }
    }

    fn user(&mut self, person: Person) -> u32 {
        *self.users.entry(person).or_insert_with(|| {
            self.persons.push(person);
            self.groups.push(Vec::new());
            u32::try_from(self.persons.len() - 1).expect("users are limited to far fewer")
        })
    }

    /// What is kept: messages, places in queues, memberships, copies.
    #[cfg(test)]
    pub(super) fn kept_counts(&self) -> [usize; 4] {
        let mut sum = [0, 0, 0, self.kept.copy_count];
        for stream in &self.streams {
            let (live, queued, members) = stream.kept_counts();
            sum[0] += live;
            sum[1] += queued;
            sum[2] += members;
        }
        sum
    }
}

fn cut_off(place: &mut Place, streams: &mut [Stream], user: u32, at: Nanos) {
    if !std::mem::replace(&mut place.is_cut_off, true) {
        streams[usize::from(place.stream)].cut_off(place.group, user, at);
    }
}

/// A time since the run's start; half a millennium is long enough.
fn nanos(at: Duration) -> Nanos {
    Nanos::try_from(at.as_nanos()).unwrap_or(Nanos::MAX)
}
