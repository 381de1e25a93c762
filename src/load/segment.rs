//! The part of the load that one generator carries.

use std::fmt;
use std::str::FromStr;

/// One of `count` equal parts of the users: those whose index leaves the remainder `index` when divided by
/// `count`, so that every part ramps evenly.
///
/// As text the first of sixteen parts is `1/16` and the last `16/16`; `index` counts from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Segment {
    index: u32,
    count: u32,
}

impl Segment {
    /// All users: `1/1`.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// Part `index` (from 0) of `count`; `None` unless `index < count`.
    pub fn new(index: u32, count: u32) -> Option<Self> {
        (index < count).then_some(Self { index, count })
    }

    /// Which part, counted from 0.
    pub fn index(self) -> u32 {
        self.index
    }

    /// How many parts there are.
    pub fn count(self) -> u32 {
        self.count
    }

    /// Whether the user with this index belongs to the segment.
    pub fn contains(self, user: u64) -> bool {
        user % u64::from(self.count) == u64::from(self.index)
    }

    /// The index of the segment's user number `own` (from 0); `None` past `u64::MAX`.
    pub fn nth(self, own: u64) -> Option<u64> {
        own.checked_mul(u64::from(self.count))?.checked_add(u64::from(self.index))
    }

    /// How many of the users `0..total` belong to the segment.
    pub fn count_of(self, total: u64) -> u64 {
        let (index, count) = (u64::from(self.index), u64::from(self.count));
        total / count + u64::from(total % count > index)
    }
}

impl Default for Segment {
    fn default() -> Self {
        Self::WHOLE
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", u64::from(self.index) + 1, self.count)
    }
}

impl FromStr for Segment {
    type Err = SegmentError;

    fn from_str(text: &str) -> Result<Self, SegmentError> {
        let (part, count) = text.split_once('/').ok_or(SegmentError::Form)?;
        let number = |digits: &str| -> Result<u32, SegmentError> {
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return Err(SegmentError::Form);
            }
            digits.parse().map_err(|_| SegmentError::TooLarge)
        };
        let (part, count) = (number(part)?, number(count)?);
        part.checked_sub(1)
            .and_then(|index| Self::new(index, count))
            .ok_or(SegmentError::OutOfRange { part, count })
    }
}

/// Why a text is no segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentError {
    /// Not two whole numbers with a slash between them.
    Form,
    /// A number above `u32::MAX`.
    TooLarge,
    /// Part zero, or a part beyond the last.
    OutOfRange {
        /// The part asked for.
        part: u32,
        /// The number of parts.
        count: u32,
    },
}

impl fmt::Display for SegmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => f.write_str("a segment is written PART/COUNT, as in `3/16`"),
            Self::TooLarge => write!(f, "a segment's numbers go up to {}", u32::MAX),
            Self::OutOfRange { part, count } => {
                write!(f, "there is no part {part} of {count}: parts count from 1")
            }
        }
    }
}

impl std::error::Error for SegmentError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_counts_from_one() {
        let third: Segment = "3/16".parse().unwrap();
        assert_eq!((third.index(), third.count()), (2, 16));
        assert_eq!("1/1".parse(), Ok(Segment::WHOLE));
        assert_eq!("4294967295/4294967295".parse(), Ok(Segment::new(u32::MAX - 1, u32::MAX).unwrap()));
    }

    #[test]
    fn what_is_no_segment_is_refused() {
        for text in ["", "3", "/", "3/", "/16", "a/b", "+1/2", "-1/2", " 1/2", "1/2/3", "1.0/2"] {
            assert_eq!(text.parse::<Segment>(), Err(SegmentError::Form), "{text:?}");
        }
        assert_eq!("1/4294967296".parse::<Segment>(), Err(SegmentError::TooLarge));
        for (text, part, count) in [("0/4", 0, 4), ("5/4", 5, 4), ("1/0", 1, 0), ("0/0", 0, 0)] {
            assert_eq!(text.parse::<Segment>(), Err(SegmentError::OutOfRange { part, count }), "{text:?}");
        }
    }

    #[test]
    fn counting_reaches_the_largest_index() {
        assert_eq!(Segment::WHOLE.count_of(u64::MAX), u64::MAX);
        assert_eq!(Segment::WHOLE.nth(u64::MAX), Some(u64::MAX));
        assert_eq!(Segment::new(1, 2).unwrap().nth(u64::MAX / 2), Some(u64::MAX));
        assert_eq!(Segment::new(1, 2).unwrap().nth(u64::MAX / 2 + 1), None);
    }

    proptest! {
        #[test]
        fn printing_then_parsing_gives_it_back(index: u32, count: u32) {
            if let Some(segment) = Segment::new(index, count) {
                prop_assert_eq!(segment.to_string().parse(), Ok(segment));
            }
        }

        #[test]
        fn segments_share_the_users_out_without_gap_or_overlap(total in 0u64..500, count in 1u32..20) {
            let segments: Vec<_> = (0..count).map(|index| Segment::new(index, count).unwrap()).collect();
            for user in 0..total {
                prop_assert_eq!(segments.iter().filter(|s| s.contains(user)).count(), 1);
            }
            prop_assert_eq!(segments.iter().map(|s| s.count_of(total)).sum::<u64>(), total);
            for segment in segments {
                let own: Vec<_> = (0..total).filter(|&user| segment.contains(user)).collect();
                let nth: Vec<_> = (0..segment.count_of(total)).map(|n| segment.nth(n).unwrap()).collect();
                prop_assert_eq!(own, nth);
            }
        }
    }
}
