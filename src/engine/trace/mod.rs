//! Watching users: what each of those that are watched does, and what is done to it, line by line and as it happens.
//!
//! Lines go out through a bounded channel, so that whoever writes them cannot hold up the users; what does not fit is left out
//! and counted. A user that nobody watches has no [`Tracer`].

mod watching;
mod words;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use super::recent::SHOWN_CHARACTERS;
use super::shown::{shortened, shown};
use crate::drive::place_index;
use crate::machine::{Payload, Place, Taker};
use crate::program::{BodyKind, Program, Secrets, SlotId, StateId, Value};

/// How many lines wait to be written at most.
const WAITING_LINES: usize = 10_000;

/// Which users are watched, and where what they do is told. Clones tell the same reader.
#[derive(Debug, Clone)]
pub struct Trace {
    whom: Arc<Watched>,
    lines: SyncSender<Told>,
    left_out: Arc<AtomicU64>,
}

/// Which users are watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Watched {
    /// All, and who does what is done once a run.
    All,
    /// Those of the load's with these numbers.
    Some(BTreeSet<u64>),
}

/// Somebody who is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// One of the load's users.
    User {
        /// Its number.
        number: u64,
        /// How many users had the number before.
        generation: u32,
    },
    /// Who does the setup.
    Setup,
    /// Who does the teardown.
    Teardown,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceLine {
    /// When, since the run's start; of a setup or a teardown since its own.
    pub at: Duration,
    /// To whom.
    pub subject: Subject,
    /// At which place of the program, as [`place_index`] has it; `None` before the first step.
    pub place: Option<u32>,
    /// What. It is shortened, and what is secret is hidden. May hold text from the server: escape it.
    pub what: String,
}

/// What a reader is told.
#[derive(Debug)]
enum Told {
    Line(TraceLine),
    End,
}

/// Reads what is told, in the order in which it was.
#[derive(Debug)]
pub struct TraceReader {
    lines: Receiver<Told>,
    is_over: bool,
    left_out: Arc<AtomicU64>,
}

impl Trace {
    /// Watches some users; what they do is to be read from the reader.
    pub fn new(whom: Watched) -> (Self, TraceReader) {
        let (lines, reader) = sync_channel(WAITING_LINES);
        let left_out = Arc::<AtomicU64>::default();
        let reader = TraceReader { lines: reader, is_over: false, left_out: Arc::clone(&left_out) };
        (Self { whom: Arc::new(whom), lines, left_out }, reader)
    }

    /// Nothing more is told: the reader ends behind what was.
    pub fn end(self) {
        // Where nobody reads there is nobody to be told.
        let _ = self.lines.send(Told::End);
    }

    /// Watches somebody, where that is asked for.
    pub(super) fn tracer(&self, subject: Subject) -> Option<Box<Tracer>> {
        let is_watched = match (&*self.whom, subject) {
            (Watched::All, _) => true,
            (Watched::Some(numbers), Subject::User { number, .. }) => numbers.contains(&number),
            (Watched::Some(_), Subject::Setup | Subject::Teardown) => false,
        };
        is_watched.then(|| {
            Box::new(Tracer {
                trace: self.clone(),
                subject,
                place: None,
                elsewhere: None,
                stepped: None,
                asked_at: None,
            })
        })
    }

