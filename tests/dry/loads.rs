//! Users come and leave as the load says, few stand for many, and there is an end to everything.

use std::time::Duration;

use wsplan::dry::{Ending, Job};
use wsplan::load::Shape;

use super::{job, line_of, run};

const STEPS: &str =
    "steps: [{ connect: {} }, { send: hello }, { loop: { forever: true, steps: [{ think: 250ms }] } }]";

fn with_load(load: &str) -> Job {
    job(&format!("target: ws://127.0.0.1:1/\nload: {load}\nscenarios:\n  user:\n    {STEPS}\n"))
}

#[test]
fn there_are_as_many_users_in_each_second_as_the_profile_says() {
    for load in [
        "{ users: 12, ramp: 6s, duration: 20s }",
        "{ users: 5, rate: 0.5/s, duration: 15s }",
        "{ stages: [{ users: 10, over: 5s }, { users: 10, over: 3s }, { users: 2, over: 4s }, { users: 6, over: 0s }, { users: 6, over: 3s }] }",
    ] {
        let job = with_load(load);
        let Shape::Levels(profile) = &job.load.lanes()[0].shape else { panic!("a profile") };
        let outcome = run(&job);
        let most_in = |second: u64| {
            let moments = (0..1000).map(|ms| Duration::from_secs(second) + Duration::from_millis(ms));
            moments.map(|at| profile.target_at(at)).max().unwrap()
        };
        let last = profile.total_duration().unwrap().as_secs();
        for (second, interval) in (0..last).zip(&outcome.intervals) {
            // Who leaves finishes its step, so that in the second after the level fell it is still there.
            let before = second.checked_sub(1).map_or(0, most_in);
            let wanted = most_in(second)..=most_in(second).max(before);
            assert!(
                wanted.contains(&interval.users),
                "{load}: {} at {second}s, not {wanted:?}",
                interval.users
            );
        }
        assert_eq!((outcome.ending, outcome.users_peak), (Ending::Ended, profile.peak_users()), "{load}");
        assert_eq!(outcome.counts.messages_sent, outcome.counts.users_started);
        let late = outcome.elapsed.saturating_sub(profile.total_duration().unwrap());
        assert!(late < Duration::from_millis(1), "{load}: {late:?}");
    }
}

#[test]
fn lanes_begin_when_they_do_and_cycles_follow_one_another() {
    let plan = "
target: ws://127.0.0.1:1/
load: { cycles: [3, 5, 1], iterations: 2 }
scenarios:
  first:
    steps: [{ connect: {} }, { think: 2s }]
  second:
    load: { users: 4, duration: 3s, start: 10s }
    steps: [{ connect: {} }, { think: 1h }]
";
    let outcome = run(&job(plan));
    let users: Vec<_> = outcome.intervals.iter().map(|interval| interval.users).collect();
    // Every round trip takes a little, so that a cycle ends in the next one's first second.
    assert_eq!(users, [3, 3, 3, 3, 5, 5, 5, 5, 5, 1, 5, 5, 5, 4]);
    assert_eq!((outcome.counts.users_started, outcome.counts.iterations), (13, 2 * 9));
    assert_eq!(outcome.elapsed.as_secs(), 13);
}

