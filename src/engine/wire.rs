//! Where the machine's wishes come true: what a user sends goes to its connections, what it counts and times to the
//! recorder of its thread.

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use super::driver::Driver;
use super::frames::Frames;
use super::half::Half;
use super::recent::Recent;
use super::shard::Shard;
use super::trace::{Subject, Tracer};
use crate::drive::{self, error_kind, place_index};
use crate::machine::{
    ConnectRequest, Delivery, Event, Failure, FailureKind, FetchRequest, Input, Output, Payload,
    RenderFailure, Taker, Unused,
};
use crate::metrics::{Context, Sample, UserEnd};
use crate::net;
use crate::net::http::Client;
use crate::program::{BarrierId, BodyKind, LinkId, SlotId, StateId, TimerId, Value};

/// What a user does that is neither a connection nor a wait: polled beside them, and dropped with the user. What it comes
/// to is done with the user's driver.
pub(super) type Errand = Pin<Box<dyn Future<Output = Box<dyn FnOnce(&mut Driver)>>>>;

/// What a user acts with: its connections and its thread's figures.
pub(super) struct Wire {
    pub(super) shard: Rc<Shard>,
    first: Half,
    /// Those of users that may have more than one.
    further: Option<Box<[Half]>>,
    /// One that nobody has begun.
    pub(super) errand: Option<Errand>,
    /// Whether the last one is a request over HTTP.
    pub(super) is_errand_fetch: bool,
    /// What the user keeps between its requests over HTTP; until the iteration ends.
    pub(super) client: Option<Rc<Client>>,
    who: Who,
    /// When the present input came.
    pub(super) now: Duration,
    /// What it sent and received last.
    pub(super) recent: Recent,
    /// Where it is watched.
    pub(super) tracer: Option<Box<Tracer>>,
}

/// Whose connections they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Who {
    /// The user's number; `None` of who does what is done once a run.
    pub(super) number: Option<u64>,
    /// Which of the program's scenarios it runs.
    pub(super) scenario: usize,
}

impl Wire {
    /// For a user with so many connections.
    pub(super) fn new(shard: Rc<Shard>, (who, subject): (Who, Subject), link_count: usize) -> Self {
        let tracer = shard.trace.as_ref().and_then(|trace| trace.tracer(subject));
        let further = (link_count > 1).then(|| (1..link_count).map(|_| Half::default()).collect());
        Self {
            shard,
            first: Half::default(),
            further,
            errand: None,
            is_errand_fetch: false,
            client: None,
            who,
            now: Duration::ZERO,
            recent: Recent::default(),
            tracer,
        }
    }

    pub(super) fn half(&self, link: LinkId) -> &Half {
        match &self.further {
            Some(further) if link != LinkId::FIRST => &further[link.index() - 1],
            _ => &self.first,
        }
    }

    pub(super) fn half_mut(&mut self, link: LinkId) -> &mut Half {
        half_of(&mut self.first, &mut self.further, link)
    }

    /// The kernel has taken so many bytes since a connection was made.
    pub(super) fn count_sent(&mut self, link: LinkId, taken_bytes: u64) {
        half_of(&mut self.first, &mut self.further, link).count_sent(taken_bytes, &self.shard);
    }

    /// All of them, whether they are connected or not.
    pub(super) fn links(&self) -> impl Iterator<Item = LinkId> + Clone + use<> {
        (0..=self.further.as_ref().map_or(0, |further| further.len())).map(LinkId::new)
    }

    /// What is kept of an error that is the first of its kind and place.
    pub(super) fn sample_of(&self, detail: &dyn fmt::Display) -> Sample {
        let program = &self.shard.setting.program;
        let name_of = |link| self.name_of(link).map(str::to_owned);
        let last_frames = self.recent.listed(&program.secrets, name_of);
        Sample { text: detail.to_string(), context: Context { user: self.who.number, last_frames } }
    }

    /// What a connection is called, where the user may have several.
    pub(super) fn name_of(&self, link: LinkId) -> Option<&str> {
        let links = &self.shard.setting.program.scenarios.get(self.who.scenario)?.links;
        links.get(link.index()).filter(|_| links.len() > 1)?.name.as_deref()
    }
}

/// A connection alone, so that what else the user has can be used beside it.
fn half_of<'h>(first: &'h mut Half, further: &'h mut Option<Box<[Half]>>, link: LinkId) -> &'h mut Half {
    match further {
        Some(further) if link != LinkId::FIRST => &mut further[link.index() - 1],
        _ => first,
    }
}

impl Output for Wire {
    fn connect(&mut self, link: LinkId, request: ConnectRequest) {
        if self.tracer.is_some() {
            self.watch_connect(link, &request);
        }
        // Counted as attempted when it is known how it went: what is given up on the way was neither made nor failed.
        self.half_mut(link).request = Some(Box::new(request));
    }

    fn fetch(&mut self, request: FetchRequest) {
        if self.tracer.is_some() {
            self.watch_fetch(&request);
        }
        self.errand = Some(self.errand_of(request));
        self.is_errand_fetch = true;
    }

