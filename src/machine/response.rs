//! What an answer over HTTP says, whether it is what the plan wants, and what is kept of it.

use std::fmt;

use super::capture::{CaptureReason, found_in, take};
use super::io::FailureKind;
use super::matching::holds;
use super::message::{Message, Payload};
use super::mismatch::{cut, judge, shown_mismatch};
use super::user::User;
use crate::program::matcher::Test;
use crate::program::{
    AnswerCapture, AnswerSource, Http, Json, Pattern, UpgradeExpect, Value, is_secret_header,
};
use std::time::Duration;

/// An answer over HTTP, whole.
#[derive(Clone, Copy)]
pub struct Response<'m> {
    /// The status.
    pub status: u16,
    /// Its headers in the order in which they came, names in lower case.
    pub headers: &'m [(String, String)],
    /// The cookies that it sets, and that redirects on the way to it did.
    pub cookies: &'m [(String, String)],
    /// Its body; of an upgrade none.
    pub body: Payload<'m>,
    /// The subprotocol that was chosen; of an upgrade.
    pub subprotocol: Option<&'m str>,
}

/// Without headers and body: they may hold what proves who asks.
impl fmt::Debug for Response<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status).finish_non_exhaustive()
    }
}

/// What is wrong with an answer.
pub(super) type Fault = (FailureKind, String);

impl Response<'_> {
    /// A header over all its lines (RFC 9110 section 5.2).
    fn header(&self, name: &str) -> Option<String> {
        let lines = self.headers.iter().filter(|(own, _)| own == name);
        let lines: Vec<&str> = lines.map(|(_, value)| value.as_str()).collect();
        (!lines.is_empty()).then(|| lines.join(", "))
    }

    /// The last of a name is the one that holds.
    fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

impl User {
    /// Whether an answer is what a step wants; captures what it keeps.
    pub(super) fn judge_answer(
        &mut self,
        http: &Http,
        response: &Response<'_>,
        now: Duration,
    ) -> Result<(), Fault> {
        let follows = http.follow > 0;
        if !http.expect.accepts(response.status, follows) {
            let detail = unwanted(&http.expect.wanted(follows), response);
            return Err((FailureKind::HttpStatus, detail));
        }
        let mut scope = self.scope(now);
        for (name, conditions) in &http.expect.headers {
            let value = response.header(name).map(|value| Json::Text(value.into()));
            let broken = conditions.iter().find(|condition| match &value {
                Some(value) => !holds(&condition.test, value, &mut scope),
                None => !matches!(condition.test, Test::Exists(false)),
            });
            if let Some(broken) = broken {
                let mut mismatch =
                    shown_mismatch(&format!("header {name}"), broken, value.as_ref(), &mut scope);
                if is_secret_header(name) {
                    if !matches!(broken.test, Test::Exists(_)) {
                        "a secret".clone_into(&mut mismatch.expected);
                    }
                    if value.is_some() {
                        "a value that is not shown".clone_into(&mut mismatch.actual);
                    }
                }
                return Err((FailureKind::Assertion, mismatch.to_string()));
            }
        }
        let message = Message::new(response.body);
        if let Some(body) = &http.expect.body
            && let Err(mismatch) = judge(body, &message, &mut scope)
        {
            return Err((FailureKind::Assertion, mismatch.to_string()));
        }
        self.keep_of(&http.captures, response, &message)
    }

    /// Whether the answer to an upgrade is what a connect wants; captures what it keeps.
    pub(super) fn judge_upgrade(
        &mut self,
        expect: &UpgradeExpect,
        response: &Response<'_>,
    ) -> Result<(), Fault> {
        let wanted = expect.status.unwrap_or(101);
        if response.status != wanted {
            let detail = unwanted(&format!("status {wanted}"), response);
            return Err((FailureKind::Assertion, detail));
        }
        if let Some(subprotocol) = &expect.subprotocol
            && subprotocol.as_deref() != response.subprotocol
        {
            let name =
                |name: Option<&str>| name.map_or("no subprotocol".to_owned(), |name| format!("{name:?}"));
            let detail = format!(
                "expected the server to choose {}, got {}",
                name(subprotocol.as_deref()),
                name(response.subprotocol)
            );
            return Err((FailureKind::Assertion, detail));
        }
        self.keep_of(&expect.captures, response, &Message::new(response.body))
    }

    fn keep_of(
        &mut self,
        captures: &[AnswerCapture],
        response: &Response<'_>,
        message: &Message<'_>,
    ) -> Result<(), Fault> {
        for capture in captures {
            let slot = &mut self.slots[capture.slot.index()];
            if let Err(reason) = keep_one(&capture.source, response, message, slot) {
                return Err((FailureKind::Capture, format!("cannot capture {}: {reason}", capture.name)));
            }
        }
        Ok(())
    }
}

fn keep_one(
    source: &AnswerSource,
    response: &Response<'_>,
    message: &Message<'_>,
    slot: &mut Value,
) -> Result<(), String> {
    match source {
        AnswerSource::Body(source) => {
            return take(source, message, slot).map_err(|reason| match reason {
                CaptureReason::NotJson(not) => format!("the body is {not}"),
                CaptureReason::Binary => "the body is no text".to_owned(),
                other => other.to_string(),
            });
        }
        AnswerSource::Header { name, pattern } => {
            let value = response.header(name).ok_or_else(|| format!("there is no header {name}"))?;
            slot.set_text(searched(&value, pattern.as_ref())?);
        }
        AnswerSource::Cookie { name, pattern } => {
            let value = response.cookie(name).ok_or_else(|| format!("no cookie {name} is set"))?;
            slot.set_text(searched(value, pattern.as_ref())?);
        }
        AnswerSource::Status => *slot = Value::Int(response.status.into()),
        AnswerSource::Subprotocol => match response.subprotocol {
            Some(name) => slot.set_text(name),
            None => *slot = Value::Null,
        },
    }
    Ok(())
}

fn searched<'v>(value: &'v str, pattern: Option<&(Pattern, usize)>) -> Result<&'v str, String> {
    let Some((pattern, group)) = pattern else { return Ok(value) };
    found_in(value, pattern, *group).map_err(|reason| reason.to_string())
}

/// A status that was not wanted, and the start of the body, which most often says why.
fn unwanted(wanted: &str, response: &Response<'_>) -> String {
    let got = format!("expected {wanted}, got {}", response.status);
    match response.body {
        Payload::Text("") => got,
        Payload::Text(text) => format!("{got}: {}", cut(text)),
        Payload::Binary(bytes) => format!("{got} and {} bytes that are no text", bytes.len()),
    }
}
