use proptest::prelude::*;

use super::*;
use crate::quantity::parse_rate;

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn rate(text: &str) -> Rate {
    parse_rate(text).unwrap()
}

/// Stages of a rate and milliseconds.
fn rates(stages: &[(&str, u64)], spacing: Spacing) -> Arrivals {
    let stages = stages.iter().map(|(text, over)| RateStage { rate: rate(text), over: ms(*over) }).collect();
    Arrivals { flow: Flow::Rates { stages, spacing }, max_users: 10, iterations: 1, duration: None }
}

fn bursts(users: u64, every: u64, times: u64, over: u64) -> Arrivals {
    let flow = Flow::Bursts { users, every: ms(every), times, over: ms(over) };
    Arrivals { flow, max_users: 10, iterations: 1, duration: None }
}

fn instants(arrivals: &Arrivals) -> Vec<u128> {
    arrivals.instants(7).map(|instant| instant.as_millis()).collect()
}

#[test]
fn even_arrivals_over_time() {
    let even = |stages: &[(&str, u64)]| rates(stages, Spacing::Even);
    let cases: &[(&str, Arrivals, &[u128])] = &[
        ("a steady rate", even(&[("2/s", 0), ("2/s", 3000)]), &[0, 500, 1000, 1500, 2000, 2500]),
        ("no stages", even(&[]), &[]),
        ("no time", even(&[("5/s", 0)]), &[]),
        ("no rate", even(&[("0/s", 5000)]), &[]),
        ("below one a second", even(&[("30/m", 0), ("30/m", 5000)]), &[0, 2000, 4000]),
        ("a part of a user is one", even(&[("1/s", 0), ("1/s", 1001)]), &[0, 1000]),
        ("shorter than a tick", even(&[("3/s", 0), ("3/s", 1)]), &[0]),
        ("rising", even(&[("4/s", 2000)]), &[0, 1000, 1414, 1732]),
        ("falling", even(&[("4/s", 0), ("0/s", 2000)]), &[0, 267, 585, 1000]),
        (
            "a gap",
            even(&[("1/s", 0), ("1/s", 1000), ("0/s", 0), ("0/s", 5000), ("1/s", 0), ("1/s", 2000)]),
            &[0, 6000, 7000],
        ),
        (
            "rounding makes no other user",
            even(&[("1.1/s", 0), ("1.1/s", 10_000)]),
            &[0, 909, 1818, 2727, 3636, 4545, 5454, 6363, 7272, 8181, 9090],
        ),
    ];
    for (what, arrivals, expected) in cases {
        assert_eq!(&instants(arrivals), expected, "{what}");
        assert_eq!(arrivals.count_bound(), expected.len() as u64, "{what}");
    }
}

#[test]
fn bursts_over_time() {
    let cases: &[(&str, Arrivals, &[u128])] = &[
        ("all at once", bursts(3, 1000, 2, 0), &[0, 0, 0, 1000, 1000, 1000]),
        ("over a while", bursts(2, 1000, 2, 500), &[0, 250, 1000, 1250]),
        ("none", bursts(0, 1000, 2, 0), &[]),
        ("never", bursts(5, 1000, 0, 0), &[]),
        ("without a pause", bursts(1, 0, 3, 0), &[0, 0, 0]),
    ];
    for (what, arrivals, expected) in cases {
        assert_eq!(&instants(arrivals), expected, "{what}");
        assert_eq!(arrivals.count_bound(), expected.len() as u64, "{what}");
    }
    assert_eq!(bursts(2, 1000, 3, 500).coming(), ms(2500));
}

#[test]
fn the_end_of_the_run_is_that_of_arrivals() {
    let cut = Arrivals { duration: Some(ms(1000)), ..bursts(1, 500, 10, 0) };
    assert_eq!(instants(&cut), [0, 500]);
    assert_eq!(cut.coming(), ms(1000));
}

#[test]
fn neither_long_times_nor_high_rates_overflow() {
    let far = |over| RateStage { rate: rate("5000000000000/s"), over };
    let long =
        |stages| Arrivals { flow: Flow::Rates { stages, spacing: Spacing::Even }, ..bursts(0, 0, 0, 0) };
    assert_eq!(long(vec![far(Duration::MAX); 3]).count_bound(), u64::MAX);
    assert_eq!(long(vec![far(Duration::MAX); 3]).instants(1).take(9).count(), 9);
    assert_eq!(long(vec![far(Duration::MAX); 3]).coming(), Duration::MAX);
    let flow = Flow::Bursts { users: u64::MAX, every: Duration::MAX, times: u64::MAX, over: Duration::MAX };
    let endless = Arrivals { flow, ..bursts(0, 0, 0, 0) };
    assert_eq!((endless.count_bound(), endless.instants(1).take(5).count()), (u64::MAX, 5));
    let second = Arrivals {
        flow: Flow::Bursts { users: 1, every: Duration::MAX, times: 5, over: Duration::ZERO },
        ..endless
    };
    assert_eq!(second.instants(1).count(), 1, "the second would come at the end of time, when nothing comes");
}

#[test]
fn a_poisson_process_has_its_rate_and_its_spread() {
    let arrivals = rates(&[("100/s", 0), ("100/s", 100_000)], Spacing::Poisson);
    let times: Vec<f64> = arrivals.instants(3).map(|instant| instant.as_secs_f64()).collect();
    let count = times.len() as f64;
    assert!((count - 10_000.0).abs() < 500.0, "{count} is further off than five deviations");
    let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let deviation = (gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64).sqrt();
    assert!(
        (deviation / mean - 1.0).abs() < 0.1,
        "gaps of a Poisson process are exponential: {mean}, {deviation}"
    );
    assert_eq!(
        times,
        arrivals.instants(3).map(|instant| instant.as_secs_f64()).collect::<Vec<_>>(),
        "the same seed"
    );
    assert_ne!(times.len(), arrivals.instants(4).count());
    assert!(arrivals.count_bound() >= times.len() as u64);
    assert_eq!(rates(&[("0/s", 1000)], Spacing::Poisson).instants(1).count(), 0);
}

proptest! {
    #[test]
    fn they_come_in_order_within_their_time(
        stages in prop::collection::vec((0u64..200, 0u64..3000), 0..6),
        is_even: bool,
        seed: u64,
    ) {
        let texts: Vec<(String, u64)> = stages.iter().map(|(rate, over)| (format!("{rate}/s"), *over)).collect();
        let stages: Vec<(&str, u64)> = texts.iter().map(|(rate, over)| (rate.as_str(), *over)).collect();
        let arrivals = rates(&stages, if is_even { Spacing::Even } else { Spacing::Poisson });
        let instants: Vec<Duration> = arrivals.instants(seed).collect();
        prop_assert!(instants.is_sorted());
        prop_assert!(instants.iter().all(|instant| *instant <= arrivals.coming()));
        if is_even {
            prop_assert_eq!(instants.len() as u64, arrivals.count_bound());
        } else {
            prop_assert!(instants.len() as u64 <= arrivals.count_bound());
        }
    }
}
