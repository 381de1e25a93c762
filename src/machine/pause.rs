//! Drawing think times.

use std::time::Duration;

use rand::RngExt;

use super::Rng;
use crate::program::Think;

/// The longest pause that is drawn: a day. Tails of distributions end here.
const LONGEST: Duration = Duration::from_hours(24);

/// Draws how long to think.
pub(super) fn draw(think: Think, rng: &mut Rng) -> Duration {
    match think {
        Think::Fixed(pause) => pause,
        Think::Between(low, high) => {
            let span = u64::try_from(high.saturating_sub(low).as_nanos()).unwrap_or(u64::MAX);
            low.saturating_add(Duration::from_nanos(rng.random_range(0..=span)))
        }
        Think::Normal { mean, stddev } => {
            // Box and Muller: two uniform draws make a normal one. The first is never 0, whose logarithm is not finite.
            let (u, v): (f64, f64) = (1.0 - rng.random::<f64>(), rng.random());
            let standard = (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos();
            seconds(mean.as_secs_f64() + stddev.as_secs_f64() * standard)
        }
        Think::Exponential { mean } => seconds(-mean.as_secs_f64() * (1.0 - rng.random::<f64>()).ln()),
    }
}

/// A pause of more or less than that.
pub(super) fn scaled(pause: Duration, factor: f64) -> Duration {
    // A factor of 1 changes no nanosecond.
    if factor.to_bits() == 1.0_f64.to_bits() { pause } else { seconds(pause.as_secs_f64() * factor) }
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds.clamp(0.0, LONGEST.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn draws(think: Think) -> Vec<f64> {
        let mut rng = Rng::seed_from_u64(7);
        (0..20_000).map(|_| draw(think, &mut rng).as_secs_f64()).collect()
    }

    fn mean(values: &[f64]) -> f64 {
        values.iter().sum::<f64>() / values.len() as f64
    }

    #[test]
    fn between_keeps_its_bounds_and_its_mean() {
        let values = draws(Think::Between(Duration::from_secs(1), Duration::from_secs(3)));
        assert!(values.iter().all(|v| (1.0..=3.0).contains(v)));
        assert!((mean(&values) - 2.0).abs() < 0.02);
    }

    #[test]
    fn between_of_equal_bounds_is_that_bound() {
        let bound = Duration::from_millis(5);
        assert!(draws(Think::Between(bound, bound)).iter().all(|v| (*v - 0.005).abs() < 1e-12));
    }

    #[test]
    fn normal_has_its_mean_and_deviation_and_is_never_negative() {
        let values = draws(Think::Normal { mean: Duration::from_secs(10), stddev: Duration::from_secs(2) });
        let mean = mean(&values);
        let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt();
        assert!((mean - 10.0).abs() < 0.1 && (deviation - 2.0).abs() < 0.1, "{mean} {deviation}");
        let near_zero = draws(Think::Normal { mean: Duration::ZERO, stddev: Duration::from_secs(1) });
        assert!(near_zero.iter().all(|v| *v >= 0.0));
    }

    #[test]
    fn scaled_pauses_keep_their_bounds() {
        let s = Duration::from_secs;
        assert_eq!([0.5, 1.0, 3.0, 0.0].map(|factor| scaled(s(2), factor)), [s(1), s(2), s(6), s(0)]);
        assert_eq!(scaled(LONGEST, 1000.0), LONGEST);
        assert_eq!(scaled(Duration::MAX, 1.0), Duration::MAX);
    }

    #[test]
    fn exponential_has_its_mean() {
        let values = draws(Think::Exponential { mean: Duration::from_secs(4) });
        assert!((mean(&values) - 4.0).abs() < 0.1);
    }
}
