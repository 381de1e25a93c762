//! Why a template does not parse, in words of the template language. Handlebars' parser stops at the first place
//! that fits no rule and lists rules; here each tag is tried by itself, so that every wrong one is found and most
//! can be named by what is wrong with them.

use std::ops::Range;

use handlebars::{TemplateError, TemplateErrorReason};

use super::tag::{self, Shape, Tag, TagKind};
use crate::program::Helper;

/// A mistake in a template's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// Where.
    pub range: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Fault {
    pub(super) fn new(range: Range<usize>, message: impl Into<String>) -> Self {
        Self { range, message: message.into(), help: None }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The longest text that may hold tags: the parser counts lines from the start again for every tag.
const LONGEST_BYTES: usize = 256 << 10;
/// The most tags in one text.
const MOST_TAGS: usize = 1024;
/// The deepest that blocks, parentheses, lists and maps may be nested: the parser recurses.
const DEEPEST: usize = 16;

/// Whether a template is small enough to be given to the parser.
pub(super) fn over_limit(text: &str) -> Option<Fault> {
    if text.len() > LONGEST_BYTES {
        let message = format!("template is {} bytes long where {LONGEST_BYTES} are allowed", text.len());
        return Some(
            Fault::new(0..text.len(), message).help("a long body without `{{...}}` may come from a `$file`"),
        );
    }
    let mut block_depth = 0usize;
    for (i, tag) in tag::tags(text).enumerate() {
        match tag.kind {
            TagKind::Open => block_depth += 1,
            TagKind::Close => block_depth = block_depth.saturating_sub(1),
            _ => {}
        }
        if i >= MOST_TAGS {
            return Some(Fault::new(tag.range, format!("template has more than {MOST_TAGS} tags")));
        }
        if block_depth > DEEPEST || tag.depth > DEEPEST {
            return Some(Fault::new(tag.range, format!("template is nested deeper than {DEEPEST}")));
        }
    }
    None
}

/// Everything that is wrong with a text that the parser refused.
pub(super) fn explain(text: &str, error: &TemplateError) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut open: Vec<(Tag, &str)> = Vec::new();
    for tag in tag::tags(text) {
        if !tag.closed {
            faults.push(unclosed_tag(text, &tag));
            continue;
        }
        let shape = tag::read_shape(text, &tag);
        let name = &text[shape.name.clone()];
        match tag.kind {
            TagKind::Open => {
                faults.extend(try_tag(text, &tag, &shape));
                open.push((tag, name));
            }
            TagKind::Close => match open.pop() {
                Some((_, opened)) if opened == name => {}
                Some((_, opened)) => {
                    let message = format!("`{}` closes `{{{{#{opened}}}}}`", &text[tag.range.clone()]);
                    faults.push(Fault::new(tag.range, message).help(format!("write `{{{{/{opened}}}}}`")));
                }
                None => faults
                    .push(Fault::new(tag.range.clone(), format!("`{}` closes nothing", &text[tag.range]))),
            },
            TagKind::Else if open.is_empty() => {
                let message = format!("`{}` stands outside a block", &text[tag.range.clone()]);
                faults.push(Fault::new(tag.range, message));
            }
            TagKind::Expression | TagKind::Else => faults.extend(try_tag(text, &tag, &shape)),
            TagKind::Comment | TagKind::Raw => {}
        }
    }
    for (tag, name) in open {
        let message = format!("`{}` is never closed", &text[tag.range.clone()]);
        faults.push(
            Fault::new(tag.range, message).help(format!("write `{{{{/{name}}}}}` where the block ends")),
        );
    }
    if faults.is_empty() {
        let at = error.pos().map_or(0, |(line, column)| tag::offset(text, line, column));
        faults.push(Fault::new(character(text, at), reason(error)));
    }
    faults
}

fn unclosed_tag(text: &str, tag: &Tag) -> Fault {
    let start = tag.range.start;
    if tag.kind == TagKind::Comment {
        return Fault::new(start..start + 3, "comment is never closed")
            .help("end it with `}}`, or with `--}}` where it starts with `{{!--`");
    }
    if tag.kind == TagKind::Raw {
        return Fault::new(start..start + 4, "`{{{{` is never closed")
            .help("write `{{{{raw}}}}...{{{{/raw}}}}`");
    }
    let braces = text[start..].bytes().take_while(|&byte| byte == b'{').count();
    let message = format!("`{}` is never closed", &text[start..start + braces]);
    Fault::new(start..start + braces, message)
        .help("end it with as many `}`; to send braces as they are, write `\\{{`")
}

/// What is wrong with a tag by itself.
fn try_tag(text: &str, tag: &Tag, shape: &Shape) -> Option<Fault> {
    let written = &text[tag.range.clone()];
    let name = &text[shape.name.clone()];
    let (before, after) = match tag.kind {
        TagKind::Open => (String::new(), format!("{{{{/{name}}}}}")),
        TagKind::Else => ("{{#if x}}".to_owned(), "{{/if}}".to_owned()),
        _ => (String::new(), String::new()),
    };
    let alone = format!("{before}{written}{after}");
    let error = handlebars::Template::compile(&alone).err()?;
    let start = tag.range.start;
    let inner = written.trim_matches(['{', '}', '~', '#', '&']);
    if inner.trim().is_empty() {
        let message = format!("nothing stands between the braces of `{written}`");
        return Some(Fault::new(tag.range.clone(), message).help("to send braces as they are, write `\\{{`"));
    }
    if let Some(quote) = open_quote(written) {
        return Some(Fault::new(start + quote..tag.range.end, "string is never closed"));
    }
    let count = |c: char| written.matches(c).count();
    if count('(') != count(')') {
        let message = "parentheses do not match";
        return Some(Fault::new(tag.range.clone(), message));
    }
    if let TemplateErrorReason::InvalidParam(parameter) = error.reason() {
        let at = start + written.find(parameter.as_str()).unwrap_or(0);
        return Some(Fault::new(at..at + parameter.len(), format!("`{parameter}` is no number")));
    }
    if name.contains(['.', '/']) && !shape.arguments.is_empty() && tag.kind == TagKind::Expression {
        let message = match Helper::from_name(name) {
            Some(_) => format!("`{name}` takes no arguments"),
            None => format!("`{name}` cannot take arguments: it is no helper"),
        };
        return Some(Fault::new(shape.name.clone(), message));
    }
    let at = error.pos().map_or(0, |(line, column)| tag::offset(&alone, line, column));
    let at = start + at.saturating_sub(before.len()).min(written.len());
    Some(Fault::new(character(text, at.min(tag.range.end - 1)), reason(&error)))
}

/// The quote of a string that goes on to the end of the tag.
fn open_quote(tag: &str) -> Option<usize> {
    let mut open: Option<(usize, u8)> = None;
    let mut escaped = false;
    for (at, byte) in tag.bytes().enumerate() {
        match (open, byte) {
            (Some(_), b'\\') => escaped = !escaped,
            (Some((_, quote)), byte) if byte == quote && !escaped => open = None,
            (None, b'"' | b'\'') => open = Some((at, byte)),
            _ => escaped = false,
        }
    }
    open.map(|(at, _)| at)
}

/// The character at a place, so that a label has something under it.
fn character(text: &str, at: usize) -> Range<usize> {
    let start = (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    match text[start..].chars().next() {
        Some(c) => start..start + c.len_utf8(),
        None => text.char_indices().next_back().map_or(0..0, |(at, _)| at..text.len()),
    }
}

/// The parser's words, with its rules called by what they are for an author.
fn reason(error: &TemplateError) -> String {
    let TemplateErrorReason::InvalidSyntax(words) = error.reason() else {
        return error.reason().to_string();
    };
    let mut expected: Vec<&str> = Vec::new();
    for rule in words
        .trim_start_matches("expected ")
        .split([',', ' '])
        .filter(|word| !word.is_empty() && *word != "or")
    {
        let thing = match rule {
            "identifier" | "reference" | "path_inline" | "path_id" | "path_raw_id" => "a name",
            "literal" | "string_literal" | "number_literal" | "helper_parameter" => "an argument",
            "hash" => "`key=value`",
            "subexpression" => "a call in parentheses",
            "helper_block_end" => "the end of the block",
            rule if rule.contains("tilde") => "the closing braces",
            _ => continue,
        };
        if !expected.contains(&thing) {
            expected.push(thing);
        }
    }
    match expected.split_last() {
        None => "template cannot be read from here on".to_owned(),
        Some((only, [])) => format!("{only} is expected here"),
        Some((last, others)) => format!("{} or {last} is expected here", others.join(", ")),
    }
}
