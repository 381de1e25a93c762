use proptest::prelude::*;

use super::*;

const MAX: Duration = Duration::MAX;
const JUST_BEFORE_MAX: Duration = Duration::new(u64::MAX, 999_999_998);

/// What is tested, the profile, and its targets at moments.
type Targets<'a> = (&'a str, &'a Profile, &'a [(Duration, u64)]);

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn ns(nanoseconds: u64) -> Duration {
    Duration::from_nanos(nanoseconds)
}

fn stages(stages: &[(u64, Duration)]) -> Profile {
    Profile::with_stages(stages.iter().map(|&(users, over)| Stage { users, over }).collect(), None)
}

/// Every moment at which a segment's count changes, with the count from then on, from before the start.
fn changes(profile: &Profile, segment: Segment) -> Vec<(Duration, u64)> {
    let count_at = |t| segment.count_of(profile.target_at(t));
    let mut seen = vec![(Duration::ZERO, count_at(Duration::ZERO))];
    while let Some(t) = profile.next_change(seen.last().unwrap().0, segment) {
        seen.push((t, count_at(t)));
        assert!(seen.len() < 1000, "changes do not end: {seen:?}");
    }
    seen
}

#[test]
fn what_is_still_to_come() {
    let s = Duration::from_secs;
    let hill = Profile::with_stages(
        vec![
            Stage { users: 10, over: s(10) },
            Stage { users: 2, over: s(10) },
            Stage { users: 4, over: s(10) },
        ],
        None,
    );
    let peaks: Vec<u64> = [0, 9, 10, 15, 20, 29, 30].map(|at| hill.peak_after(s(at))).into();
    assert_eq!(peaks, [10, 10, 10, 6, 4, 4, 0]);
    assert_eq!(Profile::with_users(5, s(0), Some(s(9)), Some(1)).peak_after(s(1)), 5);
}

#[test]
fn targets_over_time() {
    let users = Profile::with_users;
    let jump = stages(&[(5, s(0)), (5, s(10)), (0, s(0)), (0, s(10)), (3, s(0)), (3, s(1))]);
    let hill = stages(&[(10, s(10)), (10, s(5)), (0, s(10))]);
    let cases: &[Targets] = &[
        ("no users", &users(0, s(10), Some(s(20)), None), &[(s(0), 0), (s(5), 0), (s(20), 0)]),
        ("no time", &users(5, s(0), Some(s(0)), None), &[(s(0), 0), (s(1), 0)]),
        ("no stages", &stages(&[]), &[(s(0), 0), (MAX, 0)]),
        ("one user", &users(1, s(10), Some(s(20)), None), &[(s(0), 1), (ns(19_999_999_999), 1), (s(20), 0)]),
        ("one user, no end", &users(1, s(0), None, None), &[(s(0), 1), (MAX, 1)]),
        (
            "below one user a second",
            &users(3, s(30), None, None),
            &[(s(0), 1), (ns(9_999_999_999), 1), (s(10), 2), (s(20), 3), (s(30), 3)],
        ),
        ("more users than nanoseconds", &users(10, ns(2), None, None), &[(s(0), 1), (ns(1), 6), (ns(2), 10)]),
        ("a ramp longer than the run", &users(10, s(10), Some(s(5)), None), &[(ms(4999), 5), (s(5), 0)]),
        (
            "up, hold, down",
            &hill,
            &[
                (s(0), 1),
                (ms(8999), 9),
                (s(9), 10),
                (s(15), 10),
                (ms(15_999), 10),
                (s(16), 9),
                (ms(24_999), 1),
                (s(25), 0),
            ],
        ),
        ("jumps", &jump, &[(s(0), 5), (ms(9999), 5), (s(10), 0), (ms(19_999), 0), (s(20), 3), (s(21), 0)]),
        (
            "the largest numbers",
            &users(u64::MAX, MAX, None, None),
            &[(s(0), 1), (MAX / 2, u64::MAX / 2 + 1), (JUST_BEFORE_MAX, u64::MAX), (MAX, u64::MAX)],
        ),
        (
            "stages past the end of time",
            &stages(&[(1, MAX), (9, MAX)]),
            &[(s(0), 1), (JUST_BEFORE_MAX, 1), (MAX, 0)],
        ),
    ];
    for (name, profile, targets) in cases {
        for &(at, target) in *targets {
            assert_eq!(profile.target_at(at), target, "{name} at {at:?}");
        }
    }
}

#[test]
fn starts_of_users() {
    let users = Profile::with_users;
    let hill = stages(&[(2, s(10)), (0, s(10)), (4, s(10))]);
    let never_there = stages(&[(9, s(0)), (1, s(0)), (1, s(1))]);
    let cases: &[(&str, &Profile, u64, Option<Duration>)] = &[
        ("no users", &users(0, s(1), None, None), 0, None),
        ("no time", &users(1, s(0), Some(s(0)), None), 0, None),
        ("the first starts at once", &users(4, s(10), None, None), 0, Some(s(0))),
        ("user k starts at k * ramp / users", &users(4, s(10), None, None), 3, Some(ms(7500))),
        ("there is no user beyond the last", &users(4, s(10), None, None), 4, None),
        ("rounded up to the nanosecond", &users(3, ns(10), None, None), 1, Some(ns(4))),
        ("all at once", &users(4, s(0), None, None), 3, Some(s(0))),
        ("cut off by the end", &users(10, s(10), Some(s(5)), None), 5, None),
        ("before the end", &users(10, s(10), Some(s(5)), None), 4, Some(s(4))),
        ("the first time counts", &hill, 1, Some(s(5))),
        ("in a later stage", &hill, 3, Some(ms(27_500))),
        ("a jump away at the same moment", &never_there, 1, None),
        (
            "the last of very many",
            &users(u64::MAX, MAX, None, None),
            u64::MAX - 1,
            Some(Duration::new(u64::MAX - 1, 999_999_999)),
        ),
    ];
    for (name, profile, index, start) in cases {
        assert_eq!(profile.start_of(*index), *start, "{name}");
    }
}

