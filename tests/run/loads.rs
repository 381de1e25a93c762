//! Who runs, how often and in which order, under the loads that are more than one curve: seen from the server.

use nix::sys::signal::Signal;

use super::interrupt::Running;
use super::{Ended, eventually, finish, folder, summary_of, wsplan_run};
use crate::support::frames::close;
use crate::support::scripted::{Action, ScriptedServer, accepting};

/// Takes a message and a Close on each connection.
fn server() -> ScriptedServer {
    let rest = [Action::ReadFrames(2), Action::Write(close(1000, b"")), Action::Close];
    ScriptedServer::every(accepting(rest))
}

/// A run of a plan whose users send one message: how it ended, and the messages in the order in which their connections
/// were accepted.
fn run(plan: &str, arguments: &[&str]) -> (Ended, Vec<String>) {
    let folder = folder(plan);
    let server = server();
    let mut command = wsplan_run(folder.path());
    let ended =
        finish(command.args(["plan.yaml", "--format", "json", "--target", &server.url()]).args(arguments));
    let transcripts = server.finish();
    let frames = transcripts.iter().flat_map(|transcript| transcript.frames.iter());
    let messages = frames.filter(|frame| frame.first == 0x81);
    let messages = messages.map(|frame| String::from_utf8(frame.payload.clone()).unwrap()).collect();
    (ended, messages)
}

fn sorted(mut messages: Vec<String>) -> Vec<String> {
    messages.sort();
    messages
}

fn duration_of(ended: &Ended) -> f64 {
    summary_of(ended)["duration_s"].as_f64().unwrap()
}

const CYCLES: &str = r#"
target: ws://127.0.0.1:1
load: { cycles: [2, 0, 3, 1], iterations: 2 }
scenarios:
  user:
    steps: [connect: {}, send: "{{correlation_id}} {{user.iteration}}", close: {}]
"#;

#[test]
fn a_cycle_begins_when_all_of_the_one_before_have_left() {
    for threads in ["1", "2", "5"] {
        let (ended, messages) = run(CYCLES, &["--threads", threads]);
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        // The users of a number are told apart by how many had it before.
        let expected = [
            ["0-0 0", "0-1 1", "1-0 0", "1-1 1"].as_slice(),
            &["0.1-0 0", "0.1-1 1", "1.1-0 0", "1.1-1 1", "2-0 0", "2-1 1"],
            &["0.2-0 0", "0.2-1 1"],
        ];
        let mut rest = messages.as_slice();
        for cycle in expected {
            let (of_cycle, behind) = rest.split_at(cycle.len());
            assert_eq!(sorted(of_cycle.to_vec()), cycle, "{threads} threads: {messages:?}");
            rest = behind;
        }
        assert_eq!((rest.len(), &summary_of(&ended)["users"]["started"]), (0, &6.into()));
    }
}

#[test]
fn cycles_can_be_asked_for_and_have_their_time_on_the_command_line() {
    let (_, messages) = run(CYCLES, &["--users", "1:2", "--iterations", "1"]);
    assert_eq!(sorted(messages), ["0-0 0", "0.1-0 0", "1-0 0"]);
    let (ended, messages) = run(CYCLES, &["--users", "1:2", "--duration", "200ms", "--iterations", "1"]);
    assert_eq!(sorted(messages), ["0-0 0", "1-0 0"], "levels: the first user stays for the second");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    for with in ["--ramp=1s", "--rate=5"] {
        let (ended, messages) = run(CYCLES, &["--users", "1:2", with]);
        assert_eq!((ended.status.code(), messages.len()), (Some(2), 0), "{}", ended.stderr);
        assert!(ended.stderr.contains("start all at once"), "{}", ended.stderr);
    }
    let (ended, _) = run(CYCLES, &["--users", "1:x"]);
    assert_eq!(ended.status.code(), Some(2));
    assert!(ended.stderr.contains("10:20:30"), "{}", ended.stderr);
}

#[test]
fn an_interrupted_cycle_is_the_last() {
    let plan = CYCLES.replace("close: {}", "think: 20s").replace("[2, 0, 3, 1]", "[1, 1]");
    let server = server();
    let mut running = Running::start(&plan, &["--target", &server.url()]);
    assert!(eventually(|| (server.accepted_count() == 1).then_some(())).is_some());
    running.interrupt(Signal::SIGINT);
    let (status, summary) = running.finish();
    assert_eq!((status, &summary.unwrap()["users"]["started"]), (Some(130), &1.into()));
    server.conclude();
}

