//! Operands: what is constant becomes a value, strings with templates become expressions.

use super::Lowering;
use crate::diagnostic::{Diagnostic, codes};
use crate::plan::syntax::{Node, NodeKind};
use crate::program::json::items;
use crate::program::{Expr, Helper, Json, Operand, Segment, Value};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

impl Lowering<'_> {
    /// What a node of the plan is compared as.
    pub(super) fn operand(&mut self, node: &Node) -> Option<Operand> {
        match &node.kind {
            NodeKind::List(items) => self.operands(items).map(list),
            NodeKind::Map(entries) if entries.iter().all(|entry| !entry.key.text.contains("{{")) => {
                // Every entry is lowered, also behind a wrong one.
                let lowered: Vec<_> = entries.iter().map(|entry| self.operand(&entry.value)).collect();
                let values: Vec<_> = lowered.into_iter().collect::<Option<_>>()?;
                Some(map(entries.iter().map(|entry| entry.key.text.clone()).zip(values).collect()))
            }
            _ => {
                let expr = self.value(node)?;
                self.draws_nothing(node, &expr)?;
                Some(constant(expr))
            }
        }
    }

    /// The operands of a list; every one is lowered, also behind a wrong one.
    pub(super) fn operands(&mut self, items: &[Node]) -> Option<Vec<Operand>> {
        let lowered: Vec<_> = items.iter().map(|item| self.operand(item)).collect();
        lowered.into_iter().collect()
    }

    /// Refuses what is drawn anew for each message and so can match none.
    fn draws_nothing(&mut self, node: &Node, expr: &Expr) -> Option<()> {
        let Some(helper) = random_helper(expr) else { return Some(()) };
        self.report(
            Diagnostic::new(codes::NOT_CONSTANT, "a matcher cannot compare with a random value")
                .label(node.span, format!("`{}` gives another value for every message", helper.name()))
                .help("keep the value with `set` and compare with its name"),
        );
        None
    }
}

fn random_helper(expr: &Expr) -> Option<Helper> {
    match expr {
        Expr::Constant(_) | Expr::Secret(_) | Expr::Slot(_) | Expr::Field { .. } => None,
        Expr::Call { helper, arguments } => {
            Some(*helper).filter(|helper| helper.draws()).or_else(|| arguments.iter().find_map(random_helper))
        }
        Expr::Interpreted(interpreted) => interpreted.helpers.iter().copied().find(|helper| helper.draws()),
        Expr::Rendered { template, .. } => template.segments.iter().find_map(|segment| match segment {
            Segment::Literal(_) => None,
            Segment::Value { expr, .. } => random_helper(expr),
            Segment::Block(block) => block.helpers.iter().copied().find(|helper| helper.draws()),
        }),
    }
}

fn constant(expr: Expr) -> Operand {
    match expr {
        Expr::Constant(value) => match json(&value) {
            Some(json) => Operand::Constant(json),
            None => Operand::Expr(Expr::Constant(value)),
        },
        expr => Operand::Expr(expr),
    }
}

/// A value as JSON, digit for digit.
fn json(value: &Value) -> Option<Json<'static>> {
    Some(match value {
        Value::Unset => return None,
        Value::Null => Json::Null,
        Value::Bool(bool) => Json::Bool(*bool),
        Value::Int(int) => Json::Int(*int),
        Value::Text(text) => Json::from(text.clone()),
        Value::Float(_) => Json::Decimal(value.to_json_text().into()),
        Value::Json(text) if text.starts_with('[') => {
            Json::Array(items(text)?.into_iter().map(inner).collect::<Option<_>>()?)
        }
        Value::Json(text) if text.starts_with('{') => {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
            let member = |(name, raw): (String, &RawValue)| Some((name.into(), inner(raw.get())?));
            Json::Object(members.into_iter().map(member).collect::<Option<_>>()?)
        }
        Value::Json(text) => Json::Decimal(text.clone().into()),
    })
}

fn inner(text: &str) -> Option<Json<'static>> {
    json(&Value::from_json_text(text).ok()?)
}

fn list(operands: Vec<Operand>) -> Operand {
    let constants: Option<Vec<_>> = operands.iter().map(as_constant).collect();
    constants.map_or(Operand::List(operands), |constants| Operand::Constant(Json::Array(constants)))
}

fn map(members: Vec<(String, Operand)>) -> Operand {
    let constant = |(name, operand): &(String, Operand)| Some((name.clone().into(), as_constant(operand)?));
    let constants: Option<Vec<_>> = members.iter().map(constant).collect();
    constants.map_or(Operand::Map(members), |constants| Operand::Constant(Json::Object(constants)))
}

fn as_constant(operand: &Operand) -> Option<Json<'static>> {
    match operand {
        Operand::Constant(json) => Some(json.clone()),
        _ => None,
    }
}
