//! Lowering of templates. Handlebars' parser reads the text; what can be known now is: names become slots or
//! constants, helpers are checked and where possible computed, constants and the author's text are merged into
//! literals that are already escaped for their place. Only blocks keep their syntax tree.
//!
//! A string that is exactly one `{{expression}}` keeps the value's own type; any other with an expression in it is a
//! string. Every mistake is reported at its place inside the string, and all of them at once.

mod block;
mod fault;
mod operand;
mod path;
mod tag;
#[cfg(test)]
mod tests;

use std::cell::OnceCell;
use std::ops::Range;

use handlebars::template::{HelperTemplate, TemplateElement};

use super::pattern::Patterns;
use super::scope::Names;
use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Span, codes};
use crate::plan::model;
use crate::plan::syntax::{Inner, Node, NodeKind};
use crate::program::{Escape, Expr, Form, Secret, Segment, Template, Value, is_secret_name, json};

/// Turns what the plan says should be sent, compared or set into templates and expressions. `None` from any of its
/// methods means that the reason has been reported.
pub struct Lowering<'a> {
    sources: &'a Sources,
    names: &'a mut dyn Names,
    diagnostics: &'a mut Diagnostics,
    /// The first thing in the current value that is known only while running.
    dynamic: Option<Span>,
    /// Whether what is lowered is a body, of which the program shows no passwords.
    hides: bool,
    patterns: Borrowed<'a, Patterns>,
}

/// What is borrowed from a whole compilation, where there is one.
enum Borrowed<'a, T> {
    Own(T),
    From(&'a mut T),
}

/// A value that is known when the plan is compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct Constant {
    /// The value.
    pub value: Value,
    /// Whether something secret went into it: whoever binds it to a name binds it as
    /// [`Binding::Secret`](super::Binding::Secret).
    pub secret: bool,
}

impl<'a> Lowering<'a> {
    /// Lowering with the names of one place of the plan.
    pub fn new(sources: &'a Sources, names: &'a mut dyn Names, diagnostics: &'a mut Diagnostics) -> Self {
        Self {
            sources,
            names,
            diagnostics,
            dynamic: None,
            hides: false,
            patterns: Borrowed::Own(Patterns::default()),
        }
    }

    /// The same, sharing what was compiled before.
    pub(super) fn with_patterns(self, patterns: &'a mut Patterns) -> Self {
        Self { patterns: Borrowed::From(patterns), ..self }
    }

    pub(super) fn patterns(&mut self) -> &mut Patterns {
        match &mut self.patterns {
            Borrowed::Own(patterns) => patterns,
            Borrowed::From(patterns) => patterns,
        }
    }

    /// A template that is written as text: a text body ([`Escape::None`]), a header value, a part of a URL.
    pub fn text(&mut self, template: &model::Template, escape: Escape) -> Option<Template> {
        let mut out = Template::default();
        let text = Text::new(self, template);
        let complete = match escape {
            Escape::JsonValue => text.into_json(&mut out),
            _ => text.into_segments(escape, &mut out),
        };
        complete.then_some(out)
    }

    /// A value with its type: what is compared with a message, or set. A list or map is taken with the templates in
    /// it.
    pub fn value(&mut self, node: &Node) -> Option<Expr> {
        match &node.kind {
            NodeKind::Null => Some(Expr::Constant(Value::Null)),
            NodeKind::Bool(bool) => Some(Expr::Constant(Value::Bool(*bool))),
            NodeKind::Number(number) => {
                let text = self.number_text(node, number);
                Some(Expr::Constant(
                    Value::from_json_text(&text).unwrap_or_else(|_| Value::from_number(number)),
                ))
            }
            NodeKind::String(_) => {
                let template = model::Template::decode(node)?;
                Text::new(self, &template).into_value()
            }
            NodeKind::List(_) | NodeKind::Map(_) => Some(rendered(self.json(node)?, Form::Json)),
        }
    }

    /// A JSON text with the values of templates in it.
    pub fn json(&mut self, node: &Node) -> Option<Template> {
        let mut out = Template::default();
        self.write_json(node, &mut out).then_some(out)
    }

    /// The same for a body: what stands under a name like `password` is shown nowhere.
    pub(super) fn json_body(&mut self, node: &Node) -> Option<Template> {
        let around = std::mem::replace(&mut self.hides, true);
        let template = self.json(node);
        self.hides = around;
        template
    }

    /// A value that must be known now: a plan variable.
    pub fn constant(&mut self, node: &Node) -> Option<Constant> {
        self.dynamic = None;
        match self.value(node)? {
            Expr::Constant(value) => Some(Constant { value, secret: false }),
            Expr::Secret(secret) => Some(Constant { value: secret.reveal().clone(), secret: true }),
            _ => {
                let span = self.dynamic.unwrap_or(node.span);
                let diagnostic = Diagnostic::new(codes::NOT_CONSTANT, "value is not constant")
                    .label(span, "this is known only while users run")
                    .help("use plan variables, `{{env.NAME}}`, and helpers without randomness or time");
                self.diagnostics.push(diagnostic);
                None
            }
        }
    }

