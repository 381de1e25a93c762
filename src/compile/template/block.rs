//! Blocks: their syntax tree is kept for the Handlebars crate, with every name resolved, every helper's arguments
//! made complete, the author's text escaped for its place, and every expression wrapped in the call that writes it.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use handlebars::template::{BlockParam, HelperTemplate, Parameter, Subexpression, TemplateElement};

use super::Text;
use super::operand::Operand;
use super::path::Path;
use super::tag::{self, Tag};
use crate::diagnostic::{codes, nearest};
use crate::program::helper::{Builtin, Forms};
use crate::program::{Escape, Expr, Helper, Interpreted, SlotId, Value};

/// A tree for the Handlebars crate in the making, and what it needs.
#[derive(Default)]
pub(super) struct Foreign {
    slots: BTreeSet<SlotId>,
    helpers: Vec<Helper>,
}

impl Foreign {
    fn call(&mut self, name: &str, arguments: Vec<Parameter>) -> Parameter {
        if let Some(helper) = Helper::from_name(name).filter(|helper| !self.helpers.contains(helper)) {
            self.helpers.push(helper);
        }
        Parameter::Subexpression(Subexpression::new(
            Parameter::Name(name.to_owned()),
            arguments,
            HashMap::new(),
        ))
    }

    fn native(&mut self, expr: &Expr) -> Parameter {
        match expr {
            Expr::Constant(value) => Parameter::Literal(value.to_json()),
            Expr::Secret(secret) => Parameter::Literal(secret.reveal().to_json()),
            Expr::Slot(slot) => self.slot(*slot, &[]),
            Expr::Field { slot, path } => self.slot(*slot, path),
            Expr::Call { helper, arguments } => {
                let arguments = arguments.iter().map(|argument| self.native(argument)).collect();
                self.call(helper.name(), arguments)
            }
            // Operands hold neither: they are made from operands, at the end.
            Expr::Interpreted(_) | Expr::Rendered { .. } => Parameter::Literal(serde_json::Value::Null),
        }
    }

    fn slot(&mut self, slot: SlotId, path: &[String]) -> Parameter {
        self.slots.insert(slot);
        local(&Path::from_root(&slot.to_string(), path))
    }

    fn operand(&mut self, operand: &Operand) -> Parameter {
        match operand {
            Operand::Native(expr) => self.native(expr),
            Operand::Local(path) => local(path),
            Operand::Call { helper, arguments } => {
                let arguments = arguments.iter().map(|argument| self.operand(argument)).collect();
                self.call(helper.name(), arguments)
            }
            Operand::Builtin { name, arguments, .. } => {
                let arguments = arguments.iter().map(|argument| self.operand(argument)).collect();
                self.call(name, arguments)
            }
        }
    }

    /// The element that writes an operand's value.
    fn write(&mut self, operand: &Operand, written: &str, escape: Escape) -> TemplateElement {
        let (name, arguments) = match operand {
            Operand::Native(expr) if expr.known().is_some() => {
                let mut text = Vec::new();
                escape.write(expr.known().unwrap_or(&Value::Null), &mut text);
                return TemplateElement::RawString(String::from_utf8(text).unwrap_or_default());
            }
            Operand::Native(Expr::Slot(slot)) => {
                self.slots.insert(*slot);
                (Interpreted::WRITE_SLOT, vec![Parameter::Literal(slot.index().into())])
            }
            operand => (Interpreted::WRITE, vec![self.operand(operand), Parameter::Literal(written.into())]),
        };
        *Subexpression::new(Parameter::Name(name.to_owned()), arguments, HashMap::new()).element
    }

    fn finish(self, source: &str, element: TemplateElement, escape: Escape) -> Interpreted {
        let mut tree = handlebars::Template::new();
        tree.elements.push(element);
        let slots = self.slots.into_iter().collect();
        Interpreted { source: source.to_owned(), tree, slots, helpers: self.helpers, escape }
    }
}

/// A path that Handlebars' own parser has accepted, or that [`Path::from_root`] has written.
fn local(path: &str) -> Parameter {
    match handlebars::Path::parse(path) {
        Ok(path) => Parameter::Path(path),
        Err(_) => Parameter::Literal(serde_json::Value::Null),
    }
}

