use std::fmt::Write;

use proptest::prelude::*;
use serde_json::Value;

use super::{Limits, Node, NodeKind, parse};
use crate::diagnostic::{Diagnostic, Diagnostics, FileId, Sources, Span};

/// A text as a file, with its tree and its mistakes.
struct Parsed {
    sources: Sources,
    file: FileId,
    root: Option<Node>,
    mistakes: Vec<Diagnostic>,
}

impl Parsed {
    fn of(text: &str) -> Self {
        Self::within(text, &Limits::default())
    }

    fn within(text: &str, limits: &Limits) -> Self {
        let mut sources = Sources::new();
        let file = sources.add("plan.yaml", text);
        let mut diagnostics = Diagnostics::new();
        let root = parse(&sources, file, limits, &mut diagnostics);
        Self { sources, file, root, mistakes: diagnostics.into_sorted() }
    }

    /// The root of a text that has no mistakes.
    fn root(&self) -> &Node {
        assert_eq!(self.mistakes, [], "{}", self.sources.file(self.file).text());
        self.root.as_ref().expect("a tree")
    }

    /// The node under a path of keys and indices.
    fn at(&self, path: &str) -> &Node {
        let mut node = self.root.as_ref().expect("a tree");
        for step in path.split('.') {
            node = match step.parse::<usize>() {
                Ok(index) => &node.items().expect("a list")[index],
                Err(_) => node.lookup(step).expect("a key"),
            };
        }
        node
    }

    fn slice(&self, path: &str) -> &str {
        self.sources.slice(self.at(path).span)
    }

    /// Code, message and the text under each label.
    fn told(&self) -> Vec<String> {
        let label = |label: &crate::diagnostic::Label| format!("[{}]", self.sources.slice(label.span));
        self.mistakes
            .iter()
            .map(|d| format!("{} {} {}", d.code, d.message, d.labels.iter().map(label).collect::<String>()))
            .collect()
    }

    fn helps(&self) -> String {
        self.mistakes.iter().filter_map(|d| d.help.clone()).collect::<Vec<_>>().join("\n")
    }
}

fn value(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Null => Value::Null,
        NodeKind::Bool(value) => Value::Bool(*value),
        NodeKind::Number(number) => Value::Number(number.clone()),
        NodeKind::String(text) => Value::String(text.clone()),
        NodeKind::List(items) => items.iter().map(value).collect(),
        NodeKind::Map(entries) => {
            Value::Object(entries.iter().map(|e| (e.key.text.clone(), value(&e.value))).collect())
        }
    }
}

fn json_of(text: &str) -> String {
    value(Parsed::of(text).root()).to_string()
}

#[test]
fn spans_cover_what_was_written() {
    let text = "\u{feff}a: 'x y'  # é\r\nb: \"é\\n\"\r\nc: plain text\r\nd: |-  # note\r\n  one\r\n\r\n  two\r\n\r\n\
                e: [1, {x: y} ]\r\nf:\r\n- p\r\n- - q\r\n  - r\r\ng:\r\nh: \"two\r\n  lines\"\r\ni:\r\n  j: k\r\n";
    let parsed = Parsed::of(text);
    for (path, source) in [
        ("a", "'x y'"),
        ("b", "\"é\\n\""),
        ("c", "plain text"),
        ("d", "|-  # note\r\n  one\r\n\r\n  two"),
        ("e", "[1, {x: y} ]"),
        ("e.0", "1"),
        ("e.1", "{x: y}"),
        ("f", "- p\r\n- - q\r\n  - r"),
        ("f.1", "- q\r\n  - r"),
        ("f.1.1", "r"),
        ("g", ""),
        ("h", "\"two\r\n  lines\""),
        ("i", "j: k"),
    ] {
        assert_eq!(parsed.slice(path), source, "{path}");
    }
    let gap = parsed.at("g").span;
    assert_eq!(
        &text[gap.start as usize - 2..gap.start as usize],
        "g:",
        "what is absent stands behind its colon"
    );
    let keys: Vec<_> =
        parsed.root().entries().unwrap().iter().map(|e| parsed.sources.slice(e.key.span)).collect();
    assert_eq!(keys, ["a", "b", "c", "d", "e", "f", "g", "h", "i"]);
}

