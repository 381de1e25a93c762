//! Barriers: how many users each waits for, and whether so many can ever come. What their steps say is only complete
//! behind the last scenario.

use super::Compiler;
use super::flow::Effect;
use super::scenario::Context;
use crate::diagnostic::{Diagnostic, Span, codes};
use crate::load::Load;
use crate::plan::model::{self, Spanned, Step};
use crate::program::{AtBarrier, Barrier, BarrierId, Op};

/// A barrier, and what its steps say of it.
pub(super) struct Declared {
    name: String,
    /// Where it is first.
    span: Span,
    user_count: Option<Spanned<u64>>,
    /// The scenarios whose users come to it, by their places in the plan.
    scenarios: Vec<usize>,
}

impl Compiler<'_, '_> {
    pub(super) fn barrier(&mut self, step: &Step, barrier: &model::Barrier, context: &Context<'_>) -> Effect {
        if self.names.is_once() {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::IMPOSSIBLE_BARRIER,
                    "nobody waits for others in a setup or a teardown",
                )
                .label(barrier.name.span, "one user comes here, once")
                .help("remove it: users begin when the setup has ended, and the teardown when they have"),
            );
            return Effect::Pause;
        }
        let place = self.barriers.iter().position(|known| known.name == barrier.name.value);
        let place = place.unwrap_or_else(|| {
            self.barriers.push(Declared {
                name: barrier.name.value.clone(),
                span: barrier.name.span,
                user_count: None,
                scenarios: Vec::new(),
            });
            self.barriers.len() - 1
        });
        let declared = &mut self.barriers[place];
        if !declared.scenarios.contains(&context.place) {
            declared.scenarios.push(context.place);
        }
        match (declared.user_count, barrier.users) {
            (Some(first), Some(other)) if first.value != other.value => self.diagnostics.push(
                Diagnostic::new(
                    codes::IMPOSSIBLE_BARRIER,
                    format!("barrier `{}` waits for two numbers of users", barrier.name.value),
                )
                .label(other.span, format!("{} here", other.value))
                .label(first.span, format!("{} here", first.value))
                .help("say it once, or use two barriers"),
            ),
            (first, other) => declared.user_count = first.or(other),
        }
        let name = step.name.as_ref().unwrap_or(&barrier.name).value.clone();
        let timer = self.timer(format!("{name}.wait"));
        let within = self.within(barrier.within);
        self.emit(Op::Barrier(AtBarrier { barrier: BarrierId::new(place), within, timer }), step.span);
        Effect::Pause
    }

    /// What the barriers come to under a load.
    pub(super) fn barriers(&mut self, load: &Load) -> Vec<Barrier> {
        let peak = load.peak_users();
        let mut barriers = Vec::with_capacity(self.barriers.len());
        for Declared { name, span, user_count, scenarios } in std::mem::take(&mut self.barriers) {
            let possible: u64 =
                scenarios.iter().map(|scenario| load.peak_users_of(*scenario)).fold(0, u64::saturating_add);
            if let Some(wanted) = user_count.filter(|wanted| wanted.value > possible && peak > 0) {
                let users = if possible == 1 { "user comes" } else { "users come" };
                self.diagnostics.push(
                    Diagnostic::new(codes::IMPOSSIBLE_BARRIER, format!("barrier `{name}` never opens"))
                        .label(wanted.span, format!("it waits for {}", wanted.value))
                        .label(span, format!("{possible} {users} here at the peak of the load"))
                        .help("let it wait for fewer, or let more users run a scenario that has it: `load`, `--users`"),
                );
            }
            if user_count.is_none() && scenarios.iter().any(|scenario| load.is_open_for(*scenario)) {
                self.diagnostics.push(
                    Diagnostic::new(
                        codes::IMPOSSIBLE_BARRIER,
                        format!("barrier `{name}` does not know how many it waits for"),
                    )
                    .label(span, "users come here in an open load, as many as there happen to be")
                    .help(format!("say how many go on together: `barrier: {{ name: {name}, users: 10 }}`")),
                );
            }
            barriers.push(Barrier { name, user_count: user_count.map_or(possible, |n| n.value).max(1) });
        }
        barriers
    }
}
