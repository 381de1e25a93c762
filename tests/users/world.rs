//! The network and the server of one user, which do anything, and its clock, which is never early.

mod said;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use wsplan::machine::{Disconnect, Input, Payload, Rng, Setting, User};
use wsplan::program::LinkId;

use super::pick;
use super::plan::{Pace, Plan, Shape};
use super::tally::Tally;
use crate::support::compiling::compile_text;

/// More than any of these plans has in it: who needs more goes round and round.
const HAPPENINGS_MAX: usize = 200_000;

/// How often a user may be looked at before time goes on, which it does for a real one, too.
const LOOKS_AT_ONCE: usize = 200;

/// How long after it is told to stop a user has to be done.
const DRAIN: Duration = Duration::from_millis(250);

/// What is to come to the user. A number is that of the connection on which it would, which no other ever has.
enum Happening {
    Connected(u64),
    ConnectFailed(u64),
    Message(u64, String),
    Pong(u64, String),
    Writable(u64),
    /// With the server's close code, or by a break.
    Gone(u64, Option<u16>),
    /// The pool has its connection again.
    GivenBack(u64),
    Stop,
    Abort,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    #[default]
    None,
    Opening,
    Open,
}

#[derive(Default)]
pub(super) struct Connection {
    number: u64,
    stage: Stage,
    /// The user has said goodbye.
    is_closing: bool,
    is_blocked: bool,
    /// The user has given it back to its pool; it may say so again.
    is_given_back: bool,
    queued: Vec<String>,
}

pub(super) struct World {
    pub(super) tally: Tally,
    pub(super) log: Vec<String>,
    setting: Rc<Setting>,
    rng: Rng,
    now: Duration,
    /// By time; what is to come at one time comes in the order in which that was decided.
    happenings: BTreeMap<(Duration, u64), Happening>,
    happening_count: u64,
    connections: [Connection; 2],
    connection_count: u64,
    /// How many of the server's replies take their time.
    slow_rate: f64,
    is_stopped: bool,
    is_reconnecting: bool,
    /// How many attempts in a row may fail on each connection, and how many have in this iteration.
    attempts: [u64; 2],
    in_vain: [u64; 2],
    pace: Option<Pace>,
    /// When the paced loop was entered, until it is cut off.
    entered: Option<Duration>,
}

impl World {
    pub(super) fn new(plan: &Plan, seed: u64, mut rng: Rng) -> Self {
        let outcome = compile_text(&plan.text);
        let compiled = outcome.compiled.unwrap_or_else(|| panic!("{:?}\n{}", outcome.diagnostics, plan.text));
        let setting = Setting {
            program: Arc::new(compiled.program),
            epoch: Duration::ZERO,
            seed,
            iterations: compiled.load.lanes()[0].shape.iterations(),
        };
        let slow_rate = pick(&mut rng, &[0.0, 0.1, 0.5]);
        Self {
            tally: Tally::default(),
            log: Vec::new(),
            setting: Rc::new(setting),
            rng,
            now: Duration::ZERO,
            happenings: BTreeMap::new(),
            happening_count: 0,
            connections: Default::default(),
            connection_count: 0,
            slow_rate,
            is_stopped: false,
            is_reconnecting: plan.shape == Shape::Reconnecting,
            attempts: plan.attempts,
            in_vain: [0, 0],
            pace: plan.pace,
            entered: None,
        }
    }

    /// Lets a user live until it is done.
    pub(super) fn live(&mut self) {
        let mut user = User::new(Rc::clone(&self.setting), 0, 0, 0);
        let stop = Duration::from_micros(self.rng.random_range(0..2_000_000));
        self.at(stop, Happening::Stop);
        self.at(stop + DRAIN, Happening::Abort);
        self.input(&mut user, Input::Start);
        for _ in 0..HAPPENINGS_MAX {
            if user.is_done() {
                return;
            }
            let next = self.happenings.first_key_value().map(|((at, _), _)| *at);
            if let Some(deadline) = user.deadline().filter(|deadline| next.is_none_or(|at| *deadline <= at)) {
                let lateness = if self.rng.random_bool(0.1) { self.rng.random_range(0..3_000) } else { 0 };
                self.now = self.now.max(deadline) + Duration::from_micros(lateness);
                self.input(&mut user, Input::Wake);
                continue;
            }
            let ((at, _), happening) = self.happenings.pop_first().expect("an abort ends every user");
            self.now = self.now.max(at);
            self.happen(&mut user, happening);
        }
        panic!("no end: {}", self.log[self.log.len() - 50..].join("\n"));
    }

