//! What a user does in each state.

use std::rc::Rc;
use std::time::Duration;

use super::correlate::Settled;
use super::io::{FailureKind, Output};
use super::pause;
use super::phase::{AfterClose, Phase};
use super::render::{RenderFailure, evaluate, render};
use super::request::ConnectRequest;
use super::user::{Setting, User};
use crate::program::{
    Body, Close, Connect, DueTimers, Expr, LinkId, Op, Publish, REASON_MAX_BYTES, SlotId, State, Template,
    Url,
};

/// How many states are run without a wait before the others get a turn.
const STATES_A_TURN: usize = 256;

impl User {
    /// Runs states until one waits.
    pub(super) fn run(&mut self, now: Duration, out: &mut impl Output) {
        if self.phase != Phase::Ready {
            return;
        }
        let setting = Rc::clone(&self.setting);
        for _ in 0..STATES_A_TURN {
            if let Err(failure) = self.step(&setting, now, out) {
                self.fail(now, FailureKind::Render, &failure.named(&setting.program.slots), out);
            }
            if self.phase != Phase::Ready {
                return;
            }
        }
        self.phase = Phase::Yielding { until: now };
    }

    /// Runs the state that the user is at. It leaves the user ready at the next one, or waiting.
    fn step(&mut self, setting: &Setting, now: Duration, out: &mut impl Output) -> Result<(), RenderFailure> {
        if self.revival.is_some() && self.revives(now, out) {
            return Ok(());
        }
        out.stepped(self.at);
        let state = setting.program.state(self.at);
        if !self.has_what_it_needs(state) {
            self.fail(now, FailureKind::NotConnected, &self.no_connection(setting, state.link), out);
            return Ok(());
        }
        match &state.op {
            Op::Connect(connect) => self.connect(connect, now, out)?,
            Op::Send { message, publish } => {
                self.send_step((message, publish.as_deref()), state.due, now, out)?;
                if out.is_writable(state.link) {
                    self.at = state.next;
                } else {
                    self.phase = Phase::Sending;
                }
            }
            Op::Expect(expect) => {
                self.take_due(state.due);
                self.phase = Phase::Expecting { since: now, deadline: now + expect.within };
                self.look_into_inbox(expect, now, out);
            }
            Op::Gather(gather) => {
                self.take_due(state.due);
                self.begin_gathering(gather, now, out);
            }
            Op::Request(request) => self.request(request, state.due, now, out)?,
            Op::Http(http) => self.fetch_step(http, state.due, now, out)?,
            Op::AwaitAll { .. } if self.settles(Settled::Next) => {}
            Op::AwaitAll { .. } => self.at = state.next,
            Op::Think(think) => {
                let pause = pause::draw(*think, &mut self.rng);
                let pause = self.own_pace(pause);
                self.due_after(pause);
                self.phase = Phase::Thinking { until: now + pause };
            }
            // A plan does not lose replies by leaving.
            Op::Close(_) | Op::End | Op::Stop(_) if self.settles(Settled::Again) => {}
            Op::Audience(_)
            | Op::Borrow { .. }
            | Op::GiveBack
            | Op::Enter(_)
            | Op::Test { .. }
            | Op::If { .. }
            | Op::Choose(_)
            | Op::EnterGroup { .. }
            | Op::LeaveGroup { .. }
            | Op::Barrier(_)
            | Op::Fail(_)
            | Op::Stop(_) => self.block_step(state, now, out)?,
            Op::Close(close) => self.close_step(close, now, out)?,
            Op::Ping(ping) => self.ping(*ping, state.due, now, out),
            Op::ExpectClose(expected) => self.expect_close(expected, state.due, now),
            Op::Set(values) => {
                self.set_all(values, now, out)?;
                self.at = state.next;
            }
            Op::Log(line) => {
                out.log(self.text(line, now)?);
                self.at = state.next;
            }
            Op::Return => self.come_back(now, out),
            Op::End => self.close(now, 1000, AfterClose::Iteration, out),
        }
        Ok(())
    }

    fn set_all(
        &mut self,
        values: &[(SlotId, Expr)],
        now: Duration,
        out: &mut impl Output,
    ) -> Result<(), RenderFailure> {
        for (slot, value) in values {
            let value = evaluate(value, &mut self.scope(now))?.into_owned();
            out.filled(*slot, &value);
            self.set(*slot, value);
        }
        Ok(())
    }

