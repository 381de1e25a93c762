//! The `http` step, and connects that look at the answer to their upgrade.

use std::fmt::Write as _;
use std::rc::Rc;
use std::time::Duration;

use super::io::{Event, FailureKind, Output};
use super::phase::Phase;
use super::render::{RenderFailure, render};
use super::request::FetchRequest;
use super::response::{Fault, Response};
use super::user::User;
use crate::program::{AnswerCapture, Credentials, DueTimers, Http, LinkId, OnFailure, Op, Template, Visitor};

impl User {
    /// Whether it waits for an answer over HTTP: one that comes later is of no use.
    pub fn is_fetching(&self) -> bool {
        matches!(self.phase, Phase::Fetching { .. })
    }

    pub(super) fn fetch_step(
        &mut self,
        http: &Http,
        due: Option<DueTimers>,
        now: Duration,
        out: &mut impl Output,
    ) -> Result<(), RenderFailure> {
        let url = self.text(&http.url, now)?;
        let url = self.with_query(url, &http.query, now)?;
        let mut headers = self.rendered(&http.headers, now)?;
        headers.extend(self.authorization(&http.visitor, now)?);
        let mut body = Vec::new();
        if let Some(content) = &http.content {
            render(&content.template, &mut self.scope(now), &mut body)?;
            if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
                headers.push(("Content-Type".to_owned(), content.media_type.to_owned()));
            }
        }
        self.know_targets();
        let request = FetchRequest {
            user: self.identity().0,
            target: self.target(),
            method: http.method.clone(),
            url,
            headers,
            cookies: self.rendered(&http.visitor.cookies, now)?,
            body,
            follow: http.follow,
            timers: http.timers,
            place: self.place(),
        };
        self.take_due(due);
        self.keep_asked(&request);
        self.phase = Phase::Fetching { deadline: now + http.within };
        out.fetch(request);
        Ok(())
    }

    /// The answer to an `http` step came.
    pub(super) fn fetched(&mut self, response: &Response<'_>, now: Duration, out: &mut impl Output) {
        let setting = Rc::clone(&self.setting);
        let Op::Http(http) = &setting.program.state(self.at).op else { return };
        let Phase::Fetching { deadline } = self.phase else { return };
        self.reached_over_http(now, out);
        match self.judge_answer(http, response, now) {
            Ok(()) => {
                self.tell_captures(&http.captures, out);
                out.count(Event::OperationEnded);
                let since = deadline.saturating_sub(http.within);
                out.time(http.timers.total, now.saturating_sub(since));
                self.paced_taken(now, out);
                self.go_on(now, out);
            }
            Err(fault) => self.fetch_fault(Some(fault), now, out),
        }
    }

    /// The upgrade was answered, and the step looks at that.
    pub(super) fn answered(
        &mut self,
        link: LinkId,
        response: &Response<'_>,
        now: Duration,
        out: &mut impl Output,
    ) {
        if self.phase != Phase::Connecting || link != self.present_link() {
            return;
        }
        self.links.at_mut(link).is_open = response.status == 101;
        self.reached(now, out);
        out.count(Event::OperationEnded);
        // There is no attempt any more that could be given up.
        self.phase = Phase::Ready;
        let setting = Rc::clone(&self.setting);
        let Op::Connect(connect) = &setting.program.state(self.at).op else { return };
        let Some(expect) = &connect.expect else { return };
        let judged = self.judge_upgrade(expect, response);
        if judged.is_ok() {
            self.tell_captures(&expect.captures, out);
        }
        match judged {
            Ok(()) if response.status == 101 => self.stands(now, link, out),
            Ok(()) => self.go_on(now, out),
            Err((kind, detail)) => {
                self.report(kind, self.place(), &detail, out);
                self.leave_off_reviving(link);
                self.give_up(now, out);
            }
        }
    }

    /// What was kept of an answer, for who watches.
    fn tell_captures(&self, captures: &[AnswerCapture], out: &mut impl Output) {
        for capture in captures {
            out.filled(capture.slot, &self.slots[capture.slot.index()]);
        }
    }

    /// There is no answer, or one that is not wanted. What comes next needs no connection more than this did.
    pub(super) fn fetch_fault(&mut self, fault: Option<Fault>, now: Duration, out: &mut impl Output) {
        if !self.is_fetching() {
            return;
        }
        self.forget_failures();
        out.count(Event::FetchFailed);
        if let Some((kind, detail)) = fault {
            self.report(kind, self.place(), &detail, out);
        }
        let setting = Rc::clone(&self.setting);
        if self.scenario(&setting).on_failure == OnFailure::Continue {
            out.count(Event::OperationEnded);
            self.mark_failed();
            self.groups_failed(&self.scenario(&setting).groups);
            self.skip_audiences(&setting);
            return self.go_on(now, out);
        }
        self.give_up(now, out);
    }

    /// The time for an answer is over.
    pub(super) fn fetch_timed_out(&mut self, now: Duration, out: &mut impl Output) {
        let setting = Rc::clone(&self.setting);
        let Op::Http(http) = &setting.program.state(self.at).op else { return };
        let detail = format!("no answer within {:?}", http.within);
        self.fetch_fault(Some((FailureKind::Timeout, detail)), now, out);
    }

    pub(super) fn with_query(
        &mut self,
        mut url: String,
        query: &[(String, Template)],
        now: Duration,
    ) -> Result<String, RenderFailure> {
        for (name, value) in query {
            let value = self.text(value, now)?;
            let separator = if url.contains('?') { '&' } else { '?' };
            // Writing to a string does not fail.
            let _ = write!(url, "{separator}{name}={value}");
        }
        Ok(url)
    }

    pub(super) fn rendered(
        &mut self,
        pairs: &[(String, Template)],
        now: Duration,
    ) -> Result<Vec<(String, String)>, RenderFailure> {
        pairs.iter().map(|(name, value)| Ok((name.clone(), self.text(value, now)?))).collect()
    }

    /// The `Authorization` header, where there is to be one.
    pub(super) fn authorization(
        &mut self,
        visitor: &Visitor,
        now: Duration,
    ) -> Result<Option<(String, String)>, RenderFailure> {
        let value = match &visitor.credentials {
            None => return Ok(None),
            Some(Credentials::Basic { user, password }) => {
                Credentials::basic(&self.text(user, now)?, &self.text(password, now)?)
            }
            Some(Credentials::Bearer(token)) => format!("Bearer {}", self.text(token, now)?),
        };
        Ok(Some(("Authorization".to_owned(), value)))
    }
}
