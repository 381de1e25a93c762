//! `docs/language.md` against the table of keywords: a table a noun, between markers. `WSPLAN_BLESS=1` writes them anew.

use std::fmt::Write;

use wsplan::plan::schema::nouns;
use wsplan::plan::schema::{Field, Kind, Noun, Rule, Word};
use wsplan::program::{Builtin, emit};

use crate::support::cases::Comparison;
use crate::support::compiling::compile_text;
use crate::support::documents::document;

fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

/// What may stand behind a key, with links to the nouns.
fn kind(kind: &Kind) -> String {
    match kind {
        Kind::Any => "any value".into(),
        Kind::Null => "nothing".into(),
        Kind::Bool => "true or false".into(),
        Kind::True => "`true`".into(),
        Kind::Text => "text".into(),
        Kind::Template => "text, templates".into(),
        Kind::Scalar => "text, templates; a number; true or false".into(),
        Kind::Ordered => "text, templates; a number".into(),
        Kind::Name => "a name: letters, digits and `_`".into(),
        Kind::Path => "text, templates; starts with `/`".into(),
        Kind::Integer(min, max) => format!("{} to {}", count(*min), count(*max)),
        Kind::Number(min, max) => format!("{min} to {max}"),
        Kind::Duration => "duration".into(),
        Kind::Size => "size".into(),
        Kind::Rate => "rate".into(),
        Kind::Words(words) => words.iter().map(|word| code(word.word)).collect::<Vec<_>>().join(" or "),
        Kind::List(of, ..) => format!("list: {}", self::kind(of)),
        Kind::Map(noun) => link(noun),
        Kind::ShortOrLong(short, long) => format!("{}, or short: {}", link(long), link(short)),
        Kind::Body(noun) => format!("any map, list or text; {}", link(noun)),
        Kind::Either(kinds) => kinds.iter().map(self::kind).collect::<Vec<_>>().join("; "),
    }
}

fn link(noun: &Noun) -> String {
    format!("[{}](#{})", noun.name, anchor(noun))
}

/// As GitHub makes it of the heading.
fn anchor(noun: &Noun) -> String {
    noun.name.replace(' ', "-")
}

/// `1,000,000`
fn count(number: i64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|g| std::str::from_utf8(g).unwrap()).collect();
    groups.join(",")
}

/// The documentation of a field without the default at its end, and the default.
fn split_default(field: &Field) -> (&str, String) {
    match field.doc.split_once(" Default: ") {
        Some((doc, default)) => (doc, default.trim_end_matches('.').to_owned()),
        None if field.required => (field.doc, "**required**".to_owned()),
        None => (field.doc, String::new()),
    }
}

fn table(noun: &Noun) -> String {
    let mut text = format!("{}\n\n", noun.doc);
    if !noun.fields.is_empty() || noun.open.is_some() {
        text += "| key | value | meaning | default | example |\n|---|---|---|---|---|\n";
    }
    for field in noun.fields {
        let (doc, default) = split_default(field);
        let (key, example) = (code(field.key), code(field.example));
        writeln!(text, "| {key} | {} | {doc} | {default} | {example} |", kind(&field.kind)).unwrap();
    }
    if let Some(open) = &noun.open {
        let what = format!("{}: {}", open.what, code(open.pattern));
        writeln!(text, "| *any* | {} | {what} | | |", kind(&open.kind)).unwrap();
    }
    for rule in noun.rules {
        writeln!(text, "\n{}", sentence(rule)).unwrap();
    }
    for field in noun.fields {
        for Word { word, doc } in words(&field.kind) {
            write!(text, "\n- `{}: {word}`: {doc}", field.key).unwrap();
        }
        if !words(&field.kind).is_empty() {
            text.push('\n');
        }
    }
    text
}

fn words(kind: &Kind) -> &'static [Word] {
    if let Kind::Words(words) = kind { words } else { &[] }
}

fn sentence(rule: &Rule) -> String {
    let list = |keys: &[&str]| keys.iter().map(|key| code(key)).collect::<Vec<_>>().join(", ");
    match rule {
        Rule::OneVerb(keys) | Rule::ExactlyOne(keys) => format!("Exactly one of {}.", list(keys)),
        Rule::AtLeastOne(keys) => format!("At least one of {}.", list(keys)),
        Rule::Excludes(one, others) => format!("{} excludes {}.", code(one), list(others)),
        Rule::Needs(one, other) => format!("{} needs {}.", code(one), code(other)),
        Rule::NotEmpty => "At least one key.".to_owned(),
    }
}

/// The page with its generated parts written anew.
fn generated(page: &str) -> String {
    let mut parts: Vec<(String, String)> =
        nouns::all().into_iter().map(|noun| (format!("noun {}", noun.name), table(noun))).collect();
    let options: Vec<String> = Builtin::OPTIONS.map(code).into();
    parts.push(("options of the embedded servers".to_owned(), format!("{}\n", options.join(", "))));
    let mut page = page.to_owned();
    for (name, text) in parts {
        let marker = format!("<!-- generated: {name} -->\n");
        let (before, rest) = page.split_once(&marker).unwrap_or_else(|| panic!("there is no {marker}"));
        let (_, after) = rest.split_once("<!-- end -->").expect("what is generated has an end");
        page = format!("{before}{marker}{text}<!-- end -->{after}");
    }
    page
}

#[test]
fn the_tables_are_those_of_the_language() {
    let page = document("docs/language.md");
    let mut comparison = Comparison::default();
    comparison.compare(&page.path, &generated(&page.text));
    comparison.finish();
}

/// The links of the tables lead to headings; this holds the headings to the nouns.
#[test]
fn every_noun_has_a_heading() {
    let page = document("docs/language.md");
    for noun in nouns::all() {
        let is_there =
            page.text.lines().any(|line| line.trim_start_matches('#') == format!(" {}", noun.name));
        assert!(is_there, "no heading for {}", noun.name);
    }
}

#[test]
fn counts_are_grouped() {
    assert_eq!([0, 4999, 1_000_000].map(count), ["0", "4,999", "1,000,000"]);
}

/// The defaults of the page are prose in the table of keywords; here they are held to what the compiler does.
#[test]
fn documented_defaults_are_the_real_ones() {
    let defaults = nouns::all().into_iter().find(|noun| noun.name == "defaults").unwrap();
    let written: Vec<String> = defaults
        .fields
        .iter()
        .map(|field| format!("{}: {}", field.key, split_default(field).1))
        .inspect(|entry| assert!(!entry.ends_with(' '), "{entry} has no default"))
        .collect();
    let rest = "target: builtin:echo
scenarios: { u: { steps: [connect: {}, expect: { text: a }, close: {}] } }";
    let compiled = |text: &str| {
        let program = compile_text(text).compiled.unwrap_or_else(|| panic!("{text}")).program;
        let failure = program.scenarios[0].on_failure;
        (emit::json(&program, &|_| 0), format!("{:?} {failure:?}", program.limits))
    };
    assert_eq!(compiled(&format!("defaults: {{ {} }}\n{rest}", written.join(", "))), compiled(rest));
}

/// The operators are explained on a page of their own; one that is missing there would be found by nobody.
#[test]
fn every_operator_is_explained() {
    let page = document("docs/matchers.md").text;
    for noun in nouns::all().into_iter().filter(|noun| noun.name.ends_with("operators")) {
        for field in noun.fields {
            let is_there = page.contains(&code(field.key)) || page.contains(&format!("`{}: ", field.key));
            assert!(is_there, "{} of {}", field.key, noun.name);
        }
    }
}
