//! Waiting at a barrier. Who comes and when there are enough, the machine does not know: it says when its user is there,
//! and when it is there no longer.

use std::time::Duration;

use super::io::{Event, Output};
use super::phase::Phase;
use super::user::User;
use crate::program::{AtBarrier, Op};

impl User {
    pub(super) fn arrive(&mut self, at: AtBarrier, now: Duration, out: &mut impl Output) {
        self.phase = Phase::AtBarrier { since: now, deadline: now + at.within };
        out.arrive(at.barrier);
    }

    pub(super) fn released(&mut self, now: Duration, out: &mut impl Output) {
        let Phase::AtBarrier { since, .. } = self.phase else { return };
        if let Op::Barrier(at) = self.setting.program.state(self.at).op {
            out.time(at.timer, now.saturating_sub(since));
        }
        out.count(Event::OperationEnded);
        self.go_on(now, out);
    }

    /// Whatever it is that the user does next, the others need not count on it any more.
    pub(super) fn depart(&mut self, out: &mut impl Output) {
        if matches!(self.phase, Phase::AtBarrier { .. }) {
            out.depart();
        }
    }
}
