//! What a name in a template means, and which slot holds it.
//!
//! Names are looked up in this order: built in (`user.id`, `user.iteration`, `correlation_id`, `canary`, `loop.index`), `env.X`,
//! captures and set names of the scenario, variables of the plan, rows of data files. A variable that a scenario also sets is that
//! scenario's slot, with the variable's value at first.

pub(super) mod data;
mod set;
mod undefined;

use std::collections::{HashMap, HashSet};

use self::data::{DataNames, Part};
use self::set::set_names;
use super::Options;
use super::flow::Touch;
use super::scope::{Binding, Names};
use super::template::Constant;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Span, codes};
use crate::plan::model::{Plan, Variable};
use crate::plan::schema::Unread;
use crate::program::{DataId, Expr, Secret, Secrets, SlotId, Value, builtin_slots};

/// So many pairs of names are compared to find what a misspelt one was meant to be. Each takes up to some microseconds,
/// and a generated plan may have thousands of unknown names beside thousands of known ones.
const MOST_COMPARISONS: usize = 200_000;

/// The built-in name that has a slot only where somebody reads it: from then on every message is searched.
pub(super) const CANARY: &str = "canary";

/// The built-in name that has a slot only where somebody reads it, and exists only where the plan has profiles.
const PROFILE: &str = "user.profile";

/// A variable of the plan.
#[derive(Debug)]
struct Known {
    value: Constant,
    /// Where it is written in the plan.
    span: Span,
    is_used: bool,
}

/// All names of a plan.
pub(super) struct PlanNames<'a> {
    environment: &'a dyn Fn(&str) -> Option<String>,
    unset_environment: Severity,
    /// Variables of the environment that were reported.
    unset: HashSet<String>,
    unread: &'a Unread,
    data: DataNames<'a>,
    constants: HashMap<String, Known>,
    /// The variables whose turn has not come yet.
    later: HashSet<&'a str>,
    slots: Vec<String>,
    slot_ids: HashMap<String, SlotId>,
    /// The captures and set names of each scenario, by its place in the plan.
    scenarios: Vec<(&'a str, HashSet<&'a str>)>,
    /// What the setup sets, for all to see; empty while it is the scenario at hand.
    shared: HashSet<&'a str>,
    /// The slots of those that have a value behind it for certain.
    certain: HashSet<SlotId>,
    /// The slots of those that somebody else reads.
    shared_reads: HashSet<SlotId>,
    /// Whether the scenario at hand is the setup or the teardown, whose user is none of those that rows are dealt out to.
    is_once: bool,
    plan: &'a Plan,
    /// The scenario at hand.
    current: Option<usize>,
    /// The indices of the loops around the step at hand, outermost first.
    loops: Vec<SlotId>,
    /// Tells the block that may run in the middle of others from them; 0 outside of such.
    block: usize,
    reads: Vec<Touch>,
    /// The parameters of the fragments around the step at hand; only the innermost one's are known.
    parameters: Vec<HashMap<String, Binding>>,
    /// Names that a misspelt one was taken for, and ones that may not be set: that nobody reads them is not said.
    excused: HashSet<String>,
    /// What came from the environment, and what was made of it.
    secrets: Vec<String>,
    comparisons_left: usize,
}

impl<'a> PlanNames<'a> {
    pub(super) fn new(plan: &'a Plan, options: &Options<'a>) -> Self {
        let mut names = Self {
            environment: options.environment,
            unset_environment: options.unset_environment,
            unset: HashSet::new(),
            unread: &plan.unread,
            data: DataNames::new(plan),
            constants: HashMap::new(),
            later: plan.vars.iter().map(|variable| variable.name.text.as_str()).collect(),
            slots: Vec::new(),
            slot_ids: HashMap::new(),
            scenarios: plan
                .setup
                .iter()
                .chain(&plan.scenarios)
                .chain(&plan.teardown)
                .map(|s| (s.name.text.as_str(), set_names(s)))
                .collect(),
            shared: HashSet::new(),
            certain: HashSet::new(),
            shared_reads: HashSet::new(),
            is_once: false,
            plan,
            current: None,
            loops: Vec::new(),
            block: 0,
            reads: Vec::new(),
            parameters: Vec::new(),
            excused: HashSet::new(),
            secrets: Vec::new(),
            comparisons_left: MOST_COMPARISONS,
        };
        for name in builtin_slots::NAMES {
            names.slot(name);
        }
        names
    }