#[test]
fn users_arrive_when_they_are_due_or_are_turned_away() {
    let plan = |load: &str| {
        let steps = "[{ connect: {} }, { send: hello }, { think: 10s }]";
        format!("target: ws://127.0.0.1:1/\nload: {load}\nscenarios: {{ user: {{ steps: {steps} }} }}\n")
    };
    let even = run(&job(&plan("{ arrivals: { rate: 20/s, over: 30s } }")));
    assert_eq!((even.ending, even.counts.arrivals_due, even.counts.arrivals_missed), (Ending::Ended, 600, 0));
    assert_eq!((even.counts.messages_sent, even.elapsed.as_secs()), (600, 39));
    // In two seconds comes who begins in them, and who came ten seconds before has left.
    assert!((199..=202).contains(&even.users_peak), "{}", even.users_peak);
    let few = run(&job(&plan("{ arrivals: { rate: 20/s, over: 30s, max_users: 50 } }")));
    assert_eq!((few.users_peak, few.counts.users_started), (50, 150));
    assert_eq!((few.counts.arrivals_due, few.counts.arrivals_missed), (600, 450));
    let bursts = run(&job(&plan("{ bursts: { users: 7, every: 30s, times: 3 } }")));
    assert_eq!((bursts.users_peak, bursts.counts.users_started, bursts.elapsed.as_secs()), (7, 21, 70));
    let ended = run(&job(&plan("{ arrivals: { rate: 1/s, over: 1h, spacing: poisson }, duration: 100s }")));
    assert_eq!((ended.ending, ended.elapsed.as_secs()), (Ending::Ended, 100));
    assert_eq!(ended.counts.users_started, ended.counts.arrivals_due);
    let many = plan("{ arrivals: { rate: 100/s, over: 1m, max_users: 2000 } }");
    let (sampled, whole) = (run(&job(&many)), run(&Job { users_simulated: u64::MAX, ..job(&many) }));
    assert_eq!((sampled.one_of, sampled.counts.users_started), (4, whole.counts.users_started));
    assert!(sampled.users_peak.abs_diff(whole.users_peak) <= 4);
}

