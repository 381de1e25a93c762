//! What must hold of the keys of a map together.

use super::wording::{article, join};
use super::{Checker, Place};
use crate::diagnostic::{Code, Diagnostic, codes};
use crate::plan::schema::table::{Noun, Rule};
use crate::plan::syntax::{Entry, Key};

impl Checker<'_, '_> {
    /// The place's key is what to point at when something is missing.
    pub(super) fn rule(&mut self, rule: Rule, entries: &[Entry], noun: &Noun, place: Place<'_>) {
        let present = |keys: &[&str]| -> Vec<Key> {
            entries.iter().map(|e| &e.key).filter(|key| keys.contains(&key.text.as_str())).cloned().collect()
        };
        // An unknown key has been reported: it is the one that was meant.
        let has_unknown = || entries.iter().any(|entry| !super::belongs_to(noun, &entry.key.text));
        match rule {
            Rule::OneVerb(verbs) => match present(verbs).as_slice() {
                [_] => {}
                [] if has_unknown() => {}
                [] => self.no_verb(verbs, entries, place),
                found => {
                    let help = "make each a step of its own, starting with `- `".to_owned();
                    self.several(codes::SEVERAL_VERBS, "a step has more than one verb".into(), found, help);
                }
            },
            Rule::ExactlyOne(keys) => match present(keys).as_slice() {
                [_] => {}
                [] if has_unknown() => {}
                [] => self.needs_one(keys, noun, place),
                found => {
                    let message = format!("{} takes only one of these keys", article(noun.name));
                    let help = format!("one of: {}", join(keys.iter().copied()));
                    self.several(codes::CONFLICTING_KEYS, message, found, help);
                }
            },
            Rule::AtLeastOne(keys) => {
                if present(keys).is_empty() && !has_unknown() {
                    self.needs_one(keys, noun, place);
                }
            }
            Rule::Excludes(one, others) => {
                if let ([first], [second, ..]) = (present(&[one]).as_slice(), present(others).as_slice()) {
                    let message = format!("`{}` and `{}` exclude each other", first.text, second.text);
                    let both = [first.clone(), second.clone()];
                    self.several(codes::CONFLICTING_KEYS, message, &both, "leave one out".into());
                }
            }
            Rule::Needs(one, other) => {
                if let ([key], []) = (present(&[one]).as_slice(), present(&[other]).as_slice()) {
                    let message = format!("`{one}` without `{other}`");
                    let label = format!("there is no `{other}` that it belongs to");
                    self.report(codes::MISSING_KEY, message, key.span, &label, None);
                }
            }
            Rule::NotEmpty => {
                if let (true, Some(key)) = (entries.is_empty(), place.key) {
                    self.empty(key, place, "a map");
                }
            }
        }
    }

    fn no_verb(&mut self, verbs: &[&str], entries: &[Entry], place: Place<'_>) {
        let Some(span) = place.key else { return };
        let help = if entries.is_empty() {
            format!("one of: {}", join(verbs.iter().copied()))
        } else {
            format!("write it beside, in the same item of the list: one of {}", join(verbs.iter().copied()))
        };
        self.report(codes::NO_VERB, "a step has no verb".into(), span, "what shall it do?", Some(help));
    }

    fn needs_one(&mut self, keys: &[&str], noun: &Noun, place: Place<'_>) {
        let Some(span) = place.key else { return };
        let message = format!("{} says nothing of {}", article(noun.name), keys.join(", "));
        let examples: Vec<_> = keys
            .iter()
            .filter_map(|key| noun.field(key))
            .map(|field| format!("`{}: {}`", field.key, field.example))
            .collect();
        let help = format!("write one of {}", examples.join(", "));
        self.report(codes::MISSING_KEY, message, span, "one of them is needed here", Some(help));
    }

    fn several(&mut self, code: Code, message: String, keys: &[Key], help: String) {
        let mut spans: Vec<_> = keys.iter().map(|key| key.span).collect();
        spans.sort_unstable_by_key(|span| std::cmp::Reverse(span.start));
        let first = spans.pop();
        let rest = spans.into_iter().map(|span| (span, "and here"));
        let mut diagnostic = Diagnostic::new(code, message).help(help);
        for (span, text) in rest.chain(first.map(|span| (span, "first here"))) {
            diagnostic = diagnostic.label(span, text);
        }
        self.diagnostics.push(diagnostic);
    }
}
