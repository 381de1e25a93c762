//! `setup` and `teardown`: scenarios that no user is given. What the setup has set, all others find set.

use super::{Compiler, flow};
use crate::diagnostic::{Diagnostic, codes};
use crate::plan::model;
use crate::program::{Reaction, Scenario, Setup};

/// Everybody who acts in a run.
pub(super) struct Cast {
    /// The kinds of users, and behind them what is done once.
    pub(super) scenarios: Vec<Scenario>,
    pub(super) setup: Option<Setup>,
    /// The place of its scenario.
    pub(super) teardown: Option<usize>,
}

impl Compiler<'_, '_> {
    /// Lowers all scenarios, the setup first, because the others know what it sets, and looks at them together.
    pub(super) fn cast(&mut self, plan: &model::Plan, reactions: &mut Vec<Reaction>) -> Cast {
        let setup = plan.setup.as_ref().map(|setup| self.setup(setup, plan, reactions));
        let mut scenarios: Vec<_> =
            plan.scenarios.iter().map(|scenario| self.scenario(scenario, reactions)).collect();
        let teardown = plan.teardown.as_ref().map(|teardown| self.once(teardown, plan, reactions));
        let read = self.names.shared_reads();
        self.sets.iter_mut().for_each(|set| *set = set.or_read_in(read));
        flow::unused(&self.sets, self.names.slot_names(), self.diagnostics);
        self.unused_pools(plan);
        self.weights(plan);
        let mut append = |scenario| {
            scenarios.push(scenario);
            scenarios.len() - 1
        };
        let keeps = self.shared.clone();
        let setup = setup.map(|setup| Setup { scenario: append(setup), keeps });
        let teardown = teardown.map(append);
        Cast { scenarios, setup, teardown }
    }

    fn setup(
        &mut self,
        setup: &model::Scenario,
        plan: &model::Plan,
        reactions: &mut Vec<Reaction>,
    ) -> Scenario {
        let lowered = self.once(setup, plan, reactions);
        let set = self.names.set_by_setup();
        self.shared = std::mem::take(&mut self.certain);
        // Variables are not its to give.
        self.shared.retain(|slot| set.contains(slot));
        self.names.share(&self.shared);
        lowered
    }

    fn once(
        &mut self,
        once: &model::Scenario,
        plan: &model::Plan,
        reactions: &mut Vec<Reaction>,
    ) -> Scenario {
        let name = &once.name.text;
        if let Some(scenario) = plan.scenarios.iter().find(|scenario| scenario.name.text == *name) {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::RESERVED_NAME,
                    format!("a scenario is called `{name}`, as the {name} is"),
                )
                .label(scenario.name.span, "the figures could not tell the two apart")
                .help("choose another name"),
            );
        }
        self.scenario(once, reactions)
    }
}