#[test]
fn scenarios_have_loads_of_their_own_beside_the_plans() {
    let plan = r#"
target: ws://127.0.0.1:1
load: { users: 2 }
scenarios:
  shared:
    steps: [connect: {}, send: "shared {{user.id}}", close: {}]
  own:
    load: { users: 3, start: 200ms, iterations: 2 }
    steps: [connect: {}, send: "own {{user.id}} {{user.iteration}}", close: {}]
  cycling:
    load: { cycles: [1, 2] }
    steps: [connect: {}, send: "cycling {{correlation_id}}", close: {}]
"#;
    let (ended, messages) = run(plan, &["--threads", "2"]);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let late = messages.iter().position(|message| message.starts_with("own")).unwrap();
    assert_eq!((late, messages.len()), (5, 11), "the others are done by then: {messages:?}");
    assert!(duration_of(&ended) >= 0.2);
    assert_eq!(
        sorted(messages),
        [
            "cycling 2-0",
            "cycling 2.1-0",
            "cycling 5-0",
            "own 1 0",
            "own 1 1",
            "own 4 0",
            "own 4 1",
            "own 7 0",
            "own 7 1",
            "shared 0",
            "shared 3"
        ]
    );
    let (_, messages) = run(plan, &["--users", "3"]);
    assert_eq!(messages.len(), 3, "the command line's load is that of all: {messages:?}");
    assert_eq!(messages.iter().filter(|message| message.starts_with("own")).count(), 1);
}

#[test]
fn fixed_counts_come_before_weights() {
    let plan = r#"
target: ws://127.0.0.1:1
load: { users: 7 }
scenarios:
  many: { weight: 3, steps: [connect: {}, send: many, close: {}] }
  one: { users: 1, steps: [connect: {}, send: "one {{user.id}}", close: {}] }
  few: { steps: [connect: {}, send: few, close: {}] }
  two: { users: 2, steps: [connect: {}, send: "two {{user.id}}", close: {}] }
"#;
    let (_, messages) = run(plan, &["--threads", "3"]);
    assert_eq!(sorted(messages), ["few", "many", "many", "many", "one 0", "two 1", "two 2"]);
    let counts_alone = plan
        .replace("load: { users: 7 }\n", "")
        .replace("weight: 3", "users: 4")
        .replace("few: { ", "few: { weight: 0, ");
    let (_, messages) = run(&counts_alone, &[]);
    assert_eq!(messages.len(), 7, "as many as the counts add up to: {messages:?}");
}

#[test]
fn users_start_at_a_rate() {
    let plan = CYCLES.replace("cycles: [2, 0, 3, 1], iterations: 2", "users: 3, rate: 20/s");
    let (ended, messages) = run(&plan, &[]);
    assert_eq!(messages.len(), 3);
    assert!(duration_of(&ended) >= 0.1, "the third starts after two twentieths of a second");
    let (ended, messages) = run(&plan, &["-u", "4", "-r", "10"]);
    assert_eq!(messages.len(), 4);
    assert!(duration_of(&ended) >= 0.3);
    let (ended, _) = run(&plan, &["--rate", "0"]);
    assert_eq!(ended.status.code(), Some(2));
}

const OPEN: &str = r#"
target: ws://127.0.0.1:1
load: { arrivals: { rate: 50/s, over: 200ms } }
scenarios:
  user:
    steps: [connect: {}, send: "{{correlation_id}} {{user.iteration}}", close: {}]
"#;

/// The arrivals of a run, due and missed.
fn arrivals_of(ended: &Ended) -> (u64, u64) {
    let arrivals = &summary_of(ended)["arrivals"];
    (arrivals["due"].as_u64().unwrap(), arrivals["missed"].as_u64().unwrap())
}

#[test]
fn users_arrive_at_a_rate_each_one_a_new_one() {
    let expected: Vec<String> = (0..10).map(|user| format!("{user}-0 0")).collect();
    for threads in ["1", "3"] {
        let (ended, messages) = run(OPEN, &["--threads", threads]);
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        assert_eq!(sorted(messages), expected);
        assert_eq!(arrivals_of(&ended), (10, 0));
        assert!(duration_of(&ended) >= 0.18, "the tenth comes after nine fiftieths of a second");
    }
    let (ended, messages) = run(&OPEN.replace("} }\n", "}, iterations: 2, duration: 20s }\n"), &[]);
    assert_eq!((messages.len(), arrivals_of(&ended)), (20, (10, 0)));
    assert!(duration_of(&ended) < 19.0, "nobody is left, and nobody will come");
}

#[test]
fn poisson_arrivals_are_fixed_by_the_seed() {
    let plan = OPEN.replace("over: 200ms", "over: 500ms, spacing: poisson");
    let due = |seed: &str, threads: &str| {
        let (ended, messages) = run(&plan, &["--seed", seed, "--threads", threads]);
        assert_eq!(arrivals_of(&ended).0, messages.len() as u64);
        messages.len()
    };
    assert_eq!(due("5", "1"), due("5", "3"));
    let counts: std::collections::BTreeSet<usize> = (1..6).map(|seed| due(&seed.to_string(), "2")).collect();
    assert!(counts.len() > 1, "25 on the average, and not always: {counts:?}");
}

