//! Runs of plans by the real program, many at the same time: a run is mostly waiting.

use std::fmt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use serde_json::Value;
use wsplan::serve::Kind;
use wsplan::serve::child::{ChildServer, Launch};

use crate::support::documents::root;

/// A run, and what is to be seen of it.
pub(super) struct Run {
    /// The name of its file.
    pub(super) plan: &'static str,
    /// Of the command line. `{server}` stands for the address of a chat server.
    pub(super) arguments: &'static [&'static str],
    /// Whether nothing may fail.
    pub(super) goes_well: bool,
    pub(super) shows: fn(&Ran) -> bool,
}

/// What came of it.
pub(super) struct Ran {
    pub(super) status: i32,
    pub(super) summary: Value,
    /// Lines of `log` steps.
    pub(super) log: Vec<String>,
}

/// On as few lines as may be.
impl fmt::Debug for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(exit {}) {:?} {}", self.status, self.log, self.summary)
    }
}

impl Ran {
    /// A count of the summary by its path: `users.peak`.
    pub(super) fn count(&self, path: &str) -> u64 {
        let pointer = format!("/{}", path.replace('.', "/"));
        self.summary
            .pointer(&pointer)
            .and_then(Value::as_u64)
            .unwrap_or_else(|| panic!("no {path} in {self:?}"))
    }

    /// How many times were recorded under a name.
    pub(super) fn times(&self, timer: &str) -> u64 {
        self.timer(timer)["count"].as_u64().unwrap()
    }

    /// The mean of a timer.
    pub(super) fn mean(&self, timer: &str) -> f64 {
        self.timer(timer)["mean"].as_f64().unwrap()
    }

    fn timer(&self, timer: &str) -> &Value {
        let timer_of = &self.summary["metrics"][timer];
        assert!(timer_of.is_object(), "no {timer} in {self:?}");
        timer_of
    }

    /// How many errors of a kind there were.
    pub(super) fn errors(&self, kind: &str) -> u64 {
        let errors = self.summary["errors"].as_array().unwrap().iter().filter(|error| error["kind"] == kind);
        errors.map(|error| error["count"].as_u64().unwrap()).sum()
    }
}

/// Carries runs out, and gives what came of them in the same order.
pub(super) fn carry_out(runs: &[Run]) -> Vec<Ran> {
    let program: PathBuf = env!("CARGO_BIN_EXE_wsplan").into();
    let arguments = ["--keepalive", "2s", "--delay", "200ms"].map(str::to_owned).into();
    let launch = Launch { program: Some(program), kind: Kind::Chat, arguments };
    let server = ChildServer::start(&launch).unwrap();
    let started: Vec<_> = runs.iter().map(|run| collect(run.plan, start(run, &server.url))).collect();
    let ran = started.into_iter().map(|run| run.join().unwrap()).collect();
    assert_eq!(server.stop().unwrap().keepalive_timeouts, 0, "every keepalive came back");
    ran
}

fn start(run: &Run, server: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wsplan"));
    command.arg("run").arg(root().join(format!("plans/{}.yaml", run.plan)));
    command.args(run.arguments.iter().map(|argument| argument.replace("{server}", server)));
    command.args(["--format", "json", "--threads", "1"]).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Reads what a run writes while it writes it, so that none waits for another to be read.
fn collect(plan: &'static str, run: Child) -> JoinHandle<Ran> {
    std::thread::spawn(move || {
        let output = run.wait_with_output().unwrap();
        let complaint = String::from_utf8(output.stderr).unwrap();
        let summary =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{plan}: {complaint}"));
        let log =
            complaint.lines().filter_map(|line| line.strip_prefix("log: ")).map(str::to_owned).collect();
        Ran { status: output.status.code().unwrap(), summary, log }
    })
}