    fn happen(&mut self, user: &mut User, happening: Happening) {
        match happening {
            Happening::Connected(number) | Happening::ConnectFailed(number) => {
                let Some(link) = self.find(number, Stage::Opening) else { return };
                self.tally.connects_ended += 1;
                let is_open = matches!(happening, Happening::Connected(_));
                // Where one stands, the user may have gone back to steps that open the other.
                self.in_vain = if is_open { [0, 0] } else { self.in_vain };
                self.in_vain[link.index()] += u64::from(!is_open);
                self.connections[link.index()] = Connection {
                    number,
                    stage: if is_open { Stage::Open } else { Stage::None },
                    ..Connection::default()
                };
                if !is_open {
                    return self.input(user, Input::ConnectFailed(link));
                }
                if link == LinkId::FIRST {
                    self.entered = (!self.is_stopped).then_some(self.now);
                }
                self.foresee(number);
                self.input(user, Input::Connected(link));
            }
            Happening::Message(number, text) => {
                let Some(link) = self.find_open(number) else { return };
                self.tally.received += 1;
                self.input(user, Input::Message(link, Payload::Text(&text)));
            }
            Happening::Pong(number, payload) => {
                let Some(link) = self.find_open(number) else { return };
                self.input(user, Input::Pong(link, payload.as_bytes()));
            }
            Happening::Writable(number) => {
                let Some(link) = self.find_open(number) else { return };
                self.connections[link.index()].is_blocked = false;
                self.flush(user);
                self.input(user, Input::Wake);
            }
            Happening::Gone(number, code) => {
                let Some(link) = self.find_open(number) else { return };
                self.connections[link.index()].stage = Stage::None;
                if link == LinkId::FIRST {
                    self.cut_off();
                }
                let how = code.map_or(Disconnect::Broken, |code| Disconnect::ByPeer { code, reason: "" });
                self.input(user, Input::Disconnected(link, how));
            }
            Happening::GivenBack(number) => {
                let Some(link) = self.find_open(number) else { return };
                let connection = &mut self.connections[link.index()];
                if connection.is_blocked || !connection.queued.is_empty() {
                    return self.within(3_000, Happening::GivenBack(number));
                }
                *connection = Connection::default();
                self.input(user, Input::GivenBack(link));
            }
            Happening::Stop => {
                self.is_stopped = true;
                self.cut_off();
                self.input(user, Input::Stop);
            }
            Happening::Abort => self.input(user, Input::Abort),
        }
    }

    /// The connection that something was to come on, where it is still there.
    fn find(&self, number: u64, stage: Stage) -> Option<LinkId> {
        let is_it = |connection: &Connection| connection.number == number && connection.stage == stage;
        self.connections.iter().position(is_it).map(LinkId::new)
    }

    fn find_open(&self, number: u64) -> Option<LinkId> {
        self.find(number, Stage::Open)
    }

    /// What the server does on a new connection without being asked.
    fn foresee(&mut self, connection: u64) {
        for _ in 0..self.rng.random_range(0..8) {
            let kind = pick(&mut self.rng, &["news", "news", "news", "news", "other", "keepalive", "kick"]);
            let text = format!(r#"{{"type":"{kind}","n":{}}}"#, self.rng.random_range(0..4));
            self.within(400_000, Happening::Message(connection, text));
        }
        if self.rng.random_bool(if self.is_reconnecting { 0.6 } else { 0.1 }) {
            let code = pick(&mut self.rng, &[Some(1000), Some(1006), Some(1011), None]);
            self.within(400_000, Happening::Gone(connection, code));
        }
    }

    /// What the kernel and the server make of what is queued.
    fn flush(&mut self, user: &mut User) {
        for _ in 0..10_000 {
            let is_ready = |c: &Connection| !c.queued.is_empty() && c.stage == Stage::Open && !c.is_blocked;
            let Some(link) = self.connections.iter().position(is_ready) else { return };
            let connection = &mut self.connections[link];
            let number = connection.number;
            if self.rng.random_bool(0.03) {
                connection.is_blocked = true;
                self.within(20_000, Happening::Writable(number));
                continue;
            }
            for text in std::mem::take(&mut connection.queued) {
                self.answer(number, &text);
            }
            self.say(format_args!("> sent on c{link}"));
            user.handle(self.now, Input::Sent(LinkId::new(link)), self);
        }
        panic!("sends without end");
    }

    /// Once as a rule, at times never or twice, and in any order.
    fn answer(&mut self, connection: u64, text: &str) {
        if text.starts_with("ping ") {
            for _ in 0..pick(&mut self.rng, &[1, 1, 1, 1, 0, 2]) {
                let pong = Happening::Pong(connection, text.to_owned());
                self.within(10_000, pong);
            }
            return;
        }
        let id = text.strip_prefix(r#"{"id":""#).and_then(|rest| rest.strip_suffix(r#""}"#));
        let Some(id) = id else { return };
        for _ in 0..pick(&mut self.rng, &[1, 1, 1, 1, 1, 1, 0, 2]) {
            let micros = if self.rng.random_bool(self.slow_rate) { 300_000 } else { 5_000 };
            let reply = format!(r#"{{"re":"{id}","type":"said"}}"#);
            self.within(micros, Happening::Message(connection, reply));
        }
    }

    fn input(&mut self, user: &mut User, input: Input<'_>) {
        self.say(format_args!("> {input:?}"));
        user.handle(self.now, input, self);
        self.flush(user);
        // Whoever has something to do at once is looked at again at once.
        for look in 0..100_000 {
            if user.deadline().is_none_or(|deadline| deadline > self.now) {
                return;
            }
            self.say("> Wake");
            user.handle(self.now, Input::Wake, self);
            self.flush(user);
            if look > LOOKS_AT_ONCE {
                self.now += Duration::from_micros(10);
            }
        }
        panic!("wakes without end");
    }

    /// Nothing more can be due of the paced loop.
    fn cut_off(&mut self) {
        if let Some((pace, entered)) = self.pace.zip(self.entered.take()) {
            self.tally.due += pace.due_count(self.now.saturating_sub(entered));
        }
    }

    /// At any time within so many microseconds.
    fn within(&mut self, micros: u64, happening: Happening) {
        let after = Duration::from_micros(self.rng.random_range(0..micros));
        self.at(self.now + after, happening);
    }

    fn at(&mut self, at: Duration, happening: Happening) {
        self.happening_count += 1;
        self.happenings.insert((at, self.happening_count), happening);
    }

    fn say(&mut self, line: impl Display) {
        self.log.push(format!("{:?} {line}", self.now));
    }
}