#[test]
fn block_scalars_keep_their_header_in_the_span() {
    let parsed =
        Parsed::of("a:\n  - |\n    x\n\n  - >2+ # c | d\n      y  \n  - |\nb: &n !!str |\n  z\nc: |");
    assert_eq!(parsed.slice("a.0"), "|\n    x");
    assert_eq!(parsed.slice("a.1"), ">2+ # c | d\n      y  ");
    assert_eq!(parsed.slice("a.2"), "|");
    assert_eq!(parsed.slice("b"), "|\n  z");
    assert_eq!(parsed.slice("c"), "|");
    assert_eq!(parsed.at("a.0").text(), Some("x\n"));
    assert_eq!(parsed.at("a.1").text(), Some("  y  \n"));
}

#[test]
fn inner_spans_point_into_every_style_of_text() {
    let text = "plain: say {{x}} now\nsingle: 'it''s {{x}} now'\ndouble: \"a\\n\\\"{{x}}\\\" \\u0041\"\n\
                quoted: \"a \\\"b\\\" {{x}}\"\nliteral: |\n  # é\n  say {{x}}\n  now\nfolded: >-\n  say\n  {{x}}\n\n  now\n\
                lines: say\n  {{x}}\nalias: &a \"{{x}}\"\nuse: *a\nlist: [1]\n\
                numbered: \"\\xe9 \\ud83d\\ude00\\u0020{{\\u0078}}\\\n  \"\n";
    let parsed = Parsed::of(text);
    let inner = |key: &str, part: &str| {
        let node = parsed.at(key);
        let value = node.text().unwrap();
        let start = value.find(part).unwrap();
        parsed.sources.slice(node.inner_span(&parsed.sources, start..start + part.len()))
    };
    for key in ["plain", "single", "double", "quoted", "literal", "folded", "lines", "alias"] {
        assert_eq!(inner(key, "{{x}}"), "{{x}}", "{key}");
    }
    assert_eq!(inner("single", "'s"), "''s");
    assert_eq!(inner("quoted", "\"b\""), "\\\"b\\\"");
    assert_eq!(inner("folded", "say {{x}}"), "say\n  {{x}}");
    assert_eq!(inner("numbered", "{{x}}"), "{{\\u0078}}");
    assert_eq!(inner("numbered", "é"), "\\xe9");
    assert_eq!(inner("numbered", "😀 {{x}}"), "\\ud83d\\ude00\\u0020{{\\u0078}}");
    assert_eq!(inner("use", "{{x}}"), "*a");
    let list = parsed.at("list");
    assert_eq!(list.inner_span(&parsed.sources, 0..1), list.span);
    let plain = parsed.at("plain");
    assert_eq!(plain.inner_span(&parsed.sources, 90..99), plain.span, "outside the value");
}

#[test]
fn json_reads_as_json() {
    let text = "{\"a\": \"\\u0000\\/\\ud83d\\ude00\\b\",\t\"b\":\t[1e5,-0, 12345678901234567890],\n\t\"c\"\n:{},\"d\":[],\"yes\":null}";
    let expected: Value = serde_json::from_str(text).unwrap();
    assert_eq!(value(Parsed::of(text).root()), expected);
    let long_key = format!("{{\"{}\": 1}}", "k".repeat(5_000));
    assert_eq!(json_of(&long_key), long_key.replace(": ", ":"));
}

