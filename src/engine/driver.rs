//! One user and its connections' writing halves: inputs go to the machine, and what it says is done at once.

mod arrival;

use std::any::Any;
use std::io;
use std::rc::Rc;
use std::task::Waker;
use std::time::{Duration, Instant};

use super::failure::read_kind;
use super::frames::{payload, say};
use super::half::Goodbye;
use super::shard::Shard;
use super::trace::Subject;
use super::wire::{Errand, Who, Wire};
use crate::codec::{Decoded, Fault, Frame};
use crate::drive::place_index;
use crate::machine::{
    ConnectRequest, Delivery, DeliveryEvent, Disconnect, Input, Output, Payload, Unanswered, User,
};
use crate::metrics::ErrorKind;
use crate::net::{self, Flush, ReadFailure, RequestError, UpgradeRequest, Writer};
use crate::program::{LinkId, SlotId, Value};

/// How often a user may go on sending before the others get a turn.
const FLUSHES_A_TURN: usize = 16;
/// How a connection is closed that ended without a Close frame (RFC 6455 section 7.1.5).
const ABNORMAL_CLOSURE: Disconnect<'_> = Disconnect::ByPeer { code: 1006, reason: "" };
/// The close code of one that was told what it does not understand (RFC 6455 section 7.4.1).
const PROTOCOL_ERROR: u16 = 1002;
/// The close code of a Close frame without one (RFC 6455 section 7.1.5).
const NO_STATUS: u16 = 1005;

/// One user and what it needs to act.
pub(super) struct Driver {
    user: User,
    pub(super) wire: Wire,
    /// Of the task that drives this user, for inputs that come from elsewhere.
    waker: Option<Waker>,
    /// Whether it panicked: the user is left as it was.
    is_dead: bool,
}

impl Driver {
    /// One of the load's users.
    pub(super) fn new(shard: Rc<Shard>, user: User) -> Self {
        let (number, generation) = user.identity();
        Self::of(shard, user, Some(number), Subject::User { number, generation })
    }

    /// Who does what is done once a run.
    pub(super) fn once(shard: Rc<Shard>, user: User, subject: Subject) -> Self {
        Self::of(shard, user, None, subject)
    }

    fn of(shard: Rc<Shard>, user: User, number: Option<u64>, subject: Subject) -> Self {
        let who = Who { number, scenario: user.scenario_index() };
        let wire = Wire::new(shard, (who, subject), user.link_count());
        Self { user, wire, waker: None, is_dead: false }
    }

    pub(super) fn is_done(&self) -> bool {
        self.is_dead || self.user.is_done()
    }

    /// Whether a panic has ended it.
    pub(super) fn is_dead(&self) -> bool {
        self.is_dead
    }

    /// Counts a panic amid an input as our bug. The user is gone, wherever it was, and so are its connections.
    pub(super) fn bury(&mut self, panic: &(dyn Any + Send)) {
        self.is_dead = true;
        self.wire.links().for_each(|link| self.wire.half_mut(link).dropped());
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        self.wire.shard.recorder.borrow_mut().error(ErrorKind::Internal, None, || {
            format!("a user panicked: {}", text.unwrap_or("without a message"))
        });
        if !self.user.is_done() {
            let (user, generation) = self.user.identity();
            let at = self.wire.shard.now();
            self.wire.delivery(Delivery { at, user, generation, event: DeliveryEvent::Gone });
            self.wire.finished(true);
        }
        self.wake();
    }

    /// The values in some slots, where there are any.
    pub(super) fn values(&self, slots: &[SlotId]) -> Vec<(SlotId, Value)> {
        slots.iter().filter_map(|slot| Some((*slot, self.user.value(*slot)?.clone()))).collect()
    }

    /// How many rounds of rows users with this one's number have taken.
    pub(super) fn rounds_taken(&self) -> u64 {
        self.user.rounds_taken()
    }

    /// Which of all the run's users it is.
    pub(super) fn user_number(&self) -> u64 {
        self.user.identity().0
    }

    /// What the user waits for, and for how long it has.
    pub(super) fn unanswered(&self, now: Duration, tell: &mut impl FnMut(Unanswered, Duration)) {
        if self.is_done() {
            return;
        }
        self.user.unanswered(now, &mut |one| {
            let since = one.since.unwrap_or_else(|| self.wire.half(self.user.present_link()).asked_at);
            tell(one, now.saturating_sub(since));
        });
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        self.user.deadline()
    }

