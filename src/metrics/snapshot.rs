//! Figures of an interval or of a whole run, which add up without loss.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Counts, DeliveryCounts, ErrorTable, Gauge, Layout, Samples, TimerId, Timing};

/// What was counted and timed, by one thread or many, over one interval or many.
///
/// It is serialisable, so that other machines' figures merge like other threads' do. Timers are matched by
/// name where two layouts differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Wire", from = "Wire")]
pub struct Snapshot {
    /// The plain counters.
    pub counts: Counts,
    /// The users there are, and the most there were.
    pub users: Gauge,
    /// The errors.
    pub errors: ErrorTable,
    /// One message each of those that went by unused.
    pub samples: Samples,
    /// What became of the messages of each stream, by its name.
    pub deliveries: BTreeMap<String, DeliveryCounts>,
    layout: Arc<Layout>,
    /// One for each timer of the layout; `None` until it is used.
    pub(super) timings: Vec<Option<Timing>>,
}

impl Snapshot {
    /// Nothing counted yet.
    pub fn new(layout: Arc<Layout>) -> Self {
        let timings = vec![None; layout.len()];
        Self {
            counts: Counts::default(),
            users: Gauge::default(),
            errors: ErrorTable::default(),
            samples: Samples::default(),
            deliveries: BTreeMap::new(),
            layout,
            timings,
        }
    }

    /// The timers' names.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// A timer's distribution, if anything was recorded.
    pub fn timing(&self, timer: TimerId) -> Option<&Timing> {
        self.timings.get(timer.index())?.as_ref()
    }

    /// Every timer with its distribution, in the layout's order.
    pub fn timings(&self) -> impl Iterator<Item = (&str, Option<&Timing>)> {
        self.layout.names().zip(self.timings.iter().map(Option::as_ref))
    }

    /// Adds the figures of another thread or machine **for the same interval**: users at one time add up.
    pub fn merge(&mut self, other: &Self) {
        self.add(other);
        self.users.merge(other.users);
    }

    /// Adds the figures of the interval **that follows**: users at one time are the later ones', their peak the
    /// higher one.
    pub fn append(&mut self, later: &Self) {
        self.add(later);
        self.users.append(later.users);
    }

    /// Adds figures of some thread, of some time within the same stretch. Users at one time are not among them, as the
    /// parts neither follow one another nor are of one time.
    pub fn add_interval(&mut self, part: &Self) {
        self.add(part);
    }

    fn add(&mut self, other: &Self) {
        self.counts.merge(&other.counts);
        self.errors.merge(&other.errors);
        self.samples.merge(&other.samples);
        for (stream, counts) in &other.deliveries {
            self.deliveries.entry(stream.clone()).or_default().merge(counts);
        }
        let same_layout = Arc::ptr_eq(&self.layout, &other.layout) || self.layout == other.layout;
        for (index, (name, timing)) in other.timings().enumerate() {
            let index = if same_layout { index } else { self.index_of(name) };
            match (&mut self.timings[index], timing) {
                (Some(own), Some(timing)) => own.merge(timing),
                (own @ None, Some(timing)) => *own = Some(timing.clone()),
                (_, None) => {}
            }
        }
    }

    fn index_of(&mut self, name: &str) -> usize {
        let id = self.layout.id(name).unwrap_or_else(|| Arc::make_mut(&mut self.layout).intern(name));
        self.timings.resize(self.layout.len(), None);
        id.index()
    }
}

/// The form in which a snapshot travels: with the names, as the receiver may not have them.
#[derive(Serialize, Deserialize)]
struct Wire {
    counts: Counts,
    users: Gauge,
    errors: ErrorTable,
    #[serde(default)]
    samples: Samples,
    #[serde(default)]
    deliveries: BTreeMap<String, DeliveryCounts>,
    timers: Vec<(String, Option<Timing>)>,
}

impl From<Snapshot> for Wire {
    fn from(snapshot: Snapshot) -> Self {
        let Snapshot { counts, users, errors, samples, deliveries, layout, timings } = snapshot;
        let timers = layout.names().map(str::to_owned).zip(timings).collect();
        Self { counts, users, errors, samples, deliveries, timers }
    }
}