#[test]
fn aliases_and_merges_expand() {
    let text = "base: &b {x: 1, y: 2}\nmore: &m\n  y: 3\n  z: 4\nuse:\n  y: 0\n  <<: [*b, *m]\nagain: *b\n\"<<\": text\n";
    let parsed = Parsed::of(text);
    assert_eq!(value(&parsed.root().lookup("use").unwrap().clone()).to_string(), r#"{"y":0,"x":1,"z":4}"#);
    assert_eq!(parsed.at("<<").text(), Some("text"));
    assert_eq!(parsed.slice("again"), "*b", "the whole is the alias");
    assert_eq!(parsed.sources.start(parsed.at("again.x").span).line, 1, "the parts are the anchor's");
}

#[test]
fn mistakes_that_leave_a_tree_are_all_told() {
    let parsed = Parsed::of(
        "a: 1\nb: {{x}}\na: 2\n1: x\nc: *nope\nd: .inf\ne: 007\nf: !foo x\ng: {p:q}\na: 3\n? [k]\n: v\n<<: 1\n",
    );
    assert_eq!(
        parsed.told(),
        [
            "WSP0101 a value that starts with `{{` must be quoted [{{x}}]",
            "WSP0102 `a` stands 3 times in one map [a][a][a]",
            "WSP0108 a key must be text, not a number [1]",
            "WSP0101 alias `*nope` has no anchor [*nope]",
            "WSP0101 `.inf` is not a finite number [.inf]",
            "WSP0101 number with a leading zero [007]",
            "WSP0101 unknown tag `!foo` [!foo]",
            "WSP0101 space missing after a colon [:]",
            "WSP0108 a key must be text, not a list [[k]]",
            "WSP0101 `<<` merges maps, not a number [1]",
        ]
    );
    assert_eq!(parsed.at("b").text(), Some("{{x}}"), "taken for what was meant");
    assert_eq!(value(parsed.at("a")), 1, "the first stays");
    assert_eq!(parsed.root.as_ref().unwrap().lookup("1").and_then(Node::text), Some("x"));
}

#[test]
fn keys_that_are_not_text_say_how_to_write_them() {
    let parsed = Parsed::of("true: 1\n~: 2\n1.50: 3\n{x}: 4\n");
    assert_eq!(codes(&parsed), ["WSP0108"; 4]);
    assert!(
        parsed.helps().contains("`\"true\"`") && parsed.helps().contains("`\"1.50\"`"),
        "{}",
        parsed.helps()
    );
}

#[test]
fn an_alias_is_compared_with_the_anchors_before_it() {
    assert!(Parsed::of("a: &defaults {}\nb: *default\n").helps().contains("did you mean `*defaults`?"));
}

/// A text, the one mistake it is told to have, and a word that its help must hold.
const BROKEN: &[(&str, &str, &str)] = &[
    ("a:\n\tb: 1\n", "tab used as indentation [\t]", "spaces"),
    ("a: 1\n\tb: 2\n", "tab used as indentation [\t]", "spaces"),
    ("a: {{x}} y\n", "a value that starts with `{{` must be quoted [{{x}}]", "quote"),
    ("a: {{#if x}}y{{/if}}\n", "a value that starts with `{{` must be quoted [{{#if x}}]", "quote"),
    ("a: @x\n", "a value cannot start with `@` [@]", "quote"),
    ("a: %x\n", "a value cannot start with `%` [%]", "quote"),
    ("a: `x`\n", "a value cannot start with ``` [`]", "quote"),
    ("a:b\nc: 1\n", "space missing after a colon [:]", "key: value"),
    ("x: 1\na:b\n", "space missing after a colon [:]", "key: value"),
    ("- send:\n    type:hello\n    b: 1\n", "space missing after a colon [:]", "key: value"),
    ("a: b: c\n", "`:` where a value already stands [:]", "quote"),
    ("a: \"b\nc: 3\n", "text is not closed with `\"` [\"]", "end it with"),
    ("{\"a\": \"b\n", "text is not closed with `\"` [\"]", "end it with"),
    ("a: 'b\nc: 3\n", "text is not closed with `'` [']", "''"),
    ("a: \"x\" y\n", "more text behind a closing quote [y]", "whole value"),
    ("a: \"\\d+\"\n", "unknown escape in double quotes [\\d]", "single quotes"),
    ("a: \"\\ud83d\"\n", "half of a surrogate pair [\"]", "both halves"),
    ("a: [1, 2\n", "`[` is not closed [[]", "`]`"),
    ("a: {b: 1]\n", "`{` is closed by `]` [{]", "`}`"),
    ("a: }\n", "closing bracket without an opening one [}]", "quote"),
    ("{\"a\": 1 \"b\": 2}\n", "`,` or closing bracket is missing [:]", ","),
    ("a: [1, 2\nb: 3\n", "`:` is not expected here [:]", "bracket"),
    ("a:\n  b: 1\n c: 2\n", "line does not fit the map it stands in [c]", "column"),
    ("- a\nb: 1\n", "line does not fit the list it stands in [b]", "- "),
    ("a: - b\n", "list on the line of its key [-]", "next line"),
    ("a: 1\nb\nc: 2\n", "key without a colon [b]", "key: value"),
    ("a: *\n", "`*` or `&` without a name [*]", "quote"),
    ("a: !x!y z\n", "malformed tag [!]", "quote"),
    ("a: \u{7}b\n", "character U+0007 cannot stand here as it is [\u{7}]", "\\u0007"),
];

#[test]
fn syntax_errors_say_what_was_done_and_what_to_write() {
    for (text, told, help) in BROKEN {
        let parsed = Parsed::of(text);
        assert_eq!(parsed.told(), [format!("WSP0101 {told}")], "{text:?}");
        assert!(parsed.helps().contains(help), "{text:?}: {}", parsed.helps());
        assert!(parsed.root.is_none(), "{text:?}");
        assert!(!parsed.mistakes[0].labels[0].text.is_empty(), "{text:?}");
    }
}

#[test]
fn a_file_holds_one_plan() {
    let parsed = Parsed::of("a: 1\n---\nb: 2\n");
    assert_eq!(parsed.told(), ["WSP0106 more than one document in the file [---]"]);
    assert_eq!(parsed.slice("a"), "1", "the first is gone on with");
    for text in ["", "\u{feff}", "# nothing\n", "---\n", "~\n", "\n\n"] {
        assert_eq!(Parsed::of(text).told(), ["WSP0107 the file holds no plan []"], "{text:?}");
    }
    assert_eq!(json_of("---\na: 1\n...\n"), r#"{"a":1}"#);
}

fn codes(parsed: &Parsed) -> Vec<String> {
    parsed.mistakes.iter().map(|d| d.code.to_string()).collect()
}

#[test]
fn the_depth_limit_is_exact_in_both_styles() {
    let limits = Limits { depth: 5, ..Limits::default() };
    let flow = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let block = |depth: usize| format!("{}x", "- ".repeat(depth));
    for write in [&flow as &dyn Fn(usize) -> String, &block] {
        assert!(Parsed::within(&write(5), &limits).mistakes.is_empty());
        let deep = Parsed::within(&write(6), &limits);
        assert_eq!(codes(&deep), ["WSP0103"]);
        assert!(deep.mistakes[0].message.contains('5') && deep.root.is_none());
    }
    let by_alias = "a: &a [[1]]\nb: &b [[*a]]\nc: [*b]\n";
    assert_eq!(codes(&Parsed::within(by_alias, &limits)), ["WSP0103"]);
}

#[test]
fn hundred_thousand_levels_end_in_one_error() {
    for text in ["[".repeat(100_000), "{a: ".repeat(100_000), "- ".repeat(100_000), "? ".repeat(100_000)] {
        assert_eq!(codes(&Parsed::of(&text)), ["WSP0103"], "{}", &text[..4]);
    }
}

#[test]
fn billion_laughs_end_in_one_error() {
    let mut text = "a0: &a0 lol\n".to_owned();
    for level in 1..30 {
        let uses = vec![format!("*a{}", level - 1); 9].join(", ");
        writeln!(text, "a{level}: &a{level} [{uses}]").unwrap();
    }
    assert_eq!(codes(&Parsed::of(&text)), ["WSP0105"]);
    let long_text = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), "*a, ".repeat(1_000));
    assert_eq!(codes(&Parsed::of(&long_text)), ["WSP0105"]);
    assert_eq!(codes(&Parsed::of(&format!("a: &a 1\nb: [{}]\n", "*a, ".repeat(10_001)))), ["WSP0105"]);
    assert_eq!(codes(&Parsed::of("a: &a [*a]\n")), ["WSP0105"]);
}

