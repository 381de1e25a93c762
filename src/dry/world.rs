//! The simulation itself: takes what is to happen from the queue, lets it happen to a user, and does what the user
//! wants done then, most of which is to happen later.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use rand::SeedableRng;

use super::agenda::Agenda;
use super::barriers::Barriers;
use super::hands::{Hands, Tools, Wish};
use super::lanes::Lane;
use super::made::{Answer, Made, Uses};
use super::outcome::Ending;
use super::person::{ConnectionState, Person};
use super::pools::{Pools, Turn};
use super::replies::{self, Said};
use super::sample::Sample;
use super::tally::Tally;
use super::{Job, Peer};
use crate::drive::{Rows, place_index};
use crate::machine::{Input, Place, Rng, Scope, Setting, User, Wait};
use crate::program::{LinkId, Op, Value};

/// A user that is woken more often without any time passing goes on and on; each time it runs hundreds of steps.
const WAKES_AT_ONCE_MAX: u32 = 4_000;
/// What has not ended of its own by then is taken for endless.
const LONGEST: Duration = Duration::from_hours(24);
/// How often it is asked whether it is enough: each so many happenings.
const ASK_EVERY: u64 = 256;

/// What is to happen.
pub(super) enum Happening {
    /// A lane is looked at.
    Lane(usize),
    /// A lane's time to drain is over.
    DrainOver(usize),
    /// All lanes are to drain.
    StopRun,
    /// A user's deadline has come.
    Wake(u64),
    /// A user's time to leave is over.
    Dismiss(u64),
    /// A connection stands, or one of a pool is the user's, which had to be opened or not; the upgrade was answered so.
    Connected {
        turn: Turn,
        is_new: bool,
        answer: Option<Box<Answer>>,
    },
    /// A connection did not come about in time.
    NotConnected(Turn),
    /// No connection of a pool was free in time.
    NoneFree(Turn),
    GivenBack(Turn),
    Message(Turn, Made),
    Pong(Turn, Box<[u8]>),
    /// A connection is closed, by the server first or not.
    Closed {
        turn: Turn,
        code: u16,
        reason: String,
        is_by_peer: bool,
    },
    Fetched {
        who: u64,
        fetch: u64,
        answer: Box<Answer>,
    },
    Released(u64),
}

/// All that there is.
pub(super) struct World<'j> {
    pub(super) job: &'j Job,
    pub(super) setting: Setting,
    uses: Uses<'j>,
    pub(super) sample: Sample,
    pub(super) rows: Rows,
    pub(super) now: Duration,
    pub(super) agenda: Agenda<Happening>,
    pub(super) people: HashMap<u64, Person>,
    person_count: u64,
    pub(super) lanes: Vec<Lane>,
    barriers: Barriers,
    pub(super) pools: Pools,
    pub(super) tally: Tally,
    pub(super) ending: Ending,
    is_over: bool,
    /// Whether there is one user, and no load.
    pub(super) is_of_one: bool,
    /// What the slots of the user held that left last, where there is one.
    pub(super) last_values: Option<Vec<Value>>,
    wishes: Vec<Wish>,
    rng: Rng,
    buffer: Vec<u8>,
    happening_count: u64,
    ask: &'j mut dyn FnMut() -> bool,
}

impl<'j> World<'j> {
    /// For the load of a job.
    pub(super) fn new(job: &'j Job, ask: &'j mut dyn FnMut() -> bool) -> Self {
        let sample = Sample::of(&job.load, &job.program, job.users_simulated);
        let mut world = Self::empty(job, sample, ask);
        for (at, lane) in job.load.lanes().iter().enumerate() {
            world.lanes.push(Lane::new(&world.setting, lane));
            world.agenda.at(lane.begins, Happening::Lane(at));
        }
        world
    }

    /// For one user that runs a scenario once.
    pub(super) fn alone(
        job: &'j Job,
        (scenario, number): (usize, u64),
        ask: &'j mut dyn FnMut() -> bool,
    ) -> Self {
        let mut world = Self { is_of_one: true, ..Self::empty(job, Sample::ALL, ask) };
        let user = User::new(Rc::new(world.setting.clone()), number, 0, scenario);
        let who = world.enter(user, None, 1);
        world.input(who, Input::Start);
        world
    }

