//! Requests whose reply is known by a key: they stand in a table while their reply is pending, whether the user waits
//! for it or went on, and a message is looked up there before anybody else is asked. Requests without a key are not
//! here: their reply is tried like the message of an `expect`.

use std::hash::{BuildHasher, Hash, Hasher};
use std::rc::Rc;
use std::time::Duration;

use foldhash::quality::FixedState;

use super::detail::{Again, missing};
use super::io::{Event, FailureKind, Output, Place, Taker};
use super::matching::matches;
use super::message::{Message, Payload};
use super::operand;
use super::pending::{Ended, Lateness, Looked, Outgoing, Ticket};
use super::phase::{AfterClose, Phase};
use super::render::RenderFailure;
use super::user::{Setting, User};
use crate::program::{DueTimers, Json, LinkId, OnFailure, Op, Program, Request, StateId};

/// What follows when no reply is pending any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    /// The step behind this one: waiting was all that it was for.
    Next,
    /// The step itself.
    Again,
    /// The user leaves the run.
    Leave,
}

/// What a message has to do with the requests of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Correlated {
    /// It was the reply to one.
    Taken,
    /// It is the reply to one that is over.
    Over(Overdue),
    /// Nothing.
    Not,
}

/// A reply to a request that is over: counted as that if nobody takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Overdue {
    lateness: Lateness,
    state: StateId,
}

impl User {
    /// Sends a request; then the user waits for the reply, or goes on.
    pub(super) fn request(
        &mut self,
        request: &Request,
        due: Option<DueTimers>,
        now: Duration,
        out: &mut impl Output,
    ) -> Result<(), RenderFailure> {
        if self.is_throttled(request) {
            out.count(Event::RequestThrottled);
            self.phase = Phase::Throttled;
            return Ok(());
        }
        self.send_step((&request.send, request.publish.as_deref()), due, now, out)?;
        out.count(Event::RequestSent);
        let deadline = now + request.reply.within;
        let Some(key) = &request.key else {
            self.phase = Phase::Replying { sent: None, deadline };
            return Ok(());
        };
        let hashed = operand::with(&key.value, &mut self.scope(now), |value, _| hash(key.index, value));
        // What has no value equals nothing: no message has this hash but by chance.
        let what = Ended { key: hashed.unwrap_or(0), state: self.at, number: self.correlation_number() };
        let due = self.take_awaited();
        let outgoing = Outgoing { what, deadline, due, is_own: key.is_own };
        let ticket = self.pending.get_or_insert_default().push(outgoing);
        if request.in_flight.is_none() {
            self.phase = Phase::Awaiting(ticket);
        } else if out.is_writable(self.present_link()) {
            self.at = self.setting.program.state(self.at).next;
        } else {
            self.phase = Phase::Sending;
        }
        Ok(())
    }

    fn is_throttled(&self, request: &Request) -> bool {
        let (Some(limit), Some(pending)) = (request.in_flight, &self.pending) else { return false };
        pending.count_of(self.at) >= limit as usize
    }

    /// Waits until no reply is pending, where one is; whether it does.
    pub(super) fn settles(&mut self, then: Settled) -> bool {
        let waits = self.is_any_pending(then);
        if waits {
            self.phase = Phase::Settling(then);
        }
        waits
    }

    /// Whether a reply is pending that is waited for before this.
    fn is_any_pending(&self, then: Settled) -> bool {
        let Some(pending) = &self.pending else { return false };
        let program = &self.setting.program;
        let state = program.state(self.at);
        // Closing a connection does not wait for what is to come over another.
        let only = match (then, &state.op) {
            (Settled::Next, Op::AwaitAll { on }) => *on,
            (Settled::Again, Op::Close(_) | Op::GiveBack) => Some(state.link),
            _ => None,
        };
        match only.filter(|_| self.links.are_several()) {
            Some(link) => self.is_pending_on(link),
            None => pending.count() > 0,
        }
    }

    /// Whether a reply is pending on a connection.
    pub(super) fn is_pending_on(&self, link: LinkId) -> bool {
        let program = &self.setting.program;
        let is_on = |pending: &super::pending::Pending| {
            pending.count_where(|state| program.state(state).link == link) > 0
        };
        self.pending.as_deref().is_some_and(is_on)
    }

    /// What was queued for a connection began to leave.
    pub(super) fn requests_sent(&mut self, now: Duration, link: LinkId) {
        let Some(pending) = &mut self.pending else { return };
        if self.links.are_several() {
            let program = &self.setting.program;
            pending.sent_where(now, |state| program.state(state).link == link);
        } else {
            pending.sent(now);
        }
    }

