use super::*;
use crate::metrics::{ErrorKind, Recorder, TimerId};

const TIMERS: [&str; 3] = ["say.rtt", "say.rtt_intended", "login.rtt"];

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn parsed(texts: &[&str]) -> Vec<Threshold> {
    texts.iter().map(|text| Threshold::parse(text).unwrap()).collect()
}

/// Ten seconds in which so much was measured, with so much unanswered at their end.
fn window(fill: impl FnOnce(&mut Recorder), unanswered: impl FnOnce(&mut Recorder)) -> Window {
    let layout = Arc::new(Layout::new(TIMERS));
    let (mut figures, mut waiting) = (Recorder::new(Arc::clone(&layout)), Recorder::new(Arc::clone(&layout)));
    fill(&mut figures);
    unanswered(&mut waiting);
    Window { figures: figures.take(), unanswered: waiting.take(), lasted: Duration::from_secs(10) }
}

fn times(recorder: &mut Recorder, timer: u32, time: Duration, count: u64) {
    recorder.times(TimerId(timer), time, count);
    recorder.counts().operations += count;
}

const THERE: Presence = Presence { there: 100, wanted: 100 };

fn trial(window: &Window, criteria: &[&str], thresholds: &[&str]) -> Trial {
    let (criteria, thresholds) = (parsed(criteria), parsed(thresholds));
    Trial::of((Level::Users(100), ms(0)), window, THERE, (&criteria, &thresholds), Vec::new())
}

fn values(trial: &Trial) -> Vec<(&str, bool)> {
    trial.criteria.iter().map(|one| (one.value.as_str(), one.passed)).collect()
}

#[test]
fn a_criterion_breaks_a_level_where_it_is_true() {
    let calm = window(|figures| times(figures, 0, ms(10), 1000), |_| {});
    let seen = trial(&calm, &["say.rtt p95 > 100ms", "errors rate > 5%", "say.rtt rate < 50/s"], &[]);
    assert_eq!(values(&seen), [("10.0ms", true), ("0%", true), ("100/s", true)]);
    assert!(seen.has_held() && !seen.is_thin);
    let seen = trial(&calm, &["say.rtt p95 > 5ms", "say.rtt rate < 500/s", "say.rtt count < 5000"], &[]);
    assert_eq!(values(&seen), [("10.0ms", false), ("100/s", false), ("1,000", false)]);
    assert!(!seen.has_held());
    assert_eq!(seen.broken_by().next().as_deref(), Some("say.rtt p95 > 5ms (10.0ms)"));
}

#[test]
fn what_was_not_answered_counts_where_it_took_too_long_already() {
    // Of 940 that were answered, the other 60 of a thousand are what p95 is about.
    let stalled = window(|figures| times(figures, 0, ms(10), 940), |waiting| times(waiting, 0, ms(4000), 60));
    let seen = trial(&stalled, &["say.rtt p95 > 100ms", "say.rtt max > 1m", "say.rtt mean > 100ms"], &[]);
    assert_eq!(values(&seen), [("4.00s", false), ("10.0ms", true), ("249ms", false)], "4 s is not a minute");
    // What has taken less may still come in time, and says nothing either way.
    let normal = window(|figures| times(figures, 0, ms(90), 100), |waiting| times(waiting, 0, ms(50), 900));
    assert_eq!(
        values(&trial(&normal, &["say.rtt p50 > 100ms", "say.rtt p50 > 80ms"], &[])),
        [("90.0ms", true), ("90.0ms", false)]
    );
    // Nor does it make a figure look worse that is to be high.
    let seen = trial(&stalled, &["say.rtt p95 < 20ms"], &[]);
    assert_eq!(values(&seen), [("10.0ms", false)]);
}

#[test]
fn times_since_steps_were_due_count_where_they_are_worse() {
    let late = window(
        |figures| {
            times(figures, 0, ms(10), 1000);
            times(figures, 1, ms(200), 1000);
        },
        |_| {},
    );
    let seen = trial(&late, &["say.rtt p95 > 100ms", "say.rtt p95 > 300ms", "say.rtt count > 5000"], &[]);
    assert_eq!(values(&seen), [("200ms since due", false), ("200ms since due", true), ("1,000", true)]);
    let held_up =
        window(|figures| times(figures, 0, ms(10), 1000), |waiting| times(waiting, 1, ms(900), 1000));
    assert_eq!(values(&trial(&held_up, &["say.rtt p95 > 100ms"], &[])), [("900ms since due", false)]);
}

