//! The table of keywords as JSON Schema, draft 2020-12, so that an editor completes and explains.
//!
//! A step is one object with a property a verb, of which `oneOf` asks for exactly one, rather than a `oneOf` over
//! kinds of steps: editors then point at the key that is wrong instead of saying that nothing matched.

use serde_json::{Map, Value, json};

use super::nouns::{NAME_PATTERN, PLAN, all};
use super::table::{Field, Kind, Noun, Rule};
use crate::diagnostic::{Diagnostics, Sources};
use crate::plan::syntax::{Limits, Node, NodeKind, parse};
use crate::quantity::{RATE_PATTERN, SHARE_PATTERN, SIZE_PATTERN, duration_pattern};

/// The schema of a plan.
pub fn json_schema() -> Value {
    let defs: Map<String, Value> =
        all().into_iter().skip(1).map(|noun| (definition_name(noun), noun_schema(noun))).collect();
    let mut schema = Map::new();
    schema.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".into(), json!("wsplan test plan"));
    if let Value::Object(plan) = noun_schema(&PLAN) {
        schema.extend(plan);
    }
    schema.insert("$defs".into(), Value::Object(defs));
    Value::Object(schema)
}

fn definition_name(noun: &Noun) -> String {
    noun.name.replace(' ', "_")
}

fn noun_schema(noun: &Noun) -> Value {
    let mut schema = Map::new();
    schema.insert("description".into(), json!(noun.doc));
    schema.insert("type".into(), json!("object"));
    let properties: Map<String, Value> =
        noun.fields.iter().map(|field| (field.key.to_owned(), field_schema(field))).collect();
    if !properties.is_empty() {
        schema.insert("properties".into(), Value::Object(properties));
    }
    if let Some(open) = &noun.open {
        schema.insert("patternProperties".into(), json!({ open.pattern: kind_schema(&open.kind) }));
    }
    schema.insert("additionalProperties".into(), json!(false));
    let required: Vec<_> = noun.fields.iter().filter(|field| field.required).map(|field| field.key).collect();
    if !required.is_empty() {
        schema.insert("required".into(), json!(required));
    }
    let rules: Vec<_> = noun.rules.iter().map(rule_schema).collect();
    if !rules.is_empty() {
        schema.insert("allOf".into(), Value::Array(rules));
    }
    Value::Object(schema)
}

fn field_schema(field: &Field) -> Value {
    let mut schema = Map::new();
    schema.insert("description".into(), json!(field.doc));
    if let Some(example) = example(field) {
        schema.insert("examples".into(), json!([example]));
    }
    if let Value::Object(kind) = kind_schema(&field.kind) {
        schema.extend(kind);
    }
    Value::Object(schema)
}

/// The value that a field's example stands for. `None` only where it does not parse, which a test rules out.
fn example(field: &Field) -> Option<Value> {
    let mut sources = Sources::new();
    let file = sources.add("example", format!("- {}", field.example));
    let list = parse(&sources, file, &Limits::default(), &mut Diagnostics::new())?;
    list.items()?.first().map(value)
}

fn value(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Null => Value::Null,
        NodeKind::Bool(truth) => json!(truth),
        NodeKind::Number(number) => Value::Number(number.clone()),
        NodeKind::String(text) => json!(text),
        NodeKind::List(items) => items.iter().map(value).collect(),
        NodeKind::Map(entries) => {
            entries.iter().map(|entry| (entry.key.text.clone(), value(&entry.value))).collect()
        }
    }
}

fn rule_schema(rule: &Rule) -> Value {
    let any_of =
        |keys: &[&str]| -> Vec<Value> { keys.iter().map(|key| json!({ "required": [key] })).collect() };
    match rule {
        Rule::OneVerb(keys) | Rule::ExactlyOne(keys) => json!({ "oneOf": any_of(keys) }),
        Rule::AtLeastOne(keys) => json!({ "anyOf": any_of(keys) }),
        Rule::Excludes(one, others) => json!({ "not": { "required": [one], "anyOf": any_of(others) } }),
        Rule::Needs(one, other) => json!({ "dependentRequired": { *one: [other] } }),
        Rule::NotEmpty => json!({ "minProperties": 1 }),
    }
}

fn kind_schema(kind: &Kind) -> Value {
    match kind {
        Kind::Any => json!({}),
        Kind::Null => json!({ "type": "null" }),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::True => json!({ "const": true }),
        Kind::Text => json!({ "type": "string", "minLength": 1 }),
        Kind::Template => json!({ "type": "string" }),
        Kind::Scalar => json!({ "type": ["string", "number", "boolean"] }),
        Kind::Ordered => json!({ "type": ["string", "number"] }),
        Kind::Name => json!({ "type": "string", "pattern": NAME_PATTERN }),
        Kind::Path => json!({ "type": "string", "pattern": "^[/{]" }),
        Kind::Integer(min, max) => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Number(min, max) => json!({ "type": "number", "minimum": min, "maximum": max }),
        Kind::Duration => json!({ "type": "string", "minLength": 1, "pattern": duration_pattern() }),
        Kind::Size => json!({ "type": "string", "pattern": SIZE_PATTERN }),
        Kind::Rate => json!({ "type": "string", "pattern": RATE_PATTERN }),
        Kind::Share => json!({ "type": "string", "pattern": SHARE_PATTERN }),
        Kind::Words(words) => {
            let options: Vec<_> =
                words.iter().map(|word| json!({ "const": word.word, "description": word.doc })).collect();
            json!({ "type": "string", "oneOf": options })
        }
        Kind::List(of, min, max) => {
            let mut schema = json!({ "type": "array", "items": kind_schema(of), "minItems": min });
            if *max != usize::MAX {
                schema["maxItems"] = json!(max);
            }
            schema
        }
        Kind::Map(noun) => reference(noun),
        Kind::Either(kinds) => json!({ "anyOf": kinds.iter().map(kind_schema).collect::<Vec<_>>() }),
        Kind::ShortOrLong(short, long) => {
            let short_keys = short.open.as_ref().map(|open| open.pattern).into_iter().map(str::to_owned);
            let words = short.fields.iter().map(|field| format!("^{}$", field.key));
            let pattern = short_keys.chain(words).collect::<Vec<_>>().join("|");
            json!({
                "type": "object",
                "if": { "propertyNames": { "pattern": pattern }, "minProperties": 1 },
                "then": reference(short),
                "else": reference(long),
            })
        }
        Kind::Body(noun) => json!({
            "type": ["object", "array", "string"],
            "if": {
                "type": "object",
                "minProperties": 1,
                "maxProperties": 1,
                "propertyNames": { "pattern": "^\\$" },
            },
            "then": reference(noun),
        }),
    }
}

fn reference(noun: &Noun) -> Value {
    json!({ "$ref": format!("#/$defs/{}", definition_name(noun)) })
}
