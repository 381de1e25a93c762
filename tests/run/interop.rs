//! Runs against WebSocket servers that nobody here wrote: Node's `ws` and Python's `websockets`, in the scripts of
//! `tests/peers`. `WSPLAN_PEERS` names the folder where `bin/test` has installed the two; without it nothing is run.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::{eventually, finish, folder, summary_of, wsplan_run};

/// Speaks, hears fragments with pings between them, thinks through pings, and is sent away with a code of the
/// application's own.
pub(super) const ODD: &str = r#"
target: ws://127.0.0.1:1
thresholds:
  - errors.closed_by_peer(4001) count == 20
  - errors count == 20
load: { users: 20, iterations: 1 }
scenarios:
  user:
    on_failure: stop
    steps:
      - connect: { path: /, subprotocols: [chat.v1, chat.v2] }
      - loop:
          times: 10
          steps:
            - name: ask
              request:
                send: { id: "{{correlation_id}}", text: "žluťoučký kůň 🐎 {{random_string 40}}" }
                reply: { $.id: "{{correlation_id}}" }
                assert: { $.text: { matches: "^žluťoučký kůň 🐎 [a-zA-Z0-9]{40}$" } }
            - think: 5ms
      - request: { send: { $binary: { hex: "00 01 02 ff" } }, reply: { binary: { equals: { hex: "000102ff" } } } }
      - send: bye
      - think: 1h
"#;

/// A server of somebody else's making.
pub(super) struct Peer {
    child: Child,
    lines: BufReader<ChildStdout>,
    pub(super) url: String,
}

impl Peer {
    pub(super) fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        let port = line.trim().strip_prefix("listening ").unwrap_or_else(|| panic!("it said {line:?}"));
        Self { url: format!("ws://127.0.0.1:{port}/"), child, lines }
    }

    /// Ends it; what it counted.
    pub(super) fn finish(mut self) -> Value {
        drop(self.child.stdin.take());
        let mut line = String::new();
        self.lines.read_to_string(&mut line).unwrap();
        eventually(|| self.child.try_wait().unwrap()).expect("it ends with its standard input");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It has been waited for, or the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Both servers in a mode; none, said on standard error, where they are not installed.
fn peers(mode: &str) -> Vec<(&'static str, Peer)> {
    peers_with(mode, None)
}

/// The same, which take up offers of permessage-deflate with these options.
pub(super) fn peers_with(mode: &str, deflate: Option<&Value>) -> Vec<(&'static str, Peer)> {
    peers_of(mode, deflate, None)
}

/// The same, which speak TLS with the certificate of a folder (`leaf.pem`, `leaf.key`) and want one of `ca.pem` from the client.
pub(super) fn secure_peers_with(
    mode: &str,
    deflate: Option<&Value>,
    certificates: &Path,
) -> Vec<(&'static str, Peer)> {
    let mut peers = peers_of(mode, deflate, Some(certificates));
    for (_, peer) in &mut peers {
        peer.url = peer.url.replace("ws://127.0.0.1", "wss://localhost");
    }
    peers
}

fn peers_of(mode: &str, deflate: Option<&Value>, certificates: Option<&Path>) -> Vec<(&'static str, Peer)> {
    let Some(installed) = std::env::var_os("WSPLAN_PEERS").map(PathBuf::from) else {
        // Past the test's own capture, which would keep it from those who should know.
        let skipped = "skipped: WSPLAN_PEERS is not set; bin/test installs the servers and sets it";
        let _ = writeln!(std::io::stderr(), "{skipped}");
        return Vec::new();
    };
    let mut options = vec![OsString::from(deflate.unwrap_or(&Value::Null).to_string())];
    options.extend(certificates.map(|folder| folder.as_os_str().to_owned()));
    let mut node = Command::new("node");
    node.arg(root().join("tests/peers/ws.mjs")).arg(&installed).arg(mode).args(&options);
    let mut python = Command::new(installed.join("venv/bin/python"));
    python.arg(root().join("tests/peers/websockets_server.py")).arg(mode).args(&options);
    vec![("ws", Peer::start(node)), ("websockets", Peer::start(python))]
}

/// Python's `http.server`.
pub(super) fn http_peer() -> Peer {
    let mut command = Command::new("python3");
    command.arg(root().join("tests/peers/http_server.py"));
    let mut peer = Peer::start(command);
    peer.url = peer.url.replace("ws:", "http:");
    peer
}

#[test]
fn the_echo_plan_is_echoed_to_the_last_message() {
    for (name, peer) in peers("echo") {
        let mut command = wsplan_run(root());
        command.args(["plans/echo.yaml", "--users", "20", "--format", "json", "--target", &peer.url]);
        let ended = finish(&mut command);
        let (summary, theirs) = (summary_of(&ended), peer.finish());
        assert_eq!(ended.status.code(), Some(0), "{name}: {summary:#}");
        let messages = 20 * 101;
        assert_eq!(theirs["messages_in"], messages, "{name}: {theirs}");
        assert_eq!(theirs["messages_out"], messages, "{name}: {theirs}");
        assert_eq!(theirs["closes"], json!({ "1000": 20 }), "{name}: {theirs}");
        assert_eq!(theirs["connections"], 20, "{name}: {theirs}");
        assert_eq!(summary["messages"]["sent"], messages, "{name}: {summary:#}");
        assert_eq!(summary["messages"]["received"], messages, "{name}: {summary:#}");
        assert_eq!(summary["messages"]["unmatched"], 0, "{name}: {summary:#}");
        assert_eq!(summary["connections"]["established"], 20, "{name}: {summary:#}");
        assert_eq!(summary["connections"]["closed_by_peer"], 0, "{name}: {summary:#}");
    }
}

#[test]
fn fragments_pings_subprotocols_and_codes_are_understood() {
    let folder = folder(ODD);
    for (name, peer) in peers("odd") {
        let mut command = wsplan_run(folder.path());
        command.args(["plan.yaml", "--format", "json", "--target", &peer.url]);
        let ended = finish(&mut command);
        let (summary, theirs) = (summary_of(&ended), peer.finish());
        assert_eq!(ended.status.code(), Some(0), "{name}: {summary:#}");
        assert_eq!(theirs["subprotocols"], 20, "{name}: {theirs}");
        assert_eq!(theirs["closes"], json!({ "4001": 20 }), "{name}: {theirs}");
        assert_eq!(theirs["messages_in"], 20 * 12, "{name}: {theirs}");
        assert_eq!(summary["messages"]["sent"], 20 * 12, "{name}: {summary:#}");
        assert_eq!(summary["messages"]["received"], 20 * 11, "{name}: {summary:#}");
        assert_eq!(summary["connections"]["closed_by_peer"], 20, "{name}: {summary:#}");
        let (asked, answered) = (theirs["pings"].as_u64().unwrap(), theirs["pongs"].as_u64().unwrap());
        // Those behind the last message may meet the Close.
        assert!(answered >= 20 && answered <= asked, "{name}: {theirs}");
        let error = &summary["errors"][0];
        assert_eq!(error["sample"], "the server closed the connection: bye yourself", "{name}: {summary:#}");
    }
}
