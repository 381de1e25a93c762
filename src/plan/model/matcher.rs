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
    /// Its entries, at least one where it is whole.
    pub clauses: Vec<Clause>,
    /// Whether all of it was understood. What was not is left out, and the rest can still be looked at.
    pub is_whole: bool,
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
    /// `Content-Type`: a header of an answer.
    Header,
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

/// The operators of a header.
pub const HEADER_OPERATORS: &[Word] = &[
    ("equals", Operator::Compare(Comparison::Eq)),
    ("exists", Operator::Exists),
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
            Self::Header => HEADER_OPERATORS,
        }
    }
}

impl Matcher {
    /// A matcher of messages.
    pub fn decode(node: &Node) -> Self {
        Self::decode_with(node, |key| Subject::of_message(&key.text))
    }

    /// A condition on variables, as in `while: { n: { lt: 5 } }`.
    pub fn decode_variables(node: &Node) -> Self {
        let is_name = |key: &Key| {
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
            key.text.chars().all(is_part) && !key.text.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        };
        Self::decode_with(node, |key| is_name(key).then_some(Subject::Variable))
    }

    /// A matcher of text alone, which stands behind a key of another name: `reason: { contains: idle }`.
    pub(super) fn decode_text(entry: &Entry) -> Self {
        let (clause, is_whole) = Clause::decode(entry, Subject::Text);
        Self { span: entry.value.span, clauses: vec![clause], is_whole }
    }

    /// In place of one that is not there.
    pub(super) fn missing(span: Span) -> Self {
        Self { span, clauses: Vec::new(), is_whole: false }
    }

    fn decode_with(node: &Node, subject: impl Fn(&Key) -> Option<Subject>) -> Self {
        let mut matcher =
            Self { is_whole: node.entries().is_some_and(|e| !e.is_empty()), ..Self::missing(node.span) };
        for entry in node.entries().unwrap_or_default() {
            match subject(&entry.key) {
                Some(subject) => matcher.add(Clause::decode(entry, subject)),
                None => matcher.is_whole = false,
            }
        }
        matcher
    }

    fn add(&mut self, (clause, is_whole): (Clause, bool)) {
        self.is_whole &= is_whole;
        self.clauses.push(clause);
    }
}

impl Clause {
    /// Entries that each speak of a header. What was not understood is left out.
    pub fn decode_headers(node: &Node) -> Vec<Self> {
        let entries = node.entries().unwrap_or_default().iter();
        entries.map(|entry| Self::decode(entry, Subject::Header).0).collect()
    }

    /// The clause, and whether all of it was understood.
    fn decode(entry: &Entry, subject: Subject) -> (Self, bool) {
        let mut tests = Vec::new();
        let mut is_whole = true;
        match entry.value.entries() {
            Some(operators) => {
                for entry in operators {
                    is_whole &= Test::decode(entry, subject, &mut tests);
                }
                is_whole &= !operators.is_empty();
            }
            None => tests.push(Test::of(Operator::Compare(Comparison::Eq), entry)),
        }
        (Self { subject, key: entry.key.clone(), tests }, is_whole)
    }
}

impl Test {
    /// Adds the tests that an operator makes; whether all of it was understood.
    fn decode(entry: &Entry, subject: Subject, tests: &mut Vec<Self>) -> bool {
        let Some(operator) = find(subject.operators(), &entry.key) else { return false };
        let (Operator::Length(_), NodeKind::Map(comparisons)) = (operator, &entry.value.kind) else {
            tests.push(Self::of(operator, entry));
            return true;
        };
        let mut is_whole = !comparisons.is_empty();
        for entry in comparisons {
            match find(LENGTH_OPERATORS, &entry.key) {
                Some(comparison) => tests.push(Self::of(Operator::Length(comparison), entry)),
                None => is_whole = false,
            }
        }
        is_whole
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
        assert_same("header operators", HEADER_OPERATORS);
        assert_same("binary operators", WHOLE_OPERATORS);
        assert_same("length operators", LENGTH_OPERATORS);
    }
}
