//! How things end for a user: a connection, a step that failed, an iteration, and the user itself.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use super::{PARTING, User};
use crate::machine::correlate::Settled;
use crate::machine::detail::ClosedByPeer;
use crate::machine::io::{Disconnect, Event, Failure, FailureKind, Output, Place, Taker};
use crate::machine::phase::{AfterClose, Phase};
use crate::program::{LinkId, OnFailure};

impl User {
    /// Whether a connection is being closed: nobody asks for messages of it any more.
    pub(in crate::machine) fn is_closing(&self, link: LinkId) -> bool {
        match self.phase {
            Phase::Closing { then, .. } if !then.is_of_all() => link == self.present_link(),
            Phase::Closing { .. } => true,
            _ => false,
        }
    }

    /// Nothing that came over a connection is of use without it.
    pub(in crate::machine) fn lose(&mut self, now: Duration, link: LinkId, out: &mut impl Output) {
        let lost = self.links.at_mut(link);
        (lost.is_open, lost.is_borrowed) = (false, false);
        self.unsent_missed(link, out);
        self.forget_unpublished(link);
        self.leave_audiences(now, link, out);
        let left = self.links.at_mut(link).inbox.clear();
        for kept in &left {
            out.matched(Taker::Left, kept.payload());
        }
        self.untaken(left.iter().map(|kept| (kept.payload(), kept.overdue)), out);
        self.abandon_requests(link, out);
    }

    pub(super) fn disconnected(
        &mut self,
        now: Duration,
        link: LinkId,
        how: Disconnect<'_>,
        out: &mut impl Output,
    ) {
        let bears_loss = self.bears_loss_of(link);
        if bears_loss && !self.is_stopping {
            self.cut_off_for_now(now, link, out);
        }
        self.lose(now, link, out);
        match self.phase {
            Phase::Done => {}
            // However a connection ends that was being closed, it is closed; only a `close` step asks for an answer.
            Phase::Closing { then, .. }
                if self.is_closing(link) && (then != AfterClose::Step || how.is_answer()) =>
            {
                self.iteration_failed |= how == Disconnect::Broken;
                self.has_failed |= self.iteration_failed;
                if !then.is_of_all() || !self.links.is_any_open() {
                    self.after_close(now, then, out);
                }
            }
            Phase::ExpectingClose { since, .. }
                if link == self.present_link()
                    && let Disconnect::ByPeer { code, reason } = how =>
            {
                self.closed_as_expected(since, (code, reason), now, out);
            }
            _ if bears_loss => self.lost_for_now(now, link, out),
            _ => {
                if let Disconnect::ByPeer { code, reason } = how {
                    let detail = ClosedByPeer { code, reason };
                    self.report(FailureKind::ClosedByPeer(code), self.place(), &detail, out);
                }
                self.go_without(now, link, out);
            }
        }
    }

    /// A connection is gone unasked. Where the step at hand does not need it, there is another, and the scenario
    /// continues after failures, that step goes on as it was.
    fn go_without(&mut self, now: Duration, link: LinkId, out: &mut impl Output) {
        let setting = Rc::clone(&self.setting);
        let continues = self.scenario(&setting).on_failure == OnFailure::Continue;
        if !continues || !self.links.is_any_open() || self.needs(link) {
            return self.give_up(now, out);
        }
        self.mark_failed();
        self.one_less_pending(&setting, now, out);
    }

    pub(in crate::machine) fn after_close(&mut self, now: Duration, then: AfterClose, out: &mut impl Output) {
        match then {
            AfterClose::Step | AfterClose::Block => self.go_on(now, out),
            AfterClose::Iteration => self.iteration_ended(now, Duration::ZERO, out),
            AfterClose::Rest => self.iteration_ended(now, self.setting.program.limits.restart_delay, out),
            AfterClose::Leave => self.leave(now, out),
        }
    }

    pub(super) fn stop(&mut self, now: Duration, out: &mut impl Output) {
        self.cut_off(now, out);
        self.is_stopping = true;
        match self.phase {
            Phase::Idle => self.leave(now, out),
            Phase::AtBarrier { .. } => {
                self.depart(out);
                self.part(now, out);
            }
            Phase::Thinking { .. }
            | Phase::Pacing { .. }
            | Phase::Yielding { .. }
            | Phase::Resting { .. }
            | Phase::Reviving { .. }
            | Phase::Throttled => self.part(now, out),
            // Whatever it is that the step waits for, the user looks at `is_stopping` behind it.
            _ => {}
        }
    }

