//! `docs/language.md` against the table of keywords: a table a noun, between markers. `WSPLAN_BLESS=1` writes them anew.

use std::fmt::Write;

use wsplan::diagnostic::{Diagnostics, Sources};
use wsplan::plan::schema::nouns;
use wsplan::plan::schema::{Field, Kind, Noun, Rule, Word};
use wsplan::plan::syntax::{self, Node};
use wsplan::program::{Builtin, emit};

use crate::support::cases::Comparison;
use crate::support::compiling::compile_text;
use crate::support::documents::{Document, document, fences};

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
        Kind::Share => "percentage".into(),
        Kind::Words(words) => words.iter().map(|word| code(word.word)).collect::<Vec<_>>().join(" or "),
        Kind::List(of, min, max) => format!("{}: {}", list(*min, *max), self::kind(of)),
        Kind::Map(noun) => link(noun),
        Kind::ShortOrLong(short, long) => format!("{}, or short: {}", link(long), link(short)),
        Kind::Body(noun) => format!("any map, list or text; {}", link(noun)),
        Kind::Either(kinds) => kinds.iter().map(self::kind).collect::<Vec<_>>().join("; "),
    }
}

/// A list with what it must and may hold; nobody comes near the largest of the limits.
fn list(min: usize, max: usize) -> String {
    let shown = |limit: usize| count(limit.try_into().unwrap());
    match (min, max) {
        (min, max) if min == max => format!("list of {}", shown(min)),
        (0, 100_000..) => "list".to_owned(),
        (min, 100_000..) => format!("list of at least {}", shown(min)),
        (0, max) => format!("list of at most {}", shown(max)),
        (min, max) => format!("list of {} to {}", shown(min), shown(max)),
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
        let words = words(&field.kind);
        for Word { word, doc } in words {
            write!(text, "\n- `{}: {word}`: {doc}", field.key).unwrap();
        }
        if !words.is_empty() {
            text.push('\n');
        }
    }
    text
}

/// The closed list that a value may be of.
fn words(kind: &Kind) -> &'static [Word] {
    match kind {
        Kind::Words(words) => words,
        Kind::Either(kinds) => kinds.iter().map(words).find(|words| !words.is_empty()).unwrap_or_default(),
        _ => &[],
    }
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
    assert_eq!(
        page.matches("<!-- generated: ").count(),
        parts.len(),
        "a generated part is of nothing any more"
    );
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

/// The part of the page under a heading of the second level.
fn section(page: &str, heading: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("\n## {heading}\n"))?;
    let is_over = |line: &str| line.starts_with("# ") || line.starts_with("## ");
    let mut is_code = false;
    let lines = rest.lines().take_while(|line| {
        is_code ^= line.starts_with("```");
        is_code || !is_over(line)
    });
    Some(lines.collect::<Vec<_>>().join("\n"))
}

/// What somebody has written, without tables, headings and what stands between fences.
fn prose(section: &str) -> String {
    let mut is_code = false;
    let lines = section.lines().filter(|line| {
        is_code ^= line.starts_with("```");
        !is_code && !line.starts_with(['`', '|', '#', '<'])
    });
    lines.collect::<Vec<_>>().join(" ")
}

fn uses_key(node: &Node, wanted: &str) -> bool {
    let entries = node.entries().unwrap_or_default();
    entries.iter().any(|entry| entry.key.text == wanted || uses_key(&entry.value, wanted))
        || node.items().unwrap_or_default().iter().any(|item| uses_key(item, wanted))
}

/// A table says what may stand there, and not what it is good for. That the examples are right is tested with all plans
/// of the pages.
#[test]
fn every_verb_is_explained_and_shown() {
    let page = document("docs/language.md");
    let mut wrong = Vec::new();
    for verb in nouns::VERBS {
        let Some(text) = section(&page.text, verb) else {
            wrong.push(format!("{verb} has no heading"));
            continue;
        };
        let by_hand: String =
            text.split("<!-- generated: ").filter_map(|part| part.rsplit("<!-- end -->").next()).collect();
        if prose(&by_hand).len() < 80 {
            wrong.push(format!("{verb} is not explained"));
        }
        let own = Document { text, ..document("docs/language.md") };
        let is_shown = fences(&own).filter(|fence| fence.language() == "yaml").any(|fence| {
            let (mut sources, mut mistakes) = (Sources::new(), Diagnostics::new());
            let file = sources.add("example", fence.text.as_str());
            let example = syntax::parse(&sources, file, &syntax::Limits::default(), &mut mistakes);
            example.is_some_and(|example| uses_key(&example, verb))
        });
        if !is_shown {
            wrong.push(format!("{verb} has no example"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
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
