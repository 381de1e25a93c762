//! Answers over HTTP that are made up: to an `http` step, and to an upgrade.

use super::text::text;
use super::{Asked, Made, Unmade, Uses};
use crate::machine::{Payload, Response, Scope};
use crate::program::capture::CaptureSource;
use crate::program::matcher::Test;
use crate::program::{
    AnswerCapture, AnswerSource, Capture, Connect, Http, HttpExpect, Pattern, Status, UpgradeExpect,
};

/// An answer over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::dry) struct Answer {
    pub(in crate::dry) status: u16,
    headers: Vec<(String, String)>,
    cookies: Vec<(String, String)>,
    body: Option<Made>,
    subprotocol: Option<String>,
}

impl Answer {
    fn with_status(status: u16) -> Self {
        Self { status, headers: Vec::new(), cookies: Vec::new(), body: None, subprotocol: None }
    }

    pub(in crate::dry) fn response(&self) -> Response<'_> {
        Response {
            status: self.status,
            headers: &self.headers,
            cookies: &self.cookies,
            body: self.body.as_ref().map_or(Payload::Text(""), Made::payload),
            subprotocol: self.subprotocol.as_deref(),
        }
    }

    pub(in crate::dry) fn body_bytes(&self) -> usize {
        self.body.as_ref().map_or(0, |body| body.bytes.len())
    }

    /// Headers and cookies that are to be captured.
    fn give(&mut self, captures: &[AnswerCapture], scope: &mut Scope<'_>) {
        for AnswerCapture { source, .. } in captures {
            match source {
                AnswerSource::Header { name, pattern } => {
                    if !self.headers.iter().any(|(known, _)| known == name) {
                        self.headers.push((name.clone(), captured(pattern.as_ref(), scope)));
                    }
                }
                AnswerSource::Cookie { name, pattern } => {
                    self.cookies.push((name.clone(), captured(pattern.as_ref(), scope)));
                }
                AnswerSource::Body(_) | AnswerSource::Status | AnswerSource::Subprotocol => {}
            }
        }
    }
}

/// The answer that an `http` step wants, with a body that holds as much of what it asks for as could be made up; and
/// what could not.
pub(in crate::dry) fn answer_to(
    http: &Http,
    uses: &Uses<'_>,
    scope: &mut Scope<'_>,
) -> (Answer, Option<Unmade>) {
    let HttpExpect { statuses, headers, body } = &http.expect;
    let mut answer = Answer::with_status(match statuses.first() {
        None => 200,
        Some(Status::Exactly(status)) => *status,
        Some(Status::Class(hundreds)) => hundreds * 100,
    });
    for (name, conditions) in headers {
        let tests: Vec<&Test> = conditions.iter().map(|condition| &condition.test).collect();
        let patterns: Vec<_> = http.captures.iter().filter_map(|capture| of_header(capture, name)).collect();
        answer.headers.push((name.clone(), text(&tests, &patterns, scope)));
    }
    answer.give(&http.captures, scope);
    let of_body: Vec<Capture> = http.captures.iter().filter_map(in_body).collect();
    if body.is_none() && of_body.is_empty() {
        return (answer, None);
    }
    let asked =
        Asked { matchers: body.iter().collect(), captures: of_body.iter().collect(), paths: Vec::new() };
    match asked.make(uses, scope) {
        Ok(made) => answer.body = Some(made),
        Err(unmade) => return (answer, Some(unmade)),
    }
    (answer, None)
}

/// The answer to an upgrade that a connect wants.
pub(in crate::dry) fn upgraded(connect: &Connect, scope: &mut Scope<'_>) -> Answer {
    let nothing = UpgradeExpect::default();
    let expect = connect.expect.as_deref().unwrap_or(&nothing);
    let mut answer = Answer::with_status(expect.status.unwrap_or(101));
    answer.subprotocol = match &expect.subprotocol {
        Some(wanted) => wanted.clone(),
        None => connect.subprotocols.first().cloned(),
    };
    answer.give(&expect.captures, scope);
    answer
}

fn in_body(capture: &AnswerCapture) -> Option<Capture> {
    let AnswerSource::Body(source) = &capture.source else { return None };
    let (slot, name, source, span) =
        (capture.slot, capture.name.clone(), CaptureSource::clone(source), capture.span);
    Some(Capture { slot, name, source, span })
}

fn of_header<'c>(capture: &'c AnswerCapture, wanted: &str) -> Option<&'c regex::Regex> {
    match &capture.source {
        AnswerSource::Header { name, pattern: Some((pattern, _)) } if name == wanted => Some(&pattern.0),
        _ => None,
    }
}

fn captured(pattern: Option<&(Pattern, usize)>, scope: &mut Scope<'_>) -> String {
    let patterns: Vec<_> = pattern.iter().map(|(pattern, _)| &pattern.0).collect();
    text(&[], &patterns, scope)
}
