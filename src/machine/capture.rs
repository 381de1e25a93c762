//! Keeps a value of a message in a slot.

use super::json::NotJson;
use super::message::{Message, Payload};
use super::operand::fill;
use crate::diagnostic::Span;
use crate::program::{Capture, CaptureSource, Json, Path, Pattern, Value};
use std::fmt;

/// A value could not be captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureFailure {
    /// The capture in the plan.
    pub span: Span,
    /// The name that stays unset.
    pub name: String,
    /// Why.
    pub reason: CaptureReason,
}

/// Why a value could not be captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaptureReason {
    /// There is a path, but no JSON.
    NotJson(NotJson),
    /// The path, as written, selects nothing.
    Nothing(String),
    /// The path selects no string to search in; what it selects instead.
    NotText(String, &'static str),
    /// The pattern is to be searched in a binary message.
    Binary,
    /// The pattern does not occur.
    NoMatch(String),
    /// The pattern occurs, but the group takes no part.
    GroupUnset(String, usize),
}

impl fmt::Display for CaptureFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot capture {}: {}", self.name, self.reason)
    }
}

impl fmt::Display for CaptureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson(reason) => write!(f, "the message is {reason}"),
            Self::Nothing(path) => write!(f, "{path} selects nothing"),
            Self::NotText(path, kind) => write!(f, "{path} is {kind}, not a string to search in"),
            Self::Binary => f.write_str("the message is binary, and a pattern is searched in text"),
            Self::NoMatch(pattern) => write!(f, "{pattern} does not occur"),
            Self::GroupUnset(pattern, group) => {
                write!(f, "{pattern} occurs, but its group {group} takes no part")
            }
        }
    }
}

/// Puts what a capture finds in a message into the value of its slot, keeping the memory the value already has. On a
/// failure the value stays as it was.
pub fn capture(capture: &Capture, message: &Message<'_>, slot: &mut Value) -> Result<(), CaptureFailure> {
    take(&capture.source, message, slot).map_err(|reason| CaptureFailure {
        span: capture.span,
        name: capture.name.clone(),
        reason,
    })
}

pub(super) fn take(
    source: &CaptureSource,
    message: &Message<'_>,
    slot: &mut Value,
) -> Result<(), CaptureReason> {
    let (pattern, group, within) = match source {
        CaptureSource::Path(path) => {
            return with_first(path, message, |node| {
                fill(slot, node);
                Ok(())
            });
        }
        CaptureSource::Regex { pattern, group, within } => (pattern, *group, within),
    };
    let search = |text: &str, slot: &mut Value| {
        slot.set_text(found_in(text, pattern, group)?);
        Ok(())
    };
    match (within, message.payload()) {
        (Some(path), _) => with_first(path, message, |node| match node {
            Json::Text(text) => search(text, slot),
            other => Err(CaptureReason::NotText(path.to_string(), other.describe())),
        }),
        (None, Payload::Text(text)) => search(text, slot),
        (None, Payload::Binary(_)) => Err(CaptureReason::Binary),
    }
}

/// What a group of a pattern takes of a text.
pub(super) fn found_in<'t>(text: &'t str, pattern: &Pattern, group: usize) -> Result<&'t str, CaptureReason> {
    let written = || pattern.0.as_str().to_owned();
    let found = pattern.0.captures(text).ok_or_else(|| CaptureReason::NoMatch(written()))?;
    let found = found.get(group).ok_or_else(|| CaptureReason::GroupUnset(written(), group))?;
    Ok(found.as_str())
}

fn with_first(
    path: &Path,
    message: &Message<'_>,
    then: impl FnOnce(&Json<'_>) -> Result<(), CaptureReason>,
) -> Result<(), CaptureReason> {
    let selected = message.select(path).map_err(CaptureReason::NotJson)?;
    let first = selected.first().ok_or_else(|| CaptureReason::Nothing(path.to_string()))?;
    then(first)
}
