//! Searches against servers that hold so many and no more: what is found is what they hold.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::Value;

use super::interrupt::Running;
use super::{Ended, eventually, finish, folder, summary_of, wsplan_run};
use crate::support::capacity::{Beyond, CapacityServer};

/// Users who ask all the time; a search and what there is beside it are to be filled in.
const PLAN: &str = r#"
target: ws://127.0.0.1:1
defaults: { within: 20s, drain: 300ms, restart_delay: 20ms }
load: { search: { SEARCH } }
MORE
scenarios:
  user:
    steps:
      - connect: {}
      - loop:
          forever: true
          steps:
            - name: say
              request: { send: "{{correlation_id}}", reply: { text: { equals: "{{correlation_id}}" } } }
            - think: 5ms
"#;

fn plan(search: &str, more: &str) -> String {
    PLAN.replace("SEARCH", search).replace("MORE", more)
}

fn run(server: &CapacityServer, plan: &str, arguments: &[&str]) -> Ended {
    let folder = folder(plan);
    let mut command = wsplan_run(folder.path());
    finish(command.args(["plan.yaml", "--threads", "2", "--target", server.url()]).args(arguments))
}

fn found(ended: &Ended) -> Value {
    summary_of(ended)["search"].clone()
}

/// Levels in the order in which they were tried, and whether they held.
fn tried(search: &Value) -> Vec<(f64, bool)> {
    let levels = search["levels"].as_array().unwrap().iter();
    levels.map(|level| (level["level"].as_f64().unwrap(), level["held"].as_bool().unwrap())).collect()
}

/// What broke the last level that did.
fn last_broken(search: &Value) -> &Value {
    let mut levels = search["levels"].as_array().unwrap().iter().rev();
    levels.find(|level| level["held"] == false).unwrap()
}

#[test]
fn the_last_user_that_is_let_in_is_found() {
    let server = CapacityServer::start(13, Beyond::Refused);
    let search =
        "users: { from: 4, to: 60 }, until: [errors count > 0], hold: 300ms, settle: 400ms, precision: 0%";
    // That levels above it broke is no failure.
    let plan = plan(search, "thresholds: [errors count == 0, users.peak count == 13]");
    let ended = run(&server, &plan, &["--format", "json", "--fail-on", "errors"]);
    let search = found(&ended);
    assert_eq!(ended.status.code(), Some(0), "{search:#} {}", ended.stderr);
    assert_eq!((&search["held"], &search["broke"]), (&13.0.into(), &14.0.into()), "{search:#}");
    assert_eq!((&search["finished"], &search["unit"]), (&true.into(), &"users".into()));
    let tried = tried(&search);
    assert_eq!(tried[..3], [(4.0, true), (8.0, true), (16.0, false)], "{search:#}");
    assert_eq!(tried.last(), Some(&(14.0, false)), "what is said to break was tried twice: {search:#}");
    assert!(search["metrics"]["say.rtt"]["count"].as_u64().unwrap() > 0, "{search:#}");
}

#[test]
fn what_is_slow_beyond_so_many_is_found_by_its_times() {
    let server = CapacityServer::start(5, Beyond::Slow(Duration::from_secs(1)));
    let search = "users: { from: 2, to: 8 }, until: [say.rtt p50 > 500ms], hold: 500ms, settle: 400ms";
    let ended = run(&server, &plan(search, ""), &["--format", "json"]);
    let search = found(&ended);
    assert_eq!((&search["held"], &search["broke"]), (&5.0.into(), &6.0.into()), "{search:#}");
    assert_eq!(ended.status.code(), Some(0), "{search:#} {}", ended.stderr);
}

#[test]
fn what_is_never_answered_breaks_by_the_time_it_has_taken() {
    let server = CapacityServer::start(5, Beyond::Silent);
    let search = "users: { from: 2, to: 8 }, until: [say.rtt p95 > 300ms], hold: 600ms, settle: 400ms";
    let ended = run(&server, &plan(search, "thresholds: [say.rtt p50 < 300ms]"), &["--format", "json"]);
    let search = found(&ended);
    assert_eq!((&search["held"], &search["broke"]), (&5.0.into(), &6.0.into()), "{search:#}");
    assert_eq!(ended.status.code(), Some(0), "{search:#} {}", ended.stderr);
    let broken = last_broken(&search);
    assert_eq!((&broken["operations"], &broken["errors"]), (&0.into(), &0.into()), "{broken:#}");
    assert_ne!(broken["criteria"][0]["observed"], "no value", "{broken:#}");
}

