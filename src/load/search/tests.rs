use proptest::prelude::*;

use super::*;

fn search(from: u64, to: u64, percent: f64) -> Search {
    Search {
        unit: Unit::Users,
        from,
        to,
        precision: percent / 100.0,
        settle: Duration::ZERO,
        hold: Duration::ZERO,
    }
}

/// The levels that are tried of a system, and what is found.
fn carried_out(search: &Search, mut holds: impl FnMut(u64, usize) -> bool) -> (Vec<u64>, Bracket) {
    let mut history = Vec::new();
    loop {
        match search.next(&history) {
            Next::Level(level) => {
                let before = history.iter().filter(|trial: &&Trial| trial.level == level).count();
                history.push(Trial { level, has_held: holds(level, before) });
            }
            Next::Done(bracket) => return (history.iter().map(|trial| trial.level).collect(), bracket),
        }
        assert!(history.len() < 300, "{search:?} does not end: {history:?}");
    }
}

fn found(held: impl Into<Option<u64>>, broke: impl Into<Option<u64>>) -> Bracket {
    Bracket { held: held.into(), broke: broke.into() }
}

#[test]
fn grows_then_halves_and_tries_what_broke_once_more() {
    let up_to = |limit: u64| move |level: u64, _| level <= limit;
    let cases: &[(Search, u64, &[u64], Bracket)] = &[
        (
            search(100, 20_000, 5.0),
            1_000,
            &[100, 200, 400, 800, 1600, 1200, 1000, 1100, 1050, 1050],
            found(1000, 1050),
        ),
        // The very first level: no lower one was asked for.
        (search(100, 20_000, 5.0), 99, &[100, 100], found(None, 100)),
        (search(100, 1_000, 5.0), 5_000, &[100, 200, 400, 800, 1000], found(1000, None)),
        (search(100, 1_000, 5.0), 1_000, &[100, 200, 400, 800, 1000], found(1000, None)),
        (search(7, 7, 5.0), 7, &[7], found(7, None)),
        (search(7, 7, 5.0), 6, &[7, 7], found(None, 7)),
        // Nobody is no level.
        (search(0, 4, 5.0), 9, &[1, 2, 4], found(4, None)),
        (search(0, 0, 5.0), 9, &[1], found(1, None)),
        // To the last user.
        (search(10, 100, 0.0), 23, &[10, 20, 40, 30, 25, 22, 23, 24, 24], found(23, 24)),
        // The first bracket is enough.
        (search(10, 100, 100.0), 23, &[10, 20, 40, 40], found(20, 40)),
        // A beginning above the end is the end.
        (search(50, 10, 5.0), 99, &[10], found(10, None)),
    ];
    for (search, limit, levels, bracket) in cases {
        assert_eq!(carried_out(search, up_to(*limit)), (levels.to_vec(), *bracket), "{search:?} {limit}");
    }
}

#[test]
fn numbers_as_large_as_can_be_do_not_overflow() {
    let widest = search(1, u64::MAX, 0.0);
    assert_eq!(carried_out(&widest, |_, _| true).1, found(u64::MAX, None));
    let (levels, bracket) = carried_out(&widest, |level, _| level < u64::MAX);
    assert_eq!(bracket, found(u64::MAX - 1, u64::MAX));
    assert_eq!(levels.len(), 64 + 1 + 63 + 1);
    assert_eq!(carried_out(&search(u64::MAX, u64::MAX, 5.0), |_, _| true).1, found(u64::MAX, None));
}

#[test]
fn bad_luck_on_the_way_up_is_not_the_answer() {
    let search = search(100, 10_000, 5.0);
    let (levels, bracket) =
        carried_out(&search, |level, before| level <= 3000 && (level != 400 || before > 0));
    assert_eq!(levels[..9], [100, 200, 400, 300, 350, 375, 387, 400, 800]);
    assert_eq!(bracket, carried_out(&search, |level, _| level <= 3000).1);
}

#[test]
fn what_is_not_monotonic_is_held_below_what_broke_twice() {
    // It breaks between 150 and 250, and holds again above.
    let (levels, bracket) = carried_out(&search(100, 10_000, 1.0), |level, _| !(150..250).contains(&level));
    assert_eq!(bracket, found(149, 150), "{levels:?}");
}

#[test]
fn the_highest_level_is_a_load_of_its_own() {
    let widest =
        Search { settle: Duration::from_secs(5), hold: Duration::from_secs(30), ..search(1, 400, 5.0) };
    let end = Duration::from_secs(35);
    let ramp = Profile::with_users(400, Duration::from_secs(5), Some(end), None);
    assert_eq!(widest.highest_level(), ramp.into());
    let unit = Unit::Arrivals { max_users: 7, iterations: 2 };
    let Shape::Arrivals(open) = (Search { unit, ..widest }).highest_level() else { panic!("they arrive") };
    assert_eq!((open.max_users, open.iterations, open.duration, open.coming()), (7, 2, Some(end), end));
}

#[test]
fn rates_are_not_told_apart_below_a_thousandth_a_second() {
    let unit = Unit::Arrivals { max_users: 1, iterations: 1 };
    let rates = Search { unit, ..search(3_600_000, 36_000_000, 0.0) };
    let Bracket { held: Some(held), broke: Some(broke) } =
        carried_out(&rates, |level, _| level < 10_000_000).1
    else {
        panic!("there is a limit");
    };
    assert!(held < 10_000_000 && 10_000_000 <= broke && broke - held <= 3600, "{held} {broke}");
}

proptest! {
    #[test]
    fn the_limit_is_in_a_bracket_as_narrow_as_was_asked(
        from in 1u64..1000, factor in 1u64..1000, limit in 0u64..2_000_000, percent in 0.0f64..100.0
    ) {
        let search = search(from, from * factor, percent);
        let (levels, bracket) = carried_out(&search, |level, _| level <= limit);
        prop_assert!(levels.iter().all(|level| (from..=search.to).contains(level)));
        prop_assert!(bracket.held.is_none_or(|held| held <= limit));
        prop_assert!(bracket.broke.is_none_or(|broke| broke > limit));
        match (bracket.held, bracket.broke) {
            (Some(held), Some(broke)) => {
                prop_assert!((broke - held) as f64 <= f64::max(1.0, broke as f64 * search.precision));
            }
            (Some(held), None) => prop_assert_eq!(held, search.to),
            (None, broke) => prop_assert_eq!(broke, Some(from)),
        }
    }

    #[test]
    fn there_is_an_end_whatever_the_system_does(seed: u64, from in 1u64..100, to in 1u64..100_000, percent in 0.0f64..20.0) {
        let search = search(from, to, percent);
        let mut state = seed;
        let (levels, bracket) = carried_out(&search, |_, _| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 63 == 0
        });
        for level in &levels {
            prop_assert!(levels.iter().filter(|other| *other == level).count() <= 2);
        }
        prop_assert!(bracket.held.or(bracket.broke).is_some());
    }
}
