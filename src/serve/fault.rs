//! What goes wrong on purpose: every reply and broadcast copy asks here for its fate before it is queued.
//!
//! This is the one place where delays and losses are decided; a new fault is a new field of [`Faults`] and a
//! new way for [`FaultStream::fate`] to answer. Keepalives, pongs and close frames are not subject to faults:
//! they are how a connection is kept, not what is measured on it.

use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// The faults of a server, the same for all its connections.
#[derive(Debug, Clone, PartialEq)]
pub struct Faults {
    /// Every reply and broadcast copy leaves this much later. Zero sends at once.
    pub delay: Duration,
    /// A random addition to `delay`, evenly spread from zero to this. Order is kept: a message whose
    /// own delay has passed still waits for the ones before it.
    pub jitter: Duration,
    /// The share of replies and broadcast copies that are never sent, 0 to 1.
    pub drop: f64,
    /// The share of broadcast copies that are never sent, 0 to 1; replies are, unlike with `drop`.
    pub lose: f64,
    /// The share of broadcast copies that are sent twice.
    pub duplicate: f64,
    /// The share of broadcast copies that are held back until the next one of the same sender has overtaken them, or
    /// for 100 ms where none does.
    pub reorder: f64,
    /// The share of broadcast copies with which one more goes to a connection that is not in the room.
    pub leak: f64,
    /// The connection is closed with 1001 once this many messages came in on it; the reply to the last is
    /// still sent.
    pub close_after: Option<u64>,
    /// Which messages are dropped and how the jitter falls is fixed by this and by the number of the
    /// connection in the order of acceptance.
    pub seed: u64,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            drop: 0.0,
            lose: 0.0,
            duplicate: 0.0,
            reorder: 0.0,
            leak: 0.0,
            close_after: None,
            seed: 0,
        }
    }
}

impl Faults {
    /// The longest that a message can be held back: order never adds to it, because the message before was
    /// queued earlier.
    pub fn longest_delay(&self) -> Duration {
        self.delay + self.jitter
    }
}

/// How long a copy is held back at most.
pub(crate) const HELD_BACK: Duration = Duration::from_millis(100);

/// What becomes of one copy of a broadcast, before it is an outgoing message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CopyFate {
    Sent,
    Lost,
    Doubled,
    HeldBack,
}

/// The faults of one room's copies, with their own random sequence.
#[derive(Debug)]
pub(crate) struct CopyFaults {
    lose: f64,
    duplicate: f64,
    reorder: f64,
    leak: f64,
    random: Xoshiro256PlusPlus,
}

impl CopyFaults {
    /// `None` where nothing goes wrong. Rooms are told apart by a number of their own.
    pub(crate) fn new(faults: &Faults, room: u64) -> Option<Box<Self>> {
        let Faults { lose, duplicate, reorder, leak, seed, .. } = *faults;
        (lose + duplicate + reorder + leak > 0.0).then(|| {
            let random = Xoshiro256PlusPlus::seed_from_u64(mix(seed, room));
            Box::new(Self { lose, duplicate, reorder, leak, random })
        })
    }

    /// Decides for the next copy. One thing at most goes wrong with it.
    pub(crate) fn fate(&mut self) -> CopyFate {
        let drawn = self.random.random::<f64>();
        if drawn < self.lose {
            CopyFate::Lost
        } else if drawn < self.lose + self.duplicate {
            CopyFate::Doubled
        } else if drawn < self.lose + self.duplicate + self.reorder {
            CopyFate::HeldBack
        } else {
            CopyFate::Sent
        }
    }

    /// Whether one more goes astray with the copy, and a number by which to choose where to.
    pub(crate) fn leak(&mut self) -> Option<u64> {
        (self.leak > 0.0 && self.random.random::<f64>() < self.leak).then(|| self.random.random())
    }
}

/// What becomes of one outgoing message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It leaves as soon as the socket takes it.
    Now,
    /// It leaves no earlier than this.
    At(Instant),
    /// It is never sent.
    Dropped,
}

/// The faults of one connection, with its own random sequence.
#[derive(Debug)]
pub(crate) struct FaultStream {
    delay: Duration,
    jitter: Duration,
    drop: f64,
    last_due: Option<Instant>,
    /// Absent where nothing is random: 32 bytes a connection and a draw a message saved.
    random: Option<Box<Xoshiro256PlusPlus>>,
}

