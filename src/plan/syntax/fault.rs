//! Syntax errors in our words. The parser says where it stopped and by which rule of YAML's; people want to know
//! what they did. So a few common mistakes are looked for around that place first, and the rule stays as the label.

use serde_saphyr::granit_parser::{ErrorKind, ScanError};

use super::{map, place};
use crate::diagnostic::{Diagnostic, FileId, Span, codes};

/// A syntax error at its place. `last_end` is behind the last token that was understood.
pub(super) fn diagnostic(
    text: &str,
    file: FileId,
    last_end: usize,
    depth: usize,
    error: &ScanError,
) -> Diagnostic {
    let offset = error.marker().byte_offset().unwrap_or(last_end).min(text.len());
    let fault = Fault { text, file, offset, last_end: last_end.min(offset), kind: error.kind() };
    if matches!(fault.kind, ErrorKind::RecursionLimitExceeded) {
        return too_deep(fault.here(), depth);
    }
    fault.quote().or_else(|| fault.template()).or_else(|| fault.colon()).unwrap_or_else(|| fault.by_kind())
}

/// The mistake of nesting deeper than the limit.
pub(super) fn too_deep(span: Span, limit: usize) -> Diagnostic {
    Diagnostic::new(codes::TOO_DEEP, format!("nested deeper than {limit} lists and maps"))
        .label(span, "one level too many")
        .help("make the structure flatter")
}

/// The mistake of a `{{template}}` without quotes.
pub(super) fn bare_template(text: &str, span: Span) -> Diagnostic {
    Diagnostic::new(codes::SYNTAX, "a value that starts with `{{` must be quoted")
        .label(span, "YAML reads this as a map inside a map")
        .help(format!("quote the whole value: {}", quoted(text, span)))
}

/// The value of a line from a template to its end, in the quotes that it allows.
fn quoted(text: &str, template: Span) -> String {
    let range = template.range();
    let end = place::line(text, range.end).end;
    let rest = text.get(range.end..end).unwrap_or("");
    // Where other entries or a comment may follow, only the template is sure to be part of the value.
    let value_end = if rest.contains([',', ']', '}', '#', ':']) { range.end } else { end };
    let value = text.get(range.start..value_end).unwrap_or("{{…}}").trim_end();
    if value.contains('"') { format!("`'{value}'`") } else { format!("`\"{value}\"`") }
}

struct Fault<'a> {
    text: &'a str,
    file: FileId,
    offset: usize,
    last_end: usize,
    kind: &'a ErrorKind,
}

