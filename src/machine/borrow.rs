//! Connections of pools: a user has one for a block, and gives it back as it would like to find it.

use std::rc::Rc;
use std::time::Duration;

use super::correlate::Settled;
use super::io::{Borrowing, Output, Place};
use super::phase::{AfterClose, Phase};
use super::render::RenderFailure;
use super::user::{PARTING, User};
use crate::program::{LinkId, Op, PoolId, TimerId};

impl User {
    /// Asks for a connection of a pool.
    pub(super) fn borrow_step(
        &mut self,
        (pool, timer): (PoolId, TimerId),
        now: Duration,
        out: &mut impl Output,
    ) -> Result<(), RenderFailure> {
        let link = self.present_link();
        if self.is_open_already(link, now, out) {
            return Ok(());
        }
        let setting = Rc::clone(&self.setting);
        let mut request = self.connect_request(&setting.program.pools[pool.index()].connect, now)?;
        // Others have it after this user: the pool knows where it goes.
        request.target = 0;
        request.pool = Some(Borrowing { pool, timer });
        self.phase = Phase::Connecting;
        out.connect(link, request);
        Ok(())
    }

    /// Whether the connection that the present state asks for is one of a pool.
    pub(super) fn borrows(&self) -> bool {
        matches!(self.setting.program.state(self.at).op, Op::Borrow { .. })
    }

    /// The user has a connection of a pool.
    pub(super) fn borrowed(&mut self, now: Duration, link: LinkId, out: &mut impl Output) {
        let link = self.links.at_mut(link);
        (link.is_borrowed, link.is_spent) = (true, false);
        self.go_on(now, out);
    }

    /// The end of the block: gives the connection back when no reply is pending on it. Where it is gone already there is
    /// nothing to give.
    pub(super) fn give_back_step(&mut self, now: Duration, out: &mut impl Output) {
        let link = self.present_link();
        if !self.links.is_open(link) {
            return self.go_on(now, out);
        }
        if self.settles(Settled::Again) {
            return;
        }
        self.leave_audiences(now, link, out);
        if self.is_clean(link) {
            self.phase = Phase::GivingBack;
            out.give_back(link);
        } else {
            out.close(link, 1000, "");
            self.phase = Phase::Closing { deadline: now + PARTING, then: AfterClose::Block };
        }
    }

    /// Whether nothing can come over a connection of a pool any more that was meant for this user, as far as it knows.
    pub(super) fn is_clean(&self, link: LinkId) -> bool {
        let known = self.links.at(link);
        let awaits = self.needs(link) && self.phase.is_operation();
        known.is_borrowed && !known.is_spent && !awaits && !self.is_pending_on(link)
    }

    /// A step has failed: what it waited for may still come.
    pub(super) fn spend(&mut self, place: Place) {
        let Place::State(state) = place else { return };
        let state = self.setting.program.state(state);
        if state.op.acts_on_connection() {
            let link = state.link;
            self.links.at_mut(link).is_spent = true;
        }
    }

    /// A connection is the pool's again.
    pub(super) fn given_back(&mut self, now: Duration, link: LinkId, out: &mut impl Output) {
        if !self.links.is_open(link) {
            return;
        }
        self.lose(now, link, out);
        match self.phase {
            Phase::GivingBack if link == self.present_link() => self.go_on(now, out),
            Phase::Closing { then, .. } if then.is_of_all() && !self.links.is_any_open() => {
                self.after_close(now, then, out);
            }
            _ => {}
        }
    }
}
