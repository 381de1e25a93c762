//! What users do over HTTP: their requests, run as errands beside their connections, and the cookies that go along with
//! these and with upgrades.

use std::cell::Cell;
use std::rc::Rc;

use super::driver::Driver;
use super::failure::connect_kind;
use super::shard::Shard;
use super::wire::{Errand, Wire};
use crate::machine::{ConnectRequest, FetchRequest, Input, Payload, Response};
use crate::metrics::ErrorKind;
use crate::net::http::{Answer, Client, HttpFailure, HttpFailureKind, HttpRequest, Progress};
use crate::net::{self, HeaderMap, RequestError, UpgradeRequest};
use crate::program::{LinkId, Url};

/// Why a request had no answer.
enum Unanswered {
    /// It cannot be sent.
    Unsendable(String),
    /// There is no connection to the target that it is for, and nothing of it was sent.
    Unreached(HttpFailure),
    Failed(HttpFailure),
}

impl Wire {
    /// What the user keeps between its requests, from the first on.
    fn client(&mut self) -> Rc<Client> {
        Rc::clone(self.client.get_or_insert_default())
    }

    /// Takes the cookies that an answer to an upgrade sets; all that it set.
    fn take_cookies(&mut self, headers: &HeaderMap, from: &Url) -> Vec<(String, String)> {
        if !headers.contains_key(net::SET_COOKIE) {
            return Vec::new();
        }
        let client = self.client();
        let mut jar = client.jar().borrow_mut();
        let lines = headers.get_all(net::SET_COOKIE).iter();
        lines.filter_map(|line| jar.take(&String::from_utf8_lossy(line.as_bytes()), from)).collect()
    }

    /// Begins a request.
    pub(super) fn errand_of(&mut self, request: FetchRequest) -> Errand {
        let (shard, client) = (Rc::clone(&self.shard), self.client());
        Box::pin(async move {
            let answer = ask(&shard, &client, &request).await;
            let end: Box<dyn FnOnce(&mut Driver)> = Box::new(|driver| driver.fetched(answer));
            end
        })
    }

    /// The request of an upgrade, with the user's cookies.
    pub(super) fn upgrade_request(&self, request: &ConnectRequest) -> Result<UpgradeRequest, RequestError> {
        let path = request.path.clone().unwrap_or_default();
        let upgrade = UpgradeRequest::new(path, &request.headers, &request.subprotocols)?;
        let upgrade = UpgradeRequest { deflate: request.deflate, ..upgrade };
        // A connection of a pool is no more this user's than another's.
        let own = self.client.as_ref().filter(|_| request.pool.is_none());
        let jar = own.map(|client| client.jar().borrow());
        Ok(upgrade.with_cookies(self.shard.target_of(request), jar.as_deref(), &request.cookies))
    }
}

async fn ask(shard: &Shard, client: &Client, request: &FetchRequest) -> Result<Answer, Unanswered> {
    let url = url_of(&request.url, &shard.targets[request.target]).map_err(Unanswered::Unsendable)?;
    let outgoing = HttpRequest::new(&request.method, url, &request.headers, request.body.clone());
    let mut outgoing = outgoing.map_err(|error| Unanswered::Unsendable(error.to_string()))?;
    outgoing.cookies.clone_from(&request.cookies);
    outgoing.follow = request.follow;
    let timers = request.timers;
    let is_answered = Cell::new(false);
    let on = |progress| match progress {
        Progress::Resolved(elapsed) => shard.time(timers.dns, elapsed),
        Progress::Dialled(elapsed) => shard.time(timers.tcp, elapsed),
        Progress::Tunnelled(elapsed) => {
            if let Some(timer) = timers.proxy {
                shard.time(timer, elapsed);
            }
        }
        Progress::Secured { elapsed, is_resumed } => {
            shard.time(timers.tls, elapsed);
            shard.count(|counts| {
                counts.tls_handshakes += 1;
                counts.tls_resumed += u64::from(is_resumed);
            });
        }
        Progress::Answered(elapsed) => {
            is_answered.set(true);
            shard.time(timers.wait, elapsed);
        }
        Progress::Sent { body_bytes } => shard.count(|counts| {
            counts.http_requests += 1;
            counts.http_bytes_sent += body_bytes as u64;
        }),
        Progress::Received { body_bytes } => {
            shard.count(|counts| counts.http_bytes_received += body_bytes as u64);
        }
    };
    client.fetch(outgoing, &shard.network, request.user, &on).await.map_err(|failure| {
        // Behind a redirect it is another server that cannot be reached, and the target has done its part.
        let is_unreached = matches!(failure.kind, HttpFailureKind::Connect(_)) && !is_answered.get();
        if is_unreached && request.is_on_target() {
            Unanswered::Unreached(failure)
        } else {
            Unanswered::Failed(failure)
        }
    })
}

