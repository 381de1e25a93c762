use clap::Parser;
use proptest::prelude::*;

use super::*;
use crate::compile::Compiled;
use crate::load::Load;

#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    overrides: Overrides,
    #[command(flatten)]
    line: Line,
}

const TARGET: &str = "ws://127.0.0.1:9001/chat?room=1";

fn load(arguments: &[&str]) -> (String, Front) {
    let arguments = Arguments::try_parse_from([&["wsplan"], arguments].concat()).unwrap();
    let mut sources = Sources::new();
    arguments.line.load(&mut sources, TARGET, &arguments.overrides, Severity::Error)
}

fn text(arguments: &[&str]) -> String {
    let (text, front) = load(arguments);
    assert!(front.diagnostics.is_empty(), "{text}{:#?}", front.diagnostics);
    text
}

/// What a text compiles to as a file.
fn compiled(text: &str) -> Compiled {
    let mut sources = Sources::new();
    let front = front::of_text(&mut sources, "plan.yaml", text, &Overrides::default(), Severity::Error);
    front.compiled.unwrap_or_else(|| panic!("{text}{:#?}", front.diagnostics))
}

#[test]
fn steps_stand_in_the_order_in_which_the_flags_do() {
    let arguments = [
        "--send",
        "a",
        "--expect",
        "b",
        "--think",
        "1500ms",
        "--send",
        r#"{"type":"say","n":[1,2.5,null]}"#,
        "--expect",
        "{$.re: 7}",
        "--expect",
        "$.tags[0]: x",
        "--users",
        "10",
        "--rate",
        "5",
        "--duration",
        "1m",
        "-H",
        "Authorization: Bearer {{env.TOKEN}}",
        "--header",
        "X-Client:wsplan",
        "--subprotocol",
        "chat.v2",
        "--subprotocol",
        "chat.v1",
        "--var",
        "room=lobby",
        "--var",
        "n=[1, 2]",
        "--send",
        "{{room}} {{n}}",
    ];
    let (text, _) = load(&arguments);
    let expected = r#"# yaml-language-server: $schema=plan.schema.json
name: 127.0.0.1
target: ws://127.0.0.1:9001/chat?room=1

vars:
  room: lobby
  n: [1, 2]

load: { users: 10, rate: 5/s, duration: 1m }

scenarios:
  user:
    steps:
      - connect:
          headers:
            Authorization: "Bearer {{env.TOKEN}}"
            X-Client: wsplan
          subprotocols: [chat.v2, chat.v1]
      - send: a
      - expect:
          where: { text: { contains: b } }
          within: 10s
      - think: 1s500ms
      - send: { type: say, n: [1, 2.5, null] }
      - expect:
          where: { $.re: 7 }
          within: 10s
      - expect:
          where: { "$.tags[0]": x }
          within: 10s
      - send: "{{room}} {{n}}"
      - close: {}
"#;
    assert_eq!(text, expected);
}

#[test]
fn a_run_that_only_connects_has_nothing_more() {
    let expected = "# yaml-language-server: $schema=plan.schema.json\nname: 127.0.0.1\n\
                    target: ws://127.0.0.1:9001/chat?room=1\n\nscenarios:\n  user:\n    steps:\n      \
                    - connect: {}\n      - close: {}\n";
    assert_eq!(text(&[]), expected);
}