#[test]
fn every_change_of_a_hill_is_found() {
    let hill = stages(&[(3, s(3)), (3, s(5)), (1, s(2)), (2, s(0)), (2, s(1))]);
    assert_eq!(
        changes(&hill, Segment::WHOLE),
        [(s(0), 1), (s(1), 2), (s(2), 3), (s(9), 2), (s(11), 0)],
        "the fall to 1 and the jump back to 2 come at the same moment and are no change"
    );
    let second_of_two = "2/2".parse().unwrap();
    assert_eq!(changes(&hill, second_of_two), [(s(0), 0), (s(1), 1), (s(11), 0)]);
}

#[test]
fn a_run_without_an_end_stops_changing_when_all_have_started() {
    assert_eq!(changes(&Profile::with_users(2, s(2), None, Some(7)), Segment::WHOLE), [(s(0), 1), (s(1), 2)]);
    assert_eq!(changes(&Profile::with_users(0, s(2), Some(s(9)), None), Segment::WHOLE), [(s(0), 0)]);
    assert_eq!(
        changes(&Profile::with_users(9, s(9), Some(ms(1500)), None), Segment::WHOLE),
        [(s(0), 1), (s(1), 2), (ms(1500), 0)]
    );
}

#[test]
fn iterations_and_ends() {
    let profile = Profile::with_users(5, s(1), None, None);
    assert_eq!(
        (profile.iterations(), profile.end(), profile.total_duration()),
        (Some(1), End::WhenDone, None)
    );
    let profile = Profile::with_users(5, s(1), None, Some(3));
    assert_eq!((profile.iterations(), profile.end()), (Some(3), End::WhenDone));
    let profile = Profile::with_users(5, s(1), Some(s(9)), None);
    assert_eq!((profile.iterations(), profile.end()), (None, End::After(s(9))));
    let profile = Profile::with_users(5, s(1), Some(s(9)), Some(3));
    assert_eq!((profile.iterations(), profile.end()), (Some(3), End::After(s(9))));
    let profile =
        Profile::with_stages(vec![Stage { users: 1, over: MAX }, Stage { users: 2, over: s(1) }], Some(2));
    assert_eq!((profile.iterations(), profile.total_duration()), (Some(2), Some(MAX)));
}

#[test]
fn peaks() {
    let users = Profile::with_users;
    let cases: &[(&Profile, u64)] = &[
        (&users(0, s(1), None, None), 0),
        (&users(7, s(0), None, None), 7),
        (&users(10, s(10), Some(s(5)), None), 5),
        (&users(10, s(10), Some(s(0)), None), 0),
        (&users(10, ns(2), Some(s(1)), None), 10),
        (&users(u64::MAX, MAX, None, None), u64::MAX),
        (&stages(&[(3, s(1)), (8, s(1)), (2, s(5))]), 8),
        (&stages(&[(9, s(0)), (1, s(0)), (1, s(1))]), 1),
        (&stages(&[]), 0),
    ];
    for (profile, peak) in cases {
        assert_eq!(profile.peak_users(), *peak, "{profile:?}");
    }
}

/// Small numbers, so that boundaries meet: jumps, holds, several stages at one moment, more users than time.
fn any_profile() -> impl Strategy<Value = Profile> {
    let small = 0u64..12;
    let time = prop_oneof![Just(0u64), 0u64..40];
    let ramped = (small.clone(), time.clone(), prop::option::of(time.clone()), prop::option::of(1u64..3))
        .prop_map(|(users, ramp, duration, i)| Profile::with_users(users, ns(ramp), duration.map(ns), i));
    let staged = prop::collection::vec((small, time), 0..6).prop_map(|list| {
        stages(&list.into_iter().map(|(users, over)| (users, ns(over))).collect::<Vec<_>>())
    });
    prop_oneof![ramped, staged]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn start_of_is_the_first_moment_the_target_exceeds_the_index(profile in any_profile(), index in 0u64..14) {
        let first = (0..250).map(ns).find(|&t| profile.target_at(t) > index);
        prop_assert_eq!(profile.start_of(index), first);
    }

    #[test]
    fn next_change_is_the_first_moment_the_count_differs(
        profile in any_profile(), after in 0u64..250, index in 0u32..4, count in 1u32..4,
    ) {
        let segment = Segment::new(index % count, count).unwrap();
        let count_at = |t| segment.count_of(profile.target_at(ns(t)));
        let first = (after + 1..260).find(|&t| count_at(t) != count_at(after)).map(ns);
        prop_assert_eq!(profile.next_change(ns(after), segment), first);
    }

    #[test]
    fn peak_is_the_highest_target(profile in any_profile()) {
        prop_assert_eq!(profile.peak_users(), (0..260).map(|t| profile.target_at(ns(t))).max().unwrap());
    }

    #[test]
    fn large_numbers_agree_too(users: u64, ramp: Duration, index: u64) {
        let profile = Profile::with_users(users, ramp, None, None);
        match profile.start_of(index) {
            None => prop_assert!(index >= users),
            Some(start) => {
                prop_assert!(profile.target_at(start) > index);
                if let Some(before) = start.checked_sub(ns(1)) {
                    prop_assert!(profile.target_at(before) <= index);
                    prop_assert_eq!(profile.target_at(start.min(ramp)), profile.target_at(start));
                }
            }
        }
    }
}