#[test]
fn silence_breaks_a_level_whatever_is_asked_for() {
    let server = CapacityServer::start(1, Beyond::Silent);
    // Nobody has waited long enough for an error.
    let search = "users: { from: 2, to: 8 }, until: [errors rate > 5%], hold: 300ms, settle: 300ms";
    let ended = run(&server, &plan(search, ""), &[]);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stdout);
    let headline = "✗ broke at 2 users, the first that was tried: nothing was answered, with 2 pending";
    assert!(ended.stdout.contains(headline), "{}", ended.stdout);
    assert!(ended.stdout.contains("✗ failed: no level held"), "{}", ended.stdout);
}

#[test]
fn what_was_due_and_not_asked_counts_too() {
    let server = CapacityServer::start(3, Beyond::Slow(Duration::from_millis(500)));
    let search =
        "users: { from: 2, to: 4 }, until: [say.rtt p90 > 900ms], hold: 2s, settle: 300ms, precision: 50%";
    let paced = plan(search, "")
        .replace("forever: true", "for: 1h\n          every: 50ms")
        .replace("            - think: 5ms\n", "");
    let ended = run(&server, &paced, &["--format", "json"]);
    let search = found(&ended);
    assert_eq!(
        (&search["held"], &search["broke"]),
        (&2.0.into(), &4.0.into()),
        "{search:#} {}",
        ended.stderr
    );
    let observed = last_broken(&search)["criteria"][0]["observed"].as_str().unwrap().to_owned();
    assert!(observed.ends_with(" since due"), "{search:#}");
}

#[test]
fn errors_of_which_nobody_speaks_break_a_level_and_those_that_a_threshold_allows_do_not() {
    let search =
        "users: { from: 2, to: 4 }, until: [say.rtt p50 > 10s], hold: 300ms, settle: 300ms, precision: 100%";
    for (more, held) in [("", 2.0), ("thresholds: [errors.upgrade_status rate < 90%]", 4.0)] {
        let server = CapacityServer::start(3, Beyond::Refused);
        let ended = run(&server, &plan(search, more), &["--format", "json"]);
        let search = found(&ended);
        assert_eq!(search["held"], held, "{search:#} {}", ended.stderr);
    }
}

#[test]
fn an_interrupted_search_says_what_it_has_found() {
    let server = CapacityServer::start(100, Beyond::Silent);
    let search = "users: { from: 3, to: 60 }, until: [errors count > 0], hold: 300ms, settle: 200ms";
    let mut run = Running::start(&plan(search, ""), &["--target", server.url()]);
    eventually(|| (server.peak() > 3).then_some(())).expect("the second level is tried");
    run.interrupt(Signal::SIGINT);
    let ended = run.finish_saying();
    let search = found(&ended);
    assert_eq!(ended.status.code(), Some(130), "{}", ended.stderr);
    assert_eq!((&search["finished"], &search["broke"]), (&false.into(), &Value::Null), "{search:#}");
    assert!(search["held"].as_f64() >= Some(3.0), "{search:#}");
    assert!(search["message"].as_str().unwrap().ends_with("interrupted before the search came to its end"));
}

/// Users who come, ask once, and stay for a fifth of a second.
const VISITORS: &str = r#"
target: ws://127.0.0.1:1
load: { search: { rate: { from: 10/s, to: 100/s }, until: [errors rate > 10%], hold: 500ms, settle: 400ms, precision: 20%, max_users: MAX } }
scenarios:
  visitor:
    steps:
      - connect: {}
      - name: say
        request: { send: "hi {{user.id}}", reply: { text: { equals: "hi {{user.id}}" } } }
      - think: 200ms
      - close: {}
"#;

