//! The distribution of one timer's durations.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Longer times are recorded as this one.
pub const LONGEST_TIME: Duration = Duration::from_hours(1);

const LONGEST_US: u64 = 3_600_000_000;
const SIGNIFICANT_DIGITS: u8 = 3;
/// Far above what multiplication rounds by, and far below one recording of any run.
const RANK_EPSILON: f64 = 1e-13;
/// More recordings than this could not be added up as `f64` exactly; only a forged snapshot has them.
const COUNT_MAX: u64 = 1 << 53;

/// An HDR histogram of durations, 1 us to 1 h at 3 significant digits.
///
/// Counts are `u64`, so that no run is long enough to lose one. The histogram grows with the longest time
/// recorded: 16 KiB up to 2 ms, 88 KiB up to 1 s, 184 KiB at an hour, so that the usual case costs what
/// fixed `u32` counts up to an hour would (92 KiB). A percentile is the upper end of its bucket, at most 0.1 % too
/// long and never too short; minimum and maximum are exact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Wire", try_from = "Wire")]
pub struct Timing {
    histogram: Histogram<u64>,
    min_us: u64,
    max_us: u64,
}

impl Timing {
    /// An empty distribution.
    pub fn new() -> Self {
        Self::with_room_for(0)
    }

    /// An empty distribution that need not grow until a time is longer than `longest_us`.
    pub(super) fn with_room_for(longest_us: u64) -> Self {
        let high = longest_us.clamp(2, LONGEST_US);
        let mut histogram = Histogram::new_with_bounds(1, high, SIGNIFICANT_DIGITS)
            .expect("1 <= high / 2, and 3 digits are at most 5");
        histogram.auto(true);
        Self { histogram, min_us: u64::MAX, max_us: 0 }
    }

    /// The longest time that is recorded without growing, in microseconds.
    pub(super) fn room_us(&self) -> u64 {
        self.histogram.high()
    }

    /// Adds one duration, rounded to the microsecond, at least one and at most [`LONGEST_TIME`].
    pub fn record(&mut self, time: Duration) {
        let ns = time.min(LONGEST_TIME).as_nanos();
        let us = u64::try_from((ns + 500) / 1000).expect("an hour of nanoseconds fits");
        self.record_us(us, 1);
    }

    /// Adds one duration so many times.
    pub(super) fn record_many(&mut self, time: Duration, count: u64) {
        let us = u64::try_from(time.min(LONGEST_TIME).as_micros()).expect("an hour of microseconds fits");
        self.record_us(us, count);
    }

    fn record_us(&mut self, us: u64, count: u64) {
        let us = us.clamp(1, LONGEST_US);
        self.histogram.record_n(us, count).expect("an hour's buckets fit in memory");
        self.min_us = self.min_us.min(us);
        self.max_us = self.max_us.max(us);
    }

    /// Adds all of another's recordings.
    pub fn merge(&mut self, other: &Self) {
        self.histogram.add(&other.histogram).expect("the histogram grows where it must");
        self.min_us = self.min_us.min(other.min_us);
        self.max_us = self.max_us.max(other.max_us);
    }

    /// Adds those of another's recordings that are longer than a time.
    pub(super) fn merge_longer(&mut self, other: &Self, than: Duration) {
        let than_us = u64::try_from(than.as_micros()).unwrap_or(u64::MAX);
        for bucket in other.histogram.iter_recorded() {
            let us = bucket.value_iterated_to().min(other.max_us);
            if us > than_us {
                self.record_us(us, bucket.count_at_value());
            }
        }
    }

    /// How many durations were recorded.
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The shortest; `None` of nothing.
    pub fn min(&self) -> Option<Duration> {
        self.observed(|timing| Duration::from_micros(timing.min_us))
    }

    /// The longest; `None` of nothing.
    pub fn max(&self) -> Option<Duration> {
        self.observed(|timing| Duration::from_micros(timing.max_us))
    }

