//! What to say of a name that is not defined: what was meant, or where it is defined.

use std::collections::HashMap;

use super::{CANARY, PROFILE, PlanNames};
use crate::diagnostic::{Diagnostic, Span, codes, nearest};
use crate::program::{Helper, builtin_slots};

impl PlanNames<'_> {
    pub(super) fn undefined(&mut self, name: &str, span: Span) -> Diagnostic {
        let diagnostic = Diagnostic::new(codes::UNDEFINED_NAME, format!("`{name}` is not defined"))
            .label(span, "no such name");
        let (head, _) = name.split_once('.').unwrap_or((name, ""));
        if name == PROFILE {
            return diagnostic.help("users of scenarios have one where the plan's `load` has `profiles`");
        }
        if let Some(help) = builtin_help(head) {
            return diagnostic.help(help);
        }
        if head == "fake" {
            let made_up = Helper::ALL.iter().map(|helper| helper.name()).filter(|n| n.starts_with("fake."));
            let similar = nearest(name, made_up).unwrap_or("fake.name");
            return diagnostic
                .help(format!("did you mean `{similar}`? docs/templates.md lists all that can be made up"));
        }
        if self.later.contains(head) {
            return diagnostic.help(format!("a variable knows only those above it: move `{head}` up"));
        }
        if let Some((similar, rest)) = self.similar(name) {
            self.excuse(&similar);
            return diagnostic.help(format!("did you mean `{similar}{rest}`?"));
        }
        if let Some((scenario, _)) = self.scenarios.iter().find(|(_, names)| names.contains(head)) {
            return diagnostic.help(format!(
                "scenario `{scenario}` sets it for its own users; define it here too, or once for all in `vars: {{ {head}: ... }}`"
            ));
        }
        diagnostic.help(format!(
            "define it in `vars`, or capture it in an earlier step: `capture: {{ {head}: $.path }}`"
        ))
    }

    /// Whether a name may still be compared with so many others.
    pub(in crate::compile) fn affords(&mut self, count: usize) -> bool {
        let left = self.comparisons_left.checked_sub(count);
        self.comparisons_left = left.unwrap_or(0);
        left.is_some()
    }

    /// The known name that is nearest to an unknown one, and the way into its value that stood behind that.
    fn similar<'n>(&mut self, name: &'n str) -> Option<(String, &'n str)> {
        let known_count = self.constants.len() + self.set_here().count() + Helper::ALL.len();
        if !self.affords(known_count) {
            return None;
        }
        // So short a name as `now_s` is near to too many words; `now_ms` stands for both.
        let callable = Helper::ALL
            .iter()
            .filter(|helper| helper.signature().parameters.is_empty() && **helper != Helper::NowS);
        let known = || {
            let builtin = builtin_slots::NAMES.into_iter().chain([CANARY]);
            let builtin = builtin.chain(self.has_profiles().then_some(PROFILE));
            let parameters = self.parameters.last().into_iter().flat_map(HashMap::keys).map(String::as_str);
            let variables = self.constants.keys().map(String::as_str).chain(parameters);
            let set = self.set_here().copied().chain(self.shared.iter().copied());
            set.chain(variables).chain(self.data.names()).chain(builtin)
        };
        let head_length = name.find('.').unwrap_or(name.len());
        let (head, rest) = name.split_at(head_length);
        let whole = nearest(name, known()).map(|similar| (similar.to_owned(), ""));
        let part = || nearest(head, known()).map(|similar| (similar.to_owned(), rest));
        let helper = || nearest(name, callable.map(|helper| helper.name())).map(|name| (name.to_owned(), ""));
        whole.or_else(part).or_else(helper)
    }
}

/// What the heads of built-in names are for.
fn builtin_help(head: &str) -> Option<&'static str> {
    match head {
        "user" => Some("of a user there are `user.id` and `user.iteration`"),
        "loop" => Some("`loop.index` is the number of the round, and exists inside a `loop` only"),
        "env" => Some("write the name of the environment's variable behind it: `env.TOKEN`"),
        _ => None,
    }
}
