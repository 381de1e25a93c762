//! What an expression means: names become slots and constants, calls are held against the helper table, and what is
//! known now is computed now. What comes out is either our own or has parts that only the Handlebars crate can
//! evaluate: names inside `{{#each}}` and `{{#with}}`, and the crate's own helpers.

use std::ops::Range;

use handlebars::template::{HelperTemplate, Parameter, TemplateElement};

use super::Text;
use super::path::Path;
use super::tag::Shape;
use crate::compile::scope::Binding;
use crate::diagnostic::{Diagnostic, codes, nearest};
use crate::program::helper::{Builtin, Forms, Kind, Parameter as Row};
use crate::program::{Expr, Helper, Secret, Value, json};

/// So many dotted parts may be one name, as in `user.id`; those behind lead into its value.
const LONGEST_NAME: usize = 8;

/// An expression with its names resolved.
pub(super) enum Operand {
    /// Ours.
    Native(Expr),
    /// A name inside a block, as Handlebars writes it.
    Local(String),
    /// A helper of ours with an argument that is not.
    Call {
        /// The helper.
        helper: Helper,
        /// Its arguments, complete.
        arguments: Vec<Operand>,
    },
    /// A helper of the Handlebars crate.
    Builtin {
        /// Its name.
        name: &'static str,
        /// Its arguments.
        arguments: Vec<Operand>,
        /// Where it was written.
        range: Range<usize>,
    },
}

impl Operand {
    fn known(&self) -> Option<&Value> {
        match self {
            Self::Native(expr) => expr.known(),
            _ => None,
        }
    }

    fn is_secret(&self) -> bool {
        matches!(self, Self::Native(Expr::Secret(_)))
    }
}

impl Text<'_, '_> {
    /// `name`, `helper argument`, `(helper argument)`.
    pub(super) fn expression(&mut self, call: &HelperTemplate, shape: &Shape) -> Option<Operand> {
        let name = match &call.name {
            Parameter::Subexpression(inner) => return self.subexpression(inner.as_element(), shape),
            other => other.as_name().unwrap_or_default(),
        };
        if let Some(helper) = Helper::from_name(name) {
            return self.helper(helper, call, shape);
        }
        if let Some(builtin) = Builtin::from_name(name) {
            if builtin.forms == Forms::Block {
                let message = format!("`{name}` is a block");
                self.report(codes::HELPER_ARGUMENTS, shape.name.clone(), message, Some(builtin.example));
                return None;
            }
            let arguments = self.builtin(builtin, call, shape);
            return Some(Operand::Builtin {
                name: builtin.name,
                arguments: arguments?,
                range: shape.range.clone(),
            });
        }
        if call.params.is_empty() && call.hash.is_empty() {
            return self.name(name, &shape.name);
        }
        self.unknown_helper(name, shape);
        None
    }

    fn unknown_helper(&mut self, name: &str, shape: &Shape) {
        if self.lowering.names.knows(name) {
            let message = format!("`{name}` is a value and takes no arguments");
            self.report(codes::UNKNOWN_HELPER, shape.name.clone(), message, None);
            return;
        }
        let names = Helper::ALL.iter().map(|helper| helper.name());
        let names = names.chain(Builtin::ALL.iter().filter(|b| b.forms != Forms::Block).map(|b| b.name));
        let help = nearest(name, names).map(|near| format!("did you mean `{near}`?"));
        self.report(
            codes::UNKNOWN_HELPER,
            shape.name.clone(),
            format!("unknown helper `{name}`"),
            help.as_deref(),
        );
    }

    fn subexpression(&mut self, element: &TemplateElement, shape: &Shape) -> Option<Operand> {
        let TemplateElement::Expression(call) = element else { return None };
        let name = call.name.as_name().unwrap_or_default();
        let helps = Helper::from_name(name).is_some() || Builtin::from_name(name).is_some();
        if !helps && call.params.is_empty() && call.hash.is_empty() {
            self.unknown_helper(name, shape);
            return None;
        }
        self.expression(call, shape)
    }