    fn tell(&self, line: TraceLine) {
        if self.lines.try_send(Told::Line(line)).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl TraceReader {
    /// The next line, where there is one already.
    pub fn try_next(&mut self) -> Option<TraceLine> {
        match self.lines.try_recv() {
            Ok(Told::Line(line)) => Some(line),
            Ok(Told::End) => {
                self.is_over = true;
                None
            }
            Err(_) => None,
        }
    }

    /// How many lines were left out since this was asked last: they came faster than they were read.
    pub fn take_left_out(&self) -> u64 {
        self.left_out.swap(0, Ordering::Relaxed)
    }
}

/// Waits for the next line; ends behind the last.
impl Iterator for TraceReader {
    type Item = TraceLine;

    fn next(&mut self) -> Option<TraceLine> {
        if self.is_over {
            return None;
        }
        match self.lines.recv() {
            Ok(Told::Line(line)) => Some(line),
            Ok(Told::End) | Err(_) => {
                self.is_over = true;
                None
            }
        }
    }
}

/// Watches one user.
pub(super) struct Tracer {
    trace: Trace,
    subject: Subject,
    /// Where it is.
    place: Option<u32>,
    /// Where what follows from the present message is, if elsewhere: in a reaction, or at a request that it does not wait for.
    elsewhere: Option<u32>,
    /// The state that it was told of last: one that is gone on with is no other step.
    stepped: Option<StateId>,
    /// When the last connection or answer was asked for.
    asked_at: Option<Duration>,
}

impl Tracer {
    /// Something happened where the user is.
    pub(super) fn say(&self, at: Duration, what: impl Into<String>) {
        let place = self.elsewhere.or(self.place);
        self.trace.tell(TraceLine { at, subject: self.subject, place, what: what.into() });
    }

    /// The user is told something new.
    pub(super) fn is_told(&mut self) {
        self.elsewhere = None;
    }

    /// Something happened elsewhere, as in a reaction.
    fn say_of(&self, at: Duration, place: u32, what: String) {
        self.trace.tell(TraceLine { at, subject: self.subject, place: Some(place), what });
    }

    /// A step begins, or is gone on with.
    pub(super) fn stepped(&mut self, at: Duration, state: StateId, program: &Program) {
        if self.stepped.replace(state) == Some(state) {
            return;
        }
        self.place = Some(place_index(program, Place::State(state)));
        self.elsewhere = None;
        if let Some(words) = words::step(program, state) {
            self.say(at, words);
        }
    }

    /// An iteration ended: the same step as the last may be another one.
    pub(super) fn forget_step(&mut self) {
        self.stepped = None;
    }

    /// A connection or an answer is asked for by a place.
    pub(super) fn asked(&mut self, at: Duration, place: u32, what: String) {
        // Opened again in the middle of another step: that one is gone on with behind it, which is worth a line.
        if self.place.replace(place) != Some(place) {
            self.stepped = None;
        }
        self.asked_at = Some(at);
        self.say(at, what);
    }

    /// How long ago that was.
    pub(super) fn since_asked(&self, at: Duration) -> Duration {
        at.saturating_sub(self.asked_at.unwrap_or(at))
    }

    pub(super) fn matched(&mut self, at: Duration, by: Taker, message: Payload<'_>, program: &Program) {
        self.elsewhere = match by {
            Taker::Request(state) | Taker::Expect(state) | Taker::Kept(state) => {
                Some(place_index(program, Place::State(state)))
            }
            Taker::Reaction(reaction) => Some(place_index(program, Place::Reaction(reaction))),
            Taker::Inbox | Taker::Dropped | Taker::Left | Taker::Nobody => None,
        };
        let mut what = words::taker(by, program);
        if matches!(by, Taker::Kept(_) | Taker::Dropped | Taker::Left) {
            what = format!("{what}: {}", message_of(message, &program.secrets));
        }
        self.say(at, what);
    }

    pub(super) fn filled(&self, at: Duration, slot: SlotId, value: &Value, program: &Program) {
        let name = words::slot_name(program.slots.get(slot.index()).map_or("?", String::as_str));
        let value = if Secrets::is_name_of_one(name) {
            "(secret)".to_owned()
        } else {
            let text = value.to_json().to_string();
            shortened(&program.secrets.hide(&text, false), false, SHOWN_CHARACTERS)
        };
        self.say(at, format!("{name} = {value}"));
    }
}

/// A message as lines show it: what kind, how long, how it begins.
pub(super) fn message_of(message: Payload<'_>, secrets: &Secrets) -> String {
    let kind = if message.kind() == BodyKind::Binary { "binary" } else { "text" };
    bytes_of(kind, (message.kind(), message.bytes()), secrets)
}

/// The same of anything: `what` says of what.
pub(super) fn bytes_of(what: &str, (kind, bytes): (BodyKind, &[u8]), secrets: &Secrets) -> String {
    let beginning = shown((kind, bytes), false, SHOWN_CHARACTERS, secrets);
    let space = if beginning.is_empty() { "" } else { " " };
    format!("{what} {} B{space}{beginning}", bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(reader: &mut TraceReader) -> Vec<String> {
        reader.by_ref().map(|line| line.what).collect()
    }

    #[test]
    fn only_who_is_asked_for_is_watched() {
        let user = |number| Subject::User { number, generation: 0 };
        let (all, _all) = Trace::new(Watched::All);
        assert!(all.tracer(user(3)).is_some() && all.tracer(Subject::Setup).is_some());
        let (some, _some) = Trace::new(Watched::Some([3, 7].into()));
        let is_watched = |subject| some.tracer(subject).is_some();
        assert!(is_watched(user(3)) && is_watched(Subject::User { number: 7, generation: 2 }));
        assert!(!is_watched(user(4)) && !is_watched(Subject::Setup) && !is_watched(Subject::Teardown));
    }

    #[test]
    fn lines_come_in_order_and_what_does_not_fit_is_counted() {
        let (trace, mut reader) = Trace::new(Watched::All);
        let tracer = trace.tracer(Subject::Setup).unwrap();
        for number in 0..WAITING_LINES + 3 {
            tracer.say(Duration::ZERO, number.to_string());
        }
        assert_eq!(reader.take_left_out(), 3);
        assert_eq!(reader.take_left_out(), 0);
        let first = reader.next().unwrap();
        assert_eq!((first.what.as_str(), first.subject, first.place), ("0", Subject::Setup, None));
        tracer.say(Duration::ZERO, "there is room again");
        std::thread::scope(|scope| {
            scope.spawn(|| trace.end());
            let rest = told(&mut reader);
            assert_eq!(rest.len(), WAITING_LINES);
            assert_eq!(rest.last().unwrap(), "there is room again");
        });
    }

    #[test]
    fn a_reader_that_is_gone_holds_nobody_up() {
        let (trace, reader) = Trace::new(Watched::All);
        drop(reader);
        trace.tracer(Subject::Teardown).unwrap().say(Duration::ZERO, "nobody hears");
        trace.end();
    }
}
