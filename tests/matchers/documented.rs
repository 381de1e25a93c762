//! Reads `docs/matchers.md`: a fenced example of YAML with one key, then a table of messages and what comes of them.

use std::fmt::Debug;

use super::{Variables, compile_captures, compile_condition, compile_matcher, either_way};
use wsplan::machine::matching::{condition_holds, matches};
use wsplan::machine::mismatch::judge;
use wsplan::machine::{Message, Payload, capture::capture};
use wsplan::program::{Capture, Matcher, Path, Value};

const PAGE: &str = include_str!("../../docs/matchers.md");

struct Example<'p> {
    yaml: &'p str,
    /// The cells of the table behind it.
    rows: Vec<[&'p str; 2]>,
}

fn examples(page: &str) -> Vec<Example<'_>> {
    let mut found = Vec::new();
    for part in page.split("```yaml\n").skip(1) {
        let (yaml, rest) = part.split_once("```\n").expect("a fence is closed");
        let table = rest.lines().skip_while(|line| line.is_empty()).take_while(|line| line.starts_with('|'));
        let rows = table.skip(2).map(|line| {
            let (left, right) = line.trim_matches('|').split_once(" | ").expect("two columns");
            [left.trim(), right.trim()]
        });
        found.push(Example { yaml, rows: rows.collect() });
    }
    found
}

fn code(cell: &str) -> &str {
    cell.strip_prefix('`')
        .and_then(|cell| cell.strip_suffix('`'))
        .unwrap_or_else(|| panic!("no code: {cell}"))
}

/// The bytes of `hex:00ff`, or the text.
fn bytes(message: &str) -> Option<Vec<u8>> {
    let digits = message.strip_prefix("hex:")?;
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal digits");
    Some((0..digits.len()).step_by(2).map(byte).collect())
}

/// What comes of a message, however its paths are found.
fn with_message<'p, T: PartialEq + Debug>(
    text: &str,
    paths: impl Iterator<Item = &'p Path>,
    then: impl FnMut(&Message<'_>) -> T,
) -> T {
    match bytes(text) {
        Some(bytes) => either_way(Payload::Binary(&bytes), paths, then),
        None => either_way(Payload::Text(text), paths, then),
    }
}

fn verdict(matcher: &Matcher, message: &str) -> String {
    with_message(message, matcher.paths(), |message| {
        Variables::new().with_scope(|scope| {
            let judged = judge(matcher, message, scope);
            assert_eq!(matches(matcher, message, scope), judged.is_ok(), "{matcher}");
            judged.map_or_else(|mismatch| format!("`{mismatch}`"), |()| "matches".to_owned())
        })
    })
}

fn captured(yaml: &str, message: &str) -> String {
    let captures = compile_captures(yaml).accepted();
    let one = |instruction: &Capture| {
        with_message(message, instruction.path().into_iter(), |message| {
            let mut slot = Value::Unset;
            capture(instruction, message, &mut slot).map_or_else(
                |failure| format!("`{failure}`"),
                |()| format!("`{} = {}`", instruction.name, slot.to_json_text()),
            )
        })
    };
    captures.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[test]
fn every_example_holds() {
    let (mut case_count, mut wrong) = (0, Vec::new());
    for Example { yaml, rows } in examples(PAGE) {
        let (key, value) = yaml.split_once(':').expect("one key");
        case_count += rows.len();
        for [message, expected] in rows {
            let message = code(message);
            let actual = match key {
                "where" | "assert" => verdict(&compile_matcher(value).accepted(), message),
                "capture" => captured(value, message),
                other => panic!("unknown key `{other}`"),
            };
            if actual != expected {
                wrong.push(format!("{yaml}{message}\n  gives {actual}\n  not   {expected}\n"));
            }
        }
        if key == "while" {
            let condition = compile_condition(value).accepted();
            assert!(Variables::new().with_scope(|scope| condition_holds(&condition, scope)), "{yaml}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(case_count > 60, "only {case_count} cases were found");
}

#[test]
fn a_wrong_verdict_would_be_noticed() {
    let [Example { yaml, rows }] =
        &examples("```yaml\nwhere: { $.a: 1 }\n```\n\n| m | v |\n|--|--|\n| `{}` | x |\n")[..]
    else {
        panic!("one example")
    };
    assert_eq!((*yaml, rows.as_slice()), ("where: { $.a: 1 }\n", &[["`{}`", "x"]][..]));
    assert_ne!(verdict(&compile_matcher("{ $.a: 1 }").accepted(), "{}"), "matches");
}
