//! Verdicts that are no examples for users, and properties that hold for any message.

use super::{Variables, compile_condition, compile_matcher, either_way};
use proptest::prelude::*;
use serde_json::{Value as Tree, json};
use wsplan::machine::Payload;
use wsplan::machine::matching::{condition_holds, matches};
use wsplan::machine::mismatch::judge;

/// The reason why a text message does not match; empty where it does.
fn reason(matcher: &str, message: &str) -> String {
    let matcher = compile_matcher(matcher).accepted();
    either_way(Payload::Text(message), matcher.paths(), |message| {
        Variables::new().with_scope(|scope| {
            let judged = judge(&matcher, message, scope);
            assert_eq!(matches(&matcher, message, scope), judged.is_ok(), "{matcher}");
            judged.map_or_else(|mismatch| mismatch.to_string(), |()| String::new())
        })
    })
}

/// A matcher, a message, and the reason why it does not match; empty where it does.
const VERDICTS: &[(&str, &str, &str)] = &[
    // Values that no operator may take for another.
    ("{ $.v: 0 }", r#"{"v":false}"#, "$.v: expected eq 0, got false"),
    ("{ $.v: false }", r#"{"v":null}"#, "$.v: expected eq false, got null"),
    ("{ $.v: null }", r#"{"v":null}"#, ""),
    ("{ $.v: null }", "{}", "$.v: expected eq null, got nothing ($ has no \"v\")"),
    ("{ $.v: \"\" }", r#"{"v":null}"#, "$.v: expected eq \"\", got null"),
    ("{ $.v: [] }", r#"{"v":{}}"#, "$.v: expected eq [], got {}"),
    ("{ $.v: [1, 2] }", r#"{"v":[2,1]}"#, "$.v: expected eq [1,2], got [2,1]"),
    ("{ $.v: [1, [2.0]] }", r#"{"v":[1.0,[2]]}"#, ""),
    (
        "{ $.v: { eq: { a: 1 } } }",
        r#"{"v":{"a":1,"b":2}}"#,
        "$.v: expected eq {\"a\":1}, got {\"a\":1,\"b\":2}",
    ),
    // Numbers beyond 64 bits.
    ("{ $.v: \"{{listed}}\" }", r#"{"v":[1.50,{"a":12345678901234567890123}]}"#, ""),
    (
        "{ $.v: \"{{listed}}\" }",
        r#"{"v":[1.50,{"a":12345678901234567890124}]}"#,
        r#"$.v: expected eq [1.5,{"a":12345678901234567890123}], got [1.50,{"a":12345678901234567890124}]"#,
    ),
    // What is secret is compared, and not shown.
    ("{ $.v: \"{{secret}}\" }", r#"{"v":"hunter2"}"#, ""),
    ("{ $.v: \"{{secret}}\" }", r#"{"v":"x"}"#, "$.v: expected eq \"(secret)\", got \"x\""),
    ("{ $.v: \"{{secret}} {{n}}\" }", r#"{"v":"x"}"#, "$.v: expected eq \"(secret)\", got \"x\""),
    ("{ $.v: \"Bearer {{secret}}\" }", r#"{"v":"x"}"#, "$.v: expected eq \"(secret)\", got \"x\""),
    ("{ $.v: { gt: 18446744073709551615 } }", r#"{"v":18446744073709551616}"#, ""),
    ("{ $.v: { lt: 1e300 } }", r#"{"v":1e400}"#, "$.v: expected lt 1e300, got 1e400"),
    ("{ $.v: 0.1 }", r#"{"v":1e-1}"#, ""),
    // Variables of each kind.
    ("{ $.v: \"{{half}}\" }", r#"{"v":0.50}"#, ""),
    ("{ $.v: { lt: \"{{half}}\" } }", r#"{"v":0.5}"#, "$.v: expected lt 0.5, got 0.5"),
    ("{ $.v: \"{{user}}\" }", r#"{"v":{"name":"ann"}}"#, ""),
    ("{ $.v: \"{{constant}}\" }", r#"{"v":7.0}"#, ""),
    ("{ $.v: \"id-{{n}}\" }", r#"{"v":"id-5"}"#, ""),
    ("{ $.v: \"{{upper session}}\" }", r#"{"v":"ABC"}"#, ""),
    ("{ $.v: \"{{user.name}}\" }", r#"{"v":"ann"}"#, ""),
    ("{ $.v: { lte: \"{{now_ms}}\" } }", r#"{"v":0}"#, ""),
    ("{ $.v: { eq: { \"k{{n}}\": 1 } } }", r#"{"v":{"k5":1.0}}"#, ""),
    (
        "{ $.v: \"{{unset}}\" }",
        r#"{"v":null}"#,
        "$.v: expected eq \"(slot $4 holds no value yet)\", got null",
    ),
    (
        "{ $.v: { ne: [\"{{unset}}\"] } }",
        r#"{"v":[1]}"#,
        "$.v: expected ne [\"(slot $4 holds no value yet)\"], got [1]",
    ),
    ("{ $.v: \"id-{{n}}\" }", r#"{"v":"id-6"}"#, "$.v: expected eq \"id-5\", got \"id-6\""),
    ("{ $.v: { one_of: [[\"{{n}}\"], 1] } }", r#"{"v":[5]}"#, ""),
    ("{ $.v: { contains: { eq: \"{{n}}\" } } }", r#"{"v":[{"eq":5}]}"#, ""),
    // Operators on values they are not about.
    ("{ $.v: { contains: a } }", r#"{"v":5}"#, "$.v: expected contains \"a\", got 5"),
    ("{ $.v: { contains: 5 } }", r#"{"v":"5"}"#, "$.v: expected contains 5, got \"5\""),
    (
        "{ $.v: { gte: 1 } }",
        r#"{"v":true}"#,
        "$.v: expected gte 1, got true (a boolean and a number have no order)",
    ),
    (
        "{ $.v: { lte: a } }",
        r#"{"v":["a"]}"#,
        "$.v: expected lte \"a\", got [\"a\"] (an array and a string have no order)",
    ),
    (
        "{ $.v: { length: { ne: 2 } } }",
        r#"{"v":null}"#,
        "$.v: expected length ne 2, got null (null has no length)",
    ),
    ("{ $.v: { type: object } }", r#"{"v":[]}"#, "$.v: expected type object, got [] (an array)"),
    ("{ $.v: { type: \"null\" } }", r#"{"v":null}"#, ""),
    ("{ $.v: { type: integer } }", r#"{"v":-1.20e1}"#, ""),
    // Where a path ends.
    ("{ \"$.a[2]\": 1 }", r#"{"a":[1]}"#, "$.a[2]: expected eq 1, got nothing ($.a has 1 elements)"),
    (
        "{ \"$['a b'].c\": 1 }",
        r#"{"a b":3}"#,
        "$['a b'].c: expected eq 1, got nothing ($[\"a b\"] is a number)",
    ),
    ("{ \"$.a[-1]\": 1 }", r#"{"a":[2,1]}"#, ""),
    ("{ $: 1 }", " 1 ", ""),
    ("{ $: { type: string } }", "\"a\"", ""),
    // All operators hold of one value, or the message does not match.
    ("{ \"$[*]\": { gt: 2, type: integer, ne: 9 } }", "[1,2.5,3]", ""),
    (
        "{ \"$[*]\": { gt: 2, type: integer, ne: 9 } }",
        "[1,2.5]",
        "$[*]: expected type integer, got none of 2: 1, 2.5",
    ),
    ("{ \"$[*]\": { gt: 2, type: integer, ne: 9 } }", "[3,9]", "$[*]: expected ne 9, got 9"),
];

#[test]
fn operators_judge_each_type_of_value() {
    for (matcher, message, expected) in VERDICTS {
        assert_eq!(reason(matcher, message), *expected, "{matcher} {message}");
    }
}

#[test]
fn a_message_nested_too_deep_is_named() {
    let deep = "[".repeat(129) + &"]".repeat(129);
    assert_eq!(
        reason("{ $.a: { exists: false } }", &deep),
        "$.a: expected exists false, got a message that is not JSON (nested over 128 levels)"
    );
}

#[test]
fn long_values_are_cut() {
    let long = "ä".repeat(500);
    let told = reason("{ text: short }", &long);
    assert_eq!(told, format!("text: expected equals \"short\", got \"{}…", "ä".repeat(199)));
    let told = reason("{ \"$[*]\": short }", &json!(vec![&long; 300]).to_string());
    assert!(told.chars().count() < 260, "{told}");
}

#[test]
fn conditions_judge_variables() {
    let holds = |condition: &str| {
        let condition = compile_condition(condition).accepted();
        Variables::new().with_scope(|scope| condition_holds(&condition, scope))
    };
    assert!(holds("{ n: { gte: 5, lt: 6 }, session: { matches: '^a' } }"));
    assert!(!holds("{ n: { lt: 5 } }"));
    assert!(holds("{ constant: 7, half: { lt: 1 } }"));
    assert!(holds("{ unset: { exists: false } }") && holds("{ unset: { ne: 1 } }"));
    assert!(!holds("{ unset: { exists: true } }") && !holds("{ unset: null }"));
    assert!(holds("{ n: \"{{n}}\", user.name: ann }"));
}

/// JSON that a plan can say: YAML's numbers are integers of 64 bits or doubles.
fn sayable() -> impl Strategy<Value = Tree> {
    // No control characters, which YAML wants escaped where JSON does not, and no templates.
    let text = || "[a-z0-9 \"'\\\\#:,&*!%@|>é€😀-]{0,12}";
    let leaf = prop_oneof![
        Just(Tree::Null),
        any::<bool>().prop_map(Tree::from),
        any::<i64>().prop_map(Tree::from),
        any::<u64>().prop_map(Tree::from),
        (-1e18..1e18f64).prop_map(Tree::from),
        text().prop_map(Tree::from),
    ];
    leaf.prop_recursive(3, 24, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Tree::from),
            prop::collection::btree_map(text(), inner, 0..5).prop_map(Tree::from_iter),
        ]
    })
}

/// Small documents, so that random conditions hold often enough.
fn document() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(json!(null)),
        Just(json!(true)),
        (0..4i64).prop_map(Tree::from),
        Just(json!(1.5)),
        "[ab]{0,3}".prop_map(Tree::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Tree::from),
            prop::collection::btree_map("[ab]", inner, 0..3).prop_map(Tree::from_iter),
        ]
    })
}

fn test() -> impl Strategy<Value = (&'static str, Tree)> {
    let compared = prop_oneof![(0..4i64).prop_map(Tree::from), "[ab]{1,2}".prop_map(Tree::from)];
    prop_oneof![
        (prop::sample::select(vec!["eq", "ne", "contains"]), document()),
        (prop::sample::select(vec!["lt", "lte", "gt", "gte"]), compared),
        (Just("exists"), Just(json!(true))),
        (
            Just("type"),
            prop::sample::select(vec!["string", "number", "integer", "array"]).prop_map(Tree::from)
        ),
        (Just("matches"), prop::sample::select(vec!["^a", "b$", "."]).prop_map(Tree::from)),
        (Just("one_of"), prop::collection::vec(document(), 1..3).prop_map(Tree::from)),
        (Just("length"), (0..3u64).prop_map(Tree::from)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_value_equals_itself_through_the_plan(value in sayable(), pretty: bool) {
        let matcher = json!({ "$.v": { "eq": value } }).to_string();
        let message = json!({ "v": value });
        let message = if pretty { format!("{message:#}") } else { message.to_string() };
        prop_assert_eq!(reason(&matcher, &message), "");
    }

    #[test]
    fn the_verdict_is_the_same_with_and_without_a_reason(
        path in prop::sample::select(vec!["$", "$.a", "$.a.b", "$[0]", "$.a[-1]", "$[*]", "$..a", "$[?@ > 1]"]),
        tests in prop::collection::vec(test(), 1..4),
        document in document(),
    ) {
        let operators: serde_json::Map<_, _> =
            tests.into_iter().map(|(operator, operand)| (operator.to_owned(), operand)).collect();
        // `reason` compares the two verdicts.
        reason(&json!({ path: operators }).to_string(), &document.to_string());
    }
}