    /// A string that must be known now: the target.
    pub fn constant_template(&mut self, template: &model::Template) -> Option<Constant> {
        self.constant(&Node { span: template.span(), kind: NodeKind::String(template.text().to_owned()) })
    }

    /// A string that must be known now: the path of a file.
    pub fn constant_text(&mut self, template: &model::Template) -> Option<String> {
        self.constant_template(template).map(|constant| constant.value.to_text())
    }

    pub(super) fn sources(&self) -> &'a Sources {
        self.sources
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Writes a node as JSON; whether all of it could be lowered.
    fn write_json(&mut self, node: &Node, out: &mut Template) -> bool {
        match &node.kind {
            NodeKind::Null => out.push_literal(b"null"),
            NodeKind::Bool(bool) => out.push_literal(if *bool { b"true" } else { b"false" }),
            NodeKind::Number(number) => out.push_literal(self.number_text(node, number).as_bytes()),
            NodeKind::String(_) => {
                return model::Template::decode(node)
                    .is_some_and(|template| Text::new(self, &template).into_json(out));
            }
            NodeKind::List(items) => {
                let mut complete = true;
                out.push_literal(b"[");
                for (i, item) in items.iter().enumerate() {
                    out.push_literal(if i == 0 { b"" } else { b"," });
                    complete &= self.write_json(item, out);
                }
                out.push_literal(b"]");
                return complete;
            }
            NodeKind::Map(entries) => {
                let mut complete = true;
                out.push_literal(b"{");
                for (i, entry) in entries.iter().enumerate() {
                    out.push_literal(if i == 0 { b"\"" } else { b",\"" });
                    let key = model::Template::from_key(&entry.key);
                    complete &= Text::new(self, &key).into_segments(Escape::JsonString, out);
                    out.push_literal(b"\":");
                    if self.hides && is_secret_name(&entry.key.text) {
                        let mut value = Template::default();
                        complete &= self.write_json(&entry.value, &mut value);
                        out.append(value.hidden());
                    } else {
                        complete &= self.write_json(&entry.value, out);
                    }
                }
                out.push_literal(b"}");
                return complete;
            }
        }
        true
    }

    /// A number as the author wrote it, where that is how JSON writes it: `1.50` stays `1.50`.
    fn number_text(&self, node: &Node, number: &serde_json::Number) -> String {
        let written = self.sources.slice(node.span);
        let same = json::is_number(written)
            && serde_json::from_str(written).is_ok_and(|n: serde_json::Number| n == *number);
        if same { written.to_owned() } else { number.to_string() }
    }
}

/// The expression that a template is, where it is written first and taken as text or JSON then.
fn rendered(template: Template, form: Form) -> Expr {
    let mut known = Vec::new();
    let mut secret = false;
    for segment in &template.segments {
        match segment {
            Segment::Literal(bytes) => known.extend_from_slice(bytes),
            Segment::Value { expr: Expr::Secret(value), escape } => {
                escape.write(value.reveal(), &mut known);
                secret = true;
            }
            _ => return Expr::Rendered { template, form },
        }
    }
    let text = String::from_utf8(known).unwrap_or_default();
    let value = match form {
        Form::Text => Value::Text(text),
        Form::Json => Value::from_json_text(&text).unwrap_or(Value::Json(text)),
    };
    if secret { Expr::Secret(Secret::new(value)) } else { Expr::Constant(value) }
}

/// One string on its way.
struct Text<'l, 'a> {
    lowering: &'l mut Lowering<'a>,
    source: &'l model::Template,
    /// Found when the first place in the text is asked for.
    inner: OnceCell<Inner>,
    /// The blocks around the current place that open a value, each with the names it gives.
    frames: Vec<Vec<String>>,
}

impl<'l, 'a> Text<'l, 'a> {
    fn new(lowering: &'l mut Lowering<'a>, source: &'l model::Template) -> Self {
        Self { lowering, source, inner: OnceCell::new(), frames: Vec::new() }
    }

    fn span(&self, range: Range<usize>) -> Span {
        self.inner.get_or_init(|| self.source.inner(self.lowering.sources)).span(range)
    }

    /// The parsed text; `None` when it does not parse.
    fn parse(&mut self) -> Option<handlebars::Template> {
        let text = self.source.text();
        let faults = match fault::over_limit(text) {
            Some(fault) => vec![fault],
            None => match handlebars::Template::compile(text) {
                Ok(template) => return Some(template),
                Err(error) => fault::explain(text, &error),
            },
        };
        for fault in faults {
            self.report(codes::TEMPLATE_SYNTAX, fault.range, fault.message, fault.help.as_deref());
        }
        None
    }

    /// Whether nothing has to be parsed. A backslash means something only before braces.
    fn is_literal(&self) -> bool {
        !self.source.text().contains("{{")
    }

    /// Writes the text with its values; whether all of it could be lowered.
    fn into_segments(mut self, escape: Escape, out: &mut Template) -> bool {
        if self.is_literal() {
            push_literal(self.source.text(), escape, out);
            return true;
        }
        self.parse().is_some_and(|tree| self.segments(&tree, escape, out))
    }