#[test]
fn who_comes_when_all_places_are_taken_is_turned_away() {
    // The first ones stay until the end.
    let plan = OPEN
        .replace("over: 200ms", "over: 200ms, max_users: 3")
        .replace("} }\n", "}, duration: 400ms }\n")
        .replace("close: {}", "think: 1h");
    let folder = folder(&plan);
    let server = ScriptedServer::every(accepting([
        Action::ReadFrames(2),
        Action::Write(close(1001, b"")),
        Action::Close,
    ]));
    let mut command = wsplan_run(folder.path());
    let ended =
        finish(command.args(["plan.yaml", "--format", "json", "--threads", "2", "--target", &server.url()]));
    assert_eq!(server.finish().len(), 3);
    assert_eq!(arrivals_of(&ended), (10, 7), "{}", ended.stderr);
    assert_eq!(summary_of(&ended)["users"]["peak"], 3);
}

/// However many are due: an order is heard between them, and users are served.
#[test]
fn a_crowd_that_comes_at_once_holds_nothing_up() {
    let plan = "target: ws://127.0.0.1:1
load: { bursts: { users: 1000000, every: 1s, times: 1, max_users: 2 } }
scenarios:
  user: { steps: [stop: run] }
";
    let (ended, _) = run(plan, &["--threads", "1"]);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let (due, missed) = arrivals_of(&ended);
    assert!(due < 10_000 && missed > 0, "{due} came, of whom {missed} were turned away");
}

/// A bound that is kept over all threads is seen to be: what threads saw one after the other does not add up.
#[test]
fn no_more_are_there_at_a_time_than_may_be() {
    let plan = OPEN.replace("rate: 50/s, over: 200ms", "rate: 500/s, over: 200ms, max_users: 1");
    let (ended, _) = run(&plan, &["--threads", "3"]);
    assert_eq!(summary_of(&ended)["users"]["peak"], 1, "{}", ended.stderr);
}

#[test]
fn bursts_come_every_so_often() {
    let plan =
        OPEN.replace("arrivals: { rate: 50/s, over: 200ms }", "bursts: { users: 3, every: 100ms, times: 3 }");
    let (ended, messages) = run(&plan, &["--threads", "2"]);
    assert_eq!(sorted(messages), (0..9).map(|user| format!("{user}-0 0")).collect::<Vec<_>>());
    assert_eq!(arrivals_of(&ended), (9, 0));
    assert!(duration_of(&ended) >= 0.2);
}

#[test]
fn a_rate_alone_is_one_of_arrivals() {
    let plan = OPEN.replace("load: { arrivals: { rate: 50/s, over: 200ms } }\n", "");
    let (ended, messages) = run(&plan, &["--rate", "20", "--duration", "300ms"]);
    assert_eq!((arrivals_of(&ended).0, messages.len()), (6, 6));
    let (ended, _) = run(&plan, &["--rate", "20"]);
    assert_eq!(ended.status.code(), Some(2));
    assert!(ended.stderr.contains("--duration"), "{}", ended.stderr);
    let (ended, messages) = run(OPEN, &["--rate", "20"]);
    assert_eq!(
        (ended.status.code(), messages.len()),
        (Some(0), 4),
        "for as long as the plan says: {}",
        ended.stderr
    );
    let (ended, messages) = run(OPEN, &["--users", "2"]);
    assert_eq!((arrivals_of(&ended).0, messages.len()), (0, 2), "a number of users makes it a closed load");
}

#[test]
fn users_have_profiles_in_their_shares_and_their_own_pace() {
    let plan = r#"
target: ws://127.0.0.1:1
load: { users: 8, profiles: { active: { weight: 1, think: 0.001 }, passive: { weight: 3, think: 2 } } }
scenarios:
  a: { steps: [connect: {}, think: 100ms, send: "a {{user.profile}}", close: {}] }
  b: { steps: [connect: {}, think: 100ms, send: "b {{user.profile}}", close: {}] }
"#;
    let (ended, messages) = run(plan, &["--threads", "2"]);
    let passive = |who: &'static str| std::iter::repeat_n(format!("{who} passive"), 3);
    let expected: Vec<String> = ["a active".to_owned()]
        .into_iter()
        .chain(passive("a"))
        .chain(["b active".to_owned()])
        .chain(passive("b"))
        .collect();
    assert_eq!(sorted(messages), expected, "{}", ended.stderr);
    assert!(duration_of(&ended) >= 0.2, "passive users think twice as long");
    let (ended, _) =
        run(&plan.replace("think: 2 ", "think: 0 ").replace("100ms", "100s"), &["--threads", "2"]);
    assert!(duration_of(&ended) < 20.0, "a hundred seconds are a tenth of one, or nothing");
}
