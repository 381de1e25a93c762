//! Lowering of the forms of `expect` that wait for several messages, or for none.

use super::Compiler;
use super::flow::Touch;
use super::scenario::touches;
use crate::diagnostic::{Diagnostic, Severity, Span, codes};
use crate::plan::model;
use crate::program::{Gather, Quota, Reaction, Wanted};

impl Compiler<'_, '_> {
    pub(super) fn gather(
        &mut self,
        gather: &model::Gather,
        name: &str,
        span: Span,
        always: &[Reaction],
    ) -> Gather {
        let (quota, timer) = match gather.quota {
            model::Quota::Count(count) => (Quota::Count(count), Some(self.timer(format!("{name}.wait")))),
            model::Quota::EachOnce => (Quota::EachOnce, Some(self.timer(format!("{name}.wait")))),
            // How long that takes, the plan says itself.
            model::Quota::AtMost(most) => (Quota::AtMost(most), None),
        };
        // The schema has refused more than can be told apart; nothing of what is too much may be run.
        let wanted: Box<[Wanted]> =
            gather.wanted.iter().take(Gather::WANTED_MAX).map(|wanted| self.wanted(wanted)).collect();
        for (lowered, written) in wanted.iter().zip(&gather.wanted) {
            // One matcher stands on the step's own line; of several the one that is meant is pointed at.
            let span = if quota == Quota::EachOnce { first_key(written, span) } else { span };
            self.shadowed(span, &lowered.filter, always);
        }
        self.wider_first(&wanted, &gather.wanted, span);
        Gather { wanted, quota, within: self.within(gather.within), timer }
    }

    fn wanted(&mut self, wanted: &model::Wanted) -> Wanted {
        Wanted {
            filter: self.message_matcher(&wanted.filter),
            assert: wanted.assert.as_ref().map(|assert| self.message_matcher(assert)),
            captures: self.message_captures(&wanted.captures),
            deliver: self.deliver(wanted.deliver.as_ref()),
        }
    }

    /// A message goes to the first that matches: a wide matcher before a narrow one may take the only message that the
    /// narrow one would have matched.
    fn wider_first(&mut self, wanted: &[Wanted], written: &[model::Wanted], span: Span) {
        for (index, narrow) in wanted.iter().enumerate() {
            let takes_more = |wide: &&Wanted| {
                !wide.filter.clauses.is_empty()
                    && wide.filter.takes_all_of(&narrow.filter)
                    && !narrow.filter.takes_all_of(&wide.filter)
            };
            if let Some(wide) = wanted[..index].iter().position(|wide| takes_more(&wide)) {
                self.diagnostics.push(
                    Diagnostic::new(codes::SHADOWED_EXPECT, "this message may be taken for another")
                        .severity(Severity::Warning)
                        .label(first_key(&written[index], span), "every message that matches this")
                        .label(first_key(&written[wide], span), "matches this too, which comes first")
                        .help("write the narrower one first"),
                );
            }
        }
    }
}

/// What a success sets. Of `at_most` none may have come.
pub(super) fn gathered(gather: &Gather) -> Vec<Touch> {
    let may_be_unset = matches!(gather.quota, Quota::AtMost(_));
    let all = gather.wanted.iter().flat_map(|wanted| touches(&wanted.captures));
    all.map(|touch| Touch { may_be_unset, ..touch }).collect()
}

fn first_key(wanted: &model::Wanted, or: Span) -> Span {
    wanted.filter.clauses.first().map_or(or, |clause| clause.key.span)
}
