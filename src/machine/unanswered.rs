//! What a user is waiting for at a moment, and for how long it has: what a server that has stalled does not answer is in
//! no measured time. Looked at when a figure must not leave it out; nobody is changed by it.

use std::time::Duration;

use super::pace;
use super::phase::Phase;
use super::user::User;
use crate::program::{Op, State, StateId, TimerId, Until};

/// Of the rounds that a stall has held up, so many are told one by one; of more, every so many.
const ROUNDS: u64 = 64;

/// Something that a user waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unanswered {
    /// Where its time would be recorded.
    pub timer: TimerId,
    /// Since when; `None` where whoever drives the user knows that.
    pub since: Option<Duration>,
    /// How many of them there are.
    pub count: u64,
    /// Whether the user has asked for it: that no message comes unasked need not mean anything.
    pub is_asked: bool,
}

/// Where the time of a state's operation is recorded, and how long it may take.
pub fn limit(state: &State) -> Option<(TimerId, Duration)> {
    match &state.op {
        Op::Connect(connect) => Some((connect.timers.total, connect.timeout)),
        Op::Expect(expect) => Some((expect.timer, expect.within)),
        Op::Gather(gather) => Some((gather.timer?, gather.within)),
        Op::Request(request) => Some((request.reply.timer, request.reply.within)),
        Op::Http(http) => Some((http.timers.total, http.within)),
        Op::Ping(ping) => Some((ping.timer, ping.within)),
        Op::ExpectClose(expected) => Some((expected.timer, expected.within)),
        Op::Barrier(barrier) => Some((barrier.timer, barrier.within)),
        _ => None,
    }
}

impl User {
    /// All that it waits for; nothing, where it has been told to leave.
    pub fn unanswered(&self, now: Duration, tell: &mut impl FnMut(Unanswered)) {
        if self.is_stopping {
            return;
        }
        self.present_wait(tell);
        let program = &self.setting.program;
        if let Some(pending) = &self.pending {
            pending.each(|state, sent, due, deadline| {
                let state = program.state(state);
                let Some((timer, within)) = limit(state) else { return };
                let since = sent.unwrap_or_else(|| deadline.saturating_sub(within));
                tell(Unanswered { timer, since: Some(since), count: 1, is_asked: true });
                if let Some((due, timer)) = due.zip(state.due.and_then(|timers| timers.intended)) {
                    tell(Unanswered { timer, since: Some(due), count: 1, is_asked: false });
                }
            });
        }
        if let Some((due, timer)) = self.paced.as_deref().and_then(pace::Paced::awaited) {
            tell(Unanswered { timer, since: Some(due), count: 1, is_asked: false });
        }
        self.rounds_held_up(now, tell);
    }

    /// What the step at hand waits for.
    fn present_wait(&self, tell: &mut impl FnMut(Unanswered)) {
        let Some((timer, within)) = limit(self.setting.program.state(self.at)) else { return };
        let (since, is_asked) = match self.phase {
            Phase::Connecting => (None, true),
            Phase::Expecting { since, .. }
            | Phase::Gathering { since, .. }
            | Phase::ExpectingClose { since, .. }
            | Phase::AtBarrier { since, .. } => (Some(since), false),
            Phase::Replying { sent, deadline } | Phase::Pinging { sent, deadline } => {
                (Some(sent.unwrap_or_else(|| deadline.saturating_sub(within))), true)
            }
            Phase::Fetching { deadline } => (Some(deadline.saturating_sub(within)), true),
            _ => return,
        };
        tell(Unanswered { timer, since, count: 1, is_asked });
    }

    /// The rounds of paced loops that are due and have not begun, because what the user waits for has not come.
    fn rounds_held_up(&self, now: Duration, tell: &mut impl FnMut(Unanswered)) {
        if self.paced.is_none() {
            return;
        }
        let program = &self.setting.program;
        let at = self.home().index();
        for states in program.scenarios[self.scenario].paced.iter().filter(|states| states.contains(&at)) {
            let Op::Test { repeat, .. } = &program.state(StateId::new(states.start)).op else { continue };
            let intended = states
                .clone()
                .find_map(|state| program.state(StateId::new(state)).due.and_then(|due| due.intended));
            let Some((pace, timer)) = repeat.pace.zip(intended) else { continue };
            let entered = self.time_in(pace.entered);
            let due_within = |time: Duration| {
                u64::try_from(time.as_nanos() / pace.every.as_nanos().max(1)).unwrap_or(u64::MAX)
            };
            let due_count = due_within(now.saturating_sub(entered)).saturating_add(1);
            let due_count = match &repeat.until {
                Until::Times(rounds) => due_count.min(*rounds),
                Until::For(length, _) => due_count.min(due_within(*length).saturating_add(1)),
                _ => due_count,
            };
            let begun_count = self.last_round(repeat).map_or(0, |last| last.saturating_add(1));
            let step = due_count.saturating_sub(begun_count).div_ceil(ROUNDS).max(1);
            let mut round = begun_count;
            while round < due_count {
                let count = step.min(due_count - round);
                let since = self.due_time(pace, round + count / 2);
                tell(Unanswered { timer, since: Some(since), count, is_asked: false });
                round += count;
            }
        }
    }
}
