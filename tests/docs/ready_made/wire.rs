//! What the plans put on the wire, read by a server that writes down every byte.

use std::process::Command;

use crate::support::certificates::{Authority, Purpose};
use crate::support::documents::root;
use crate::support::frames::text;
use crate::support::scripted::{Action, ScriptedServer, Transcript, accepting};
use crate::support::terminator::{Terminator, Terms};

/// The first message, the echo of the keepalive, and what the other message is answered with.
const MESSAGES: usize = 3;

const KEEPALIVE: &str = r#"{"seq":1,  "type":"keepalive"}"#;

/// One user of the plan, through TLS: what the server read.
fn keepalive_of_one() -> Transcript {
    let authority = Authority::new();
    let leaf = authority.issue(Purpose::Server, &["localhost"]);
    let server = ScriptedServer::each(vec![accepting([
        Action::ReadFrames(1),
        Action::Write(text(KEEPALIVE)),
        Action::Write(text(r#"{"type":"reading?"}"#)),
        Action::ReadFrames(MESSAGES - 1),
        Action::Close,
    ])]);
    let front = Terminator::start(server.address(), &Terms::new(&leaf));
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, authority.pem()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_wsplan"));
    command.arg("run").arg(root().join("plans/keepalive.yaml")).arg("--ca").arg(ca);
    command.args(["--target", &front.url(), "--users", "1", "--iterations", "1", "--quiet"]);
    assert!(command.output().unwrap().status.code().is_some_and(|status| status < 2));
    let transcript = server.finish().pop().unwrap();
    assert_eq!(front.finish().len(), 1, "it came through TLS");
    transcript
}

#[test]
fn keepalives_go_back_as_they_came_and_anything_else_is_answered_with_data() {
    let transcript = keepalive_of_one();
    assert!(
        transcript.request.starts_with("GET /socket?device=0&v=2 HTTP/1.1\r\n"),
        "{}",
        transcript.request
    );
    let messages: Vec<&str> =
        transcript.frames[..MESSAGES].iter().map(|frame| str::from_utf8(&frame.payload).unwrap()).collect();
    assert_eq!(messages[1], KEEPALIVE);
    let answer: serde_json::Value = serde_json::from_str(messages[2]).unwrap();
    assert!(answer["type"] == "ping" && answer["reading"].is_number(), "{answer}");
}

#[test]
fn of_ten_users_two_are_active_and_three_passive() {
    let server = ScriptedServer::every(accepting([Action::ReadFrames(1), Action::Close]));
    let mut command = Command::new(env!("CARGO_BIN_EXE_wsplan"));
    command.arg("run").arg(root().join("plans/realistic.yaml"));
    command.args([
        "--target",
        &server.url(),
        "--users",
        "10",
        "--ramp",
        "0s",
        "--iterations",
        "1",
        "--quiet",
    ]);
    command.output().unwrap();
    let joins = server.finish().into_iter().map(|transcript| transcript.frames[0].payload.clone());
    let mut profiles: Vec<String> = joins
        .map(|join| {
            serde_json::from_slice::<serde_json::Value>(&join).unwrap()["as"].as_str().unwrap().to_owned()
        })
        .collect();
    profiles.sort();
    let expected = [("active", 2), ("passive", 3), ("regular", 5)];
    assert_eq!(profiles, expected.map(|(name, count)| vec![name; count]).concat());
}
