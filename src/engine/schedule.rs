//! The users of a lane on one thread over time: started when they are due, told to leave when they are to.
//!
//! A schedule belongs to one thread and one lane of the load. What its lane's schedules on other threads do it need
//! not know, because each user belongs to one of them by its number alone; only cycles wait for one another.

mod arrivals;
mod cycles;
mod levels;
mod steered;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use super::control::Order;
use super::crowd::{Crowd, Head};
use super::driver::Driver;
use super::relay::Relay;
use super::search::{Course, Helm, Leg};
use super::session::{self, interrupt};
use super::shard::{Plan, Shard};
use crate::drive::Rows;
use crate::load::{Lane, Segment, Shape};
use crate::machine::{Input, Setting, User};

/// What a lane's schedules on all threads share.
#[derive(Clone)]
pub(super) struct Track {
    /// Of cycles.
    relay: Relay,
    /// Of arrivals.
    present: Crowd,
    /// Of a search.
    helm: Option<Helm>,
}

/// How far ahead anything is waited for at a time.
const FAR: Duration = Duration::from_hours(24);

pub(super) struct Schedule {
    shard: Rc<Shard>,
    plan: Rc<Plan>,
    /// Which lane of the load.
    number: usize,
    setting: Rc<Setting>,
    rows: Rc<Rows>,
    /// Those that are to be in the run, in the order in which they started.
    users: Vec<Rc<RefCell<Driver>>>,
    /// Those that were told to leave because the load fell, and until when they may.
    leaving: VecDeque<(Rc<RefCell<Driver>>, Instant)>,
    /// How many users have had each number before, and how many rounds of rows they have taken.
    generations: Vec<(u32, u64)>,
    tasks: JoinSet<()>,
}

impl Track {
    pub(super) fn new(thread_count: usize, helm: Option<&Helm>) -> Self {
        Self { relay: Relay::new(thread_count), present: Crowd::default(), helm: helm.cloned() }
    }

    /// How many users a lane wants so long after the run's start.
    pub(super) fn users_wanted(&self, lane: &Lane, elapsed: Duration) -> u64 {
        let Some(elapsed) = elapsed.checked_sub(lane.begins) else { return 0 };
        match &lane.shape {
            Shape::Levels(profile) => profile.target_at(elapsed),
            Shape::Cycles(cycles) => cycles.users_in(self.relay.cycle()).unwrap_or(0),
            Shape::Arrivals(_) => self.present.count(),
            Shape::Search(_) => match self.helm.as_ref().map(Helm::present).as_deref() {
                Some(Course { begins, leg: Leg::Users(profile), .. }) => {
                    profile.target_at(elapsed.saturating_sub(*begins))
                }
                Some(Course { leg: Leg::Arrivals { .. }, .. }) => self.present.count(),
                _ => 0,
            },
        }
    }

    /// How many of its users are in the run, where that is counted.
    pub(super) fn present_count(&self) -> u64 {
        self.present.count()
    }
}

impl Schedule {
    pub(super) fn new(shard: Rc<Shard>, plan: Rc<Plan>, number: usize, rows: Rc<Rows>) -> Self {
        let iterations = plan.job.load.lanes()[number].shape.iterations();
        let setting = Rc::new(Setting { iterations, ..Setting::clone(&shard.setting) });
        Self {
            shard,
            plan,
            number,
            setting,
            rows,
            users: Vec::new(),
            leaving: VecDeque::new(),
            generations: Vec::new(),
            tasks: JoinSet::new(),
        }
    }

    /// From the lane's beginning until its last user has left.
    pub(super) async fn run(mut self) {
        let plan = Rc::clone(&self.plan);
        let mut orders = plan.control.orders();
        let lane = &plan.job.load.lanes()[self.number];
        self.wait_until(self.shard.instant(lane.begins), &mut orders).await;
        match &lane.shape {
            Shape::Levels(profile) => self.follow_levels(profile, lane.begins, &mut orders).await,
            Shape::Cycles(cycles) => {
                let runner = plan.tracks[self.number].relay.runner();
                self.follow_cycles(cycles, runner, &mut orders).await;
            }
            Shape::Arrivals(arrivals) => self.follow_arrivals(arrivals, lane.begins, &mut orders).await,
            Shape::Search(_) => {
                if let Some(helm) = &plan.tracks[self.number].helm {
                    self.follow_search(helm, lane.begins, &mut orders).await;
                }
            }
        }
        self.drain(&mut orders).await;
    }

