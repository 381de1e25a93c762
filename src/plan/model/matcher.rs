//! A matcher: which message is meant, or what must hold of it. A map from a subject to what must hold of that:
//! `{ $.type: joined, $.members: { gte: 1, lt: 50 }, text: { starts_with: PING } }`. The same shape with names of
//! variables as keys is the condition of `loop: while`.
//!
//! The schema has reported what has the wrong shape by the time a matcher is decoded: here it is only not decoded.

use crate::diagnostic::Span;
use crate::plan::syntax::{Entry, Key, Node, NodeKind};

/// A matcher: everything in it must hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Matcher {
    /// Where it stands.
    pub span: Span,
    /// Its entries, at least one.
    pub clauses: Vec<Clause>,
}

/// One entry of a matcher.
#[derive(Debug, Clone, PartialEq)]
pub struct Clause {
    /// What it speaks of.
    pub subject: Subject,
    /// The subject as written.
    pub key: Key,
    /// What must hold of it, at least one.
    pub tests: Vec<Test>,
}

/// What an entry speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// `$.members`: what a JSONPath selects in the message.
    Path,
    /// `text`: the whole of a text message.
    Text,
    /// `binary`: the whole of a binary message.
    Binary,
    /// `n`: a variable, in `while`.
    Variable,
}

/// One operator and its operand.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// The operator.
    pub operator: Operator,
    /// From the operator, or from the subject where no operator is written, to the end of the operand.
    pub span: Span,
    /// The operand as written.
    pub operand: Node,
}

/// What a subject is compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
}

/// What a test asks of its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `eq ne lt lte gt gte`; `equals` of `text` and `binary` is `eq`.
    Compare(Comparison),
    /// `exists: false`
    Exists,
    /// `type: integer`
    Type,
    /// `matches: "^[a-z]+$"`
    Matches,
    /// `contains: part`
    Contains,
    /// `one_of: [a, b]`
    OneOf,
    /// `starts_with: PING`
    StartsWith,
    /// `length: 3`, `length: { gte: 2 }`
    Length(Comparison),
}

/// An operator's word and meaning.
pub type Word = (&'static str, Operator);

/// The operators of `length: { ... }`, which are the comparisons.
pub const LENGTH_OPERATORS: &[(&str, Comparison)] = &[
    ("eq", Comparison::Eq),
    ("ne", Comparison::Ne),
    ("lt", Comparison::Lt),
    ("lte", Comparison::Lte),
    ("gt", Comparison::Gt),
    ("gte", Comparison::Gte),
];

/// The operators of a JSONPath or a variable.
pub const VALUE_OPERATORS: &[Word] = &[
    ("eq", Operator::Compare(Comparison::Eq)),
    ("ne", Operator::Compare(Comparison::Ne)),
    ("lt", Operator::Compare(Comparison::Lt)),
    ("lte", Operator::Compare(Comparison::Lte)),
    ("gt", Operator::Compare(Comparison::Gt)),
    ("gte", Operator::Compare(Comparison::Gte)),
    ("exists", Operator::Exists),
    ("type", Operator::Type),
    ("matches", Operator::Matches),
    ("contains", Operator::Contains),
    ("one_of", Operator::OneOf),
    ("length", LENGTH),
];

/// The operators of `text` and `binary`.
pub const WHOLE_OPERATORS: &[Word] = &[
    ("equals", Operator::Compare(Comparison::Eq)),
    ("contains", Operator::Contains),
    ("starts_with", Operator::StartsWith),
    ("matches", Operator::Matches),
    ("length", LENGTH),
];

/// The word `length`; the comparison is read from its operand.
const LENGTH: Operator = Operator::Length(Comparison::Eq);

impl Subject {
    /// The subject that a key of a matcher of messages means.
    pub fn of_message(key: &str) -> Option<Self> {
        match key {
            "text" => Some(Self::Text),
            "binary" => Some(Self::Binary),
            _ => key.starts_with('$').then_some(Self::Path),
        }
    }

    /// The operators it can be tested by.
    pub fn operators(self) -> &'static [Word] {
        match self {
            Self::Path | Self::Variable => VALUE_OPERATORS,
            Self::Text | Self::Binary => WHOLE_OPERATORS,
        }
    }
}

impl Matcher {
    /// A matcher of messages.
    pub fn decode(node: &Node) -> Option<Self> {
        Self::decode_with(node, |key| Subject::of_message(&key.text))
    }

    /// A condition on variables, as in `while: { n: { lt: 5 } }`.
    pub fn decode_variables(node: &Node) -> Option<Self> {
        Self::decode_with(node, |_| Some(Subject::Variable))
    }

    fn decode_with(node: &Node, subject: impl Fn(&Key) -> Option<Subject>) -> Option<Self> {
        let entries = node.entries().filter(|entries| !entries.is_empty())?;
        let clauses = entries.iter().map(|entry| Clause::decode(entry, subject(&entry.key)?));
        Some(Self { span: node.span, clauses: clauses.collect::<Option<_>>()? })
    }
}

impl Clause {
    fn decode(entry: &Entry, subject: Subject) -> Option<Self> {
        let tests = match entry.value.entries() {
            Some(operators) => {
                let tests = operators.iter().map(|entry| Test::decode(entry, subject));
                tests.collect::<Option<Vec<_>>>()?.concat()
            }
            None => vec![Test::of(Operator::Compare(Comparison::Eq), entry)],
        };
        (!tests.is_empty()).then(|| Self { subject, key: entry.key.clone(), tests })
    }
}

impl Test {
    fn decode(entry: &Entry, subject: Subject) -> Option<Vec<Self>> {
        let operator = find(subject.operators(), &entry.key)?;
        match (operator, &entry.value.kind) {
            (Operator::Length(_), NodeKind::Map(comparisons)) => comparisons
                .iter()
                .map(|entry| Some(Self::of(Operator::Length(find(LENGTH_OPERATORS, &entry.key)?), entry)))
                .collect(),
            _ => Some(vec![Self::of(operator, entry)]),
        }
    }

    fn of(operator: Operator, entry: &Entry) -> Self {
        Self { operator, span: across(entry), operand: entry.value.clone() }
    }
}

fn find<T: Copy>(words: &[(&str, T)], key: &Key) -> Option<T> {
    words.iter().find(|(word, _)| *word == key.text).map(|&(_, meaning)| meaning)
}

/// From a key to the end of its value; the key alone where the value stands elsewhere, as an alias's does.
fn across(entry: &Entry) -> Span {
    let (key, value) = (entry.key.span, entry.value.span);
    let end = if key.file == value.file && value.start >= key.end { value.end } else { key.end };
    Span { end, ..key }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::schema::nouns;

    /// What is decoded here is what the schema lets through, word for word.
    #[test]
    fn operators_are_those_of_the_schema() {
        fn assert_same<T>(noun: &str, words: &[(&str, T)]) {
            let noun = nouns::all().into_iter().find(|known| known.name == noun).unwrap();
            let keys: Vec<_> = noun.fields.iter().map(|field| field.key).collect();
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            assert_eq!(keys, words, "{}", noun.name);
        }
        assert_same("operators", VALUE_OPERATORS);
        assert_same("text operators", WHOLE_OPERATORS);
        assert_same("binary operators", WHOLE_OPERATORS);
        assert_same("length operators", LENGTH_OPERATORS);
    }
}
