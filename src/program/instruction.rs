//! How matchers are shown: a line a condition for people (`$.members gte 1`), an object a condition for programs
//! (`{"subject":"$.members","operator":"gte","operand":1}`).

use super::Operand;
use super::escape::hexadecimal;
use super::json_value::write_quoted;
use super::matcher::{BinaryTest, Bytes, Clause, Condition, Matcher, Test, VariableMatcher};
use crate::diagnostic::Span;
use serde::{Serialize, Serializer};
use std::fmt;

/// One condition with its subject.
#[derive(Debug, Clone, Serialize)]
pub struct Instruction<'p> {
    /// The JSONPath, `text`, `binary`, or the name of a variable.
    pub subject: &'p str,
    /// The operator's word; `length gte` for a comparison of lengths.
    pub operator: &'static str,
    /// The operand.
    pub operand: Shown<'p>,
    /// Where the condition is written; callers show it as a line.
    #[serde(skip)]
    pub span: Span,
}

/// An operand on its way out.
#[derive(Debug, Clone)]
pub enum Shown<'p> {
    /// A value or a template.
    Operand(&'p Operand),
    /// The list of `one_of`.
    Operands(&'p [Operand]),
    /// Of `exists`.
    Bool(bool),
    /// Of `length`.
    Count(usize),
    /// A type's word or a pattern.
    Word(&'p str),
    /// Bytes, shown as hexadecimal digits.
    Bytes(&'p [u8]),
}

impl Matcher {
    /// The conditions one by one, in the order in which they are tested.
    pub fn instructions(&self) -> Vec<Instruction<'_>> {
        let mut all = Vec::new();
        for clause in &self.clauses {
            match clause {
                Clause::Path(path, conditions) => {
                    all.extend(of_values(path.source(), conditions, Test::operator));
                }
                Clause::Text(conditions) => all.extend(of_values("text", conditions, Test::operator_of_text)),
                Clause::Binary(conditions) => all.extend(conditions.iter().map(|condition| Instruction {
                    subject: "binary",
                    operator: condition.test.operator(),
                    operand: condition.test.shown(),
                    span: condition.span,
                })),
            }
        }
        all
    }
}

impl VariableMatcher {
    /// The conditions one by one, in the order in which they are tested.
    pub fn instructions(&self) -> Vec<Instruction<'_>> {
        self.clauses
            .iter()
            .flat_map(|clause| of_values(&clause.name, &clause.conditions, Test::operator))
            .collect()
    }
}

fn of_values<'p>(
    subject: &'p str,
    conditions: &'p [Condition<Test>],
    operator: fn(&Test) -> &'static str,
) -> impl Iterator<Item = Instruction<'p>> {
    conditions.iter().map(move |condition| Instruction {
        subject,
        operator: operator(&condition.test),
        operand: condition.test.shown(),
        span: condition.span,
    })
}

impl Test {
    /// The operand, to be shown.
    pub fn shown(&self) -> Shown<'_> {
        match self {
            Self::Compare(_, operand) | Self::Contains(operand) | Self::StartsWith(operand) => {
                Shown::Operand(operand)
            }
            Self::Length(_, length) => Shown::Count(*length),
            Self::OneOf(operands) => Shown::Operands(operands),
            Self::Exists(exists) => Shown::Bool(*exists),
            Self::Type(kind) => Shown::Word(kind.word()),
            Self::Matches(pattern) => Shown::Word(pattern.0.as_str()),
        }
    }
}

impl BinaryTest {
    /// The operand, to be shown.
    pub fn shown(&self) -> Shown<'_> {
        match self {
            Self::Equals(bytes) | Self::Contains(bytes) | Self::StartsWith(bytes) => match bytes {
                Bytes::Constant(bytes) => Shown::Bytes(bytes),
                Bytes::Text(operand) => Shown::Operand(operand),
            },
            Self::Matches(pattern) => Shown::Word(pattern.0.as_str()),
            Self::Length(_, length) => Shown::Count(*length),
        }
    }
}

impl fmt::Display for Instruction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.subject, self.operator, self.operand)
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operand(operand) => operand.fmt(f),
            Self::Operands(operands) => {
                f.write_str("[")?;
                for (index, operand) in operands.iter().enumerate() {
                    write!(f, "{}{operand}", if index == 0 { "" } else { "," })?;
                }
                f.write_str("]")
            }
            Self::Bool(bool) => bool.fmt(f),
            Self::Count(count) => count.fmt(f),
            Self::Word(word) => write_quoted(f, word),
            Self::Bytes(bytes) => write!(f, "hex:{}", hexadecimal(bytes)),
        }
    }
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Operand(operand) => operand.serialize(serializer),
            Self::Operands(operands) => operands.serialize(serializer),
            Self::Bool(bool) => bool.serialize(serializer),
            Self::Count(count) => count.serialize(serializer),
            Self::Word(word) => serializer.serialize_str(word),
            Self::Bytes(bytes) => serializer.collect_map([("hex", hexadecimal(bytes))]),
        }
    }
}

/// The conditions, with `and` between them.
impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_joined(f, &self.instructions())
    }
}

/// The conditions, with `and` between them.
impl fmt::Display for VariableMatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_joined(f, &self.instructions())
    }
}

fn write_joined(f: &mut fmt::Formatter<'_>, instructions: &[Instruction<'_>]) -> fmt::Result {
    for (index, instruction) in instructions.iter().enumerate() {
        write!(f, "{}{instruction}", if index == 0 { "" } else { " and " })?;
    }
    Ok(())
}

/// A list of instructions.
impl Serialize for Matcher {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.instructions().serialize(serializer)
    }
}

/// A list of instructions.
impl Serialize for VariableMatcher {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.instructions().serialize(serializer)
    }
}
