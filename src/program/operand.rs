//! What a condition compares with: a constant, or something that is known only while a user runs.

use super::json_value::{equal, write_quoted};
use super::{Expr, Json};
use serde::{Serialize, Serializer};
use std::fmt;

/// The right-hand side of a condition.
#[derive(Debug, Clone)]
pub enum Operand {
    /// `gte: 1`
    Constant(Json<'static>),
    /// `eq: "{{session}}"`: what templates make of a string.
    Expr(Expr),
    /// `[1, "{{n}}"]`: a list that is not constant.
    List(Vec<Operand>),
    /// `eq: { user: "{{name}}" }`: a map that is not constant; keys are unique.
    Map(Vec<(String, Operand)>),
}

/// The same right-hand side for certain: what calls helpers is equal to nothing, because a helper may answer
/// differently each time.
impl PartialEq for Operand {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Constant(left), Self::Constant(right)) => equal(left, right),
            (
                Self::Expr(left @ (Expr::Slot(_) | Expr::Field { .. } | Expr::Secret(_))),
                Self::Expr(right),
            ) => left == right,
            (Self::List(left), Self::List(right)) => left == right,
            (Self::Map(left), Self::Map(right)) => left == right,
            _ => false,
        }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(json) => write!(f, "{json}"),
            Self::Expr(expr) => write!(f, "{{{expr}}}"),
            Self::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if index == 0 { "" } else { "," })?;
                }
                f.write_str("]")
            }
            Self::Map(members) => {
                f.write_str("{")?;
                for (index, (name, value)) in members.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { "," })?;
                    write_quoted(f, name)?;
                    write!(f, ":{value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

/// A constant as `{"constant": ...}`, an expression as expressions are shown, `{"list": [...]}`, `{"map": {...}}`.
impl Serialize for Operand {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Constant(json) => serializer.collect_map([("constant", json)]),
            Self::Expr(expr) => expr.serialize(serializer),
            Self::List(items) => serializer.collect_map([("list", items)]),
            Self::Map(members) => serializer.collect_map([("map", Members(members))]),
        }
    }
}

struct Members<'p>(&'p [(String, Operand)]);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
