//! The helpers of the template language, in one table that feeds the compiler's checks, its suggestions and
//! `docs/templates.md`.
//!
//! To add one: a row in the table below, and an arm in `machine::helper::call` that computes it (or in
//! [`Helper::fold`] where it needs neither randomness nor the clock, so that constants are folded). Bless
//! `docs/templates.md` and the helper is checked, suggested, documented and known inside blocks too.

use super::json;
use super::value::Value;

/// What an argument must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Anything.
    Any,
    /// A whole number in a range, both ends included. Text that spells one counts.
    Integer {
        /// The least allowed.
        least: i64,
        /// The greatest allowed.
        most: i64,
    },
    /// A number. Text that spells one counts.
    Number,
    /// One of some words; they may stand without quotes.
    Word(&'static [&'static str]),
}

/// What a helper gives, where that is always the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gives {
    /// A string.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// Depends on the arguments.
    Any,
}

/// One argument of a helper.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Its name in messages and docs; the key of a keyed one.
    pub name: &'static str,
    /// What it must be.
    pub kind: Kind,
    /// `Some` where it may be left out, in which case this word stands for it. Such a one is written `name=value`.
    pub default: Option<&'static str>,
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Signature {
    /// The name in templates.
    pub name: &'static str,
    /// The arguments in their order.
    pub parameters: &'static [Parameter],
    /// Whether the last argument may stand any number of times.
    pub repeats: bool,
    /// What comes out.
    pub gives: Gives,
    /// What it does, for the docs.
    pub doc: &'static str,
    /// A use of it.
    pub example: &'static str,
}

const LONGEST_TEXT: i64 = 65_536;

