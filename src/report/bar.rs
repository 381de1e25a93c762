//! How far a run is, as a bar of a width that does not change.

/// How many cells a bar has.
const CELL_COUNT: u64 = 10;

/// `████░░░░░░  47%`. What is not whole yet is not shown as done.
pub(super) fn bar(share: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 100")]
    let percent = (share.clamp(0.0, 1.0) * 100.0) as u64;
    let done = percent * CELL_COUNT / 100;
    let cells = (0..CELL_COUNT).map(|cell| if cell < done { '█' } else { '░' });
    format!("{} {percent:>3}%", cells.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::text::columns;

    #[test]
    fn a_bar_is_full_when_all_is_done_and_always_as_wide() {
        for (share, expected) in [
            (0.0, "░░░░░░░░░░   0%"),
            (0.099, "░░░░░░░░░░   9%"),
            (0.47, "████░░░░░░  47%"),
            (0.9999, "█████████░  99%"),
            (1.0, "██████████ 100%"),
            (1.7, "██████████ 100%"),
            (-1.0, "░░░░░░░░░░   0%"),
            (f64::NAN, "░░░░░░░░░░   0%"),
        ] {
            assert_eq!(bar(share), expected, "{share}");
            assert_eq!(columns(&bar(share)), 15);
        }
    }
}