    pub(super) fn define_constant(&mut self, variable: &Variable, value: Constant) {
        let constant = Known { value, span: variable.name.span, is_used: false };
        self.later.remove(variable.name.text.as_str());
        self.constants.insert(variable.name.text.clone(), constant);
    }

    /// Forgets the last scenario and learns what the next one sets; returns what its slots hold at first.
    pub(super) fn enter_scenario(&mut self) -> Vec<(SlotId, Expr)> {
        let index = self.current.map_or(0, |last| last + 1);
        self.current = Some(index);
        let setup_count = usize::from(self.plan.setup.is_some());
        self.is_once = index < setup_count || index >= setup_count + self.plan.scenarios.len();
        if index >= setup_count {
            self.shared = self.plan.setup.as_ref().map(set_names).unwrap_or_default();
        }
        self.loops.clear();
        let mut names: Vec<_> = self.set_here().copied().collect();
        names.sort_unstable();
        let mut initial = Vec::new();
        for name in names {
            let slot = self.slot(name);
            if let Some(constant) = self.constants.get_mut(name) {
                constant.is_used = true;
                let Constant { value, secret } = constant.value.clone();
                let value = if secret { Expr::Secret(Secret::new(value)) } else { Expr::Constant(value) };
                initial.push((slot, value));
            }
        }
        initial
    }

    /// Whether the steps at hand are done once, by none of the users of the load.
    pub(super) fn is_once(&self) -> bool {
        self.is_once
    }

    /// The place in the plan of the scenario at hand.
    pub(super) fn scenario_place(&self) -> usize {
        let setup_count = usize::from(self.plan.setup.is_some());
        self.current.and_then(|at| at.checked_sub(setup_count)).unwrap_or(usize::MAX)
    }

    /// The slots of all that the setup sets.
    pub(super) fn set_by_setup(&self) -> HashSet<SlotId> {
        let names = self.plan.setup.as_ref().map(set_names).unwrap_or_default();
        names.into_iter().filter_map(|name| self.slot_ids.get(name).copied()).collect()
    }

    /// What the setup leaves behind for certain.
    pub(super) fn share(&mut self, certain: &[SlotId]) {
        self.certain.extend(certain);
    }

    /// The slots of those that somebody else reads.
    pub(super) fn shared_reads(&self) -> &HashSet<SlotId> {
        &self.shared_reads
    }

