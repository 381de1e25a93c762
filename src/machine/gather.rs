//! An `expect` that waits for several messages, or that no more come.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::Scope;
use super::io::{Event, FailureKind, Output, Taker};
use super::matching::matches;
use super::message::{Message, Payload};
use super::mismatch::wanted;
use super::phase::Phase;
use super::user::User;
use crate::program::{Gather, Op, Quota};

impl User {
    /// What waits in the inbox counts, oldest first.
    pub(super) fn begin_gathering(&mut self, gather: &Gather, now: Duration, out: &mut impl Output) {
        self.phase = Phase::Gathering { since: now, deadline: now + gather.within, taken: 0 };
        let setting = Rc::clone(&self.setting);
        let asked = setting.program.asked(self.at);
        let link = self.present_link();
        let mut index = 0;
        while let Phase::Gathering { taken, .. } = self.phase
            && let Some(kept) = self.links.at(link).inbox.peek(index)
        {
            let message = Message::asked(kept.payload(), asked);
            let mut scope = Scope { slots: &self.slots, now, epoch: self.setting.epoch, rng: &mut self.rng };
            let Some(which) = open_for(gather, taken, &message, &mut scope) else {
                index += 1;
                continue;
            };
            if let Some(kept) = self.links.at_mut(link).inbox.remove(index) {
                out.matched(Taker::Kept(self.at), kept.payload());
                self.gathered(gather, which, &Message::asked(kept.payload(), asked), now, out);
            }
        }
    }

    /// Takes a message that is waited for, or that is not to come; tells whether it did.
    pub(super) fn gather(
        &mut self,
        gather: &Gather,
        message: &Message<'_>,
        now: Duration,
        out: &mut impl Output,
    ) -> bool {
        let Phase::Gathering { taken, deadline, .. } = self.phase else { return false };
        // Read after its time, while the timer was late: it is none of those that were not to come.
        if now >= deadline && matches!(gather.quota, Quota::AtMost(_)) {
            self.gathering_ended(taken, now, out);
            return false;
        }
        let which = open_for(gather, taken, message, &mut self.scope(now));
        if let Some(which) = which {
            out.matched(Taker::Expect(self.at), message.payload());
            self.gathered(gather, which, message, now, out);
        }
        which.is_some()
    }

    fn gathered(
        &mut self,
        gather: &Gather,
        which: usize,
        message: &Message<'_>,
        now: Duration,
        out: &mut impl Output,
    ) {
        let Phase::Gathering { since, deadline, taken } = self.phase else { return };
        if !self.delivered(gather.wanted[which].deliver, message, (now, self.place()), out) {
            return self.give_up(now, out);
        }
        if let Quota::AtMost(most) = gather.quota
            && taken == most
        {
            return self.fail(
                now,
                FailureKind::Assertion,
                &Surplus { most, message: message.payload() },
                out,
            );
        }
        let wanted = &gather.wanted[which];
        if !self.accept(wanted.assert.as_ref(), &wanted.captures, message, now, out) {
            return;
        }
        let taken = match gather.quota {
            Quota::EachOnce => taken | bit(which),
            Quota::Count(_) | Quota::AtMost(_) => taken + 1,
        };
        self.phase = Phase::Gathering { since, deadline, taken };
        let is_whole = match gather.quota {
            Quota::EachOnce => taken.count_ones() as usize == gather.wanted.len(),
            Quota::Count(count) => taken == count,
            // More may come.
            Quota::AtMost(_) => false,
        };
        if is_whole {
            out.count(Event::OperationEnded);
            if let Some(timer) = gather.timer {
                out.time(timer, now.saturating_sub(since));
                self.paced_taken(now, out);
            }
            self.go_on(now, out);
        }
    }

    /// The time is over: well, where no more were to come.
    pub(super) fn gathering_ended(&mut self, taken: u64, now: Duration, out: &mut impl Output) {
        let program = Arc::clone(&self.setting.program);
        match &program.state(self.at).op {
            Op::Gather(gather) if !matches!(gather.quota, Quota::AtMost(_)) => {
                let detail = missing(gather, taken, &mut self.scope(now));
                self.fail(now, FailureKind::Timeout, &detail, out);
            }
            _ => {
                out.count(Event::OperationEnded);
                self.go_on(now, out);
            }
        }
    }
}

/// The first of the wanted that a message is for.
fn open_for(gather: &Gather, taken: u64, message: &Message<'_>, scope: &mut Scope<'_>) -> Option<usize> {
    let is_open = |which: usize| gather.quota != Quota::EachOnce || taken & bit(which) == 0;
    let mut wanted = gather.wanted.iter().enumerate();
    wanted
        .find(|(which, wanted)| is_open(*which) && matches(&wanted.filter, message, scope))
        .map(|(which, _)| which)
}

/// The bit of one of the wanted, of which there are [`Gather::WANTED_MAX`] at most.
fn bit(which: usize) -> u64 {
    1 << which
}

/// What was waited for in vain, with the values that it was to have.
fn missing(gather: &Gather, taken: u64, scope: &mut Scope<'_>) -> String {
    let Gather { wanted: all, quota, within, .. } = gather;
    if let Quota::Count(count) = quota {
        let wanted = all.first().map(|only| wanted(&only.filter, scope)).unwrap_or_default();
        return format!("{taken} of {count} messages where {wanted} within {within:?}");
    }
    let open = all.iter().enumerate().filter(|(which, _)| taken & bit(*which) == 0);
    let open: Vec<String> = open.map(|(_, open)| wanted(&open.filter, scope)).collect();
    let (came, all) = (taken.count_ones(), all.len());
    format!("no message where {} within {within:?}; {came} of {all} came", open.join(", none where "))
}

/// A message that was not to come.
struct Surplus<'m> {
    most: u64,
    message: Payload<'m>,
}

impl fmt::Display for Surplus<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.most {
            0 => f.write_str("expected no such message, got ")?,
            1 => f.write_str("expected one such message at most, got another: ")?,
            most => write!(f, "expected {most} such messages at most, got one more: ")?,
        }
        self.message.fmt(f)
    }
}
