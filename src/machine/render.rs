//! Rendering: a template and one user's scope become bytes, an expression and a scope become a value. Values go
//! from their slot into the buffer without a copy in between; nothing here allocates but what computes a new text,
//! walks into a list or map, or goes through the Handlebars crate.

use std::borrow::Cow;
use std::fmt;

use super::helper;
use super::interpret;
use super::scope::Scope;
use crate::data::Fault;
use crate::program::helper::Kind;
use crate::program::json::{self, Stack};
use crate::program::{Escape, Expr, Form, Helper, Segment, SlotId, Template, UrlError, Value};

/// Why a template could not be rendered. The compiler rules out what it can see, so these come from values that a
/// server sent or the environment held.
#[derive(Debug, Clone, PartialEq)]
pub enum RenderFailure {
    /// A slot was read that nothing had been put into.
    Unset {
        /// The slot.
        slot: SlotId,
    },
    /// The list or map in a slot has nothing there.
    NoField {
        /// The slot.
        slot: SlotId,
        /// The keys and indices, joined by dots.
        path: String,
    },
    /// An argument was not what the helper needs.
    Argument {
        /// The helper.
        helper: Helper,
        /// The argument's name.
        parameter: &'static str,
        /// What it needs.
        expected: Kind,
        /// What it was given, in a word or two.
        actual: &'static str,
    },
    /// Arguments that do not go together, such as a range that holds nothing.
    Arguments {
        /// The helper.
        helper: Helper,
        /// What is wrong with them.
        objection: String,
    },
    /// A block named a value that is not there.
    NoValue {
        /// The name as the author wrote it.
        name: String,
    },
    /// What was rendered is no URL to connect to.
    Url {
        /// What is wrong with it.
        error: UrlError,
    },
    /// A message to publish has nothing where its key should be.
    NoKey {
        /// Where it should be, as the plan has it.
        key: String,
    },
    /// A loop was to go over something else than a list.
    NoList {
        /// What it was, in a word or two.
        actual: &'static str,
    },
    /// A row of a data file could not be read any more.
    Row {
        /// The file's path, as the plan has it.
        path: String,
        /// Why.
        fault: Fault,
    },
    /// The Handlebars crate gave up for another reason.
    Block {
        /// Its words.
        reason: String,
    },
}

impl fmt::Display for RenderFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unset { slot } => write!(f, "slot {slot} holds no value yet"),
            Self::NoField { slot, path } => write!(f, "the value of slot {slot} has no `{path}`"),
            Self::Argument { helper, parameter, expected, actual } => {
                write!(f, "{parameter} of `{}` is {actual} where it must be {expected}", helper.name())
            }
            Self::Arguments { helper, objection } => write!(f, "`{}`: {objection}", helper.name()),
            Self::NoValue { name } => write!(f, "`{name}` has no value"),
            // There is where tokens stand: it is not shown.
            Self::Url { error: UrlError::PathAndQuery { .. } } => {
                f.write_str("the path of the url has characters that must be percent-encoded")
            }
            Self::Url { error } => write!(f, "the url is none to connect to: {error}"),
            Self::NoKey { key } => write!(f, "the message has no {key} to tell it from others"),
            Self::NoList { actual } => write!(f, "a loop goes over a list, and this is {actual}"),
            Self::Row { path, fault } => write!(f, "`{path}` cannot be read: {fault}"),
            Self::Block { reason } => write!(f, "block cannot be rendered: {reason}"),
        }
    }
}

impl std::error::Error for RenderFailure {}

impl RenderFailure {
    /// The failure for people: with the names of the slots in place of their numbers.
    pub fn named<'f>(&'f self, slots: &'f [String]) -> impl fmt::Display + 'f {
        let name = |slot: &SlotId| slots.get(slot.index()).map_or("?", String::as_str);
        fmt::from_fn(move |f| match self {
            Self::Unset { slot } => write!(f, "`{}` holds no value yet", name(slot)),
            Self::NoField { slot, path } => write!(f, "`{}` has no `{path}`", name(slot)),
            other => fmt::Display::fmt(other, f),
        })
    }
}

