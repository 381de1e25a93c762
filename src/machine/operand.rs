//! What a condition compares with, at the time it is judged: constants as they are, variables where they lie in their
//! slots. Nothing is copied to compare; only a slot that holds a JSON text is read into a tree for it.

use super::{Scope, evaluate, json};
use crate::program::json::Stack;
use crate::program::json_value::equal;
use crate::program::{Expr, Json, Operand, Segment, Value};
use std::fmt::Write;

/// Whether an operand equals a value; `None` where the operand has no value to compare with.
pub(super) fn equals(operand: &Operand, value: &Json<'_>, scope: &mut Scope<'_>) -> Option<bool> {
    match (operand, value) {
        (Operand::List(operands), Json::Array(elements)) if operands.len() == elements.len() => {
            for (operand, element) in operands.iter().zip(elements) {
                if !equals(operand, element, scope)? {
                    return Some(false);
                }
            }
            Some(true)
        }
        (Operand::Map(operands), Json::Object(members)) if operands.len() == members.len() => {
            for (name, operand) in operands {
                let Some(member) = value.member(name) else { return Some(false) };
                if !equals(operand, member, scope)? {
                    return Some(false);
                }
            }
            Some(true)
        }
        (Operand::List(_) | Operand::Map(_), _) => Some(false),
        _ => with(operand, scope, |operand, _| equal(operand, value)),
    }
}

/// Hands an operand on as a value. `None` for a variable that is not set, for a template that fails, and for a list or
/// map with variables in it, which has no order and is no string.
pub(super) fn with<T>(
    operand: &Operand,
    scope: &mut Scope<'_>,
    then: impl FnOnce(&Json<'_>, &mut Scope<'_>) -> T,
) -> Option<T> {
    match operand {
        Operand::Constant(json) => Some(then(json, scope)),
        Operand::Expr(expr) => {
            let value = evaluate(expr, scope).ok()?;
            with_value(&value, |json| then(json, scope))
        }
        Operand::List(_) | Operand::Map(_) => None,
    }
}

/// Hands a slot's value on as JSON; `None` where it is not set.
fn with_value<T>(value: &Value, then: impl FnOnce(&Json<'_>) -> T) -> Option<T> {
    match value {
        Value::Unset => None,
        Value::Null => Some(then(&Json::Null)),
        Value::Bool(bool) => Some(then(&Json::Bool(*bool))),
        Value::Int(int) => Some(then(&Json::Int(*int))),
        Value::Float(float) => {
            let mut digits = Stack::<32>::new();
            write!(digits, "{float:?}").ok()?;
            Some(then(&Json::Decimal(digits.as_str().into())))
        }
        Value::Text(text) => Some(then(&Json::Text(text.as_str().into()))),
        Value::Json(text) => json::parse(text).ok().map(|json| then(&json)),
    }
}

/// A slot's value as JSON of its own; `None` where it is not set.
pub fn as_json(value: &Value) -> Option<Json<'static>> {
    with_value(value, |json| json.clone().into_owned())
}

/// The value an operand has now, to be shown.
pub(super) fn resolve(operand: &Operand, scope: &mut Scope<'_>) -> Json<'static> {
    match operand {
        Operand::Expr(expr) if has_secret(expr) => Json::from("(secret)"),
        Operand::List(operands) => {
            Json::Array(operands.iter().map(|operand| resolve(operand, scope)).collect())
        }
        Operand::Map(members) => {
            let member = |(name, operand): &(String, Operand)| (name.clone().into(), resolve(operand, scope));
            Json::Object(members.iter().map(member).collect())
        }
        Operand::Constant(json) => json.clone(),
        Operand::Expr(expr) => match evaluate(expr, scope) {
            Ok(value) => as_json(&value).unwrap_or_default(),
            Err(failure) => Json::Text(format!("({failure})").into()),
        },
    }
}

/// Whether something goes into an expression that must not be shown. What blocks write is not looked into.
fn has_secret(expr: &Expr) -> bool {
    match expr {
        Expr::Secret(_) => true,
        Expr::Call { arguments, .. } => arguments.iter().any(has_secret),
        Expr::Rendered { template, .. } => template.segments.iter().any(|segment| match segment {
            Segment::Value { expr, .. } => has_secret(expr),
            Segment::Literal(_) | Segment::Block(_) => false,
        }),
        Expr::Constant(_) | Expr::Slot(_) | Expr::Field { .. } | Expr::Interpreted(_) => false,
    }
}

/// Puts a value into a slot's, keeping the memory it already has for text.
pub(super) fn fill(slot: &mut Value, json: &Json<'_>) {
    match json {
        Json::Null => *slot = Value::Null,
        Json::Bool(bool) => *slot = Value::Bool(*bool),
        Json::Int(int) => *slot = Value::Int(*int),
        Json::Text(text) => slot.set_text(text),
        Json::Decimal(_) | Json::Array(_) | Json::Object(_) => {
            let text = json.to_string();
            // Refused are numbers beyond a double, which are kept as they came.
            if slot.set_json_text(&text).is_err() {
                *slot = Value::Json(text);
            }
        }
    }
}