    fn empty(job: &'j Job, sample: Sample, ask: &'j mut dyn FnMut() -> bool) -> Self {
        Self {
            job,
            setting: Setting {
                program: std::sync::Arc::clone(&job.program),
                epoch: job.epoch,
                seed: job.seed,
                iterations: Some(1),
            },
            uses: Uses::of(&job.program),
            sample,
            rows: Rows::new(&job.program, &job.load),
            now: Duration::ZERO,
            agenda: Agenda::default(),
            people: HashMap::new(),
            person_count: 0,
            lanes: Vec::new(),
            barriers: Barriers::new(&job.program),
            pools: Pools::new(&job.program, sample.every()),
            tally: Tally::default(),
            ending: Ending::Ended,
            is_over: false,
            is_of_one: false,
            last_values: None,
            wishes: Vec::new(),
            rng: Rng::seed_from_u64(job.seed),
            buffer: Vec::new(),
            happening_count: 0,
            ask,
        }
    }

    /// Lets everything happen until there is nobody left.
    pub(super) fn go(mut self) -> Self {
        // An end of its own may be later than anybody would wait for one that does not come.
        let longest = self.job.load.total_duration().map_or(LONGEST, |total| total.saturating_add(LONGEST));
        while !self.is_over && (self.lanes.iter().any(|lane| !lane.is_over()) || !self.people.is_empty()) {
            let Some((at, happening)) = self.agenda.next() else { break };
            if at > longest {
                self.end(Ending::Endless);
                break;
            }
            self.now = at;
            self.tally.go_on(at);
            self.happen(happening);
            self.happening_count += 1;
            let count = self.happening_count;
            self.is_enough(count);
        }
        self
    }

    /// Asks whether it is enough, now and then.
    pub(super) fn is_enough(&mut self, count: u64) -> bool {
        if !self.is_over && count.is_multiple_of(ASK_EVERY) && (self.ask)() {
            self.end(Ending::Enough);
        }
        self.is_over
    }

    fn end(&mut self, ending: Ending) {
        self.ending = ending;
        self.is_over = true;
    }

