//! What there is to say about a run that has ended.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::metrics::search::Found;
use crate::metrics::{
    Context, ErrorEntry, ErrorKind, ErrorTable, Judgement, Percentile, Reason, Snapshot, Watch,
};

/// Everything the end report and the summary are made of.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// The plan's name.
    pub plan: String,
    /// The plan's file, as it was given.
    pub path: String,
    /// When the run began.
    pub started: Timestamp,
    /// How long it took, draining included.
    pub duration: Duration,
    /// All figures.
    pub totals: Snapshot,
    /// What the thresholds came to.
    pub judgement: Judgement,
    /// Those that are to be shown of every timer; where there are none, those that are shown to everybody.
    pub percentiles: Vec<Percentile>,
    /// The errors with the places they happened at; see [`error_rows`].
    pub errors: Vec<ErrorRow>,
    /// What the generator itself used, and whether it kept up.
    pub generator: Generator,
    /// What fixed every draw; `--seed` repeats it.
    pub seed: u64,
    /// Whether any server was taken for whom it said it was.
    pub is_insecure: bool,
    /// The words of `--fail-on` that came true.
    pub failed_on: Vec<&'static str>,
    /// The exit status of the process.
    pub exit_status: u8,
    /// What a search has found, where the run was one.
    pub search: Option<Found>,
    /// Whether somebody ended the run before its time.
    pub interrupted: bool,
    /// Whether the setup failed, so that no user was started.
    pub is_setup_failed: bool,
}

/// What the generator itself used, and what it saw of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Generator {
    /// CPU time of the process during the run, user and system.
    pub cpu: Duration,
    /// The most memory that was resident at one time.
    pub peak_rss_bytes: u64,
    /// Threads that drove users.
    pub threads: u32,
    /// What it saw of itself.
    pub watch: Watch,
    /// Why it was the bottleneck; none where it was not.
    pub reasons: Vec<Reason>,
}

/// Where in a plan something happened, and what the figures call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was given.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The timer whose operation it was, so that the error is counted in that timer's row.
    pub timer: Option<String>,
}

/// One kind of error at one place of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorRow {
    /// What went wrong.
    pub kind: ErrorKind,
    /// How often.
    pub count: u64,
    /// Where; `None` if it belongs to no line.
    pub place: Option<Place>,
    /// What the first of them said. May hold text from the server.
    pub sample: String,
    /// Whose the first of them was, and what came before it.
    pub context: Context,
}

