//! Lowering of `use`: the fragment's steps in the place of the step, with names for its parameters. What is constant is
//! constant in the fragment too; anything else is computed when the user comes here.

use std::collections::HashMap;

use crate::compile::Compiler;
use crate::compile::flow::{Effect, Flow};
use crate::compile::scenario::Context;
use crate::compile::scope::Binding;
use crate::diagnostic::{Diagnostic, Span, codes, nearest};
use crate::plan::model::{Fragment, Use};
use crate::program::{Expr, Op};

impl Compiler<'_, '_> {
    pub(super) fn fragment(&mut self, span: Span, used: &Use, context: &mut Context<'_>) -> Vec<Flow> {
        let flow = |reads, effect| Flow { span, verb: "use", reads, sets: Vec::new(), effect, link: None };
        let Some(fragment) = self.understood(used.fragment.clone(), span) else {
            return vec![flow(Vec::new(), Effect::Unknown)];
        };
        self.known_parameters(used, &fragment);
        let (mut parameters, mut values) = (HashMap::new(), Vec::new());
        for param in &fragment.params {
            // `user.id` stays what it is, and beside it there is room for one.
            if param.name.text != "user" {
                self.free_name(&param.name);
            }
            let given = used.arguments.iter().find(|argument| argument.name.text == param.name.text);
            let Some(value) = given.map(|argument| &argument.value).or(param.default.as_ref()) else {
                self.missing(used, &param.name.text, param.name.span);
                parameters.insert(param.name.text.clone(), Binding::Constant(crate::program::Value::Null));
                continue;
            };
            let binding = match self.value(value) {
                Expr::Constant(value) => Binding::Constant(value),
                Expr::Secret(secret) => Binding::Secret(secret.reveal().clone()),
                value => {
                    let slot = self.names.slot(&format!("{}:{}", fragment.name.text, param.name.text));
                    values.push((slot, value));
                    Binding::Slot(slot)
                }
            };
            parameters.insert(param.name.text.clone(), binding);
        }
        let mut flows = vec![flow(self.names.take_reads(), Effect::None)];
        if !values.is_empty() {
            self.emit(Op::Set(values.into()), span);
        }
        self.names.enter_fragment(parameters);
        flows.extend(self.steps(&fragment.steps, context));
        self.names.leave_fragment();
        flows
    }

    fn missing(&mut self, used: &Use, param: &str, defined: Span) {
        let origin = used.origin.text();
        self.diagnostics.push(
            Diagnostic::new(codes::FRAGMENT_ARGUMENTS, format!("`{}` needs `{param}`", origin.value))
                .label(origin.span, format!("`{param}` is not given"))
                .label(defined, "it has no value of its own")
                .help(format!("give it: `with: {{ {param}: ... }}`")),
        );
    }

    fn known_parameters(&mut self, used: &Use, fragment: &Fragment) {
        let known = || fragment.params.iter().map(|param| param.name.text.as_str());
        for argument in &used.arguments {
            let name = &argument.name;
            if known().any(|known| known == name.text) || self.names.is_unread(&name.text) {
                continue;
            }
            let help = match (nearest(&name.text, known()), known().next()) {
                (Some(similar), _) => format!("did you mean `{similar}`?"),
                (None, Some(_)) => format!("it has {}", known().collect::<Vec<_>>().join(", ")),
                (None, None) => "it has none: add `params` to it".to_owned(),
            };
            let message = format!("`{}` has no parameter `{}`", used.origin.text().value, name.text);
            self.diagnostics.push(
                Diagnostic::new(codes::FRAGMENT_ARGUMENTS, message)
                    .label(name.span, "no such parameter")
                    .help(help),
            );
        }
    }
}
