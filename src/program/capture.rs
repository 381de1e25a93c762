//! Captures as instructions: where in a message a value is found and which slot it goes to.

use super::json_value::write_quoted;
use super::{Path, Pattern, SlotId};
use crate::diagnostic::Span;
use serde::{Serialize, Serializer};
use std::fmt;

/// One value that is kept of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Capture {
    /// Where it goes.
    pub slot: SlotId,
    /// The name of the slot in the plan.
    pub name: String,
    /// Where it is found.
    pub source: CaptureSource,
    /// The name in the plan, and with it the line.
    pub span: Span,
}

/// Where a captured value is found.
#[derive(Debug, Clone, PartialEq)]
pub enum CaptureSource {
    /// The first node that a JSONPath selects.
    Path(Path),
    /// A group of a pattern.
    Regex {
        /// The pattern.
        pattern: Pattern,
        /// The group's number; 0 is the whole match.
        group: usize,
        /// Searched in the first node that this selects, a string; without it in the text of the message.
        within: Option<Path>,
    },
}

impl Capture {
    /// The path that it asks a message for.
    pub fn path(&self) -> Option<&Path> {
        match &self.source {
            CaptureSource::Path(path) => Some(path),
            CaptureSource::Regex { within, .. } => within.as_ref(),
        }
    }
}

/// `token = $.token`, `id = regex "id=(.+)" group 1 in text`.
impl fmt::Display for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = ", self.name)?;
        match &self.source {
            CaptureSource::Path(path) => path.fmt(f),
            CaptureSource::Regex { pattern, group, within } => {
                f.write_str("regex ")?;
                write_quoted(f, pattern.0.as_str())?;
                write!(f, " group {group} in {}", within.as_ref().map_or("text", Path::source))
            }
        }
    }
}

/// `{ "name", "slot", "path", "regex", "group" }`, the last three where they apply.
impl Serialize for Capture {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shown<'p> {
            name: &'p str,
            slot: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            path: Option<&'p str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            regex: Option<&'p str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            group: Option<usize>,
        }
        let (path, regex, group) = match &self.source {
            CaptureSource::Path(path) => (Some(path.source()), None, None),
            CaptureSource::Regex { pattern, group, within } => {
                (within.as_ref().map(Path::source), Some(pattern.0.as_str()), Some(*group))
            }
        };
        Shown { name: &self.name, slot: self.slot.to_string(), path, regex, group }.serialize(serializer)
    }
}
