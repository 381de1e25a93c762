//! `wsplan run`, the real binary, against servers that misbehave and servers that others wrote.

mod canaries;
mod cases;
mod connections;
mod counts;
mod data;
mod deflate;
mod delivery;
mod endings;
mod failover;
mod foreign;
mod interop;
mod interrupt;
mod line;
mod loads;
mod mask;
mod nginx;
mod once;
mod options;
mod panics;
mod pipelined;
mod pressure;
mod saturation;
mod script;
mod search;
mod seed;
mod sources;
mod tinyproxy;
mod tls;
mod trace;
mod true_figures;
mod web;
mod writes;

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

const WSPLAN: &str = env!("CARGO_BIN_EXE_wsplan");

/// How long anything may take; no test depends on its length, but one that fails.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often to look whether something has come to pass.
const POLL: Duration = Duration::from_millis(2);

/// What a process came to.
struct Ended {
    status: ExitStatus,
    stdout: String,
    stderr: String,
}

/// A folder that has this plan as `plan.yaml`.
fn folder(plan: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("plan.yaml"), plan).unwrap();
    folder
}

/// `wsplan run`, to be given its arguments.
fn wsplan_run(folder: &Path) -> Command {
    let mut command = Command::new(WSPLAN);
    command.current_dir(folder).arg("run").env("COLUMNS", "160").stdin(Stdio::null());
    command
}

/// Runs a command to its end.
fn finish(command: &mut Command) -> Ended {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait(child)
}

/// Waits for a process whose output goes into pipes. One that does not end is killed, which its status then says.
fn wait(mut child: Child) -> Ended {
    fn drain(pipe: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
        let mut pipe = pipe.expect("a pipe was asked for");
        std::thread::spawn(move || {
            let mut text = Vec::new();
            pipe.read_to_end(&mut text).unwrap();
            String::from_utf8(text).unwrap()
        })
    }
    let (stdout, stderr) = (drain(child.stdout.take()), drain(child.stderr.take()));
    let status = eventually(|| child.try_wait().unwrap()).unwrap_or_else(|| {
        child.kill().unwrap();
        child.wait().unwrap()
    });
    Ended { status, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
}

/// The summary that a run with `--format json` wrote.
fn summary_of(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", ended.stdout, ended.stderr))
}

/// How many errors of a kind a summary has.
fn error_count(summary: &Value, kind: &str) -> u64 {
    let errors = summary["errors"].as_array().unwrap().iter();
    errors.filter(|error| error["kind"] == kind).map(|error| error["count"].as_u64().unwrap()).sum()
}

/// What `look` finds, where it does before patience ends.
fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(found) = look() {
            return Some(found);
        }
        std::thread::sleep(POLL);
    }
    None
}

/// Asks a process to end, where it has not ended yet, and waits for it.
fn terminate(child: &mut Child) {
    // Whoever has been waited for has no number any more.
    if child.try_wait().is_ok_and(|status| status.is_none()) {
        let id = i32::try_from(child.id()).expect("a process's number");
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGTERM);
    }
    let _ = child.wait();
}