    fn set_here(&self) -> impl Iterator<Item = &&'a str> {
        self.current.and_then(|at| self.scenarios.get(at)).into_iter().flat_map(|(_, names)| names)
    }

    fn is_set_here(&self, name: &str) -> bool {
        self.current.and_then(|at| self.scenarios.get(at)).is_some_and(|(_, names)| names.contains(name))
    }

    /// The name is not to be called unused.
    pub(super) fn excuse(&mut self, name: &str) {
        if let Some(constant) = self.constants.get_mut(name) {
            constant.is_used = true;
        }
        self.data.excuse(name);
        self.excused.insert(name.to_owned());
    }

    /// The names that data files give.
    pub(super) fn data(&mut self) -> &mut DataNames<'a> {
        &mut self.data
    }

    /// Whether a name may stand in a part that is not understood.
    pub(super) fn is_unread(&self, name: &str) -> bool {
        self.unread.defined.contains(name)
    }

    /// The slots of the scenario at hand that are not to be called unused.
    pub(super) fn excused(&self) -> HashSet<SlotId> {
        let names = self.excused.iter().chain(&self.unread.mentioned);
        names.filter_map(|name| self.slot_ids.get(name).copied()).collect()
    }

    /// The slot of a capture or a set name.
    pub(super) fn slot(&mut self, name: &str) -> SlotId {
        if let Some(id) = self.slot_ids.get(name) {
            return *id;
        }
        let id = SlotId::new(self.slots.len());
        self.slots.push(name.to_owned());
        self.slot_ids.insert(name.to_owned(), id);
        id
    }

    /// Enters a loop and returns the slot of its index. Loops of the same depth share one.
    pub(super) fn enter_loop(&mut self) -> SlotId {
        let slot = self.slot(&self.loop_slot("loop.index", self.loops.len()));
        self.loops.push(slot);
        slot
    }

    /// The slot in which the innermost loop keeps when it was entered.
    pub(super) fn loop_entered(&mut self) -> SlotId {
        self.slot(&self.loop_slot("loop.entered", self.loops.len().saturating_sub(1)))
    }

    fn loop_slot(&self, name: &str, depth: usize) -> String {
        if self.block == 0 { format!("{name}@{depth}") } else { format!("{name}@{depth}.{}", self.block) }
    }

    /// Enters a block that may run in the middle of any other of the scenario: its loops keep their counts elsewhere. What
    /// to hand to [`Self::leave_block`].
    pub(super) fn enter_block(&mut self, number: usize) -> usize {
        std::mem::replace(&mut self.block, number)
    }

    pub(super) fn leave_block(&mut self, outer: usize) {
        self.block = outer;
    }

    /// Enters a fragment, whose parameters mean this.
    pub(super) fn enter_fragment(&mut self, parameters: HashMap<String, Binding>) {
        self.parameters.push(parameters);
    }

    pub(super) fn leave_fragment(&mut self) {
        self.parameters.pop();
    }

    /// What a parameter of the fragment at hand means.
    pub(super) fn parameter(&self, name: &str) -> Option<&Binding> {
        self.parameters.last()?.get(name)
    }

    /// The slots in which the innermost loop keeps the list that it goes over, and how far it has come.
    pub(super) fn loop_items(&mut self) -> (SlotId, SlotId) {
        let depth = self.loops.len().saturating_sub(1);
        let (items, rest) = (self.loop_slot("loop.items", depth), self.loop_slot("loop.rest", depth));
        (self.slot(&items), self.slot(&rest))
    }

    /// The innermost loop goes over the rows of a data file, if one is called so: [`DataNames::enter_walk`].
    pub(super) fn walk(&mut self, file: &str) -> Option<(DataId, u64)> {
        self.data.enter_walk(file, self.loops.len().saturating_sub(1))
    }

    /// The slot in which a group inside so many others keeps when it was entered.
    pub(super) fn group_entered(&mut self, depth: usize) -> SlotId {
        self.slot(&self.loop_slot("group.entered", depth))
    }

    pub(super) fn leave_loop(&mut self) {
        self.loops.pop();
    }

    /// The slot of the users' canaries, where any template reads it.
    pub(super) fn canary(&self) -> Option<SlotId> {
        self.slot_ids.get(CANARY).copied()
    }

    /// The slot of the users' profiles, where any template reads it.
    pub(super) fn profile(&self) -> Option<SlotId> {
        self.slot_ids.get(PROFILE).copied()
    }

    /// Whether users have profiles here.
    fn has_profiles(&self) -> bool {
        !self.is_once && self.plan.load.as_ref().is_some_and(|load| !load.value.profiles.is_empty())
    }

    /// The names of all slots so far.
    pub(super) fn slot_names(&self) -> &[String] {
        &self.slots
    }

    /// What was read since the last call.
    pub(super) fn take_reads(&mut self) -> Vec<Touch> {
        std::mem::take(&mut self.reads)
    }

    /// What is not to be shown of messages.
    pub(super) fn secrets(&self) -> Secrets {
        Secrets::new(self.secrets.iter().cloned())
    }

    /// Reports the variables that nobody read, and gives back the names of all slots.
    pub(super) fn finish(self, diagnostics: &mut Diagnostics) -> Vec<String> {
        for (name, constant) in &self.constants {
            if !constant.is_used && !self.excused.contains(name) && !self.unread.mentioned.contains(name) {
                diagnostics.push(
                    Diagnostic::new(codes::UNUSED_VARIABLE, format!("variable `{name}` is never used"))
                        .label(constant.span, "defined here, read nowhere")
                        .help(format!("remove it, or use it as {{{{{name}}}}}")),
                );
            }
        }
        for (name, span) in self.data.unused() {
            if !self.unread.mentioned.contains(name) {
                diagnostics.push(
                    Diagnostic::new(codes::UNUSED_VARIABLE, format!("data file `{name}` is never used"))
                        .label(span, "opened here, read nowhere")
                        .help(format!("remove it, or use one of its columns: {{{{{name}.column}}}}")),
                );
            }
        }
        self.slots
    }

    fn read(&mut self, slot: SlotId, span: Span) -> Binding {
        self.reads.push(Touch::new(slot, span));
        Binding::Slot(slot)
    }

    fn environment(&mut self, variable: &str, span: Span, diagnostics: &mut Diagnostics) -> Binding {
        if let Some(value) = (self.environment)(variable) {
            self.secrets.push(value.clone());
            return Binding::Secret(Value::Text(value));
        }
        // Set once, it is set everywhere: said once.
        if !self.unset.insert(variable.to_owned()) {
            return Binding::Secret(Value::Text(String::new()));
        }
        let unset = Diagnostic::new(
            codes::UNSET_ENVIRONMENT,
            format!("environment variable `{variable}` is not set"),
        );
        let help = format!("set it where wsplan runs: {variable}=... wsplan run ...");
        diagnostics.push(unset.severity(self.unset_environment).label(span, "read here").help(help));
        // A check on a machine that does not have the secret goes on with an empty one.
        Binding::Secret(Value::Text(String::new()))
    }
}

