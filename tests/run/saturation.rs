//! The generator says when it was the bottleneck; and what `--fail-on` makes of that and of other things.
//!
//! How busy this machine is decides what the generator sees of itself. So a run is asked to be saturated only where it
//! cannot be otherwise, and else whether what is said agrees with the figures it is said of.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{finish, folder, summary_of, wsplan_run};

/// One user that never waits: its thread runs, or it wants to.
const SPIN: &str = "
name: spin
target: builtin:echo
load: { users: 1, duration: 2500ms }
scenarios:
  spin:
    steps:
      - connect: {}
      - loop: { times: 1000000000, steps: [set: { a: 1 }] }
";

const EASY: &str = "
name: easy
target: builtin:echo
load: { users: 2, duration: 1500ms }
scenarios:
  easy:
    steps:
      - connect: {}
      - loop:
          times: 1000
          steps:
            - request: { send: { id: '{{correlation_id}}' }, reply: { $.id: '{{correlation_id}}' } }
            - think: 100ms
";

/// Every reply comes too late for the plan, which allows that.
const FORGIVING: &str = "
name: forgiving
target: 'builtin:echo?drop=100%'
thresholds: ['errors count < 1000']
scenarios:
  user:
    steps:
      - connect: {}
      - request: { send: a, reply: { text: { equals: a } }, within: 10ms }
";

fn run(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = wsplan_run(folder);
    command.args(["plan.yaml", "--quiet", "--threads", "1"]).args(arguments);
    command
}

/// The exit status of a plan, and its summary.
fn outcome(plan: &str, arguments: &[&str]) -> (Option<i32>, Value) {
    let folder = folder(plan);
    let ended = finish(run(folder.path(), &["--format", "json"]).args(arguments));
    (ended.status.code(), summary_of(&ended))
}

#[test]
fn a_thread_that_never_rests_is_the_bottleneck() {
    let folder = folder(SPIN);
    let ended = finish(&mut run(folder.path(), &["--fail-on", "saturated", "--summary", "out.json"]));
    assert!(ended.stdout.starts_with("! the generator was the bottleneck"), "{}", ended.stdout);
    assert!(ended.stdout.ends_with("✗ failed: it was to fail on saturated\n"), "{}", ended.stdout);
    assert_eq!(ended.status.code(), Some(1));
    let summary = std::fs::read_to_string(folder.path().join("out.json")).unwrap();
    let summary: Value = serde_json::from_str(&summary).unwrap();
    let generator = &summary["generator"];
    assert_eq!((&generator["saturated"], &summary["exit_status"]), (&true.into(), &1.into()));
    assert_eq!(summary["failed_on"], serde_json::json!(["saturated"]));
    assert_eq!(said(&summary), due(&summary), "{generator:#}");
    assert!(said(&summary).contains(&"cpu".to_owned()), "{generator:#}");
    assert!(generator["files"]["open_peak"].as_u64() > Some(0), "{generator:#}");
    // Nobody waited for anything but the generator: without `--fail-on` it is a run that held.
    assert_eq!(summary["errors"], Value::Array(Vec::new()));
}

#[test]
fn what_is_said_of_an_easy_run_agrees_with_its_figures() {
    let (status, summary) = outcome(EASY, &["--fail-on", "saturated"]);
    let reasons = due(&summary);
    assert_eq!(said(&summary), reasons, "{:#}", summary["generator"]);
    assert_eq!(summary["generator"]["saturated"], !reasons.is_empty());
    assert_eq!(status, Some(i32::from(!reasons.is_empty())));
    let thread = &summary["generator"]["per_thread"][0];
    let seconds = |name: &str| thread[name].as_f64().unwrap();
    assert!(seconds("cpu_s") > 0.0 && seconds("cpu_s") <= seconds("watched_s"), "{thread:#}");
    assert!(thread["timer_lateness"]["count"].as_u64() > Some(0), "{thread:#}");
    assert!(thread["loop_lag"]["count"].as_u64() > Some(0), "{thread:#}");
}

/// The reasons that a summary gives, of those that follow from its figures.
fn said(summary: &Value) -> Vec<String> {
    let reasons = summary["generator"]["reasons"].as_array().unwrap();
    reasons.iter().map(|reason| reason["kind"].as_str().unwrap().to_owned()).collect()
}

/// A reason, and whether a thread has it.
type Rule<'r> = (&'r str, &'r dyn Fn(&Value) -> bool);

/// The reasons that there are, by the rules as `docs/measuring.md` states them.
fn due(summary: &Value) -> Vec<String> {
    let threads = summary["generator"]["per_thread"].as_array().unwrap();
    let lasting = |thread: &Value, name: &str| {
        let (lasted, watched) = (thread[name].as_f64().unwrap(), thread["watched_s"].as_f64().unwrap());
        lasted >= 1.0 && lasted / watched >= 0.05
    };
    let late = |thread: &Value, name: &str| {
        thread[name]["count"].as_u64() >= Some(50) && thread[name]["p99"].as_u64() > Some(10_000)
    };
    let rules: [Rule<'_>; 4] = [
        ("cpu", &|thread| lasting(thread, "busy_s")),
        ("run_queue", &|thread| lasting(thread, "starved_s")),
        ("loop_lag", &|thread| late(thread, "loop_lag")),
        ("timers", &|thread| late(thread, "timer_lateness")),
    ];
    let holds = |(_, rule): &&Rule<'_>| threads.iter().any(rule);
    rules.iter().filter(holds).map(|(name, _)| (*name).to_owned()).collect()
}

#[test]
fn errors_that_a_threshold_allows_fail_where_that_is_asked_for() {
    for (arguments, status, failed_on) in [
        (&[][..], 0, &[][..]),
        (&["--fail-on", "errors"], 1, &["errors"]),
        (&["--fail-on", "unmatched"], 0, &[]),
        (&["--fail-on", "unmatched,errors"], 1, &["errors"]),
        (&["--fail-on", "unmatched", "--fail-on", "errors"], 1, &["errors"]),
    ] {
        let (exit, summary) = outcome(FORGIVING, arguments);
        assert_eq!((exit, &summary["exit_status"]), (Some(status), &status.into()), "{arguments:?}");
        assert_eq!(summary["failed_on"], serde_json::json!(failed_on), "{arguments:?}");
    }
}

#[test]
fn messages_that_nobody_took_fail_where_that_is_asked_for() {
    let plan = "name: deaf\ntarget: builtin:echo\nscenarios: { user: { steps: [connect: {}, send: a, send: b, \
                expect: { text: { equals: b } }] } }";
    assert_eq!(outcome(plan, &[]).0, Some(0));
    let (status, summary) = outcome(plan, &["--fail-on", "unmatched"]);
    assert_eq!((status, &summary["messages"]["unmatched"]), (Some(1), &1.into()));
}

#[test]
fn a_word_that_is_not_known_is_refused_with_those_that_are() {
    let folder = folder(EASY);
    let ended = finish(run(folder.path(), &[]).args(["--fail-on", "anything"]));
    assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(2), ""));
    for word in ["saturated", "errors", "unmatched"] {
        assert!(ended.stderr.contains(word), "{}", ended.stderr);
    }
}