#[test]
fn nothing_is_not_fine() {
    let silent = window(|_| {}, |waiting| times(waiting, 0, ms(10), 7));
    let seen = trial(&silent, &["say.rtt p95 > 100ms", "errors rate > 5%"], &[]);
    assert_eq!(values(&seen), [("no value", false), ("no value", true)]);
    assert_eq!(seen.causes, [Cause::Silence { pending: 7 }]);
    // Nobody has asked for anything.
    let idle = window(|_| {}, |_| {});
    assert!(trial(&idle, &["errors rate > 5%"], &[]).has_held());
    assert!(!trial(&idle, &["login.rtt p95 > 5s"], &[]).has_held());
}

#[test]
fn errors_break_a_level_unless_something_speaks_of_them() {
    let failing = window(
        |figures| {
            times(figures, 0, ms(10), 1000);
            (0..3).for_each(|_| figures.error(ErrorKind::Timeout, None, String::new));
        },
        |_| {},
    );
    let seen = trial(&failing, &["say.rtt p95 > 100ms"], &[]);
    assert_eq!(seen.causes, [Cause::Errors { count: 3 }]);
    assert_eq!(seen.causes[0].to_string(), "3 errors of which no criterion speaks");
    assert!(trial(&failing, &["errors rate > 5%"], &[]).has_held());
    assert!(trial(&failing, &["say.rtt p95 > 100ms"], &["errors.timeout count < 10"]).has_held());
    assert!(!trial(&failing, &["errors.tls rate > 5%"], &["errors.io count < 10"]).has_held());
}

#[test]
fn a_level_is_there_when_its_users_are() {
    let calm = window(|figures| times(figures, 0, ms(10), 1000), |_| {});
    let causes = |level, there| {
        let presence = Presence { there, wanted: 100 };
        Trial::of((level, ms(0)), &calm, presence, (&[], &[]), Vec::new()).causes
    };
    assert_eq!(causes(Level::Users(100), 95), []);
    let absent = causes(Level::Users(100), 94);
    assert_eq!(absent[0].to_string(), "only 94 of 100 users were there");
    let missed = causes(Level::PerSecond(10.0), 94);
    assert_eq!(missed[0].to_string(), "no room for 6 of 100 users");
    let nobody = Presence { there: 0, wanted: 0 };
    assert!(Trial::of((Level::PerSecond(0.1), ms(0)), &calm, nobody, (&[], &[]), Vec::new()).has_held());
}

#[test]
fn a_percentile_takes_ten_beyond_it() {
    let of = |count| window(|figures| times(figures, 0, ms(10), count), |_| {});
    let cases = [
        ("say.rtt p95 > 1s", 200),
        ("say.rtt p99 > 1s", 1000),
        ("say.rtt p99.9 > 1s", 10_000),
        ("say.rtt p50 > 1s", 20),
        ("say.rtt p0 > 1s", 10),
        ("say.rtt p100 > 1s", 10),
        ("say.rtt mean > 1s", 10),
        ("errors rate > 5%", 200),
        ("errors rate > 0.1%", 10_000),
    ];
    for (text, wanted) in cases {
        let criteria = parsed(&[text]);
        assert!(of(wanted).is_enough(&criteria) && !of(wanted - 1).is_enough(&criteria), "{text}");
    }
    for text in ["errors rate > 5%", "errors count > 0", "say.rtt rate < 5/s", "users.peak count < 5"] {
        assert!(of(0).is_enough(&parsed(&[text])), "{text}: nothing more will come of waiting");
    }
    let answered = window(|figures| times(figures, 0, ms(1), 150), |waiting| times(waiting, 0, ms(1), 50));
    assert!(answered.is_enough(&parsed(&["say.rtt p95 > 1s"])));
}

#[test]
fn what_was_found_is_said_in_a_sentence() {
    let calm = window(|figures| times(figures, 0, ms(112), 1000), |_| {});
    let tried = |users, text| {
        let mut trial = trial(&calm, &[text], &[]);
        trial.level = Level::Users(users);
        trial
    };
    let trials = vec![tried(1240, "say.rtt p95 > 1s"), tried(1310, "say.rtt p95 > 100ms")];
    let mut found = Found { trials, held: Some(0), broke: Some(1), is_finished: true, figures: None };
    assert_eq!(found.headline(), "held at 1,240 users; broke at 1,310 users: say.rtt p95 > 100ms (112ms)");
    found.broke = None;
    assert_eq!(found.headline(), "held at 1,240 users, the highest that was to be tried");
    found.is_finished = false;
    assert_eq!(found.headline(), "held at 1,240 users; interrupted before the search came to its end");
    (found.held, found.broke, found.is_finished) = (None, Some(1), true);
    assert_eq!(
        found.headline(),
        "broke at 1,310 users, the first that was tried: say.rtt p95 > 100ms (112ms)"
    );
    (found.broke, found.is_finished) = (None, false);
    assert_eq!(found.headline(), "no level was measured; interrupted before the search came to its end");
    assert_eq!(Level::Users(1).to_string(), "1 user");
    assert_eq!(Level::PerSecond(0.5).to_string(), "0.50 users/s");
}
