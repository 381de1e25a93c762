//! A virtual user: where it is, what it waits for, and what each input does to it.

mod ending;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rand::SeedableRng;

use super::data::Share;
use super::delivery::Publishing;
use super::detail::{Untaken, missing};
use super::failover::Failover;
use super::io::{Event, FailureKind, Input, Output, Place, Unused};
use super::link::Links;
use super::message::Payload;
use super::pace::Paced;
use super::pause;
use super::pending::Pending;
use super::phase::{AfterClose, Phase};
use super::reconnect::Revival;
use super::scope::{Rng, Scope};
use crate::program::{LinkId, Program, Scenario, SlotId, StateId, Unmatched, Value, builtin_slots};

/// How long a user waits for the answer to a Close that no step of the plan asked for.
pub(super) const PARTING: Duration = Duration::from_secs(2);

/// What all users of a run have in common.
#[derive(Debug, Clone)]
pub struct Setting {
    /// What they run.
    pub program: Arc<Program>,
    /// Unix time at the run's start, for `now_ms` and the like.
    pub epoch: Duration,
    /// Fixes every draw of every user.
    pub seed: u64,
    /// How many iterations each does; `None` goes on until it is stopped.
    pub iterations: Option<u64>,
}

/// One virtual user.
// Each of the flags is a fact of its own; none of them excludes another.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug)]
pub struct User {
    pub(super) setting: Rc<Setting>,
    pub(super) scenario: usize,
    pub(super) at: StateId,
    pub(super) phase: Phase,
    pub(super) links: Links,
    pub(super) slots: Box<[Value]>,
    /// For what the steps draw.
    pub(super) rng: Rng,
    /// For what the reactions draw: when they run depends on the server, and must not change what the steps draw.
    pub(super) reaction_rng: Rng,
    /// From the first paced loop on.
    pub(super) paced: Option<Box<Paced>>,
    /// From the first request on whose reply is known by a key.
    pub(super) pending: Option<Box<Pending>>,
    /// Which of the program's profiles it has, where there are any.
    profile: usize,
    /// Of users who take from data files.
    pub(super) share: Option<Box<Share>>,
    /// Of users who publish.
    pub(super) publishing: Option<Box<Publishing>>,
    /// Where there are several targets, from the first connect on.
    pub(super) failover: Option<Box<Failover>>,
    /// Where a connection has something to be done when it stands, or is to be opened again.
    pub(super) revival: Option<Box<Revival>>,
    correlation_count: u64,
    /// How many Pings its steps have sent.
    pub(super) ping_count: u32,
    /// How many users had this index before: one that left and comes back is another user.
    pub(super) generation: u32,
    iteration: u64,
    pub(super) is_stopping: bool,
    /// Whether anything failed in this iteration.
    iteration_failed: bool,
    /// Whether anything ever failed.
    has_failed: bool,
}

impl User {
    /// User number `index` of the run, of the given scenario; `generation` counts the users that had the number
    /// before. Both and the setting's seed fix all its draws.
    pub fn new(setting: Rc<Setting>, index: u64, generation: u32, scenario: usize) -> Self {
        let program = &setting.program;
        let slots = vec![Value::Unset; program.slots.len()].into_boxed_slice();
        let at = program.scenarios[scenario].entry;
        let links = Links::new(program.scenarios[scenario].links.len());
        let mut user = Self {
            setting,
            scenario,
            at,
            phase: Phase::Idle,
            links,
            slots,
            rng: Rng::seed_from_u64(0),
            reaction_rng: Rng::seed_from_u64(0),
            paced: None,
            pending: None,
            profile: 0,
            share: None,
            publishing: None,
            failover: None,
            revival: None,
            correlation_count: 0,
            ping_count: 0,
            generation,
            iteration: 0,
            is_stopping: false,
            iteration_failed: false,
            has_failed: false,
        };
        user.slots[builtin_slots::USER_ID] = Value::Int(i64::try_from(index).unwrap_or(i64::MAX));
        user
    }

    /// Gives it one of the program's profiles; without, it has the first.
    pub fn set_profile(&mut self, profile: usize) {
        self.profile = profile;
    }

    fn write_profile(&mut self) {
        let setting = Rc::clone(&self.setting);
        let profiles = &setting.program.profiles;
        if let (Some(slot), Some(profile)) = (profiles.slot, profiles.each.get(self.profile)) {
            self.set(slot, Value::Text(profile.name.clone()));
        }
    }

    /// How long it thinks where the plan says so long.
    pub(super) fn own_pace(&self, pause: Duration) -> Duration {
        self.setting
            .program
            .profiles
            .each
            .get(self.profile)
            .map_or(pause, |profile| pause::scaled(pause, profile.think))
    }

    /// The user's number, and how many users had it before.
    pub fn identity(&self) -> (u64, u32) {
        let index = match self.slots[builtin_slots::USER_ID] {
            Value::Int(index) => u64::try_from(index).unwrap_or(u64::MAX),
            _ => 0,
        };
        (index, self.generation)
    }