    /// Until then, or an order.
    async fn wait_until(&self, instant: Instant, orders: &mut watch::Receiver<Order>) {
        while Instant::now() < instant && *orders.borrow_and_update() == Order::Run {
            tokio::select! {
                () = sleep_until(instant.into()) => {}
                _ = orders.changed() => {}
            }
        }
    }

    /// Lets users finish their step, then makes them leave.
    async fn drain(&mut self, orders: &mut watch::Receiver<Order>) {
        self.tell_all(Input::Stop);
        let deadline = tokio::time::Instant::now() + self.setting.program.limits.drain;
        while !self.tasks.is_empty() && *orders.borrow_and_update() != Order::Abort {
            tokio::select! {
                () = sleep_until(deadline) => break,
                _ = orders.changed() => {}
                Some(_) = self.tasks.join_next() => {}
            }
        }
        self.tell_all(Input::Abort);
        while self.tasks.join_next().await.is_some() {}
    }

    fn tell_all(&self, input: Input<'_>) {
        for driver in self.users.iter().chain(self.leaving.iter().map(|(driver, _)| driver)) {
            interrupt(driver, input);
        }
    }

    /// Makes those leave that were told to and have had their time.
    fn dismiss(&mut self) {
        while let Some((driver, _)) = self.leaving.pop_front_if(|(_, deadline)| *deadline <= Instant::now()) {
            interrupt(&driver, Input::Abort);
        }
    }

    /// Starts or stops users until as many are in the run as are wanted. Those that started last leave first.
    fn adjust(&mut self, target: u64) {
        let wanted = usize::try_from(self.segment().count_of(target)).unwrap_or(usize::MAX);
        while self.users.len() < wanted {
            self.start();
        }
        let deadline = Instant::now() + self.setting.program.limits.drain;
        for (own, driver) in (wanted..).zip(self.users.drain(wanted..)) {
            interrupt(&driver, Input::Stop);
            // Having been told to stop, it takes no more of them.
            self.generations[own].1 = driver.borrow().rounds_taken();
            self.leaving.push_back((driver, deadline));
        }
    }

    /// Tells all to leave who are there, so that others come for them.
    fn send_away(&mut self) {
        let deadline = Instant::now() + self.setting.program.limits.drain;
        for driver in self.users.drain(..) {
            interrupt(&driver, Input::Stop);
            self.leaving.push_back((driver, deadline));
        }
    }

    fn start(&mut self) {
        let own = self.users.len();
        let index = self.segment().nth(own as u64).unwrap_or(u64::MAX);
        if self.generations.len() == own {
            self.generations.push((0, 0));
        } else {
            self.generations[own].0 += 1;
        }
        let track = &self.plan.tracks[self.number];
        let seat = track.helm.is_some().then(|| track.present.enter());
        self.launch(index, self.generations[own], seat);
    }

    /// Starts a user, which gives its seat back when it leaves.
    fn launch(&mut self, index: u64, (generation, taken_count): (u32, u64), seat: Option<Head>) {
        let load = &self.plan.job.load;
        let scenario = load.lanes()[self.number].mix.scenario_of(index);
        let share = self.rows.share_of(&self.setting.program, self.number, index, taken_count);
        let number = load.user_number(self.number, index);
        let mut user = User::new(Rc::clone(&self.setting), number, generation, scenario);
        if let Some(share) = share {
            user.set_share(share);
        }
        user.set_profile(load.profile_of(self.number, index));
        let driver = Rc::new(RefCell::new(Driver::new(Rc::clone(&self.shard), user)));
        self.shard.recorder.borrow_mut().user_started();
        if let Some(census) = &self.shard.census {
            census.enlist(&driver);
        }
        let session = session::run(Rc::clone(&driver));
        let head = self.plan.crowd.enter();
        self.tasks.spawn_local(async move {
            session.await;
            drop((head, seat));
        });
        self.users.push(driver);
    }

    /// This thread's part of the lane's users.
    fn segment(&self) -> Segment {
        self.plan.segment
    }
}