impl Text<'_, '_> {
    /// The expression that an operand is. Parts that are not ours become [`Expr::Interpreted`].
    pub(super) fn native(&self, operand: Operand) -> Expr {
        match operand {
            Operand::Native(expr) => expr,
            Operand::Call { helper, arguments } => {
                let arguments = arguments.into_iter().map(|argument| self.native(argument)).collect();
                Expr::Call { helper, arguments }
            }
            Operand::Builtin { ref range, .. } => {
                let source = &self.source.text()[range.clone()];
                let mut foreign = Foreign::default();
                let element = foreign.write(&operand, source, Escape::None);
                Expr::Interpreted(Box::new(foreign.finish(source, element, Escape::None)))
            }
            // Outside all blocks there is none.
            Operand::Local(_) => Expr::Constant(Value::Null),
        }
    }

    /// `{{#name ...}}...{{/name}}`.
    pub(super) fn block(&mut self, block: &HelperTemplate, tag: &Tag, escape: Escape) -> Option<Interpreted> {
        let text = self.source.text();
        let (elses, close) = tag::block_parts(text, tag);
        let end = close.map_or(tag.range.end, |close| close.range.end);
        let mut foreign = Foreign::default();
        let block = self.block_tree(block, tag, &elses, escape, &mut foreign)?;
        let element = TemplateElement::HelperBlock(Box::new(block));
        Some(foreign.finish(&text[tag.range.start..end], element, escape))
    }

    fn block_tree(
        &mut self,
        block: &HelperTemplate,
        tag: &Tag,
        elses: &[Tag],
        escape: Escape,
        foreign: &mut Foreign,
    ) -> Option<HelperTemplate> {
        let shape = tag::read_shape(self.source.text(), tag);
        let builtin = self.block_name(block.name.as_name().unwrap_or_default(), &shape.name);
        let arguments = builtin.and_then(|builtin| self.builtin(builtin, block, &shape));
        let parameters = self.block_parameters(block, builtin, &shape.range);
        let opens = builtin.is_some_and(|builtin| builtin.opens);
        if opens {
            self.frames.push(parameters.clone().unwrap_or_default());
        }
        let body = block.template.as_ref().map(|body| self.elements(body, escape, foreign));
        if opens {
            self.frames.pop();
        }
        let inverse = block.inverse.as_ref().map(|inverse| match (inverse.elements.as_slice(), elses) {
            // The parser makes up a template for `{{else if}}`, without a place of its own.
            ([TemplateElement::HelperBlock(chained)], [tag, later @ ..]) if chained.is_chained() => {
                let chained = self.block_tree(chained, tag, later, escape, foreign)?;
                let mut template = handlebars::Template::new();
                template.elements.push(TemplateElement::HelperBlock(Box::new(chained)));
                Some(template)
            }
            _ => self.elements(inverse, escape, foreign),
        });
        let mut tree = block.clone();
        for (key, value) in &mut tree.hash {
            let place = shape.keyed(self.source.text(), key).last().map(|(_, place)| place.clone());
            let operand = self.argument(value, &place.unwrap_or_else(|| shape.clone()))?;
            *value = foreign.operand(&operand);
        }
        tree.params = arguments?.iter().map(|argument| foreign.operand(argument)).collect();
        tree.template = body.map_or(Some(None), |body| body.map(Some))?;
        tree.inverse = inverse.map_or(Some(None), |inverse| inverse.map(Some))?;
        parameters.map(|_| tree)
    }

