//! Where rows begin: of every row in a small file, of every second, fourth, ... in one with more rows than the index
//! has places.

/// The most places; eight bytes each.
pub(super) const PLACES_MAX: usize = 1 << 18;

/// The offsets of every so many rows.
#[derive(Debug)]
pub(super) struct Index {
    offsets: Vec<u64>,
    /// How many rows there are from one place to the next.
    stride: u64,
    row_count: u64,
    places_max: usize,
}

impl Index {
    pub(super) fn new(places_max: usize) -> Self {
        Self { offsets: Vec::new(), stride: 1, row_count: 0, places_max }
    }

    /// The next row begins there.
    pub(super) fn push(&mut self, offset: u64) {
        if self.row_count.is_multiple_of(self.stride) {
            if self.offsets.len() == self.places_max {
                let mut is_kept = false;
                self.offsets.retain(|_| {
                    is_kept = !is_kept;
                    is_kept
                });
                self.stride *= 2;
            }
            if self.row_count.is_multiple_of(self.stride) {
                self.offsets.push(offset);
            }
        }
        self.row_count += 1;
    }

    pub(super) fn row_count(&self) -> u64 {
        self.row_count
    }

    /// Where to begin reading to come to a row, and how many rows to pass over.
    pub(super) fn seek(&self, row: u64) -> Option<(u64, u64)> {
        let place = usize::try_from(row / self.stride).ok()?;
        let offset = self.offsets.get(place).filter(|_| row < self.row_count)?;
        Some((*offset, row % self.stride))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_however_few_places_there_are() {
        for places_max in [1, 2, 3, 8, 100] {
            let mut index = Index::new(places_max);
            for row in 0..50_u64 {
                index.push(row * 10);
                assert!(index.offsets.len() <= places_max.max(1));
                for row in 0..=row {
                    let (offset, passed) = index.seek(row).unwrap();
                    assert_eq!(offset / 10 + passed, row, "{places_max} places");
                }
                assert_eq!(index.seek(row + 1), None);
            }
        }
    }
}
