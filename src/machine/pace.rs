//! Rounds of paced loops: when the next one is due, what was due when, and what came too late or never.
//!
//! A round's due time is fixed by the plan, whatever the server does, so that a stall shows in every round that it
//! held up (without that, only in the one that was waiting: coordinated omission). The first step of a round that
//! sends or waits takes the round's due time; what it measures from then is told beside what it measures anyhow.

use std::rc::Rc;
use std::time::Duration;

use super::io::{Event, Output};
use super::matching::condition_holds;
use super::phase::{AfterClose, Phase};
use super::render::RenderFailure;
use super::user::{Setting, User};
use crate::program::{DueTimers, LinkId, Op, Pace, Repeat, SlotId, StateId, TimerId, Until, Value};

/// What leaves more than this after it was due is late. It is well above what timers and a busy thread cost, and
/// below what a person, or most protocols, would notice.
pub const LATE: Duration = Duration::from_millis(10);

/// What a user in a paced loop has before it.
#[derive(Debug, Default)]
pub(super) struct Paced {
    /// When the first step of the round is due that sends or waits, until that takes it.
    due: Option<Duration>,
    /// When the messages were due that the connection has not begun to send, and where their delay is recorded.
    sending: Vec<(LinkId, Duration, TimerId)>,
    /// When the step was due that waits for a message, and where that is recorded.
    awaited: Option<(Duration, TimerId)>,
}

impl Paced {
    /// When the step was due that waits for a message, and where that is recorded.
    pub(super) fn awaited(&self) -> Option<(Duration, TimerId)> {
        self.awaited
    }
}

/// Whether a loop goes on.
pub(super) enum Round {
    /// With a round.
    Begins,
    /// With a round, at this time.
    DueAt(Duration),
    /// It does not.
    Over,
}

impl User {
    /// Counts a round, where one begins, and tells whether it does.
    pub(super) fn next_round(&mut self, repeat: &Repeat, now: Duration) -> Result<Round, RenderFailure> {
        let index = self.last_round(repeat).map_or(0, |last| last + 1);
        let may_be_due = match &repeat.until {
            Until::Times(times) => index < *times,
            Until::For(length, entered) => now.saturating_sub(self.time_in(*entered)) < *length,
            Until::Forever | Until::While(_) => true,
            Until::Over(over) => self.has_item(over, index),
        };
        let due = repeat.pace.filter(|_| may_be_due).map(|pace| self.due_time(pace, index));
        if let Some(due) = due.filter(|due| *due > now) {
            return Ok(Round::DueAt(due));
        }
        // Asked when the round is due: what comes until then may change the answer.
        let goes_on = match &repeat.until {
            Until::While(condition) => condition_holds(condition, &mut self.scope(now)),
            _ => may_be_due,
        };
        self.set(repeat.index, Value::Int(i64::try_from(index).unwrap_or(i64::MAX)));
        if let Until::Over(over) = &repeat.until
            && goes_on
        {
            self.take_item(over, index)?;
        }
        if let Some(paced) = self.paced.as_mut().filter(|_| repeat.pace.is_some()) {
            match due.filter(|_| goes_on) {
                // A loop that is itself the first thing in a paced round begins late where that did.
                Some(due) if index > 0 || paced.due.is_none() => paced.due = Some(due),
                Some(_) => {}
                // What stands behind the loop has no due time of its own.
                None if index > 0 => paced.due = None,
                None => {}
            }
        }
        Ok(if goes_on { Round::Begins } else { Round::Over })
    }

    /// The loop is entered: its first round is due now.
    pub(super) fn enter(&mut self, repeat: &Repeat, now: Duration) -> Result<(), RenderFailure> {
        self.set(repeat.index, Value::Unset);
        if let Until::Over(over) = &repeat.until {
            self.enter_list(over, now)?;
        }
        let since = match (&repeat.until, repeat.pace) {
            (_, Some(pace)) => Some(pace.entered),
            (Until::For(_, entered), None) => Some(*entered),
            _ => None,
        };
        if let Some(since) = since {
            self.set(since, Value::Int(i64::try_from(now.as_nanos()).unwrap_or(i64::MAX)));
        }
        if repeat.pace.is_some() {
            self.paced.get_or_insert_default();
        }
        Ok(())
    }

    /// The number of the loop's last round.
    pub(super) fn last_round(&self, repeat: &Repeat) -> Option<u64> {
        match self.slots[repeat.index.index()] {
            Value::Int(last) => u64::try_from(last).ok(),
            _ => None,
        }
    }

    pub(super) fn time_in(&self, slot: SlotId) -> Duration {
        match self.slots[slot.index()] {
            Value::Int(nanos) => Duration::from_nanos(u64::try_from(nanos).unwrap_or(0)),
            _ => Duration::ZERO,
        }
    }

    pub(super) fn due_time(&self, pace: Pace, index: u64) -> Duration {
        let after_ns = pace.every.as_nanos().saturating_mul(u128::from(index));
        let after = Duration::from_nanos(u64::try_from(after_ns).unwrap_or(u64::MAX));
        self.time_in(pace.entered).saturating_add(after)
    }

