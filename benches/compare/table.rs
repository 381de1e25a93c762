//! Medians, ratios and their spread, as a table.

use std::fs;

use super::process::Cores;

/// One figure of two subjects, in the order of the rounds.
#[derive(Debug)]
pub struct Figure {
    pub bare: Vec<f64>,
    pub other: Vec<f64>,
}

#[derive(Debug, Clone, Copy)]
pub enum Unit {
    Us,
    /// With the most that it may be, where the budget is no ratio.
    Kib(f64),
}

#[derive(Debug)]
pub struct Row {
    pub name: String,
    pub unit: Unit,
    /// The largest ratio that is wanted.
    pub budget: Option<f64>,
    pub figure: Figure,
}

impl Figure {
    /// The ratio of each round: its runs are neighbours in time.
    fn ratios(&self) -> Vec<f64> {
        self.other.iter().zip(&self.bare).map(|(other, bare)| other / bare).collect()
    }
}

/// The middle one, or the mean of the two in the middle; zero of none.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        count if count % 2 == 1 => values[count / 2],
        count => f64::midpoint(values[count / 2 - 1], values[count / 2]),
    }
}

/// `1.08 (1.05-1.12)`: the median, the least and the most.
pub fn spread(values: &[f64]) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{:.2} ({least:.2}-{most:.2})", median(values.iter().copied()))
}

pub fn print(rows: &[Row]) {
    println!(
        "{:<38} {:>10} {:>10}  {:<18} budget",
        "median of the rounds", "bare loop", "wsplan", "ratio (spread)"
    );
    for Row { name, unit, budget, figure } in rows {
        let (bare, other) = (median(figure.bare.iter().copied()), median(figure.other.iter().copied()));
        let ratios = figure.ratios();
        let (unit, wanted, is_met) = match (unit, budget) {
            (Unit::Us, Some(budget)) => {
                ("us", format!("{budget:.2}x"), median(ratios.iter().copied()) <= *budget)
            }
            (Unit::Us, None) => ("us", String::new(), true),
            (Unit::Kib(most), _) => ("KiB", format!("{most} KiB"), other <= *most),
        };
        let verdict = if is_met { "" } else { "  over" };
        println!(
            "{name:<38} {bare:>6.2} {unit:<3} {other:>6.2} {unit:<3}  {:<18} {wanted}{verdict}",
            spread(&ratios)
        );
    }
}

/// What machine this is, in a line.
pub fn machine(cores: Cores) -> String {
    let field = |path: &str, name: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim_start_matches([' ', '\t', ':']).to_owned()
    };
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let core_count = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "{}, {core_count} cores, {} of memory, Linux {}; generator on core {}, server on core {}; load average {}",
        field("/proc/cpuinfo", "model name"),
        field("/proc/meminfo", "MemTotal"),
        kernel.trim(),
        cores.client,
        cores.server,
        fs::read_to_string("/proc/loadavg").unwrap_or_default().split(' ').next().unwrap_or_default(),
    )
}
