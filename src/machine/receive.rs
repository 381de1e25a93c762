//! What a message does to a user: who takes it, and what follows.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::capture::capture;
use super::correlate::{Correlated, Overdue};
use super::io::{Event, FailureKind, Output, Place, Taker, Unused};
use super::matching::matches;
use super::message::{Message, Payload};
use super::mismatch::judge;
use super::phase::Phase;
use super::render::RenderFailure;
use super::user::{Setting, User};
use crate::program::{self, Answer, Capture, Expect, LinkId, Matcher, OnFailure, Op, Reaction, ReactionId};

impl User {
    /// Offers a message to the requests whose reply it may be, the reactions, the expect that is waited for, the inbox.
    pub(super) fn receive(
        &mut self,
        now: Duration,
        link: LinkId,
        payload: Payload<'_>,
        out: &mut impl Output,
    ) {
        let setting = Rc::clone(&self.setting);
        if setting.program.canary.is_some() {
            self.look_for_canaries(payload, out);
        }
        if self.phase == Phase::Done {
            return;
        }
        let message = Message::asked(payload, setting.program.asked(self.at));
        let overdue = match self.correlate(&setting, (link, &message), now, out) {
            Correlated::Taken => return,
            Correlated::Over(overdue) => Some(overdue),
            Correlated::Not => None,
        };
        if self.is_closing(link) {
            // Nobody asks for messages any more; but what came late has come.
            out.matched(Taker::Nobody, payload);
            overdue.into_iter().for_each(|overdue| self.overdue(overdue, payload, out));
            return;
        }
        let state = setting.program.state(self.at);
        let op = if state.link == link { Some(&state.op) } else { None };
        // What was read before the request left, and has its turn only now, is no reply to it.
        if let (Phase::Replying { sent: Some(sent), .. }, Some(Op::Request(request))) = (self.phase, op)
            && sent <= now
            && matches(&request.reply.filter, &message, &mut self.scope(now))
        {
            out.matched(Taker::Request(self.at), payload);
            return self.taken(&request.reply, now.saturating_sub(sent), &message, now, out);
        }
        if self.react(&setting, (link, &message), now, out) {
            return;
        }
        if let (Phase::Expecting { since, .. }, Some(Op::Expect(expect))) = (self.phase, op)
            && matches(&expect.filter, &message, &mut self.scope(now))
        {
            out.matched(Taker::Expect(self.at), payload);
            return self.taken(expect, now.saturating_sub(since), &message, now, out);
        }
        if let Some(Op::Gather(gather)) = op
            && self.gather(gather, &message, now, out)
        {
            return;
        }
        self.keep(&setting, link, (payload, overdue), out);
    }

