//! Ctrl-C: users finish their step, everything is reported, and the embedded server goes with the run, however it ends.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

use super::{Ended, eventually, folder, wait, wsplan_run};
use crate::support::frames::{close, text};
use crate::support::scripted::{Action, Gate, ScriptedServer, accepting};

const REQUEST: &str = "
target: ws://127.0.0.1:1
defaults: { within: 1h, drain: 1h }
load: { users: 1, duration: 2h }
scenarios:
  user:
    steps:
      - connect: {}
      - request: { send: ask, reply: { text: { equals: answer } } }
      - send: not to be sent
      - close: {}
";

/// Users of the embedded server who stay.
const EMBEDDED: &str = "
target: builtin:echo
load: { users: 3, duration: 2h }
scenarios: { user: { steps: [connect: {}, think: 1h] } }
";

/// Stands for `users` above.
const USERS: usize = 3;

/// A run in the background, ended whatever becomes of the test.
pub(super) struct Running {
    child: Option<Child>,
    _folder: TempDir,
}

impl Running {
    pub(super) fn start(plan: &str, arguments: &[&str]) -> Self {
        let folder = folder(plan);
        let mut command = wsplan_run(folder.path());
        command.args(["plan.yaml", "--quiet", "--format", "json"]).args(arguments);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Self { child: Some(child), _folder: folder }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.id().try_into().unwrap()), signal).unwrap();
    }

    /// Sends a signal and reads standard error until it says that it has come.
    pub(super) fn interrupt(&mut self, signal: Signal) {
        self.signal(signal);
        let stderr = self.child.as_mut().unwrap().stderr.as_mut().unwrap();
        let mut said = Vec::new();
        while !said.ends_with(b"again to stop at once\n") {
            let mut byte = [0];
            let said_so_far = String::from_utf8_lossy(&said);
            assert_eq!(stderr.read(&mut byte).unwrap(), 1, "it ended with {said_so_far}");
            said.push(byte[0]);
        }
    }

    /// The end of the process, with what it says behind what has been read.
    pub(super) fn finish_saying(mut self) -> Ended {
        wait(self.child.take().unwrap())
    }

    /// The exit status, and the summary where there is one.
    pub(super) fn finish(self) -> (Option<i32>, Option<Value>) {
        let ended = self.finish_saying();
        assert_eq!(ended.stderr, "");
        (ended.status.code(), serde_json::from_str(&ended.stdout).ok())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Only a test that has failed comes here.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[test]
fn the_first_interrupt_lets_users_finish_their_step() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let (asked, answer) = (Gate::default(), Gate::default());
        let server = ScriptedServer::each(vec![accepting([
            Action::ReadFrames(1),
            Action::Open(asked.clone()),
            Action::Wait(answer.clone()),
            Action::Write(text("answer")),
            Action::ReadFrames(1),
            Action::Write(close(1001, b"")),
            Action::Close,
        ])]);
        let mut running = Running::start(REQUEST, &["--target", &server.url()]);
        pass(&asked);
        running.interrupt(signal);
        answer.open();
        let (status, summary) = running.finish();
        let summary = summary.expect("everything is reported");
        assert_eq!(status, Some(130));
        assert_eq!(summary["exit_status"], 130);
        assert_eq!((&summary["messages"]["sent"], &summary["messages"]["received"]), (&1.into(), &1.into()));
        assert_eq!(summary["users"]["finished"], 1);
        assert_eq!(summary["errors"], Value::Array(Vec::new()));
        let frames = &server.finish()[0].frames;
        assert_eq!((frames[0].payload.as_slice(), frames[1].first), (&b"ask"[..], 0x88));
        assert_eq!(frames[1].payload, 1001_u16.to_be_bytes());
    }
}

