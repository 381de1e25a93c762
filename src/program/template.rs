//! Templates as they are run: what the author wrote literally, and between it expressions over slots, each with the
//! escaping that its place asks for. What needs control flow while running is kept as a Handlebars syntax tree whose
//! names have been resolved. Texts show a template as `"Hello " {$1|json_string}`.

use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::escape::{Escape, hexadecimal};
use super::helper::Helper;
use super::id::SlotId;
use super::value::Value;

/// A message, a header, a part of a URL: anything that is put together from text and values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Template {
    /// The parts in their order. No two literals are neighbours and none is empty.
    pub segments: Vec<Segment>,
}

/// A part of a [`Template`].
#[derive(Debug, Clone, PartialEq)]
pub enum Segment {
    /// Bytes that are the same every time; already escaped.
    Literal(Box<[u8]>),
    /// `{{expression}}`.
    Value {
        /// What to write.
        expr: Expr,
        /// How to write it.
        escape: Escape,
    },
    /// `{{#if x}}...{{/if}}`; what it writes is already escaped.
    Block(Box<Interpreted>),
}

/// What yields a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A value known when the plan was compiled. In a template it has become a literal.
    Constant(Value),
    /// The same, of a value that is shown nowhere: `{{env.TOKEN}}`.
    Secret(Secret),
    /// `{{name}}`.
    Slot(SlotId),
    /// `{{name.field.0}}`: a walk into the list or map that a slot holds.
    Field {
        /// The slot.
        slot: SlotId,
        /// Keys, and indices from 0.
        path: Vec<String>,
    },
    /// `{{helper argument ...}}`. The arguments are as many as the helper's table row has (more where the last
    /// repeats), left-out ones filled in.
    Call {
        /// The helper.
        helper: Helper,
        /// Its arguments.
        arguments: Vec<Expr>,
    },
    /// `{{len rooms}}`: what the Handlebars crate evaluates.
    Interpreted(Box<Interpreted>),
    /// `Hello {{name}}` or a list or map with templates in it: a value that is written and then taken as text or JSON.
    Rendered {
        /// What to write.
        template: Template,
        /// What the result is.
        form: Form,
    },
}

/// What a written template is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// A string.
    Text,
    /// A JSON text.
    Json,
}

/// A value that is rendered, but never printed.
#[derive(Clone, PartialEq)]
pub struct Secret(Value);

impl Secret {
    /// Hides a value.
    pub fn new(value: Value) -> Self {
        Self(value)
    }

    /// The value, to be sent and not to be shown.
    pub fn reveal(&self) -> &Value {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A part of a template that the Handlebars crate runs.
#[derive(Clone, PartialEq)]
pub struct Interpreted {
    /// What the author wrote.
    pub source: String,
    /// The syntax tree: the only element is an expression where it is an [`Expr::Interpreted`]. Slots are named
    /// `@root.$3`, expressions are wrapped in calls of [`Interpreted::WRITE`], constants are literals.
    pub tree: handlebars::Template,
    /// The slots it reads, ascending.
    pub slots: Vec<SlotId>,
    /// The helpers it calls.
    pub helpers: Vec<Helper>,
    /// How values are written in it.
    pub escape: Escape,
}

impl Interpreted {
    /// The helper that writes an expression's value with the escaping of the place. A name that no author can write.
    pub const WRITE: &str = "write value";
    /// The helper that writes a slot's value, which needs no way over a JSON tree and so keeps every digit.
    pub const WRITE_SLOT: &str = "write slot";
}

/// The tree is long and holds secrets: only the source is shown.
impl fmt::Debug for Interpreted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interpreted")
            .field("source", &self.source)
            .field("slots", &self.slots)
            .finish_non_exhaustive()
    }
}

/// A message's content.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    /// Whether it goes out as a text or a binary message.
    pub kind: BodyKind,
    /// The content.
    pub template: Template,
}

/// The two kinds of data messages (RFC 6455 section 5.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BodyKind {
    /// Opcode 1; the content is UTF-8.
    Text,
    /// Opcode 2.
    Binary,
}

