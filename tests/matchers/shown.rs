//! How programs show matchers and captures, and when two matchers are the same.

use super::{compile_captures, compile_condition, compile_matcher};
use serde_json::json;

#[test]
fn a_matcher_is_shown_with_and_between_its_conditions() {
    let matcher = compile_matcher(
        "{ $.a: 1.50, \"$['b'][*]\": { gte: 1, type: integer, one_of: [a, \"{{n}}\"] }, $.c: { eq: { d: [\"{{session}}\"] } },
           text: { matches: '^\"', length: 3 }, binary: { equals: { hex: 00FF }, contains: \"x{{n}}\" } }",
    )
    .accepted();
    let lines = [
        r"$.a eq 1.50",
        r"$['b'][*] gte 1",
        r#"$['b'][*] type "integer""#,
        r#"$['b'][*] one_of ["a",{$1}]"#,
        r#"$.c eq {"d":[{$0}]}"#,
        r#"text matches "^\"""#,
        r"text length 3",
        r"binary equals hex:00ff",
        r#"binary contains {text("x" {$1})}"#,
    ];
    assert_eq!(matcher.to_string(), lines.join(" and "));
    let shown = serde_json::to_value(&matcher).unwrap();
    assert_eq!(shown[0], json!({ "subject": "$.a", "operator": "eq", "operand": { "constant": 1.5 } }));
    assert_eq!(shown[3]["operand"], json!([{ "constant": "a" }, { "slot": "$1" }]));
    assert_eq!(shown[4]["operand"], json!({ "map": { "d": { "list": [{ "slot": "$0" }] } } }));
    assert_eq!(shown[7]["operand"], json!({ "hex": "00ff" }));
}

#[test]
fn conditions_and_captures_are_shown() {
    let condition = compile_condition("{ n: { lt: 5 } }").accepted();
    assert_eq!(condition.to_string(), "n lt 5");
    let captures =
        compile_captures("{ a: $.a, b: { regex: 'id=(?<id>.)', group: id, path: $.b } }").accepted();
    assert_eq!(captures[0].to_string(), "a = $.a");
    assert_eq!(captures[1].to_string(), r#"b = regex "id=(?<id>.)" group 1 in $.b"#);
    assert_eq!(
        serde_json::to_value(&captures).unwrap(),
        json!([
            { "name": "a", "slot": "$0", "path": "$.a" },
            { "name": "b", "slot": "$1", "path": "$.b", "regex": "id=(?<id>.)", "group": 1 },
        ])
    );
}

#[test]
fn a_matcher_with_fewer_conditions_takes_all_that_one_with_more_wants() {
    let takes = |rule: &str, expect: &str| {
        compile_matcher(rule).accepted().takes_all_of(&compile_matcher(expect).accepted())
    };
    for (rule, expect) in [
        ("{ $.a: 1 }", "{ $.a: 1 }"),
        ("{ $.a: 1 }", "{ $.a: 1.0, $.b: 2 }"),
        ("{ \"$['a']\": 1 }", "{ $.b: { gt: 1 }, $.a: { lt: 5, eq: 1 } }"),
        ("{ $.s: \"{{session}}\" }", "{ $.s: \"{{session}}\" }"),
        ("{ text: ok }", "{ text: { equals: ok } }"),
        ("{ binary: { starts_with: a } }", "{ binary: { starts_with: { hex: '61' }, length: 3 } }"),
        ("{ \"$..a[?@>1]\": { matches: x } }", "{ \"$..a[?@ > 1]\": { matches: x } }"),
    ] {
        assert!(takes(rule, expect), "{rule} {expect}");
    }
    for (rule, expect) in [
        ("{ $.a: 1 }", "{ $.a: 2 }"),
        ("{ $.a: 1 }", "{ $.b: 1 }"),
        ("{ $.a: 1, $.b: 2 }", "{ $.a: 1 }"),
        ("{ $.a: 1 }", "{ $.a: { lte: 1 } }"),
        ("{ $.a: \"1\" }", "{ $.a: 1 }"),
        ("{ text: a }", "{ binary: a }"),
        // What helpers give, or a text with templates in it, is not looked into.
        ("{ $.s: \"x{{session}}\" }", "{ $.s: \"x{{session}}\" }"),
    ] {
        assert!(!takes(rule, expect), "{rule} {expect}");
    }
    let same = compile_matcher("{ $.a: 1, $.b: 2 }").accepted();
    assert!(same.is_same(&compile_matcher("{ $.b: 2, $.a: 1 }").accepted()));
    assert!(!same.is_same(&compile_matcher("{ $.b: 2 }").accepted()));
}
