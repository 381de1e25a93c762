//! Nodes back to text: YAML as a person would write it, and as it is read to the very same nodes again. What fits into
//! its line is written in the flow style, what does not as a block; text is quoted where YAML, or another reader of YAML,
//! would take it for something else.

use std::fmt::Write;
use std::net::Ipv4Addr;

use super::{Entry, Node, NodeKind};

/// Longer lines are broken where there is something to break.
const LINE_WIDTH: usize = 100;

/// What other readers of YAML do not take for text.
const TAKEN_WORDS: [&str; 8] = ["null", "true", "false", "yes", "no", "on", "off", "nan"];

/// A text, as a value.
pub fn scalar(text: &str) -> String {
    // A colon in the middle of a word, as in a URL, makes no key.
    let is_inner =
        |(at, _): (usize, &str)| text[at + 1..].starts_with(|c: char| c == '/' || c.is_ascii_alphanumeric());
    let is_plain = is_plain(text, |c| "$/_.- :?=&%+@".contains(c)) && text.match_indices(':').all(is_inner);
    // Booleans to some, though people write them bare as keys.
    let is_boolean = ["y", "n", "Y", "N"].contains(&text);
    if is_plain && !is_boolean { text.to_owned() } else { in_quotes(text) }
}

/// A text, as a key of a map.
pub fn key(text: &str) -> String {
    if is_plain(text, |c| "$/_.- ".contains(c)) { text.to_owned() } else { in_quotes(text) }
}

fn in_quotes(text: &str) -> String {
    let is_visible = text.chars().all(|c| (' '..='~').contains(&c) || ('\u{A1}'..'\u{2000}').contains(&c));
    // Where there is something that double quotes would have to escape.
    if is_visible && text.contains(['"', '\\']) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    quoted(text)
}

/// Whether a text can do without quotes wherever it stands, and looks as if it could.
fn is_plain(text: &str, is_harmless: impl Fn(char) -> bool) -> bool {
    let is_first = |c: char| c.is_ascii_alphabetic() || matches!(c, '$' | '/' | '_');
    let is_taken = TAKEN_WORDS.contains(&text.to_ascii_lowercase().as_str());
    let is_word = text.starts_with(is_first)
        && text.chars().all(|c| c.is_ascii_alphanumeric() || is_harmless(c))
        && !text.ends_with(' ')
        && !is_taken;
    is_word || is_quantity(text) || text.parse::<Ipv4Addr>().is_ok()
}

/// `250ms`, `50/s`: begins like a number, and ends like none, be it hexadecimal.
fn is_quantity(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '.'))
        && text.ends_with(|c: char| c.is_ascii_alphabetic() && !c.is_ascii_hexdigit())
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' '..='~' => out.push(c),
            // What a reader could mistake for nothing or for a line end is shown: marks, separators, surrogates' places.
            _ if c.is_alphanumeric() || matches!(c, '\u{1F300}'..='\u{1FAFF}') => out.push(c),
            _ if u32::from(c) <= 0xFFFF => push_escape(&mut out, 'u', 4, c),
            _ => push_escape(&mut out, 'U', 8, c),
        }
    }
    out.push('"');
    out
}

fn push_escape(out: &mut String, letter: char, digits: usize, c: char) {
    let _ = write!(out, "\\{letter}{:0digits$X}", u32::from(c));
}

