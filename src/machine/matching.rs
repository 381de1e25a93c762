//! Whether a message is the one that is meant. This is the path every message takes: nothing is written down and
//! nothing allocated but what the message's values need; why a message does not match is `mismatch`'s matter.
//!
//! A path may select several nodes. One node must then satisfy all conditions of the path together, but for `ne`,
//! which no node may break, and `exists: false`, which there must be no node for.

use super::Scope;
use super::message::{Message, Payload};
use super::operand::{equals, with};
use crate::program::matcher::{
    BinaryTest, Bytes, Clause, Comparison, Condition, Matcher, Test, VariableClause, VariableMatcher,
};
use crate::program::{Json, Operand};
use std::cmp::Ordering;
use std::iter;

/// Whether a message satisfies all of a matcher.
pub fn matches(matcher: &Matcher, message: &Message<'_>, scope: &mut Scope<'_>) -> bool {
    matcher.clauses.iter().all(|clause| clause_holds(clause, message, scope))
}

/// Whether the variables satisfy all of a condition.
pub fn condition_holds(condition: &VariableMatcher, scope: &mut Scope<'_>) -> bool {
    condition.clauses.iter().all(|clause| {
        let VariableClause { variable, conditions, .. } = clause;
        match with(variable, scope, |value, scope| nodes_hold(conditions, iter::once(value), scope)) {
            Some(holds) => holds,
            None => nodes_hold(conditions, iter::empty(), scope),
        }
    })
}

/// Whether a message satisfies a clause.
pub(super) fn clause_holds(clause: &Clause, message: &Message<'_>, scope: &mut Scope<'_>) -> bool {
    match (clause, message.payload()) {
        (Clause::Path(path, conditions), _) => {
            message.select(path).is_ok_and(|selected| nodes_hold(conditions, selected.nodes(), scope))
        }
        (Clause::Text(conditions), Payload::Text(text)) => {
            all_hold(conditions, &Json::Text(text.into()), scope)
        }
        (Clause::Binary(conditions), Payload::Binary(bytes)) => {
            conditions.iter().all(|condition| bytes_hold(&condition.test, bytes, scope))
        }
        _ => false,
    }
}

fn nodes_hold<'n, 'a: 'n>(
    conditions: &[Condition<Test>],
    mut nodes: impl Iterator<Item = &'n Json<'a>> + Clone,
    scope: &mut Scope<'_>,
) -> bool {
    let mut of_one_node = false;
    for Condition { test, .. } in conditions {
        if !test.is_of_every_node() {
            of_one_node = true;
        } else if !nodes.clone().all(|node| holds(test, node, scope)) {
            return false;
        }
    }
    let satisfies = |node: &Json<'_>, scope: &mut Scope<'_>| {
        let mut tests = conditions.iter().map(|condition| &condition.test);
        tests.all(|test| test.is_of_every_node() || holds(test, node, scope))
    };
    !of_one_node || nodes.any(|node| satisfies(node, scope))
}

fn all_hold(conditions: &[Condition<Test>], value: &Json<'_>, scope: &mut Scope<'_>) -> bool {
    conditions.iter().all(|condition| holds(&condition.test, value, scope))
}

impl Test {
    /// Whether the test is one that every selected node must pass, so that none selected is as good.
    pub(super) fn is_of_every_node(&self) -> bool {
        matches!(self, Self::Exists(false) | Self::Compare(Comparison::Ne, _))
    }
}

/// Whether a value that is there passes a test.
pub fn holds(test: &Test, value: &Json<'_>, scope: &mut Scope<'_>) -> bool {
    match test {
        Test::Compare(comparison, operand) => compare(*comparison, value, operand, scope),
        Test::Exists(exists) => *exists,
        Test::Type(kind) => value.is(*kind),
        Test::Matches(pattern) => text(value).is_some_and(|text| pattern.0.is_match(text)),
        Test::Contains(operand) => contains(value, operand, scope),
        Test::OneOf(operands) => operands.iter().any(|operand| equals(operand, value, scope) == Some(true)),
        Test::StartsWith(operand) => with_texts(value, operand, scope, |text, start| text.starts_with(start)),
        Test::Length(comparison, wanted) => {
            value.length().is_some_and(|length| accepts(*comparison, length.cmp(wanted)))
        }
    }
}

/// Whether the bytes of a binary message pass a test.
pub fn bytes_hold(test: &BinaryTest, bytes: &[u8], scope: &mut Scope<'_>) -> bool {
    match test {
        BinaryTest::Equals(operand) => with_bytes(operand, scope, |operand| bytes == operand),
        BinaryTest::Contains(operand) => with_bytes(operand, scope, |operand| has_part(bytes, operand)),
        BinaryTest::StartsWith(operand) => with_bytes(operand, scope, |operand| bytes.starts_with(operand)),
        BinaryTest::Matches(pattern) => pattern.0.is_match(bytes),
        BinaryTest::Length(comparison, wanted) => accepts(*comparison, bytes.len().cmp(wanted)),
    }
}

fn compare(comparison: Comparison, value: &Json<'_>, operand: &Operand, scope: &mut Scope<'_>) -> bool {
    match comparison {
        Comparison::Eq => equals(operand, value, scope) == Some(true),
        Comparison::Ne => equals(operand, value, scope) == Some(false),
        _ => with(operand, scope, |operand, _| value.order(operand))
            .flatten()
            .is_some_and(|order| accepts(comparison, order)),
    }
}

fn accepts(comparison: Comparison, order: Ordering) -> bool {
    match comparison {
        Comparison::Eq => order.is_eq(),
        Comparison::Ne => order.is_ne(),
        Comparison::Lt => order.is_lt(),
        Comparison::Lte => order.is_le(),
        Comparison::Gt => order.is_gt(),
        Comparison::Gte => order.is_ge(),
    }
}

fn contains(value: &Json<'_>, operand: &Operand, scope: &mut Scope<'_>) -> bool {
    match value {
        Json::Array(elements) => elements.iter().any(|element| equals(operand, element, scope) == Some(true)),
        Json::Object(_) => {
            with(operand, scope, |name, _| text(name).is_some_and(|name| value.member(name).is_some()))
                .unwrap_or(false)
        }
        _ => with_texts(value, operand, scope, |text, part| text.contains(part)),
    }
}

fn text<'v>(value: &'v Json<'_>) -> Option<&'v str> {
    match value {
        Json::Text(text) => Some(text),
        _ => None,
    }
}

/// A test of two strings; anything else does not pass.
fn with_texts(
    value: &Json<'_>,
    operand: &Operand,
    scope: &mut Scope<'_>,
    test: impl FnOnce(&str, &str) -> bool,
) -> bool {
    let Some(value) = text(value) else { return false };
    with(operand, scope, |operand, _| text(operand).is_some_and(|operand| test(value, operand)))
        .unwrap_or(false)
}

fn with_bytes(operand: &Bytes, scope: &mut Scope<'_>, test: impl FnOnce(&[u8]) -> bool) -> bool {
    match operand {
        Bytes::Constant(bytes) => test(bytes),
        Bytes::Text(operand) => {
            with(operand, scope, |json, _| text(json).is_some_and(|text| test(text.as_bytes())))
                .unwrap_or(false)
        }
    }
}

fn has_part(bytes: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(bytes, part).is_some()
}
