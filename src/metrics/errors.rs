//! The errors of a run: counted by kind and place, with one sample each, and bounded.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Context, ErrorKind, Sample};

/// How many pairs of kind and place are told apart. What comes after is counted by kind alone.
pub const DISTINCT_ERRORS_MAX: usize = 1000;

/// How much of a sample is kept.
pub const SAMPLE_BYTES_MAX: usize = 512;

/// One kind of error at one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorEntry {
    /// What went wrong.
    pub kind: ErrorKind,
    /// The state of the program in which it did; `None` where there is none, or where the table was full.
    pub place: Option<u32>,
    /// How often.
    pub count: u64,
    /// What the first of them said, cut to [`SAMPLE_BYTES_MAX`]. May hold text from the server: escape it.
    pub sample: String,
    /// Whose the first of them was, and what came before it.
    #[serde(default)]
    pub context: Context,
}

/// Counts by kind and place. However many there are, the count of a kind (without close code) is exact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<ErrorEntry>", from = "Vec<ErrorEntry>")]
pub struct ErrorTable {
    told_apart: BTreeMap<(ErrorKind, Option<u32>), Tally>,
    /// By family: at most one for each name in the closed list.
    overflow: BTreeMap<ErrorKind, Tally>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Tally {
    count: u64,
    sample: Sample,
}

impl ErrorTable {
    /// Counts one error. `sample` is called only for the first of its kind and place.
    pub fn count(&mut self, kind: ErrorKind, place: Option<u32>, sample: impl FnOnce() -> String) {
        self.add(kind, place, 1, sample);
    }

    /// Counts so many errors of one kind and place; as [`count`](Self::count).
    pub fn add(&mut self, kind: ErrorKind, place: Option<u32>, count: u64, sample: impl FnOnce() -> String) {
        self.add_of(kind, place, count, || sample().into());
    }

    /// The same, with what came before the first.
    pub(super) fn add_of(
        &mut self,
        kind: ErrorKind,
        place: Option<u32>,
        count: u64,
        sample: impl FnOnce() -> Sample,
    ) {
        let sample = || {
            let Sample { text, context } = sample();
            Sample { text: cut(text), context }
        };
        if let Some(tally) = self.told_apart.get_mut(&(kind, place)) {
            tally.count = tally.count.saturating_add(count);
        } else if self.told_apart.len() < DISTINCT_ERRORS_MAX {
            self.told_apart.insert((kind, place), Tally { count, sample: sample() });
        } else if let Some(tally) = self.overflow.get_mut(&kind.family()) {
            tally.count = tally.count.saturating_add(count);
        } else {
            self.overflow.insert(kind.family(), Tally { count, sample: sample() });
        }
    }

    /// Adds all of another's errors. The samples that are here already stay.
    pub fn merge(&mut self, other: &Self) {
        for entry in other.entries() {
            let ErrorEntry { kind, place, count, sample: text, context } = entry;
            self.add_of(kind, place, count, || Sample { text, context });
        }
    }

    /// All errors together.
    pub fn total(&self) -> u64 {
        self.tallies().map(|(_, tally)| tally.count).fold(0, u64::saturating_add)
    }

    /// The errors of one kind. A kind without a close code stands for all its codes; with a code, what could
    /// not be told apart any more is counted in, so that a limit on it errs on the strict side.
    pub fn of_kind(&self, kind: ErrorKind) -> u64 {
        let wanted = |seen: ErrorKind| seen == kind || seen.family() == kind;
        let told_apart =
            self.told_apart.iter().filter(|((seen, _), _)| wanted(*seen)).map(|(_, tally)| tally.count);
        let overflow = self.overflow.get(&kind.family()).map(|tally| tally.count);
        told_apart.chain(overflow).fold(0, u64::saturating_add)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.told_apart.is_empty()
    }

    /// Every kind and place with its count, ordered by kind and place; what was not told apart comes last,
    /// without a place.
    pub fn entries(&self) -> impl Iterator<Item = ErrorEntry> + '_ {
        self.tallies().map(|((kind, place), tally)| ErrorEntry {
            kind,
            place,
            count: tally.count,
            sample: tally.sample.text.clone(),
            context: tally.sample.context.clone(),
        })
    }

    fn tallies(&self) -> impl Iterator<Item = ((ErrorKind, Option<u32>), &Tally)> {
        let told_apart = self.told_apart.iter().map(|(key, tally)| (*key, tally));
        told_apart.chain(self.overflow.iter().map(|(kind, tally)| ((*kind, None), tally)))
    }
}

impl From<ErrorTable> for Vec<ErrorEntry> {
    fn from(table: ErrorTable) -> Self {
        table.entries().collect()
    }
}