/// Ten at a time who each stay for a fifth of a second are fifty in a second.
fn finds_fifty_a_second(ended: &Ended) {
    let search = found(ended);
    assert_eq!(ended.status.code(), Some(0), "{search:#} {}", ended.stderr);
    assert_eq!(search["unit"], "users/s");
    let (held, broke) = (search["held"].as_f64().unwrap(), search["broke"].as_f64().unwrap());
    // A few beyond that may be refused.
    assert!((20.0..=60.0).contains(&held) && held < broke && broke <= 80.0, "{search:#}");
    assert_eq!(tried(&search)[0], (10.0, true), "{search:#}");
}

#[test]
fn the_rate_is_found_at_which_visitors_are_as_many_as_the_server_can_hold() {
    let server = CapacityServer::start(10, Beyond::Refused);
    finds_fifty_a_second(&run(&server, &VISITORS.replace("MAX", "1000"), &["--format", "json"]));
}

#[test]
fn visitors_for_whom_there_is_no_room_break_a_level() {
    let server = CapacityServer::start(1000, Beyond::Refused);
    let ended = run(&server, &VISITORS.replace("MAX", "10"), &["--format", "json"]);
    finds_fifty_a_second(&ended);
    let causes = last_broken(&found(&ended))["causes"].clone();
    assert!(causes[0].as_str().unwrap().starts_with("no room for "), "{causes}");
}

#[test]
fn what_nobody_answers_is_left_behind_when_others_come() {
    let server = CapacityServer::start(10, Beyond::Silent);
    let plan = VISITORS.replace("MAX", "1000").replace("errors rate > 10%", "say.rtt p90 > 200ms");
    let ended = run(
        &server,
        &plan.replace("load:", "defaults: { within: 1m, drain: 200ms }\nload:"),
        &["--format", "json"],
    );
    finds_fifty_a_second(&ended);
}

#[test]
fn the_ready_made_plan_searches() {
    let plan = include_str!("../../plans/search.yaml")
        .replace("from: 100, to: 20000", "from: 5, to: 10")
        .replace("every: 1s", "every: 10ms")
        .replace("settle: 5s", "settle: 300ms")
        .replace("hold: 30s", "hold: 500ms");
    let folder = folder(&plan);
    let ended = finish(wsplan_run(folder.path()).args(["plan.yaml", "--threads", "1"]));
    // How fast the machine is beside other tests is not judged.
    assert!(ended.status.code().is_some_and(|status| status < 2), "{}", ended.stderr);
    assert!(
        ended.stdout.contains(" 5 users") && ended.stdout.contains("say.rtt p95 > 100ms"),
        "{}",
        ended.stdout
    );
}

#[test]
fn other_loads_go_on_beside_a_search_and_end_with_it() {
    let server = CapacityServer::start(10, Beyond::Refused);
    let search = "users: { from: 2, to: 40 }, until: [errors count > 0], hold: 300ms, settle: 300ms";
    let beside = "  other: { load: { users: 3 }, steps: [connect: {}, think: 1h] }\n  user:";
    let ended = run(&server, &plan(search, "").replace("  user:", beside), &["--format", "json"]);
    let search = found(&ended);
    // Three of the ten are those who stay.
    assert_eq!(
        (&search["held"], &search["broke"]),
        (&7.0.into(), &8.0.into()),
        "{search:#} {}",
        ended.stderr
    );
}

/// However many are due at once, those who are there are served, and one of them can end it.
#[test]
fn a_crowd_that_comes_at_once_holds_no_search_up() {
    let folder = folder(
        "target: ws://127.0.0.1:1
load: { search: { rate: { from: 1000000000/s, to: 2000000000/s }, until: [errors rate > 5%], max_users: 2 } }
scenarios:
  user: { steps: [stop: run] }
",
    );
    let ended = finish(wsplan_run(folder.path()).args(["plan.yaml", "--format", "json", "--threads", "1"]));
    let summary = summary_of(&ended);
    let due = summary["arrivals"]["due"].as_u64().unwrap();
    assert!(due < 100_000, "{due} came: {}", ended.stderr);
}
