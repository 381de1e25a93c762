//! Drawing one of several ways.

use rand::RngExt;

use super::Rng;
use crate::program::{Choose, StateId};

/// The first state of one of the ways, each as often as its weight says.
pub(super) fn draw_arm(choose: &Choose, rng: &mut Rng) -> StateId {
    let mut drawn = rng.random_range(0..choose.total_weight);
    for (weight, arm) in &choose.arms {
        if drawn < *weight {
            return *arm;
        }
        drawn -= weight;
    }
    unreachable!("what is drawn is below the sum of the weights")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn each_way_has_its_share_and_one_without_weight_none() {
        let weights = [3, 0, 1];
        let arms = weights.iter().enumerate().map(|(arm, weight)| (*weight, StateId::new(arm))).collect();
        let choose = Choose { arms, total_weight: 4 };
        let mut rng = Rng::seed_from_u64(11);
        let mut counts = [0u32; 3];
        for _ in 0..40_000 {
            counts[draw_arm(&choose, &mut rng).index()] += 1;
        }
        assert_eq!(counts[1], 0);
        // Five standard deviations of 40,000 draws are 433.
        assert!(counts[0].abs_diff(30_000) < 433, "{counts:?}");
    }
}
