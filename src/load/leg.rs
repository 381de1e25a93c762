//! One stage placed in time: from one count of users to another, over a span that starts somewhere.

use super::exact::{portion, share};

/// A straight piece of the profile. Times are nanoseconds since the run began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leg {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) begins: u128,
    pub(super) over: u128,
}

impl Leg {
    pub(super) fn ends(&self) -> u128 {
        self.begins + self.over
    }

    /// The users wanted at `at`, which lies in this leg.
    ///
    /// Rising, the first user comes at once and the last before the end; falling, the first leaves after the
    /// first part of the span and the last at its end. A leg therefore never begins with a user gone whom the
    /// leg before it asked for, and a hold after a ramp starts complete.
    pub(super) fn target_at(&self, at: u128) -> u64 {
        let elapsed = at - self.begins;
        debug_assert!(elapsed < self.over);
        if self.to > self.from {
            let rise = self.to - self.from;
            self.from + rise.min(share(rise, elapsed, self.over).saturating_add(1))
        } else {
            self.from - share(self.from - self.to, elapsed, self.over)
        }
    }

    /// When the target first exceeds `index`, if it does in this leg.
    pub(super) fn first_above(&self, index: u64) -> Option<u128> {
        if self.from > index {
            return Some(self.begins);
        }
        let rise = self.to.checked_sub(self.from)?;
        (self.to > index).then(|| self.begins + portion(self.over, index - self.from, rise))
    }

    /// When the target first no longer exceeds `index`, if that happens in this leg.
    pub(super) fn first_not_above(&self, index: u64) -> Option<u128> {
        if self.from <= index {
            return Some(self.begins);
        }
        let fall = self.from.checked_sub(self.to)?;
        (self.to <= index).then(|| self.begins + portion(self.over, self.from - index, fall))
    }
}
