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
