//! Pools: how their connections are opened, which has to be the same for everybody, and the steps that have one.

use std::time::Duration;

use super::Compiler;
use super::flow::{Effect, Flow};
use super::scenario::Context;
use crate::diagnostic::{Diagnostic, Span, codes, nearest};
use crate::plan::model::{self, Borrow, Plan, Spanned, Step};
use crate::program::{Expr, Op, Pool, PoolId, Segment, Template};

const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// The pools of the plan, by their ids, and which of them a step borrows from.
#[derive(Default)]
pub(super) struct Declared<'p> {
    names: Vec<&'p str>,
    used: Vec<PoolId>,
}

impl Declared<'_> {
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains(&name)
    }
}

impl<'p> Compiler<'_, 'p> {
    pub(super) fn pools(&mut self, plan: &'p Plan) -> Vec<Pool> {
        self.pools.names = plan.pools.iter().map(|pool| pool.name.text.as_str()).collect();
        let pools = plan.pools.iter().map(|pool| self.pool(pool)).collect();
        // They are nobody's steps.
        self.names.take_reads();
        pools
    }

    fn pool(&mut self, pool: &model::Pool) -> Pool {
        let connect = self.connect(&pool.connect, &pool.name.text);
        let written = &pool.connect;
        let templates = [(&written.url, &connect.url), (&written.path, &connect.path)];
        for (written, lowered) in templates {
            if let (Some(written), Some(lowered)) = (written, lowered) {
                self.same_for_all(written, lowered);
            }
        }
        for ((_, written), (_, lowered)) in written.query.iter().zip(&connect.query) {
            self.same_for_all(written, lowered);
        }
        for ((_, written), (_, lowered)) in written.headers.iter().zip(&connect.headers) {
            self.same_for_all(written, lowered);
        }
        Pool {
            name: pool.name.text.clone(),
            size: pool.size.map_or(1, |size| usize::try_from(size.value).unwrap_or(usize::MAX)),
            acquire_timeout: pool.acquire_timeout.map_or(ACQUIRE_TIMEOUT, |timeout| timeout.value),
            connect,
            span: pool.name.span,
        }
    }

    /// Pools from which no step borrows, behind the scenarios.
    pub(super) fn unused_pools(&mut self, plan: &Plan) {
        for (place, pool) in plan.pools.iter().enumerate().filter(|_| !plan.unread.is_any) {
            if !self.pools.used.contains(&PoolId::new(place)) {
                let name = &pool.name.text;
                self.diagnostics.push(
                    Diagnostic::new(codes::UNUSED_POOL, format!("pool `{name}` is never used"))
                        .label(pool.name.span, "no step borrows from it")
                        .help(format!("remove it, or use it: `- borrow: {{ from: {name}, steps: [...] }}`")),
                );
            }
        }
    }

    /// Whoever opens a connection, it is there for others, too.
    fn same_for_all(&mut self, written: &model::Template, lowered: &Template) {
        let is_constant = |segment: &Segment| {
            matches!(
                segment,
                Segment::Literal(_) | Segment::Value { expr: Expr::Constant(_) | Expr::Secret(_), .. }
            )
        };
        if !lowered.segments.iter().all(is_constant) {
            self.diagnostics.push(
                Diagnostic::new(codes::NOT_CONSTANT, "a connection of a pool is opened for all users alike")
                    .label(written.span(), "this differs from user to user, or from time to time")
                    .help("use `vars` and `env` only, and send what is a user's own as a message"),
            );
        }
    }

    /// The steps of a block, with a connection for them that is given back behind them.
    pub(super) fn borrow(
        &mut self,
        step: &Step,
        borrow: &Borrow,
        name: &str,
        context: &mut Context<'_>,
    ) -> Vec<Flow> {
        let link = self.links.present;
        let flow = |effect| Flow {
            span: step.span,
            verb: "borrow",
            reads: Vec::new(),
            sets: Vec::new(),
            effect,
            link: Some(link),
        };
        let pool = self.pool_of(&borrow.from);
        let timer = self.timer(format!("{name}.acquire"));
        self.emit(Op::Borrow { pool, timer }, step.span);
        let mut flows = vec![flow(Effect::Connect)];
        flows.extend(self.implied(step.span, Some(link), context));
        let around = self.links.block.replace(link);
        flows.extend(self.steps(&borrow.steps, context));
        (self.links.block, self.links.present) = (around, link);
        self.emit(Op::GiveBack, step.span);
        flows.push(flow(Effect::GiveBack));
        flows
    }

    fn pool_of(&mut self, from: &Spanned<String>) -> PoolId {
        if let Some(place) = self.pools.names.iter().position(|name| *name == from.value) {
            self.pools.used.push(PoolId::new(place));
            return PoolId::new(place);
        }
        if !self.names.is_unread(&from.value) {
            let known = || self.pools.names.iter().copied();
            let similar = nearest(&from.value, known());
            // Whatever was meant is not to be called unused.
            let meant =
                (0..self.pools.names.len()).filter(|at| similar.is_none_or(|s| s == self.pools.names[*at]));
            self.pools.used.extend(meant.map(PoolId::new));
            let help = match (similar, known().next()) {
                (Some(similar), _) => format!("did you mean `{similar}`?"),
                (None, Some(_)) => {
                    format!("the pools of this plan are {}", known().collect::<Vec<_>>().join(", "))
                }
                (None, None) => {
                    format!("declare it: `pools: {{ {}: {{ size: 20, connect: {{}} }} }}`", from.value)
                }
            };
            self.diagnostics.push(
                Diagnostic::new(codes::UNKNOWN_POOL, format!("there is no pool `{}`", from.value))
                    .label(from.span, "not declared in `pools`")
                    .help(help),
            );
        }
        PoolId::new(0)
    }

    /// A step names a pool, and its scenario never has a connection of it. One `borrow` mends all such steps.
    pub(super) fn not_borrowed(&mut self, name: &Spanned<String>) {
        if !self.links.first_of_pool(&name.value) {
            return;
        }
        // It is meant to be used.
        let place = self.pools.names.iter().position(|known| *known == name.value);
        self.pools.used.extend(place.map(PoolId::new));
        let message = format!("`{}` is a pool, and this scenario has no connection of it", name.value);
        self.diagnostics.push(
            Diagnostic::new(codes::UNKNOWN_CONNECTION, message)
                .label(name.span, "no `borrow` of this scenario is from it")
                .help(format!("borrow one: `- borrow: {{ from: {}, steps: [...] }}`", name.value)),
        );
    }

    /// A name that a step of a scenario uses for a connection of its own, and another for one of a pool.
    pub(super) fn two_connections(&mut self, name: &str, one: Span, other: Span) {
        let message = format!("`{name}` is a user's own connection here and one of a pool there");
        self.diagnostics.push(
            Diagnostic::new(codes::AMBIGUOUS_CONNECTION, message)
                .label(one, "one of them")
                .label(other, "the other")
                .help("give the `borrow` a `name` of its own"),
        );
    }
}