#[test]
fn an_expect_may_be_all_that_one_can_be_in_a_plan() {
    let long = "{ where: {$.type: joined}, capture: {id: $.id}, within: 3s }";
    let text = text(&["--expect", long, "--send", r#"{"id":"{{id}}"}"#]);
    let step = "      - expect:\n          where: { $.type: joined }\n          capture: { id: $.id }\n          \
                within: 3s\n      - send: { id: \"{{id}}\" }\n";
    assert!(text.contains(step), "{text}");
}

#[test]
fn what_is_no_matcher_is_text_to_be_contained() {
    for (argument, expected) in [
        ("pong", "{ text: { contains: pong } }"),
        ("{\"type\":", "{ text: { contains: '{\"type\":' } }"),
        ("$.price", "{ text: { contains: $.price } }"),
        ("$.a: b: c", "{ text: { contains: \"$.a: b: c\" } }"),
        ("{ text: pong }", "{ text: pong }"),
        (" {$.n: {gte: 1}}\n", "{ $.n: { gte: 1 } }"),
    ] {
        let (text, _) = load(&["--expect", argument]);
        assert!(text.contains(&format!("          where: {expected}\n")), "{argument}: {text}");
    }
}

#[test]
fn an_expect_does_not_wait_longer_than_the_run() {
    let line =
        |arguments| text(arguments).lines().find(|line| line.contains("within")).unwrap().trim().to_owned();
    assert_eq!(line(&["--expect", "a", "-d", "2s"]), "within: 2s");
    assert_eq!(line(&["--expect", "a", "-d", "1m", "--within", "50ms"]), "within: 50ms");
}

#[test]
fn mistakes_are_shown_where_they_were_made() {
    let shown = |arguments: &[&str]| {
        let (_, front) = load(arguments);
        assert!(front.compiled.is_none());
        let names =
            front.diagnostics.iter().map(|d| (d.file.as_deref().unwrap_or("").to_owned(), d.message.clone()));
        names.collect::<Vec<_>>()
    };
    assert_eq!(
        shown(&["--send", r#"{"a":1,"a":2}"#]),
        [("--send".to_owned(), "`a` stands twice in one map".to_owned())]
    );
    assert_eq!(shown(&["--expect", "{$.a: 1, ]}"])[0].0, "--expect");
    assert_eq!(shown(&["--send", "{{nobody}}"])[0].0, NAME);
    assert_eq!(shown(&["--rate", "5"]), [(NAME.to_owned(), "users would come for ever".to_owned())]);
    assert_eq!(shown(&["--expect", r#"{"type":"joined"}"#])[0].0, NAME);
}

#[test]
fn what_follows_a_flag_is_its_value() {
    for (wrong, message) in [
        (["-H", "X-Client"], "a header is needed"),
        (["-H", "X Client: 1"], "a header is needed"),
        (["--think", "1"], "a length of time"),
    ] {
        let error = Arguments::try_parse_from([&["wsplan"], wrong.as_slice()].concat()).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[test]
fn the_last_value_of_a_variable_counts() {
    let text = text(&["--var", "a=1", "--var", "b=2", "--var", "a=x: y", "--send", "{{a}} {{b}}"]);
    assert!(text.contains("vars:\n  b: 2\n  a: \"x: y\"\n\n"), "{text}");
}

#[test]
fn a_target_is_known_by_its_scheme() {
    for (plan, expected) in [
        ("ws://a", true),
        ("WSS://a", true),
        ("builtin:echo", true),
        ("http://a", false),
        ("plan.yaml", false),
        ("ws:/plan.yaml", false),
        ("-", false),
    ] {
        assert_eq!(is_target(Path::new(plan)), expected, "{plan}");
    }
    for (target, expected) in [
        ("builtin:chat?delay=1s", "chat"),
        ("wss://me:secret@example.com:9/a@b", "example.com"),
        ("ws://[::1]:9", "run"),
        ("ws://{{env.HOST}}/", "run"),
        ("ws://", "run"),
    ] {
        assert_eq!(name(target), expected, "{target}");
    }
}

/// What the flags come to where a plan has no load.
fn overridden(arguments: &[&str]) -> Load {
    let arguments = Arguments::try_parse_from([&["wsplan"], arguments].concat()).unwrap();
    let mut sources = Sources::new();
    let bare = "target: ws://127.0.0.1:9\nscenarios: { user: { steps: [connect: {}] } }\n";
    front::of_text(&mut sources, "plan.yaml", bare, &arguments.overrides, Severity::Error)
        .compiled
        .unwrap()
        .load
}

#[test]
fn the_load_that_is_written_is_the_one_that_the_flags_would_make() {
    for arguments in [
        ["-u", "10", "-d", "1m30s"].as_slice(),
        &["-u", "10", "-r", "0.5"],
        &["-u", "10", "-r", "30/m", "-d", "1m"],
        &["-u", "10", "--ramp", "2s", "-i", "3"],
        &["-u", "10:20:0:5", "-i", "20"],
        &["-u", "10:20", "-d", "10s"],
        &["-r", "5", "-d", "10s", "-i", "2"],
        &["-d", "1ms"],
        &["-i", "7"],
        &[],
    ] {
        assert_eq!(compiled(&text(arguments)).load, overridden(arguments), "{arguments:?}");
    }
}

/// The first message of a plan, as it is written, once its YAML is read.
fn sent(text: &str) -> NodeKind {
    let mut sources = Sources::new();
    let file = sources.add("plan.yaml", text);
    let mut diagnostics = Diagnostics::new();
    let root = syntax::parse(&sources, file, &Limits::default(), &mut diagnostics).unwrap();
    assert!(!diagnostics.has_errors(), "{text}");
    let steps =
        root.lookup("scenarios").and_then(|node| node.lookup("user")).and_then(|node| node.lookup("steps"));
    steps.unwrap().items().unwrap()[1].lookup("send").unwrap().kind.clone()
}

proptest! {
    #[test]
    fn any_text_is_sent_as_it_is(text in prop_oneof![any::<String>(), "[ -~]*", "[{}\\[\\]:,\"' a\n]*"]) {
        let is_json = serde_json::from_str::<serde_json::Value>(&text).is_ok_and(|json| json.is_object() || json.is_array());
        prop_assume!(!is_json);
        let argument = format!("--send={text}");
        prop_assert_eq!(sent(&load(&[&argument]).0), NodeKind::String(text));
    }

    #[test]
    fn any_json_is_sent_as_it_is(key in any::<String>(), text in any::<String>(), n in any::<i64>(), x in any::<f64>()) {
        let json = serde_json::json!({ key.as_str(): [text, n, x, null, true, {}] });
        let NodeKind::Map(entries) = sent(&load(&["--send", &json.to_string()]).0) else { panic!("no map") };
        prop_assert_eq!(&entries[0].key.text, &key);
        let items = entries[0].value.items().unwrap();
        let kinds: Vec<_> = items.iter().map(|item| item.kind.clone()).collect();
        let number = |value: &serde_json::Value| match value {
            serde_json::Value::Number(number) => NodeKind::Number(number.clone()),
            _ => NodeKind::Null,
        };
        let expected = [
            NodeKind::String(text), number(&json[&key][1]), number(&json[&key][2]), NodeKind::Null,
            NodeKind::Bool(true), NodeKind::Map(Vec::new()),
        ];
        prop_assert_eq!(kinds, expected);
    }
}