#[test]
fn the_second_interrupt_ends_them_at_once() {
    let asked = Gate::default();
    let rest = [Action::ReadFrames(1), Action::Open(asked.clone()), Action::ReadToEnd];
    let server = ScriptedServer::each(vec![accepting(rest)]);
    let mut running = Running::start(REQUEST, &["--target", &server.url()]);
    pass(&asked);
    running.interrupt(Signal::SIGINT);
    running.signal(Signal::SIGINT);
    let (status, summary) = running.finish();
    let summary = summary.expect("everything is reported");
    assert_eq!((status, &summary["exit_status"]), (Some(130), &130.into()));
    assert_eq!((&summary["messages"]["sent"], &summary["users"]["started"]), (&1.into(), &1.into()));
    let transcript = &server.finish()[0];
    assert_eq!(transcript.rest[0], 0x88, "they say goodbye");
}

#[test]
fn the_embedded_server_ends_with_an_interrupted_run() {
    let mut running = Running::start(EMBEDDED, &[]);
    let server = embedded_server(&running);
    running.interrupt(Signal::SIGINT);
    let (status, summary) = running.finish();
    let summary = summary.expect("everything is reported");
    assert_eq!((status, &summary["users"]["finished"]), (Some(130), &USERS.into()));
    assert_eq!(summary["connections"]["closed_by_peer"], 0, "the server stays until the users have left");
    assert!(is_gone(server), "it is waited for");
}

#[test]
fn the_embedded_server_ends_with_a_run_that_was_interrupted_twice() {
    let stuck = EMBEDDED.replace("think: 1h", "expect: { where: { $.x: 1 }, within: 1h }");
    let mut running = Running::start(&format!("defaults: {{ drain: 1h }}{stuck}"), &[]);
    let server = embedded_server(&running);
    running.interrupt(Signal::SIGINT);
    running.signal(Signal::SIGINT);
    let (status, summary) = running.finish();
    assert_eq!((status, &summary.unwrap()["users"]["started"]), (Some(130), &USERS.into()));
    assert!(is_gone(server), "it is waited for");
}

#[test]
fn the_embedded_server_ends_with_a_run_that_was_killed() {
    let running = Running::start(EMBEDDED, &[]);
    let server = embedded_server(&running);
    running.signal(Signal::SIGKILL);
    let (status, summary) = running.finish();
    assert_eq!((status, summary), (None, None));
    assert!(eventually(|| is_gone(server).then_some(())).is_some(), "it is still there");
}

/// Waits at a gate that a script opens.
pub(super) fn pass(gate: &Gate) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(gate.pass());
}

/// The process id of a run's embedded server, once all users are connected to it.
fn embedded_server(running: &Running) -> u32 {
    let is_child =
        |id: &u32| status_line(*id, "PPid:").is_some_and(|parent| parent == running.id().to_string());
    let server = eventually(|| processes().find(is_child)).expect("it has no child");
    eventually(|| (connection_count(server) == USERS).then_some(())).expect("the users do not come");
    server
}

fn processes() -> impl Iterator<Item = u32> {
    std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// How many TCP connections a process has open.
pub(super) fn connection_count(id: u32) -> usize {
    let Ok(files) = std::fs::read_dir(format!("/proc/{id}/fd")) else { return 0 };
    let targets = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
    let sockets: Vec<_> = targets.map(|target| target.to_string_lossy().into_owned()).collect();
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    // The fourth column is the state, 01 where it is established, the tenth the inode.
    let is_open = |line: &&str| {
        let columns: Vec<_> = line.split_whitespace().collect();
        columns[3] == "01" && sockets.contains(&format!("socket:[{}]", columns[9]))
    };
    table.lines().filter(is_open).count()
}

/// Whether a process has ended; one that nobody has waited for yet has, too.
fn is_gone(id: u32) -> bool {
    status_line(id, "State:").is_none_or(|state| state.starts_with('Z'))
}

fn status_line(id: u32, name: &str) -> Option<String> {
    let status = std::fs::read_to_string(Path::new("/proc").join(id.to_string()).join("status")).ok()?;
    let value = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(value.trim().to_owned())
}
