//! A server as a child process, which ends when its parent does, whatever ends the parent.
//!
//! A process may open only so many files, so ten thousand users and their server need two. What the two agree on:
//! the child is started as `PROGRAM serve KIND --listen 127.0.0.1:0 --until-stdin-closes ARGUMENTS...`, says
//! `listening on ws://127.0.0.1:PORT` as the first line of its standard output, stops when its standard input
//! ends, which the system sees to even where the parent is killed, and writes its totals as the last line.

use std::fmt;
use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::options::Kind;
use super::totals::Totals;

/// What the child's first line begins with; the rest is its address.
pub const READY_PREFIX: &str = "listening on ";

/// The flag that ties the child to its standard input.
pub const UNTIL_STDIN_CLOSES: &str = "--until-stdin-closes";

/// How long a child may take to listen.
const START_TIME: Duration = Duration::from_secs(10);

/// How long a child may take to end once it was told to; a server's own bound is three seconds.
const STOP_TIME: Duration = Duration::from_secs(10);

/// How often to look whether a child has ended that has closed its output already.
const EXIT_POLL: Duration = Duration::from_millis(1);

/// What to start.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The program; `None` is the one that is running.
    pub program: Option<PathBuf>,
    /// Which server.
    pub kind: Kind,
    /// Further flags of `wsplan serve`, such as `--delay` and `5ms`.
    pub arguments: Vec<String>,
}

/// Why there is no child, or no totals from it.
#[derive(Debug)]
pub enum ChildError {
    /// The path of the running program is not known.
    NoProgram(io::Error),
    /// The program could not be started.
    Start {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It ended instead of listening; it said why on standard error.
    EndedEarly(ExitStatus),
    /// Its first line was another one.
    UnexpectedLine(String),
    /// It did not listen in time, and was killed.
    NotReady,
    /// It did not end in time, and was killed.
    Killed,
    /// It ended without its totals.
    NoTotals(ExitStatus),
    /// Its end could not be waited for.
    Wait(io::Error),
}

impl fmt::Display for ChildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProgram(source) => write!(f, "cannot find the running program: {source}"),
            Self::Start { program, source } => write!(f, "cannot start {}: {source}", program.display()),
            Self::EndedEarly(status) => write!(f, "the server ended before it listened ({status})"),
            Self::UnexpectedLine(line) => write!(f, "the server began with `{}`", line.escape_debug()),
            Self::NotReady => write!(f, "the server did not listen within {} s", START_TIME.as_secs()),
            Self::Killed => {
                write!(f, "the server did not end within {} s and was killed", STOP_TIME.as_secs())
            }
            Self::NoTotals(status) => write!(f, "the server ended without its totals ({status})"),
            Self::Wait(source) => write!(f, "cannot wait for the server: {source}"),
        }
    }
}

impl std::error::Error for ChildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoProgram(source) | Self::Start { source, .. } | Self::Wait(source) => Some(source),
            _ => None,
        }
    }
}

/// A running server process. Dropping it stops it as [`ChildServer::stop`] does.
#[derive(Debug)]
pub struct ChildServer {
    /// Where it listens: `ws://127.0.0.1:PORT`.
    pub url: String,
    process: Process,
}

impl ChildServer {
    /// Starts a server and waits until it listens. Blocks, for at most ten seconds.
    pub fn start(launch: &Launch) -> Result<Self, ChildError> {
        let program = match &launch.program {
            Some(program) => program.clone(),
            None => std::env::current_exe().map_err(ChildError::NoProgram)?,
        };
        let mut child = Command::new(&program)
            .args(["serve", launch.kind.name(), "--listen", "127.0.0.1:0", UNTIL_STDIN_CLOSES])
            .args(&launch.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A group of its own: the terminal's Ctrl-C is for the parent, which still has users to see off.
            .process_group(0)
            .spawn()
            .map_err(|source| ChildError::Start { program, source })?;
        let stdout = child.stdout.take().expect("standard output was asked for as a pipe");
        let stdin = child.stdin.take();
        let mut process = Process { child, stdin, lines: read_lines(stdout) };
        match process.lines.recv_timeout(START_TIME) {
            Ok(line) => match line.strip_prefix(READY_PREFIX) {
                Some(url) => Ok(Self { url: url.to_owned(), process }),
                None => Err(ChildError::UnexpectedLine(line)),
            },
            Err(RecvTimeoutError::Timeout) => {
                process.kill();
                Err(ChildError::NotReady)
            }
            Err(RecvTimeoutError::Disconnected) => process.end().map(ChildError::EndedEarly).and_then(Err),
        }
    }

    /// The id of the process.
    pub fn id(&self) -> u32 {
        self.process.child.id()
    }

    /// Has the server close its connections and end. Blocks, for at most ten seconds, after which it is killed.
    pub fn stop(mut self) -> Result<Totals, ChildError> {
        let mut last_line = String::new();
        let status = self.process.end_reading(|line| last_line = line)?;
        Totals::from_json(&last_line).map(|(_, totals)| totals).map_err(|_| ChildError::NoTotals(status))
    }
}

/// The child and the two pipes to it. Its end is waited for in every case, so that no zombie stays.
#[derive(Debug)]
struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Process {
    fn end(&mut self) -> Result<ExitStatus, ChildError> {
        self.end_reading(drop)
    }

    /// Closes the pipe that keeps the child alive and waits, handing its remaining lines to `on_line`.
    fn end_reading(&mut self, mut on_line: impl FnMut(String)) -> Result<ExitStatus, ChildError> {
        self.stdin = None;
        let deadline = Instant::now() + STOP_TIME;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => on_line(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    self.kill();
                    return Err(ChildError::Killed);
                }
            }
        }
        // Its output has ended; the process itself does within moments.
        while Instant::now() < deadline {
            match self.child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) => std::thread::sleep(EXIT_POLL),
                Err(source) => return Err(ChildError::Wait(source)),
            }
        }
        self.kill();
        Err(ChildError::Killed)
    }

    fn kill(&mut self) {
        // Both fail only for a child that has been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // After `stop` the child has been waited for, and this returns its status again at once.
        let _ = self.end();
    }
}

/// Reads on a thread of its own, so that waiting for a line can have a bound. The thread ends with the pipe.
fn read_lines(stdout: ChildStdout) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}