    /// The arithmetic mean; `None` of nothing.
    pub fn mean(&self) -> Option<Duration> {
        self.observed(|timing| Duration::from_secs_f64(timing.histogram.mean() / 1e6))
    }

    /// The time that `percent` (0 to 100) of the recordings do not exceed; `None` of nothing.
    pub fn percentile(&self, percent: f64) -> Option<Duration> {
        self.observed(|timing| {
            let count = timing.count() as f64;
            // 99.9 / 100 * 1000 is a last bit above 999, which must not make it the longest of a thousand.
            let rank = (percent / 100.0 * count * (1.0 - RANK_EPSILON)).ceil().max(1.0);
            let bucket_end = timing.histogram.value_at_quantile((rank - 0.5) / count);
            Duration::from_micros(bucket_end.clamp(timing.min_us, timing.max_us))
        })
    }

    fn observed(&self, figure: impl FnOnce(&Self) -> Duration) -> Option<Duration> {
        (!self.histogram.is_empty()).then(|| figure(self))
    }
}

impl Default for Timing {
    fn default() -> Self {
        Self::new()
    }
}

/// The form in which a distribution travels: the extremes, and the buckets in use as (microseconds, count). That
/// is complete, since all histograms have the same buckets.
#[derive(Serialize, Deserialize)]
struct Wire {
    min_us: u64,
    max_us: u64,
    buckets: Vec<(u64, u64)>,
}

impl From<Timing> for Wire {
    fn from(timing: Timing) -> Self {
        let recorded = timing.histogram.iter_recorded();
        let buckets = recorded.map(|bucket| (bucket.value_iterated_to(), bucket.count_at_value())).collect();
        Self { min_us: timing.min_us, max_us: timing.max_us, buckets }
    }
}

impl TryFrom<Wire> for Timing {
    type Error = String;

