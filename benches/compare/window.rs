//! One run of one subject, with CPU time read where nothing goes on: when all have connected and rest, and when all have
//! gone round and rest again. What lies between is round trips and nothing else; what lies before is connecting.

use std::error::Error;
use std::time::{Duration, Instant};

use super::process::{Cores, Cpu, Process, Server};
use super::subject::{Load, Subject, said};

/// A process that uses less than this much of a core rests. Timers of its own are not what is meant.
const RESTING_SHARE: f64 = 0.03;
/// How long it is watched for that.
const WATCH: Duration = Duration::from_millis(120);
/// How much later than planned a run may come to rest on a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_mins(1);

/// What one run used.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub round_trips: u64,
    /// From the first rest to the second.
    pub busy_cpu: Duration,
    /// From the start of the process to the first rest.
    pub connect_cpu: Duration,
    /// At the first rest.
    pub idle_bytes: u64,
    /// The most that was seen between the rests.
    pub busy_bytes: u64,
}

/// Why there is none.
enum Failed {
    /// The first messages went before all users had connected.
    NeverRested,
    Error(Box<dyn Error>),
}

impl<E: Into<Box<dyn Error>>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

/// Runs a subject, again with longer rests where the machine was too busy for them.
pub fn measure(
    cores: Cores,
    subject: Subject,
    mut load: Load,
    number: usize,
) -> Result<Window, Box<dyn Error>> {
    for _ in 0..3 {
        match attempt(cores, subject, load, number) {
            Ok(window) => return Ok(window),
            Err(Failed::NeverRested) => load.idle *= 2,
            Err(Failed::Error(error)) => {
                let said = std::fs::read_to_string(said()).unwrap_or_default();
                return Err(format!("{error}; {subject:?} said:\n{said}").into());
            }
        }
    }
    Err("the machine is too busy: users did not connect in time".into())
}

fn attempt(cores: Cores, subject: Subject, load: Load, number: usize) -> Result<Window, Failed> {
    let server = Server::start(cores.server, number)?;
    let begun = Instant::now();
    let mut process = Process::start(&mut subject.command(cores, load, &server.address)?)?;
    // Nobody can have connected before the process began.
    let first_message = begun + load.idle;

    while server.connection_count()? < load.users {
        check(&mut process)?;
        if Instant::now() >= first_message {
            return Err(Failed::NeverRested);
        }
        std::thread::sleep(Duration::from_millis(40));
    }
    let connect_cpu = rest(&mut process, &server, first_message)?.ok_or(Failed::NeverRested)?;
    let idle_bytes = process.resident_bytes()?;
    if Instant::now() >= first_message {
        return Err(Failed::NeverRested);
    }

    let mut busy_bytes = idle_bytes;
    let mut end = None;
    let patience = Instant::now() + load.idle + PATIENCE;
    while end.is_none_or(|end| Instant::now() < end) {
        check(&mut process)?;
        if Instant::now() > patience {
            return Err("the users do not begin".into());
        }
        let before = process.cpu()?;
        std::thread::sleep(WATCH);
        busy_bytes = busy_bytes.max(process.resident_bytes()?);
        if end.is_none() && !is_resting(before, process.cpu()?, WATCH) {
            end = Some(Instant::now() + load.busy);
        }
    }
    let end_cpu =
        rest(&mut process, &server, patience + load.busy)?.ok_or("the users do not come to rest")?;

    let told = subject.round_trips(&process.interrupted()?)?;
    let round_trips = server.stop()?;
    if told != round_trips {
        return Err(format!("{subject:?} counts {told} round trips, the server {round_trips}").into());
    }
    Ok(Window {
        round_trips,
        busy_cpu: end_cpu.saturating_sub(connect_cpu),
        connect_cpu,
        idle_bytes,
        busy_bytes,
    })
}

fn check(process: &mut Process) -> Result<(), Box<dyn Error>> {
    if process.has_ended() { Err("the generator ended before its time".into()) } else { Ok(()) }
}

/// The CPU time used when process and server have come to rest; `None` where they do not before the deadline. A server
/// that does not get its turn keeps the generator waiting, which is no rest.
fn rest(
    process: &mut Process,
    server: &Server,
    deadline: Instant,
) -> Result<Option<Duration>, Box<dyn Error>> {
    let mut before = (process.cpu()?, server.cpu()?);
    loop {
        let begun = Instant::now();
        std::thread::sleep(WATCH);
        let now = (process.cpu()?, server.cpu()?);
        let elapsed = begun.elapsed();
        if is_resting(before.0, now.0, elapsed) && is_resting(before.1, now.1, elapsed) {
            return Ok(Some(now.0.used));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        check(process)?;
        before = now;
    }
}

/// Whether it neither ran nor wanted to.
fn is_resting(before: Cpu, now: Cpu, elapsed: Duration) -> bool {
    let (used, waited) = (now.used.saturating_sub(before.used), now.waited.saturating_sub(before.waited));
    (used + waited).as_secs_f64() < elapsed.as_secs_f64() * RESTING_SHARE
}
