//! What a user and its driver have to say where somebody watches. They ask first whether anybody does, which is all that it
//! costs where nobody does: the rest is kept out of their way.

use std::fmt;
use std::time::Duration;

use super::super::driver::Driver;

use super::super::wire::Wire;
use super::{bytes_of, words};
use crate::drive::place_index;
use crate::machine::{ConnectRequest, DeliveryEvent, Event, FetchRequest, Input, Payload, Taker};
use crate::metrics::{ErrorKind, format_duration};
use crate::net;
use crate::program::{BodyKind, LinkId, Secrets, SlotId, StateId, TimerId, Value};

impl Wire {
    /// Something happened where the user is.
    #[cold]
    pub(in super::super) fn watch(&self, what: &str) {
        if let Some(tracer) = &self.tracer {
            tracer.say(self.now, what);
        }
    }

    /// Something happened on a connection.
    #[cold]
    pub(in super::super) fn watch_on(&self, link: LinkId, what: &str) {
        let what = self.secrets().hide(what, false);
        self.watch(&self.on(link, &what));
    }

    #[cold]
    pub(in super::super) fn watch_step(&mut self, at: StateId) {
        if let Some(tracer) = &mut self.tracer {
            tracer.stepped(self.now, at, &self.shard.setting.program);
        }
    }

    #[cold]
    pub(in super::super) fn watch_match(&mut self, by: Taker, message: Payload<'_>) {
        if let Some(tracer) = &mut self.tracer {
            tracer.matched(self.now, by, message, &self.shard.setting.program);
        }
    }

    #[cold]
    pub(in super::super) fn watch_slot(&self, slot: SlotId, value: &Value) {
        if let Some(tracer) = &self.tracer {
            tracer.filled(self.now, slot, value, &self.shard.setting.program);
        }
    }

    #[cold]
    pub(in super::super) fn watch_time(&self, timer: TimerId, elapsed: Duration) {
        let timer = &self.shard.setting.program.timers[timer.index()];
        self.watch(&format!("{timer} {}", format_duration(elapsed)));
    }

    #[cold]
    pub(in super::super) fn watch_event(&mut self, event: Event) {
        if let (Event::IterationEnded { .. }, Some(tracer)) = (event, &mut self.tracer) {
            tracer.forget_step();
        }
        if let Some(words) = words::event(event) {
            self.watch(&words);
        }
    }

    #[cold]
    pub(in super::super) fn watch_delivery(&self, event: DeliveryEvent<'_>) {
        if let Some(words) = words::delivery(event, &self.shard.setting.program) {
            self.watch(&words);
        }
    }

    /// The last message went out.
    #[cold]
    pub(in super::super) fn watch_sent(&self, link: LinkId) {
        if let Some(frame) = self.recent.last(self.secrets()) {
            let kind = if frame.is_binary { "binary" } else { "text" };
            let sent = format!("> {kind} {} B {}", frame.bytes, frame.payload);
            self.watch(&self.on(link, sent.trim_end()));
        }
    }

    /// A connection is asked for.
    #[cold]
    pub(in super::super) fn watch_connect(&mut self, link: LinkId, request: &ConnectRequest) {
        let target = self.shard.target_of(request);
        let path = request.path.as_deref().unwrap_or_default();
        let url = match target.with_path(path) {
            _ if path.is_empty() => target.to_string(),
            Ok(url) => url.to_string(),
            Err(_) => format!("{target} and {path}"),
        };
        let url = self.secrets().hide(&url, false);
        let offered = request.subprotocols.join(", ");
        let offers = if offered.is_empty() { String::new() } else { format!(", offers {offered}") };
        let what = self.on(link, &format!("connect {url}{offers}"));
        let place = place_index(&self.shard.setting.program, request.place);
        if let Some(tracer) = &mut self.tracer {
            tracer.asked(self.now, place, what);
        }
    }

    /// An answer over HTTP is asked for.
    #[cold]
    pub(in super::super) fn watch_fetch(&mut self, request: &FetchRequest) {
        let origin = match self.shard.targets.get(request.target) {
            Some(target) if request.url.starts_with('/') => target.http_origin(),
            _ => String::new(),
        };
        let url = self.secrets().hide(&format!("{origin}{}", request.url), false);
        let body = bytes_of("body", body_of(&request.body), self.secrets());
        let body = if request.body.is_empty() { String::new() } else { format!(", {body}") };
        let place = place_index(&self.shard.setting.program, request.place);
        if let Some(tracer) = &mut self.tracer {
            tracer.asked(self.now, place, format!("http {} {url}{body}", request.method));
        }
    }

