//! Runs without a plan file: the command line is the plan, and the plan that it prints is the same run.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use super::{Ended, finish, folder, summary_of, wsplan_run};
use crate::support::frames::{close, text};
use crate::support::scripted::{Action, ScriptedServer, accepting};

/// Answers the second message, and then the Close.
fn server() -> ScriptedServer {
    let rest = [
        Action::ReadFrames(2),
        Action::Write(text(r#"{"type":"joined","id":"é\" 7"}"#)),
        Action::ReadFrames(1),
        Action::Write(text("bye, all")),
        Action::ReadFrames(1),
        Action::Write(close(1000, b"")),
        Action::Close,
    ];
    ScriptedServer::every(accepting(rest))
}

const SCRIPT: [&str; 17] = [
    "--send",
    "it's \"plain\": {text} # \\ \t日本\u{2028}",
    "--send",
    r#"{"type": "join", "list": [1, 2.5, -0.0, null, true], "id": "{{user.id}}"}"#,
    "--expect",
    "{ where: { $.type: joined }, capture: { id: $.id } }",
    "--think",
    "1ms",
    "--send",
    r#"{"id":"{{id}}"}"#,
    "--expect",
    "bye",
    "-H",
    "X-Client: wsplan \"1\"",
    "--subprotocol=chat.v2",
    "--users=2",
    "--iterations=2",
];

/// What each connection asked for and sent, without what is drawn.
fn seen(server: ScriptedServer) -> Vec<(Vec<String>, Vec<String>)> {
    let transcripts = server.finish();
    let of_head =
        |line: &&str| line.starts_with("get ") || line.starts_with("x-") || line.contains("protocol");
    let mut seen: Vec<_> = transcripts
        .iter()
        .map(|transcript| {
            let head = &transcript.request;
            let frames = transcript.frames.iter().filter(|frame| frame.first == 0x81);
            let payloads = frames.map(|frame| String::from_utf8(frame.payload.clone()).unwrap());
            (head.to_lowercase().lines().filter(of_head).map(str::to_owned).collect(), payloads.collect())
        })
        .collect();
    seen.sort();
    seen
}

#[test]
fn the_plan_that_is_printed_is_the_run() {
    let server_of_line = server();
    let url = format!("{}chat?room=1", server_of_line.url());
    let ended = finish(wsplan_run(Path::new(".")).arg(&url).args(SCRIPT).args(["--format", "json"]));
    assert_eq!(ended.status.code(), Some(0), "{}{}", ended.stdout, ended.stderr);
    let summary = summary_of(&ended);
    assert_eq!(
        (&summary["connections"]["established"], &summary["messages"]["sent"]),
        (&4.into(), &12.into())
    );

    let of_line = seen(server_of_line);
    let (head, payloads) = &of_line[0];
    assert!(head.contains(&"get /chat?room=1 http/1.1".to_owned()), "{head:?}");
    assert!(head.contains(&"x-client: wsplan \"1\"".to_owned()), "{head:?}");
    assert!(head.contains(&"sec-websocket-protocol: chat.v2".to_owned()), "{head:?}");
    let last = r#"{"id":"é\" 7"}"#;
    assert_eq!((payloads[0].as_str(), payloads[2].as_str()), (SCRIPT[1], last));
    assert!(payloads[1].starts_with(r#"{"type":"join","list":[1,2.5,-0.0,null,true],"id":"#), "{payloads:?}");

    let printed = finish(wsplan_run(Path::new(".")).arg(&url).args(SCRIPT).arg("--print-plan"));
    assert_eq!((printed.status.code(), printed.stderr.as_str()), (Some(0), ""));
    let folder = folder(&printed.stdout);
    let server_of_file = server();
    let target = format!("{}chat?room=1", server_of_file.url());
    let ended =
        finish(wsplan_run(folder.path()).args(["plan.yaml", "--format", "json", "--target", &target]));
    assert_eq!(ended.status.code(), Some(0), "{}{}", printed.stdout, ended.stderr);
    assert_eq!(seen(server_of_file), of_line);
    let of_file = summary_of(&ended);
    let names = |summary: &Value| summary["metrics"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!((names(&of_file), &of_file["plan"]), (names(&summary), &summary["plan"]));
}

fn line(arguments: &[&str]) -> Ended {
    finish(wsplan_run(Path::new(".")).args(arguments).arg("--quiet").stdin(Stdio::null()))
}

#[test]
fn an_embedded_server_is_a_target_too() {
    let ended = line(&["builtin:chat", "--send", r#"{"type":"ping","id":7}"#, "--expect", "{$.re: 7}"]);
    assert_eq!(ended.status.code(), Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.starts_with("chat  <command line>  ended in"), "{}", ended.stdout);
}

#[test]
fn what_does_not_come_fails_and_is_shown_with_its_line() {
    let ended = line(&["builtin:echo", "--send", "ping", "--expect", "pong", "--within", "50ms"]);
    assert_eq!(ended.status.code(), Some(1), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("timeout  1  <command line>:10"), "{}", ended.stdout);
}

#[test]
fn a_mistake_in_a_template_is_shown_in_the_plan() {
    for more in [[].as_slice(), &["--print-plan"]] {
        let arguments = [&["ws://127.0.0.1:1", "--send", "{{usr.id}}", "--users", "2"], more].concat();
        let ended = line(&arguments);
        assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(2), ""));
        assert!(ended.stderr.contains("`usr.id` is not defined"), "{}", ended.stderr);
        assert!(ended.stderr.contains("- send: \"{{usr.id}}\""), "{}", ended.stderr);
        assert!(ended.stderr.contains("<command line>:11:"), "{}", ended.stderr);
    }
}

#[test]
fn a_mistake_in_a_matcher_is_shown_in_the_argument() {
    let ended = line(&["ws://127.0.0.1:1", "--expect", "{ $.type: joined }}"]);
    assert_eq!(ended.status.code(), Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("--expect:1:"), "{}", ended.stderr);
}

#[test]
fn a_plan_file_says_itself_what_is_done() {
    for flags in [["--print-plan"].as_slice(), &["--send", "x"], &["--within", "1s"], &["-H", "A: b"]] {
        let ended = line(&[["plan.yaml"].as_slice(), flags].concat());
        assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(2), ""), "{flags:?}");
        assert!(ended.stderr.contains("is for a run without a plan file"), "{}", ended.stderr);
    }
}
