//! What a name in a template means, and which slot holds it.
//!
//! Names are looked up in this order: built in (`user.id`, `user.iteration`, `correlation_id`, `loop.index`), `env.X`,
//! captures and set names of the scenario, variables of the plan. A variable that a scenario also sets is that
//! scenario's slot, with the variable's value at first.

use std::collections::{HashMap, HashSet};

use super::flow::Touch;
use super::scope::{Binding, Names};
use super::template::Constant;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Span, codes, nearest};
use crate::plan::model::{Scenario, Step, Variable, Verb};
use crate::program::{Helper, SlotId, Value, builtin_slots};

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
    constants: HashMap<String, Known>,
    slots: Vec<String>,
    slot_ids: HashMap<String, SlotId>,
    /// The captures and set names of the scenario at hand.
    scenario: HashSet<String>,
    /// The indices of the loops around the step at hand, outermost first.
    loops: Vec<SlotId>,
    reads: Vec<Touch>,
}

impl<'a> PlanNames<'a> {
    pub(super) fn new(environment: &'a dyn Fn(&str) -> Option<String>, unset_environment: Severity) -> Self {
        let mut names = Self {
            environment,
            unset_environment,
            constants: HashMap::new(),
            slots: Vec::new(),
            slot_ids: HashMap::new(),
            scenario: HashSet::new(),
            loops: Vec::new(),
            reads: Vec::new(),
        };
        for name in builtin_slots::NAMES {
            names.slot(name);
        }
        names
    }

    pub(super) fn define_constant(&mut self, variable: &Variable, value: Constant) {
        let constant = Known { value, span: variable.name.span, is_used: false };
        self.constants.insert(variable.name.text.clone(), constant);
    }

    /// Forgets the last scenario and learns what this one sets; returns what its slots hold at first.
    pub(super) fn enter_scenario(&mut self, scenario: &Scenario) -> Vec<(SlotId, Value)> {
        self.scenario.clear();
        self.loops.clear();
        collect(&scenario.steps, &mut self.scenario);
        for reaction in &scenario.always {
            self.scenario.extend(reaction.captures.iter().map(|capture| capture.name.text.clone()));
        }
        let mut names: Vec<_> = self.scenario.iter().cloned().collect();
        names.sort_unstable();
        let mut initial = Vec::new();
        for name in names {
            let slot = self.slot(&name);
            if let Some(constant) = self.constants.get_mut(&name) {
                constant.is_used = true;
                initial.push((slot, constant.value.value.clone()));
            }
        }
        initial
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
        let slot = self.slot(&format!("loop.index@{}", self.loops.len()));
        self.loops.push(slot);
        slot
    }

    /// The slot in which the innermost loop keeps when it was entered.
    pub(super) fn loop_entered(&mut self) -> SlotId {
        self.slot(&format!("loop.entered@{}", self.loops.len().saturating_sub(1)))
    }

    pub(super) fn leave_loop(&mut self) {
        self.loops.pop();
    }

    /// The names of all slots so far.
    pub(super) fn slot_names(&self) -> &[String] {
        &self.slots
    }

    /// What was read since the last call.
    pub(super) fn take_reads(&mut self) -> Vec<Touch> {
        std::mem::take(&mut self.reads)
    }

    /// Reports the variables that nobody read, and gives back the names of all slots.
    pub(super) fn finish(self, diagnostics: &mut Diagnostics) -> Vec<String> {
        for (name, constant) in &self.constants {
            if !constant.is_used {
                diagnostics.push(
                    Diagnostic::new(codes::UNUSED_VARIABLE, format!("variable `{name}` is never used"))
                        .label(constant.span, "defined here, read nowhere")
                        .help(format!("remove it, or use it as {{{{{name}}}}}")),
                );
            }
        }
        self.slots
    }

    fn read(&mut self, slot: SlotId, span: Span) -> Binding {
        self.reads.push(Touch { slot, span });
        Binding::Slot(slot)
    }

    fn environment(&self, variable: &str, span: Span, diagnostics: &mut Diagnostics) -> Binding {
        if let Some(value) = (self.environment)(variable) {
            return Binding::Secret(Value::Text(value));
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

    fn undefined(&self, name: &str, span: Span) -> Diagnostic {
        let known = self
            .scenario
            .iter()
            .chain(self.constants.keys())
            .map(String::as_str)
            .chain(builtin_slots::NAMES)
            .chain(["loop.index"])
            .chain(Helper::ALL.iter().map(|helper| helper.name()));
        let diagnostic = Diagnostic::new(codes::UNDEFINED_NAME, format!("`{name}` is not defined"))
            .label(span, "no such name");
        match nearest(name, known) {
            _ if name == "loop.index" => diagnostic.help("it exists inside a `loop` only"),
            Some(similar) => diagnostic.help(format!("did you mean `{similar}`?")),
            None => diagnostic.help(match name.split('.').next() {
                Some("user") => "of a user, `user.id` and `user.iteration` are known".to_owned(),
                Some("loop") => "of a loop, `loop.index` is known".to_owned(),
                head => {
                    let head = head.unwrap_or(name);
                    format!("define it in `vars: {{ {head}: ... }}`, or capture it in an earlier step: `capture: {{ {head}: $.path }}`")
                }
            }),
        }
    }
}

impl Names for PlanNames<'_> {
    fn knows(&self, name: &str) -> bool {
        name == "loop.index" && !self.loops.is_empty()
            || name.starts_with("env.")
            || builtin_slots::NAMES.contains(&name)
            || self.scenario.contains(name)
            || self.constants.contains_key(name)
    }

    fn resolve(&mut self, name: &str, span: Span, diagnostics: &mut Diagnostics) -> Option<Binding> {
        if name == "loop.index"
            && let Some(slot) = self.loops.last()
        {
            return Some(Binding::Slot(*slot));
        }
        if let Some(variable) = name.strip_prefix("env.") {
            return Some(self.environment(variable, span, diagnostics));
        }
        if builtin_slots::NAMES.contains(&name) || self.scenario.contains(name) {
            let slot = self.slot(name);
            return Some(self.read(slot, span));
        }
        if let Some(constant) = self.constants.get_mut(name) {
            constant.is_used = true;
            let Constant { value, secret } = constant.value.clone();
            return Some(if secret { Binding::Secret(value) } else { Binding::Constant(value) });
        }
        diagnostics.push(self.undefined(name, span));
        None
    }
}

fn collect(steps: &[Step], names: &mut HashSet<String>) {
    for step in steps {
        let captures = match &step.verb {
            Verb::Expect(expect) => &expect.captures,
            Verb::Request(request) => &request.reply.captures,
            Verb::Set(assignments) => {
                names.extend(assignments.iter().map(|assignment| assignment.name.text.clone()));
                continue;
            }
            Verb::Loop(repeat) => {
                collect(&repeat.steps, names);
                continue;
            }
            _ => continue,
        };
        names.extend(captures.iter().map(|capture| capture.name.text.clone()));
    }
}