    fn try_from(wire: Wire) -> Result<Self, String> {
        let total = wire.buckets.iter().try_fold(0u64, |sum, bucket| sum.checked_add(bucket.1));
        if total.is_none_or(|total| total > COUNT_MAX) {
            return Err(format!("a timing holds at most {COUNT_MAX} recordings"));
        }
        let mut timing = Self::new();
        for (us, count) in wire.buckets.into_iter().filter(|bucket| bucket.1 > 0) {
            timing.record_us(us, count);
        }
        if timing.histogram.is_empty() {
            return Ok(timing);
        }
        // The extremes lie within their buckets, and a bucket travels as one of its values.
        let within = |us: u64, bucket: u64| timing.histogram.equivalent(us, bucket);
        if !within(wire.min_us, timing.min_us) || !within(wire.max_us, timing.max_us) {
            return Err("the extremes of a timing lie outside its buckets".to_owned());
        }
        Ok(Self { min_us: wire.min_us, max_us: wire.max_us, ..timing })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn us(microseconds: u64) -> Duration {
        Duration::from_micros(microseconds)
    }

    fn of(times: &[Duration]) -> Timing {
        let mut timing = Timing::new();
        for &time in times {
            timing.record(time);
        }
        timing
    }

    #[test]
    fn nothing_has_no_figures() {
        let timing = Timing::new();
        assert_eq!((timing.count(), timing.min(), timing.max(), timing.mean()), (0, None, None, None));
        assert_eq!(timing.percentile(50.0), None);
    }

    #[test]
    fn times_are_rounded_and_held_between_a_microsecond_and_an_hour() {
        assert_eq!(of(&[Duration::ZERO]).max(), Some(us(1)));
        assert_eq!(of(&[Duration::from_nanos(1499)]).max(), Some(us(1)));
        assert_eq!(of(&[Duration::from_nanos(1500)]).max(), Some(us(2)));
        assert_eq!(of(&[Duration::MAX]).max(), Some(LONGEST_TIME));
    }

    #[test]
    fn figures_of_a_hundred_times() {
        let timing = of(&(1..=100).map(us).collect::<Vec<_>>());
        assert_eq!((timing.count(), timing.min(), timing.max()), (100, Some(us(1)), Some(us(100))));
        assert_eq!(timing.mean(), Some(Duration::from_nanos(50_500)));
        for (percent, expected) in [(0.0, 1), (50.0, 50), (99.0, 99), (99.9, 100), (100.0, 100)] {
            assert_eq!(timing.percentile(percent), Some(us(expected)), "p{percent}");
        }
    }

    #[test]
    fn a_share_that_is_a_whole_number_of_recordings_is_that_many() {
        for count in [10u64, 1_000, 2_000] {
            let timing = of(&(1..=count).map(us).collect::<Vec<_>>());
            for permille in 1..=1000 {
                let rank = (permille * count).div_ceil(1000);
                let percent = permille as f64 / 10.0;
                assert_eq!(timing.percentile(percent), Some(us(rank)), "p{percent} of {count}");
            }
        }
    }

    #[test]
    fn a_forged_snapshot_is_refused_not_added() {
        let forged = [
            r#"{"min_us":1,"max_us":1,"buckets":[[1,18446744073709551615]]}"#,
            r#"{"min_us":1,"max_us":2,"buckets":[[1,9007199254740992],[2,1]]}"#,
            r#"{"min_us":1,"max_us":3,"buckets":[[1,1],[2,1]]}"#,
            r#"{"min_us":0,"max_us":2,"buckets":[[1,1],[2,1]]}"#,
            "[]",
        ];
        for text in forged {
            assert!(serde_json::from_str::<Timing>(text).is_err(), "{text}");
        }
        let empty: Timing = serde_json::from_str(r#"{"min_us":7,"max_us":7,"buckets":[[5,0]]}"#).unwrap();
        assert_eq!(empty, Timing::new());
    }

    fn times() -> impl Strategy<Value = Vec<Duration>> {
        let skewed = prop_oneof![0u64..50, 0u64..5_000, 0u64..4_000_000_000].prop_map(us);
        prop::collection::vec(skewed, 0..60)
    }

    proptest! {
        #[test]
        fn merged_parts_have_the_figures_of_the_whole(a in times(), b in times(), percent in 0.0f64..=100.0) {
            let mut merged = of(&a);
            merged.merge(&of(&b));
            let whole = of(&[a, b].concat());
            prop_assert_eq!(merged.count(), whole.count());
            prop_assert_eq!(merged.min(), whole.min());
            prop_assert_eq!(merged.max(), whole.max());
            prop_assert_eq!(merged.percentile(percent), whole.percentile(percent));
            prop_assert_eq!(Wire::from(merged).buckets, Wire::from(whole).buckets);
        }

        #[test]
        fn what_is_sent_arrives(times in times()) {
            let timing = of(&times);
            let arrived: Timing = serde_json::from_str(&serde_json::to_string(&timing).unwrap()).unwrap();
            prop_assert_eq!(arrived.min(), timing.min());
            prop_assert_eq!(arrived.max(), timing.max());
            prop_assert_eq!(arrived.mean(), timing.mean());
            prop_assert_eq!(Wire::from(arrived).buckets, Wire::from(timing).buckets);
        }

        #[test]
        fn a_percentile_is_at_most_a_thousandth_too_long(times in times(), percent in 0.0f64..=100.0) {
            prop_assume!(!times.is_empty());
            let mut sorted: Vec<_> = times.iter().map(|t| (*t).clamp(us(1), LONGEST_TIME)).collect();
            sorted.sort();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let rank = ((percent / 100.0 * sorted.len() as f64).ceil() as usize).max(1);
            let exact = sorted[rank - 1];
            let shown = of(&times).percentile(percent).unwrap();
            let (low, high) = (exact.mul_f64(0.999), exact.mul_f64(1.001));
            prop_assert!(shown <= high && shown >= low, "{:?} shown for {:?}", shown, exact);
        }
    }
}
