//! What is measured: the bare loop, the bare loop that looks at what it gets, `wsplan run`. Each does the same: connect,
//! rest, go round for a time, rest until it is interrupted.

use std::error::Error;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::process::{Cores, WSPLAN, pinned};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    Bare,
    Checked,
    Wsplan,
}

/// How many users, and how long they rest and work.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    pub users: usize,
    /// Over which they start, one after the other: what connecting needs is then needed by few at a time.
    pub ramp: Duration,
    /// Between connecting and the first message: long enough for all the others to connect.
    pub idle: Duration,
    pub busy: Duration,
}

impl Subject {
    /// The command, with standard output in a pipe.
    pub fn command(self, cores: Cores, load: Load, address: &str) -> Result<Command, Box<dyn Error>> {
        let users = load.users.to_string();
        let [ramp, idle, busy] =
            [load.ramp, load.idle, load.busy].map(|time| format!("{}ms", time.as_millis()));
        let mut command = match self {
            Self::Bare | Self::Checked => {
                let mut command = pinned(cores.client, std::env::current_exe()?);
                command.args(["bare", address, &users, &ramp, &idle, &busy]);
                if self == Self::Checked {
                    command.arg("--checked");
                }
                command
            }
            Self::Wsplan => {
                let mut command = pinned(cores.client, WSPLAN);
                command.arg("run").arg(plan(load)?).args(["--target", &format!("ws://{address}/")]);
                command.args(["--users", &users, "--iterations", "1", "--threads", "1", "--seed", "1"]);
                command.args(["--quiet", "--format", "json"]);
                if !load.ramp.is_zero() {
                    command.args(["--ramp", &ramp]);
                }
                command
            }
        };
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(said())?);
        Ok(command)
    }

    /// How often it went round, from what it wrote; an error where it says that something went wrong.
    pub fn round_trips(self, output: &str) -> Result<u64, Box<dyn Error>> {
        if self != Self::Wsplan {
            return Ok(output.trim().parse().map_err(|_| "the bare loop failed")?);
        }
        let summary: serde_json::Value = serde_json::from_str(output)?;
        if summary["errors"].as_array().is_none_or(|errors| !errors.is_empty()) {
            return Err(format!("wsplan had errors: {}", summary["errors"]).into());
        }
        let count = summary["metrics"]["say.rtt"]["count"].as_u64();
        count.ok_or_else(|| "the summary has no say.rtt".into())
    }
}

/// Where standard error goes, to be shown where a run fails.
pub fn said() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bench-stderr.txt")
}

/// The plan: a template with four values (and a constant), a reply told by its correlation id, one assertion.
fn plan(load: Load) -> Result<PathBuf, Box<dyn Error>> {
    let text = format!(
        r#"
target: ws://127.0.0.1:9001/
vars: {{ room: lobby 12345 }}
scenarios:
  user:
    steps:
      - connect: {{ timeout: 30s }}
      - think: {idle}ms
      - loop:
          for: {busy}ms
          steps:
            - name: say
              request:
                send: {{ type: say, id: "{{{{correlation_id}}}}", user: "{{{{user.id}}}}", n: "{{{{loop.index}}}}", room: "{{{{room}}}}" }}
                reply: {{ $.id: "{{{{correlation_id}}}}" }}
                assert: {{ $.n: "{{{{loop.index}}}}" }}
                within: 30s
      - think: 10m
"#,
        idle = load.idle.as_millis(),
        busy = load.busy.as_millis(),
    );
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bench-plan.yaml");
    fs::write(&path, text)?;
    Ok(path)
}
