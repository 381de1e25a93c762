//! Exact integer arithmetic on nanoseconds, for durations up to `Duration::MAX` and counts up to `u64::MAX`.
//!
//! A span of time is a `u128` of nanoseconds below 2^95 here: `Duration::MAX` is below 2^94, and whatever adds
//! spans up saturates at [`LONGEST_NS`].

use std::time::Duration;

const NS_PER_S: u128 = 1_000_000_000;

/// `Duration::MAX` in nanoseconds.
pub(super) const LONGEST_NS: u128 = u64::MAX as u128 * NS_PER_S + (NS_PER_S - 1);

/// The duration of that many nanoseconds, `Duration::MAX` for more than it can hold.
pub(super) fn duration(ns: u128) -> Duration {
    let seconds = u64::try_from(ns / NS_PER_S);
    let rest = u32::try_from(ns % NS_PER_S).expect("a remainder of a billion fits");
    seconds.map_or(Duration::MAX, |s| Duration::new(s, rest))
}

/// `floor(count * part / whole)`, exact although the product may need 160 bits. `part < whole`.
pub(super) fn share(count: u64, part: u128, whole: u128) -> u64 {
    debug_assert!(part < whole && whole <= LONGEST_NS);
    let quotient =
        u128::from(count).checked_mul(part).map_or_else(|| long_share(count, part, whole), |p| p / whole);
    u64::try_from(quotient).expect("a share is not more than the whole count")
}

/// Multiplies and divides one bit of `count` at a time, so that nothing grows past three times `whole`.
fn long_share(count: u64, part: u128, whole: u128) -> u128 {
    let (mut quotient, mut rest) = (0u128, 0u128);
    for bit in (0..u64::BITS).rev() {
        quotient *= 2;
        rest *= 2;
        if count >> bit & 1 == 1 {
            rest += part;
        }
        while rest >= whole {
            rest -= whole;
            quotient += 1;
        }
    }
    quotient
}

/// `ceil(span * part / whole)`, exact and without overflow. `part <= whole`, `whole > 0`.
pub(super) fn portion(span: u128, part: u64, whole: u64) -> u128 {
    debug_assert!(part <= whole && whole > 0 && span <= LONGEST_NS);
    let (part, whole) = (u128::from(part), u128::from(whole));
    // span = quotient * whole + rest: both products are below 2^128 because part <= whole < 2^64.
    span / whole * part + (span % whole * part).div_ceil(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_longest_duration_is_what_the_standard_library_says() {
        assert_eq!(Duration::MAX.as_nanos(), LONGEST_NS);
        assert_eq!(duration(LONGEST_NS), Duration::MAX);
        assert_eq!(duration(u128::MAX), Duration::MAX);
        assert_eq!(duration(1_500_000_000), Duration::from_millis(1500));
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        assert_eq!(share(u64::MAX, LONGEST_NS - 1, LONGEST_NS), u64::MAX - 1);
        assert_eq!(share(u64::MAX, 0, LONGEST_NS), 0);
        assert_eq!(portion(LONGEST_NS, u64::MAX, u64::MAX), LONGEST_NS);
        assert_eq!(portion(LONGEST_NS, 1, u64::MAX), 1_000_000_001);
    }

    proptest! {
        #[test]
        fn long_division_is_division(count: u64, a in 0u128..1 << 63, b in 1u128..1 << 63) {
            let (part, whole) = (a.min(b - 1), b);
            prop_assert_eq!(long_share(count, part, whole), u128::from(count) * part / whole);
        }
    }
}
