//! Messages that are made up from what a plan says of them, so that a user goes on as it would with a server that
//! does what is asked of it. What is made up is held to the plan's own matchers before it is said: where it does not
//! satisfy them, nothing is.

mod answer;
mod bytes;
mod node;
mod pattern;
mod text;
mod uses;
mod value;

use std::fmt;

pub(super) use self::answer::{Answer, answer_to, upgraded};
use self::bytes::binary;
use self::node::Node;
use self::text::text;
pub(super) use self::uses::Uses;
use crate::machine::capture::capture;
use crate::machine::matching::matches;
use crate::machine::{Message, Payload, Scope};
use crate::program::matcher::{BinaryTest, Clause, Condition, Test};
use crate::program::{BodyKind, Capture, CaptureSource, Matcher, Path, Value};

/// A message that was made up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) kind: BodyKind,
    pub(super) bytes: Vec<u8>,
}

/// Why none could be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unmade {
    /// Nothing was found that satisfies this.
    Unsatisfied(String),
    /// What was found does not have what is to be captured.
    Uncaptured(String),
    /// A reaction of the plan takes what the step waits for.
    Taken,
}

/// What is asked of one message.
#[derive(Default, Clone)]
pub(super) struct Asked<'p> {
    pub(super) matchers: Vec<&'p Matcher>,
    pub(super) captures: Vec<&'p Capture>,
    /// Where something has to be, whatever it is.
    pub(super) paths: Vec<&'p Path>,
}

impl Made {
    pub(super) fn payload(&self) -> Payload<'_> {
        match (self.kind, std::str::from_utf8(&self.bytes)) {
            (BodyKind::Text, Ok(text)) => Payload::Text(text),
            _ => Payload::Binary(&self.bytes),
        }
    }

    fn text(text: String) -> Self {
        Self { kind: BodyKind::Text, bytes: text.into_bytes() }
    }
}

impl<'p> Asked<'p> {
    /// A message that satisfies all of it.
    pub(super) fn make(&self, uses: &Uses<'_>, scope: &mut Scope<'_>) -> Result<Made, Unmade> {
        let made = self.draft(uses, scope);
        let message = Message::new(made.payload());
        if let Some(broken) = self.matchers.iter().find(|matcher| !matches(matcher, &message, scope)) {
            return Err(Unmade::Unsatisfied(broken.to_string()));
        }
        let mut kept = Value::Unset;
        for asked in &self.captures {
            capture(asked, &message, &mut kept).map_err(|failure| Unmade::Uncaptured(failure.to_string()))?;
        }
        Ok(made)
    }

    /// What may satisfy it.
    fn draft(&self, uses: &Uses<'_>, scope: &mut Scope<'_>) -> Made {
        let binary_tests: Vec<&BinaryTest> = self.clauses().filter_map(of_binary).flatten().collect();
        let text_tests: Vec<&Test> = self.clauses().filter_map(of_text).flatten().collect();
        let mut root = Node::default();
        for clause in self.clauses() {
            if let Clause::Path(path, conditions) = clause {
                root.ask(path, conditions.iter().map(|condition| &condition.test));
            }
        }
        self.paths.iter().for_each(|path| root.want(path));
        let mut patterns = Vec::new();
        for Capture { slot, source, .. } in &self.captures {
            match source {
                CaptureSource::Path(path) => root.keep(path, uses, *slot),
                CaptureSource::Regex { pattern, within: Some(path), .. } => {
                    root.match_pattern(path, &pattern.0);
                }
                CaptureSource::Regex { pattern, within: None, .. } => patterns.push(&pattern.0),
            }
        }
        if !binary_tests.is_empty() {
            return Made { kind: BodyKind::Binary, bytes: binary(&binary_tests, scope) };
        }
        if root.is_blank() && !(text_tests.is_empty() && patterns.is_empty()) {
            return Made::text(text(&text_tests, &patterns, scope));
        }
        Made::text(root.build(scope).to_string())
    }

    fn clauses(&self) -> impl Iterator<Item = &'p Clause> {
        self.matchers.iter().flat_map(|matcher| &matcher.clauses)
    }
}

fn of_text(clause: &Clause) -> Option<impl Iterator<Item = &Test>> {
    match clause {
        Clause::Text(conditions) => Some(conditions.iter().map(|Condition { test, .. }| test)),
        Clause::Path(..) | Clause::Binary(_) => None,
    }
}

fn of_binary(clause: &Clause) -> Option<impl Iterator<Item = &BinaryTest>> {
    match clause {
        Clause::Binary(conditions) => Some(conditions.iter().map(|Condition { test, .. }| test)),
        Clause::Path(..) | Clause::Text(_) => None,
    }
}

impl fmt::Display for Unmade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsatisfied(what) => write!(f, "nothing was found that satisfies {what}"),
            Self::Uncaptured(failure) => write!(f, "what was made up does not do: {failure}"),
            Self::Taken => f.write_str("an `always` rule takes the message that it waits for"),
        }
    }
}
