//! Text to spanned nodes. YAML and JSON give the same tree; no plan word is known here.
//!
//! The tree is built from the parser's events, not through serde: events carry the bytes and the quoting of every
//! scalar, keep duplicate keys, and name anchors, all of which a deserializer hides. What a plan cannot mean
//! (a key that is not text, a number that JSON cannot hold, a template that YAML reads as a map) is reported and
//! replaced by what was probably meant, so that later stages can go on and find their own mistakes.

mod fault;
mod inner;
mod map;
mod node;
mod place;
mod scalar;
mod tree;
pub mod write;

pub use inner::Inner;
pub use node::{Entry, Key, Node, NodeKind};

use serde_saphyr::granit_parser::{Options, Parser};

use crate::diagnostic::{Diagnostic, Diagnostics, FileId, Sources, Span, codes};

/// How much a file may hold. The defaults are far above what people write and far below what hurts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Lists and maps inside each other.
    pub depth: usize,
    /// Values and keys that are written out; the values that aliases copy may be as many again.
    pub node_count: usize,
    /// Aliases (`*name`) in the file.
    pub alias_count: usize,
    /// Bytes of text that anchors and aliases may copy together.
    pub alias_text_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 64, node_count: 200_000, alias_count: 10_000, alias_text_bytes: 16 << 20 }
    }
}

/// Reads a file's text into the tree. `None` when there is none to go on with: a syntax error, a limit, an empty
/// file. A tree may come back although errors were pushed; whoever needs a faultless one asks
/// [`Diagnostics::has_errors`].
///
/// Spans of a tree lie inside its parent's, but for what `*alias` and `<<` bring in: the alias itself has the span
/// of `*name`, because that is what is wrong when the whole value does not fit, and everything inside it keeps
/// the span of its definition, because that is where it has to be changed.
pub fn parse(
    sources: &Sources,
    file: FileId,
    limits: &Limits,
    diagnostics: &mut Diagnostics,
) -> Option<Node> {
    let text = sources.file(file).text();
    let mut builder = tree::Builder::new(text, file, limits, Problems::new(file, diagnostics));
    for step in Parser::new_from_str_with_options(text, parser_options(limits)) {
        let outcome = match step {
            Ok((event, span)) => builder.event(event, span),
            Err(error) => builder.syntax_error(&error),
        };
        match outcome {
            tree::Step::Next => {}
            tree::Step::Complete => break,
            tree::Step::Hopeless => return None,
        }
    }
    builder.finish()
}

/// Limits of the parser's own are set beyond ours, so that ours speak first wherever they can.
fn parser_options(limits: &Limits) -> Options {
    let mut options = Options::default();
    options.emit_unresolved_aliases = true;
    options.emit_anchor_events = true;
    options.flow_nesting_limit = limits.depth + 1;
    options.block_nesting_limit = limits.depth + 1;
    // YAML allows a key 1,024 characters, JSON any number of them.
    options.simple_key_max_lookahead = 64 << 10;
    options
}

/// The mistakes of one file on their way into the diagnostics. Bounded: a file that is wrong on every line would
/// otherwise cost more to report than to read.
struct Problems<'a> {
    file: FileId,
    count: usize,
    diagnostics: &'a mut Diagnostics,
}

/// More of one file's mistakes than this help nobody.
const REPORTED_COUNT: usize = 100;

impl<'a> Problems<'a> {
    fn new(file: FileId, diagnostics: &'a mut Diagnostics) -> Self {
        Self { file, count: 0, diagnostics }
    }

    fn span(&self, range: &std::ops::Range<usize>) -> Span {
        Span::new(self.file, range.start, range.end)
    }

    fn push(&mut self, diagnostic: Diagnostic) {
        self.count += 1;
        if self.count <= REPORTED_COUNT {
            self.diagnostics.push(diagnostic);
        } else if self.count == REPORTED_COUNT + 1 {
            let span = diagnostic.labels.first().map(|label| label.span);
            let more =
                Diagnostic::new(codes::SYNTAX, format!("more than {REPORTED_COUNT} mistakes in one file"));
            let more = match span {
                Some(span) => more.label(span, "from here on they are not shown"),
                None => more,
            };
            self.diagnostics.push(more);
        }
    }
}

#[cfg(test)]
mod tests;
