//! What the reply of a request is looked up by: of its matcher the one condition that makes it this request's reply.

use super::Compiler;
use super::flow::Effect;
use super::scenario::Context;
use crate::diagnostic::{Diagnostic, codes};
use crate::plan::model::{self, Step};
use crate::program::matcher::{Clause, Comparison, Condition, Matcher, Test};
use crate::program::{Operand, Path, Query, ReplyKey, Request, SlotId, builtin_slots};

/// How many replies of one step may be pending where the plan does not say.
const IN_FLIGHT: u32 = 1000;

/// Where a key stands in a matcher.
#[derive(Clone, Copy)]
struct Found {
    clause: usize,
    condition: usize,
    is_own: bool,
}

impl Compiler<'_, '_> {
    /// Lowers a request, and says what it does as far as the order of steps goes.
    pub(super) fn request(
        &mut self,
        request: &model::Request,
        step: &Step,
        name: &str,
        context: &mut Context<'_>,
    ) -> (Request, Effect) {
        let send = self.outgoing(&request.send, step.span);
        let publish = self.publish(&step.modifiers, &request.send);
        let timer = self.timer(format!("{name}.rtt"));
        let reply = self.expect(&request.reply, timer);
        let key = reply_key(&reply.filter, &mut context.reply_paths);
        let in_flight = self.in_flight(request, &reply.filter, key.as_ref());
        let effect = if in_flight.is_some() { Effect::Request } else { Effect::Receive };
        (Request { send, publish, reply, key, in_flight }, effect)
    }

    /// The limit of a request that goes on at once, or `None` where it waits for its reply.
    fn in_flight(
        &mut self,
        request: &model::Request,
        filter: &Matcher,
        key: Option<&ReplyKey>,
    ) -> Option<u32> {
        let Some(awaits) = request.awaits.filter(|awaits| !awaits.value) else {
            if let (Some(awaits), Some(limit)) = (request.awaits, request.in_flight) {
                self.diagnostics.push(
                    Diagnostic::new(codes::CONFLICTING_KEYS, "`in_flight` without `await: false`")
                        .label(limit.span, "there is never more than one in flight")
                        .label(awaits.span, "each reply is waited for")
                        .help("leave `in_flight` out, or write `await: false`"),
                );
            }
            return None;
        };
        // A matcher without clauses is a stand-in for one that was reported.
        if key.is_none() && !filter.clauses.is_empty() {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::NO_CORRELATION,
                    "a reply that is not waited for must be told by a correlation id",
                )
                .label(request.reply.filter.span, "nothing in this tells one reply from another")
                .label(awaits.span, "several may be pending")
                .help("send `\"{{correlation_id}}\"` and ask for it where the reply has it: `$.re: \"{{correlation_id}}\"`"),
            );
        }
        let limit = request.in_flight.map(|limit| u32::try_from(limit.value).unwrap_or(u32::MAX));
        Some(limit.unwrap_or(IN_FLIGHT))
    }
}

/// The key of a reply's matcher, where it has one; its path is added to those of the scenario. Best is what depends on
/// the request's own `correlation_id`; else what depends on anything at all.
fn reply_key(filter: &Matcher, paths: &mut Vec<Path>) -> Option<ReplyKey> {
    let candidates: Vec<Found> = filter.clauses.iter().enumerate().flat_map(candidates_of).collect();
    let found = candidates.iter().find(|found| found.is_own).or(candidates.first())?;
    let mut rest = filter.clone();
    let Clause::Path(path, conditions) = rest.clauses.get_mut(found.clause)? else { return None };
    let path = path.clone();
    let Test::Compare(_, value) = conditions.remove(found.condition).test else { return None };
    if conditions.is_empty() {
        rest.clauses.remove(found.clause);
    }
    let index = paths.iter().position(|known| *known == path).unwrap_or_else(|| {
        paths.push(path.clone());
        paths.len() - 1
    });
    Some(ReplyKey { path, index, value, is_own: found.is_own, rest })
}

fn candidates_of((clause, of): (usize, &Clause)) -> Vec<Found> {
    let Clause::Path(path, conditions) = of else { return Vec::new() };
    if !matches!(path.query(), Query::Simple(_)) {
        return Vec::new();
    }
    let found = |(condition, Condition { test, .. }): (usize, &Condition<Test>)| {
        let Test::Compare(Comparison::Eq, Operand::Expr(expr)) = test else { return None };
        let slots = expr.slots();
        let is_own = slots.contains(&SlotId::new(builtin_slots::CORRELATION_ID));
        (!slots.is_empty()).then_some(Found { clause, condition, is_own })
    };
    conditions.iter().enumerate().filter_map(found).collect()
}
