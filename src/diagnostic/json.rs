//! Diagnostics for programs: one JSON document. Lines and columns count from 1, columns in characters; the end is
//! just behind the last character.

use std::fmt::Write;

use serde::Serialize;

use super::{Diagnostic, Severity, Sources, excerpt};

#[derive(Serialize)]
struct Document<'a> {
    diagnostics: Vec<Entry<'a>>,
    /// What else was found out of the plans that have no error.
    #[serde(skip_serializing_if = "Option::is_none")]
    dry_runs: Option<&'a [serde_json::Value]>,
}

/// One mistake. Every field is always there; what is not known is null.
#[derive(Serialize)]
struct Entry<'a> {
    code: String,
    severity: &'static str,
    message: &'a str,
    /// What is said of the place itself; null where the message says it all.
    label: Option<&'a str>,
    help: Option<&'a str>,
    file: Option<&'a str>,
    line: Option<u32>,
    column: Option<u32>,
    end_line: Option<u32>,
    end_column: Option<u32>,
    related: Vec<Related<'a>>,
}

/// A further place.
#[derive(Serialize)]
struct Related<'a> {
    message: &'a str,
    file: &'a str,
    line: u32,
    column: u32,
}

/// All diagnostics as one line of JSON.
pub fn to_json(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    document(diagnostics, sources, None)
}

/// The same, with what dry runs of the plans came to.
pub fn to_json_with(diagnostics: &[Diagnostic], sources: &Sources, dry_runs: &[serde_json::Value]) -> String {
    document(diagnostics, sources, Some(dry_runs))
}

fn document(diagnostics: &[Diagnostic], sources: &Sources, dry_runs: Option<&[serde_json::Value]>) -> String {
    let diagnostics = diagnostics.iter().map(|d| entry(d, sources)).collect();
    let document = Document { diagnostics, dry_runs };
    let json = serde_json::to_string(&document).expect("strings and numbers always serialize");
    escape_hidden(&json)
}

fn entry<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Entry<'a> {
    let place = diagnostic.labels.first();
    let start = place.map(|label| sources.start(label.span));
    let end = place.map(|label| sources.end(label.span));
    Entry {
        code: diagnostic.code.to_string(),
        severity: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        message: &diagnostic.message,
        label: place.map(|label| label.text.as_str()).filter(|text| !text.is_empty()),
        help: diagnostic.help.as_deref(),
        file: diagnostic.file(sources),
        line: start.map(|at| at.line),
        column: start.map(|at| at.column),
        end_line: end.map(|at| at.line),
        end_column: end.map(|at| at.column),
        related: diagnostic.labels.iter().skip(1).map(|label| related(label, sources)).collect(),
    }
}

fn related<'a>(label: &'a super::Label, sources: &'a Sources) -> Related<'a> {
    let at = sources.start(label.span);
    Related {
        message: &label.text,
        file: sources.file(label.span.file).name(),
        line: at.line,
        column: at.column,
    }
}

/// Escapes what JSON lets stand although it moves a terminal's cursor or turns its text around. It can only stand inside
/// strings, where an escape means the same; line ends, which never stand there, stay.
pub fn escape_hidden(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && excerpt::is_hidden(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                write!(text, "\\u{unit:04x}").expect("a string takes all that is written");
            }
        } else {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Span, codes};

    #[test]
    fn every_field_is_there_and_columns_count_characters() {
        let mut sources = Sources::new();
        let file = sources.add("plan.yaml", "a: é1\nb: 2\n");
        let other = sources.add("login.yaml", "x: y\n");
        let diagnostics = [
            Diagnostic::new(codes::DUPLICATE_KEY, "twice")
                .label(Span::new(file, 5, 6), "here")
                .label(Span::new(file, 7, 8), "and here")
                .label(Span::new(other, 3, 4), "")
                .help("once"),
            Diagnostic::new(codes::UNUSED_CAPTURE, "a \u{7f}\u{202e}\u{e0001} \"b\""),
        ];
        let json = to_json(&diagnostics, &sources);
        assert_eq!(
            json,
            concat!(
                r#"{"diagnostics":[{"code":"WSP0102","severity":"error","message":"twice","label":"here","help":"once","#,
                r#""file":"plan.yaml","line":1,"column":5,"end_line":1,"end_column":6,"related":["#,
                r#"{"message":"and here","file":"plan.yaml","line":2,"column":1},"#,
                r#"{"message":"","file":"login.yaml","line":1,"column":4}]},"#,
                r#"{"code":"WSP0404","severity":"warning","message":"a \u007f\u202e\udb40\udc01 \"b\"","label":null,"help":null,"#,
                r#""file":null,"line":null,"column":null,"end_line":null,"end_column":null,"related":[]}]}"#
            )
        );
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read["diagnostics"][1]["message"], "a \u{7f}\u{202e}\u{e0001} \"b\"");
    }
}
