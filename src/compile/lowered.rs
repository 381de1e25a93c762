//! What the plan's nouns have in common when they are lowered. Where something was reported, a harmless stand-in takes
//! its place, so that the rest is still looked at; the program is not handed out then.

use super::names::CANARY;
use super::{Compiler, Constant};
use crate::diagnostic::{Diagnostic, Span, codes, nearest};
use crate::plan::model;
use crate::plan::syntax::{Key, Node};
use crate::program::{
    Body, BodyKind, Capture, Escape, Expr, Helper, Matcher, SlotId, Template, Value, VariableMatcher,
};

/// Heads of names that are not the plan's to set.
const RESERVED: [&str; 6] = ["user", "loop", "env", "fake", "correlation_id", CANARY];

impl Compiler<'_, '_> {
    /// The plan's variables, each known to those behind it, with the command line's values in place of their own.
    pub(super) fn variables(&mut self, plan: &model::Plan) {
        for (name, _) in &self.options.vars {
            if !plan.vars.iter().any(|variable| variable.name.text == *name) {
                self.unknown_override(name, plan);
            }
        }
        for variable in &plan.vars {
            self.free_name(&variable.name);
            // An overridden value is still looked at: the mistake stays in the file.
            let own = self.lowering().constant(&variable.value);
            let given = self.options.vars.iter().rev().find(|(name, _)| *name == variable.name.text);
            let value = given.map(|(_, text)| Constant { value: from_argument(text), secret: false });
            // One that was reported has some value, or each use of it would be reported as well.
            let value = value.or(own).unwrap_or(Constant { value: Value::Null, secret: false });
            self.names.define_constant(variable, value);
        }
    }

    fn unknown_override(&mut self, name: &str, plan: &model::Plan) {
        let known = plan.vars.iter().map(|variable| variable.name.text.as_str());
        let help = match nearest(name, known) {
            Some(similar) => format!("did you mean `--var {similar}=...`?"),
            None => format!("define it in the plan: `vars: {{ {name}: ... }}`"),
        };
        let message = format!("the plan has no variable `{name}`");
        self.diagnostics.push(Diagnostic::new(codes::UNKNOWN_OVERRIDE, message).help(help));
    }

    /// The slot of a capture or a set name.
    pub(super) fn define(&mut self, name: &Key) -> SlotId {
        let reserved_by = if self.names.parameter(&name.text).is_some() {
            Some("a parameter here")
        } else {
            self.free_name(name);
            self.names.data().is_file(&name.text).then_some("a data file")
        };
        if let Some(what) = reserved_by {
            self.diagnostics.push(
                Diagnostic::new(codes::RESERVED_NAME, format!("`{}` is {what}", name.text))
                    .label(name.span, "cannot be set")
                    .help("choose another name"),
            );
        }
        self.names.slot(&name.text)
    }

    pub(super) fn free_name(&mut self, name: &Key) {
        // A helper's name would win in every template.
        if RESERVED.contains(&name.text.as_str()) || Helper::from_name(&name.text).is_some() {
            self.diagnostics.push(
                Diagnostic::new(codes::RESERVED_NAME, format!("`{}` is built in", name.text))
                    .label(name.span, "cannot be set")
                    .help("choose another name"),
            );
            self.names.excuse(&name.text);
        }
        // No template could read it, which the checker has said.
        if !name.text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            || name.text.starts_with(|c: char| c.is_ascii_digit())
        {
            self.names.excuse(&name.text);
        }
    }

    pub(super) fn outgoing(&mut self, body: &model::Body, span: Span) -> Body {
        self.fits_protocol(body, span);
        let files = self.options.files;
        let nothing = || Body { kind: BodyKind::Text, template: Template::default() };
        let lowered = self.lowering().body(body, files);
        self.understood(lowered, span).unwrap_or_else(nothing)
    }

    pub(super) fn template(&mut self, template: &model::Template) -> Template {
        self.text_template(template, Escape::None)
    }

    pub(super) fn text_template(&mut self, template: &model::Template, escape: Escape) -> Template {
        let lowered = self.lowering().text(template, escape);
        self.understood(lowered, template.span()).unwrap_or_default()
    }

    pub(super) fn value(&mut self, node: &Node) -> Expr {
        let lowered = self.lowering().value(node);
        self.understood(lowered, node.span).unwrap_or(Expr::Constant(Value::Null))
    }

    pub(super) fn matcher(&mut self, matcher: &model::Matcher) -> Matcher {
        let lowered = self.lowering().matcher(matcher);
        self.understood(lowered, matcher.span).unwrap_or(Matcher { clauses: Vec::new() })
    }

    pub(super) fn condition(&mut self, condition: &model::Matcher) -> VariableMatcher {
        let lowered = self.lowering().variable_matcher(condition);
        self.understood(lowered, condition.span).unwrap_or(VariableMatcher { clauses: Vec::new() })
    }

    pub(super) fn captures(&mut self, captures: &[model::Capture]) -> Box<[Capture]> {
        let lower = |capture: &model::Capture| {
            let slot = self.define(&capture.name);
            let lowered = self.lowering().capture(capture, slot);
            self.understood(lowered, capture.name.span)
        };
        captures.iter().filter_map(lower).collect()
    }
}

/// A value of the command line: JSON where it parses as such, else text.
fn from_argument(text: &str) -> Value {
    Value::from_json_text(text).unwrap_or_else(|_| Value::Text(text.to_owned()))
}