    /// Whether the deadline is when something is due by a schedule.
    pub fn is_paced(&self) -> bool {
        match self.phase {
            Phase::Pacing { .. } => true,
            Phase::Thinking { .. } => self.paced.as_ref().is_some_and(|paced| paced.due.is_some()),
            _ => false,
        }
    }

    /// A pause in a round before anything was due: what follows is due so much later.
    pub(super) fn due_after(&mut self, pause: Duration) {
        if let Some(due) = self.paced.as_mut().and_then(|paced| paced.due.as_mut()) {
            *due = due.saturating_add(pause);
        }
    }

    /// The step at hand sends or waits. Whatever becomes of it, it takes the round's due time; of a message, that and
    /// where its delay is recorded are given back.
    pub(super) fn take_due(&mut self, timers: Option<DueTimers>) -> Option<(Duration, TimerId)> {
        let paced = self.paced.as_mut()?;
        let due = paced.due.take();
        paced.awaited = due.zip(timers.and_then(|timers| timers.intended));
        due.zip(timers.and_then(|timers| timers.delay))
    }

    /// A message that was due has been queued.
    pub(super) fn paced_queued(&mut self, due: Option<(Duration, TimerId)>) {
        let link = self.present_link();
        if let Some(paced) = &mut self.paced {
            paced.sending.extend(due.map(|(due, timer)| (link, due, timer)));
        }
    }

    /// All that was queued for a connection began to leave at this time.
    pub(super) fn paced_sent(&mut self, now: Duration, link: LinkId, out: &mut impl Output) {
        let Some(paced) = &mut self.paced else { return };
        paced.sending.retain(|&(on, due, timer)| {
            if on == link {
                let delay = now.saturating_sub(due);
                out.time(timer, delay);
                out.count(Event::PacedSend { is_late: delay > LATE });
            }
            on != link
        });
    }

    /// The message came that the step at hand waited for.
    pub(super) fn paced_taken(&mut self, now: Duration, out: &mut impl Output) {
        if let Some((due, timer)) = self.paced.as_mut().and_then(|paced| paced.awaited.take()) {
            out.time(timer, now.saturating_sub(due));
        }
    }

    /// When the step at hand was due, where that is measured, for a reply that need not be waited for.
    pub(super) fn take_awaited(&mut self) -> Option<Duration> {
        self.paced.as_mut().and_then(|paced| paced.awaited.take()).map(|(due, _)| due)
    }

    /// What was queued on a connection that is gone will not leave.
    pub(super) fn unsent_missed(&mut self, link: LinkId, out: &mut impl Output) {
        let Some(paced) = &mut self.paced else { return };
        let queued_count = paced.sending.len();
        paced.sending.retain(|(on, ..)| *on != link);
        let missed_count = queued_count - paced.sending.len();
        if missed_count > 0 {
            out.count(Event::SendsMissed(missed_count as u64));
        }
    }

    /// The iteration ends here, or no round will begin any more: counts those that are due and have not begun, of all
    /// loops that the user is in, and one that has begun and not come to what was due.
    pub(super) fn cut_off(&mut self, now: Duration, out: &mut impl Output) {
        let is_in_steps = match self.phase {
            Phase::Idle | Phase::Resting { .. } | Phase::Done => false,
            Phase::Closing { then, .. } => then == AfterClose::Step,
            _ => true,
        };
        // A user that is to stop was asked when it was told.
        let Some(paced) = self.paced.as_mut().filter(|_| is_in_steps && !self.is_stopping) else { return };
        let mut missed_count = u64::from(paced.due.take().is_some_and(|due| due <= now));
        let setting = Rc::clone(&self.setting);
        let at = self.home().index();
        for states in self.scenario(&setting).paced.iter().filter(|states| states.contains(&at)) {
            missed_count = missed_count.saturating_add(self.rounds_missed(&setting, states.start, now));
        }
        if missed_count > 0 {
            out.count(Event::SendsMissed(missed_count));
        }
    }

    fn rounds_missed(&mut self, setting: &Setting, test: usize, now: Duration) -> u64 {
        let Op::Test { repeat, .. } = &setting.program.state(StateId::new(test)).op else { return 0 };
        let Some(pace) = repeat.pace else { return 0 };
        let since_ns = now.saturating_sub(self.time_in(pace.entered)).as_nanos();
        let due_count = u64::try_from(since_ns / pace.every.as_nanos() + 1).unwrap_or(u64::MAX);
        let begun_count = self.last_round(repeat).map_or(0, |last| last.saturating_add(1));
        match &repeat.until {
            Until::Times(times) => due_count.min(*times).saturating_sub(begun_count),
            Until::Over(over) => {
                (due_count - begun_count.min(due_count)).min(self.items_left(over, begun_count))
            }
            Until::While(condition) if !condition_holds(condition, &mut self.scope(now)) => 0,
            _ => due_count.saturating_sub(begun_count),
        }
    }

    /// Nothing is due any more.
    pub(super) fn forget_due(&mut self) {
        if let Some(paced) = &mut self.paced {
            (paced.due, paced.awaited) = (None, None);
        }
    }
}
