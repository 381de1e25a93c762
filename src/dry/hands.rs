//! What a user wants done: what is only counted is counted, what takes time or others is kept as wishes.

use std::time::Duration;

use super::Peer;
use super::made::{Made, Unmade, Uses};
use super::person::{Connection, ConnectionState};
use super::replies;
use super::tally::Tally;
use crate::codec::Outlet;
use crate::drive::{count, error_kind, place_index};
use crate::machine::{
    ConnectRequest, Delivery, Event, Failure, FetchRequest, Output, Payload, Place, RenderFailure, Rng,
    Scope, Unused,
};
use crate::program::{BarrierId, BodyKind, LinkId, Program, StateId, TimerId, Value};

/// What is to be done for a user.
pub(super) enum Wish {
    Connect(LinkId, Box<ConnectRequest>),
    Fetch(Box<FetchRequest>),
    /// A Ping that is to be answered.
    Pong(LinkId, Box<[u8]>),
    /// The reply to a request of a state.
    Reply(LinkId, StateId, Result<Made, Unmade>),
    Close(LinkId, u16),
    GiveBack(LinkId),
    Abort(LinkId),
    Arrive(BarrierId),
    Depart,
    StopRun,
    IterationEnded,
}

/// What users work with.
pub(super) struct Tools<'w> {
    pub(super) program: &'w Program,
    pub(super) uses: &'w Uses<'w>,
    pub(super) peer: Peer,
    pub(super) epoch: Duration,
    pub(super) tally: &'w mut Tally,
    pub(super) wishes: &'w mut Vec<Wish>,
    /// For what is made up.
    pub(super) rng: &'w mut Rng,
    pub(super) buffer: &'w mut Vec<u8>,
}

/// One user's hands at a time.
pub(super) struct Hands<'w> {
    pub(super) tools: Tools<'w>,
    pub(super) now: Duration,
    pub(super) users: u64,
    pub(super) connections: &'w mut [Connection],
    /// The message that was queued last, until it is told where it came from.
    pub(super) queued: Option<(LinkId, usize)>,
}

/// Where the frames of a message go.
struct Frames<'f> {
    buffer: &'f mut Vec<u8>,
    payload_bytes: usize,
    tally: &'f mut Tally,
    users: u64,
}

impl Outlet for Frames<'_> {
    fn frame<E>(&mut self, _: BodyKind, render: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        self.buffer.clear();
        render(self.buffer)?;
        self.payload_bytes += self.buffer.len();
        self.tally.frame_sent(self.users, self.buffer.len());
        Ok(())
    }
}

impl Output for Hands<'_> {
    fn connect(&mut self, link: LinkId, request: ConnectRequest) {
        self.tools.wishes.push(Wish::Connect(link, Box::new(request)));
    }

    fn fetch(&mut self, request: FetchRequest) {
        self.tools.wishes.push(Wish::Fetch(Box::new(request)));
    }

    fn send(
        &mut self,
        link: LinkId,
        kind: BodyKind,
        render: impl FnOnce(&mut Vec<u8>) -> Result<(), RenderFailure>,
    ) -> Result<(), RenderFailure> {
        let connection = &mut self.connections[link.index()];
        if connection.state != ConnectionState::Open || connection.is_closing {
            return Ok(());
        }
        let Tools { tally, buffer, .. } = &mut self.tools;
        let mut frames = Frames { buffer, payload_bytes: 0, tally, users: self.users };
        connection.codec.encode(kind, render, &mut frames)?;
        let payload_bytes = frames.payload_bytes;
        connection.has_queued = true;
        tally.sent(self.users, payload_bytes);
        self.queued = Some((link, payload_bytes));
        Ok(())
    }

    fn queued(&mut self, place: Place, values: &[Value]) {
        let Some((link, payload_bytes)) = self.queued.take() else { return };
        let Tools { program, uses, peer, epoch, tally, wishes, rng, .. } = &mut self.tools;
        let sends = tally.sends.entry(place_index(program, place)).or_default();
        sends.message_count += self.users;
        sends.payload_bytes += payload_bytes as u64 * self.users;
        if let (Place::State(state), Peer::Obliging) = (place, peer) {
            let mut scope = Scope { slots: values, now: self.now, epoch: *epoch, rng };
            if let Some(made) = replies::reply_to((program, uses), state, &mut scope) {
                wishes.push(Wish::Reply(link, state, made));
            }
        }
    }

    fn ping(&mut self, link: LinkId, payload: &[u8]) {
        self.connections[link.index()].has_queued = true;
        self.tools.tally.frame_sent(self.users, payload.len());
        self.tools.wishes.push(Wish::Pong(link, payload.into()));
    }

    fn is_writable(&self, _: LinkId) -> bool {
        true
    }

    fn close(&mut self, link: LinkId, code: u16, reason: &str) {
        let connection = &mut self.connections[link.index()];
        if connection.state == ConnectionState::Open && !std::mem::replace(&mut connection.is_closing, true) {
            self.tools.tally.frame_sent(self.users, 2 + reason.len());
            self.tools.wishes.push(Wish::Close(link, code));
        }
    }

    fn give_back(&mut self, link: LinkId) {
        self.tools.wishes.push(Wish::GiveBack(link));
    }

    fn abort(&mut self, link: LinkId) {
        self.tools.wishes.push(Wish::Abort(link));
    }

    // How long things take is the made-up server's doing.
    fn time(&mut self, _: TimerId, _: Duration) {}

    fn count(&mut self, event: Event) {
        count(event, self.users, &mut self.tools.tally.counts);
        if matches!(event, Event::IterationEnded { .. }) {
            self.tools.tally.timeline.present().iterations += self.users;
            self.tools.wishes.push(Wish::IterationEnded);
        }
    }

    fn sample(&mut self, _: Unused, _: Payload<'_>) {}

    fn delivery(&mut self, _: Delivery<'_>) {}

    fn fail(&mut self, failure: Failure<'_>) {
        let place = place_index(self.tools.program, failure.place);
        let sample = || failure.detail.to_string();
        self.tools.tally.error(self.users, error_kind(failure.kind), place, sample);
    }

    fn arrive(&mut self, barrier: BarrierId) {
        self.tools.wishes.push(Wish::Arrive(barrier));
    }

    fn depart(&mut self) {
        self.tools.wishes.push(Wish::Depart);
    }

    fn stop_run(&mut self) {
        self.tools.wishes.push(Wish::StopRun);
    }

    fn log(&mut self, _: String) {}

    fn finished(&mut self, failed: bool) {
        self.tools.tally.user_left(self.users, failed);
    }
}