impl From<Vec<ErrorEntry>> for ErrorTable {
    fn from(entries: Vec<ErrorEntry>) -> Self {
        let mut table = Self::default();
        for entry in entries {
            let ErrorEntry { kind, place, count, sample: text, context } = entry;
            table.add_of(kind, place, count, || Sample { text, context });
        }
        table
    }
}

pub(super) fn cut(mut sample: String) -> String {
    sample.truncate(sample.floor_char_boundary(SAMPLE_BYTES_MAX));
    sample
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::LastFrame;
    use super::*;

    const PEER: ErrorKind = ErrorKind::ClosedByPeer { code: None };

    fn coded(code: u16) -> ErrorKind {
        ErrorKind::ClosedByPeer { code: Some(code) }
    }

    #[test]
    fn a_sample_is_made_for_the_first_of_its_kind_and_place_only() {
        let mut table = ErrorTable::default();
        table.count(ErrorKind::Timeout, Some(3), || "first".into());
        table.count(ErrorKind::Timeout, Some(3), || unreachable!("there is one"));
        table.count(ErrorKind::Timeout, Some(4), || "elsewhere".into());
        let seen: Vec<_> = table.entries().map(|e| (e.place, e.count, e.sample)).collect();
        assert_eq!(seen, [(Some(3), 2, "first".into()), (Some(4), 1, "elsewhere".into())]);
    }

    #[test]
    fn what_came_before_the_first_of_a_kind_stays_with_its_sample() {
        let of = |user| Sample {
            text: format!("of {user}"),
            context: Context {
                user: Some(user),
                last_frames: vec![LastFrame {
                    at: Duration::from_millis(1200),
                    connection: None,
                    is_out: true,
                    is_binary: false,
                    bytes: 2,
                    payload: "hi".into(),
                }],
            },
        };
        let (mut table, mut other) = (ErrorTable::default(), ErrorTable::default());
        table.add_of(ErrorKind::Timeout, Some(3), 1, || of(17));
        other.add_of(ErrorKind::Timeout, Some(3), 1, || of(4));
        other.add_of(ErrorKind::Io, Some(3), 1, || of(5));
        table.merge(&other);
        let arrived: ErrorTable = serde_json::from_str(&serde_json::to_string(&table).unwrap()).unwrap();
        let seen: Vec<_> = arrived.entries().map(|e| (e.kind, e.count, e.sample, e.context)).collect();
        let wanted = [(ErrorKind::Timeout, 2, 17), (ErrorKind::Io, 1, 5)]
            .map(|(kind, count, user)| (kind, count, of(user).text, of(user).context));
        assert_eq!(seen, wanted);
    }

    #[test]
    fn samples_are_cut_between_characters() {
        let mut table = ErrorTable::default();
        table.count(ErrorKind::Io, None, || format!("a{}", "é".repeat(400)));
        let sample = table.entries().next().unwrap().sample;
        assert_eq!((sample.len(), sample.chars().count()), (511, 256));
    }

    #[test]
    fn a_kind_without_code_is_all_its_codes() {
        let mut table = ErrorTable::default();
        for kind in [coded(1000), coded(1006), coded(1006), PEER, ErrorKind::Reset] {
            table.count(kind, None, String::new);
        }
        assert_eq!((table.of_kind(PEER), table.of_kind(coded(1006)), table.total()), (4, 2, 5));
    }

    #[test]
    fn a_full_table_still_counts_every_error_by_kind() {
        let mut table = ErrorTable::default();
        for place in 0..1500 {
            table.count(ErrorKind::Timeout, Some(place), || format!("at {place}"));
        }
        for code in 0..500 {
            table.count(coded(code), Some(1), String::new);
        }
        table.count(ErrorKind::Timeout, Some(7), || unreachable!("told apart before the table was full"));
        assert_eq!(
            (table.of_kind(ErrorKind::Timeout), table.of_kind(PEER), table.total()),
            (1501, 500, 2001)
        );
        assert_eq!(table.entries().count(), DISTINCT_ERRORS_MAX + 2);
        let overflow: Vec<_> = table.entries().skip(DISTINCT_ERRORS_MAX).collect();
        assert_eq!((overflow[0].kind, overflow[0].place, overflow[0].count), (ErrorKind::Timeout, None, 500));
        assert_eq!(overflow[0].sample, "at 1000");
        assert_eq!((overflow[1].kind, overflow[1].count), (PEER, 500));

        let mut merged = table.clone();
        merged.merge(&table);
        assert_eq!((merged.of_kind(ErrorKind::Timeout), merged.of_kind(PEER)), (3002, 1000));
        let arrived: ErrorTable = serde_json::from_str(&serde_json::to_string(&table).unwrap()).unwrap();
        assert_eq!(arrived, table);
    }
}