    fn close_step(
        &mut self,
        close: &Close,
        now: Duration,
        out: &mut impl Output,
    ) -> Result<(), RenderFailure> {
        let reason = close.reason.as_ref().map(|reason| self.text(reason, now)).transpose()?;
        let link = self.present_link();
        self.leave_audiences(now, link, out);
        out.close(link, close.code, cut(reason.as_deref().unwrap_or_default(), REASON_MAX_BYTES));
        self.phase = Phase::Closing { deadline: now + close.within, then: AfterClose::Step };
        Ok(())
    }

    /// A message of a step goes out under a correlation id of its own.
    pub(super) fn send_step(
        &mut self,
        (message, publish): (&Body, Option<&Publish>),
        due: Option<DueTimers>,
        now: Duration,
        out: &mut impl Output,
    ) -> Result<(), RenderFailure> {
        self.new_correlation_id();
        let due = self.take_due(due);
        match publish {
            Some(publish) => self.publish(message, publish, now, out)?,
            None => self.send(self.present_link(), message, now, out)?,
        }
        self.paced_queued(due);
        out.queued(self.place(), &self.slots);
        Ok(())
    }

    pub(super) fn send(
        &mut self,
        link: LinkId,
        message: &Body,
        now: Duration,
        out: &mut impl Output,
    ) -> Result<(), RenderFailure> {
        let mut scope = self.scope(now);
        out.send(link, message.kind, |buffer| render(&message.template, &mut scope, buffer))
    }

    fn has_what_it_needs(&self, state: &State) -> bool {
        match &state.op {
            Op::AwaitAll { on: None } => self.links.is_any_open(),
            op => !op.acts_on_connection() || self.links.is_open(state.link),
        }
    }

    fn no_connection(&self, setting: &Setting, link: LinkId) -> String {
        let links = &self.scenario(setting).links;
        match links.get(link.index()).and_then(|link| link.name.as_ref()).filter(|_| links.len() > 1) {
            Some(name) => format!("there is no connection `{name}`"),
            None => "there is no connection".to_owned(),
        }
    }

    /// Whether the step at hand cannot go on without a connection.
    pub(super) fn needs(&self, link: LinkId) -> bool {
        let state = self.setting.program.state(self.at);
        state.link == link && (state.op.acts_on_connection() || matches!(state.op, Op::GiveBack))
    }

    pub(super) fn connect_request(
        &mut self,
        connect: &Connect,
        now: Duration,
    ) -> Result<ConnectRequest, RenderFailure> {
        let mut path = connect.path.as_ref().map(|path| self.text(path, now)).transpose()?;
        if !connect.query.is_empty() {
            path = Some(self.with_query(path.unwrap_or_default(), &connect.query, now)?);
        }
        let mut headers = self.rendered(&connect.headers, now)?;
        if let Some(origin) = &connect.origin {
            headers.push(("Origin".to_owned(), self.text(origin, now)?));
        }
        headers.extend(self.authorization(&connect.visitor, now)?);
        Ok(ConnectRequest {
            target: self.target(),
            url: connect.url.as_ref().map(|url| self.url(url, now)).transpose()?,
            path,
            headers,
            cookies: self.rendered(&connect.visitor.cookies, now)?,
            subprotocols: connect.subprotocols.to_vec(),
            deflate: connect.deflate,
            wants_answer: connect.expect.is_some(),
            takes_refusal: connect.expect.as_ref().is_some_and(|expect| expect.status.is_some()),
            pool: None,
            timeout: connect.timeout,
            timers: connect.timers,
            place: self.place(),
        })
    }

    fn url(&mut self, url: &Template, now: Duration) -> Result<Box<Url>, RenderFailure> {
        let text = self.text(url, now)?;
        Url::parse(&text).map(Box::new).map_err(|error| RenderFailure::Url { error })
    }

    pub(super) fn text(&mut self, template: &Template, now: Duration) -> Result<String, RenderFailure> {
        let mut bytes = Vec::new();
        render(template, &mut self.scope(now), &mut bytes)?;
        Ok(String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
    }
}

/// The longest start of a text that fits, in whole characters.
fn cut(text: &str, max_bytes: usize) -> &str {
    &text[..text.floor_char_boundary(max_bytes)]
}