    fn send(
        &mut self,
        link: LinkId,
        kind: BodyKind,
        render: impl FnOnce(&mut Vec<u8>) -> Result<(), RenderFailure>,
    ) -> Result<(), RenderFailure> {
        let half = half_of(&mut self.first, &mut self.further, link);
        let Some(writer) = &mut half.writer else { return Ok(()) };
        let mut frames = Frames::new(writer);
        let (recent, now) = (&mut self.recent, self.now);
        let render = |buffer: &mut Vec<u8>| {
            let before = buffer.len();
            render(buffer)?;
            recent.saw(now, link, true, (kind, &buffer[before..]));
            Ok(())
        };
        half.codec.encode(kind, render, &mut frames)?;
        let Some(net::Queued { payload_bytes, deflated_bytes }) = frames.queued else { return Ok(()) };
        half.queued(payload_bytes);
        if let Some(deflated_bytes) = deflated_bytes {
            self.shard.count(|counts| {
                counts.deflated_sent += 1;
                counts.deflate_bytes_sent += payload_bytes as u64;
                counts.deflate_compressed_sent += deflated_bytes as u64;
            });
        }
        if self.tracer.is_some() {
            self.watch_sent(link);
        }
        Ok(())
    }

    fn ping(&mut self, link: LinkId, payload: &[u8]) {
        if self.tracer.is_some() {
            self.watch_on(link, &format!("> ping {:?}", String::from_utf8_lossy(payload)));
        }
        if let Some(writer) = &mut self.half_mut(link).writer {
            // Behind a Close nothing may follow: the Pong does not come, and the connection ends.
            let _ = writer.ping(payload);
        }
    }

    fn is_writable(&self, link: LinkId) -> bool {
        self.half(link).is_writable()
    }

    fn close(&mut self, link: LinkId, code: u16, reason: &str) {
        if self.tracer.is_some() {
            self.watch_on(link, format!("> close {code} {reason}").trim_end());
        }
        self.half_mut(link).queue_close(Some(code), reason);
    }

    fn give_back(&mut self, link: LinkId) {
        self.half_mut(link).is_giving_back = true;
    }

    fn abort(&mut self, link: LinkId) {
        if self.tracer.is_some() {
            self.watch_on(link, "the connection is given up");
        }
        let half = self.half_mut(link);
        half.is_aborted = true;
        half.request = None;
    }

    fn time(&mut self, timer: TimerId, elapsed: Duration) {
        if self.tracer.is_some() {
            self.watch_time(timer, elapsed);
        }
        self.shard.time(timer, elapsed);
    }

    fn count(&mut self, event: Event) {
        // The next iteration is somebody else as far as a server can tell.
        if matches!(event, Event::IterationEnded { .. }) {
            self.client = None;
        }
        if self.tracer.is_some() {
            self.watch_event(event);
        }
        self.shard.count(|counts| drive::count(event, 1, counts));
    }

    fn sample(&mut self, unused: Unused, message: Payload<'_>) {
        let mut recorder = self.shard.recorder.borrow_mut();
        match unused {
            Unused::Unmatched => recorder.unmatched(|| message.to_string()),
            Unused::Dropped => recorder.dropped(|| message.to_string()),
        }
    }

    fn delivery(&mut self, delivery: Delivery<'_>) {
        if self.tracer.is_some() {
            self.watch_delivery(delivery.event);
        }
        self.shard.tell(delivery);
    }

    fn fail(&mut self, failure: Failure<'_>) {
        let place = place_index(&self.shard.setting.program, failure.place);
        let kind = error_kind(failure.kind);
        if self.tracer.is_some() {
            self.watch_failure(place, kind, failure.detail);
        }
        self.shard.recorder.borrow_mut().error_of(kind, Some(place), || self.sample_of(failure.detail));
        if failure.kind == FailureKind::Timeout {
            self.shard.timed_out(failure.place);
        }
    }

    fn arrive(&mut self, barrier: BarrierId) {
        let place = self.shard.barriers.arrive(barrier);
        self.is_errand_fetch = false;
        self.errand = Some(Box::pin(async move {
            place.opened().await;
            let released: Box<dyn FnOnce(&mut Driver)> = Box::new(|driver| driver.input(Input::Released));
            released
        }));
    }

    fn depart(&mut self) {
        // In the place of the wait, which is dropped.
        let nothing: Box<dyn FnOnce(&mut Driver)> = Box::new(|_| {});
        self.is_errand_fetch = false;
        self.errand = Some(Box::pin(std::future::ready(nothing)));
    }

    fn stop_run(&mut self) {
        if self.tracer.is_some() {
            self.watch("the run is told to end");
        }
        self.shard.control.finish();
    }

    fn log(&mut self, line: String) {
        if self.tracer.is_some() {
            // Said once is enough, and there it stands in its place.
            let line = self.shard.setting.program.secrets.hide(&line, false);
            self.watch(&format!("log: {line}"));
        } else {
            self.shard.log(line);
        }
    }

    fn finished(&mut self, failed: bool) {
        if self.tracer.is_some() {
            self.watch(if failed { "leaves, having failed" } else { "leaves" });
        }
        let end = if failed { UserEnd::Failed } else { UserEnd::Finished };
        self.shard.recorder.borrow_mut().user_left(end);
    }

    #[inline]
    fn stepped(&mut self, at: StateId) {
        if self.tracer.is_some() {
            self.watch_step(at);
        }
    }

    #[inline]
    fn matched(&mut self, by: Taker, message: Payload<'_>) {
        if self.tracer.is_some() {
            self.watch_match(by, message);
        }
    }

    #[inline]
    fn filled(&mut self, slot: SlotId, value: &Value) {
        if self.tracer.is_some() {
            self.watch_slot(slot, value);
        }
    }
}