impl FaultStream {
    pub(crate) fn new(faults: &Faults, connection: u64) -> Self {
        let is_random = faults.drop > 0.0 || !faults.jitter.is_zero();
        Self {
            delay: faults.delay,
            jitter: faults.jitter,
            drop: faults.drop.clamp(0.0, 1.0),
            last_due: None,
            random: is_random
                .then(|| Box::new(Xoshiro256PlusPlus::seed_from_u64(mix(faults.seed, connection)))),
        }
    }

    /// Decides for the next message. `now` is asked only where a delay makes it matter.
    pub(crate) fn fate(&mut self, now: impl FnOnce() -> Instant) -> Fate {
        let mut extra = Duration::ZERO;
        if let Some(random) = &mut self.random {
            if self.drop > 0.0 && random.random_bool(self.drop) {
                return Fate::Dropped;
            }
            if !self.jitter.is_zero() {
                extra = self.jitter.mul_f64(random.random::<f64>());
            }
        }
        if self.delay.is_zero() && self.jitter.is_zero() {
            return Fate::Now;
        }
        let own_due = now() + self.delay + extra;
        let due = self.last_due.map_or(own_due, |last| last.max(own_due));
        self.last_due = Some(due);
        Fate::At(due)
    }
}

/// The `index`-th value of the `SplitMix64` sequence of `seed`: for one seed, no two indices share a value.
pub(crate) fn mix(seed: u64, index: u64) -> u64 {
    let mut z = seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fates(faults: &Faults, connection: u64, now: Instant, count: usize) -> Vec<Fate> {
        let mut stream = FaultStream::new(faults, connection);
        (0..count).map(|_| stream.fate(|| now)).collect()
    }

    #[test]
    fn without_faults_the_clock_is_not_asked() {
        let mut stream = FaultStream::new(&Faults::default(), 1);
        assert_eq!(stream.fate(|| unreachable!("no delay, no clock")), Fate::Now);
    }

    #[test]
    fn drops_follow_the_seed_and_the_share() {
        let now = Instant::now();
        let faults = Faults { drop: 0.1, seed: 7, ..Faults::default() };
        let first = fates(&faults, 3, now, 10_000);
        assert_eq!(first, fates(&faults, 3, now, 10_000));
        assert_ne!(first, fates(&faults, 4, now, 10_000));
        let dropped = first.iter().filter(|fate| **fate == Fate::Dropped).count();
        assert!((900..1100).contains(&dropped), "{dropped}");

        let all = Faults { drop: 1.0, ..Faults::default() };
        assert!(fates(&all, 0, now, 100).iter().all(|fate| *fate == Fate::Dropped));
    }

    #[test]
    fn copies_meet_each_fault_at_its_share() {
        let faults = Faults { lose: 0.1, duplicate: 0.2, reorder: 0.3, leak: 0.4, ..Faults::default() };
        let mut copies = CopyFaults::new(&faults, 1).unwrap();
        let fates: Vec<CopyFate> = (0..10_000).map(|_| copies.fate()).collect();
        for (fate, share) in [
            (CopyFate::Lost, 1000),
            (CopyFate::Doubled, 2000),
            (CopyFate::HeldBack, 3000),
            (CopyFate::Sent, 4000),
        ] {
            let count = fates.iter().filter(|seen| **seen == fate).count();
            assert!((share - 200..share + 200).contains(&count), "{fate:?}: {count}");
        }
        let leaked = (0..10_000).filter(|_| copies.leak().is_some()).count();
        assert!((3800..4200).contains(&leaked), "{leaked}");
        assert!(CopyFaults::new(&Faults::default(), 1).is_none());
    }

    #[test]
    fn jitter_stays_in_its_range_and_keeps_order() {
        let now = Instant::now();
        let faults =
            Faults { delay: Duration::from_millis(5), jitter: Duration::from_millis(2), ..Faults::default() };
        let mut last = now;
        for fate in fates(&faults, 0, now, 1000) {
            let Fate::At(due) = fate else { panic!("{fate:?}") };
            assert!(due >= last && due >= now + faults.delay && due <= now + faults.longest_delay());
            last = due;
        }
        assert!(last > now + faults.delay, "a thousand draws of jitter were all zero");
    }
}
