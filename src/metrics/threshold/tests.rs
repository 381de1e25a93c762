use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::metrics::{Layout, Recorder, Snapshot, TimerId, UserEnd};

fn parsed(text: &str) -> Threshold {
    Threshold::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

#[test]
fn every_form_is_read() {
    let ms = Duration::from_millis;
    let timer = |name: &str| Metric::Timer(name.to_owned());
    let cases = [
        (
            "say.rtt p99 < 250ms",
            timer("say.rtt"),
            Stat::Percentile(99.0),
            Operator::Less,
            Value::Time(ms(250)),
        ),
        (
            "say.rtt p99.9<=1m30s",
            timer("say.rtt"),
            Stat::Percentile(99.9),
            Operator::LessOrEqual,
            Value::Time(ms(90_000)),
        ),
        (
            "  log in  here.wait\tmin >0s ",
            timer("log in  here.wait"),
            Stat::Min,
            Operator::Greater,
            Value::Time(ms(0)),
        ),
        (
            "a<b = c.rtt mean != 1.5ms",
            timer("a<b = c.rtt"),
            Stat::Mean,
            Operator::NotEqual,
            Value::Time(ms(3) / 2),
        ),
        ("p99 max < 1s", timer("p99"), Stat::Max, Operator::Less, Value::Time(ms(1000))),
        (
            "say.rtt count >= 1000",
            timer("say.rtt"),
            Stat::Count,
            Operator::GreaterOrEqual,
            Value::Count(1000),
        ),
        ("say.rtt rate > 0.5/s", timer("say.rtt"), Stat::Rate, Operator::Greater, Value::PerSecond(0.5)),
        ("errors rate < 1%", Metric::Errors(None), Stat::Rate, Operator::Less, Value::Percent(1.0)),
        ("errors rate < 1/s", Metric::Errors(None), Stat::Rate, Operator::Less, Value::PerSecond(1.0)),
        (
            "errors.dns count == 0",
            Metric::Errors(Some(ErrorKind::Dns)),
            Stat::Count,
            Operator::Equal,
            Value::Count(0),
        ),
        (
            "errors.closed_by_peer(1006) rate < 0.1%",
            Metric::Errors(Some(ErrorKind::ClosedByPeer { code: Some(1006) })),
            Stat::Rate,
            Operator::Less,
            Value::Percent(0.1),
        ),
        (
            "errors.rtt p50 < 1s",
            timer("errors.rtt"),
            Stat::Percentile(50.0),
            Operator::Less,
            Value::Time(ms(1000)),
        ),
        (
            "connections.failed rate < 2%",
            Metric::Counter(Counter::ConnectionsFailed),
            Stat::Rate,
            Operator::Less,
            Value::Percent(2.0),
        ),
        ("users.peak count == 10", Metric::UsersPeak, Stat::Count, Operator::Equal, Value::Count(10)),
    ];
    for (text, metric, stat, operator, value) in cases {
        assert_eq!(parsed(text), Threshold { metric, stat, operator, value }, "{text}");
    }
}

#[test]
fn every_mistake_points_at_its_place() {
    let cases = [
        ("", "", "an empty threshold"),
        ("  ", "", "an empty threshold"),
        (" say.rtt p99 ", "say.rtt p99", "a threshold without a comparison"),
        ("say.rtt p99 = 250ms", "=", "`=` is no comparison"),
        ("say.rtt p99 =< 250ms", "=<", "`=<` is no comparison"),
        ("say.rtt p99 <> 250ms", "<>", "`<>` is no comparison"),
        (" p99 < 250ms", "", "a threshold without a metric"),
        ("< 250ms", "", "a threshold without a metric"),
        ("say.rtt < 250ms", "say.rtt", "no statistic of `say.rtt`"),
        ("say.rtt p < 250ms", "p", "`p` is no statistic"),
        ("säy.rtt avg < 250ms", "avg", "`avg` is no statistic"),
        ("say.rtt p101 < 250ms", "p101", "`p101` is no percentile"),
        ("say.rtt p99. < 250ms", "p99.", "`p99.` is no percentile"),
        ("say.rtt p9e1 < 250ms", "p9e1", "`p9e1` is no percentile"),
        ("errors p99 < 250ms", "p99", "`errors` has no `p99`"),
        ("messages.sent max < 3", "max", "`messages.sent` has no `max`"),
        ("users.peak rate < 3/s", "rate", "`users.peak` has no `rate`"),
        ("say.rtt p99 < ", "", "nothing to compare with"),
        ("say.rtt p99 < 250", "250", "`250` has no unit"),
        ("say.rtt p99 < 2.5", "2.5", "`2.5` has no unit"),
        ("errors rate < 1", "1", "`1` has no unit"),
        ("messages.sent rate > 100", "100", "`100` has no unit"),
        ("say.rtt p99 < 250 ms", "250 ms", "`250 ms` is no value"),
        ("say.rtt p99 < -1ms", "-1ms", "`-1ms` is no value"),
        ("say.rtt p99 < 1%", "1%", "`1%` is the wrong kind of value"),
        ("say.rtt count < 5ms", "5ms", "`5ms` is the wrong kind of value"),
        ("say.rtt count < 1.5", "1.5", "`1.5` is no value"),
        (
            "say.rtt count < 18446744073709551616",
            "18446744073709551616",
            "`18446744073709551616` is no value",
        ),
        ("messages.sent rate < 1%", "1%", "`1%` is the wrong kind of value"),
        ("errors rate < inf%", "inf%", "`inf%` is no value"),
        ("errors rate < 50/m", "50/m", "`50/m` is no value"),
    ];
    for (text, place, message) in cases {
        let error = Threshold::parse(text).expect_err(text);
        assert_eq!(
            (&text[error.offset..error.offset + error.len], error.message().as_str()),
            (place, message),
            "{text}"
        );
        assert!(!error.help().is_empty());
    }
    let missing = Threshold::parse("say.rtt p99 <").unwrap_err();
    assert_eq!((missing.offset, missing.len), (13, 0), "what is missing is missing at the end");
}

#[test]
fn help_writes_the_correction_out() {
    let help = |text: &str| Threshold::parse(text).unwrap_err().help();
    assert_eq!(help("a.rtt p99 < 250"), "write the unit, as in `250ms` or `250s`");
    assert_eq!(help("errors rate < 1"), "write `1%` of all, or `1/s`");
    assert_eq!(help("messages.sent rate < 5"), "write `5/s`");
    assert_eq!(help("errors p99 < 5ms"), "`errors` has `count` and `rate` only");
    assert_eq!(help("a.rtt < 5ms"), "write which figure of it, as in `a.rtt p99` or `a.rtt count`");
    for counted in ["arrivals.missed", "errors", "users.peak"] {
        let shown = help(&format!("{counted} < 5"));
        assert_eq!(shown, format!("write which figure of it, as in `{counted} count`"));
    }
}

/// 100 replies of 1 to 100 ms; 3 timeouts, 1 going away and 1 reset in 1,000 operations; one timer unused.
fn totals() -> Snapshot {
    let places = [None, Some(TimerId(0)), Some(TimerId(1))];
    let mut recorder = Recorder::new(Arc::new(Layout::new(["say.rtt", "idle.wait"]).with_steps(places)));
    (1..=100).for_each(|ms| recorder.time(TimerId(0), Duration::from_millis(ms)));
    (0..3).for_each(|_| recorder.error(ErrorKind::Timeout, Some(1), String::new));
    recorder.error(ErrorKind::ClosedByPeer { code: Some(1001) }, None, String::new);
    recorder.error(ErrorKind::Reset, None, String::new);
    recorder.user_started();
    recorder.user_started();
    recorder.user_left(UserEnd::Failed);
    let counts = recorder.counts();
    counts.operations = 1000;
    counts.connections_attempted = 8;
    counts.connections_failed = 1;
    counts.messages_received = 1234;
    recorder.take()
}

#[test]
fn thresholds_are_held_against_the_figures() {
    let cases = [
        ("say.rtt p50 < 51ms", "50.0ms", true),
        ("say.rtt p99.9 <= 100ms", "100ms", true),
        ("say.rtt max < 99999us", "100ms", false),
        ("say.rtt p50 < 50ms", "50ms15us", false),
        ("say.rtt min >= 1ms", "1.00ms", true),
        ("say.rtt mean > 1s", "50.5ms", false),
        ("say.rtt count == 100", "100", true),
        ("say.rtt rate > 9/s", "10.0/s", true),
        ("idle.wait p99 < 1h", "no value", false),
        ("idle.wait p99 != 1h", "no value", false),
        ("idle.wait count == 0", "0", true),
        ("unknown.rtt count == 0", "no value", false),
        ("errors count <= 5", "5", true),
        ("errors rate < 0.5%", "0.50%", false),
        ("errors rate <= 0.5%", "0.50%", true),
        ("errors rate < 1/s", "0.50/s", true),
        ("errors.timeout count < 3", "3", false),
        ("errors.closed_by_peer count == 1", "1", true),
        ("errors.closed_by_peer(1006) count == 0", "0", true),
        ("connections.failed rate < 10%", "12.5%", false),
        ("messages.received rate > 123.3/s", "123.4/s", true),
        ("messages.received count != 1234", "1,234", false),
        ("messages.unmatched rate == 0%", "0%", true),
        ("iterations.failed rate == 0%", "no value", false),
        ("users.failed count == 0", "1", false),
        ("users.peak count == 2", "2", true),
        ("say.success rate > 97%", "97.1%", true),
        ("say.success rate == 100%", "97.1%", false),
        ("say.success rate > 9/s", "10.0/s", true),
        ("say.success count == 100", "100", true),
        ("say.failed count < 3", "3", false),
        ("say.failed rate < 3%", "2.91%", true),
        ("idle.success rate > 0%", "no value", false),
        ("idle.failed count == 0", "0", true),
        ("unknown.failed count == 0", "no value", false),
    ];
    for (text, value, passed) in cases {
        let observed = parsed(text).evaluate(&totals(), Duration::from_secs(10));
        assert_eq!((observed.value.as_str(), observed.passed), (value, passed), "{text}");
        assert_eq!(observed.expression, parsed(text).to_string());
    }
}

#[test]
fn a_rate_over_no_time_has_no_value() {
    assert_eq!(parsed("say.rtt rate > 0/s").evaluate(&totals(), Duration::ZERO).value, "no value");
}

#[test]
fn more_errors_than_operations_are_a_hundred_percent() {
    let mut totals = totals();
    totals.counts.operations = 2;
    assert_eq!(parsed("errors rate < 1%").evaluate(&totals, Duration::ZERO).value, "100%");
}

#[test]
fn errors_that_no_threshold_speaks_of_are_a_verdict_of_their_own() {
    let judged = |texts: &[&str]| {
        let thresholds: Vec<_> = texts.iter().map(|text| parsed(text)).collect();
        let judgement = judge(&thresholds, &totals(), Duration::from_secs(10));
        (judgement.unspoken_error_count, judgement.passed())
    };
    assert_eq!(judged(&[]), (5, false));
    assert_eq!(judged(&["say.rtt p50 < 1s", "users.failed count < 9"]), (5, false));
    assert_eq!(judged(&["errors rate < 1%"]), (0, true));
    assert_eq!(judged(&["errors rate < 0.1%"]), (0, false));
    assert_eq!(judged(&["errors.timeout count < 9"]), (2, false));
    assert_eq!(
        judged(&["errors.timeout count < 9", "errors.closed_by_peer count < 9", "errors.reset count < 9"]),
        (0, true)
    );
    assert_eq!(judged(&["say.success rate > 50%"]), (2, false));
    assert_eq!(judged(&["say.failed count < 9", "errors.timeout count < 9"]), (2, false));
    assert_eq!(judged(&["idle.failed count < 9"]), (5, false));
    assert_eq!(judged(&["errors.closed_by_peer(1006) count < 9"]), (5, false));
    assert!(judge(&[], &Snapshot::new(Arc::default()), Duration::ZERO).passed());
    assert!(
        parsed("errors.io count == 0").speaks_of_errors()
            && !parsed("users.failed count == 0").speaks_of_errors()
    );
}

#[test]
fn every_name_is_documented() {
    let documented = include_str!("../../../docs/figures.md");
    for name in Metric::fixed_names() {
        let name = name.strip_prefix("errors.").unwrap_or(&name);
        assert!(documented.contains(&format!("`{name}`")), "docs/figures.md does not say what `{name}` is");
    }
}

fn any_threshold() -> impl Strategy<Value = String> {
    let timer = "[a-z<>=!äé]([a-z.<>=! ä]{0,8}[a-z.])?";
    let fixed = prop::sample::select(Metric::fixed_names().collect::<Vec<_>>());
    let step = "[a-z]{1,4}\\.(success|failed)";
    let metric = prop_oneof![timer.prop_map(|name| name), step.prop_map(|name| name), fixed];
    let percentile = (0u32..=100_000).prop_map(|p| format!("p{}", f64::from(p) / 1000.0));
    let stat = prop_oneof![
        percentile,
        prop::sample::select(vec!["min", "max", "mean", "count", "rate"]).prop_map(str::to_owned)
    ];
    let sign = prop::sample::select(Operator::SIGNS.map(|(_, sign)| sign).to_vec());
    let value = prop_oneof![
        any::<u64>().prop_map(|n| n.to_string()),
        any::<u64>().prop_map(|n| Value::Time(Duration::from_nanos(n)).to_string()),
        (0.0f64..1e12).prop_map(|n| format!("{n}%")),
        (0.0f64..1e12).prop_map(|n| format!("{n}/s")),
    ];
    (metric, stat, sign, value, "[ \t]{1,2}", "[ \t]{0,2}").prop_map(
        |(metric, stat, sign, value, gap, room)| {
            format!("{room}{metric}{gap}{stat}{room}{sign}{room}{value}{room}")
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn printing_then_parsing_gives_it_back(text in any_threshold()) {
        if let Ok(threshold) = Threshold::parse(&text) {
            prop_assert_eq!(Threshold::parse(&threshold.to_string()), Ok(threshold));
        }
    }

    #[test]
    fn a_mistake_in_any_text_lies_within_it(text in "[a-z0-9.<>=!%/ pé]{0,24}") {
        if let Err(error) = Threshold::parse(&text) {
            prop_assert!(text.get(error.offset..error.offset + error.len).is_some());
        }
    }
}
