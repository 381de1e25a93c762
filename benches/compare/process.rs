//! Processes pinned to a core: the server, the generators, and what the system says that they use.

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The program that is measured, built with the same profile as this one.
pub const WSPLAN: &str = env!("CARGO_BIN_EXE_wsplan");

/// How long a process may take to end once it was told to.
const END_TIME: Duration = Duration::from_secs(15);

/// The two cores that are used.
#[derive(Debug, Clone, Copy)]
pub struct Cores {
    pub client: usize,
    pub server: usize,
}

impl Cores {
    /// The first two that this process may use.
    pub fn first_two() -> Result<Self, Box<dyn Error>> {
        let status = fs::read_to_string("/proc/self/status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        let mut allowed = line.unwrap_or_default().trim().split(',').flat_map(|range| {
            let (from, to) = range.split_once('-').unwrap_or((range, range));
            from.parse().unwrap_or(0)..=to.parse().unwrap_or(0)
        });
        match (allowed.next(), allowed.next()) {
            (Some(client), Some(server)) => Ok(Self { client, server }),
            _ => Err("two cores are needed, one for the generator and one for the server".into()),
        }
    }
}

impl FromStr for Cores {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse().map_err(|_| format!("`{text}` is not a core's number"));
        let (client, server) = text.split_once(',').ok_or("two numbers, such as 0,1")?;
        Ok(Self { client: number(client)?, server: number(server)? })
    }
}

/// A command on one core; `taskset` becomes the program, so that the process keeps its id.
pub fn pinned(core: usize, program: impl AsRef<Path>) -> Command {
    let mut command = Command::new("taskset");
    command.arg("--cpu-list").arg(core.to_string()).arg(program.as_ref());
    // A group of its own: Ctrl-C is for the driver, which ends what it started.
    command.process_group(0);
    command
}

/// What a process has had of the CPU since it began.
#[derive(Debug, Clone, Copy)]
pub struct Cpu {
    pub used: Duration,
    /// How long it could have run and did not get its turn.
    pub waited: Duration,
}

/// A process that does not outlive this value.
pub struct Process(Child);

impl Process {
    pub fn start(command: &mut Command) -> Result<Self, Box<dyn Error>> {
        let started = command.spawn();
        Ok(Self(
            started
                .map_err(|error| format!("{} cannot be started: {error}", command.get_program().display()))?,
        ))
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    pub fn has_ended(&mut self) -> bool {
        self.0.try_wait().is_ok_and(|status| status.is_some())
    }

    pub fn signal(&self, signal: Signal) -> Result<(), Box<dyn Error>> {
        Ok(kill(Pid::from_raw(self.0.id().cast_signed()), signal)?)
    }

    /// Whether it ends within a time.
    pub fn ends_within(&mut self, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        while Instant::now() < deadline {
            if self.has_ended() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }

    /// Interrupts it, a second time where the first does not do, and hands back what it wrote to standard output,
    /// which must fit into a pipe.
    pub fn interrupted(mut self) -> Result<String, Box<dyn Error>> {
        for patience in [Duration::from_secs(1), END_TIME] {
            if !self.has_ended() {
                self.signal(Signal::SIGINT)?;
            }
            if self.ends_within(patience) {
                let mut output = String::new();
                if let Some(stdout) = &mut self.0.stdout {
                    stdout.read_to_string(&mut output)?;
                }
                return Ok(output);
            }
        }
        Err("a process did not end when it was told to, and was killed".into())
    }

    /// The CPU time of its threads, to the nanosecond where they rest.
    pub fn cpu(&self) -> Result<Cpu, Box<dyn Error>> {
        let (mut used, mut waited) = (0, 0);
        for task in fs::read_dir(format!("/proc/{}/task", self.id()))? {
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            let mut numbers = text.split(' ').map(str::parse::<u64>);
            used += numbers.next().ok_or("no schedstat")??;
            waited += numbers.next().ok_or("no schedstat")??;
        }
        Ok(Cpu { used: Duration::from_nanos(used), waited: Duration::from_nanos(waited) })
    }

    /// What it has resident.
    pub fn resident_bytes(&self) -> Result<u64, Box<dyn Error>> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
    }

    /// How many files it has open.
    pub fn file_count(&self) -> Result<usize, Box<dyn Error>> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.id()))?.count())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.has_ended() {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

/// `wsplan serve echo` on a core of its own.
pub struct Server {
    process: Process,
    /// `HOST:PORT`
    pub address: String,
    files_at_start: usize,
}

impl Server {
    /// A fresh server on a loopback address that is not the last one's, so that no run finds the ports of the one before
    /// it waiting.
    pub fn start(core: usize, number: usize) -> Result<Self, Box<dyn Error>> {
        let host = format!("127.0.0.{}", 2 + number % 200);
        let mut command = pinned(core, WSPLAN);
        command.args(["serve", "echo", "--until-stdin-closes", "--listen", &format!("{host}:0")]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Process::start(&mut command)?;
        let stdout = process.0.stdout.take().ok_or("no pipe")?;
        let mut line = String::new();
        let mut lines = BufReader::new(stdout);
        lines.read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on ws://").ok_or("the server did not listen")?;
        let files_at_start = process.file_count()?;
        process.0.stdout = Some(lines.into_inner());
        Ok(Self { process, address: address.to_owned(), files_at_start })
    }

    pub fn cpu(&self) -> Result<Cpu, Box<dyn Error>> {
        self.process.cpu()
    }

    pub fn connection_count(&self) -> Result<usize, Box<dyn Error>> {
        Ok(self.process.file_count()?.saturating_sub(self.files_at_start))
    }

    /// Ends it; how many messages it has echoed.
    pub fn stop(mut self) -> Result<u64, Box<dyn Error>> {
        drop(self.process.0.stdin.take());
        if !self.process.ends_within(END_TIME) {
            return Err("the server did not end when it was told to, and was killed".into());
        }
        let mut totals = String::new();
        self.process.0.stdout.take().ok_or("no pipe")?.read_to_string(&mut totals)?;
        let totals: serde_json::Value = serde_json::from_str(&totals)?;
        totals["messages_out"].as_u64().ok_or_else(|| "the server gave no totals".into())
    }
}
