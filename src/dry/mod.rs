//! A run on virtual time, without a socket: the machines of a plan's users, driven by a queue of what is to happen,
//! against a server that is made up. What comes of it is what the plan would do: how many messages and bytes, how long
//! it lasts, what it needs. What a real server would make of it, and how fast, is not known here.
//!
//! Nothing waits: an hour of thinking is over at once. Of large loads a part of the users is simulated, each of whom
//! stands for several.

mod agenda;
mod arrivals;
mod barriers;
mod connections;
mod course;
mod hands;
mod lanes;
mod made;
mod memory;
mod outcome;
mod person;
mod pools;
mod replies;
mod sample;
mod tally;
mod timeline;
mod world;

use std::sync::Arc;
use std::time::Duration;

pub use self::memory::{Share, memory};
pub use self::outcome::{Ending, Outcome, Sent, Unanswered};
pub use self::timeline::Interval;
use self::world::World;
use crate::load::Load;
use crate::program::Program;

/// So many users are simulated one by one; of more, a part.
pub const USERS_SIMULATED: u64 = 500;

/// A run to be gone through.
#[derive(Debug, Clone)]
pub struct Job {
    /// What users do.
    pub program: Arc<Program>,
    /// How many users, and when.
    pub load: Load,
    /// Who answers them.
    pub peer: Peer,
    /// How long everything takes that goes to the server and back; more than nothing.
    pub latency: Duration,
    /// Fixes every draw of every user.
    pub seed: u64,
    /// Unix time at the run's start, for `now_ms` and the like.
    pub epoch: Duration,
    /// About so many users are simulated one by one; each stands for as many as it takes.
    pub users_simulated: u64,
}

/// The server that is made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Answers everything that a plan waits for with what it asks for.
    Obliging,
    /// Takes every connection, and says nothing from then on.
    Silent,
}

impl Job {
    /// Of a search, its highest level. An obliging server that answers within a millisecond, and seed 0.
    pub fn new(program: Program, load: Load) -> Self {
        Self {
            program: Arc::new(program),
            load: load.at_highest_level(),
            peer: Peer::Obliging,
            latency: Duration::from_millis(1),
            seed: 0,
            epoch: Duration::ZERO,
            users_simulated: USERS_SIMULATED,
        }
    }
}

/// Goes through a run. `is_enough` is asked now and then, and ends it early.
pub fn run(job: &Job, mut is_enough: impl FnMut() -> bool) -> Outcome {
    let mut job = job.clone();
    let mut before = None;
    if let Some(setup) = job.program.setup.clone() {
        let part = (setup.scenario, job.load.first_free_number());
        let done = World::alone(&job, part, &mut is_enough).go();
        let kept = done.kept(&setup.keeps);
        before = Some(done.into_outcome());
        Arc::make_mut(&mut job.program).share(&kept);
    }
    if let Some(before) = before.as_ref().filter(|before| !before.is_well()) {
        // A real run would not begin.
        let has_ended = before.ending == Ending::Ended;
        let ending = if has_ended { Ending::NotSetUp } else { before.ending };
        return Outcome { ending, ..before.clone() };
    }
    let mut outcome = World::new(&job, &mut is_enough).go().into_outcome();
    outcome.take_in(before);
    if let Some(scenario) = job.program.teardown {
        let part = (scenario, job.load.first_free_number().saturating_add(1));
        outcome.take_in(Some(World::alone(&job, part, &mut is_enough).go().into_outcome()));
    }
    outcome
}