    /// Somebody comes, who stands for so many users.
    pub(super) fn enter(&mut self, user: User, seat: Option<(usize, u64)>, users: u64) -> u64 {
        self.person_count += 1;
        self.tally.user_came(users);
        self.people.insert(self.person_count, Person::new(user, seat, users));
        self.person_count
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Lane(at) => self.follow(at),
            Happening::DrainOver(at) => self.dismiss_all(at),
            Happening::StopRun => (0..self.lanes.len()).for_each(|at| self.drain(at)),
            Happening::Wake(who) => self.wake(who),
            Happening::Dismiss(who) => self.input(who, Input::Abort),
            Happening::Connected { turn, is_new, answer } => self.connected(turn, is_new, answer.as_deref()),
            Happening::NotConnected(turn) => self.not_connected(turn),
            Happening::NoneFree(turn) => self.none_free(turn),
            Happening::GivenBack(turn) => self.given_back(turn),
            Happening::Message(turn, made) => self.message(turn, &made),
            Happening::Pong(turn, payload) => {
                let Some(users) = self.users_on(turn) else { return };
                self.tally.frame_received(users, payload.len());
                self.input(turn.who, Input::Pong(turn.link, &payload));
            }
            Happening::Closed { turn, code, reason, is_by_peer } => {
                self.closed(turn, (code, &reason), is_by_peer);
            }
            Happening::Fetched { who, fetch, answer } => self.fetched(who, fetch, &answer),
            Happening::Released(who) => self.input(who, Input::Released),
        }
    }

    /// For how many users somebody stands whose connection is still open.
    pub(super) fn users_on(&mut self, turn: Turn) -> Option<u64> {
        let person = self.people.get_mut(&turn.who)?;
        person.connection(turn, ConnectionState::Open)?;
        Some(person.users)
    }

    fn wake(&mut self, who: u64) {
        let now = self.now;
        let Some(person) = self.people.get_mut(&who) else { return };
        if person.armed == Some(now) {
            person.armed = None;
        }
        if person.user.deadline().is_none_or(|deadline| deadline > now) {
            return self.arm(who);
        }
        let (at, count) = person.woken;
        person.woken = if at == now { (now, count + 1) } else { (now, 1) };
        if person.woken.1 > WAKES_AT_ONCE_MAX {
            let place = place_index(&self.job.program, person.user.place());
            return self.end(Ending::Timeless(place));
        }
        self.input(who, Input::Wake);
    }

    fn message(&mut self, turn: Turn, made: &Made) {
        let Some(users) = self.users_on(turn) else { return };
        self.tally.received(users, made.bytes.len());
        self.input(turn.who, Input::Message(turn.link, made.payload()));
    }

    fn fetched(&mut self, who: u64, fetch: u64, answer: &Answer) {
        let Some(person) = self.people.get(&who) else { return };
        if person.fetch_count == fetch && person.user.is_fetching() {
            self.tally.counts.http_bytes_received += answer.body_bytes() as u64 * person.users;
            self.input(who, Input::Fetched(answer.response()));
        }
    }

    /// Something comes to a user. What it sends leaves at once.
    pub(super) fn input(&mut self, who: u64, input: Input<'_>) {
        let Some(person) = self.people.get_mut(&who) else { return };
        let links = person.links();
        let Person { user, connections, users, .. } = person;
        let tools = Tools {
            program: &self.job.program,
            uses: &self.uses,
            peer: self.job.peer,
            epoch: self.job.epoch,
            tally: &mut self.tally,
            wishes: &mut self.wishes,
            rng: &mut self.rng,
            buffer: &mut self.buffer,
        };
        let mut hands = Hands { tools, now: self.now, users: *users, connections, queued: None };
        user.handle(self.now, input, &mut hands);
        for link in links {
            while std::mem::take(&mut hands.connections[link.index()].has_queued) {
                hands.tools.tally.counts.writes += hands.users;
                user.handle(self.now, Input::Sent(link), &mut hands);
            }
        }
        self.grant_wishes(who);
        self.attend(who);
        self.arm(who);
        self.part(who);
    }

    fn grant_wishes(&mut self, who: u64) {
        let mut wishes = std::mem::take(&mut self.wishes);
        for wish in wishes.drain(..) {
            self.grant(who, wish);
        }
        self.wishes = wishes;
    }

    fn grant(&mut self, who: u64, wish: Wish) {
        let answered_at = self.now + self.job.latency;
        let is_obliging = self.job.peer == Peer::Obliging;
        let Some(person) = self.people.get_mut(&who) else { return };
        let turn = |link: LinkId| Turn { who, link, connection: person.connections[link.index()].number };
        match wish {
            Wish::Connect(link, request) => self.connect(who, link, &request),
            Wish::Fetch(request) => self.fetch(who, &request),
            Wish::Pong(link, payload) if is_obliging => {
                self.agenda.at(answered_at, Happening::Pong(turn(link), payload));
            }
            Wish::Pong(..) => {}
            Wish::Reply(link, _, Ok(made)) => {
                self.agenda.at(answered_at, Happening::Message(turn(link), made));
            }
            Wish::Reply(_, state, Err(why)) => {
                let place = place_index(&self.job.program, Place::State(state));
                self.tally.could_not_make(person.users, place, why);
            }
            Wish::Close(link, code) if is_obliging => {
                let closed =
                    Happening::Closed { turn: turn(link), code, reason: String::new(), is_by_peer: false };
                self.agenda.at(answered_at, closed);
            }
            Wish::Close(..) => {}
            Wish::GiveBack(link) => self.agenda.at(self.now, Happening::GivenBack(turn(link))),
            Wish::Abort(link) => self.drop_connection(who, link),
            Wish::Arrive(barrier) => {
                let released = self.barriers.arrive(barrier, who, person.users);
                released.into_iter().for_each(|who| self.agenda.at(self.now, Happening::Released(who)));
            }
            Wish::Depart => self.barriers.depart(who),
            Wish::StopRun => self.agenda.at(self.now, Happening::StopRun),
            Wish::IterationEnded => {
                if std::mem::take(&mut person.has_client) {
                    self.tally.connection_ended(person.users);
                }
            }
        }
    }

    /// What somebody waits for is said to it.
    fn attend(&mut self, who: u64) {
        let program = &self.job.program;
        let Some(person) = self.people.get_mut(&who) else { return };
        let Some(wait) = person.user.wait().filter(|_| self.job.peer == Peer::Obliging) else { return };
        let before = person.attended.replace(wait);
        if before == Some(wait) {
            return;
        }
        // The further ones of several come together with the first.
        let is_further = |before: Wait| Wait { taken: 0, ..before } == Wait { taken: 0, ..wait };
        let at = if before.is_some_and(is_further) { self.now } else { self.now + self.job.latency };
        let scenario = &program.scenarios[person.user.scenario_index()];
        let reactions = &program.reactions[scenario.reactions.clone()];
        let mut scope =
            Scope { slots: person.user.values(), now: self.now, epoch: self.job.epoch, rng: &mut self.rng };
        let Some(said) = replies::answer_to((program, &self.uses), (wait, reactions), &mut scope) else {
            return;
        };
        let link = program.state(wait.state).link;
        let turn = Turn { who, link, connection: person.connections[link.index()].number };
        match said {
            Ok(Said::Message(made)) => self.agenda.at(at, Happening::Message(turn, made)),
            Ok(Said::Close(code, reason)) => {
                self.agenda.at(at, Happening::Closed { turn, code, reason, is_by_peer: true });
            }
            Err(why) => {
                let place = place_index(program, Place::State(wait.state));
                self.tally.could_not_make(person.users, place, why);
            }
        }
    }

    /// Makes sure that somebody is woken when its deadline comes.
    fn arm(&mut self, who: u64) {
        let Some(person) = self.people.get_mut(&who) else { return };
        let Some(deadline) = person.user.deadline() else { return };
        let deadline = deadline.max(self.now);
        if person.armed.is_none_or(|armed| armed > deadline) {
            person.armed = Some(deadline);
            self.agenda.at(deadline, Happening::Wake(who));
        }
    }

    /// Lets go of somebody who has left.
    fn part(&mut self, who: u64) {
        let Some(person) = self.people.get(&who).filter(|person| person.user.is_done()) else { return };
        for link in person.links() {
            self.drop_connection(who, link);
        }
        self.barriers.depart(who);
        let Some(person) = self.people.remove(&who) else { return };
        if person.has_client {
            self.tally.connection_ended(person.users);
        }
        let held = person.user.values().iter().map(|value| match value {
            Value::Text(text) | Value::Json(text) => text.len(),
            _ => 0,
        });
        self.tally.values_bytes = self.tally.values_bytes.max(held.sum());
        match person.seat {
            Some(seat) => self.left(seat, person.users, person.user.rounds_taken()),
            None => self.last_values = Some(person.user.values().to_vec()),
        }
    }

    /// What somebody is answered that connects or asks over HTTP.
    pub(super) fn answer_of(&mut self, who: u64, place: Place) -> Option<Box<Answer>> {
        let person = self.people.get(&who)?;
        let Place::State(state) = place else { return None };
        let mut scope =
            Scope { slots: person.user.values(), now: self.now, epoch: self.job.epoch, rng: &mut self.rng };
        match &self.job.program.state(state).op {
            Op::Connect(connect) => Some(Box::new(super::made::upgraded(connect, &mut scope))),
            Op::Http(http) => {
                let (answer, unmade) = super::made::answer_to(http, &self.uses, &mut scope);
                let place = place_index(&self.job.program, place);
                let users = person.users;
                unmade.into_iter().for_each(|why| self.tally.could_not_make(users, place, why));
                Some(Box::new(answer))
            }
            _ => None,
        }
    }
}