/// The rows of an error table with their states resolved to places, most frequent first. States that share a
/// line share a row.
pub fn error_rows(table: &ErrorTable, resolve: impl Fn(u32) -> Option<Place>) -> Vec<ErrorRow> {
    let mut rows: BTreeMap<_, ErrorRow> = BTreeMap::new();
    for entry in table.entries() {
        let place = entry.place.and_then(&resolve);
        let line = place.as_ref().map(|place| (place.file.clone(), place.line));
        match rows.entry((entry.kind, line)) {
            std::collections::btree_map::Entry::Occupied(mut row) => row.get_mut().count += entry.count,
            std::collections::btree_map::Entry::Vacant(free) => {
                let ErrorEntry { kind, count, sample, context, .. } = entry;
                free.insert(ErrorRow { kind, count, place, sample, context });
            }
        }
    }
    let mut rows: Vec<_> = rows.into_values().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.count));
    rows
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::metrics::{Layout, Recorder, Threshold, TimerId, UserEnd, judge};

    const TIMERS: [&str; 4] = ["connect.total", "say.rtt", "joined.wait", "日本.rtt"];

    /// A run with something of everything: steps used and not, kinds with one and with several places, a sample
    /// that attacks the terminal, thresholds that hold and do not.
    pub(in crate::report) fn eventful_run() -> RunReport {
        let mut recorder = Recorder::new(Arc::new(Layout::new(TIMERS).with_steps(timers_of_places())));
        (1..=1000u64).for_each(|n| recorder.time(TimerId(0), Duration::from_micros(400 + n)));
        (1..=60_000u64).for_each(|n| recorder.time(TimerId(1), Duration::from_micros(800 + n * n % 4_999)));
        (1..=3u64).for_each(|n| recorder.time(TimerId(3), Duration::from_secs(n * 30)));
        (0..1000).for_each(|_| recorder.user_started());
        (0..998).for_each(|_| recorder.user_left(UserEnd::Finished));
        (0..2).for_each(|_| recorder.user_left(UserEnd::Failed));
        let late = || "no message matched `$.re` within 2s; 3 came, the last was {\"type\":\"presence\",\"members\":17}";
        (0..9).for_each(|_| recorder.error(ErrorKind::Timeout, Some(4), || late().into()));
        for _ in 0..3 {
            recorder.error(ErrorKind::Timeout, Some(7), || "no message matched within 5s".into());
        }
        let closed = ErrorKind::ClosedByPeer { code: Some(1011) };
        (0..2).for_each(|_| recorder.error(closed, Some(5), || "going\x1b[31m away\r\n".into()));
        recorder.error(ErrorKind::Internal, None, || "user 17 panicked".into());
        let counts = recorder.counts();
        counts.connections_attempted = 1000;
        counts.connections_established = 1000;
        counts.connections_closed_by_peer = 2;
        (counts.messages_sent, counts.messages_received) = (60_012, 120_345);
        (counts.bytes_sent, counts.bytes_received) = (4_200_840, 9_100_000);
        counts.writes = 60_010;
        (counts.messages_unmatched, counts.operations) = (12, 61_012);
        let totals = recorder.take();
        let duration = Duration::from_millis(30_180);
        let thresholds: Vec<_> = ["say.rtt p99 < 250ms", "errors rate < 0.01%", "joined.wait p95 < 1s"]
            .map(|text| Threshold::parse(text).unwrap())
            .into();
        RunReport {
            plan: "chat".into(),
            path: "plans/chat.yaml".into(),
            started: "2026-11-20T08:38:43.5Z".parse().unwrap(),
            duration,
            judgement: judge(&thresholds, &totals, duration),
            percentiles: Vec::new(),
            errors: error_rows(&totals.errors, place_of),
            totals,
            generator: Generator {
                cpu: Duration::from_millis(12_340),
                peak_rss_bytes: 64_200_000,
                threads: 2,
                ..Generator::default()
            },
            exit_status: 1,
            seed: 7,
            is_insecure: false,
            failed_on: Vec::new(),
            search: None,
            interrupted: false,
            is_setup_failed: false,
        }
    }

    /// A run of nothing at all.
    pub(in crate::report) fn empty_run() -> RunReport {
        let totals = Snapshot::new(Arc::new(Layout::new(["connect.total"])));
        RunReport {
            plan: "nothing".into(),
            path: "nothing.yaml".into(),
            started: Timestamp::UNIX_EPOCH,
            duration: Duration::ZERO,
            judgement: judge(&[], &totals, Duration::ZERO),
            percentiles: Vec::new(),
            errors: Vec::new(),
            totals,
            generator: Generator::default(),
            exit_status: 0,
            seed: 7,
            is_insecure: false,
            failed_on: Vec::new(),
            search: None,
            interrupted: false,
            is_setup_failed: false,
        }
    }

    /// The places of [`place_of`], a connect and a step that is never done.
    fn timers_of_places() -> [Option<TimerId>; 9] {
        let at = |timer| Some(TimerId(timer));
        [None, at(0), None, None, at(1), at(1), None, at(2), at(3)]
    }

    fn place_of(state: u32) -> Option<Place> {
        let at =
            |line, timer: &str| Place { file: "plans/chat.yaml".into(), line, timer: Some(timer.into()) };
        match state {
            4 | 5 => Some(at(31, "say.rtt")),
            7 => Some(at(44, "joined.wait")),
            _ => None,
        }
    }

    #[test]
    fn states_that_share_a_line_share_a_row() {
        let mut table = ErrorTable::default();
        for place in [Some(4), Some(5), Some(7), Some(7), Some(7), None, Some(99)] {
            table.count(ErrorKind::Timeout, place, || format!("{place:?}"));
        }
        let rows = error_rows(&table, place_of);
        let seen: Vec<_> = rows.iter().map(|row| (row.place.as_ref().map(|p| p.line), row.count)).collect();
        assert_eq!(seen, [(Some(44), 3), (None, 2), (Some(31), 2)]);
        assert_eq!(rows[2].sample, "Some(4)");
    }
}