    /// An argument: a literal, a name or a call in parentheses.
    pub(super) fn argument(&mut self, parameter: &Parameter, shape: &Shape) -> Option<Operand> {
        match parameter {
            Parameter::Literal(literal) => {
                // The parser has rounded a number that no double holds; the text still has it.
                let written = &self.source.text()[shape.range.clone()];
                let exact = json::is_number(written).then(|| Value::from_json_text(written).ok()).flatten();
                Some(Operand::Native(Expr::Constant(exact.unwrap_or_else(|| Value::from_json(literal)))))
            }
            Parameter::Subexpression(inner) => self.subexpression(inner.as_element(), shape),
            // `Parameter` may grow; names and paths are what is left of it.
            _ => {
                let name = parameter.as_name().unwrap_or_default();
                if Helper::from_name(name).is_some() && !self.lowering.names.knows(name) {
                    let message = format!("`{name}` is a helper, not a value");
                    let help = format!("write `({name})` to call it");
                    self.report(codes::HELPER_ARGUMENTS, shape.range.clone(), message, Some(&help));
                    return None;
                }
                self.name(name, &shape.range)
            }
        }
    }

    /// A name: of the plan, or inside a block of what the block opened.
    fn name(&mut self, raw: &str, range: &Range<usize>) -> Option<Operand> {
        let path = Path::parse(raw);
        let depth = self.frames.len();
        if path.local {
            return self.local_variable(&path, raw, range);
        }
        if path.root {
            return self.root_name(&path.segments, range);
        }
        let first = path.segments.first();
        let is_block_parameter =
            first.is_some_and(|first| self.frames.iter().any(|frame| frame.contains(first)));
        if is_block_parameter || path.up_count < depth {
            return Some(Operand::Local(raw.to_owned()));
        }
        if path.up_count > depth {
            self.report(
                codes::UNDEFINED_NAME,
                range.clone(),
                format!("`{raw}` leads out of the template"),
                None,
            );
            return None;
        }
        if path.segments.is_empty() {
            let message = format!("`{raw}` means something only inside `{{{{#each}}}}` or `{{{{#with}}}}`");
            self.report(codes::UNDEFINED_NAME, range.clone(), message, None);
            return None;
        }
        self.root_name(&path.segments, range)
    }

    /// `@index` and the like, which `{{#each}}` sets and `{{#with}}` hands on.
    fn local_variable(&mut self, path: &Path, raw: &str, range: &Range<usize>) -> Option<Operand> {
        const VARIABLES: [&str; 4] = ["index", "key", "first", "last"];
        let name = path.segments.first().map_or("", String::as_str);
        let message = if !VARIABLES.contains(&name) || path.segments.len() > 1 {
            format!("unknown name `{raw}`")
        } else if path.up_count >= self.frames.len() {
            format!("`{raw}` means something only inside `{{{{#each}}}}`")
        } else {
            return Some(Operand::Local(raw.to_owned()));
        };
        let help = "inside `{{#each}}` there are `@index`, `@key`, `@first` and `@last`";
        self.report(codes::UNDEFINED_NAME, range.clone(), message, Some(help));
        None
    }

    fn root_name(&mut self, segments: &[String], range: &Range<usize>) -> Option<Operand> {
        let known = (1..=segments.len().min(LONGEST_NAME))
            .rev()
            .find(|&count| self.lowering.names.knows(&segments[..count].join(".")));
        let count = known.unwrap_or(segments.len());
        let span = self.span(range.clone());
        let name = segments[..count].join(".");
        let binding = self.lowering.names.resolve(&name, span, self.lowering.diagnostics)?;
        let rest = &segments[count..];
        let (value, secret) = match binding {
            Binding::Slot(slot) if rest.is_empty() => return Some(Operand::Native(Expr::Slot(slot))),
            Binding::Slot(slot) => return Some(Operand::Native(Expr::Field { slot, path: rest.to_vec() })),
            Binding::Constant(value) => (value, false),
            Binding::Secret(value) => (value, true),
        };
        if rest.is_empty() {
            return Some(Operand::Native(constant(value, secret)));
        }
        let found = value.as_container().and_then(|text| json::descend(text, rest));
        let Some(found) = found.and_then(|text| Value::from_json_text(text).ok()) else {
            let message = format!("`{name}` is {} and has no `{}`", value.describe(), rest.join("."));
            let help = nearest_field(&value, rest).map(|near| format!("did you mean `{name}.{near}`?"));
            self.report(codes::UNDEFINED_NAME, range.clone(), message, help.as_deref());
            return None;
        };
        if secret {
            self.lowering.names.hide(&found);
        }
        Some(Operand::Native(constant(found, secret)))
    }

