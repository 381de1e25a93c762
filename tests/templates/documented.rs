//! `docs/templates.md` against the tables and the renderer. `WSPLAN_BLESS=1` writes the generated parts anew.

use std::fmt::Write;
use std::path::Path;

use wsplan::program::Helper;
use wsplan::program::helper::{ALPHABETS, Builtin};

use super::User;

fn page() -> String {
    std::fs::read_to_string(path()).unwrap()
}

fn path() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/templates.md"))
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

fn tables() -> [(&'static str, String); 4] {
    let mut helpers = "| helper | gives | example |\n|---|---|---|\n".to_owned();
    let mut made_up = "| helper | gives |\n|---|---|\n".to_owned();
    for helper in Helper::ALL {
        if matches!(helper, Helper::Fake(_)) {
            writeln!(made_up, "| {} | {} |", code(helper.name()), helper.signature().doc).unwrap();
            continue;
        }
        let row = helper.signature();
        writeln!(helpers, "| {} | {} | {} |", code(&row.to_string()), row.doc, code(row.example)).unwrap();
    }
    let mut alphabets = "| alphabet | characters |\n|---|---|\n".to_owned();
    for (name, characters) in ALPHABETS {
        writeln!(alphabets, "| {} | {} |", code(name), code(characters)).unwrap();
    }
    let mut builtins = "| | gives | example |\n|---|---|---|\n".to_owned();
    for builtin in Builtin::ALL {
        writeln!(builtins, "| {} | {} | {} |", code(builtin.name), builtin.doc, code(builtin.example))
            .unwrap();
    }
    [("helpers", helpers), ("made up", made_up), ("alphabets", alphabets), ("builtins", builtins)]
}

#[test]
fn the_tables_are_those_of_the_program() {
    let written = page();
    let mut page = written.clone();
    for (name, table) in tables() {
        let (before, rest) = page.split_once(&format!("<!-- generated: {name} -->\n")).unwrap();
        let (_, after) = rest.split_once("<!-- end -->").unwrap();
        page = format!("{before}<!-- generated: {name} -->\n{table}<!-- end -->{after}");
    }
    if std::env::var_os("WSPLAN_BLESS").is_some_and(|value| value == "1") {
        std::fs::write(path(), page).unwrap();
    } else {
        assert!(
            page == written,
            "docs/templates.md has drifted: run WSPLAN_BLESS=1 cargo test templates and read what changed"
        );
    }
}

#[test]
fn every_example_renders() {
    let mut user = User::with(&[
        ("room", "\"lobby\""),
        ("rooms", r#"["lobby"]"#),
        ("account", r#"{"name": "a"}"#),
        ("vip", "true"),
        ("open", "false"),
        ("side", "\"buy\""),
        ("loop.index", "4"),
        ("user.id", "17"),
    ]);
    let examples = Helper::ALL.iter().map(|helper| helper.signature().example);
    for example in examples.chain(Builtin::ALL.iter().map(|builtin| builtin.example)) {
        assert!(user.text(example).is_ok(), "{example}: {:?}", user.text(example));
    }
}

#[test]
fn the_table_of_types_is_true() {
    let page = page();
    let rows = page.lines().skip_while(|line| *line != "| written | sent |").skip(2);
    let mut count = 0;
    for row in rows.take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let mut user = User::with(&[("count", "3"), ("rooms", r#"["a"]"#)]);
        assert_eq!(user.json(&format!("{{ {} }}", cells[1])), format!("{{{}}}", cells[2]), "{row}");
        count += 1;
    }
    assert_eq!(count, 5);
}
