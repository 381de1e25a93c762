//! From a key's hash to what is pending under it: open addressing with linear probing, at most half full, and nothing
//! left behind by what is taken out. How many places a look-up sees depends on how full the table is, not on how much
//! is in it, and a table that has its size allocates nothing. One key stands outside of the table: a user
//! with one request at a time needs none.

/// A place in the table; the second half is [`EMPTY`] where nothing is.
type Place = (u64, u32);

const EMPTY: u32 = u32::MAX;

/// Hashes, each with a number that is not `u32::MAX`.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Mostly there is one, which is looked up without a table.
    one: Option<Place>,
    /// A power of two of places, or none, for all others.
    places: Vec<Place>,
    used: usize,
    #[cfg(test)]
    probe_count: std::cell::Cell<u64>,
}

impl Index {
    pub(super) fn find(&self, key: u64) -> Option<u32> {
        if let Some((one, number)) = self.one
            && one == key
        {
            return Some(number);
        }
        self.position(key).map(|at| self.places[at].1)
    }

    /// Adds a key that is not in it.
    pub(super) fn insert(&mut self, key: u64, number: u32) {
        if self.one.is_none() {
            self.one = Some((key, number));
            return;
        }
        if (self.used + 1) * 2 > self.places.len() {
            self.grow();
        }
        self.used += 1;
        self.put(key, number);
    }

    /// Gives a key that is in it another number.
    pub(super) fn replace(&mut self, key: u64, number: u32) {
        if let Some((one, known)) = &mut self.one
            && *one == key
        {
            *known = number;
        } else if let Some(at) = self.position(key) {
            self.places[at].1 = number;
        }
    }

    /// Takes a key out, and moves those behind it that it had displaced.
    pub(super) fn remove(&mut self, key: u64) {
        if self.one.take_if(|(one, _)| *one == key).is_some() {
            return;
        }
        let Some(mut hole) = self.position(key) else { return };
        self.used -= 1;
        let mut at = hole;
        loop {
            at = self.next(at);
            let (key, number) = self.places[at];
            if number == EMPTY {
                break;
            }
            // It moves to the hole unless its home lies between the two.
            let moved = at.wrapping_sub(self.home(key)) & self.mask();
            let distance = at.wrapping_sub(hole) & self.mask();
            if moved >= distance {
                self.places[hole] = (key, number);
                hole = at;
            }
        }
        self.places[hole].1 = EMPTY;
    }

    /// Empties it; room for more than so many places is given back.
    pub(super) fn clear(&mut self, kept: usize) {
        if self.places.len() > kept {
            self.places = Vec::new();
        } else {
            self.places.fill((0, EMPTY));
        }
        self.used = 0;
        self.one = None;
    }

    fn position(&self, key: u64) -> Option<usize> {
        if self.used == 0 {
            return None;
        }
        let mut at = self.home(key);
        loop {
            #[cfg(test)]
            self.probe_count.set(self.probe_count.get() + 1);
            match self.places[at] {
                (_, EMPTY) => return None,
                (found, _) if found == key => return Some(at),
                _ => at = self.next(at),
            }
        }
    }

    fn put(&mut self, key: u64, number: u32) {
        let mut at = self.home(key);
        while self.places[at].1 != EMPTY {
            at = self.next(at);
        }
        self.places[at] = (key, number);
    }

    fn grow(&mut self) {
        let doubled = vec![(0, EMPTY); (self.places.len() * 2).max(4)];
        for (key, number) in std::mem::replace(&mut self.places, doubled) {
            if number != EMPTY {
                self.put(key, number);
            }
        }
    }

    fn mask(&self) -> usize {
        self.places.len() - 1
    }

    /// Where a key would stand if it were alone. The keys are hashes: their low bits are as good as any.
    #[allow(clippy::cast_possible_truncation)]
    fn home(&self, key: u64) -> usize {
        key as usize & self.mask()
    }

    fn next(&self, at: usize) -> usize {
        (at + 1) & self.mask()
    }

    /// How many places all look-ups have seen so far.
    #[cfg(test)]
    pub(super) fn probe_count(&self) -> u64 {
        self.probe_count.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        /// Few different keys with few different homes, so that runs form, wrap around the end and are cut open.
        #[test]
        fn it_does_as_a_map_does(steps in prop::collection::vec((0_u64..40, any::<bool>()), 0..300)) {
            let mut index = Index::default();
            let mut model = HashMap::new();
            for (number, (key, adds)) in (0_u32..).zip(steps) {
                let key = (key % 3) | (key << 32);
                match (adds, model.contains_key(&key)) {
                    (true, true) => index.replace(key, number),
                    (true, false) => index.insert(key, number),
                    (false, _) => index.remove(key),
                }
                if adds { model.insert(key, number); } else { model.remove(&key); }
                for key in (0..40).map(|key| (key % 3) | (key << 32)) {
                    prop_assert_eq!(index.find(key), model.get(&key).copied());
                }
            }
        }
    }
}