    /// Goes to the state behind the present one, or leaves if the run ends.
    pub(in crate::machine) fn go_on(&mut self, now: Duration, out: &mut impl Output) {
        self.at = self.setting.program.state(self.at).next;
        // The step is over, also if it closed a connection: the next one is not being closed for that.
        self.phase = Phase::Ready;
        if self.is_stopping {
            self.part(now, out);
        }
    }

    /// Leaves when the replies that are pending have come, saying goodbye where a connection is open.
    pub(in crate::machine) fn part(&mut self, now: Duration, out: &mut impl Output) {
        if self.settles(Settled::Leave) {
            return;
        }
        self.close(now, 1001, AfterClose::Leave, out);
    }

    /// Closes all connections that are open, then goes on as told.
    pub(in crate::machine) fn close(
        &mut self,
        now: Duration,
        code: u16,
        then: AfterClose,
        out: &mut impl Output,
    ) {
        if self.phase == Phase::Connecting {
            self.forget_failures();
            out.abort(self.present_link());
        }
        if self.is_fetching() {
            self.forget_failures();
        }
        for link in self.links.all() {
            if self.links.is_open(link) && !self.is_closing(link) {
                self.leave_audiences(now, link, out);
                if self.is_clean(link) {
                    out.give_back(link);
                } else {
                    out.close(link, code, "");
                }
            }
        }
        if self.links.is_any_open() {
            self.phase = Phase::Closing { deadline: now + PARTING, then };
        } else {
            self.after_close(now, then, out);
        }
    }

    /// Reports a failure of the present state, then does what the scenario says about failures.
    pub(in crate::machine) fn fail(
        &mut self,
        now: Duration,
        kind: FailureKind,
        detail: &dyn fmt::Display,
        out: &mut impl Output,
    ) {
        self.report(kind, self.place(), detail, out);
        self.give_up(now, out);
    }

    pub(in crate::machine) fn report(
        &mut self,
        kind: FailureKind,
        place: Place,
        detail: &dyn fmt::Display,
        out: &mut impl Output,
    ) {
        self.mark_failed();
        self.spend(place);
        out.fail(Failure { kind, place, detail });
    }

    /// Something failed, and the iteration with it.
    pub(in crate::machine) fn mark_failed(&mut self) {
        self.has_failed = true;
        self.iteration_failed = true;
    }

    /// Does what the scenario says about failures. Without a connection there is nothing to continue on.
    pub(in crate::machine) fn give_up(&mut self, now: Duration, out: &mut impl Output) {
        self.mark_failed();
        self.depart(out);
        if self.phase.is_operation() {
            out.count(Event::OperationEnded);
        }
        let setting = Rc::clone(&self.setting);
        let on_failure = self.scenario(&setting).on_failure;
        // What stands behind an `expect_close` has no connection.
        let may_go_on = self.links.is_any_open() && !matches!(self.phase, Phase::ExpectingClose { .. });
        if on_failure == OnFailure::Continue && may_go_on {
            self.groups_failed(&self.scenario(&setting).groups);
            if self.phase == Phase::GivingBack && self.links.is_open(self.present_link()) {
                // A reaction has failed; what goes back is on its way.
                return;
            }
            self.skip_audiences(&setting);
            return self.go_on(now, out);
        }
        self.cut_off(now, out);
        match on_failure {
            OnFailure::Continue | OnFailure::Restart => self.close(now, 1000, AfterClose::Rest, out),
            OnFailure::Stop => {
                out.count(Event::IterationEnded { failed: true });
                self.close(now, 1000, AfterClose::Leave, out);
            }
        }
    }

    /// Ends an iteration whose connections are closed; after a rest, if only of a turn so that a scenario without any
    /// wait does not hold up the others, the next one starts, if there is one.
    pub(super) fn iteration_ended(&mut self, now: Duration, rest: Duration, out: &mut impl Output) {
        out.count(Event::IterationEnded { failed: self.iteration_failed });
        self.stay_away(now, out);
        self.iteration += 1;
        let is_last = self.setting.iterations.is_some_and(|limit| self.iteration >= limit);
        if is_last || self.is_stopping {
            self.leave(now, out);
        } else {
            self.phase = Phase::Resting { until: now + rest };
        }
    }

    pub(super) fn leave(&mut self, now: Duration, out: &mut impl Output) {
        if self.phase != Phase::Done {
            for link in self.links.all() {
                self.lose(now, link, out);
            }
            self.stay_away(now, out);
            self.phase = Phase::Done;
            out.finished(self.has_failed);
        }
    }
}