    /// A call of a helper of ours, its arguments checked as far as they are known.
    fn helper(&mut self, helper: Helper, call: &HelperTemplate, shape: &Shape) -> Option<Operand> {
        let rows = helper.signature().parameters;
        let needed: Vec<&Row> = rows.iter().filter(|row| row.default.is_none()).collect();
        let count = call.params.len();
        let mut complete = self.known_keys(helper, call, shape);
        complete &= self.counts(helper, needed.len(), count, shape);
        let mut arguments = Vec::with_capacity(rows.len().max(count));
        for (i, parameter) in call.params.iter().enumerate() {
            let row = needed.get(i).or(needed.last()).copied();
            let place = shape.positional(i);
            arguments.extend(self.admitted(parameter, &place, row, helper));
        }
        complete &= arguments.len() == count;
        for row in rows {
            let Some(default) = row.default else { continue };
            let place = shape.keyed(self.source.text(), row.name).last().map(|(_, place)| place.clone());
            if let (Some(parameter), Some(place)) = (call.hash.get(row.name), place) {
                let argument = self.admitted(parameter, &place, Some(row), helper);
                complete &= argument.is_some();
                arguments.extend(argument);
            } else {
                arguments.push(Operand::Native(Expr::Constant(Value::Text(default.to_owned()))));
            }
        }
        if !complete {
            return None;
        }
        self.finish_call(helper, arguments, shape)
    }

    /// Whether a helper may have so many positional arguments.
    fn counts(&mut self, helper: Helper, needed: usize, count: usize, shape: &Shape) -> bool {
        let signature = helper.signature();
        if count == needed || (signature.repeats && count > needed) {
            return true;
        }
        let takes = match needed {
            0 => "no arguments".to_owned(),
            1 if signature.repeats => "at least one argument".to_owned(),
            1 => "one argument".to_owned(),
            n => format!("{n} arguments"),
        };
        let message = format!("`{}` takes {takes}, not {count}", signature.name);
        let help = format!("it is `{signature}`: {}", signature.example);
        self.report(codes::HELPER_ARGUMENTS, shape.range.clone(), message, Some(&help));
        false
    }

    /// Whether all `key=value` arguments are ones that the helper has, each once.
    fn known_keys(&mut self, helper: Helper, call: &HelperTemplate, shape: &Shape) -> bool {
        let keys: Vec<&str> = helper
            .signature()
            .parameters
            .iter()
            .filter(|row| row.default.is_some())
            .map(|row| row.name)
            .collect();
        self.check_keys(helper.name(), &keys, call, shape)
    }

    fn check_keys(&mut self, name: &str, keys: &[&str], call: &HelperTemplate, shape: &Shape) -> bool {
        let text = self.source.text();
        let mut written: Vec<&String> = call.hash.keys().collect();
        written.sort_unstable();
        let mut fine = true;
        for key in written {
            let places: Vec<_> = shape.keyed(text, key).map(|(range, _)| range).collect();
            let place = places.last().cloned().unwrap_or_else(|| shape.range.clone());
            if !keys.contains(&key.as_str()) {
                let help = nearest(key, keys.iter().copied()).map(|near| format!("did you mean `{near}`?"));
                let message = format!("`{name}` has no argument `{key}`");
                self.report(codes::HELPER_ARGUMENTS, place, message, help.as_deref());
                fine = false;
            } else if places.len() > 1 {
                let message = format!("`{key}` is given to `{name}` more than once");
                self.report(codes::HELPER_ARGUMENTS, place, message, None);
                fine = false;
            }
        }
        fine
    }

    /// An argument that is of the kind that its row asks for, as far as that is known.
    fn admitted(
        &mut self,
        parameter: &Parameter,
        place: &Shape,
        row: Option<&Row>,
        helper: Helper,
    ) -> Option<Operand> {
        let row = row?;
        let word = match (row.kind, parameter) {
            (Kind::Word(words), Parameter::Path(_)) => {
                let word = parameter.as_name().unwrap_or_default();
                let is_known = words.contains(&word);
                if !is_known && !self.lowering.names.knows(word) {
                    let message = format!(
                        "{} of `{}` is `{word}` where it must be {}",
                        row.name,
                        helper.name(),
                        row.kind
                    );
                    self.report(codes::HELPER_ARGUMENTS, place.range.clone(), message, None);
                    return None;
                }
                Some(word).filter(|_| is_known)
            }
            _ => None,
        };
        let operand = match word {
            Some(word) => Operand::Native(Expr::Constant(Value::Text(word.to_owned()))),
            None => self.argument(parameter, place)?,
        };
        match operand.known() {
            Some(value) if !row.kind.admits(value) => {
                let given = if operand.is_secret() || matches!(value, Value::Json(_)) {
                    value.describe().to_owned()
                } else {
                    value.to_json_text()
                };
                let message =
                    format!("{} of `{}` is {given} where it must be {}", row.name, helper.name(), row.kind);
                self.report(codes::HELPER_ARGUMENTS, place.range.clone(), message, None);
                None
            }
            _ => Some(operand),
        }
    }