    /// Writes the text as one JSON value.
    fn into_json(mut self, out: &mut Template) -> bool {
        if self.is_literal() {
            push_literal_value(&Value::Text(self.source.text().to_owned()), Escape::JsonValue, out);
            return true;
        }
        let Some(tree) = self.parse() else { return false };
        if let Some((index, call)) = sole_expression(&tree) {
            return self.value_segment(&tree, index, call, (Escape::JsonValue, out));
        }
        out.push_literal(b"\"");
        let complete = self.segments(&tree, Escape::JsonString, out);
        out.push_literal(b"\"");
        complete
    }

    /// The text as a value.
    fn into_value(mut self) -> Option<Expr> {
        if self.is_literal() {
            return Some(Expr::Constant(Value::Text(self.source.text().to_owned())));
        }
        let tree = self.parse()?;
        if let Some((index, call)) = sole_expression(&tree) {
            return self.root_expression(&tree, index, call);
        }
        let mut template = Template::default();
        self.segments(&tree, Escape::None, &mut template).then(|| rendered(template, Form::Text))
    }

    fn segments(&mut self, tree: &handlebars::Template, escape: Escape, out: &mut Template) -> bool {
        let mut complete = true;
        for (i, element) in tree.elements.iter().enumerate() {
            complete &= match element {
                TemplateElement::Comment(_) => true,
                TemplateElement::RawString(text) => {
                    push_literal(text, escape, out);
                    true
                }
                TemplateElement::Expression(call) | TemplateElement::HtmlExpression(call) => {
                    self.value_segment(tree, i, call, (escape, out))
                }
                TemplateElement::HelperBlock(block) => match block::raw_block(block) {
                    Some(text) => {
                        push_literal(text, escape, out);
                        true
                    }
                    None => self.block_segment(tree, i, block, (escape, out)),
                },
                _ => {
                    let tag = self.element_tag(tree, i);
                    self.refuse_partial::<()>(&tag).is_some()
                }
            };
        }
        complete
    }

    fn value_segment(
        &mut self,
        tree: &handlebars::Template,
        index: usize,
        call: &HelperTemplate,
        (escape, out): (Escape, &mut Template),
    ) -> bool {
        match self.root_expression(tree, index, call) {
            Some(Expr::Constant(value)) => push_literal_value(&value, escape, out),
            Some(expr) => out.segments.push(Segment::Value { expr, escape }),
            None => return false,
        }
        true
    }

    fn block_segment(
        &mut self,
        tree: &handlebars::Template,
        index: usize,
        block: &HelperTemplate,
        (escape, out): (Escape, &mut Template),
    ) -> bool {
        let tag = self.element_tag(tree, index);
        let span = self.span(tag.range.clone());
        self.lowering.dynamic.get_or_insert(span);
        let Some(block) = self.block(block, &tag, escape) else { return false };
        out.segments.push(Segment::Block(Box::new(block)));
        true
    }

    /// An expression outside all blocks.
    fn root_expression(
        &mut self,
        tree: &handlebars::Template,
        index: usize,
        call: &HelperTemplate,
    ) -> Option<Expr> {
        let tag = self.element_tag(tree, index);
        let shape = tag::read_shape(self.source.text(), &tag);
        let operand = self.expression(call, &shape)?;
        let expr = self.native(operand);
        if expr.known().is_none() {
            let span = self.span(tag.range);
            self.lowering.dynamic.get_or_insert(span);
        }
        Some(expr)
    }

    /// The tag that an element was written as.
    fn element_tag(&self, tree: &handlebars::Template, index: usize) -> tag::Tag {
        let (line, column) = match tree.mapping.get(index) {
            Some(place) => (place.0, place.1),
            None => (1, 1),
        };
        let text = self.source.text();
        let at = tag::offset(text, line, column);
        // Whatever the parser counts, a label shall not be the reason for a panic.
        let at = if text[at..].starts_with("{{") { at } else { text.find("{{").unwrap_or(0) };
        tag::read_tag(text, at)
    }
}

/// The expression that a template consists of, with its index, where there is nothing else but comments.
fn sole_expression(tree: &handlebars::Template) -> Option<(usize, &HelperTemplate)> {
    let blank = |element: &TemplateElement| match element {
        TemplateElement::Comment(_) => true,
        TemplateElement::RawString(text) => text.is_empty(),
        _ => false,
    };
    let mut found = tree.elements.iter().enumerate().filter(|(_, element)| !blank(element));
    match (found.next()?, found.next()) {
        ((index, TemplateElement::Expression(call) | TemplateElement::HtmlExpression(call)), None) => {
            Some((index, call))
        }
        _ => None,
    }
}

fn push_literal(text: &str, escape: Escape, out: &mut Template) {
    let mut bytes = Vec::with_capacity(text.len());
    escape.write_literal(text, &mut bytes);
    out.push_literal(&bytes);
}

fn push_literal_value(value: &Value, escape: Escape, out: &mut Template) {
    let mut bytes = Vec::new();
    escape.write(value, &mut bytes);
    out.push_literal(&bytes);
}
