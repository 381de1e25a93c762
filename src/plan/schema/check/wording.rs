//! How the shape's mistakes are worded: what a kind is called, what was probably meant, what to write instead.

use crate::diagnostic::nearest;
use crate::plan::schema::nouns::{self, VERBS};
use crate::plan::schema::table::{Kind, Noun};
use crate::plan::syntax::{Node, NodeKind};

pub(super) fn describe(kind: &Kind) -> String {
    match kind {
        Kind::Any => "any value".into(),
        Kind::Null => "nothing".into(),
        Kind::Bool => "true or false".into(),
        Kind::True => "`true`".into(),
        Kind::Text | Kind::Name | Kind::Template | Kind::Path => "a string".into(),
        Kind::Ordered => "a string or a number".into(),
        Kind::Scalar => "a string, a number or a boolean".into(),
        Kind::Integer(..) => "a whole number".into(),
        Kind::Number(..) => "a number".into(),
        Kind::Duration => "a length of time".into(),
        Kind::Size => "a size".into(),
        Kind::Rate => "a rate".into(),
        Kind::Share => "a percentage".into(),
        Kind::Words(words) => format!("one of {}", join(words.iter().map(|word| word.word))),
        Kind::List(..) => "a list".into(),
        Kind::Map(_) | Kind::ShortOrLong(..) => "a map".into(),
        Kind::Body(_) => "a body".into(),
        Kind::Either(kinds) => {
            let named: Vec<_> =
                kinds.iter().filter(|kind| !matches!(kind, Kind::Null)).map(describe).collect();
            named.join(" or ")
        }
    }
}

/// Whether the noun is one of many under names or in a list, so that messages call it by its own name and not by the
/// key that it stands behind.
pub(super) fn list_item(noun: &Noun) -> bool {
    ["plan", "scenario", "step", "reaction", "stage", "choice", "awaited message"].contains(&noun.name)
}

/// A noun as a sentence needs it: keywords in quotes, other words with their article.
pub(super) fn article(name: &str) -> String {
    match name {
        "plan" | "scenario" | "step" | "reaction" | "stage" | "matcher" | "body" | "stream" | "pool"
        | "fragment" | "choice" => format!("a {name}"),
        "answer" | "awaited message" => format!("an {name}"),
        _ if name.ends_with("operators") => format!("the {name}"),
        _ if name.contains(' ') => format!("a {name}"),
        _ => format!("`{name}`"),
    }
}

pub(super) fn join<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

pub(super) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `1,000,000`, but `4999`: four digits are a close code as often as a count.
pub(super) fn grouped(number: i64) -> String {
    if number.abs() < 10_000 {
        return number.to_string();
    }
    let mut text = String::new();
    let digits = number.unsigned_abs().to_string();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

pub(super) fn unknown_key(key: &str, noun: &Noun) -> String {
    match noun.name.strip_suffix("operators") {
        Some(_) => format!("unknown operator `{key}`"),
        None => format!("unknown key `{key}` in {}", article(noun.name)),
    }
}

/// What an unknown key was meant to be, where it belongs, or what is possible.
pub(super) fn suggestion(key: &str, noun: &'static Noun) -> String {
    if let Some(similar) = nearest(key, noun.fields.iter().map(|field| field.key)) {
        return format!("did you mean `{similar}`?");
    }
    let member = format!("$.{key}");
    let known = join(noun.fields.iter().map(|field| field.key));
    match &noun.open {
        Some(open) if super::matches_pattern(open.pattern, &member) => {
            format!(
                "to speak of a member of the message write its path: `{member}`; of the whole message, {known}"
            )
        }
        Some(open) => format!("possible are {known}, and {}", open.what),
        None => match elsewhere(key) {
            Some(other) => format!("`{key}` belongs to {}; known here: {known}", article(other.name)),
            None => format!("known here: {known}"),
        },
    }
}

/// The only other noun that has a key: many keys stand one level too deep or too high.
fn elsewhere(key: &str) -> Option<&'static Noun> {
    let mut having = nouns::all().into_iter().filter(|noun| noun.field(key).is_some());
    let first = having.next()?;
    // Two owners are no place to send anyone to.
    having.next().is_none().then_some(first)
}

