//! What messages may be asked for and what may be sent, by the plan's `protocol`.

use super::Compiler;
use crate::diagnostic::{Diagnostic, Span, codes};
use crate::plan::model::{self, matcher::Subject};
use crate::program::{Capture, Matcher, Protocol};

impl Compiler<'_, '_> {
    /// Of messages, not of variables.
    pub(super) fn message_matcher(&mut self, matcher: &model::Matcher) -> Matcher {
        for clause in &matcher.clauses {
            let (key, span) = (&clause.key.text, clause.key.span);
            match (self.protocol, clause.subject) {
                (Protocol::Text, Subject::Path) => self.asks_for_json(key, span),
                (Protocol::Binary, Subject::Text) => {
                    let message = "`text` matches no message of the protocol `binary`".to_owned();
                    self.foreign(span, message, "all messages are binary", "match with `binary`");
                }
                _ => {}
            }
        }
        self.matcher(matcher)
    }

    /// Of messages.
    pub(super) fn message_captures(&mut self, captures: &[model::Capture]) -> Box<[Capture]> {
        for capture in captures {
            match (self.protocol, &capture.path) {
                (Protocol::Text, Some(path)) => {
                    self.asks_for_json(path.text().unwrap_or_default(), path.span);
                }
                (Protocol::Binary, None) => {
                    let message =
                        format!("`{}` searches text, and the protocol is `binary`", capture.name.text);
                    let help = "capture with a JSONPath, or leave `protocol` out";
                    self.foreign(capture.name.span, message, "all messages are binary", help);
                }
                _ => {}
            }
        }
        self.captures(captures)
    }

    /// Whether what is sent is what the protocol has.
    pub(super) fn fits_protocol(&mut self, body: &model::Body, step: Span) {
        if self.protocol != Protocol::Text {
            return;
        }
        let help = "write a string, which may hold templates, or leave `protocol` out";
        match body {
            // A map in block style has no place of its own.
            model::Body::Json(_) => {
                let message = "JSON is sent, and the protocol is `text`".to_owned();
                self.foreign(step, message, "this is JSON", help);
            }
            model::Body::Binary { text, .. } => {
                let message = "a binary message is sent, and the protocol is `text`".to_owned();
                self.foreign(text.span(), message, "these are bytes", help);
            }
            model::Body::Text(_) | model::Body::File { .. } => {}
        }
    }

    /// The key of a stream, which is looked for in messages.
    pub(super) fn stream_key_fits(&mut self, path: &crate::plan::syntax::Node) {
        if self.protocol == Protocol::Text {
            self.asks_for_json(path.text().unwrap_or_default(), path.span);
        }
    }

    fn asks_for_json(&mut self, path: &str, span: Span) {
        let message = format!("`{path}` asks for JSON, and the protocol is `text`");
        self.foreign(
            span,
            message,
            "a JSONPath",
            "match with `text`, capture with `regex`, or leave `protocol` out",
        );
    }

    fn foreign(&mut self, span: Span, message: String, label: &str, help: &str) {
        self.diagnostics
            .push(Diagnostic::new(codes::FOREIGN_TO_PROTOCOL, message).label(span, label).help(help));
    }
}
