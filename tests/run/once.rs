//! `setup` and `teardown`: before and behind all users, once, whatever becomes of the run.

use nix::sys::signal::Signal;

use super::interrupt::{Running, pass};
use super::{Ended, error_count, eventually, finish, folder, summary_of, wsplan_run};
use crate::support::frames::{close, text};
use crate::support::scripted::{Action, Gate, ScriptedServer, accepting};

/// Each connection is told the token first, and closed when the client wants that.
fn telling() -> Vec<Action> {
    let token = Action::Write(text(r#"{"token":"t 1"}"#));
    accepting([token, Action::ReadToClose, Action::Write(close(1000, b"")), Action::Close])
}

const TOKEN: &str = "  - expect: { where: { $.token: { exists: true } }, capture: { token: $.token } }\n";

fn plan(setup: &str, load: &str, teardown: &str) -> String {
    format!(
        r#"
target: ws://127.0.0.1:1
vars: {{ token: none, room: attic }}
unmatched: ignore
load: {load}
setup:
  - connect: /setup
{setup}  - set: {{ room: "room of {{{{user.id}}}}" }}
  - close: {{}}
scenarios:
  user:
    steps:
      - connect: "/user/{{{{token}}}}/{{{{room}}}}"
      - think: 1ms
      - close: {{}}
teardown:
  - connect: "/teardown/{{{{token}}}}"
{teardown}  - close: {{}}
"#
    )
}

/// The paths that were asked for, in the order of the connections.
fn run(plan: &str) -> (Vec<String>, Ended) {
    let server = ScriptedServer::every(telling());
    let folder = folder(plan);
    let mut command = wsplan_run(folder.path());
    command.args(["plan.yaml", "--quiet", "--format", "json", "--threads", "2", "--target", &server.url()]);
    let ended = finish(&mut command);
    (paths(server), ended)
}

fn paths(server: ScriptedServer) -> Vec<String> {
    let path = |request: &str| request.split(' ').nth(1).unwrap().to_owned();
    server.finish().iter().map(|transcript| path(&transcript.request)).collect()
}

#[test]
fn the_setup_and_the_teardown_use_fragments() {
    let fragments = format!("fragments:\n  told:\n{}", TOKEN.replace("  - ", "    - "));
    let used = "  - use: { fragment: told }\n";
    let (paths, ended) = run(&(plan(used, "{ users: 1 }", "  - use: { fragment: told }\n") + &fragments));
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert_eq!(paths.len(), 3, "{paths:?}");
    assert_eq!(paths[2], "/teardown/t%201");
}

#[test]
fn what_the_setup_keeps_every_user_sees_and_so_does_the_teardown() {
    let (paths, ended) = run(&plan(TOKEN, "{ users: 3, iterations: 2 }", "  - log: done\n"));
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let (first, rest) = paths.split_first().unwrap();
    let (last, users) = rest.split_last().unwrap();
    assert_eq!((first.as_str(), last.as_str()), ("/setup", "/teardown/t%201"));
    assert_eq!(users, ["/user/t%201/room%20of%203"; 6]);
    let summary = summary_of(&ended);
    // Its users are in no count of users or iterations; what they measured is there.
    assert_eq!(summary["users"]["started"], 3, "{summary:#}");
    assert_eq!(summary["users"]["finished"], 3);
    assert_eq!(summary["users"]["peak"], 3);
    assert_eq!(summary["iterations"]["ended"], 6);
    assert_eq!(summary["connections"]["attempted"], 8);
    assert_eq!(summary["metrics"]["setup.expect-1.wait"]["count"], 1, "{summary:#}");
}

#[test]
fn a_setup_that_fails_is_all_that_there_is_but_for_the_teardown() {
    let never = "  - expect: { where: { $.never: 1 }, within: 50ms }\n";
    let plan = plan(&format!("{TOKEN}{never}"), "{ users: 3 }", "");
    let (paths, ended) = run(&plan);
    assert_eq!(ended.status.code(), Some(3), "{}", ended.stderr);
    assert!(ended.stderr.contains("the setup failed, so no user was started"), "{}", ended.stderr);
    assert_eq!(paths, ["/setup", "/teardown/t%201"], "what it had until then is there");
    let summary = summary_of(&ended);
    assert_eq!(error_count(&summary, "timeout"), 1, "{summary:#}");
    assert_eq!(summary["users"]["started"], 0);
    assert_eq!(summary["exit_status"], 3);
}

#[test]
fn what_fails_in_the_teardown_is_an_error_of_the_run() {
    let never = "  - expect: { where: { $.never: 1 }, within: 50ms }\n";
    let (paths, ended) = run(&plan(TOKEN, "{ users: 2 }", never));
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    assert_eq!(paths.len(), 4);
    assert_eq!(error_count(&summary_of(&ended), "timeout"), 1);
}

/// What is said on standard error of a run that is interrupted twice while the script of its last connection waits.
fn interrupted_twice(plan: &str, before: Vec<Vec<Action>>) -> (String, usize) {
    let asked = Gate::default();
    let last = accepting([Action::ReadFrames(1), Action::Open(asked.clone()), Action::ReadToEnd]);
    let server = ScriptedServer::each(before.into_iter().chain([last]).collect());
    let mut running = Running::start(plan, &["--target", &server.url()]);
    pass(&asked);
    running.interrupt(Signal::SIGINT);
    running.signal(Signal::SIGINT);
    let ended = running.finish_saying();
    assert_eq!(ended.status.code(), Some(130), "{}", ended.stderr);
    (ended.stderr, server.finish().len())
}

#[test]
fn who_interrupts_twice_is_told_what_became_of_the_teardown() {
    let stuck = "  - request: { send: ask, reply: { text: { equals: answer } } }\n";
    let plan = |user: &str, teardown: &str| {
        format!(
            "target: ws://127.0.0.1:1\ndefaults: {{ within: 1h, drain: 1h }}\nscenarios:\n user:\n  steps:\n  - connect: /user\n{user}\
             \nteardown:\n  - connect: /teardown\n{teardown}"
        )
    };
    let (said, connection_count) = interrupted_twice(&plan(stuck, ""), Vec::new());
    assert_eq!(
        (said.as_str(), connection_count),
        ("error: interrupted twice: the teardown is not done\n", 1)
    );
    let user = accepting([Action::ReadToClose, Action::Write(close(1000, b"")), Action::Close]);
    let (said, connection_count) = interrupted_twice(&plan("", stuck), vec![user]);
    let expected = "error: interrupted twice: the teardown has not come to its end\n";
    assert_eq!((said.as_str(), connection_count), (expected, 2));
}

#[test]
fn an_interrupted_run_is_tidied_up_after() {
    let server = ScriptedServer::every(telling());
    let plan = plan(TOKEN, "{ users: 1, duration: 2h }", "");
    let mut running = Running::start(&plan, &["--target", &server.url()]);
    // The load has begun when more than the setup has connected.
    assert!(eventually(|| (server.accepted_count() > 1).then_some(())).is_some());
    running.interrupt(Signal::SIGINT);
    let (status, summary) = running.finish();
    assert_eq!(status, Some(130));
    assert_eq!(summary.unwrap()["exit_status"], 130);
    let paths = paths(server);
    assert_eq!(paths.first().map(String::as_str), Some("/setup"));
    assert_eq!(paths.last().map(String::as_str), Some("/teardown/t%201"));
}
