//! A row a user: when it begins, and each of its iterations.

use std::fmt::Write;
use std::time::Duration;

use wsplan::load::{Load, Shape};

use super::{WIDTH, labels, ticks};

/// Draws the users of a load of one lane, whose iterations are taken to last so long.
pub(super) fn draw(load: &Load, iteration: Duration) -> String {
    let Shape::Levels(profile) = &load.lanes()[0].shape else { panic!("{load:?} has no levels") };
    let starts: Vec<Duration> =
        (0..profile.peak_users()).map(|user| profile.start_of(user).expect("it starts")).collect();
    let last = starts.iter().max().unwrap();
    let length = profile.total_duration().unwrap_or_else(|| {
        let count = u32::try_from(profile.iterations().unwrap()).unwrap();
        *last + iteration * count
    });
    let column = |at: Duration| usize::try_from(at.as_nanos() * WIDTH as u128 / length.as_nanos()).unwrap();
    let mut text = String::new();
    for (user, start) in starts.iter().enumerate() {
        let mut row = [' '; WIDTH + 1];
        let (mut begins, mut done) = (*start, 0);
        while begins < length && profile.iterations().is_none_or(|count| done < count) {
            let ends = (begins + iteration).min(length);
            row[column(begins)..=column(ends)].fill('-');
            (row[column(begins)], row[column(ends)]) = ('|', '|');
            (begins, done) = (ends, done + 1);
        }
        let row: String = row.iter().collect();
        writeln!(text, "user {user}  {}", row.trim_end()).unwrap();
    }
    text + &labels("user 0  ".len(), &ticks(length))
}