impl Template {
    /// A template without values.
    pub fn literal(bytes: impl Into<Vec<u8>>) -> Self {
        let mut template = Self::default();
        template.push_literal(&bytes.into());
        template
    }

    /// Adds bytes, to the last segment where that is a literal.
    pub fn push_literal(&mut self, bytes: &[u8]) {
        if let Some(Segment::Literal(last)) = self.segments.last_mut() {
            *last = [last, bytes].concat().into();
        } else if !bytes.is_empty() {
            self.segments.push(Segment::Literal(bytes.into()));
        }
    }

    /// The bytes, where there is no value in it.
    pub fn as_literal(&self) -> Option<&[u8]> {
        match self.segments.as_slice() {
            [] => Some(&[]),
            [Segment::Literal(bytes)] => Some(bytes),
            _ => None,
        }
    }

    /// The slots that rendering reads, ascending.
    pub fn slots(&self) -> Vec<SlotId> {
        let mut slots = Vec::new();
        self.collect_slots(&mut slots);
        sorted(slots)
    }

    fn collect_slots(&self, slots: &mut Vec<SlotId>) {
        for segment in &self.segments {
            match segment {
                Segment::Literal(_) => {}
                Segment::Value { expr, .. } => expr.collect_slots(slots),
                Segment::Block(block) => slots.extend(&block.slots),
            }
        }
    }
}

impl Expr {
    /// What stands in place of a secret wherever a program is shown.
    pub const SECRET: &str = "secret";

    /// The slots that evaluating reads, ascending.
    pub fn slots(&self) -> Vec<SlotId> {
        let mut slots = Vec::new();
        self.collect_slots(&mut slots);
        sorted(slots)
    }

    fn collect_slots(&self, slots: &mut Vec<SlotId>) {
        match self {
            Self::Constant(_) | Self::Secret(_) => {}
            Self::Slot(slot) | Self::Field { slot, .. } => slots.push(*slot),
            Self::Call { arguments, .. } => {
                for argument in arguments {
                    argument.collect_slots(slots);
                }
            }
            Self::Interpreted(interpreted) => slots.extend(&interpreted.slots),
            Self::Rendered { template, .. } => template.collect_slots(slots),
        }
    }

    /// The value, where it is known when the plan is compiled.
    pub fn known(&self) -> Option<&Value> {
        match self {
            Self::Constant(value) => Some(value),
            Self::Secret(secret) => Some(secret.reveal()),
            _ => None,
        }
    }
}

fn sorted(mut slots: Vec<SlotId>) -> Vec<SlotId> {
    slots.sort_unstable();
    slots.dedup();
    slots
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.segments.is_empty() {
            return f.write_str("\"\"");
        }
        for (i, segment) in self.segments.iter().enumerate() {
            write!(f, "{}{segment}", if i == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => write!(f, "{text:?}"),
                Err(_) => write!(f, "0x{}", hexadecimal(bytes)),
            },
            Self::Value { expr, escape: Escape::None } => write!(f, "{{{expr}}}"),
            Self::Value { expr, escape } => write!(f, "{{{expr}|{}}}", escape.name()),
            Self::Block(block) => write!(f, "{{{block}}}"),
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(value) => f.write_str(&value.to_json_text()),
            Self::Secret(_) => f.write_str(Self::SECRET),
            Self::Slot(slot) => write!(f, "{slot}"),
            Self::Field { slot, path } => {
                write!(f, "{slot}")?;
                path.iter().try_for_each(|step| write!(f, "[{step:?}]"))
            }
            Self::Call { helper, arguments } => {
                write!(f, "{}(", helper.name())?;
                for (i, argument) in arguments.iter().enumerate() {
                    write!(f, "{}{argument}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str(")")
            }
            Self::Interpreted(interpreted) => write!(f, "{interpreted}"),
            Self::Rendered { template, form: Form::Text } => write!(f, "text({template})"),
            Self::Rendered { template, form: Form::Json } => write!(f, "json({template})"),
        }
    }
}

impl fmt::Display for Interpreted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "interpret {:?}", self.source)
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            BodyKind::Text => write!(f, "text {}", self.template),
            BodyKind::Binary => write!(f, "binary {}", self.template),
        }
    }
}

