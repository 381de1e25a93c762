//! What wsplan says it sent and received is what the server says it received and sent.

use std::path::Path;

use serde_json::Value;
use wsplan::serve::child::{ChildServer, Launch};
use wsplan::serve::{Kind, Totals};

use super::{WSPLAN, finish, folder, summary_of, wsplan_run};

/// Talkers whose copies go to everybody in their room, also to those that are about to leave.
pub(super) const CHAT: &str = r#"
target: builtin:chat
defaults: { within: 200ms, restart_delay: 1ms }
scenarios:
  talker:
    always:
      - when: { $.type: keepalive }
        echo: true
      - when: { $.type: message }
    steps:
      - connect: /chat
      - name: join
        request:
          send: { type: join, id: "{{correlation_id}}", room: "room-{{random_int 1 3}}" }
          reply: { $.re: "{{correlation_id}}" }
      - loop:
          times: 8
          steps:
            - name: say
              request:
                send: { type: say, id: "{{correlation_id}}", text: "{{random_string 40}}" }
                reply: { $.re: "{{correlation_id}}" }
            - think: { between: [1ms, 5ms] }
      - close: {}
"#;

/// A server in a process of its own.
pub(super) fn serve(kind: Kind, faults: &[&str]) -> ChildServer {
    let arguments = faults.iter().map(|&argument| argument.to_owned()).collect();
    ChildServer::start(&Launch { program: Some(WSPLAN.into()), kind, arguments }).unwrap()
}

/// What a server counted whose users have left.
pub(super) fn totals_of(server: ChildServer) -> Totals {
    let totals = server.stop().unwrap();
    assert_eq!(totals.undelivered, 0, "every connection was closed in order: {totals:?}");
    totals
}

/// A server, a run of the plan against it, and what both counted.
pub(super) fn counted(kind: Kind, faults: &[&str], plan: &str, arguments: &[&str]) -> (Value, Totals) {
    let folder = folder(plan);
    let server = serve(kind, faults);
    let mut command = wsplan_run(folder.path());
    command.args(["plan.yaml", "--seed", "1", "--format", "json", "--target", &server.url]).args(arguments);
    let ended = finish(&mut command);
    (summary_of(&ended), totals_of(server))
}

pub(super) fn expect_same((summary, totals): &(Value, Totals)) {
    let messages = &summary["messages"];
    let seen = [
        ("sent", &messages["sent"], totals.messages_in + totals.messages_ignored),
        ("received", &messages["received"], totals.messages_out),
        ("bytes sent", &messages["bytes_sent"], totals.bytes_in + totals.bytes_ignored),
        ("bytes received", &messages["bytes_received"], totals.bytes_out),
        ("connections", &summary["connections"]["established"], totals.connections_accepted),
    ];
    for (what, ours, theirs) in seen {
        assert_eq!(*ours, theirs, "{what}: {summary:#}\n{totals:#?}");
    }
}

fn echo_plan() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("plans/echo.yaml")).unwrap()
}

#[test]
fn of_an_echo_server() {
    let both = counted(Kind::Echo, &[], &echo_plan(), &["-u", "10", "-i", "2"]);
    expect_same(&both);
    assert_eq!(both.1.messages_in, 10 * 2 * 101);
    assert_eq!(both.0["exit_status"], 0);
}

#[test]
fn of_an_echo_server_that_holds_replies_back() {
    let plan = echo_plan().replace("reply: { $.id", "within: 50ms\n                reply: { $.id");
    let both = counted(Kind::Echo, &["--drop", "5%"], &plan, &["-u", "10", "-i", "2"]);
    expect_same(&both);
    let (summary, totals) = both;
    assert!(totals.dropped > 0, "{totals:?}");
    assert_eq!(summary["exit_status"], 1);
    assert_eq!(summary["errors"][0]["kind"], "timeout");
    let timeouts: u64 =
        summary["errors"].as_array().unwrap().iter().map(|e| e["count"].as_u64().unwrap()).sum();
    assert_eq!(timeouts, totals.dropped);
}

#[test]
fn of_an_echo_server_that_hangs_up() {
    let both = counted(Kind::Echo, &["--close-after", "30"], &echo_plan(), &["-u", "10"]);
    expect_same(&both);
    let (summary, totals) = both;
    assert_eq!((totals.messages_in, totals.messages_out), (10 * 30, 10 * 30));
    assert_eq!(summary["connections"]["closed_by_peer"], 10);
    assert_eq!(summary["errors"][0]["kind"], "closed_by_peer(1001)");
    assert_eq!(summary["errors"][0]["count"], 10);
}

#[test]
fn of_a_chat() {
    let both = counted(Kind::Chat, &["--keepalive", "20ms"], CHAT, &["-u", "12", "-i", "3"]);
    expect_same(&both);
    assert_eq!(both.0["exit_status"], 0, "{:#}", both.0);
}

#[test]
fn of_a_chat_that_ends_by_the_clock() {
    let both = counted(Kind::Chat, &["--delay", "2ms"], CHAT, &["-u", "12", "-d", "400ms"]);
    expect_same(&both);
    assert_eq!(both.0["exit_status"], 0, "{:#}", both.0);
}

#[test]
fn of_a_chat_with_faults() {
    let faults = ["--drop", "3%", "--close-after", "12", "--delay", "1ms", "--jitter", "1ms"];
    let both = counted(Kind::Chat, &faults, CHAT, &["-u", "12", "-i", "4"]);
    expect_same(&both);
    assert!(both.1.dropped > 0);
    assert_eq!(both.0["exit_status"], 1);
}