/// The names of alphabets with their characters.
pub const ALPHABETS: &[(&str, &str)] = &[
    ("alnum", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
    ("alpha", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
    ("digits", "0123456789"),
    ("hex", "0123456789abcdef"),
    ("lower", "abcdefghijklmnopqrstuvwxyz"),
    ("upper", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("url", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
];
const ALPHABET_NAMES: &[&str] = &["alnum", "alpha", "digits", "hex", "lower", "upper", "url"];

const fn argument(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind, default: None }
}

const ANY_INTEGER: Kind = Kind::Integer { least: i64::MIN, most: i64::MAX };

macro_rules! helpers {
    ($($variant:ident $name:literal ($($parameter:expr),*) $(repeats $repeats:literal)? -> $gives:ident, $example:literal, $doc:literal;)*) => {
        /// A helper.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Helper {
            $(#[doc = $doc] $variant,)*
        }

        impl Helper {
            /// Every helper, in the order of the docs.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its row of the table.
            pub fn signature(self) -> &'static Signature {
                match self {
                    $(Self::$variant => {
                        const ROW: Signature = Signature {
                            name: $name,
                            parameters: &[$($parameter),*],
                            repeats: false $(|| $repeats)?,
                            gives: Gives::$gives,
                            doc: $doc,
                            example: $example,
                        };
                        &ROW
                    })*
                }
            }
        }
    };
}

helpers! {
    Uuid "uuid" () -> Text, "{{uuid}}",
        "a random UUID (version 4)";
    Uuid7 "uuid7" () -> Text, "{{uuid7}}",
        "a UUID that starts with the time (version 7), so that later ones sort behind earlier ones";
    NowMs "now_ms" () -> Integer, "{{now_ms}}",
        "the time: milliseconds since 1970";
    NowIso "now_iso" () -> Text, "{{now_iso}}",
        "the time as RFC 3339 writes it, in UTC with milliseconds: `2026-11-20T08:30:00.250Z`";
    RandomInt "random_int" (argument("LOW", ANY_INTEGER), argument("HIGH", ANY_INTEGER)) -> Integer, "{{random_int 1 6}}",
        "a whole number from LOW to HIGH, both included";
    RandomFloat "random_float" (argument("LOW", Kind::Number), argument("HIGH", Kind::Number)) -> Number, "{{random_float 0 1.5}}",
        "a number from LOW to HIGH, both included";
    Pick "pick" (argument("CHOICE", Kind::Any)) repeats true -> Any, r#"{{pick "buy" "sell"}}"#,
        "one of its arguments, or of the items of a list where that is the only argument: `{{pick rooms}}`";
    RandomString "random_string" (
        argument("LENGTH", Kind::Integer { least: 0, most: LONGEST_TEXT }),
        Parameter { name: "alphabet", kind: Kind::Word(ALPHABET_NAMES), default: Some("alnum") }
    ) -> Text, "{{random_string 8 alphabet=hex}}",
        "LENGTH random characters of an alphabet";
    Add "add" (argument("A", ANY_INTEGER), argument("B", ANY_INTEGER)) -> Integer, "{{add loop.index 1}}",
        "A plus B, whole numbers";
    Sub "sub" (argument("A", ANY_INTEGER), argument("B", ANY_INTEGER)) -> Integer, "{{sub loop.index 1}}",
        "A minus B, whole numbers";
    Mul "mul" (argument("A", ANY_INTEGER), argument("B", ANY_INTEGER)) -> Integer, "{{mul loop.index 2}}",
        "A times B, whole numbers";
    Div "div" (argument("A", ANY_INTEGER), argument("B", ANY_INTEGER)) -> Integer, "{{div user.id 10}}",
        "A divided by B, rounded down to a whole number";
    Mod "mod" (argument("A", ANY_INTEGER), argument("B", ANY_INTEGER)) -> Integer, "{{mod user.id 10}}",
        "what is left of A divided by B: from 0 to B - 1";
    Json "json" (argument("VALUE", Kind::Any)) -> Text, "{{json account}}",
        "the JSON text of a value, as a string: a string comes with its quotes";
    Upper "upper" (argument("TEXT", Kind::Any)) -> Text, "{{upper room}}",
        "the text in upper case";
    Lower "lower" (argument("TEXT", Kind::Any)) -> Text, "{{lower room}}",
        "the text in lower case";
}

impl Helper {
    /// The helper of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|helper| helper.name() == name)
    }

    /// Its name in templates.
    pub fn name(self) -> &'static str {
        self.signature().name
    }

    /// What it gives for arguments that are known when the plan is compiled; `None` for a helper that needs
    /// randomness or the clock.
    pub fn fold(self, arguments: &[&Value]) -> Option<Value> {
        match (self, arguments) {
            (Self::Json, [value]) => Some(Value::Text(value.to_json_text())),
            (Self::Upper, [value]) => Some(Value::Text(value.to_text().to_uppercase())),
            (Self::Lower, [value]) => Some(Value::Text(value.to_text().to_lowercase())),
            (_, [a, b]) => self.calculate(a, b).map(Value::Int),
            _ => None,
        }
    }

    /// The result of a calculation; `None` where there is none, or this is no calculation.
    fn calculate(self, a: &Value, b: &Value) -> Option<i64> {
        let (a, b) = (a.as_int()?, b.as_int()?);
        match self {
            Self::Add => a.checked_add(b),
            Self::Sub => a.checked_sub(b),
            Self::Mul => a.checked_mul(b),
            Self::Div => a.checked_div_euclid(b),
            Self::Mod => a.checked_rem_euclid(b),
            _ => None,
        }
    }

    /// What is wrong with arguments that are each of the right kind, without naming values, which may be secret. An
    /// argument is `None` where it is not known yet.
    pub fn objection(self, arguments: &[Option<&Value>]) -> Option<String> {
        match (self, arguments) {
            (Self::RandomInt, [Some(low), Some(high)]) if low.as_int() > high.as_int() => {
                Some("LOW is greater than HIGH".to_owned())
            }
            (Self::RandomFloat, [Some(low), Some(high)]) if low.as_float() > high.as_float() => {
                Some("LOW is greater than HIGH".to_owned())
            }
            (Self::Div | Self::Mod, [_, Some(b)]) if b.as_int() == Some(0) => Some("B is zero".to_owned()),
            (Self::Add | Self::Sub | Self::Mul | Self::Div | Self::Mod, [Some(a), Some(b)])
                if self.calculate(a, b).is_none() =>
            {
                Some("the result has more than 64 bits".to_owned())
            }
            (Self::Pick, [Some(list)]) => match list.as_container().and_then(json::items) {
                Some(items) if items.is_empty() => Some("there is nothing in the list".to_owned()),
                Some(_) => None,
                None => Some(format!("the only argument is {} where it must be a list", list.describe())),
            },
            _ => None,
        }
    }
}

impl Kind {
    /// Whether a value is of this kind.
    pub fn admits(self, value: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::Integer { least, most } => value.as_int().is_some_and(|int| (least..=most).contains(&int)),
            Self::Number => value.as_float().is_some_and(f64::is_finite),
            Self::Word(words) => matches!(value, Value::Text(text) if words.contains(&text.as_str())),
        }
    }
}

/// With its article, for messages.
impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Any => f.write_str("a value"),
            Self::Integer { least: i64::MIN, .. } => f.write_str("a whole number"),
            Self::Integer { least, most } => write!(f, "a whole number from {least} to {most}"),
            Self::Number => f.write_str("a number"),
            Self::Word(words) => write!(f, "one of {}", words.join(", ")),
        }
    }
}

