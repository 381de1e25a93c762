//! Captures to instructions. The caller makes the slots, because names are its matter; here is where a value is found.

use super::Lowering;
use crate::diagnostic::{Diagnostic, codes};
use crate::plan::model::answer::Search;
use crate::plan::model::capture::{self as plan, GroupReference};
use crate::program::{Capture, CaptureSource, Pattern, SlotId};

/// Something was reported.
pub(super) struct Reported;

impl Lowering<'_> {
    /// A capture into a slot. `None` when something in it was reported.
    pub fn capture(&mut self, capture: &plan::Capture, slot: SlotId) -> Option<Capture> {
        let path = capture.path.as_ref().map(|node| self.path(node));
        let source = match &capture.regex {
            None => CaptureSource::Path(path??),
            Some(node) => {
                let pattern = self.pattern(node)?;
                let group = self.kept_group(capture.group.as_ref(), &pattern)?;
                let within = match path {
                    Some(path) => Some(path?),
                    None => None,
                };
                CaptureSource::Regex { pattern, group, within }
            }
        };
        Some(Capture { slot, name: capture.name.text.clone(), source, span: capture.name.span })
    }

    /// What is searched for in a value that is no message, and the group of it that is kept; nothing keeps the whole value.
    pub(super) fn search(&mut self, search: &Search) -> Result<Option<(Pattern, usize)>, Reported> {
        let Some(node) = &search.regex else { return Ok(None) };
        let pattern = self.pattern(node).ok_or(Reported)?;
        let group = self.kept_group(search.group.as_ref(), &pattern).ok_or(Reported)?;
        Ok(Some((pattern, group)))
    }

    /// The group that is kept; the first where none is named, and the whole match where there is none.
    fn kept_group(&mut self, group: Option<&plan::Group>, pattern: &Pattern) -> Option<usize> {
        match group {
            Some(group) => self.group(group, pattern),
            None => Some(usize::from(pattern.0.captures_len() > 1)),
        }
    }

    fn group(&mut self, group: &plan::Group, pattern: &Pattern) -> Option<usize> {
        let names = || pattern.0.capture_names().flatten();
        let (found, code) = match &group.reference {
            GroupReference::Number(number) => {
                (Some(*number).filter(|number| *number < pattern.0.captures_len()), codes::OUT_OF_RANGE)
            }
            GroupReference::Name(name) => {
                (pattern.0.capture_names().position(|known| known == Some(name)), codes::UNKNOWN_WORD)
            }
        };
        if found.is_none() {
            let count = pattern.0.captures_len() - 1;
            let names: Vec<_> = names().map(|name| format!("`{name}`")).collect();
            let numbered = if count == 1 {
                "its only group is 1".to_owned()
            } else {
                format!("its groups are 1 to {count}")
            };
            let has = match (count, names.as_slice()) {
                (0, _) => "it has none; put parentheses around what is to be kept".to_owned(),
                (_, []) => format!("{numbered}; a name is given by `(?<name>...)`"),
                (_, names) => format!("{numbered}; with names: {}", names.join(", ")),
            };
            self.report(
                Diagnostic::new(code, "the pattern has no such group")
                    .label(group.node.span, "no group of the pattern")
                    .help(has),
            );
        }
        found
    }
}