    /// Whether the deadline is one of a schedule, where there is one.
    pub(super) fn is_paced(&self) -> bool {
        self.user.is_paced()
    }

    /// The deadline, where it is one of a schedule, which is to be kept as exactly as can be.
    pub(super) fn paced_deadline(&self) -> Option<Duration> {
        self.user.deadline().filter(|_| self.user.is_paced())
    }

    /// The user's connections, whether they are open or not.
    pub(super) fn links(&self) -> impl Iterator<Item = LinkId> + Clone + use<> {
        self.wire.links()
    }

    /// The connection that the user asked for last.
    pub(super) fn take_request(&mut self, link: LinkId) -> Option<Box<ConnectRequest>> {
        let now = self.wire.shard.now();
        let half = self.wire.half_mut(link);
        let request = half.request.take()?;
        half.asked_at = now;
        Some(request)
    }

    /// What the user wants done that has not been begun: a connection, or an errand.
    pub(super) fn has_wishes(&self) -> bool {
        let is_wanted = |link| self.wire.half(link).request.is_some();
        !self.is_done() && (self.wire.links().any(is_wanted) || self.wire.errand.is_some())
    }

    pub(super) fn upgrade_request(&self, request: &ConnectRequest) -> Result<UpgradeRequest, RequestError> {
        self.wire.upgrade_request(request)
    }

    pub(super) fn take_errand(&mut self) -> Option<Errand> {
        self.wire.errand.take()
    }

    /// Whether nobody waits any more for what an errand comes to.
    pub(super) fn gave_up_errand(&self) -> bool {
        self.is_done() || self.wire.is_errand_fetch && !self.user.is_fetching()
    }

    /// Whether a time since the run's start is past.
    pub(super) fn has_come(&self, deadline: Duration) -> bool {
        self.wire.shard.now() >= deadline
    }

    /// Whether the user has given up a connection, or an attempt at one.
    pub(super) fn is_aborted(&self, link: LinkId) -> bool {
        self.wire.half(link).is_aborted
    }

    /// Whether the user has no more use for a connection that stands.
    pub(super) fn is_over(&self, link: LinkId) -> bool {
        let half = self.wire.half(link);
        half.is_aborted || half.request.is_some() || self.is_done()
    }

    /// Whether the user has left with a Close that the server has not answered yet.
    pub(super) fn is_parting(&self, link: LinkId) -> bool {
        let half = self.wire.half(link);
        half.writer.is_some() && half.has_closed && !half.is_aborted
    }

    /// The writer of a connection, where it waits for the kernel to take more.
    pub(super) fn blocked_writer(&self, link: LinkId) -> Option<&Writer> {
        self.wire.half(link).blocked_writer()
    }

    pub(super) fn remember(&mut self, waker: &Waker) {
        if !self.waker.as_ref().is_some_and(|known| known.will_wake(waker)) {
            self.waker = Some(waker.clone());
        }
    }

    /// An input from outside the user's own task, which is then woken to see what has changed.
    pub(super) fn interrupt(&mut self, input: Input<'_>) {
        if self.is_dead {
            return;
        }
        self.input(input);
        self.wake();
    }