/// A path is one on the target.
fn url_of(text: &str, target: &Url) -> Result<Url, String> {
    let url = if text.starts_with('/') {
        target.with_path(text)
    } else if text.starts_with("http://") || text.starts_with("https://") {
        Url::parse(text)
    } else {
        return Err(format!("{text:?} is neither a path nor a URL"));
    };
    url.map_err(|error| error.to_string())
}

impl Driver {
    /// The answer to a request came, or none will.
    fn fetched(&mut self, answer: Result<Answer, Unanswered>) {
        match answer {
            Ok(answer) => {
                let headers = listed(&answer.headers);
                let body = match std::str::from_utf8(&answer.body) {
                    Ok(text) => Payload::Text(text),
                    Err(_) => Payload::Binary(&answer.body),
                };
                if self.is_watched() {
                    self.watch_answer(answer.status.as_u16(), body);
                }
                self.input(Input::Fetched(Response {
                    status: answer.status.as_u16(),
                    headers: &headers,
                    cookies: &answer.cookies,
                    body,
                    subprotocol: None,
                }));
            }
            Err(Unanswered::Unsendable(reason)) => {
                self.error(ErrorKind::Render, &format_args!("the request cannot be sent: {reason}"));
                self.input(Input::FetchFailed);
            }
            Err(Unanswered::Unreached(failure)) => self.fetch_unreached(kind_of(&failure.kind), &failure),
            Err(Unanswered::Failed(failure)) => {
                self.error(kind_of(&failure.kind), &failure);
                self.input(Input::FetchFailed);
            }
        }
    }

    /// The server has granted an upgrade: its cookies are taken, and the user is told.
    pub(super) fn upgraded(
        &mut self,
        link: LinkId,
        request: &ConnectRequest,
        headers: &HeaderMap,
        chosen: Option<&str>,
    ) {
        if request.pool.is_some() {
            // Its cookies are nobody's, as is the connection.
            return self.input(Input::Connected(link));
        }
        let target = self.wire.shard.target_of(request).clone();
        let cookies = self.wire.take_cookies(headers, &target);
        if !request.wants_answer {
            return self.input(Input::Connected(link));
        }
        self.answered(link, (101, chosen), headers, &cookies);
    }

    /// The server has refused an upgrade. Whether the user looks at that, so that it is no failure of its own.
    pub(super) fn refused(
        &mut self,
        link: LinkId,
        request: &ConnectRequest,
        failure: &net::ConnectFailure,
    ) -> bool {
        let net::ConnectFailureKind::UpgradeStatus { status, headers, .. } = &failure.kind else {
            return false;
        };
        let target = self.wire.shard.target_of(request).clone();
        let cookies = self.wire.take_cookies(headers, &target);
        if !request.takes_refusal {
            return false;
        }
        self.wire.shard.count(|counts| {
            counts.connections_attempted += 1;
            counts.connections_refused += 1;
        });
        if self.is_watched() {
            self.watch_connected(link, (*status, None), false);
        }
        self.answered(link, (*status, None), headers, &cookies);
        true
    }

    fn answered(
        &mut self,
        link: LinkId,
        (status, subprotocol): (u16, Option<&str>),
        headers: &HeaderMap,
        cookies: &[(String, String)],
    ) {
        let headers = listed(headers);
        let body = Payload::Text("");
        self.input(Input::Answered(link, Response { status, headers: &headers, cookies, body, subprotocol }));
    }
}

fn listed(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &net::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

fn kind_of(kind: &HttpFailureKind) -> ErrorKind {
    match kind {
        HttpFailureKind::Connect(kind) | HttpFailureKind::Exchange(kind) => connect_kind(kind),
        HttpFailureKind::Request(_) => ErrorKind::Render,
        HttpFailureKind::Closed => ErrorKind::ClosedByPeer { code: None },
        HttpFailureKind::BodyTooLong { .. } => ErrorKind::TooLarge,
        HttpFailureKind::Location { .. } => ErrorKind::Protocol,
    }
}