/// What to write instead of a value of the wrong type, where that can be told from the value.
pub(super) fn type_help(kind: &Kind, node: &Node, key: &str) -> Option<String> {
    match (kind, &node.kind) {
        (Kind::Text | Kind::Name | Kind::Template | Kind::Path, NodeKind::Number(n)) => {
            Some(format!("quote it: \"{n}\""))
        }
        (Kind::Text | Kind::Name | Kind::Template | Kind::Path, NodeKind::Bool(b)) => {
            Some(format!("quote it: \"{b}\""))
        }
        (Kind::True, NodeKind::Bool(false)) if VERBS.contains(&key) => {
            Some("leave the step out instead".to_owned())
        }
        (Kind::True, NodeKind::Bool(false)) => Some("leave the key out instead".to_owned()),
        (Kind::Bool | Kind::True, NodeKind::String(text)) => {
            let meant = match text.to_ascii_lowercase().as_str() {
                "yes" | "on" | "y" | "true" => "true",
                "no" | "off" | "n" | "false" => "false",
                _ => return None,
            };
            Some(format!("write `{meant}`, without quotes"))
        }
        (Kind::List(..), NodeKind::Map(_)) => Some("start each item with `- `".to_owned()),
        (Kind::Map(noun), found) => map_help(noun, found),
        _ => None,
    }
}

/// The least of a map that can stand there, under a key that has no example because its author chose it, or as an item.
pub(super) fn smallest(kind: &Kind, key: Option<&str>) -> Option<String> {
    let map = |kind: &Kind| if let Kind::Map(noun) = kind { Some(*noun) } else { None };
    let noun = match kind {
        Kind::Either(kinds) => kinds.iter().find_map(map)?,
        kind => map(kind)?,
    };
    let mut fields: Vec<_> = noun.fields.iter().filter(|field| field.required).collect();
    if fields.is_empty() {
        fields.extend(noun.fields.first());
    }
    let written: Vec<_> = fields.iter().map(|field| format!("{}: {}", field.key, field.example)).collect();
    let map = (!written.is_empty()).then(|| format!("{{ {} }}", written.join(", ")))?;
    Some(match key {
        Some(key) => format!("for example `{key}: {map}`"),
        None => format!("for example `{map}`"),
    })
}

fn map_help(noun: &Noun, found: &NodeKind) -> Option<String> {
    match (noun.name, found) {
        ("step", NodeKind::String(text)) if VERBS.contains(&text.as_str()) => {
            let field = noun.field(text)?;
            Some(format!("write what it takes behind a colon: `{text}: {}`", field.example))
        }
        ("step", _) => Some("a step is a verb and what it takes, as in `send: hello`".to_owned()),
        ("scenario", NodeKind::List(_)) => Some("put the steps under `steps:`".to_owned()),
        ("scenario", _) => Some("a scenario has at least `steps: [...]`".to_owned()),
        ("plan", _) => Some("a plan has at least `target: ...` and `scenarios: ...`".to_owned()),
        _ => None,
    }
}

/// What to write instead of a quantity without a unit, or of what is none.
pub(super) fn unit_help(
    kind: &Kind,
    bare: Option<&str>,
    node: &Node,
    parses: impl Fn(&str) -> bool,
) -> String {
    let (unit, meaning, others) = match kind {
        Kind::Size => ("B", "bytes", "KB, MB, GB, KiB, MiB, GiB"),
        Kind::Rate => ("/s", "so many a second", "/m, /h"),
        Kind::Share => {
            return match bare {
                Some(number) => format!("write `{number}%` if so many of a hundred are meant"),
                None => "a number from 0 to 100 and a percent sign, as in `5%`".to_owned(),
            };
        }
        _ => ("s", "seconds", "ns, us, ms, m, h, d"),
    };
    if let Some(number) = bare {
        return format!("write `{number}{unit}` if {meaning} are meant; other units are {others}");
    }
    let closed: String = node.text().unwrap_or_default().split_whitespace().collect();
    if parses(&closed) {
        return format!("write it without blanks: `{closed}`");
    }
    match kind {
        Kind::Rate => {
            "a number with three decimals at most and /s, /m or /h, as in `50/s` or `0.2/s`".to_owned()
        }
        Kind::Size => "a whole number and B, KB, MB, GB, KiB, MiB or GiB, as in `64KiB`".to_owned(),
        _ => "numbers and ns, us, ms, s, m, h or d, the largest first, as in `250ms` or `1m30s`".to_owned(),
    }
}