#[test]
fn nested_anchors_cannot_copy_without_end() {
    let open: String = (0..60).fold(String::new(), |text, level| text + &format!("&a{level} ["));
    let text = format!("{open}{}{}", "1, ".repeat(10_000), "]".repeat(60));
    assert_eq!(codes(&Parsed::of(&text)), ["WSP0105"]);
}

#[test]
fn too_many_values_are_counted() {
    let limits = Limits { node_count: 5, ..Limits::default() };
    assert!(Parsed::within("[1, 2, 3, 4]", &limits).mistakes.is_empty());
    let parsed = Parsed::within("[1, 2, 3, 4, 5]", &limits);
    assert_eq!(parsed.told(), ["WSP0104 more than 5 values in the file [[1, 2, 3, 4, 5]]"]);
}

#[test]
fn large_files_are_read_or_refused() {
    let one_text = format!("a: \"{}\"\n", "é".repeat(5 << 20));
    assert_eq!(Parsed::of(&one_text).at("a").text().map(str::len), Some(10 << 20));
    assert_eq!(codes(&Parsed::of(&"- 1\n".repeat(5 << 19))), ["WSP0104"]);
    let wrong_everywhere =
        (0..20_000).fold(String::new(), |text, n| text + &format!("{n}: {{a: 1, a: 2}}\n"));
    let parsed = Parsed::of(&wrong_everywhere);
    assert_eq!(parsed.mistakes.len(), super::REPORTED_COUNT + 1);
}

/// Every span inside the text, on characters, and inside its parent's, but for what aliases bring in.
fn check_spans(text: &str, node: &Node, parent: Span) {
    let range = node.span.range();
    assert!(text.get(range.clone()).is_some(), "{text:?} {:?}", node.span);
    let inside = |span: Span| span.start >= parent.start && span.end <= parent.end;
    assert!(inside(node.span), "{text:?}: {:?} outside {parent:?}", node.span);
    if text[range].starts_with('*') {
        return;
    }
    for item in node.items().unwrap_or_default() {
        check_spans(text, item, node.span);
    }
    for entry in node.entries().unwrap_or_default() {
        let merged = !(entry.key.span.start >= node.span.start && entry.key.span.end <= node.span.end);
        if !merged {
            assert!(text.get(entry.key.span.range()).is_some());
            if entry.value.span.start >= entry.key.span.start {
                check_spans(text, &entry.value, node.span);
            }
        }
    }
}