    fn finish_call(&mut self, helper: Helper, arguments: Vec<Operand>, shape: &Shape) -> Option<Operand> {
        let known: Vec<Option<&Value>> = arguments.iter().map(Operand::known).collect();
        if let Some(objection) = helper.objection(&known) {
            let message = format!("`{}`: {objection}", helper.name());
            self.report(codes::HELPER_ARGUMENTS, shape.range.clone(), message, None);
            return None;
        }
        let secret = arguments.iter().any(Operand::is_secret);
        let all: Option<Vec<&Value>> = known.iter().copied().collect();
        if let Some(value) = all.and_then(|values| helper.fold(&values)) {
            if secret {
                self.lowering.names.hide(&value);
            }
            return Some(Operand::Native(constant(value, secret)));
        }
        // A constant list is taken apart now, so that picking from it parses nothing.
        if let (Helper::Pick, [Some(list)]) = (helper, known.as_slice()) {
            let items = list.as_container().and_then(json::items).unwrap_or_default();
            let items = items.iter().filter_map(|item| Value::from_json_text(item).ok());
            let arguments: Vec<Expr> = items.map(|item| constant(item, secret)).collect();
            if let [only] = arguments.as_slice() {
                return Some(Operand::Native(only.clone()));
            }
            return Some(Operand::Native(Expr::Call { helper, arguments }));
        }
        let native = arguments.iter().all(|argument| matches!(argument, Operand::Native(_)));
        if !native {
            return Some(Operand::Call { helper, arguments });
        }
        let arguments = arguments.into_iter().filter_map(|argument| match argument {
            Operand::Native(expr) => Some(expr),
            _ => None,
        });
        Some(Operand::Native(Expr::Call { helper, arguments: arguments.collect() }))
    }

    /// The arguments of a helper or block of the Handlebars crate.
    pub(super) fn builtin(
        &mut self,
        builtin: &Builtin,
        call: &HelperTemplate,
        shape: &Shape,
    ) -> Option<Vec<Operand>> {
        let keys: &[&str] = if matches!(builtin.name, "if" | "unless") { &["includeZero"] } else { &[] };
        let mut complete = self.check_keys(builtin.name, keys, call, shape);
        let count = call.params.len();
        if count < builtin.least || count > builtin.most {
            let takes = match (builtin.least, builtin.most) {
                (1, 1) => "one argument".to_owned(),
                (least, most) if least == most => format!("{least} arguments"),
                (least, most) => format!("{least} to {most} arguments"),
            };
            let message = format!("`{}` takes {takes}, not {count}", builtin.name);
            self.report(codes::HELPER_ARGUMENTS, shape.range.clone(), message, Some(builtin.example));
            complete = false;
        }
        let mut arguments = Vec::with_capacity(count);
        for (i, parameter) in call.params.iter().enumerate() {
            arguments.extend(self.argument(parameter, &shape.positional(i)));
        }
        (complete && arguments.len() == count).then_some(arguments)
    }

    pub(super) fn report(
        &mut self,
        code: crate::diagnostic::Code,
        range: Range<usize>,
        message: impl Into<String>,
        help: Option<&str>,
    ) {
        let mut diagnostic = Diagnostic::new(code, message).label(self.span(range), "");
        diagnostic.help = help.map(str::to_owned);
        self.lowering.diagnostics.push(diagnostic);
    }
}

fn constant(value: Value, secret: bool) -> Expr {
    if secret { Expr::Secret(Secret::new(value)) } else { Expr::Constant(value) }
}

/// The field of a map that the first step which leads nowhere was probably meant to be.
fn nearest_field(value: &Value, path: &[String]) -> Option<String> {
    let mut text = value.as_container()?;
    for (i, step) in path.iter().enumerate() {
        if let Some(below) = json::descend(text, std::slice::from_ref(step)) {
            text = below;
            continue;
        }
        let map: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).ok()?;
        let near = nearest(step, map.keys().map(String::as_str))?;
        return Some(path[..i].iter().map(String::as_str).chain([near]).collect::<Vec<_>>().join("."));
    }
    None
}
