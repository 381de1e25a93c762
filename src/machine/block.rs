//! Ways into blocks and out of them: loops, branches, groups, and what ends an iteration before its last step.

use std::time::Duration;

use super::choose::draw_arm;
use super::io::{FailureKind, Output};
use super::matching::condition_holds;
use super::pace::Round;
use super::phase::{AfterClose, Phase};
use super::render::RenderFailure;
use super::user::User;
use crate::program::{DataUse, Items, Op, Repeat, SlotId, State, Stop, TimerId, Until, Value};

impl User {
    /// Runs a state that only leads somewhere.
    pub(super) fn block_step(
        &mut self,
        state: &State,
        now: Duration,
        out: &mut impl Output,
    ) -> Result<(), RenderFailure> {
        match &state.op {
            Op::Enter(repeat) => {
                self.enter(repeat, now)?;
                self.at = state.next;
            }
            Op::Test { repeat, body } => match self.next_round(repeat, now)? {
                Round::Begins => {
                    self.tell_round(repeat, out);
                    self.at = *body;
                }
                Round::DueAt(until) => self.phase = Phase::Pacing { until },
                Round::Over => self.at = state.next,
            },
            Op::If { condition, then } => {
                let holds = condition_holds(condition, &mut self.scope(now));
                self.at = if holds { *then } else { state.next };
            }
            Op::Choose(choose) => self.at = draw_arm(choose, &mut self.rng),
            Op::Audience(audience) => {
                self.change_audience(audience, now, out)?;
                self.at = state.next;
            }
            Op::Borrow { pool, timer } => self.borrow_step((*pool, *timer), now, out)?,
            Op::GiveBack => self.give_back_step(now, out),
            Op::EnterGroup { entered } => {
                self.enter_group(*entered, now);
                self.at = state.next;
            }
            Op::LeaveGroup { entered, timer } => {
                self.leave_group(*entered, *timer, now, out);
                self.at = state.next;
            }
            Op::Fail(reason) => {
                let reason = self.text(reason, now)?;
                self.fail(now, FailureKind::Failed, &reason, out);
            }
            Op::Barrier(at) => self.arrive(*at, now, out),
            Op::Stop(stop) => self.stop_step(*stop, now, out),
            _ => {}
        }
        Ok(())
    }

    /// What a round that begins has changed, for who watches.
    fn tell_round(&self, repeat: &Repeat, out: &mut impl Output) {
        out.filled(repeat.index, &self.slots[repeat.index.index()]);
        let Until::Over(over) = &repeat.until else { return };
        let row = match &over.items {
            Items::Rows(used) => Some(used),
            Items::Known(_) | Items::Of { .. } => None,
        };
        for slot in over.item.into_iter().chain(row.into_iter().flat_map(DataUse::slots)) {
            out.filled(slot, &self.slots[slot.index()]);
        }
    }

    fn enter_group(&mut self, entered: SlotId, now: Duration) {
        self.set(entered, Value::Int(i64::try_from(now.as_nanos()).unwrap_or(i64::MAX)));
    }

    /// A group in which a step failed took some time, but not for what it is there for.
    fn leave_group(&mut self, entered: SlotId, timer: TimerId, now: Duration, out: &mut impl Output) {
        if let Value::Int(nanos) = self.slots[entered.index()] {
            let entered = Duration::from_nanos(u64::try_from(nanos).unwrap_or(0));
            out.time(timer, now.saturating_sub(entered));
        }
    }

    /// A step failed: so did every group that the user is in. To the others it makes no difference.
    pub(super) fn groups_failed(&mut self, groups: &[SlotId]) {
        groups.iter().for_each(|entered| self.set(*entered, Value::Unset));
    }

    /// Ends the iteration. What was due in this round the plan has chosen not to do; of earlier rounds that have not
    /// begun it is as with any other end.
    fn stop_step(&mut self, stop: Stop, now: Duration, out: &mut impl Output) {
        self.forget_due();
        self.cut_off(now, out);
        match stop {
            Stop::Iteration => {}
            Stop::User => self.is_stopping = true,
            Stop::Run => {
                self.is_stopping = true;
                out.stop_run();
            }
        }
        self.close(now, 1000, AfterClose::Iteration, out);
    }
}