fn check_text(text: &str) {
    let parsed = Parsed::of(text);
    let whole = Span::new(parsed.file, 0, text.len());
    for label in parsed.mistakes.iter().flat_map(|d| &d.labels) {
        assert!(text.get(label.span.range()).is_some(), "{text:?} {label:?}");
    }
    assert!(parsed.root.is_some() || !parsed.mistakes.is_empty(), "{text:?}");
    if let Some(root) = &parsed.root {
        check_spans(text, root, whole);
        check_inner(&parsed, root);
    }
}

/// No range of any text leads out of its node.
fn check_inner(parsed: &Parsed, node: &Node) {
    if let Some(text) = node.text() {
        for (at, c) in text.char_indices() {
            let inner = node.inner_span(&parsed.sources, at..at + c.len_utf8());
            assert!(inner.start >= node.span.start && inner.end <= node.span.end);
            let source = parsed.sources.slice(inner);
            // An escape such as `\a` names its character, it does not hold it.
            let is_there = source.contains(c) || source.starts_with('\\');
            assert!(inner == node.span || is_there, "{c:?} is not in {source:?}");
        }
    }
    node.items().unwrap_or_default().iter().for_each(|item| check_inner(parsed, item));
    node.entries().unwrap_or_default().iter().for_each(|entry| check_inner(parsed, &entry.value));
}

/// A character that YAML lets stand as it is (section 5.1); JSON allows a few more inside quotes.
fn is_printable(c: char) -> bool {
    matches!(c, '\u{20}'..='\u{7e}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
        || c < ' '
}

fn json() -> impl Strategy<Value = Value> {
    let text = || {
        prop_oneof![
            any::<String>().prop_map(|s| s.chars().filter(|c| is_printable(*c)).collect()),
            "[ -~]{0,12}",
            "[\\n\\t \"\\\\/é{}#:]{0,8}"
        ]
    };
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter_map("finite", |n| serde_json::Number::from_f64(n).map(Value::Number)),
        text().prop_map(Value::String),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((text(), inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// The strings of the tree slice to their JSON encoding.
fn check_encoding(parsed: &Parsed, node: &Node) {
    if let Some(text) = node.text() {
        assert_eq!(parsed.sources.slice(node.span), Value::from(text).to_string());
    }
    for entry in node.entries().unwrap_or_default() {
        assert_eq!(parsed.sources.slice(entry.key.span), Value::from(entry.key.text.as_str()).to_string());
        check_encoding(parsed, &entry.value);
    }
    node.items().unwrap_or_default().iter().for_each(|item| check_encoding(parsed, item));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        check_text(&text);
    }

    #[test]
    fn text_made_of_marks_never_panics(text in "[-a1:{}\\[\\],|>&*!#'\"?%@~<=\\\\ \\n\\r\\té\u{feff}]{0,40}") {
        check_text(&text);
    }

    #[test]
    fn text_made_of_pieces_never_panics(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..24)) {
        check_text(&pieces.concat());
    }

    #[test]
    fn json_gives_the_tree_that_serde_json_gives(value_in in json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value_in) } else { serde_json::to_string(&value_in) }.unwrap();
        let parsed = Parsed::of(&text);
        if value_in.is_null() {
            prop_assert!(parsed.root.is_none());
        } else {
            prop_assert_eq!(&parsed.mistakes, &[]);
            let root = parsed.root.as_ref().unwrap();
            prop_assert_eq!(value(root), value_in);
            check_encoding(&parsed, root);
        }
    }
}

/// Parts of YAML that arbitrary characters seldom hit upon.
const PIECES: &[&str] = &[
    "a: ",
    "b:\n",
    "- ",
    "  ",
    "    ",
    "\n",
    "\r\n",
    "\"x\\\"\"",
    "'it''s'",
    "|\n",
    ">-\n",
    "|+2\n",
    "{",
    "}",
    "[",
    "]",
    ", ",
    "&n ",
    "*n",
    "<<: ",
    "!!str ",
    "? ",
    ": ",
    "# c\n",
    "---\n",
    "...\n",
    "{{x}}",
    "é",
    "x y",
    "1",
    "~",
    "\t",
    "\"",
    "'",
    "%YAML 1.2\n",
];