    fn keep(
        &mut self,
        setting: &Setting,
        link: LinkId,
        (payload, overdue): (Payload<'_>, Option<Overdue>),
        out: &mut impl Output,
    ) {
        let has_expect = |link: &program::Link| link.has_expect;
        if !self.scenario(setting).links.get(link.index()).is_some_and(has_expect) {
            out.matched(Taker::Nobody, payload);
            return self.untaken([(payload, overdue)].into_iter(), out);
        }
        out.matched(Taker::Inbox, payload);
        let left = self.links.at_mut(link).inbox.push(payload, overdue, &setting.program.limits);
        for kept in &left {
            out.matched(Taker::Dropped, kept.payload());
            out.count(Event::InboxDropped);
            out.sample(Unused::Dropped, kept.payload());
        }
        self.untaken(left.iter().map(|kept| (kept.payload(), kept.overdue)), out);
    }

    /// Messages that nobody took and nobody will: each is counted as what it is.
    pub(super) fn untaken<'p>(
        &mut self,
        messages: impl Iterator<Item = (Payload<'p>, Option<Overdue>)> + Clone,
        out: &mut impl Output,
    ) {
        for (payload, overdue) in messages.clone() {
            if let Some(overdue) = overdue {
                self.overdue(overdue, payload, out);
            }
        }
        let others = messages.filter(|(_, overdue)| overdue.is_none()).map(|(payload, _)| payload);
        self.unmatched(others, out);
    }

    /// The oldest message in the inbox that an expect is looking for satisfies it at once.
    pub(super) fn look_into_inbox(&mut self, expect: &Expect, now: Duration, out: &mut impl Output) {
        let setting = Rc::clone(&self.setting);
        let asked = setting.program.asked(self.at);
        let link = self.present_link();
        for index in 0..self.links.at(link).inbox.len() {
            let Some(kept) = self.links.at(link).inbox.peek(index) else { return };
            let message = Message::asked(kept.payload(), asked);
            let mut scope =
                super::Scope { slots: &self.slots, now, epoch: self.setting.epoch, rng: &mut self.rng };
            if matches(&expect.filter, &message, &mut scope)
                && let Some(kept) = self.links.at_mut(link).inbox.remove(index)
            {
                out.matched(Taker::Kept(self.at), kept.payload());
                let message = Message::asked(kept.payload(), asked);
                return self.taken(expect, Duration::ZERO, &message, now, out);
            }
        }
    }

    /// The message that a step waited for has come.
    fn taken(
        &mut self,
        expect: &Expect,
        elapsed: Duration,
        message: &Message<'_>,
        now: Duration,
        out: &mut impl Output,
    ) {
        if !self.delivered(expect.deliver, message, (now, self.place()), out) {
            return self.give_up(now, out);
        }
        if self.accept(expect.assert.as_ref(), &expect.captures, message, now, out) {
            out.count(Event::OperationEnded);
            out.time(expect.timer, elapsed);
            self.paced_taken(now, out);
            self.go_on(now, out);
        }
    }

    /// Holds a message that a step takes to what must be true of it, and keeps what is to be kept. Where either fails,
    /// so has the step, and `false` is returned.
    pub(super) fn accept(
        &mut self,
        assert: Option<&Matcher>,
        captures: &[Capture],
        message: &Message<'_>,
        now: Duration,
        out: &mut impl Output,
    ) -> bool {
        let holds = self.holds(assert, captures, message, (now, self.place()), out);
        if !holds {
            self.give_up(now, out);
        }
        holds
    }

    /// Whether a message is what the plan asserts and has what it captures; reports it where not.
    pub(super) fn holds(
        &mut self,
        assert: Option<&Matcher>,
        captures: &[Capture],
        message: &Message<'_>,
        (now, place): (Duration, Place),
        out: &mut impl Output,
    ) -> bool {
        if let Some(assert) = assert
            && let Err(mismatch) = judge(assert, message, &mut self.scope(now))
        {
            self.report(FailureKind::Assertion, place, &mismatch, out);
            return false;
        }
        self.capture_all(captures, message, place, out)
    }

    /// Fills the slots of all captures; reports the first that fails.
    pub(super) fn capture_all(
        &mut self,
        captures: &[Capture],
        message: &Message<'_>,
        place: Place,
        out: &mut impl Output,
    ) -> bool {
        for source in captures {
            if let Err(failure) = capture(source, message, &mut self.slots[source.slot.index()]) {
                self.report(FailureKind::Capture, place, &failure, out);
                return false;
            }
            out.filled(source.slot, &self.slots[source.slot.index()]);
        }
        true
    }

    /// Lets the first reaction that matches take the message; tells whether one did.
    fn react(
        &mut self,
        setting: &Setting,
        (link, message): (LinkId, &Message<'_>),
        now: Duration,
        out: &mut impl Output,
    ) -> bool {
        let range = self.scenario(setting).reactions.clone();
        let reactions = &setting.program.reactions[range.clone()];
        for (index, reaction) in range.zip(reactions) {
            if reaction.on.is_none_or(|on| on == link)
                && matches(&reaction.when, message, &mut self.scope(now))
            {
                let id = ReactionId::new(index);
                out.matched(Taker::Reaction(id), message.payload());
                self.answer(reaction, id, (link, message), now, out);
                return true;
            }
        }
        false
    }

    fn answer(
        &mut self,
        reaction: &Reaction,
        id: ReactionId,
        (link, message): (LinkId, &Message<'_>),
        now: Duration,
        out: &mut impl Output,
    ) {
        let place = Place::Reaction(id);
        let is_known = self.delivered(reaction.deliver, message, (now, place), out);
        if !is_known || !self.capture_all(&reaction.captures, message, place, out) {
            return self.reaction_failed(now, out);
        }
        std::mem::swap(&mut self.rng, &mut self.reaction_rng);
        let reason = self.act(reaction, (link, message), now, out);
        if !matches!(reaction.answer, Answer::None) {
            out.queued(place, &self.slots);
        }
        std::mem::swap(&mut self.rng, &mut self.reaction_rng);
        match reason {
            Ok(None) => {}
            Ok(Some(reason)) => {
                self.report(FailureKind::Failed, place, &reason, out);
                self.reaction_failed(now, out);
            }
            Err(failure) => {
                let program = Arc::clone(&self.setting.program);
                self.report(FailureKind::Render, place, &failure.named(&program.slots), out);
                self.reaction_failed(now, out);
            }
        }
    }

    /// Answers and logs; returns the reason to fail, where the reaction has one.
    fn act(
        &mut self,
        reaction: &Reaction,
        (link, message): (LinkId, &Message<'_>),
        now: Duration,
        out: &mut impl Output,
    ) -> Result<Option<String>, RenderFailure> {
        match &reaction.answer {
            Answer::None => {}
            Answer::Echo => {
                let payload = message.payload();
                out.send(link, payload.kind(), |buffer| {
                    buffer.extend_from_slice(payload.bytes());
                    Ok(())
                })?;
            }
            Answer::Send(answer) => self.send(link, answer, now, out)?,
        }
        if let Some(line) = &reaction.log {
            out.log(self.text(line, now)?);
        }
        reaction.fail.as_ref().map(|reason| self.text(reason, now)).transpose()
    }

    /// A reaction is no step: where the scenario continues after failures, the present step goes on as it was.
    fn reaction_failed(&mut self, now: Duration, out: &mut impl Output) {
        let setting = Rc::clone(&self.setting);
        if self.scenario(&setting).on_failure != OnFailure::Continue {
            self.give_up(now, out);
        }
    }
}
