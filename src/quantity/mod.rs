//! Quantities as plans, thresholds and command lines write them, each with its unit: lengths of time (`250ms`,
//! `1m30s`), numbers of bytes (`64KiB`), rates (`50/s`), shares (`0.1%`). Vocabulary: it uses no other room, and knows neither where a
//! text stands nor what it is for. What figures look like in reports is the business of `metrics`.

mod duration;
mod rate;
mod share;
mod size;

pub use duration::{Exact, duration_pattern, parse_duration, parse_duration_or_zero};
pub use rate::{RATE_PATTERN, Rate, parse_rate};
pub use share::{SHARE_PATTERN, parse_decimal, parse_share};
pub use size::{SIZE_PATTERN, parse_size};