/// Appends the rendered template to `out`. On a failure `out` is as it was.
pub fn render(template: &Template, scope: &mut Scope<'_>, out: &mut Vec<u8>) -> Result<(), RenderFailure> {
    let start = out.len();
    let result = template.segments.iter().try_for_each(|segment| match segment {
        Segment::Literal(bytes) => {
            out.extend_from_slice(bytes);
            Ok(())
        }
        Segment::Value { expr: Expr::Slot(slot), escape } => {
            escape.write(slot_value(*slot, scope.slots)?, out);
            Ok(())
        }
        Segment::Value { expr, escape } => {
            produce(expr, scope)?.write(*escape, out);
            Ok(())
        }
        Segment::Block(block) => interpret::render(block, scope, out),
    });
    if result.is_err() {
        out.truncate(start);
    }
    result
}

/// The value of an expression with its own type. Borrowed where it lies in a slot or in the program.
pub fn evaluate<'r, 'a: 'r>(expr: &'r Expr, scope: &mut Scope<'a>) -> Result<Cow<'r, Value>, RenderFailure> {
    Ok(match produce(expr, scope)? {
        Product::Borrowed(value) => Cow::Borrowed(value),
        other => Cow::Owned(other.into_value()),
    })
}

/// Puts the value of an expression into `target`, whose memory for text is used again.
pub fn evaluate_into(expr: &Expr, scope: &mut Scope<'_>, target: &mut Value) -> Result<(), RenderFailure> {
    match produce(expr, scope)? {
        Product::Borrowed(value) => target.assign(value),
        Product::Short(text) => target.set_text(text.as_str()),
        Product::Owned(value) => *target = value,
    }
    Ok(())
}

/// What an expression yields before it is known whether it is written or kept.
pub(super) enum Product<'r> {
    /// A value that lies somewhere.
    Borrowed(&'r Value),
    /// A new text that needs no heap.
    Short(Stack<36>),
    /// A new value.
    Owned(Value),
}

impl Product<'_> {
    pub(super) fn write(&self, escape: Escape, out: &mut Vec<u8>) {
        match self {
            Self::Borrowed(value) => escape.write(value, out),
            Self::Owned(value) => escape.write(value, out),
            Self::Short(text) => escape.write_text(text.as_str(), out),
        }
    }

    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Borrowed(value) => value.clone(),
            Self::Owned(value) => value,
            Self::Short(text) => Value::Text(text.as_str().to_owned()),
        }
    }
}

pub(super) fn produce<'r, 'a: 'r>(
    expr: &'r Expr,
    scope: &mut Scope<'a>,
) -> Result<Product<'r>, RenderFailure> {
    match expr {
        Expr::Constant(value) => Ok(Product::Borrowed(value)),
        Expr::Secret(secret) => Ok(Product::Borrowed(secret.reveal())),
        Expr::Slot(slot) => slot_value(*slot, scope.slots).map(Product::Borrowed),
        Expr::Field { slot, path } => field(*slot, path, scope.slots).map(Product::Owned),
        Expr::Call { helper, arguments } => helper::call(*helper, arguments, scope),
        Expr::Interpreted(interpreted) => interpret::evaluate(interpreted, scope).map(Product::Owned),
        Expr::Rendered { template, form } => {
            let mut out = Vec::new();
            render(template, scope, &mut out)?;
            // What is rendered is put together from texts, so nothing is lost here.
            let text = String::from_utf8_lossy(&out).into_owned();
            Ok(Product::Owned(match form {
                Form::Text => Value::Text(text),
                Form::Json => Value::from_json_text(&text)
                    .map_err(|not_json| RenderFailure::Block { reason: not_json.to_string() })?,
            }))
        }
    }
}

pub(super) fn slot_value(slot: SlotId, slots: &[Value]) -> Result<&Value, RenderFailure> {
    match slots.get(slot.index()) {
        None | Some(Value::Unset) => Err(RenderFailure::Unset { slot }),
        Some(value) => Ok(value),
    }
}

fn field(slot: SlotId, path: &[String], slots: &[Value]) -> Result<Value, RenderFailure> {
    let value = slot_value(slot, slots)?;
    let found = value.as_container().and_then(|text| json::descend(text, path));
    let found = found.and_then(|text| Value::from_json_text(text).ok());
    found.ok_or_else(|| RenderFailure::NoField { slot, path: path.join(".") })
}
