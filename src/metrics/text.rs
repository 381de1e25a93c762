//! Figures as people read them.

use std::time::Duration;

const US: u128 = 1_000;
const MS: u128 = 1_000_000;
const S: u128 = 1_000_000_000;
const MIN: u128 = 60 * S;

/// A duration with three significant digits (`1.24ms`, `3.20s`), from a minute on in whole seconds (`1m23s`), from
/// an hour on in whole minutes (`1h05m`).
pub fn format_duration(duration: Duration) -> String {
    let ns = duration.as_nanos();
    if ns == 0 {
        return "0s".to_owned();
    }
    let short = [("ns", 1), ("us", US), ("ms", MS), ("s", S)];
    if let Some(text) = short.into_iter().find_map(|(unit, size)| three_digits(ns, size, unit)) {
        return text;
    }
    let seconds = (ns + S / 2) / S;
    if seconds < 3600 {
        return format!("{}m{:02}s", seconds / 60, seconds % 60);
    }
    let minutes = (ns + MIN / 2) / MIN;
    format!("{}h{:02}m", minutes / 60, minutes % 60)
}

/// `None` where the unit is too small for three digits, or the minute is reached.
fn three_digits(ns: u128, size: u128, unit: &str) -> Option<String> {
    let limit = if size == S { MIN } else { size * 1000 };
    [(100, 2), (10, 1), (1, 0)].into_iter().filter(|(parts, _)| *parts <= size).find_map(
        |(parts, decimals)| {
            let step = size / parts;
            let rounded = (ns + step / 2) / step;
            let whole = rounded / parts;
            let fits = rounded < 1000 && rounded * step < limit;
            fits.then(|| match decimals {
                0 => format!("{whole}{unit}"),
                width => format!("{whole}.{:0width$}{unit}", rounded % parts),
            })
        },
    )
}

/// A count with a comma between groups of three digits.
pub fn format_count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number a second with three significant digits, and no decimals from a hundred on (`0.25/s`, `1,240/s`).
pub fn format_rate(per_second: f64) -> String {
    format!("{}/s", three_significant(per_second))
}

/// A percentage with three significant digits, at least two decimals below ten (`0.02%`, `12.5%`).
pub fn format_percent(percent: f64) -> String {
    if percent > 0.0 && percent < 0.005 {
        return "<0.01%".to_owned();
    }
    format!("{}%", three_significant(percent))
}

fn three_significant(number: f64) -> String {
    match number {
        0.0 => "0".to_owned(),
        n if n < 9.995 => format!("{n:.2}"),
        n if n < 99.95 => format!("{n:.1}"),
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates
        n => format_count(n.round() as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::parse_duration;
    use proptest::prelude::*;

    #[test]
    fn durations_have_three_significant_digits() {
        let cases = [
            (0, "0s"),
            (1, "1ns"),
            (999, "999ns"),
            (1_000, "1.00us"),
            (35_000, "35.0us"),
            (999_499, "999us"),
            (999_500, "1.00ms"),
            (1_240_000, "1.24ms"),
            (9_995_000, "10.0ms"),
            (99_950_000, "100ms"),
            (999_500_000, "1.00s"),
            (3_200_000_000, "3.20s"),
            (59_940_000_000, "59.9s"),
            (59_960_000_000, "1m00s"),
            (83_400_000_000, "1m23s"),
            (3_599_400_000_000, "59m59s"),
            (3_599_500_000_000, "1h00m"),
            (3_900_000_000_000, "1h05m"),
        ];
        for (ns, text) in cases {
            assert_eq!(format_duration(Duration::from_nanos(ns)), text, "{ns} ns");
        }
        assert!(format_duration(Duration::MAX).ends_with('m'));
    }

    #[test]
    fn numbers_are_grouped_and_cut() {
        for (count, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(format_count(count), text);
        }
        for (rate, text) in
            [(0.0, "0/s"), (0.25, "0.25/s"), (12.34, "12.3/s"), (99.96, "100/s"), (1239.7, "1,240/s")]
        {
            assert_eq!(format_rate(rate), text);
        }
        for (percent, text) in
            [(0.0, "0%"), (0.001, "<0.01%"), (0.02, "0.02%"), (9.996, "10.0%"), (100.0, "100%")]
        {
            assert_eq!(format_percent(percent), text);
        }
    }

    proptest! {
        #[test]
        fn three_digits_are_within_half_a_percent(ns in 1u64..60_000_000_000) {
            let exact = Duration::from_nanos(ns);
            let text = format_duration(exact);
            prop_assert!(text.chars().filter(char::is_ascii_digit).count() <= 3);
            let shown = parse_duration(&text).unwrap();
            prop_assert!(shown.abs_diff(exact) <= exact / 200 + Duration::from_nanos(1));
        }
    }
}
