//! Other load generators on the same work: fifty connections, each of which sends the bare loop's message, waits for the
//! echo, and sends again. `bin/bench` installs them below `target/`; one that is not there is skipped, and said so.
//!
//! They do not rest when told to, so the CPU time is that of a long run less that of a short one, which leaves out
//! starting and connecting. The round trips are the server's count.

mod files;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::Signal;
use nix::sys::time::TimeValLike;

use super::process::{Cores, Process, Server, pinned};
use super::rounds::Effort;
use super::subject::said;
use super::table::{median, spread};

const USERS: usize = 50;
/// Round trips a user in the short run, and in the long one.
const TRIPS: [usize; 2] = [100, 1_100];
/// How long one run may take.
const RUN_TIME: Duration = Duration::from_secs(90);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peer {
    Artillery,
    Locust,
    Tsung,
}

/// Measures the peers that are installed, and prints them beside the bare loop's time at fifty users.
pub fn compare(cores: Cores, effort: Effort, bare_us: f64) {
    println!("\n{:<38} {:>10} {:>10}  ratio (spread)", "CPU a round trip, 50 users", "bare loop", "peer");
    for peer in [Peer::Artillery, Peer::Locust, Peer::Tsung] {
        let Some(program) = peer.program() else {
            println!("{:<38} is not installed: skipped", peer.name());
            continue;
        };
        let mut found_us = Vec::new();
        for _ in 0..effort.rounds.min(3) {
            match peer.round_trip_us(cores, &program) {
                Ok(round_us) => found_us.push(round_us),
                Err(error) => eprintln!("{}: {error}", peer.name()),
            }
        }
        if found_us.is_empty() {
            println!("{:<38} does not run here: skipped", peer.name());
            continue;
        }
        let ratios: Vec<f64> = found_us.iter().map(|each| each / bare_us).collect();
        let middle_us = median(found_us);
        println!("{:<38} {bare_us:>6.2} us  {middle_us:>6.2} us   {}", peer.name(), spread(&ratios));
    }
}

impl Peer {
    fn name(self) -> &'static str {
        match self {
            Self::Artillery => "Artillery",
            Self::Locust => "Locust, websocket-client",
            Self::Tsung => "tsung",
        }
    }

    fn program(self) -> Option<PathBuf> {
        let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench-peers");
        let path = match self {
            Self::Artillery => installed.join("node_modules/.bin/artillery"),
            Self::Locust => installed.join("venv/bin/locust"),
            Self::Tsung => PathBuf::from("/usr/bin/tsung"),
        };
        path.exists().then_some(path)
    }

    fn round_trip_us(self, cores: Cores, program: &Path) -> Result<f64, Box<dyn Error>> {
        let short = self.run(cores, program, TRIPS[0])?;
        let long = self.run(cores, program, TRIPS[1])?;
        Ok((long.0 - short.0) / (long.1 - short.1) as f64)
    }

    /// CPU time in microseconds, and round trips.
    fn run(self, cores: Cores, program: &Path, trips: usize) -> Result<(f64, u64), Box<dyn Error>> {
        let server = Server::start(cores.server, trips)?;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-peer");
        // What the peer wrote last time.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        // tsung's virtual machine would leave a daemon of this name behind; it uses one that is there.
        let names = (self == Self::Tsung).then(|| Process::start(Command::new("epmd").stdin(Stdio::null())));
        let names = names.transpose()?;
        let before_us = children_cpu_us()?;
        let mut command = self.command(cores, program, &folder, &server.address, trips)?;
        // Where a peer keeps things of its own.
        command.env("HOME", &folder);
        command.current_dir(&folder).stdin(Stdio::null());
        let log = fs::File::create(said())?;
        command.stdout(log.try_clone()?).stderr(log);
        let mut process = Process::start(&mut command)?;
        if !process.ends_within(RUN_TIME) {
            process.signal(Signal::SIGINT)?;
            process.ends_within(Duration::from_secs(5));
            return Err("did not end in time".into());
        }
        let used_us = children_cpu_us()? - before_us;
        drop(names);
        let round_trips = server.stop()?;
        let wanted = (USERS * trips) as u64;
        // A peer may leave before it has read its last echo.
        if round_trips + USERS as u64 * 2 < wanted {
            return Err(format!("made {round_trips} round trips instead of {wanted}").into());
        }
        Ok((used_us, round_trips))
    }

    fn command(
        self,
        cores: Cores,
        program: &Path,
        folder: &Path,
        address: &str,
        trips: usize,
    ) -> Result<Command, Box<dyn Error>> {
        let (name, text) = match self {
            Self::Artillery => ("plan.yaml", files::artillery(address, USERS, trips)),
            Self::Locust => ("locustfile.py", files::locust(address, trips)),
            Self::Tsung => ("plan.xml", files::tsung(address, USERS, trips)),
        };
        fs::write(folder.join(name), text)?;
        let mut command = pinned(cores.client, program);
        match self {
            Self::Artillery => {
                command.args(["run", "--quiet", name]).env("ARTILLERY_DISABLE_TELEMETRY", "true")
            }
            Self::Locust => {
                let users = USERS.to_string();
                command.args(["--headless", "--only-summary", "-f", name, "-u", &users, "-r", &users])
            }
            Self::Tsung => command.args(["-f", name, "-l", "log", "-n", "start"]),
        };
        Ok(command)
    }
}

/// What the children that have ended have used, and theirs.
fn children_cpu_us() -> Result<f64, Box<dyn Error>> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    Ok((usage.user_time().num_microseconds() + usage.system_time().num_microseconds()) as f64)
}
