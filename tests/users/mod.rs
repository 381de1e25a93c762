//! One user with any plan, against a network and a server that do anything. Where `tests/machine.rs` says what a user
//! does in one story, this says what holds in all of them.
//!
//! `WSPLAN_USERS=100000 cargo test --release users::` looks longer than every test run does.

mod plan;
mod tally;
mod world;

use rand::{RngExt, SeedableRng};
use wsplan::dry;
use wsplan::machine::Rng;

use plan::{Plan, Shape};
use world::World;

use crate::dry::assert_adds_up;
use crate::support::compiling::compile_text;

/// How much of what happened is shown of a user of whom something does not hold.
const LINES_SHOWN: usize = 400;

/// How many users of each shape of plan a test run has.
fn user_count() -> u64 {
    std::env::var("WSPLAN_USERS").ok().and_then(|count| count.parse().ok()).unwrap_or(1500)
}

fn live(seed: u64, shape: Shape) {
    let mut rng = Rng::seed_from_u64(seed);
    let plan = Plan::random(&mut rng, shape);
    let mut world = World::new(&plan, seed, rng);
    world.live();
    let broken = world.tally.broken(&plan);
    let shown = world.log.len().saturating_sub(LINES_SHOWN);
    assert!(
        broken.is_empty(),
        "seed {seed}, {shape:?}: {broken:#?}\n{:?}\n{}\n{}",
        world.tally,
        plan.text,
        world.log[shown..].join("\n")
    );
}

#[test]
fn each_request_ends_once_and_is_one_operation() {
    (0..user_count()).for_each(|seed| live(seed, Shape::Requests));
}

#[test]
fn each_request_ends_once_also_among_expects() {
    (0..user_count()).for_each(|seed| live(seed, Shape::Any));
}

#[test]
fn each_request_ends_once_on_whichever_connection() {
    (0..user_count()).for_each(|seed| live(seed, Shape::Several));
}

#[test]
fn each_request_ends_once_also_where_connections_are_opened_again() {
    (0..user_count()).for_each(|seed| live(seed, Shape::Reconnecting));
}

#[test]
fn each_request_ends_once_on_connections_that_are_shared() {
    (0..user_count()).for_each(|seed| live(seed, Shape::Borrowing));
}

#[test]
fn each_message_that_is_due_is_sent_or_missed() {
    (0..user_count()).for_each(|seed| live(seed, Shape::Paced));
}

/// Its server is made up, and its time too.
#[test]
fn whatever_the_plan_a_dry_run_of_it_adds_up() {
    for seed in 0..user_count() / 10 {
        for shape in Shape::ALL {
            let mut rng = Rng::seed_from_u64(seed);
            let plan = Plan::random(&mut rng, shape);
            let compiled = compile_text(&plan.text).compiled.expect("it is in order");
            let peer = pick(&mut rng, &[dry::Peer::Obliging, dry::Peer::Silent]);
            let job = dry::Job { seed, peer, ..dry::Job::new(compiled.program, compiled.load) };
            let mut asked_count = 0;
            let outcome = dry::run(&job, || {
                asked_count += 1;
                asked_count > 40
            });
            assert_adds_up(&outcome);
            assert!(outcome.unanswered.is_empty(), "{:?}\n{}", outcome.unanswered, plan.text);
        }
    }
}

fn pick<T: Copy>(rng: &mut Rng, of: &[T]) -> T {
    of[rng.random_range(0..of.len())]
}
