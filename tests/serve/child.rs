//! The server as a process of its own, and the command line that makes it one.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpgid};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use wsplan::serve::Kind;
use wsplan::serve::child::{ChildError, ChildServer, Launch};

use super::Client;

const WSPLAN: &str = env!("CARGO_BIN_EXE_wsplan");

fn launch(kind: Kind, arguments: &[&str]) -> Launch {
    Launch {
        program: Some(WSPLAN.into()),
        kind,
        arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
    }
}

fn pid(id: u32) -> Pid {
    Pid::from_raw(id.try_into().unwrap())
}

async fn client(url: &str) -> Client {
    Client::connect(url.strip_prefix("ws://").unwrap().parse().unwrap()).await
}

#[tokio::test]
async fn it_serves_and_hands_back_its_totals() {
    let server =
        ChildServer::start(&launch(Kind::Chat, &["--keepalive", "0", "--close-after", "2"])).unwrap();
    let id = server.id();
    assert_eq!(getpgid(Some(pid(id))).unwrap(), pid(id), "the terminal's Ctrl-C must not reach it");
    let mut client = client(&server.url).await;
    assert_eq!(client.join("r").await, 1);
    assert_eq!(client.ask(json!({"type": "ping"})).await["type"], "pong");
    assert_eq!(client.closed().await.unwrap().0, 1001);
    let totals = server.stop().unwrap();
    assert_eq!((totals.connections_accepted, totals.messages_in, totals.messages_out), (1, 2, 2));
    assert!(kill(pid(id), None).is_err(), "the process is still there");
}

#[test]
fn dropping_it_ends_it() {
    let server = ChildServer::start(&launch(Kind::Echo, &[])).unwrap();
    let id = server.id();
    drop(server);
    assert!(kill(pid(id), None).is_err(), "the process is still there");
}

#[test]
fn what_does_not_become_a_server_is_an_error() {
    let mut wrong = launch(Kind::Echo, &["--threads", "0"]);
    match ChildServer::start(&wrong) {
        Err(ChildError::EndedEarly(status)) => assert_eq!(status.code(), Some(2)),
        other => panic!("{other:?}"),
    }
    wrong.program = Some("/bin/echo".into());
    match ChildServer::start(&wrong) {
        Err(ChildError::UnexpectedLine(line)) => {
            assert_eq!(line, "serve echo --listen 127.0.0.1:0 --until-stdin-closes --threads 0");
        }
        other => panic!("{other:?}"),
    }
    wrong.program = Some("/no/such/program".into());
    assert!(matches!(ChildServer::start(&wrong), Err(ChildError::Start { .. })));
}

/// Killed and waited for at the end of a test, however it ends.
struct Guarded(Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts `wsplan serve` directly and gives it with its address and the rest of its output.
fn serve(arguments: &[&str], stdin: Stdio) -> (Guarded, String, impl Read) {
    let mut child = Command::new(WSPLAN)
        .args(["serve", "echo", "--listen", "127.0.0.1:0"])
        .args(arguments)
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let url = line.trim_end().strip_prefix("listening on ").unwrap().to_owned();
    (Guarded(child), url, stdout)
}

#[tokio::test]
async fn it_ends_when_the_process_that_holds_its_pipe_is_killed() {
    let mut holder = Guarded(Command::new("sleep").arg("1000").stdout(Stdio::piped()).spawn().unwrap());
    let pipe = Stdio::from(holder.0.stdout.take().unwrap());
    let (mut child, url, mut stdout) = serve(&["--until-stdin-closes"], pipe);
    let mut client = client(&url).await;
    client.send("x").await;
    assert_eq!(client.next().await, Message::text("x"));
    kill(pid(holder.0.id()), Signal::SIGKILL).unwrap();
    holder.0.wait().unwrap();
    assert_eq!(client.closed().await.unwrap().0, 1001);
    assert!(child.0.wait().unwrap().success());
    let mut totals = String::new();
    stdout.read_to_string(&mut totals).unwrap();
    assert!(totals.starts_with(r#"{"server":"echo","connections_accepted":1,"#), "{totals}");
}

#[test]
fn signals_end_it_cleanly_and_the_end_of_its_input_does_not() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let (mut child, _, mut stdout) = serve(&[], Stdio::null());
        kill(pid(child.0.id()), signal).unwrap();
        assert_eq!(child.0.wait().unwrap().code(), Some(0));
        let mut totals = String::new();
        stdout.read_to_string(&mut totals).unwrap();
        assert_eq!(totals.lines().count(), 1, "{totals}");
        assert!(totals.contains(r#""server":"echo""#), "{totals}");
    }
}

#[test]
fn its_exit_status_says_what_was_wrong() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (arguments, status, reason) in [
        (&["serve", "echo", "--listen", &address][..], 3, "cannot listen on"),
        (&["serve", "echo", "--drop", "0.1"], 2, "a percentage from 0% to 100% is needed"),
        (&["serve", "echo", "--delay", "5"], 2, "a length of time with its unit is needed"),
        (&["serve", "echo", "--keepalive", "5s"], 2, "the echo server has no keepalive"),
        (&["serve", "ecko"], 2, "[possible values: echo, chat]"),
    ] {
        let output = Command::new(WSPLAN).args(arguments).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {stderr}");
        assert!(stderr.contains(reason), "{arguments:?}: {stderr}");
        assert!(output.stdout.is_empty());
    }
}