impl Fault<'_> {
    fn here(&self) -> Span {
        let range = place::token(self.text, self.offset);
        Span::new(self.file, range.start, range.end)
    }

    fn at(&self, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
        self.over(self.here(), message, help)
    }

    /// A diagnostic whose label keeps the parser's reason.
    fn over(&self, span: Span, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
        Diagnostic::new(codes::SYNTAX, message).label(span, self.kind.to_string()).help(help)
    }

    /// A quote that is never closed, where the parser reports the line at which it lost patience.
    fn quote(&self) -> Option<Diagnostic> {
        let lost = matches!(
            self.kind,
            ErrorKind::UnclosedQuotedScalar
                | ErrorKind::InvalidQuotedScalarIndent
                | ErrorKind::DocumentIndicatorInQuotedScalar
        );
        if !lost {
            return None;
        }
        let opened = match self.kind {
            ErrorKind::UnclosedQuotedScalar => self.offset,
            _ => place::open_quote(self.text, self.last_end, self.offset)?,
        };
        let mark = self.text.get(opened..=opened)?;
        Some(
            Diagnostic::new(codes::SYNTAX, format!("text is not closed with `{mark}`"))
                .label(Span::new(self.file, opened, opened + 1), format!("opened here: {}", self.kind))
                .help(format!("end it with `{mark}`; write {} for the mark itself", escaped(mark))),
        )
    }

    /// A `{{template}}` without quotes that cannot even be read as a map.
    fn template(&self) -> Option<Diagnostic> {
        let line = place::line(self.text, self.offset);
        let template = place::bare_template(self.text, &line).filter(|found| {
            // Not one that was understood long before the parser stopped, as in `{a: "{{x}}"`.
            found.start <= self.offset
        })?;
        let span = Span::new(self.file, template.start, template.end);
        Some(bare_template(self.text, span))
    }

    /// `key:value`, which makes a text of the line and often swallows the one behind it.
    fn colon(&self) -> Option<Diagnostic> {
        let about_keys = matches!(
            self.kind,
            ErrorKind::MappingValueNotAllowed
                | ErrorKind::SimpleKeyExpected
                | ErrorKind::InvalidSimpleKey
                | ErrorKind::InvalidColonPlacement
                | ErrorKind::ExpectedBlockMappingKey
                | ErrorKind::UnexpectedEof
        );
        if !about_keys {
            return None;
        }
        let line = place::line(self.text, self.offset);
        let found = place::colon_without_space(self.text, &line).or_else(|| {
            let before = place::line_before(self.text, line.start)?;
            place::colon_without_space(self.text, &before)
        })?;
        Some(map::missing_space(Span::new(self.file, found, found + 1)))
    }

    fn by_kind(&self) -> Diagnostic {
        self.tab()
            .or_else(|| self.character())
            .or_else(|| self.quoted())
            .or_else(|| self.bracket())
            .or_else(|| self.layout())
            .unwrap_or_else(|| self.rare())
    }

    fn tab(&self) -> Option<Diagnostic> {
        match self.kind {
            ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabInPlainScalar
            | ErrorKind::TabAtBlockScalarStart => {}
            _ => return None,
        }
        // The parser may report the text that the tab interrupts, or what stands behind the tab.
        let line = place::line(self.text, self.offset);
        let indent = &self.text[line.start..self.offset.max(line.start)];
        let at = match indent.find('\t') {
            Some(in_line) => line.start + in_line,
            None => self.text[self.offset..].find('\t').map_or(self.offset, |ahead| self.offset + ahead),
        };
        let span = Span::new(self.file, at, (at + 1).min(self.text.len()));
        Some(self.over(span, "tab used as indentation", "indent with spaces; YAML does not count tabs"))
    }

    fn character(&self) -> Option<Diagnostic> {
        let ErrorKind::UnexpectedCharacter { character } = *self.kind else {
            return matches!(self.kind, ErrorKind::BomInsideDocument).then(|| {
                self.at("byte order mark inside the text", "remove it; it may only stand at the very start")
            });
        };
        let length = if self.text[self.offset..].starts_with(character) { character.len_utf8() } else { 0 };
        let span = Span::new(self.file, self.offset, self.offset + length);
        Some(if character.is_control() || !is_shown(character) {
            let code = u32::from(character);
            let help = format!("remove it, or write `\\u{code:04x}` inside double quotes");
            self.over(span, format!("character U+{code:04X} cannot stand here as it is"), help)
        } else if matches!(character, '@' | '`' | '%') {
            let message = format!("a value cannot start with `{character}`");
            self.over(span, message, "quote the value: YAML keeps this character for itself")
        } else {
            self.over(
                span,
                format!("`{character}` is not expected here"),
                "quote the value if the character belongs to it",
            )
        })
    }

    fn quoted(&self) -> Option<Diagnostic> {
        Some(match self.kind {
            ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => self.at(
                "more text behind a closing quote",
                "put the whole value in quotes; write `\\\"` inside double and `''` inside single quotes; \
                 between two entries of a map or list a `,` or `:` may be missing",
            ),
            ErrorKind::UnknownQuotedScalarEscape => {
                let escape = place::unknown_escape(self.text, self.offset);
                let span = escape.map_or(self.here(), |found| Span::new(self.file, found.start, found.end));
                let help = "write `\\\\` for a backslash, or use single quotes, where it means itself";
                self.over(span, "unknown escape in double quotes", help)
            }
            ErrorKind::InvalidQuotedScalarHexEscape | ErrorKind::InvalidUnicodeEscape => {
                self.at("escape is not a character", "write `\\u` and four hexadecimal digits")
            }
            ErrorKind::InvalidLowSurrogateHexEscape
            | ErrorKind::InvalidLowSurrogate
            | ErrorKind::MissingLowSurrogate
            | ErrorKind::UnpairedLowSurrogate => {
                let help = "write both halves, as in `\\ud83d\\ude00`, or the character itself";
                self.at("half of a surrogate pair", help)
            }
            _ => return None,
        })
    }

    fn bracket(&self) -> Option<Diagnostic> {
        Some(match self.kind {
            ErrorKind::UnclosedFlowCollection { open } => self.at(
                format!("`{open}` is not closed"),
                format!("add the `{}` that belongs to it", closing(*open)),
            ),
            ErrorKind::MismatchedFlowCollectionEnd { open, close } => self.at(
                format!("`{open}` is closed by `{close}`"),
                format!("write `{}`, or quote the value if the bracket belongs to it", closing(*open)),
            ),
            ErrorKind::MisplacedFlowCollectionEnd => self.at(
                "closing bracket without an opening one",
                "remove it, or quote the value if it belongs to it",
            ),
            ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator => {
                self.at("`,` or closing bracket is missing", "put a `,` between two entries")
            }
            ErrorKind::UnexpectedEofFlowSequence
            | ErrorKind::UnexpectedEofFlowMapping
            | ErrorKind::UnexpectedEofImplicitFlowMapping => {
                self.at("file ends inside brackets", "add the closing `]` or `}`")
            }
            ErrorKind::InvalidColonPlacement | ErrorKind::InvalidFlowScalarIndent => {
                self.at("`:` is not expected here", "is a bracket before this not closed, or a `,` missing?")
            }
            ErrorKind::BlockEntryInFlowCollection => {
                self.at("`-` list inside brackets", "separate the items inside `[` and `]` with commas")
            }
            ErrorKind::CommentNotSeparated => {
                self.at("`#` right behind other text", "put a space before a comment, or quote the value")
            }
            _ => return None,
        })
    }

    fn layout(&self) -> Option<Diagnostic> {
        Some(match self.kind {
            ErrorKind::MappingValueNotAllowed => self.at(
                "`:` where a value already stands",
                "quote the value if the colon belongs to it; a key of the same map goes on a line of its own, \
                 in the column of the others",
            ),
            ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
                self.at("key without a colon", "write `key: value`")
            }
            ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation => self.at(
                "line does not fit the map it stands in",
                "keys of one map start in the same column; a value that goes on needs deeper indentation or quotes",
            ),
            ErrorKind::ExpectedBlockSequenceEntry => self.at(
                "line does not fit the list it stands in",
                "items of one list start with `- ` in the same column",
            ),
            ErrorKind::BlockSequenceEntryNotAllowed => {
                self.at("list on the line of its key", "start the first `- ` on the next line")
            }
            ErrorKind::MappingKeyNotAllowed => {
                self.at("`?` is not expected here", "quote the value if the `?` belongs to it")
            }
            ErrorKind::CommentInterceptedScalar => {
                self.at("comment inside a text of several lines", "move the comment, or quote the text")
            }
            ErrorKind::InvalidBlockScalarHeader | ErrorKind::ZeroBlockScalarIndent => {
                self.at("text behind `|` or `>`", "start the text on the next line, or quote the value")
            }
            ErrorKind::InvalidBlockScalarIndent => {
                self.at("line of a text block is indented less than its first", "indent all lines of the block alike")
            }
            _ => return None,
        })
    }

    fn rare(&self) -> Diagnostic {
        match self.kind {
            ErrorKind::MissingAnchorOrAliasName => {
                self.at("`*` or `&` without a name", "quote the value if the mark belongs to it")
            }
            ErrorKind::UndeclaredTagHandle
            | ErrorKind::ExpectedTagBang
            | ErrorKind::InvalidGlobalTagCharacter
            | ErrorKind::InvalidTagTerminator
            | ErrorKind::MissingTagUri
            | ErrorKind::UnclosedVerbatimTag => {
                self.at("malformed tag", "quote the value if the `!` belongs to it")
            }
            ErrorKind::PlainScalarStartsWithDashFlowIndicator | ErrorKind::InvalidBlockEntryWhitespace => {
                self.at("`-` needs a space behind it", "write `- item`, or quote the value")
            }
            ErrorKind::ExpectedDocumentStart | ErrorKind::InvalidDocumentEnd => {
                self.at("more text behind the end of the document", "indent it like the rest, or remove it")
            }
            _ => self.at("not valid YAML or JSON", "quote the value if this belongs to a text"),
        }
    }
}

fn closing(open: char) -> char {
    if open == '[' { ']' } else { '}' }
}

fn escaped(mark: &str) -> &'static str {
    if mark == "'" { "`''`" } else { "`\\\"`" }
}

/// Whether a character shows itself in a message.
fn is_shown(character: char) -> bool {
    !matches!(character, '\u{feff}' | '\u{fffe}' | '\u{ffff}' | '\u{2028}' | '\u{2029}')
}
