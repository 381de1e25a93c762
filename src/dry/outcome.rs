//! What a plan would do.

use std::time::Duration;

use super::timeline::Interval;
use super::world::World;
use crate::metrics::{Counts, ErrorTable};
use crate::program::{SlotId, Value};

/// What came of going through a run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// How long the run lasted, or how much of it was gone through.
    pub elapsed: Duration,
    /// One of so many users was simulated, and stands for them.
    pub one_of: u64,
    /// What was counted, as a run counts it.
    pub counts: Counts,
    /// What failed.
    pub errors: ErrorTable,
    /// The most users at a time.
    pub users_peak: u64,
    /// The most connections at a time: those that are being opened among them, and one for each user that has made a request over HTTP
    /// in its iteration.
    pub connections_peak: u64,
    /// Bytes of all frames sent, with their headers: control frames too, the upgrade not.
    pub wire_bytes_sent: u64,
    /// The same of those received.
    pub wire_bytes_received: u64,
    /// The longest message sent, in bytes of payload.
    pub longest_sent: usize,
    /// The longest message received.
    pub longest_received: usize,
    /// The most bytes of text and JSON that a user held when it left.
    pub values_bytes: usize,
    /// The messages of each step and reaction.
    pub sent: Vec<Sent>,
    /// What the server that is made up could not answer.
    pub unanswered: Vec<Unanswered>,
    /// How long each of the intervals is.
    pub interval: Duration,
    /// What happened when.
    pub intervals: Vec<Interval>,
    /// The most of each figure in any second.
    pub busiest: Interval,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The load is over, and every user has left.
    Ended,
    /// It was enough: the figures are of the time until then.
    Enough,
    /// It has no end of its own, as far as can be seen: it went on for so long.
    Endless,
    /// A user goes on and on without any time passing, at this place of the program.
    Timeless(u32),
    /// The setup failed, so that no user began.
    NotSetUp,
}

/// Messages that came from one step or reaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Its place in the program.
    pub place: u32,
    /// How many.
    pub message_count: u64,
    /// Bytes of their payloads.
    pub payload_bytes: u64,
}

/// A step that waits for what nothing could be made up for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    /// Its place in the program.
    pub place: u32,
    /// How often.
    pub count: u64,
    /// Why, for people.
    pub reason: String,
}

impl Outcome {
    /// Whether it came to its end, and nothing failed.
    pub fn is_well(&self) -> bool {
        self.ending == Ending::Ended && self.errors.is_empty()
    }

    /// Adds what was done once, before the users or behind them. It is no part of how long the run takes.
    pub(super) fn take_in(&mut self, once: Option<Self>) {
        let Some(once) = once else { return };
        self.counts.merge(&once.counts);
        self.errors.merge(&once.errors);
        self.wire_bytes_sent += once.wire_bytes_sent;
        self.wire_bytes_received += once.wire_bytes_received;
        self.longest_sent = self.longest_sent.max(once.longest_sent);
        self.longest_received = self.longest_received.max(once.longest_received);
        self.sent.extend(once.sent);
        self.unanswered.extend(once.unanswered);
        if self.ending == Ending::Ended {
            self.ending = once.ending;
        }
    }
}

impl World<'_> {
    /// The slots that were asked for, where the one user there was had given them a value.
    pub(super) fn kept(&self, slots: &[SlotId]) -> Vec<(SlotId, Value)> {
        let last = self.last_values.as_deref().unwrap_or_default();
        slots
            .iter()
            .filter_map(|slot| Some((*slot, last.get(slot.index())?.clone())))
            .filter(|(_, value)| *value != Value::Unset)
            .collect()
    }

    pub(super) fn into_outcome(self) -> Outcome {
        let Self { mut tally, now, ending, sample, is_of_one, .. } = self;
        if is_of_one {
            // It is none of the load's users.
            let counts = &mut tally.counts;
            (counts.users_started, counts.users_finished, counts.users_failed) = (0, 0, 0);
            (counts.iterations, counts.iterations_failed) = (0, 0);
        }
        let (width_s, intervals, busiest) = tally.timeline.into_parts();
        let sent = tally.sends.into_iter().map(|(place, sends)| Sent {
            place,
            message_count: sends.message_count,
            payload_bytes: sends.payload_bytes,
        });
        let unanswered = tally.unmade.into_iter().map(|(place, (count, why))| Unanswered {
            place,
            count,
            reason: why.to_string(),
        });
        Outcome {
            ending,
            elapsed: now,
            one_of: sample.every(),
            counts: tally.counts,
            errors: tally.errors,
            users_peak: tally.users.peak,
            connections_peak: tally.connections.peak,
            wire_bytes_sent: tally.wire_bytes_sent,
            wire_bytes_received: tally.wire_bytes_received,
            longest_sent: tally.longest_sent,
            longest_received: tally.longest_received,
            values_bytes: tally.values_bytes,
            sent: sent.collect(),
            unanswered: unanswered.collect(),
            interval: Duration::from_secs(width_s),
            intervals,
            busiest,
        }
    }
}
