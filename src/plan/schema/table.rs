//! The shapes that the table of keywords is made of.

/// A map of the language: `scenario`, `connect`, the operators of a matcher.
#[derive(Debug)]
pub struct Noun {
    /// What it is called in messages and in the schema's `$defs`.
    pub name: &'static str,
    /// What it is, for people.
    pub doc: &'static str,
    /// Its keys.
    pub fields: &'static [Field],
    /// Keys beyond the fields, such as the names of scenarios or the paths of a matcher.
    pub open: Option<Open>,
    /// What must hold of its keys together.
    pub rules: &'static [Rule],
}

/// One key of a noun.
#[derive(Debug)]
pub struct Field {
    /// The keyword.
    pub key: &'static str,
    /// What it says, for people.
    pub doc: &'static str,
    /// What may stand there.
    pub kind: Kind,
    /// A value, in YAML's flow style.
    pub example: &'static str,
    /// Whether it must be there.
    pub required: bool,
}

/// Keys that the author chooses.
#[derive(Debug)]
pub struct Open {
    /// What such a key is called in messages: `a scenario's name`.
    pub what: &'static str,
    /// The regular expression (of ECMA-262 and of Rust alike) that it must match.
    pub pattern: &'static str,
    /// The same in words, fit after "possible are".
    pub form: &'static str,
    /// What may stand behind it.
    pub kind: Kind,
}

/// What must hold of a noun's keys together.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    /// Exactly one of these verbs, which say what a step does.
    OneVerb(&'static [&'static str]),
    /// Exactly one of these keys.
    ExactlyOne(&'static [&'static str]),
    /// At least one of these keys.
    AtLeastOne(&'static [&'static str]),
    /// The first key and any of the others exclude each other.
    Excludes(&'static str, &'static [&'static str]),
    /// The first key says nothing without the second.
    Needs(&'static str, &'static str),
    /// At least one key of any sort.
    NotEmpty,
}

/// A word of a closed list.
#[derive(Debug)]
pub struct Word {
    /// The word.
    pub word: &'static str,
    /// What it means.
    pub doc: &'static str,
}

/// What may stand at a place.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Anything at all.
    Any,
    /// Nothing (`null`), where leaving out means the defaults.
    Null,
    /// A boolean.
    Bool,
    /// Only `true`.
    True,
    /// A string that is taken as it is; not empty.
    Text,
    /// A name that templates can refer to.
    Name,
    /// A string that may hold `{{templates}}`.
    Template,
    /// A string (which may hold templates), a number or a boolean.
    Scalar,
    /// A string (which may hold templates) or a number: what has an order.
    Ordered,
    /// A string that starts with `/`, or with the template that stands for its beginning.
    Path,
    /// A whole number in an inclusive range.
    Integer(i64, i64),
    /// A number in an inclusive range, which may have a fraction.
    Number(f64, f64),
    /// A length of time with its unit, such as `250ms`, `2s`, `1m30s`.
    Duration,
    /// A number of bytes with its unit, such as `64KiB`.
    Size,
    /// How often in a time, such as `50/s`.
    Rate,
    /// A percentage up to a hundred, such as `5%`.
    Share,
    /// One word of a closed list.
    Words(&'static [Word]),
    /// A list with at least and at most so many items.
    List(&'static Kind, usize, usize),
    /// A map.
    Map(&'static Noun),
    /// One of several kinds, told apart by the type of the value: at most one of them is a map, and so on.
    Either(&'static [Kind]),
    /// The first where any key belongs to it, else the second: the short and the long form of one thing.
    ShortOrLong(&'static Noun, &'static Noun),
    /// A message body: any map, list or string; a map whose only key starts with `$` is held to the noun.
    Body(&'static Noun),
}

impl Noun {
    /// The field of a keyword.
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == key)
    }
}
