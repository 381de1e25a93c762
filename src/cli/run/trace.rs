//! `--trace` and `--trace-user`: what users do, written to standard error as it happens, a line each.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::thread::JoinHandle;

use clap::Args;

use super::place;
use crate::cli::terminal::{complain, say};
use crate::diagnostic::Sources;
use crate::engine::{Subject, Trace, TraceLine, TraceReader, Watched};
use crate::metrics::format_count;
use crate::program::Program;
use crate::report::escape_for_terminal;

/// Nobody reads what more users than this do.
const MOST_USERS: u64 = 100;
/// What is written at once at most; less where no more is there.
const BATCH_BYTES: usize = 16 << 10;

/// Whom to watch.
#[derive(Debug, Args)]
pub(super) struct TraceArgs {
    /// Write what every user does to standard error as it happens; loads of up to 100 users
    #[arg(long, conflicts_with = "trace_user")]
    trace: bool,
    /// Write what the user with this number does, from 0; several times for several
    #[arg(long, value_name = "N")]
    trace_user: Vec<u64>,
}

impl TraceArgs {
    /// Whether there are few enough users that all of them can be watched, where that is asked for.
    pub(super) fn can_be_followed(&self, peak_users: u64) -> bool {
        let can_be = !self.trace || peak_users <= MOST_USERS;
        if !can_be {
            complain(
                &format!(
                    "--trace is for {MOST_USERS} users at most, and there may be {}",
                    format_count(peak_users)
                ),
                Some("--trace-user 17 shows what one of them does"),
            );
        }
        can_be
    }

    fn watched(&self) -> Option<Watched> {
        if self.trace {
            return Some(Watched::All);
        }
        (!self.trace_user.is_empty()).then(|| Watched::Some(self.trace_user.iter().copied().collect()))
    }
}

/// Users that are watched, until the run is over.
pub(super) struct Tracing {
    trace: Trace,
    writer: JoinHandle<BTreeSet<u64>>,
    wanted: BTreeSet<u64>,
}

impl Tracing {
    /// Begins to write what is told of those users that are to be watched, where any are.
    pub(super) fn begin(args: &TraceArgs, program: &Program, sources: &Sources) -> Option<Self> {
        let (trace, reader) = Trace::new(args.watched()?);
        let places = Places::of(program, sources);
        let writer = std::thread::Builder::new().name("trace".into()).spawn(move || write(reader, &places));
        match writer {
            Ok(writer) => Some(Self { trace, writer, wanted: args.trace_user.iter().copied().collect() }),
            Err(error) => {
                complain(&format!("nothing can be traced: {error}"), None);
                None
            }
        }
    }

    /// What tells of them.
    pub(super) fn trace(&self) -> Trace {
        self.trace.clone()
    }

    /// Waits until everything is written; says whom there was nothing to be told of.
    pub(super) fn finish(self) {
        self.trace.end();
        let Ok(seen) = self.writer.join() else { return };
        for number in self.wanted.difference(&seen) {
            complain(&format!("--trace-user: no user {number} has begun"), None);
        }
    }
}

/// Writes all lines; the numbers of the users that there were any of.
fn write(mut reader: TraceReader, places: &Places) -> BTreeSet<u64> {
    let mut seen = BTreeSet::new();
    let mut batch = String::new();
    while let Some(line) = reader.next() {
        let mut next = Some(line);
        while let Some(line) = next.take() {
            if let Subject::User { number, .. } = line.subject {
                seen.insert(number);
            }
            batch.push_str(&places.line(&line));
            if batch.len() < BATCH_BYTES {
                next = reader.try_next();
            }
        }
        say_left_out(&reader, &mut batch);
        say(&batch);
        batch.clear();
    }
    say_left_out(&reader, &mut batch);
    say(&batch);
    seen
}

fn say_left_out(reader: &TraceReader, text: &mut String) {
    let count = reader.take_left_out();
    if count > 0 {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "({} lines are left out: they came too fast)", format_count(count));
    }
}

/// Where in the plan the places of a program are, as lines show it.
struct Places {
    names: Vec<String>,
    width: usize,
}

impl Places {
    fn of(program: &Program, sources: &Sources) -> Self {
        let count = u32::try_from(program.states.len() + program.reactions.len()).unwrap_or(u32::MAX);
        let name = |place| {
            let place = place::resolve(program, sources, place);
            place.map_or_else(String::new, |place| {
                escape_for_terminal(&format!("{}:{}", place.file, place.line)).into_owned()
            })
        };
        let names: Vec<String> = (0..count).map(name).collect();
        let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        Self { names, width }
    }

    fn line(&self, line: &TraceLine) -> String {
        let TraceLine { at, subject, place, what } = line;
        let ms = at.as_micros() as f64 / 1000.0;
        let whose = match subject {
            Subject::User { number, generation: 0 } => format!("user {number}"),
            Subject::User { number, generation } => format!("user {number}.{generation}"),
            Subject::Setup => "setup".to_owned(),
            Subject::Teardown => "teardown".to_owned(),
        };
        let place = place.and_then(|place| self.names.get(usize::try_from(place).ok()?));
        let place = place.map_or("-", String::as_str);
        let what = escape_for_terminal(what);
        format!("{ms:>9.1}ms  {whose:<8}  {place:<width$}  {what}\n", width = self.width)
    }
}
