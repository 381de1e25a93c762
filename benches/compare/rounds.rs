//! The rounds: each runs every subject once, one behind the other, so that what changes on the machine changes for all.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit};

use super::process::Cores;
use super::subject::{Load, Subject};
use super::table::{self, Figure, Row, Unit};
use super::window::{Window, measure};

/// What one process needs open beside its connections.
const OTHER_FILES: u64 = 100;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    pub rounds: usize,
    /// Of the time that users work, in thousandths.
    busy_permille: u32,
}

impl Effort {
    pub const FULL: Self = Self { rounds: 5, busy_permille: 1000 };
    pub const QUICK: Self = Self { rounds: 2, busy_permille: 500 };

    fn load(self, users: usize) -> Load {
        let (ramp_ms, idle_ms, busy_ms) = match users {
            0..=99 => (0, 500, 1_800),
            100..=4_999 => (200, 1_000, 2_200),
            _ => (1_500, 3_000, 4_000),
        };
        let busy = Duration::from_millis(busy_ms) * self.busy_permille / 1000;
        Load { users, ramp: Duration::from_millis(ramp_ms), idle: Duration::from_millis(idle_ms), busy }
    }
}

/// Runs of all subjects at one number of users, each list in the order of the rounds.
type Runs = BTreeMap<Subject, Vec<Window>>;

/// Measures and prints the table. Returns the median of the bare loop's CPU time a round trip at 50 users, in
/// microseconds.
pub fn compare(cores: Cores, effort: Effort) -> Result<f64, Box<dyn Error>> {
    let mut number = 0;
    let mut run = |subject, load| {
        number += 1;
        measure(cores, subject, load, number)
    };
    // What a process costs before it has users worth mentioning.
    let mut bases = BTreeMap::new();
    for subject in [Subject::Bare, Subject::Wsplan] {
        bases.insert(subject, run(subject, Load { users: 1, ..Effort::QUICK.load(1) })?);
    }
    let mut rows = Vec::new();
    let mut bare_us = 0.0;
    for users in [50, 1_000, 10_000] {
        let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
        if hard < users as u64 + OTHER_FILES {
            eprintln!("{users} users are left out: a process may open {hard} files here (ulimit -Hn)");
            continue;
        }
        let with_checked = users == 50;
        let mut runs = Runs::new();
        for round in 1..=effort.rounds {
            eprint!("\r{users} users: round {round} of {}      ", effort.rounds);
            for subject in [Subject::Bare, Subject::Checked, Subject::Wsplan] {
                if subject != Subject::Checked || with_checked {
                    runs.entry(subject).or_default().push(run(subject, effort.load(users))?);
                }
            }
        }
        eprint!("\r{:40}\r", "");
        if with_checked {
            bare_us = table::median(runs[&Subject::Bare].iter().map(round_trip_us));
        }
        rows.extend(rows_of(users, &runs, &bases));
    }
    table::print(&rows);
    Ok(bare_us)
}

fn rows_of(users: usize, runs: &Runs, bases: &BTreeMap<Subject, Window>) -> Vec<Row> {
    let figure = |name: &str, unit, budget, of: &dyn Fn(&Window, &Window) -> f64| {
        let list = |subject| runs[&subject].iter().map(|run| of(run, &bases[&subject])).collect();
        let figure = Figure { bare: list(Subject::Bare), other: list(Subject::Wsplan) };
        Row { name: name.to_owned(), unit, budget, figure }
    };
    let round_trip = |run: &Window, _: &Window| round_trip_us(run);
    let budget = if users > 1_000 { 1.25 } else { 1.15 };
    let name = format!("CPU a round trip, {users} users");
    let mut rows = vec![figure(&name, Unit::Us, Some(budget), &round_trip)];
    if let Some(checked) = runs.get(&Subject::Checked) {
        let bare = runs[&Subject::Checked].iter().map(round_trip_us).collect();
        let other = runs[&Subject::Wsplan].iter().map(round_trip_us).collect();
        debug_assert_eq!(checked.len(), runs[&Subject::Wsplan].len());
        let name = "  beside serde_json and jsonpath-rust".to_owned();
        rows.push(Row { name, unit: Unit::Us, budget: None, figure: Figure { bare, other } });
    }
    if users == 10_000 {
        let a_user = (users - 1) as f64;
        rows.push(figure("CPU a connect, 10000 users", Unit::Us, Some(1.25), &|run, base| {
            (run.connect_cpu.as_secs_f64() - base.connect_cpu.as_secs_f64()) * 1e6 / a_user
        }));
        let kib = |bytes: u64, base: &Window| (bytes as f64 - base.idle_bytes as f64) / 1024.0 / a_user;
        rows.push(figure("memory an idle user, 10000 users", Unit::Kib(8.0), None, &|run, base| {
            kib(run.idle_bytes, base)
        }));
        rows.push(figure("memory a busy user, 10000 users", Unit::Kib(12.0), None, &|run, base| {
            kib(run.busy_bytes, base)
        }));
    }
    rows
}

fn round_trip_us(run: &Window) -> f64 {
    run.busy_cpu.as_secs_f64() * 1e6 / run.round_trips as f64
}
