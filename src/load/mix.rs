//! Which scenario a user gets: by fixed counts and by weight, spread evenly, fixed by the user's number alone.

/// The shares of the scenarios.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mix {
    parts: Vec<Part>,
    /// The sums of the fixed counts up to and with each scenario.
    fixed: Vec<u64>,
    /// The sums of the weights up to and with each scenario, in lowest terms.
    bounds: Vec<u64>,
    /// By how much the lottery numbers of neighbours differ; no divisor of the total but 1 divides it.
    stride: u64,
}

/// What a scenario gets of the users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A share of those who are left, by weight.
    Weight(u64),
    /// Exactly so many, the first ones.
    Users(u64),
}

impl Mix {
    /// Shares by weight. A weight of 0 gets no user; where all are 0, every user gets the first.
    pub fn new(weights: &[u64]) -> Self {
        Self::of(&weights.iter().copied().map(Part::Weight).collect::<Vec<_>>())
    }

    /// Fixed counts and shares by weight. Where no scenario has a weight, users beyond the counts are shared out as
    /// the counts are.
    pub fn of(parts: &[Part]) -> Self {
        let running = |sum: &mut u64, part: u64| {
            *sum = sum.saturating_add(part);
            Some(*sum)
        };
        let count = |part: &Part| if let Part::Users(count) = part { *count } else { 0 };
        let weight = |part: &Part| if let Part::Weight(weight) = part { *weight } else { 0 };
        let weigh = if parts.iter().any(|part| weight(part) > 0) { weight } else { count };
        let divisor = parts.iter().map(weigh).fold(0, gcd).max(1);
        let bounds: Vec<u64> = parts.iter().map(|part| weigh(part) / divisor).scan(0, running).collect();
        let fixed = parts.iter().map(count).scan(0, running).collect();
        let total = bounds.last().copied().unwrap_or(0);
        // The golden ratio scatters neighbours most evenly.
        let golden = u64::try_from(u128::from(total) * 618_033_989 / 1_000_000_000).unwrap_or(1);
        let stride = (golden.max(1)..=total).find(|stride| gcd(*stride, total) == 1).unwrap_or(1);
        Self { parts: parts.to_vec(), fixed, bounds, stride }
    }

    /// What each scenario gets.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The scenario of a user. Among any run of as many users as the weights sum up to (in lowest terms), behind those of
    /// the fixed counts, each scenario gets exactly its weight.
    pub fn scenario_of(&self, user: u64) -> usize {
        let Some(user) = user.checked_sub(self.fixed_count()) else {
            return self.fixed.partition_point(|bound| *bound <= user);
        };
        let Some(&total) = self.bounds.last().filter(|total| **total > 0) else { return 0 };
        let number = u128::from(user) * u128::from(self.stride) % u128::from(total);
        self.bounds.partition_point(|bound| u128::from(*bound) <= number)
    }

    /// How many of the users `0..total` get a scenario.
    pub fn count_of(&self, scenario: usize, total: u64) -> u64 {
        let Some(&last) = self.fixed.get(scenario) else {
            return if scenario == 0 { total } else { 0 };
        };
        let first = scenario.checked_sub(1).map_or(0, |before| self.fixed[before]);
        total.min(last) - total.min(first)
            + self.weighed_count_of(scenario, total.saturating_sub(self.fixed_count()))
    }

    /// The users who are not shared out by weight.
    pub fn fixed_count(&self) -> u64 {
        self.fixed.last().copied().unwrap_or(0)
    }

    fn weighed_count_of(&self, scenario: usize, total: u64) -> u64 {
        let Some(&sum) = self.bounds.last().filter(|sum| **sum > 0) else {
            return if scenario == 0 { total } else { 0 };
        };
        let above = self.bounds[scenario];
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
    fn fixed_counts_come_first_and_weights_share_the_rest() {
        use Part::{Users, Weight};
        let shares = |parts: &[Part], users: u64| {
            let mix = Mix::of(parts);
            (0..parts.len()).map(|scenario| mix.count_of(scenario, users)).collect::<Vec<_>>()
        };
        let mix = Mix::of(&[Weight(3), Users(2), Weight(1), Users(1)]);
        assert_eq!((0..3).map(|user| mix.scenario_of(user)).collect::<Vec<_>>(), [1, 1, 3]);
        assert_eq!(shares(&[Weight(3), Users(2), Weight(1), Users(1)], 11), [6, 2, 2, 1]);
        assert_eq!(shares(&[Weight(3), Users(2)], 1), [0, 1], "too few users for all of them");
        assert_eq!(shares(&[Users(2), Users(1)], 12), [8, 4], "nobody has a weight");
        assert_eq!(shares(&[Users(0), Users(0)], 2), [2, 0]);
        assert_eq!(shares(&[Users(u64::MAX), Users(9)], u64::MAX), [u64::MAX, 0]);
    }

    #[test]
    fn the_users_of_a_scenario_are_counted_without_going_through_them() {
        let fixed = Mix::of(&[Part::Users(7), Part::Weight(2), Part::Users(3), Part::Weight(5)]);
        let mut counts = [0; 4];
        for user in 0..500 {
            assert_eq!([0, 1, 2, 3].map(|scenario| fixed.count_of(scenario, user)), counts);
            counts[fixed.scenario_of(user)] += 1;
        }
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