impl From<Wire> for Snapshot {
    fn from(wire: Wire) -> Self {
        let mut snapshot =
            Self::new(Arc::new(Layout::new(wire.timers.iter().map(|(name, _)| name.as_str()))));
        (snapshot.counts, snapshot.users, snapshot.errors) = (wire.counts, wire.users, wire.errors);
        snapshot.samples = wire.samples;
        snapshot.deliveries = wire.deliveries;
        for (name, timing) in wire.timers {
            let Some(timing) = timing else { continue };
            let index = snapshot.index_of(&name);
            snapshot.timings[index].get_or_insert_default().merge(&timing);
        }
        snapshot
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::{ErrorKind, Recorder, UserEnd};
    use super::*;

    const NAMES: [&str; 3] = ["connect.total", "say.rtt", "joined.wait"];

    /// What can be compared: everything but which sample is kept, which is the first and therefore depends on order.
    fn comparable(snapshot: &Snapshot) -> serde_json::Value {
        let mut json = serde_json::to_value(snapshot).unwrap();
        for entry in json["errors"].as_array_mut().unwrap() {
            entry["sample"].take();
            entry["context"].take();
        }
        json["timers"].as_array_mut().unwrap().sort_by_key(ToString::to_string);
        json
    }

    fn merged(a: &Snapshot, b: &Snapshot) -> Snapshot {
        let mut sum = a.clone();
        sum.merge(b);
        sum
    }

    fn any_snapshot() -> impl Strategy<Value = Snapshot> {
        let times = prop::collection::vec((0u32..3, 0u64..10_000_000), 0..20);
        let errors = prop::collection::vec((0usize..ErrorKind::ALL.len(), prop::option::of(0u32..4)), 0..10);
        (times, errors, 0u64..5, any::<u32>(), Just(NAMES.to_vec()).prop_shuffle()).prop_map(
            |(times, errors, users, sent, names)| {
                let layout = Arc::new(Layout::new(names));
                let mut recorder = Recorder::new(Arc::clone(&layout));
                for (timer, us) in times {
                    recorder.time(TimerId(timer), Duration::from_micros(us));
                }
                for (kind, place) in errors {
                    recorder.error(ErrorKind::ALL[kind], place, String::new);
                }
                (0..users).for_each(|_| recorder.user_started());
                (0..users / 2).for_each(|_| recorder.user_left(UserEnd::Finished));
                recorder.counts().messages_sent += u64::from(sent);
                recorder.take()
            },
        )
    }

    proptest! {
        #[test]
        fn merging_is_commutative(a in any_snapshot(), b in any_snapshot()) {
            prop_assert_eq!(comparable(&merged(&a, &b)), comparable(&merged(&b, &a)));
        }

        #[test]
        fn merging_is_associative(a in any_snapshot(), b in any_snapshot(), c in any_snapshot()) {
            let left = merged(&merged(&a, &b), &c);
            let right = merged(&a, &merged(&b, &c));
            prop_assert_eq!(comparable(&left), comparable(&right));
        }

        #[test]
        fn what_is_sent_arrives(a in any_snapshot()) {
            let arrived: Snapshot = serde_json::from_str(&serde_json::to_string(&a).unwrap()).unwrap();
            prop_assert_eq!(comparable(&arrived), comparable(&a));
            prop_assert_eq!(&arrived.counts, &a.counts);
        }
    }

    #[test]
    fn intervals_follow_and_threads_add() {
        let layout = Arc::new(Layout::new(NAMES));
        let (mut one, mut two) = (Recorder::new(Arc::clone(&layout)), Recorder::new(Arc::clone(&layout)));
        let mut totals = Snapshot::new(layout);
        one.user_started();
        two.user_started();
        two.user_started();
        totals.append(&merged(&one.take(), &two.take()));
        one.user_left(UserEnd::Finished);
        two.user_left(UserEnd::Failed);
        totals.append(&merged(&one.take(), &two.take()));
        totals.append(&merged(&one.take(), &two.take()));
        assert_eq!(totals.users, Gauge { now: 1, peak: 3 });
        assert_eq!(
            (totals.counts.users_started, totals.counts.users_finished, totals.counts.users_failed),
            (3, 1, 1)
        );
    }

    #[test]
    fn timers_of_another_layout_are_matched_by_name() {
        let mut own = Recorder::new(Arc::new(Layout::new(["a", "b"])));
        let mut other = Recorder::new(Arc::new(Layout::new(["c", "b"])));
        own.time(TimerId(1), Duration::from_millis(1));
        other.time(TimerId(0), Duration::from_millis(1));
        other.time(TimerId(1), Duration::from_millis(1));
        let sum = merged(&own.take(), &other.take());
        let counts: Vec<_> = sum.timings().map(|(name, timing)| (name, timing.map(Timing::count))).collect();
        assert_eq!(counts, [("a", None), ("b", Some(2)), ("c", Some(1))]);
    }
}