    /// Whether a request went out over a connection, so that its reply comes over it.
    fn is_request_on(&self, link: LinkId, state: StateId) -> bool {
        !self.links.are_several() || self.setting.program.state(state).link == link
    }

    /// When the first of the pending replies is due. Where all connections are being closed nobody waits for one.
    pub(super) fn reply_deadline(&self) -> Option<Duration> {
        let pending = self.pending.as_ref()?;
        if self.is_leaving() { None } else { pending.deadline() }
    }

    /// Whether the steps are over and all connections are being closed. A `close` step comes when nothing is pending on
    /// its own.
    fn is_leaving(&self) -> bool {
        matches!(self.phase, Phase::Closing { then, .. } if then != AfterClose::Step)
    }

    /// Offers a message to the requests: to those that are pending, the oldest first, then to those that are over.
    pub(super) fn correlate(
        &mut self,
        setting: &Setting,
        (link, message): (LinkId, &Message<'_>),
        now: Duration,
        out: &mut impl Output,
    ) -> Correlated {
        if self.pending.as_ref().is_none_or(|pending| pending.is_blank()) {
            return Correlated::Not;
        }
        let paths = &self.scenario(setting).reply_paths;
        let key = |index: usize| {
            let selected = message.select(&paths[index]).ok()?;
            selected.first().map(|value| hash(index, value))
        };
        for key in (0..paths.len()).filter_map(key) {
            if let Some(ticket) = self.find_pending(setting, key, (link, message), now) {
                self.reply_came(setting, ticket, message, now, out);
                return Correlated::Taken;
            }
        }
        let over = (0..paths.len())
            .filter_map(key)
            .find_map(|key| self.find_over(setting, key, (link, message), now));
        over.map_or(Correlated::Not, Correlated::Over)
    }

    fn find_pending(
        &mut self,
        setting: &Setting,
        key: u64,
        (link, message): (LinkId, &Message<'_>),
        now: Duration,
    ) -> Option<Ticket> {
        let mut next = self.pending.as_ref()?.find(key);
        while let Some(ticket) = next {
            let pending = self.pending.as_ref()?;
            let Looked { what, sent, .. } = pending.look(ticket);
            next = pending.next(ticket);
            // What was read before the request left is no reply to it.
            if sent.is_some_and(|sent| sent <= now)
                && self.is_request_on(link, what.state)
                && self.is_reply(setting, what, message, now)
            {
                return Some(ticket);
            }
        }
        None
    }

    fn find_over(
        &mut self,
        setting: &Setting,
        key: u64,
        (link, message): (LinkId, &Message<'_>),
        now: Duration,
    ) -> Option<Overdue> {
        let mut pending = self.pending.take()?;
        let found = pending.reply_again(key, |what| {
            self.is_request_on(link, what.state) && self.is_reply(setting, what, message, now)
        });
        self.pending = Some(pending);
        found.map(|(lateness, Ended { state, .. })| Overdue { lateness, state })
    }

    /// Whether a message that has the key of a request has all else that its reply must have.
    fn is_reply(&mut self, setting: &Setting, what: Ended, message: &Message<'_>, now: Duration) -> bool {
        let Some(key) = request(&setting.program, what.state).and_then(|request| request.key.as_ref()) else {
            return false;
        };
        key.rest.clauses.is_empty()
            || self.under(what.number, |user| matches(&key.rest, message, &mut user.scope(now)))
    }

    fn reply_came(
        &mut self,
        setting: &Setting,
        ticket: Ticket,
        message: &Message<'_>,
        now: Duration,
        out: &mut impl Output,
    ) {
        let Some(pending) = &mut self.pending else { return };
        let Looked { what, sent, due } = pending.look(ticket);
        pending.answer(ticket);
        out.matched(Taker::Request(what.state), message.payload());
        out.count(Event::OperationEnded);
        let is_awaited = self.phase == Phase::Awaiting(ticket);
        let Some(Request { reply, .. }) = request(&setting.program, what.state) else { return };
        let place = Place::State(what.state);
        let assert = reply.assert.as_ref();
        let holds =
            self.under(what.number, |user| user.holds(assert, &reply.captures, message, (now, place), out));
        if holds {
            out.time(reply.timer, now.saturating_sub(sent.unwrap_or(now)));
            let intended = setting.program.state(what.state).due.and_then(|timers| timers.intended);
            due.zip(intended).into_iter().for_each(|(due, timer)| out.time(timer, now.saturating_sub(due)));
        }
        match (is_awaited, holds) {
            (true, true) => self.go_on(now, out),
            (true, false) => self.give_up(now, out),
            (false, true) => self.one_less_pending(setting, now, out),
            (false, false) => self.failed_meanwhile(setting, now, out),
        }
    }

    /// Ends the requests whose time has run out.
    pub(super) fn expire(&mut self, now: Duration, out: &mut impl Output) {
        if self.reply_deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        let setting = Rc::clone(&self.setting);
        let mut is_awaited = false;
        while let Some((ticket, what)) = self.pending.as_mut().and_then(|pending| pending.expire(now)) {
            is_awaited |= self.phase == Phase::Awaiting(ticket);
            out.count(Event::OperationEnded);
            let op = &setting.program.state(what.state).op;
            let detail = self.under(what.number, |user| missing(op, &mut user.scope(now)));
            self.report(FailureKind::Timeout, Place::State(what.state), &detail, out);
        }
        let missing_count = self.pending.as_mut().map_or(0, |pending| pending.take_missing());
        count_missing(missing_count, out);
        if is_awaited {
            self.give_up(now, out);
        } else {
            self.failed_meanwhile(&setting, now, out);
        }
    }

    /// A request failed that the user does not wait for: to the step at hand it is what the failure of a reaction is.
    fn failed_meanwhile(&mut self, setting: &Setting, now: Duration, out: &mut impl Output) {
        if !self.is_leaving() && self.scenario(setting).on_failure != OnFailure::Continue {
            self.give_up(now, out);
        } else {
            self.one_less_pending(setting, now, out);
        }
    }

    /// Lets a user go on that waited for a reply to come, or for all of them.
    pub(super) fn one_less_pending(&mut self, setting: &Setting, now: Duration, out: &mut impl Output) {
        match self.phase {
            Phase::Settling(then) if !self.is_any_pending(then) => match then {
                Settled::Next => self.go_on(now, out),
                Settled::Again => self.phase = Phase::Ready,
                Settled::Leave => self.part(now, out),
            },
            Phase::Throttled => {
                let request = request(&setting.program, self.at);
                if request.is_none_or(|request| !self.is_throttled(request)) {
                    self.phase = Phase::Ready;
                }
            }
            _ => {}
        }
    }

    /// Forgets all requests with their connection.
    pub(super) fn abandon_requests(&mut self, link: LinkId, out: &mut impl Output) {
        let Some(pending) = &mut self.pending else { return };
        let abandoned = if self.links.are_several() {
            let program = &self.setting.program;
            pending.clear_where(|state| program.state(state).link == link)
        } else {
            pending.clear()
        };
        for _ in 0..abandoned.pending_count {
            out.count(Event::OperationEnded);
        }
        count_missing(abandoned.missing_count, out);
    }

    /// Counts a reply that came late or once more and that nobody took.
    pub(super) fn overdue(&mut self, overdue: Overdue, payload: Payload<'_>, out: &mut impl Output) {
        match overdue.lateness {
            Lateness::Late => out.count(Event::ReplyLate),
            Lateness::Repeated => {
                out.count(Event::ReplyDuplicated);
                let place = Place::State(overdue.state);
                self.report(FailureKind::DuplicateReply, place, &Again(payload), out);
            }
        }
    }

    /// Does something while `correlation_id` is that of a request.
    fn under<T>(&mut self, number: u32, act: impl FnOnce(&mut Self) -> T) -> T {
        let present = self.correlation_number();
        // That of an awaited request is the present one.
        if number == present {
            return act(self);
        }
        self.show_correlation_id(number);
        let done = act(self);
        self.show_correlation_id(present);
        done
    }
}

fn request(program: &Program, state: StateId) -> Option<&Request> {
    match &program.state(state).op {
        Op::Request(request) => Some(request),
        _ => None,
    }
}

fn count_missing(count: u64, out: &mut impl Output) {
    if count > 0 {
        out.count(Event::RepliesMissing(count));
    }
}

/// What a value is looked up by, at one of the scenario's paths.
pub(super) fn hash(path: usize, value: &Json<'_>) -> u64 {
    // With a fixed seed: the values that are stored are the plan's own, so that no server can fill a bucket.
    let mut hasher = FixedState::default().build_hasher();
    path.hash(&mut hasher);
    value.hash(&mut hasher);
    hasher.finish()
}
