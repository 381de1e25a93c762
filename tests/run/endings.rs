//! However a connection, a user or a run ends: what was sent is what the server read, and what the server sent was
//! received, to the message and to the byte.

use std::collections::BTreeMap;

use nix::sys::signal::Signal;
use serde_json::Value;
use wsplan::serve::{Kind, Totals};

use super::counts::{CHAT, counted, expect_same, serve, totals_of};
use super::interrupt::{Running, connection_count, pass};
use super::{eventually, finish, folder, summary_of, wsplan_run};
use crate::support::frames::{close, text};
use crate::support::scripted::{Action, Gate, ScriptedServer, accepting};

/// Sends as fast as the server takes it, and waits for nothing.
const FLOOD: &str = "
target: ws://127.0.0.1:1
defaults: { restart_delay: 1ms }
scenarios:
  flood:
    steps:
      - connect: {}
      - loop: { times: 2000, steps: [send: { n: '{{loop.index}}', text: '{{random_string 200}}' }] }
      - close: {}
";

/// Talkers who never stop of their own accord, and listeners whose step never ends. Messages are under way in both
/// directions all the time: the server keeps everybody alive every millisecond.
const BUSY: &str = r#"
target: ws://127.0.0.1:1
defaults: { within: 1h, drain: 1h }
load: { users: 8, duration: 2h }
scenarios:
  talker:
    always: &always
      - when: { $.type: keepalive }
        echo: true
      - when: { $.type: message }
    steps:
      - connect: /chat
      - request: { send: { type: join, id: "{{correlation_id}}", room: lobby }, reply: { $.re: "{{correlation_id}}" } }
      - loop:
          times: 1000000
          steps:
            - request: { send: { type: say, id: "{{correlation_id}}", text: hello }, reply: { $.re: "{{correlation_id}}" } }
  listener:
    always: *always
    steps:
      - connect: /chat
      - request: { send: { type: join, id: "{{correlation_id}}", room: lobby }, reply: { $.re: "{{correlation_id}}" } }
      - expect: { $.type: never }
"#;

/// Holds everything back for a while, so that whenever a user leaves there is something on its way to it.
const BUSY_SERVER: &[&str] = &["--keepalive", "1ms", "--delay", "10ms", "--jitter", "5ms", "--drop", "1%"];

/// As [`BUSY`] says.
const BUSY_USERS: usize = 8;

/// A run of [`BUSY`] that is interrupted so often while it is busy, and what both sides counted.
fn interrupted(count: usize) -> (Value, Totals) {
    let server = serve(Kind::Chat, BUSY_SERVER);
    let mut running = Running::start(BUSY, &["--threads", "2", "--target", &server.url]);
    let is_busy = || (connection_count(running.id()) == BUSY_USERS).then_some(());
    eventually(is_busy).expect("the users do not come");
    for _ in 0..count {
        running.interrupt(Signal::SIGINT);
        running.signal(Signal::SIGINT);
    }
    let (status, summary) = running.finish();
    assert_eq!(status, Some(130));
    (summary.expect("everything is reported"), totals_of(server))
}

#[test]
fn a_run_that_was_interrupted_twice() {
    let both = interrupted(1);
    expect_same(&both);
    assert_eq!(both.0["users"]["started"], BUSY_USERS);
}

#[test]
fn a_run_that_was_interrupted_once() {
    // Whose reply was dropped goes on soon, and listeners leave when they are told to.
    let plan = BUSY.replace("expect: { $.type: never }", "think: 1h").replace("within: 1h", "within: 100ms");
    let plan = plan.replace("    always:", "    on_failure: continue\n    always:");
    let server = serve(Kind::Chat, BUSY_SERVER);
    let mut running = Running::start(&plan, &["--threads", "2", "--target", &server.url]);
    let is_busy = || (connection_count(running.id()) == BUSY_USERS).then_some(());
    eventually(is_busy).expect("the users do not come");
    running.interrupt(Signal::SIGINT);
    let (status, summary) = running.finish();
    assert_eq!(status, Some(130));
    expect_same(&(summary.expect("everything is reported"), totals_of(server)));
}

#[test]
fn users_that_leave_as_the_load_falls() {
    let stages = "load:\n  stages:\n    - { users: 12, over: 100ms }\n    - { users: 1, over: 200ms }\n    \
                  - { users: 9, over: 100ms }\n    - { users: 0, over: 200ms }\nscenarios:";
    let plan = CHAT.replace("scenarios:", stages);
    let faults = ["--keepalive", "1ms", "--delay", "1ms", "--jitter", "2ms", "--drop", "2%"];
    let both = counted(Kind::Chat, &faults, &plan, &["--threads", "2"]);
    expect_same(&both);
    assert!(both.1.connections_accepted > 12, "some came anew: {:#?}", both.1);
}

#[test]
fn users_that_are_made_to_leave_in_mid_step() {
    // Everybody is made to leave by the clock, while messages are under way in both directions.
    let plan = BUSY.replace("drain: 1h", "drain: 1ms").replace("2h", "300ms");
    let both = counted(Kind::Chat, BUSY_SERVER, &plan, &["--threads", "2"]);
    expect_same(&both);
    assert_eq!(both.0["users"]["finished"], BUSY_USERS, "{:#}", both.0);
}