    #[cold]
    pub(in super::super) fn watch_failure(&self, place: u32, kind: ErrorKind, detail: &dyn fmt::Display) {
        if let Some(tracer) = &self.tracer {
            let detail = self.secrets().hide(&detail.to_string(), false);
            tracer.say_of(self.now, place, format!("failed: {kind}: {detail}"));
        }
    }

    /// With the name of the connection before it, where the user may have several.
    fn on(&self, link: LinkId, what: &str) -> String {
        self.name_of(link).map_or_else(|| what.to_owned(), |name| format!("{name} {what}"))
    }

    fn secrets(&self) -> &Secrets {
        &self.shard.setting.program.secrets
    }
}

fn body_of(bytes: &[u8]) -> (BodyKind, &[u8]) {
    let kind = if std::str::from_utf8(bytes).is_ok() { BodyKind::Text } else { BodyKind::Binary };
    (kind, bytes)
}

impl Driver {
    /// Whether anybody watches.
    #[inline]
    pub(in super::super) fn is_watched(&self) -> bool {
        self.wire.tracer.is_some()
    }

    /// The user is told something new, at a time.
    fn is_told(&mut self, at: Duration) {
        self.wire.now = at;
        if let Some(tracer) = &mut self.wire.tracer {
            tracer.is_told();
        }
    }

    /// The user is told something from outside.
    #[cold]
    pub(in super::super) fn watch_input(&mut self, at: Duration, input: &Input<'_>) {
        self.is_told(at);
        let words = match input {
            Input::Stop => "is told to finish the step and leave",
            Input::Abort => "is made to leave",
            Input::Released => "enough users are at the barrier",
            Input::GivenBack(_) => "the connection is the pool's again",
            _ => return,
        };
        if !self.is_done() {
            self.wire.watch(words);
        }
    }

    /// A connection stands, or was refused.
    #[cold]
    pub(in super::super) fn watch_connected(
        &mut self,
        link: LinkId,
        (status, subprotocol): (u16, Option<&str>),
        is_deflated: bool,
    ) {
        let chosen = subprotocol.map(|name| format!(", subprotocol {name}")).unwrap_or_default();
        let deflated = if is_deflated { ", compressed" } else { "" };
        let did = if status == 101 { "connected" } else { "refused" };
        let within = self.since_asked();
        self.wire.watch_on(link, &format!("{did} after {within}: {status}{chosen}{deflated}"));
    }

    /// An answer came over HTTP.
    #[cold]
    pub(in super::super) fn watch_answer(&mut self, status: u16, body: Payload<'_>) {
        let within = self.since_asked();
        let body = bytes_of("body", (body.kind(), body.bytes()), &self.wire.shard.setting.program.secrets);
        self.wire.watch(&format!("answered after {within}: {status}, {body}"));
    }

    /// How long ago the last connection or answer was asked for; it has come now.
    fn since_asked(&mut self) -> String {
        self.is_told(self.wire.shard.now());
        let since = self.wire.tracer.as_ref().map(|tracer| tracer.since_asked(self.wire.now));
        format_duration(since.unwrap_or_default())
    }

    /// A message, as it came.
    #[cold]
    pub(in super::super) fn watch_incoming(&mut self, at: Duration, link: LinkId, payload: Payload<'_>) {
        let kind = if payload.kind() == BodyKind::Binary { "binary" } else { "text" };
        let secrets = &self.wire.shard.setting.program.secrets;
        let shown = bytes_of(kind, (payload.kind(), payload.bytes()), secrets);
        self.is_told(at);
        self.wire.watch(&self.wire.on(link, &format!("< {shown}")));
    }

    /// Something came that is no message.
    #[cold]
    pub(in super::super) fn watch_control(&mut self, at: Duration, link: LinkId, event: &net::Event<'_>) {
        self.is_told(at);
        let came = match *event {
            // These are told of as the messages that they are.
            net::Event::Text(_) | net::Event::Binary(_) => return,
            net::Event::Ping(payload) => format!("< ping {:?}, answered", String::from_utf8_lossy(payload)),
            net::Event::Pong(payload) => format!("< pong {:?}", String::from_utf8_lossy(payload)),
            net::Event::Close { code: None, .. } => "< close without a code".to_owned(),
            net::Event::Close { code: Some(code), reason } => format!("< close {code} {reason}"),
        };
        self.wire.watch_on(link, came.trim_end());
    }

    /// Something happened on a connection just now.
    #[cold]
    pub(in super::super) fn watch_on(&mut self, link: LinkId, what: &str) {
        self.is_told(self.wire.shard.now());
        self.wire.watch_on(link, what);
    }
}
