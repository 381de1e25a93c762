//! What rendering may look at: one user's values, the time, and the randomness that was handed in.

use std::time::Duration;

use crate::program::Value;

/// The one kind of random number generator in a run, seeded per user.
pub type Rng = rand_xoshiro::Xoshiro256PlusPlus;

/// What a template is rendered from.
#[derive(Debug)]
pub struct Scope<'a> {
    /// The user's values, by slot.
    pub slots: &'a [Value],
    /// Time since the run started.
    pub now: Duration,
    /// Unix time at the run's start.
    pub epoch: Duration,
    /// The user's randomness.
    pub rng: &'a mut Rng,
}

impl Scope<'_> {
    /// Milliseconds since 1970.
    pub(super) fn unix_ms(&self) -> i64 {
        i64::try_from((self.epoch + self.now).as_millis()).unwrap_or(i64::MAX)
    }
}