    /// What a slot holds, if anything.
    pub fn value(&self, slot: SlotId) -> Option<&Value> {
        self.slots.get(slot.index()).filter(|value| **value != Value::Unset)
    }

    /// Which of the program's scenarios it runs.
    pub fn scenario_index(&self) -> usize {
        self.scenario
    }

    /// What all slots hold.
    pub fn values(&self) -> &[Value] {
        &self.slots
    }

    /// How many connections it may have at a time.
    pub fn link_count(&self) -> usize {
        self.links.all().count()
    }

    /// When [`Input::Wake`] is due, if nothing else happens.
    pub fn deadline(&self) -> Option<Duration> {
        self.phase.deadline().into_iter().chain(self.reply_deadline()).min()
    }

    /// Whether the user has left the run.
    pub fn is_done(&self) -> bool {
        self.phase == Phase::Done
    }

    /// Where the user is in the program.
    pub fn place(&self) -> Place {
        Place::State(self.at)
    }

    /// Takes an input at a time since the run's start and does all that follows from it until the user waits again.
    pub fn handle(&mut self, now: Duration, input: Input<'_>, out: &mut impl Output) {
        match input {
            // A user that was stopped before its turn came stays away.
            Input::Start if self.phase == Phase::Idle => self.begin(now, out),
            Input::Connected(link) => self.connected(now, link, true, out),
            Input::ConnectFailed(link) => self.connected(now, link, false, out),
            Input::ConnectUnsendable(link) => self.unsendable(now, link, out),
            Input::Answered(link, response) => self.answered(link, &response, now, out),
            Input::Fetched(response) => self.fetched(&response, now, out),
            Input::FetchFailed => self.fetch_fault(None, now, out),
            Input::FetchUnreached => self.fetch_unreached(now, out),
            Input::Start => {}
            Input::Message(link, payload) => self.receive(now, link, payload, out),
            Input::Pong(link, payload) => self.pong(now, link, payload, out),
            Input::Sent(link) => self.sent(now, link, out),
            Input::Wake => self.wake(now, out),
            Input::Disconnected(link, how) => self.disconnected(now, link, how, out),
            Input::GivenBack(link) => self.given_back(now, link, out),
            Input::Released => self.released(now, out),
            Input::Stop => self.stop(now, out),
            Input::Abort => {
                self.cut_off(now, out);
                // Its turn may not come for long.
                if self.phase == Phase::Connecting && self.borrows() {
                    out.abort(self.present_link());
                }
                for link in self.links.all().filter(|link| self.links.is_open(*link)) {
                    out.close(link, 1001, "");
                }
                self.leave(now, out);
            }
        }
        self.run(now, out);
    }

    /// Starts an iteration with everything forgotten that the last one captured.
    fn begin(&mut self, now: Duration, out: &mut impl Output) {
        let setting = Rc::clone(&self.setting);
        let scenario = self.scenario(&setting);
        self.slots[builtin_slots::USER_ID + 1..].fill(Value::Unset);
        self.slots[builtin_slots::USER_ITERATION] =
            Value::Int(i64::try_from(self.iteration).unwrap_or(i64::MAX));
        for (slot, value) in &scenario.initial {
            self.slots[slot.index()] = value.known().cloned().unwrap_or(Value::Unset);
        }
        self.write_correlation_id(self.correlation_count);
        self.forget_due();
        self.forget_revivals();
        self.write_canary();
        self.write_profile();
        self.seed_draws();
        self.iteration_failed = false;
        self.at = scenario.entry;
        self.phase = Phase::Ready;
        if !self.take_rows(out) {
            self.leave(now, out);
        }
    }

    /// What fixes the draws of this user, over all its iterations.
    pub(super) fn own_seed(&self) -> u64 {
        let (index, generation) = self.identity();
        let person = index.wrapping_add(u64::from(generation) << 40).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.setting.seed ^ person
    }

    /// Each iteration draws from streams of its own: how many draws there were in the one before may be up to the
    /// server. Neither they nor those of neighbours are shifted copies of one another: `seed_from_u64` mixes.
    fn seed_draws(&mut self) {
        let seed = self.own_seed() ^ self.iteration.wrapping_mul(0xD1B5_4A32_D192_ED03);
        self.rng = Rng::seed_from_u64(seed);
        self.reaction_rng = Rng::seed_from_u64(seed.rotate_left(32) ^ 0x8CB9_2BA7_2F3D_8DD7);
    }

    /// The next message of a step goes out under a `correlation_id` of its own.
    pub(super) fn new_correlation_id(&mut self) {
        self.write_correlation_id(self.correlation_count);
        self.correlation_count += 1;
    }

    /// The number in the last message's `correlation_id`, without the bits beyond what any two that are pending
    /// together differ in.
    pub(super) fn correlation_number(&self) -> u32 {
        let last = self.correlation_count.wrapping_sub(1);
        u32::try_from(last & u64::from(u32::MAX)).unwrap_or(u32::MAX)
    }

