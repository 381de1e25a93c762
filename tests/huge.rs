//! Plans that programs write: as large as the limits allow, as deep, as wrong. Each would take minutes if anything in
//! checking took the square of its size, or doubled with each level; a test that hangs is the failure.

use wsplan::diagnostic::{Style, render, to_json};

use crate::support::compiling::{Outcome, compile_text};

const HEAD: &str = "target: ws://127.0.0.1:9001\nscenarios:\n  user:\n    steps:\n      - connect: {}\n";

/// A plan of these steps behind a connect.
fn plan(steps: impl IntoIterator<Item = String>) -> String {
    let steps: Vec<String> = steps.into_iter().map(|step| format!("      - {step}\n")).collect();
    format!("{HEAD}{}", steps.concat())
}

fn codes(outcome: &Outcome) -> Vec<(String, usize)> {
    let mut counted: Vec<(String, usize)> = Vec::new();
    for diagnostic in &outcome.diagnostics {
        let code = diagnostic.code.to_string();
        match counted.iter_mut().find(|(known, _)| *known == code) {
            Some((_, count)) => *count += 1,
            None => counted.push((code, 1)),
        }
    }
    counted
}

#[track_caller]
fn has(text: &str, expected: &[(&str, usize)]) -> Outcome {
    let outcome = compile_text(text);
    let found = codes(&outcome);
    let found: Vec<(&str, usize)> = found.iter().map(|(code, count)| (code.as_str(), *count)).collect();
    assert_eq!(found, expected);
    outcome
}

#[test]
fn a_hundred_thousand_steps_are_over_a_limit_that_is_named() {
    let outcome = has(&plan((0..100_000).map(|_| "send: a".to_owned())), &[("WSP0104", 1)]);
    assert!(outcome.diagnostics[0].message.contains("200000"), "{}", outcome.diagnostics[0].message);
}

#[test]
fn all_the_steps_that_fit_are_compiled() {
    let steps = (0..15_000).map(|i| match i % 3 {
        0 => format!("{{ name: s{i}, expect: {{ $.a: {i} }} }}"),
        1 => "send: { id: \"{{correlation_id}}\" }".to_owned(),
        _ => "think: 1s".to_owned(),
    });
    let program = has(&plan(steps), &[]).compiled.unwrap().program;
    assert_eq!((program.states.len(), program.timers.len()), (15_002, 5_004));
}

#[test]
fn loops_in_loops_are_walked_once_for_each_state_of_the_connection() {
    let nested =
        |outer: &str, inner: &str| (0..18).fold(inner.to_owned(), |step, _| outer.replace('@', &step));
    let reconnecting = "loop: { times: 3, steps: [ { @ }, { close: {} }, { connect: {} } ] }";
    has(&plan([nested(reconnecting, "send: a")]), &[]);
    let closing = "loop: { times: 3, steps: [ { @ }, { close: {} } ] }";
    has(&plan([nested(closing, "send: a")]), &[("WSP0407", 18)]);
    let setting = "loop: { while: { user.id: { gt: 5 } }, steps: [ { @ }, { think: 1s } ] }";
    has(&plan([nested(setting, "think: 1s")]), &[]);
    let endless = "loop: { forever: true, steps: [ { @ } ] }";
    has(&plan([nested(endless, "send: a")]), &[("WSP0408", 18)]);
}

#[test]
fn mistakes_by_the_thousand_are_all_there() {
    let unknown = (0..10_000).map(|_| "sned: a".to_owned());
    has(&plan(unknown), &[("WSP0201", 10_000)]);
    let undefined = (0..5_000).map(|i| format!("send: \"{{{{nobody{i}}}}}\""));
    has(&plan(undefined), &[("WSP0401", 5_000)]);
    let unused = (0..5_000).map(|i| format!("expect: {{ where: {{ $.a: 1 }}, capture: {{ c{i}: $.b }} }}"));
    has(&plan(unused), &[("WSP0404", 5_000)]);
}

#[test]
fn unknown_names_beside_as_many_known_ones_are_not_all_compared() {
    let vars: Vec<String> = (0..5_000).map(|i| format!("  somebody{i}: 1\n")).collect();
    let steps = (0..5_000).map(|i| format!("send: \"{{{{nobodyelse{i}}}}}\""));
    let text = format!("vars:\n{}{}", vars.concat(), plan(steps));
    let outcome = compile_text(&text);
    let undefined = codes(&outcome).into_iter().find(|(code, _)| code == "WSP0401");
    assert_eq!(undefined.map(|(_, count)| count), Some(5_000));
}

#[test]
fn a_plan_of_one_long_line_is_shown() {
    let steps = vec![r#"{"sned":"é"}"#; 5_000].join(",");
    let text = format!(r#"{{"target":"ws://127.0.0.1:9001","scenarios":{{"u":{{"steps":[{steps}]}}}}}}"#);
    let outcome = has(&text, &[("WSP0201", 5_000)]);
    let shown =
        render(&outcome.diagnostics, &outcome.sources, Style { color: false, width: 80, unicode: true });
    assert_eq!(shown.matches("error[").count(), 5_000);
    assert!(shown.lines().all(|line| line.chars().count() <= 90));
    let json: serde_json::Value =
        serde_json::from_str(&to_json(&outcome.diagnostics, &outcome.sources)).unwrap();
    let last = &json["diagnostics"][4_999];
    assert_eq!(last["column"], text.rfind("\"sned\"").map(|at| text[..at].chars().count() + 1).unwrap());
}

#[test]
fn one_text_with_as_many_tags_as_it_may_have_is_lowered() {
    let tags = "{{user.id}} ".repeat(1_000);
    has(&plan([format!("send: \"{tags}\"")]), &[]);
    let dotted = format!("send: \"{{{{user.id{}}}}}\"", ".a".repeat(50_000));
    has(&plan([dotted]), &[]);
}