/// A value in one line: `{ type: join, tags: [a, b] }`.
pub fn flow(node: &Node) -> String {
    match &node.kind {
        NodeKind::Null => "null".to_owned(),
        NodeKind::Bool(value) => value.to_string(),
        NodeKind::Number(number) => number.to_string(),
        NodeKind::String(text) => scalar(text),
        NodeKind::List(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        NodeKind::Map(entries) if entries.is_empty() => "{}".to_owned(),
        NodeKind::Map(entries) => {
            let entry = |entry: &Entry| format!("{}: {}", key(&entry.key.text), flow(&entry.value));
            format!("{{ {} }}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Writes `KEY: VALUE` and a line end, where `line` holds what stands on the line before the key. What the value has on
/// further lines is indented deeper than the key.
pub fn entry(out: &mut String, line: &str, name: &str, value: &Node) {
    let indent = line.chars().count();
    let head = format!("{line}{}:", key(name));
    write_value(out, &head, indent + 2, value);
}

fn write_value(out: &mut String, head: &str, indent: usize, value: &Node) {
    let flow = flow(value);
    let is_broken = head.chars().count() + 1 + flow.chars().count() > LINE_WIDTH;
    out.push_str(head);
    match &value.kind {
        NodeKind::Map(entries) if is_broken && !entries.is_empty() => {
            out.push('\n');
            for Entry { key, value } in entries {
                entry(out, &" ".repeat(indent), &key.text, value);
            }
        }
        NodeKind::List(items) if is_broken && !items.is_empty() => {
            out.push('\n');
            items.iter().for_each(|item| write_item(out, indent, item));
        }
        _ => {
            let _ = writeln!(out, " {flow}");
        }
    }
}

/// An item of a list in the block style. The first line of what it holds stands behind its dash.
fn write_item(out: &mut String, indent: usize, item: &Node) {
    let dash = format!("{:indent$}-", "");
    match &item.kind {
        NodeKind::Map(entries) if dash.len() + 1 + flow(item).chars().count() > LINE_WIDTH => {
            let deeper = " ".repeat(indent + 2);
            for (at, Entry { key, value }) in entries.iter().enumerate() {
                let line = if at == 0 { format!("{dash} ") } else { deeper.clone() };
                entry(out, &line, &key.text, value);
            }
        }
        _ => write_value(out, &dash, indent + 2, item),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::diagnostic::{Diagnostics, FileId, Sources, Span};
    use crate::plan::syntax::{Key, Limits, parse};

    fn read(text: &str) -> Node {
        let mut sources = Sources::new();
        let file = sources.add("plan.yaml", text);
        let mut diagnostics = Diagnostics::new();
        let node = parse(&sources, file, &Limits::default(), &mut diagnostics);
        assert!(!diagnostics.has_errors(), "{text}");
        node.unwrap_or_else(|| panic!("{text}"))
    }

    /// Without places, which a text that is written anew does not keep.
    fn bare(node: &Node) -> Node {
        let kind = match &node.kind {
            NodeKind::List(items) => NodeKind::List(items.iter().map(bare).collect()),
            NodeKind::Map(entries) => {
                NodeKind::Map(entries.iter().map(|entry| pair(&entry.key.text, bare(&entry.value))).collect())
            }
            kind => kind.clone(),
        };
        of(kind)
    }

    fn of(kind: NodeKind) -> Node {
        let nowhere = Span::new(FIRST.with(|file| *file), 0, 0);
        Node { span: nowhere, kind }
    }

    thread_local! {
        static FIRST: FileId = Sources::new().add("", "");
    }

    fn pair(key: &str, value: Node) -> Entry {
        Entry { key: Key { text: key.to_owned(), span: value.span }, value }
    }

    fn written(value: &Node) -> String {
        let mut out = String::new();
        entry(&mut out, "  - ", "send", value);
        out
    }

    fn read_again(value: &Node) -> Node {
        let node = read(&written(value));
        bare(node.items().unwrap()[0].lookup("send").unwrap())
    }

    #[test]
    fn text_has_the_quotes_that_a_person_would_give_it() {
        for (text, expected) in [
            ("hello", "hello"),
            ("$.type", "$.type"),
            ("/chat", "/chat"),
            ("ws://127.0.0.1:9/chat?a=1", "ws://127.0.0.1:9/chat?a=1"),
            ("a: b", "\"a: b\""),
            ("builtin:chat", "builtin:chat"),
            ("a::b", "\"a::b\""),
            ("a:", "\"a:\""),
            ("", "\"\""),
            ("42", "\"42\""),
            ("1e3", "\"1e3\""),
            ("0x1F", "\"0x1F\""),
            ("1m30s", "1m30s"),
            ("50/s", "50/s"),
            ("127.0.0.1", "127.0.0.1"),
            ("2026-11-20", "\"2026-11-20\""),
            ("-", "\"-\""),
            ("No", "\"No\""),
            ("y", "\"y\""),
            ("ends ", "\"ends \""),
            ("{{name}}", "\"{{name}}\""),
            ("say \"hi\"", "'say \"hi\"'"),
            (r#"it's "\n""#, r#"'it''s "\n"'"#),
            ("it's", "\"it's\""),
            ("a\nb\t\"", r#""a\nb\t\"""#),
            ("日本 é 🙂", "\"日本 é 🙂\""),
            ("\u{feff}\u{85}\u{2028}\u{7f}\u{1}\u{200e}", r#""\uFEFF\u0085\u2028\u007F\u0001\u200E""#),
            ("\u{e0001}", r#""\U000E0001""#),
        ] {
            assert_eq!(scalar(text), expected);
        }
    }

    #[test]
    fn what_does_not_fit_into_a_line_becomes_a_block() {
        let long = |c: &str| c.repeat(45);
        let text = format!(
            "send: {{ type: join, users: [{{ name: {}, tags: [], more: [[1, {}], {}] }}], x: {{ y: null }} }}",
            long("a"),
            long("b"),
            long("c")
        );
        let node = read(&text);
        let expected = format!(
            "  - send:\n      type: join\n      users:\n        - name: {}\n          tags: []\n          \
             more:\n            - [1, {}]\n            - {}\n      x: {{ y: null }}\n",
            long("a"),
            long("b"),
            long("c")
        );
        assert_eq!(written(node.lookup("send").unwrap()), expected);
    }

    fn any_node() -> impl Strategy<Value = Node> {
        let number = prop_oneof![
            any::<i64>().prop_map(serde_json::Number::from),
            any::<u64>().prop_map(serde_json::Number::from),
            any::<f64>().prop_filter_map("JSON has no such number", serde_json::Number::from_f64),
        ];
        let leaf = prop_oneof![
            Just(NodeKind::Null),
            any::<bool>().prop_map(NodeKind::Bool),
            number.prop_map(NodeKind::Number),
            any::<String>().prop_map(NodeKind::String),
            ".{30,60}".prop_map(NodeKind::String),
            "[-?:,{}#&*!|>'\"%@` ~]{0,4}[a-z0-9 .:-]{0,5}".prop_map(NodeKind::String),
        ];
        leaf.prop_map(of).prop_recursive(4, 24, 4, |inner| {
            let list = prop::collection::vec(inner.clone(), 0..4);
            let map = prop::collection::hash_map(any::<String>(), inner, 0..4);
            prop_oneof![
                list.prop_map(|items| of(NodeKind::List(items))),
                map.prop_map(|entries| {
                    of(NodeKind::Map(entries.into_iter().map(|(key, value)| pair(&key, value)).collect()))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(node in any_node()) {
            prop_assert_eq!(read_again(&node), node);
        }

        #[test]
        fn any_text_is_read_again(text in any::<String>()) {
            let node = of(NodeKind::String(text));
            prop_assert_eq!(read_again(&node), node);
        }
    }
}
