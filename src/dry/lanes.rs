//! The lanes of the load: their users come and leave as the shapes say.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::time::Duration;

use super::arrivals::Coming;
use super::course::{Course, Standing, course};
use super::world::{Happening, World};
use crate::load;
use crate::machine::{Input, Setting, User};

/// How far a lane is.
pub(super) struct Lane {
    setting: Rc<Setting>,
    standing: Standing,
    /// Those that are to be there and are simulated, by their index.
    present: BTreeMap<u64, u64>,
    /// How many users have had each index before, and how many rounds of rows they have taken.
    generations: HashMap<u64, (u32, u64)>,
    /// For how many users those stand who have not left.
    pub(super) user_count: u64,
    /// Of arrivals, those who are to come, once it has begun.
    pub(super) coming: Option<Coming>,
    /// When it is looked at next.
    armed: Option<Duration>,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Running,
    /// Users finish their step.
    Draining,
    Over,
}

impl Lane {
    pub(super) fn new(setting: &Setting, lane: &load::Lane) -> Self {
        let iterations = lane.shape.iterations();
        Self {
            setting: Rc::new(Setting { iterations, ..setting.clone() }),
            standing: Standing::default(),
            present: BTreeMap::new(),
            generations: HashMap::new(),
            user_count: 0,
            coming: None,
            armed: None,
            stage: Stage::Running,
        }
    }

    /// Whether all have left.
    pub(super) fn is_empty(&self) -> bool {
        self.standing.present_count == 0
    }

    pub(super) fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }
}

impl World<'_> {
    /// A lane is looked at.
    pub(super) fn follow(&mut self, at: usize) {
        let lane = &self.job.load.lanes()[at];
        let own = &mut self.lanes[at];
        own.armed = None;
        if own.stage != Stage::Running {
            return;
        }
        let elapsed = self.now.saturating_sub(lane.begins);
        match course(&lane.shape, elapsed, own.standing) {
            Course::Hold { wanted, of, again } => {
                self.adjust(at, wanted, of);
                if let Some(again) = again {
                    self.look_at(at, lane.begins.saturating_add(again));
                } else if self.lanes[at].is_empty() {
                    self.look_at_those_left(at);
                }
            }
            Course::NextCycle => {
                own.present.clear();
                own.standing = Standing { cycle: own.standing.cycle + 1, ..Standing::default() };
                self.follow(at);
            }
            Course::Arrivals(arrivals) => self.follow_arrivals(at, arrivals),
            Course::Over => self.drain(at),
        }
    }

    /// Nobody is there. Of cycles the next one may come.
    fn look_at_those_left(&mut self, at: usize) {
        let has_more = matches!(self.job.load.lanes()[at].shape, load::Shape::Cycles(_));
        if has_more { self.look_at(at, self.now) } else { self.drain(at) }
    }

    pub(super) fn look_at(&mut self, at: usize, when: Duration) {
        let own = &mut self.lanes[at];
        if own.armed.is_none_or(|armed| armed > when) {
            own.armed = Some(when);
            self.agenda.at(when, Happening::Lane(at));
        }
    }

    /// All of a lane's users are to finish their step and leave.
    pub(super) fn drain(&mut self, at: usize) {
        let own = &mut self.lanes[at];
        if own.stage != Stage::Running {
            return;
        }
        own.stage = Stage::Draining;
        let present: Vec<u64> = own.present.values().copied().collect();
        for who in present {
            self.input(who, Input::Stop);
        }
        self.agenda.at(self.now + self.job.program.limits.drain, Happening::DrainOver(at));
        self.end_if_empty(at);
    }

    /// The time to drain is over.
    pub(super) fn dismiss_all(&mut self, at: usize) {
        let own = &self.people;
        let mut left: Vec<u64> = own
            .iter()
            .filter(|(_, person)| person.seat.is_some_and(|(lane, _)| lane == at))
            .map(|(who, _)| *who)
            .collect();
        left.sort_unstable();
        for who in left {
            self.input(who, Input::Abort);
        }
    }

    fn end_if_empty(&mut self, at: usize) {
        let own = &mut self.lanes[at];
        if own.stage == Stage::Draining && own.standing.present_count == 0 {
            own.stage = Stage::Over;
        }
    }

    /// Starts or stops users until `0..wanted` are there, of so many in all. Those that started last leave first.
    fn adjust(&mut self, at: usize, wanted: u64, of: u64) {
        for index in self.lanes[at].standing.wanted..wanted {
            // Starting many takes its time, and is no reason not to be asked.
            if self.is_enough(index) {
                return;
            }
            let mix = &self.job.load.lanes()[at].mix;
            if let Some(users) = self.sample.stands_for(mix, index, of) {
                self.start(at, index, users);
            }
        }
        self.lanes[at].standing.wanted = wanted;
        let surplus = self.lanes[at].present.split_off(&wanted);
        for (index, who) in surplus {
            self.input(who, Input::Stop);
            if let Some(person) = self.people.get(&who) {
                // Having been told to stop, it takes no more of them.
                let rounds_taken = person.user.rounds_taken();
                self.lanes[at].generations.entry(index).or_default().1 = rounds_taken;
                self.agenda.at(self.now + self.job.program.limits.drain, Happening::Dismiss(who));
            }
        }
    }

    pub(super) fn start(&mut self, at: usize, index: u64, users: u64) {
        let own = &mut self.lanes[at];
        let (generation, taken_count) =
            *own.generations.entry(index).and_modify(|(generation, _)| *generation += 1).or_default();
        let load = &self.job.load;
        let scenario = load.lanes()[at].mix.scenario_of(index);
        let number = load.user_number(at, index);
        let mut user = User::new(Rc::clone(&own.setting), number, generation, scenario);
        user.set_profile(load.profile_of(at, index));
        if let Some(share) = self.rows.share_of(&self.job.program, at, index, taken_count) {
            user.set_share(share);
        }
        own.standing.present_count += 1;
        own.user_count += users;
        let who = self.enter(user, Some((at, index)), users);
        self.lanes[at].present.insert(index, who);
        self.input(who, Input::Start);
    }

    /// Somebody has left a lane.
    pub(super) fn left(&mut self, (at, index): (usize, u64), users: u64, rounds_taken: u64) {
        let own = &mut self.lanes[at];
        own.standing.present_count -= 1;
        own.user_count -= users;
        own.present.remove(&index);
        if own.coming.is_some() {
            // Nobody comes in the place of somebody who had arrived.
            own.generations.remove(&index);
        } else if let Some((_, taken)) = own.generations.get_mut(&index) {
            *taken = (*taken).max(rounds_taken);
        }
        if own.standing.present_count == 0 && own.stage == Stage::Running {
            self.look_at(at, self.now);
        }
        self.end_if_empty(at);
    }
}
