//! Matchers as instructions: for each subject the conditions that must hold of it, in the order in which they were
//! written. What they mean is in `docs/matchers.md`; how they are judged is `machine::matching`.

use super::{JsonType, Operand, Path};
use crate::diagnostic::Span;
use regex::{Regex, bytes};

/// What must hold of a message: all clauses.
#[derive(Debug, Clone, PartialEq)]
pub struct Matcher {
    /// At least one.
    pub clauses: Vec<Clause>,
}

impl Matcher {
    /// The paths that it asks a message for.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.clauses.iter().filter_map(|clause| match clause {
            Clause::Path(path, _) => Some(path),
            Clause::Text(_) | Clause::Binary(_) => None,
        })
    }
}

/// What must hold of variables: all clauses. The condition of `loop: while`.
#[derive(Debug, Clone, PartialEq)]
pub struct VariableMatcher {
    /// At least one.
    pub clauses: Vec<VariableClause>,
}

/// One subject of a message and its conditions.
#[derive(Debug, Clone, PartialEq)]
pub enum Clause {
    /// The nodes a JSONPath selects: one of them must satisfy all conditions. (`exists: false` and `ne` are about all nodes.)
    Path(Path, Vec<Condition<Test>>),
    /// The whole of a text message, as a string.
    Text(Vec<Condition<Test>>),
    /// The whole of a binary message.
    Binary(Vec<Condition<BinaryTest>>),
}

/// One variable and its conditions.
#[derive(Debug, Clone, PartialEq)]
pub struct VariableClause {
    /// The name in the plan.
    pub name: String,
    /// Where its value comes from: a slot, or a constant where it never changes.
    pub variable: Operand,
    /// What must hold of it.
    pub conditions: Vec<Condition<Test>>,
}

/// One test and the place in the plan that asks for it. Equality leaves the place out.
#[derive(Debug, Clone)]
pub struct Condition<T> {
    /// The test.
    pub test: T,
    /// Where it is written.
    pub span: Span,
}

/// A test of a JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// `eq ne lt lte gt gte`, and `equals` of `text`.
    Compare(Comparison, Operand),
    /// `exists: true`
    Exists(bool),
    /// `type: integer`
    Type(JsonType),
    /// `matches: "^[a-z]+$"`
    Matches(Pattern),
    /// `contains`: a part of a string, an element of an array, the name of an object's member.
    Contains(Operand),
    /// `one_of: [a, b]`
    OneOf(Vec<Operand>),
    /// `starts_with`: of a string.
    StartsWith(Operand),
    /// `length: { gte: 2 }`
    Length(Comparison, usize),
}

/// A test of bytes.
#[derive(Debug, Clone, PartialEq)]
pub enum BinaryTest {
    /// `equals`
    Equals(Bytes),
    /// `contains`
    Contains(Bytes),
    /// `starts_with`
    StartsWith(Bytes),
    /// `matches`
    Matches(BinaryPattern),
    /// `length`, in bytes.
    Length(Comparison, usize),
}

/// Bytes to compare with.
#[derive(Debug, Clone, PartialEq)]
pub enum Bytes {
    /// `{ hex: "00ff" }`, or the UTF-8 of a constant string.
    Constant(Vec<u8>),
    /// The UTF-8 of a string that holds templates.
    Text(Operand),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `eq`
    Eq,
    /// `ne`
    Ne,
    /// `lt`
    Lt,
    /// `lte`
    Lte,
    /// `gt`
    Gt,
    /// `gte`
    Gte,
}

/// A regular expression for text; equal when written the same.
#[derive(Debug, Clone)]
pub struct Pattern(pub Regex);

/// A regular expression for bytes; equal when written the same.
#[derive(Debug, Clone)]
pub struct BinaryPattern(pub bytes::Regex);

impl Comparison {
    /// The operator's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Lt => "lt",
            Self::Lte => "lte",
            Self::Gt => "gt",
            Self::Gte => "gte",
        }
    }
}

impl Test {
    /// The operator's word; `length gte` for a comparison of lengths.
    pub fn operator(&self) -> &'static str {
        match self {
            Self::Compare(comparison, _) => comparison.word(),
            Self::Exists(_) => "exists",
            Self::Type(_) => "type",
            Self::Matches(_) => "matches",
            Self::Contains(_) => "contains",
            Self::OneOf(_) => "one_of",
            Self::StartsWith(_) => "starts_with",
            Self::Length(comparison, _) => length_operator(*comparison),
        }
    }
}

impl Test {
    /// The operator's word where the subject is `text`.
    pub fn operator_of_text(&self) -> &'static str {
        match self {
            Self::Compare(Comparison::Eq, _) => "equals",
            _ => self.operator(),
        }
    }
}

impl BinaryTest {
    /// The operator's word; `length gte` for a comparison of lengths.
    pub fn operator(&self) -> &'static str {
        match self {
            Self::Equals(_) => "equals",
            Self::Contains(_) => "contains",
            Self::StartsWith(_) => "starts_with",
            Self::Matches(_) => "matches",
            Self::Length(comparison, _) => length_operator(*comparison),
        }
    }
}

fn length_operator(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Eq => "length",
        Comparison::Ne => "length ne",
        Comparison::Lt => "length lt",
        Comparison::Lte => "length lte",
        Comparison::Gt => "length gt",
        Comparison::Gte => "length gte",
    }
}

impl Matcher {
    /// Whether every message that `other` matches is matched by this one, for certain: each condition here is one of
    /// `other`'s or follows from one. An `always` rule with such a matcher leaves an `expect` with `other` nothing.
    pub fn takes_all_of(&self, other: &Self) -> bool {
        self.clauses.iter().all(|rule| other.clauses.iter().any(|clause| rule.follows_from(clause)))
    }

    /// Whether both match the same messages, for certain.
    pub fn is_same(&self, other: &Self) -> bool {
        self.takes_all_of(other) && other.takes_all_of(self)
    }
}

impl Clause {
    fn follows_from(&self, other: &Self) -> bool {
        fn among<T: PartialEq>(fewer: &[Condition<T>], more: &[Condition<T>]) -> bool {
            fewer.iter().all(|condition| more.contains(condition))
        }
        match (self, other) {
            (Self::Path(path, fewer), Self::Path(other, more)) => {
                let follows = |condition: &Condition<Test>| {
                    more.iter().any(|known| condition == known || condition.test.follows_from(&known.test))
                };
                path == other && fewer.iter().all(follows)
            }
            (Self::Text(fewer), Self::Text(more)) => among(fewer, more),
            (Self::Binary(fewer), Self::Binary(more)) => among(fewer, more),
            _ => false,
        }
    }
}

impl Test {
    /// Whether a value that passes `other` passes this too, for certain. Only of tests that one value passes: what is
    /// about all values of a path says nothing of any of them.
    fn follows_from(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Exists(false) | Self::Compare(Comparison::Ne, _)) => false,
            (Self::Exists(true), _) => true,
            (Self::OneOf(wide), Self::Compare(Comparison::Eq, only)) => wide.contains(only),
            (Self::OneOf(wide), Self::OneOf(narrow)) => narrow.iter().all(|operand| wide.contains(operand)),
            _ => false,
        }
    }
}

impl<T: PartialEq> PartialEq for Condition<T> {
    fn eq(&self, other: &Self) -> bool {
        self.test == other.test
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl PartialEq for BinaryPattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}
