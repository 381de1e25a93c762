//! Which scenario a user gets: by weight, spread evenly, fixed by the user's number alone.

/// The shares of the scenarios.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mix {
    /// The sums of the weights up to and with each scenario, in lowest terms.
    bounds: Vec<u64>,
    /// By how much the lottery numbers of neighbours differ; no divisor of the total but 1 divides it.
    stride: u64,
}

impl Mix {
    /// Shares by weight. A weight of 0 gets no user; where all are 0, every user gets the first.
    pub fn new(weights: &[u64]) -> Self {
        let divisor = weights.iter().copied().fold(0, gcd).max(1);
        let mut sum: u64 = 0;
        let bounds: Vec<u64> = weights
            .iter()
            .map(|weight| {
                sum = sum.saturating_add(weight / divisor);
                sum
            })
            .collect();
        // The golden ratio scatters neighbours most evenly.
        let golden = u64::try_from(u128::from(sum) * 618_033_989 / 1_000_000_000).unwrap_or(1);
        let stride = (golden.max(1)..=sum).find(|stride| gcd(*stride, sum) == 1).unwrap_or(1);
        Self { bounds, stride }
    }

    /// The scenario of a user. Among any run of as many users as the weights sum up to (in lowest terms), each
    /// scenario gets exactly its weight.
    pub fn scenario_of(&self, user: u64) -> usize {
        let Some(&total) = self.bounds.last().filter(|total| **total > 0) else { return 0 };
        let number = u128::from(user) * u128::from(self.stride) % u128::from(total);
        self.bounds.partition_point(|bound| u128::from(*bound) <= number)
    }

    /// How many of the users `0..total` get a scenario.
    pub fn count_of(&self, scenario: usize, total: u64) -> u64 {
        let Some(&sum) = self.bounds.last().filter(|sum| **sum > 0) else {
            return if scenario == 0 { total } else { 0 };
        };
        let Some(&above) = self.bounds.get(scenario) else { return 0 };
        let below = scenario.checked_sub(1).map_or(0, |before| self.bounds[before]);
        let (rounds, rest) = (total / sum, total % sum);
        let in_rest = count_below(rest, self.stride, sum, above) - count_below(rest, self.stride, sum, below);
        rounds * (above - below) + in_rest
    }
}

/// How many of `0..n` leave less than `bound` when multiplied by `factor` and divided by `modulus`.
fn count_below(n: u64, factor: u64, modulus: u64, bound: u64) -> u64 {
    let (n, factor, modulus) = (u128::from(n), u128::from(factor), u128::from(modulus));
    // Those that leave `bound` or more are carried over by what lacks to the modulus, and the others are not.
    let lacking = modulus - u128::from(bound);
    let carried = floor_sum(n, modulus, factor, lacking) - floor_sum(n, modulus, factor, 0);
    u64::try_from(n - carried).unwrap_or(u64::MAX)
}

/// The sum of `(factor * i + offset) / modulus`, rounded down each, over `i` in `0..n`: Euclid's algorithm on the
/// triangle below the line. No number here is larger than a product of two of 64 bits.
fn floor_sum(n: u128, modulus: u128, factor: u128, offset: u128) -> u128 {
    if n == 0 {
        return 0;
    }
    let whole = n * (n - 1) / 2 * (factor / modulus) + n * (offset / modulus);
    let (factor, offset) = (factor % modulus, offset % modulus);
    let highest = factor * n + offset;
    if highest < modulus {
        return whole;
    }
    whole + floor_sum(highest / modulus, factor, modulus, highest % modulus)
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(weights: &[u64], users: u64) -> Vec<u64> {
        let mix = Mix::new(weights);
        let mut counts = vec![0; weights.len()];
        (0..users).for_each(|user| counts[mix.scenario_of(user)] += 1);
        counts
    }

    #[test]
    fn shares_are_exact() {
        assert_eq!(shares(&[1], 10), [10]);
        assert_eq!(shares(&[4, 1], 10), [8, 2]);
        assert_eq!(shares(&[400, 100], 10), [8, 2], "in lowest terms");
        assert_eq!(shares(&[1, 0, 1], 10), [5, 0, 5]);
        assert_eq!(shares(&[7, 11, 2], 2000), [700, 1100, 200]);
        assert_eq!(shares(&[0, 0], 3), [3, 0]);
        assert_eq!(shares(&[1_000_000, 999_999], 1_999_999), [1_000_000, 999_999]);
    }

    #[test]
    fn few_users_are_spread_too() {
        let mix = Mix::new(&[90, 10]);
        let first_rare = (0..100).position(|user| mix.scenario_of(user) == 1).unwrap();
        assert!(first_rare < 20, "the rare scenario must not wait for the end of the round: {first_rare}");
    }

    #[test]
    fn the_users_of_a_scenario_are_counted_without_going_through_them() {
        for weights in [&[1][..], &[4, 1], &[1, 0, 1], &[7, 11, 2], &[0, 0], &[1000, 1, 37], &[90, 10]] {
            let mix = Mix::new(weights);
            let mut counts = vec![0; weights.len()];
            for user in 0..3000 {
                for (scenario, count) in counts.iter().enumerate() {
                    assert_eq!(mix.count_of(scenario, user), *count, "{weights:?}, {user}");
                }
                counts[mix.scenario_of(user)] += 1;
            }
        }
        let vast = Mix::new(&[u64::MAX - 1, 1]);
        assert_eq!(vast.count_of(0, u64::MAX) + vast.count_of(1, u64::MAX), u64::MAX);
        assert_eq!(Mix::new(&[3]).count_of(1, 10), 0);
    }

    #[test]
    fn neither_large_weights_nor_large_numbers_overflow() {
        let mix = Mix::new(&[u64::MAX, u64::MAX - 1]);
        assert!(mix.scenario_of(u64::MAX) < 2);
        assert_eq!(Mix::new(&[]).scenario_of(7), 0);
    }
}
