//! The tree from the parser's events, with the limits kept as it grows. No recursion: how deep a file nests is
//! decided by a number and not by the size of a thread's stack.

use std::ops::Range;

use serde_saphyr::granit_parser::{self as yaml, Event, ScalarStyle, ScanError, StructureStyle, Tag};

use super::map::{self, Written};
use super::scalar::{self, Refused};
use super::{Limits, Node, NodeKind, Problems, fault, place};
use crate::diagnostic::{Diagnostic, FileId, Span, codes};

/// Whether to ask the parser for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Yes.
    Next,
    /// The document is whole, the rest is not of interest.
    Complete,
    /// No tree comes of this; why is in the diagnostics.
    Hopeless,
}

/// A list or map that is not closed yet.
struct Frame {
    anchor: usize,
    start: usize,
    end: usize,
    style: StructureStyle,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map { written: Vec<Written>, key: Option<(Node, bool)> },
}

/// What an anchor names, once it is whole.
struct Anchored {
    node: Node,
    weight: Weight,
}

/// What copying a node costs.
#[derive(Debug, Clone, Copy, Default)]
struct Weight {
    node_count: usize,
    text_bytes: usize,
    depth: usize,
}

pub(super) struct Builder<'a> {
    text: &'a str,
    file: FileId,
    limits: &'a Limits,
    problems: Problems<'a>,
    stack: Vec<Frame>,
    anchors: Vec<Option<Anchored>>,
    anchor_names: Vec<String>,
    node_count: usize,
    alias_count: usize,
    copied: Weight,
    /// Behind the last token that had bytes of its own.
    last_end: usize,
    root: Option<Node>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(text: &'a str, file: FileId, limits: &'a Limits, problems: Problems<'a>) -> Self {
        Self {
            text,
            file,
            limits,
            problems,
            stack: Vec::new(),
            anchors: Vec::new(),
            anchor_names: Vec::new(),
            node_count: 0,
            alias_count: 0,
            copied: Weight::default(),
            last_end: 0,
            root: None,
        }
    }

    pub(super) fn event(&mut self, event: Event<'_>, span: yaml::Span) -> Step {
        let range = span.byte_range().unwrap_or(self.last_end..self.last_end);
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let node = self.scalar(&value, style, tag.as_deref(), &span);
                self.add(node, style == ScalarStyle::Plain, anchor)
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.check_tag(tag.as_deref(), "seq", &span);
                self.open(anchor, style, range, Content::List(Vec::new()))
            }
            Event::MappingStart(style, anchor, tag) => {
                self.check_tag(tag.as_deref(), "map", &span);
                self.open(anchor, style, range, Content::Map { written: Vec::new(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(&range),
            Event::Anchor(_, name) => {
                self.anchor_names.push(name.into_owned());
                Step::Next
            }
            Event::Alias(id) => self.alias(id, range),
            Event::UnresolvedAlias(name) => self.unresolved(&name, range),
            Event::DocumentStart(..) if self.root.is_some() => {
                let place = place::token(self.text, range.start);
                self.problems.push(
                    Diagnostic::new(codes::SEVERAL_DOCUMENTS, "more than one document in the file")
                        .label(self.problems.span(&place), "the second one starts here")
                        .help("a file holds one plan: remove what follows, or move it to a file of its own"),
                );
                Step::Complete
            }
            _ => Step::Next,
        }
    }

    pub(super) fn syntax_error(&mut self, error: &ScanError) -> Step {
        let diagnostic = fault::diagnostic(self.text, self.file, self.last_end, self.limits.depth, error);
        self.problems.push(diagnostic);
        Step::Hopeless
    }

    pub(super) fn finish(mut self) -> Option<Node> {
        let root = self.root.take().filter(|root| root.kind != NodeKind::Null);
        if root.is_none() {
            let start = place::bom_length(self.text);
            self.problems.push(
                Diagnostic::new(codes::EMPTY_PLAN, "the file holds no plan")
                    .label(Span::new(self.file, start, start), "nothing but blanks and comments")
                    .help("a plan is a map of keys and values, as in `name: example`"),
            );
        }
        root
    }

    fn scalar(&mut self, value: &str, style: ScalarStyle, tag: Option<&Tag>, span: &yaml::Span) -> Node {
        let mut range = span.byte_range().unwrap_or(self.last_end..self.last_end);
        if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            range = place::block_scalar(self.text, self.last_end, &range);
        }
        let absent = style == ScalarStyle::Plain && range.is_empty();
        let kind = scalar::read(if absent { "" } else { value }, style, tag).unwrap_or_else(|refused| {
            self.refuse(refused, span, &range);
            NodeKind::String(value.to_owned())
        });
        if absent && range.start == self.last_end && self.expects_value() {
            let place = place::behind_colon(self.text, range.start);
            range = place..place;
        }
        self.last_end = self.last_end.max(range.end);
        Node { span: self.problems.span(&range), kind }
    }

    fn refuse(&mut self, refused: Refused, span: &yaml::Span, range: &Range<usize>) {
        let source = self.text.get(range.clone()).unwrap_or("");
        let place = match span.tag_span().and_then(|tag| tag.byte_range()) {
            Some(tag) if matches!(refused, Refused::UnknownTag | Refused::NotOfTag) => tag,
            _ => range.clone(),
        };
        let tag = self.text.get(place.clone()).unwrap_or("").to_owned();
        let quote = format!("quote it if it is text: `\"{source}\"`");
        let (message, label, help) = match refused {
            Refused::NotFinite => (
                format!("`{source}` is not a finite number"),
                "JSON has no such number",
                format!("write a number, or {quote}"),
            ),
            Refused::TooLarge => (
                "number is too large".to_owned(),
                "does not fit 64 bits: other digits than these would be sent",
                quote,
            ),
            Refused::LeadingZero => (
                "number with a leading zero".to_owned(),
                "octal to some readers, decimal to others",
                format!("{quote}; write a number without the zero, or as `0o17` if it is octal"),
            ),
            Refused::NotOfTag => (
                format!("value does not fit its tag `{tag}`"),
                "the tag asks for another kind of value",
                "remove the tag".to_owned(),
            ),
            Refused::UnknownTag => (
                format!("unknown tag `{tag}`"),
                "tags other than YAML's own mean nothing here",
                "remove the tag; quote the value if the `!` belongs to it".to_owned(),
            ),
        };
        let span = self.problems.span(&place);
        self.problems.push(Diagnostic::new(codes::SYNTAX, message).label(span, label).help(help));
    }

    fn check_tag(&mut self, tag: Option<&Tag>, own: &str, span: &yaml::Span) {
        if tag.is_some_and(|tag| tag.core_suffix() != Some(own)) {
            self.refuse(Refused::UnknownTag, span, &(self.last_end..self.last_end));
        }
    }

    fn open(&mut self, anchor: usize, style: StructureStyle, range: Range<usize>, content: Content) -> Step {
        let mut start = range.start;
        let in_map = matches!(self.stack.last(), Some(Frame { content: Content::Map { .. }, .. }));
        if in_map && matches!((&content, style), (Content::List(_), StructureStyle::Block)) {
            // Where the list stands in the column of its key, the parser's place lies behind the first dash.
            start = place::indicator(self.text, self.last_end, start + 1, b"-").unwrap_or(start);
        }
        if style == StructureStyle::Flow {
            self.last_end = self.last_end.max(range.end);
        }
        self.stack.push(Frame { anchor, start, end: range.end.max(start), style, content });
        if self.stack.len() > self.limits.depth {
            let place = place::token(self.text, start);
            self.problems.push(fault::too_deep(self.problems.span(&place), self.limits.depth));
            return Step::Hopeless;
        }
        Step::Next
    }

    fn close(&mut self, range: &Range<usize>) -> Step {
        let Some(frame) = self.stack.pop() else { return Step::Next };
        let mut end = frame.end;
        if frame.style == StructureStyle::Flow {
            end = end.max(range.end);
            self.last_end = self.last_end.max(range.end);
        }
        let span = self.problems.span(&(frame.start..end));
        let kind = match frame.content {
            Content::List(items) => NodeKind::List(items),
            Content::Map { written, .. } => match self.template(&written, span) {
                Some(template) => NodeKind::String(template),
                None => NodeKind::Map(map::entries(self.text, written, &mut self.problems)),
            },
        };
        self.add(Node { span, kind }, false, frame.anchor)
    }

    /// An unquoted `{{template}}` reads as a map whose key is a map. It is reported as what it is, and taken for
    /// the text that was meant.
    fn template(&mut self, written: &[Written], span: Span) -> Option<String> {
        let [Written { key: Node { kind: NodeKind::Map(_), .. }, .. }] = written else { return None };
        let source = self.text.get(span.range())?;
        if !source.starts_with("{{") || !source.ends_with("}}") {
            return None;
        }
        self.problems.push(fault::bare_template(self.text, span));
        Some(source.to_owned())
    }

    fn alias(&mut self, id: usize, range: Range<usize>) -> Step {
        self.last_end = self.last_end.max(range.end);
        let span = self.problems.span(&range);
        self.alias_count += 1;
        let Some(Some(anchored)) = self.anchors.get(id) else {
            self.problems.push(
                Diagnostic::new(codes::TOO_MANY_ALIASES, "alias of a value that it stands in")
                    .label(span, "would expand without end")
                    .help("an alias can only repeat a value that is complete before it"),
            );
            return Step::Hopeless;
        };
        let (weight, kind_of) = (anchored.weight, &anchored.node.kind);
        if self.alias_count > self.limits.alias_count {
            let limit = format!("more than {} aliases in the file", self.limits.alias_count);
            return self.stop(codes::TOO_MANY_ALIASES, limit, span, "one too many");
        }
        if self.stack.len() + weight.depth > self.limits.depth {
            self.problems.push(fault::too_deep(span, self.limits.depth));
            return Step::Hopeless;
        }
        // Cloned only after the charge: the limit is there for what would not fit.
        let charged = charge(&mut self.copied, weight, self.limits);
        let kind = if charged { kind_of.clone() } else { NodeKind::Null };
        if !charged {
            return self.stop_copying(span);
        }
        self.add(Node { span, kind }, false, 0)
    }

    fn unresolved(&mut self, name: &str, range: Range<usize>) -> Step {
        self.last_end = self.last_end.max(range.end);
        let span = self.problems.span(&range);
        let mut diagnostic = Diagnostic::new(codes::SYNTAX, format!("alias `*{name}` has no anchor"))
            .label(span, format!("no `&{name}` stands before this"));
        diagnostic = match crate::diagnostic::nearest(name, self.anchor_names.iter().map(String::as_str)) {
            Some(near) => diagnostic.help(format!("did you mean `*{near}`?")),
            None => diagnostic.help(format!("quote it if it is text: `\"*{name}\"`")),
        };
        self.problems.push(diagnostic);
        self.add(Node { span, kind: NodeKind::String(format!("*{name}")) }, false, 0)
    }

    fn expects_value(&self) -> bool {
        matches!(self.stack.last(), Some(Frame { content: Content::Map { key: Some(_), .. }, .. }))
    }

    /// Puts a whole node where it belongs.
    fn add(&mut self, node: Node, plain: bool, anchor: usize) -> Step {
        self.node_count += 1;
        if self.node_count > self.limits.node_count {
            let limit = format!("more than {} values in the file", self.limits.node_count);
            return self.stop(codes::TOO_MANY_NODES, limit, node.span, "one too many");
        }
        if anchor != 0 && !self.remember(anchor, &node) {
            return self.stop_copying(node.span);
        }
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(node);
            return Step::Next;
        };
        frame.end = frame.end.max(node.span.end as usize);
        match &mut frame.content {
            Content::List(items) => items.push(node),
            Content::Map { written, key } => match key.take() {
                Some((key, plain_key)) => written.push(Written { key, plain_key, value: node }),
                None => *key = Some((node, plain)),
            },
        }
        Step::Next
    }

    /// Keeps a copy of an anchored node for its aliases; false where that is over the limit.
    fn remember(&mut self, id: usize, node: &Node) -> bool {
        let weight = weigh(node);
        if !charge(&mut self.copied, weight, self.limits) {
            return false;
        }
        if self.anchors.len() <= id {
            self.anchors.resize_with(id + 1, || None);
        }
        self.anchors[id] = Some(Anchored { node: node.clone(), weight });
        true
    }

    fn stop_copying(&mut self, span: Span) -> Step {
        let message = format!(
            "anchors and aliases copy more than {} values or {} MiB of text",
            self.limits.node_count,
            self.limits.alias_text_bytes >> 20
        );
        self.stop(codes::TOO_MANY_ALIASES, message, span, "copying this is over the limit")
    }

    fn stop(&mut self, code: crate::diagnostic::Code, message: String, span: Span, label: &str) -> Step {
        self.problems.push(Diagnostic::new(code, message).label(span, label).help("make the file smaller"));
        Step::Hopeless
    }
}

fn charge(copied: &mut Weight, weight: Weight, limits: &Limits) -> bool {
    copied.node_count += weight.node_count;
    copied.text_bytes += weight.text_bytes;
    copied.node_count <= limits.node_count && copied.text_bytes <= limits.alias_text_bytes
}

/// Recursion is safe here: nothing deeper than the limit is ever built.
fn weigh(node: &Node) -> Weight {
    let mut weight = Weight { node_count: 1, text_bytes: 0, depth: 0 };
    let mut add = |inner: Weight| {
        weight.node_count += inner.node_count;
        weight.text_bytes += inner.text_bytes;
        weight.depth = weight.depth.max(inner.depth + 1);
    };
    match &node.kind {
        NodeKind::Null | NodeKind::Bool(_) | NodeKind::Number(_) => {}
        NodeKind::String(text) => weight.text_bytes = text.len(),
        NodeKind::List(items) => {
            add(Weight::default());
            for item in items {
                add(weigh(item));
            }
        }
        NodeKind::Map(entries) => {
            add(Weight::default());
            for entry in entries {
                add(Weight { node_count: 1, text_bytes: entry.key.text.len(), depth: 0 });
                add(weigh(&entry.value));
            }
        }
    }
    weight
}