    /// Has the user's task look at what has changed.
    pub(super) fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }

    pub(super) fn input(&mut self, input: Input<'_>) {
        let at = self.wire.shard.now();
        if self.is_watched() {
            self.watch_input(at, &input);
        }
        self.handle(at, input);
        self.flush();
    }

    #[inline]
    fn handle(&mut self, at: Duration, input: Input<'_>) {
        self.wire.now = at;
        self.user.handle(at, input, &mut self.wire);
    }

    pub(super) fn error(&self, kind: ErrorKind, detail: &dyn std::fmt::Display) {
        let shard = &self.wire.shard;
        let place = place_index(&shard.setting.program, self.user.place());
        if self.is_watched() {
            self.wire.watch_failure(place, kind, detail);
        }
        shard.recorder.borrow_mut().error_of(kind, Some(place), || self.wire.sample_of(detail));
    }

    /// Something came in. Control frames are answered here, in every state of the user.
    ///
    /// # Errors
    ///
    /// A frame that the plan's protocol does not have: the connection is of no more use.
    pub(super) fn incoming(&mut self, link: LinkId, incoming: &net::Incoming<'_>) -> Result<(), Fault> {
        let at = self.wire.shard.at(incoming.at);
        if self.is_watched() {
            self.watch_control(at, link, &incoming.event);
        }
        match incoming.event {
            net::Event::Text(text) => {
                return self.frame(at, link, (Frame::Text(text), incoming.deflated_bytes));
            }
            net::Event::Binary(bytes) => {
                return self.frame(at, link, (Frame::Binary(bytes), incoming.deflated_bytes));
            }
            net::Event::Ping(payload) => {
                if let Some(writer) = &mut self.wire.half_mut(link).writer {
                    // Behind a Close nothing may follow, and the peer expects nothing.
                    let _ = writer.pong(payload);
                }
                self.hold_back(link);
            }
            net::Event::Pong(payload) => {
                self.handle(at, Input::Pong(link, payload));
                self.hold_back(link);
            }
            net::Event::Close { code, reason } => {
                let goodbye = Goodbye { code: code.unwrap_or(NO_STATUS), reason: reason.to_owned() };
                if !self.wire.half(link).has_closed {
                    self.wire.shard.count(|counts| counts.connections_closed_by_peer += 1);
                }
                let half = self.wire.half_mut(link);
                half.close = Some(Box::new(goodbye));
                half.queue_close(code, "");
                self.flush();
            }
        }
        Ok(())
    }

    /// What may be a message as it stands, or have to be decoded first.
    fn frame(
        &mut self,
        at: Duration,
        link: LinkId,
        (frame, deflated_bytes): (Frame<'_>, Option<u64>),
    ) -> Result<(), Fault> {
        let frame_bytes = frame.bytes().len();
        if let Some(frame) = self.wire.half(link).codec.as_is(frame) {
            self.wire.shard.count_received(frame_bytes, deflated_bytes, 1);
            self.message(at, link, payload(frame));
            return Ok(());
        }
        let decoded = self.wire.half_mut(link).codec.decode(frame)?;
        let is_message = |decoded: &&Decoded<'_>| matches!(decoded, Decoded::Message(_));
        self.wire.shard.count_received(
            frame_bytes,
            deflated_bytes,
            decoded.iter().filter(is_message).count() as u64,
        );
        for decoded in decoded {
            match decoded {
                Decoded::Message(content) => self.message(at, link, payload(content.as_frame())),
                Decoded::Say(content) => {
                    if let Some(writer) = &mut self.wire.half_mut(link).writer {
                        say(writer, &content);
                    }
                    self.hold_back(link);
                }
                Decoded::Opened => {}
            }
        }
        Ok(())
    }

    #[inline]
    fn message(&mut self, at: Duration, link: LinkId, payload: Payload<'_>) {
        self.wire.recent.came(at, link, payload);
        if self.is_watched() {
            self.watch_incoming(at, link, payload);
        }
        self.handle(at, Input::Message(link, payload));
        self.hold_back(link);
    }

    /// What the messages of one read lead to goes out in one write: whoever reads calls [`Driver::flush`] when nothing
    /// more is there. Where much is, the first answer does not wait for the last.
    fn hold_back(&mut self, link: LinkId) {
        if self.wire.half_mut(link).holds_enough() {
            self.flush();
        }
    }

    /// Whether the server has sent its Close frame. Nothing more comes, and the user is told when TCP has ended.
    pub(super) fn has_close(&self, link: LinkId) -> bool {
        self.wire.half(link).close.is_some()
    }

    /// Whether the server has sent its Close frame on the connection that the user is at.
    pub(super) fn awaits_end(&self) -> bool {
        self.has_close(self.user.present_link())
    }

    /// Reading came to its end, in this way, or because the server did not close TCP after its Close frame.
    pub(super) fn reading_ended(&mut self, link: LinkId, failure: Option<&ReadFailure>) {
        self.flush();
        let close = self.wire.half_mut(link).close.take();
        let how = match (close.as_deref(), failure) {
            // What may not stand behind a Close frame.
            (Some(_), Some(failure @ ReadFailure::Protocol(_))) => {
                self.error(read_kind(failure), failure);
                Disconnect::Broken
            }
            // However TCP ends behind a Close frame, the connection is closed.
            (Some(Goodbye { code, reason }), _) => Disconnect::ByPeer { code: *code, reason },
            (None, failure) => self.ended_without_close(link, failure.unwrap_or(&ReadFailure::Eof)),
        };
        self.wire.half_mut(link).ended();
        if self.is_watched() {
            let has_closed = close.is_some();
            self.watch_on(
                link,
                if has_closed { "the connection is closed" } else { "the connection has ended" },
            );
        }
        self.input(Input::Disconnected(link, how));
    }

    fn ended_without_close(&mut self, link: LinkId, failure: &ReadFailure) -> Disconnect<'static> {
        let half = self.wire.half_mut(link);
        let was_reset = half.write_error.is_some_and(|kind| kind != io::ErrorKind::WriteZero);
        // A write that failed has taken the reset away from the read, which then only sees the end.
        let failure = if was_reset && *failure == ReadFailure::Eof { &ReadFailure::Reset } else { failure };
        match failure {
            ReadFailure::Eof | ReadFailure::Reset if half.has_closed => {
                return ABNORMAL_CLOSURE;
            }
            ReadFailure::Eof | ReadFailure::Reset => {
                self.wire.shard.count(|counts| counts.connections_closed_by_peer += 1);
            }
            ReadFailure::Protocol(violation) => {
                half.queue_close(Some(violation.close_code()), "");
                self.flush();
            }
            ReadFailure::Undecodable { .. } => {
                half.queue_close(Some(PROTOCOL_ERROR), "");
                self.flush();
            }
            ReadFailure::Io { .. } | ReadFailure::Tls { .. } => {}
        }
        if *failure == ReadFailure::Eof {
            return ABNORMAL_CLOSURE;
        }
        // That a rule was broken is told whatever follows from it.
        if matches!(failure, ReadFailure::Protocol(_)) || !self.user.bears_loss_of(link) {
            self.error(read_kind(failure), failure);
        }
        Disconnect::Broken
    }

    /// Drops what is left of a connection that the user has given up.
    pub(super) fn drop_connection(&mut self, link: LinkId) {
        self.wire.half_mut(link).dropped();
    }

    /// Hands what is queued to the kernel, of all connections.
    pub(super) fn flush(&mut self) {
        for link in self.wire.links() {
            self.flush_half(link);
        }
    }

    /// Hands what is queued to the kernel, tells the user when it began to leave, and goes on with what it queues
    /// then, for some rounds: a user that always has more to send must not keep the others waiting.
    fn flush_half(&mut self, link: LinkId) {
        let Self { user, wire, .. } = self;
        wire.half_mut(link).held_count = 0;
        for _ in 0..FLUSHES_A_TURN {
            let half = wire.half_mut(link);
            let Some(writer) = &mut half.writer else { return };
            if writer.queued_bytes() == 0 {
                return;
            }
            let outcome = writer.try_flush();
            let taken_bytes = writer.taken_bytes();
            wire.count_sent(link, taken_bytes);
            let half = wire.half_mut(link);
            let flushed = match outcome {
                Ok(flushed) => flushed,
                Err(error) => {
                    // The reading half tells how the connection ended.
                    half.write_error = Some(error.kind());
                    half.writer = None;
                    return;
                }
            };
            half.is_blocked = flushed.flush == Flush::Blocked;
            let is_blocked = half.is_blocked;
            let Some(began) = flushed.began else { return };
            wire.shard.count(|counts| counts.writes += 1);
            let at = wire.shard.at(began);
            wire.now = at;
            user.handle(at, Input::Sent(link), wire);
            if is_blocked {
                return;
            }
        }
    }

    /// Whether anything waits for the kernel.
    pub(super) fn has_queued(&self, link: LinkId) -> bool {
        self.wire.half(link).queued_bytes() > 0
    }

    /// Whether so much waits for the kernel that nothing more is read.
    pub(super) fn is_congested(&self, link: LinkId) -> bool {
        self.wire.half(link).is_congested()
    }

    /// A time since the run's start, on the system's clock.
    pub(super) fn instant(&self, at: Duration) -> Instant {
        self.wire.shard.instant(at)
    }

    pub(super) fn shard(&self) -> Rc<Shard> {
        Rc::clone(&self.wire.shard)
    }
}
