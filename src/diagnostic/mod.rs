//! One shape for every mistake that can be pointed at, at compile time and at run time alike: a stable code,
//! a severity, a message, labelled spans and a help. This room also holds the sources that spans point into,
//! because a span without its text cannot be shown. It renders for people (`render`) and for programs
//! (`json`); it knows nothing of plans.
//!
//! Wording: message and labels are lower case without a full stop; the message says what is wrong, the first
//! label says what is wrong *here*, the help says what to write instead.

mod code;
mod excerpt;
mod explain;
mod json;
mod nearest;
mod render;
mod source;

use std::collections::HashSet;

pub use code::{Code, codes};
pub use excerpt::shown;
pub use explain::explain;
pub use json::{escape_hidden, to_json, to_json_with};
pub use nearest::nearest;
pub use render::{Style, render, summary};
pub use source::{FileId, LineColumn, Source, Sources, Span};

/// How bad a mistake is. Errors stop the pipeline; warnings do not unless they are denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Suspicious, but the plan means something.
    Warning,
    /// The plan means nothing, or the run cannot be what was asked for.
    Error,
}

/// A place in a source and what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is wrong, or relevant, there; may be empty when the message says it all.
    pub text: String,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable code, by which `wsplan explain` tells more.
    pub code: Code,
    /// Taken from the code unless it was changed with [`Diagnostic::severity`].
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// The places; the first is the one the mistake is reported at. Empty only when there is no text to
    /// point into, such as a file that cannot be read.
    pub labels: Vec<Label>,
    /// What to write instead.
    pub help: Option<String>,
    /// The file that it is about, where it has no label to say so.
    pub file: Option<Box<str>>,
}

impl Diagnostic {
    /// A mistake with its message; the severity is the code's.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let (severity, message) = (code.severity(), message.into());
        Self { code, severity, message, labels: Vec::new(), help: None, file: None }
    }

    /// Adds a place; the first one added is where the mistake is reported.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Says what to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Overrides the severity of the code, where the same mistake is graver in one place than in another.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// The name of the file that it is about, where that is known.
    pub fn file<'a>(&'a self, sources: &'a Sources) -> Option<&'a str> {
        let labelled = self.labels.first().map(|label| sources.file(label.span.file).name());
        labelled.or(self.file.as_deref())
    }

    /// Whether this stops the pipeline.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// The mistakes found so far. Stages push into it and go on; nobody stops at the first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    known: HashSet<(Code, Span)>,
    has_errors: bool,
}

impl Diagnostics {
    /// No mistakes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one. The same code at the same place is kept once: two stages may both trip over it.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let is_new = match diagnostic.labels.first() {
            Some(label) => self.known.insert((diagnostic.code, label.span)),
            None => true,
        };
        if is_new {
            self.has_errors |= diagnostic.is_error();
            self.list.push(diagnostic);
        }
    }

    /// How many errors were found so far.
    pub fn error_count(&self) -> usize {
        self.list.iter().filter(|diagnostic| diagnostic.is_error()).count()
    }

    /// Whether anything found so far stops the pipeline.
    pub fn has_errors(&self) -> bool {
        self.has_errors
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All mistakes, in the order of file and place.
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.list.sort_by_key(|d| d.labels.first().map(|l| (l.span.file, l.span.start, l.span.end)));
        self.list
    }

    /// All mistakes, in the order they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<T: IntoIterator<Item = Diagnostic>>(&mut self, iter: T) {
        for diagnostic in iter {
            self.push(diagnostic);
        }
    }
}