/// As a use of it looks: `random_string LENGTH [alphabet=alnum]`.
impl std::fmt::Display for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)?;
        for parameter in self.parameters {
            match parameter.default {
                None => write!(f, " {}", parameter.name)?,
                Some(default) => write!(f, " [{}={default}]", parameter.name)?,
            }
        }
        f.write_str(if self.repeats { " ..." } else { "" })
    }
}

/// What the Handlebars crate does itself: blocks, and the helpers that go with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Builtin {
    /// The name in templates.
    pub name: &'static str,
    /// Whether it is written `{{#name}}...{{/name}}`, `{{name}}`, or either way.
    pub forms: Forms,
    /// The fewest arguments.
    pub least: usize,
    /// The most arguments.
    pub most: usize,
    /// Whether names inside the block are looked up in a value that the block opens.
    pub opens: bool,
    /// What it does, for the docs.
    pub doc: &'static str,
    /// A use of it.
    pub example: &'static str,
}

/// How a [`Builtin`] may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forms {
    /// `{{#name}}...{{/name}}` only.
    Block,
    /// `{{name}}` or `(name)` only.
    Inline,
    /// Either way; as a block it is an `if` of its value.
    Both,
}

const fn block(name: &'static str, opens: bool, example: &'static str, doc: &'static str) -> Builtin {
    Builtin { name, forms: Forms::Block, least: 1, most: 1, opens, doc, example }
}

const fn test(
    name: &'static str,
    counts: (usize, usize),
    example: &'static str,
    doc: &'static str,
) -> Builtin {
    Builtin { name, forms: Forms::Both, least: counts.0, most: counts.1, opens: false, doc, example }
}

const fn inline(
    name: &'static str,
    counts: (usize, usize),
    example: &'static str,
    doc: &'static str,
) -> Builtin {
    Builtin { name, forms: Forms::Inline, least: counts.0, most: counts.1, opens: false, doc, example }
}

impl Builtin {
    /// Every one, in the order of the docs.
    pub const ALL: &[Self] = &[
        block(
            "if",
            false,
            "{{#if vip}}gold{{else}}tin{{/if}}",
            "the first part where the value is there, not empty, not zero and not false",
        ),
        block("unless", false, "{{#unless vip}}tin{{/unless}}", "the part where `if` would leave it out"),
        block(
            "each",
            true,
            "{{#each rooms}}{{this}};{{/each}}",
            "the part once for every item of a list or map, which is `this`; `@index`, `@first`, `@last`, `@key` say which",
        ),
        block(
            "with",
            true,
            "{{#with account}}{{name}}{{/with}}",
            "the part with the names looked up in a value",
        ),
        test(
            "eq",
            (2, 2),
            "{{#if (eq side \"buy\")}}+{{/if}}",
            "whether two values are the same, type included",
        ),
        test("ne", (2, 2), "{{#if (ne side \"buy\")}}-{{/if}}", "whether they are not"),
        test("gt", (2, 2), "{{gt loop.index 3}}", "whether the first is greater"),
        test("gte", (2, 2), "{{gte loop.index 3}}", "whether it is greater or the same"),
        test("lt", (2, 2), "{{lt loop.index 3}}", "whether it is less"),
        test("lte", (2, 2), "{{lte loop.index 3}}", "whether it is less or the same"),
        test("and", (1, MANY), "{{#if (and vip open)}}go{{/if}}", "whether all values would do for `if`"),
        test("or", (1, MANY), "{{#if (or vip open)}}go{{/if}}", "whether one of them would"),
        test("not", (1, 1), "{{#if (not vip)}}stop{{/if}}", "whether the value would not do for `if`"),
        inline("len", (1, 1), "{{len rooms}}", "how many items a list or map has, how many bytes a string"),
        inline(
            "lookup",
            (2, 2),
            "{{lookup rooms 0}}",
            "the item of a list or map at an index or key that is itself a value",
        ),
    ];

    /// The one of a name.
    pub fn from_name(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|builtin| builtin.name == name)
    }
}

const MANY: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_over_both_tables() {
        let mut names: Vec<_> =
            Helper::ALL.iter().map(|h| h.name()).chain(Builtin::ALL.iter().map(|b| b.name)).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    }

    #[test]
    fn alphabets_and_their_names_agree() {
        assert!(ALPHABETS.iter().map(|(name, _)| name).eq(ALPHABET_NAMES));
        for (name, characters) in ALPHABETS {
            let unique: std::collections::BTreeSet<_> = characters.bytes().collect();
            assert!(characters.is_ascii() && unique.len() == characters.len(), "{name}");
        }
    }

    #[test]
    fn what_may_be_left_out_comes_last() {
        for helper in Helper::ALL {
            let parameters = helper.signature().parameters;
            assert!(parameters.is_sorted_by_key(|p| p.default.is_some()), "{helper:?}");
        }
    }
}