    /// Makes `correlation_id` that of an earlier message, or of the last one again.
    pub(super) fn show_correlation_id(&mut self, number: u32) {
        let back = u64::from(self.correlation_number().wrapping_sub(number));
        self.write_correlation_id(self.correlation_count.wrapping_sub(1).wrapping_sub(back));
    }

    /// The user's number, its generation where it is not the first, and a count.
    fn write_correlation_id(&mut self, count: u64) {
        let (user, generation) = self.identity();
        let slot = &mut self.slots[builtin_slots::CORRELATION_ID];
        if !matches!(slot, Value::Text(_)) {
            *slot = Value::Text(String::new());
        }
        if let Value::Text(id) = slot {
            // On the path of every message, where `write!` would be the dearest part of it.
            let mut digits = itoa::Buffer::new();
            id.clear();
            id.push_str(digits.format(user));
            if generation > 0 {
                id.push('.');
                id.push_str(digits.format(generation));
            }
            id.push('-');
            id.push_str(digits.format(count));
        }
    }

    /// The connection that the present state acts on, where it acts on one.
    pub fn present_link(&self) -> LinkId {
        self.setting.program.state(self.at).link
    }

    fn connected(&mut self, now: Duration, link: LinkId, stands: bool, out: &mut impl Output) {
        if self.phase != Phase::Connecting || link != self.present_link() {
            return;
        }
        if !stands {
            return self.not_reached(now, out);
        }
        self.links.at_mut(link).is_open = true;
        self.reached(now, out);
        out.count(Event::OperationEnded);
        self.phase = Phase::Ready;
        if self.borrows() {
            return self.borrowed(now, link, out);
        }
        self.stands(now, link, out);
    }

    fn sent(&mut self, now: Duration, link: LinkId, out: &mut impl Output) {
        self.requests_sent(now, link);
        self.paced_sent(now, link, out);
        self.published(now, link, out);
        if self.links.are_several() && link != self.present_link() {
            return;
        }
        match &mut self.phase {
            Phase::Replying { sent: sent @ None, .. } | Phase::Pinging { sent: sent @ None, .. } => {
                *sent = Some(now);
            }
            Phase::Sending => self.go_on(now, out),
            _ => {}
        }
    }

    fn wake(&mut self, now: Duration, out: &mut impl Output) {
        self.expire(now, out);
        if self.phase.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        match self.phase {
            Phase::Expecting { .. }
            | Phase::Replying { .. }
            | Phase::Pinging { .. }
            | Phase::ExpectingClose { .. }
            | Phase::AtBarrier { .. } => {
                let program = Arc::clone(&self.setting.program);
                let detail = missing(&program.state(self.at).op, &mut self.scope(now));
                self.fail(now, FailureKind::Timeout, &detail, out);
            }
            Phase::Gathering { taken, .. } => self.gathering_ended(taken, now, out),
            Phase::Fetching { .. } => self.fetch_timed_out(now, out),
            Phase::Thinking { .. } => self.go_on(now, out),
            Phase::Pacing { .. } | Phase::Yielding { .. } => self.phase = Phase::Ready,
            Phase::Closing { then, .. } => {
                for link in self.links.all() {
                    if self.links.is_open(link) && self.is_closing(link) {
                        out.abort(link);
                        self.lose(now, link, out);
                    }
                }
                if then == AfterClose::Step {
                    self.fail(now, FailureKind::Timeout, &"the close was not answered in time", out);
                } else {
                    self.after_close(now, then, out);
                }
            }
            Phase::Reviving { .. } => self.try_again(now, out),
            Phase::Resting { .. } => self.begin(now, out),
            Phase::Idle
            | Phase::Ready
            | Phase::Connecting
            | Phase::Sending
            | Phase::Awaiting(_)
            | Phase::Settling(_)
            | Phase::Throttled
            | Phase::GivingBack
            | Phase::Done => {}
        }
    }

    /// Messages that nobody took and nobody will.
    pub(super) fn unmatched<'p>(
        &mut self,
        messages: impl Iterator<Item = Payload<'p>> + Clone,
        out: &mut impl Output,
    ) {
        let policy = self.setting.program.unmatched;
        let count = messages.clone().count() as u64;
        if policy == Unmatched::Ignore || count == 0 {
            return;
        }
        out.count(Event::Unmatched(count));
        if let Some(first) = messages.clone().next() {
            out.sample(Unused::Unmatched, first);
        }
        if policy == Unmatched::Fail {
            for message in messages {
                self.report(FailureKind::Unmatched, self.place(), &Untaken(message), out);
            }
        }
    }

    pub(super) fn scenario<'s>(&self, setting: &'s Setting) -> &'s Scenario {
        &setting.program.scenarios[self.scenario]
    }

    pub(super) fn scope(&mut self, now: Duration) -> Scope<'_> {
        Scope { slots: &self.slots, now, epoch: self.setting.epoch, rng: &mut self.rng }
    }

    pub(super) fn set(&mut self, slot: SlotId, value: Value) {
        self.slots[slot.index()] = value;
    }
}
