//! A row a user: when it begins, and each of its iterations.

use std::fmt::Write;
use std::time::Duration;

use wsplan::compile::Compiled;
use wsplan::load::Shape;

use super::{WIDTH, labels, ticks};

/// Draws the users of a load of one lane, whose iterations are taken to last so long.
pub(super) fn draw(compiled: &Compiled, iteration: Duration) -> String {
    let load = &compiled.load;
    let Shape::Levels(profile) = &load.lanes()[0].shape else { panic!("{load:?} has no levels") };
    let kinds = &compiled.program.profiles.each;
    let starts: Vec<Duration> =
        (0..profile.peak_users()).map(|user| profile.start_of(user).expect("it starts")).collect();
    let last = starts.iter().max().unwrap();
    let length = profile.total_duration().unwrap_or_else(|| {
        let count = u32::try_from(profile.iterations().unwrap()).unwrap();
        *last + iteration * count
    });
    let column = |at: Duration| usize::try_from(at.as_nanos() * WIDTH as u128 / length.as_nanos()).unwrap();
    let mut text = String::new();
    let widest = kinds.iter().map(|kind| kind.name.len() + 2).max().unwrap_or(0);
    for (user, start) in starts.iter().enumerate() {
        let kind = kinds.get(load.profile_of(0, user as u64));
        let iteration = iteration.mul_f64(kind.map_or(1.0, |kind| kind.think));
        let name = kind.map_or("", |kind| &kind.name);
        let mut row = [' '; WIDTH + 1];
        let (mut begins, mut done) = (*start, 0);
        while begins < length && profile.iterations().is_none_or(|count| done < count) {
            let ends = (begins + iteration).min(length);
            row[column(begins)..=column(ends)].fill('-');
            (row[column(begins)], row[column(ends)]) = ('|', '|');
            (begins, done) = (ends, done + 1);
        }
        let row: String = row.iter().collect();
        writeln!(text, "user {user}  {name:widest$}{}", row.trim_end()).unwrap();
    }
    text + &labels("user 0  ".len() + widest, &ticks(length))
}