fn is_builtin(name: &str) -> bool {
    builtin_slots::NAMES.contains(&name) || name == CANARY
}

impl Names for PlanNames<'_> {
    fn knows(&self, name: &str) -> bool {
        name == "loop.index" && !self.loops.is_empty()
            || name.starts_with("env.")
            || is_builtin(name)
            || name == PROFILE && self.has_profiles()
            || self.parameter(name).is_some()
            || self.is_set_here(name)
            || self.shared.contains(name)
            || self.constants.contains_key(name)
            || self.data.find(name).is_some()
            || self.unread.defined.contains(name)
    }

    fn resolve(&mut self, name: &str, span: Span, diagnostics: &mut Diagnostics) -> Option<Binding> {
        if name == "loop.index"
            && let Some(slot) = self.loops.last()
        {
            return Some(Binding::Slot(*slot));
        }
        if let Some(binding) = self.parameter(name) {
            return Some(binding.clone());
        }
        if let Some(variable) = name.strip_prefix("env.") {
            return Some(self.environment(variable, span, diagnostics));
        }
        if is_builtin(name) || name == PROFILE && self.has_profiles() || self.is_set_here(name) {
            let slot = self.slot(name);
            return Some(self.read(slot, span));
        }
        if self.shared.contains(name) {
            let slot = self.slot(name);
            self.shared_reads.insert(slot);
            if !self.certain.contains(&slot) {
                diagnostics.push(
                    Diagnostic::new(codes::POSSIBLY_UNSET, format!("`{name}` may have no value here"))
                        .label(span, "the setup may end without having set it")
                        .help(format!(
                            "set it there in any case, or give it a first value: `vars: {{ {name}: ... }}`"
                        )),
                );
            }
            return Some(self.read(slot, span));
        }
        if let Some(constant) = self.constants.get_mut(name) {
            constant.is_used = true;
            let Constant { value, secret } = constant.value.clone();
            return Some(if secret { Binding::Secret(value) } else { Binding::Constant(value) });
        }
        if let Some((file, part)) = self.data.find(name) {
            if part == Part::Nothing {
                diagnostics.push(self.data.no_column(file, name, span));
                return None;
            }
            // What holds the round's row stands beside the iteration's, which is there again behind the loop.
            if let Some(depth) = self.data.walk_depth(file) {
                let slot = self.slot(&self.loop_slot(&format!("loop.row.{name}"), depth));
                self.data.take(file, part, slot);
                return Some(Binding::Slot(slot));
            }
            if self.is_once {
                diagnostics.push(self.data.no_row(file, span));
                return None;
            }
            // Set when an iteration begins: no step can come before it.
            let slot = self.slot(name);
            self.data.take(file, part, slot);
            return Some(Binding::Slot(slot));
        }
        if self.unread.defined.contains(name) {
            return Some(Binding::Slot(self.slot(name)));
        }
        diagnostics.push(self.undefined(name, span));
        None
    }

    fn hide(&mut self, made: &Value) {
        self.secrets.push(made.to_text());
    }
}