#[test]
fn a_flood_that_the_server_ends() {
    let faults = ["--drop", "10%", "--close-after", "700", "--delay", "1ms"];
    let both = counted(Kind::Echo, &faults, FLOOD, &["-u", "5", "-i", "3"]);
    expect_same(&both);
    let totals = both.1;
    assert_eq!((totals.messages_in, totals.dropped > 0), (5 * 3 * 700, true));
    assert!(totals.messages_ignored > 0, "the flood goes on where the server has ended: {totals:#?}");
}

#[test]
fn a_flood_that_the_users_end() {
    let both = counted(Kind::Echo, &["--drop", "10%"], FLOOD, &["-u", "5", "-i", "2"]);
    expect_same(&both);
    assert_eq!((both.1.messages_in, both.1.messages_ignored), (5 * 2 * 2000, 0));
}

#[test]
fn replies_that_nobody_waits_for() {
    let plan = "
target: ws://127.0.0.1:1
defaults: { within: 100ms, restart_delay: 1ms }
scenarios:
  pipeline:
    on_failure: continue
    steps:
      - connect: {}
      - loop:
          times: 300
          steps:
            - request: { send: { id: '{{correlation_id}}' }, reply: { $.id: '{{correlation_id}}' }, await: false, in_flight: 20 }
      - close: {}
";
    let faults = ["--drop", "3%", "--close-after", "250", "--delay", "1ms", "--jitter", "2ms"];
    let both = counted(Kind::Echo, &faults, plan, &["-u", "6", "-i", "2", "--threads", "2"]);
    expect_same(&both);
    assert!(both.1.dropped > 0, "{:#}", both.0);
}

#[test]
fn connections_that_are_reset() {
    const ECHOED: [usize; 6] = [0, 1, 2, 5, 17, 40];
    let plan = "
target: ws://127.0.0.1:1
load: { users: 6, iterations: 1 }
scenarios:
  mirror:
    always: [{ when: { text: { starts_with: echo } }, echo: true }]
    steps: [connect: {}, expect: { where: { text: { equals: never } }, within: 1h }]
";
    let script = |&count: &usize| {
        // The last ones are not answered, so that nothing is on its way to the server when it resets.
        let mut rest = vec![Action::Write(text("echo me").repeat(count)), Action::ReadFrames(count)];
        rest.extend([Action::Write(text("and no more").repeat(count)), Action::Reset]);
        accepting(rest)
    };
    let server = ScriptedServer::each(ECHOED.iter().map(script).collect());
    let folder = folder(plan);
    let mut command = wsplan_run(folder.path());
    let ended = finish(command.args(["plan.yaml", "--quiet", "--format", "json", "--target", &server.url()]));
    let summary = summary_of(&ended);
    let read: usize = server.finish().iter().map(|transcript| transcript.frames.len()).sum();
    let echoed: usize = ECHOED.iter().sum();
    assert_eq!(read, echoed);
    let messages = &summary["messages"];
    assert_eq!((&messages["sent"], &messages["received"]), (&read.into(), &(2 * echoed).into()));
    assert_eq!(messages["bytes_sent"], echoed * "echo me".len());
    assert_eq!(messages["bytes_received"], echoed * ("echo me".len() + "and no more".len()));
    assert_eq!(kinds(&summary), BTreeMap::from([("reset".to_owned(), ECHOED.len() as u64)]));
}

/// How many errors there were of each kind.
fn kinds(summary: &Value) -> BTreeMap<String, u64> {
    let mut kinds = BTreeMap::new();
    for error in summary["errors"].as_array().unwrap() {
        *kinds.entry(error["kind"].as_str().unwrap().to_owned()).or_default() +=
            error["count"].as_u64().unwrap();
    }
    kinds
}

#[test]
fn users_that_are_made_to_leave_while_they_connect() {
    let (asked, answer) = (Gate::default(), Gate::default());
    let rest = [
        Action::Write(text("welcome")),
        Action::ReadFrames(1),
        Action::Write(close(1001, b"")),
        Action::Close,
    ];
    let mut script = vec![Action::ReadRequest, Action::Open(asked.clone()), Action::Wait(answer.clone())];
    script.extend(accepting(rest).into_iter().skip(1));
    let server = ScriptedServer::each(vec![script]);
    let plan = "
target: ws://127.0.0.1:1
defaults: { drain: 1h }
load: { users: 1, duration: 2h }
scenarios: { user: { steps: [connect: { timeout: 1h }, think: 1h] } }
";
    let mut running = Running::start(plan, &["--target", &server.url()]);
    pass(&asked);
    running.interrupt(Signal::SIGINT);
    running.signal(Signal::SIGINT);
    answer.open();
    let summary = running.finish().1.expect("everything is reported");
    let transcripts = server.conclude();
    // Where the machine is so slow that it took more than a second, it was given up and is in no count.
    let was_closed = transcripts[0].frames.first().map(|frame| frame.first) == Some(0x88);
    let expected = usize::from(was_closed);
    assert_eq!(summary["connections"]["established"], expected, "{summary:#}");
    assert_eq!(summary["messages"]["received"], expected, "{summary:#}");
    assert_eq!(summary["errors"], Value::Array(Vec::new()));
}