    fn block_name(&mut self, name: &str, range: &Range<usize>) -> Option<&'static Builtin> {
        let builtin = Builtin::from_name(name).filter(|builtin| builtin.forms != Forms::Inline);
        if builtin.is_none() {
            let blocks = Builtin::ALL.iter().filter(|builtin| builtin.forms != Forms::Inline).map(|b| b.name);
            let help = match nearest(name, blocks) {
                _ if self.lowering.names.knows(name) => {
                    format!("write `{{{{#if {name}}}}}`, `{{{{#each {name}}}}}` or `{{{{#with {name}}}}}`")
                }
                Some(near) => format!("did you mean `{{{{#{near}}}}}`?"),
                None => "blocks are `{{#if}}`, `{{#unless}}`, `{{#each}}` and `{{#with}}`".to_owned(),
            };
            self.report(codes::UNKNOWN_HELPER, range.clone(), format!("unknown block `{name}`"), Some(&help));
        }
        builtin
    }

    /// The names behind `as`: `{{#each rooms as |room index|}}`.
    fn block_parameters(
        &mut self,
        block: &HelperTemplate,
        builtin: Option<&Builtin>,
        range: &Range<usize>,
    ) -> Option<Vec<String>> {
        let names: Vec<String> = match &block.block_param {
            Some(BlockParam::Single(name)) => name.as_name().map(str::to_owned).into_iter().collect(),
            Some(BlockParam::Pair((value, key))) => {
                [value, key].iter().filter_map(|name| name.as_name().map(str::to_owned)).collect()
            }
            // None, or what the enum may grow by.
            _ => Vec::new(),
        };
        let allowed = match builtin.map(|builtin| builtin.name) {
            Some("each") | None => 2,
            Some("with") => 1,
            Some(_) => 0,
        };
        if names.len() > allowed {
            let name = block.name.as_name().unwrap_or_default();
            let message = format!("`{name}` gives names to {allowed} values, not {}", names.len());
            self.report(codes::HELPER_ARGUMENTS, range.clone(), message, None);
            return None;
        }
        Some(names)
    }

    /// The inside of a block.
    fn elements(
        &mut self,
        template: &handlebars::Template,
        escape: Escape,
        foreign: &mut Foreign,
    ) -> Option<handlebars::Template> {
        let text = self.source.text();
        let mut complete = true;
        let mut lowered = handlebars::Template::new();
        for (i, element) in template.elements.iter().enumerate() {
            let element = match element {
                TemplateElement::Comment(_) => continue,
                TemplateElement::RawString(literal) => Some(raw_string(literal, escape)),
                TemplateElement::Expression(call) | TemplateElement::HtmlExpression(call) => {
                    let shape = tag::read_shape(text, &self.element_tag(template, i));
                    let operand = self.expression(call, &shape);
                    operand.map(|operand| foreign.write(&operand, &text[shape.name], escape))
                }
                TemplateElement::HelperBlock(block) => {
                    if let Some(literal) = raw_block(block) {
                        Some(raw_string(literal, escape))
                    } else {
                        let tag = self.element_tag(template, i);
                        let (elses, _) = tag::block_parts(text, &tag);
                        let block = self.block_tree(block, &tag, &elses, escape, foreign);
                        block.map(|block| TemplateElement::HelperBlock(Box::new(block)))
                    }
                }
                _ => self.refuse_partial(&self.element_tag(template, i)),
            };
            match element {
                Some(element) => lowered.elements.push(element),
                None => complete = false,
            }
        }
        complete.then_some(lowered)
    }

    pub(super) fn refuse_partial<T>(&mut self, tag: &Tag) -> Option<T> {
        let message = "partials and decorators are not part of the language";
        let help = "write the text out where it is used, or keep it in `vars`";
        self.report(codes::TEMPLATE_SYNTAX, tag.range.clone(), message, Some(help));
        None
    }
}

fn raw_string(literal: &str, escape: Escape) -> TemplateElement {
    let mut out = Vec::new();
    escape.write_literal(literal, &mut out);
    TemplateElement::RawString(String::from_utf8(out).unwrap_or_default())
}

/// The text of `{{{{raw}}}}...{{{{/raw}}}}`.
pub(super) fn raw_block(block: &HelperTemplate) -> Option<&str> {
    if block.name.as_name() != Some("raw") || !block.params.is_empty() || !block.hash.is_empty() {
        return None;
    }
    match block.template.as_ref()?.elements.as_slice() {
        [] => Some(""),
        [TemplateElement::RawString(text)] => Some(text),
        _ => None,
    }
}