#[test]
fn a_few_users_stand_for_many() {
    let plan = "
target: ws://127.0.0.1:1/
load: { users: 7777, ramp: 30s, iterations: 2 }
scenarios:
  single: { users: 1, steps: [{ connect: {} }, { send: one }] }
  rare: { weight: 1, steps: [{ connect: {} }, { send: rare }] }
  half:
    weight: 50
    steps:
      - connect: {}
      - loop: { times: 3, steps: [{ request: { send: \"{{correlation_id}}\", reply: { text: { length: 9 } } } }, { think: 1s }] }
  other: { weight: 49, steps: [{ connect: {} }, { send: \"four\" }, { think: 2s }] }
";
    let sampled = run(&job(plan));
    let whole = run(&Job { users_simulated: u64::MAX, ..job(plan) });
    assert_eq!((sampled.one_of, whole.one_of), (16, 1));
    let bytes = |outcome: &wsplan::dry::Outcome| {
        let mut counts = outcome.counts.clone();
        // The numbers of users, which are in the messages, have not the same number of digits.
        (counts.bytes_sent, counts.writes) = (0, 0);
        counts
    };
    assert_eq!(bytes(&sampled), bytes(&whole));
    assert_eq!(sampled.users_peak.abs_diff(whole.users_peak).max(1) * 50 / whole.users_peak, 0, "within 2%");
    assert_eq!(whole.sent.len(), sampled.sent.len());
}

#[test]
fn those_who_stand_for_others_are_as_active_as_they() {
    let plan = "
target: ws://127.0.0.1:1/
load:
  users: 10000
  ramp: 5s
  duration: 65s
  profiles: { active: { weight: 2, think: 0.5 }, regular: { weight: 5, think: 1 }, passive: { weight: 3, think: 3 } }
scenarios:
  user: { steps: [{ connect: {} }, { loop: { forever: true, steps: [{ think: 2s }, { send: '{{user.profile}}' }] } }] }
";
    let outcome = run(&job(plan));
    assert_eq!(outcome.one_of, 20);
    // A minute and what is left of the ramp: so many pauses of one, two and six seconds each.
    let wanted = 2_000.0 * 62.0 + 5_000.0 * 31.0 + 3_000.0 * 10.0;
    let got = outcome.counts.messages_sent as f64;
    assert!((got / wanted - 1.0).abs() < 0.1, "{got} of {wanted}");
}

#[test]
fn a_loop_without_time_in_it_ends_with_its_place() {
    let plan = "
target: ws://127.0.0.1:1/
scenarios:
  user:
    steps:
      - connect: {}
      - loop:
          times: 1000000000
          steps:
            - send: more
";
    let job = job(plan);
    let outcome = run(&job);
    let Ending::Timeless(place) = outcome.ending else { panic!("{:?}", outcome.ending) };
    let line = line_of(&job.program, plan, place);
    assert!((7..=10).contains(&line), "{line}");
    assert!(outcome.counts.messages_sent > 100_000);
}

#[test]
fn what_has_no_end_is_not_waited_for() {
    let endless = with_load("{ users: 3, iterations: 1 }");
    let outcome = run(&endless);
    assert_eq!(outcome.ending, Ending::Endless);
    assert_eq!(outcome.elapsed.as_secs().div_ceil(3600), 24);
    let mut asked_count = 0;
    let enough = wsplan::dry::run(&endless, || {
        asked_count += 1;
        asked_count > 3
    });
    assert_eq!(enough.ending, Ending::Enough);
    assert!(enough.elapsed < outcome.elapsed && enough.counts.users_started == 3);
}

#[test]
fn a_crowd_that_nobody_has_time_for_is_enough_soon() {
    let outcome = wsplan::dry::run(
        &Job { users_simulated: u64::MAX, ..with_load("{ users: 1000000000, duration: 1h }") },
        || true,
    );
    assert_eq!(outcome.ending, Ending::Enough);
    assert!(outcome.counts.users_started < 10_000);
}

#[test]
fn nobody_at_all_is_over_at_once() {
    let outcome = run(&with_load("{ users: 0 }"));
    assert_eq!(
        (outcome.ending, outcome.elapsed, outcome.counts.users_started),
        (Ending::Ended, Duration::ZERO, 0)
    );
}

#[test]
fn nobody_is_waited_for_where_nobody_will_come() {
    let lasts = |load: &str| {
        let steps = "steps: [connect: {}, think: 1s, close: {}]";
        let plan = format!("target: ws://127.0.0.1:1/\nload: {load}\nscenarios:\n  user:\n    {steps}\n");
        run(&job(&plan)).elapsed
    };
    assert_eq!(lasts("{ users: 0, duration: 1h }"), Duration::ZERO);
    assert_eq!(lasts("{ arrivals: { rate: 0/s }, duration: 1h }"), Duration::ZERO);
    let minute = Duration::from_mins(1);
    for load in [
        "{ stages: [{ users: 2, over: 0s }, { users: 2, over: 10s }, { users: 0, over: 0s }, { users: 0, over: 1h }] }",
        "{ cycles: [2, 0], duration: 20s }",
        "{ arrivals: { rate: 1/s, over: 10s }, duration: 1h }",
        "{ bursts: { users: 2, every: 5s, times: 2 }, duration: 1h }",
    ] {
        let lasted = lasts(load);
        assert!(lasted >= Duration::from_secs(5) && lasted < minute, "{load}: {lasted:?}");
    }
}

#[test]
fn users_wait_for_one_another_and_for_connections_that_they_share() {
    let plan = "
target: ws://127.0.0.1:1/
load: { users: 6, iterations: 3 }
pools: { few: { size: 2, acquire_timeout: 1m, connect: {} } }
scenarios:
  user:
    steps:
      - barrier: { name: start, users: 6 }
      - borrow: { from: few, steps: [{ send: hello }, { think: 1s }] }
";
    let outcome = run(&job(plan));
    assert!(outcome.is_well(), "{:?}", outcome.errors);
    // Three rounds of three pairs one after the other.
    assert_eq!(outcome.elapsed.as_secs(), 9);
    assert_eq!((outcome.connections_peak, outcome.counts.connections_established), (2, 2));
    assert_eq!((outcome.counts.pools_borrowed, outcome.counts.iterations), (18, 18));
    let hasty = plan.replace("acquire_timeout: 1m", "acquire_timeout: 500ms");
    assert!(run(&job(&hasty)).errors.of_kind(wsplan::metrics::ErrorKind::AcquireTimeout) > 0);
}

#[test]
fn rows_run_out_as_they_do() {
    let plan = "
target: ws://127.0.0.1:1/
data: { account: { file: accounts.csv, pick: unique } }
load: { users: 3, duration: 1h }
scenarios:
  user:
    steps: [{ connect: {} }, { send: \"{{account.name}}\" }, { think: 1s }]
";
    let outcome = run(&job(plan));
    assert_eq!(outcome.counts.users_out_of_data, 3);
    assert!(outcome.elapsed < Duration::from_mins(1), "{:?}", outcome.elapsed);
}