/// A list of segments.
impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.segments)
    }
}

/// `{"literal": text}`, `{"bytes": hex}`, `{"value": expression, "escape": name}` or `{"block": ...}`.
impl Serialize for Segment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Literal(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => map.serialize_entry("literal", text)?,
                Err(_) => map.serialize_entry("bytes", &hexadecimal(bytes))?,
            },
            Self::Value { expr, escape } => {
                map.serialize_entry("value", expr)?;
                map.serialize_entry("escape", escape.name())?;
            }
            Self::Block(block) => map.serialize_entry("block", block)?,
        }
        map.end()
    }
}

/// A map with one key that names the kind.
impl Serialize for Expr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Constant(value) => map.serialize_entry("constant", value)?,
            Self::Secret(_) => map.serialize_entry("secret", &())?,
            Self::Slot(slot) => map.serialize_entry("slot", &slot.to_string())?,
            Self::Field { slot, path } => {
                map.serialize_entry("slot", &slot.to_string())?;
                map.serialize_entry("path", path)?;
            }
            Self::Call { helper, arguments } => {
                map.serialize_entry("helper", helper.name())?;
                map.serialize_entry("arguments", arguments)?;
            }
            Self::Interpreted(interpreted) => map.serialize_entry("interpret", interpreted)?,
            Self::Rendered { template, form: Form::Text } => map.serialize_entry("text", template)?,
            Self::Rendered { template, form: Form::Json } => map.serialize_entry("json", template)?,
        }
        map.end()
    }
}

/// What the author wrote and which slots it reads.
impl Serialize for Interpreted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("source", &self.source)?;
        map.serialize_entry("slots", &self.slots.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        map.serialize_entry("escape", self.escape.name())?;
        map.end()
    }
}

/// `{"kind": "text" or "binary", "template": [segments]}`.
impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("kind", if self.kind == BodyKind::Text { "text" } else { "binary" })?;
        map.serialize_entry("template", &self.template)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Template {
        let slot = SlotId::new(3);
        let mut template = Template::literal("{\"a\":");
        template.push_literal(b"\"");
        template.segments.push(Segment::Value { expr: Expr::Slot(slot), escape: Escape::JsonString });
        template.push_literal(b"\xFF");
        let arguments = vec![
            Expr::Constant(Value::Int(1)),
            Expr::Field { slot: SlotId::new(1), path: vec!["a".into(), "0".into()] },
        ];
        let call = Expr::Call { helper: Helper::RandomInt, arguments };
        template.segments.push(Segment::Value { expr: call, escape: Escape::None });
        let secret = Expr::Secret(Secret::new(Value::Text("hunter2".into())));
        template.segments.push(Segment::Value { expr: secret, escape: Escape::Url });
        template
    }

    #[test]
    fn texts_show_the_segments() {
        let template = sample();
        assert_eq!(
            template.to_string(),
            r#""{\"a\":\"" {$3|json_string} 0xff {random_int(1, $1["a"]["0"])} {secret|url}"#
        );
        assert_eq!(Template::default().to_string(), "\"\"");
        assert_eq!(template.slots(), [SlotId::new(1), SlotId::new(3)]);
    }

    #[test]
    fn json_shows_the_segments() {
        let json = serde_json::to_value(sample()).unwrap();
        let expected = serde_json::json!([
            { "literal": "{\"a\":\"" },
            { "value": { "slot": "$3" }, "escape": "json_string" },
            { "bytes": "ff" },
            { "value": { "helper": "random_int", "arguments": [{ "constant": 1 }, { "slot": "$1", "path": ["a", "0"] }] }, "escape": "text" },
            { "value": { "secret": null }, "escape": "url" },
        ]);
        assert_eq!(json, expected);
    }

    #[test]
    fn a_secret_is_printed_nowhere() {
        let template = sample();
        let all = format!("{template:?} {template} {}", serde_json::to_string(&template).unwrap());
        assert!(!all.contains("hunter2"), "{all}");
    }
}
