//! `load: { search: ... }` as a shape of the load, and what breaks a level.

use std::time::Duration;

use super::Compiler;
use crate::diagnostic::{Diagnostic, Span, codes};
use crate::load::search::Unit;
use crate::load::{Load, Search};
use crate::metrics::Threshold;
use crate::plan::model::{self, Levels};
use crate::quantity::Rate;

const HOLD: Duration = Duration::from_secs(30);
const SETTLE: Duration = Duration::from_secs(5);
const PRECISION: f64 = 0.05;
/// How long a load goes on beside a search that would otherwise be over before it: longer than any search.
const ALWAYS: Duration = Duration::from_hours(10 * 365 * 24);

pub(super) fn lower(search: &model::Search, iterations: Option<u64>, max_users: u64) -> Search {
    let (unit, from, to) = match search.levels {
        Levels::Users(from, to) => (Unit::Users, from.value, to.value),
        Levels::Rate(from, to) => {
            let max_users = search.max_users.map_or(max_users, |max| max.value);
            let unit = Unit::Arrivals { max_users, iterations: iterations.unwrap_or(1) };
            (unit, from.value.thousandths_an_hour(), to.value.thousandths_an_hour())
        }
    };
    Search {
        unit,
        from,
        to,
        precision: search.precision.map_or(PRECISION, |precision| precision.value),
        settle: search.settle.map_or(SETTLE, |settle| settle.value),
        hold: search.hold.map_or(HOLD, |hold| hold.value),
    }
}

/// Users beside a search, of whom nothing says how long they stay, stay for all of it.
pub(super) fn beside(own: &model::Load) -> Option<Duration> {
    let is_plain = own.iterations.is_none() && own.cycles.is_empty() && own.stages.is_empty();
    let is_open = own.arrivals.is_some() || own.bursts.is_some();
    (is_plain && !is_open && own.duration.is_none()).then_some(ALWAYS)
}

impl Compiler<'_, '_> {
    /// What breaks a level of the plan's search; nothing where another load takes its place.
    pub(super) fn criteria(&mut self, plan: &model::Plan, load: &Load) -> Vec<Threshold> {
        let search = plan.load.as_ref().and_then(|load| load.value.search.as_ref());
        let Some(search) = search else { return Vec::new() };
        let criteria: Vec<_> =
            search.value.until.iter().filter_map(|text| self.threshold(text, plan)).collect();
        if load.search().is_some() { criteria } else { Vec::new() }
    }

    /// A search that cannot find anything.
    pub(super) fn check_search(&mut self, plan: &model::Plan) {
        let Some(load) = &plan.load else { return };
        let Some(search) = &load.value.search else { return };
        if let (Levels::Users(..), Some(iterations)) = (search.value.levels, load.value.iterations) {
            self.diagnostics.push(
                Diagnostic::new(codes::BAD_LOAD, "users would leave before their level is over")
                    .label(iterations.span, "after so many iterations")
                    .label(search.span, "and these levels are held with the users that there are")
                    .help("remove `iterations`, or search a `rate` at which users come"),
            );
        }
        if let Some(hold) = search.value.hold.filter(|hold| hold.value.is_zero()) {
            self.diagnostics.push(
                Diagnostic::new(codes::BAD_LOAD, "levels that are not measured")
                    .label(hold.span, "for no time at all")
                    .help("give the time for which a level is measured, as in `30s`"),
            );
        }
        match search.value.levels {
            Levels::Users(from, to) if from.value > to.value => self.is_backward(from.span, to.span),
            Levels::Rate(from, to) if from.value > to.value => self.is_backward(from.span, to.span),
            Levels::Rate(from, _) if from.value == Rate::ZERO => self.diagnostics.push(
                Diagnostic::new(codes::BAD_LOAD, "no user would ever come")
                    .label(from.span, "none a second")
                    .help("give a rate above 0"),
            ),
            _ => {}
        }
        if !plan.scenarios.is_empty() && plan.scenarios.iter().all(|scenario| scenario.load.is_some()) {
            self.diagnostics.push(
                Diagnostic::new(codes::BAD_LOAD, "a search without users")
                    .label(search.span, "every scenario has a load of its own")
                    .help("let a scenario be without `load`: its users are those that are searched with"),
            );
        }
    }

    /// The same of what the command line says.
    pub(super) fn check_iterations(&mut self, load: &Load) {
        let is_of_users = load.search().is_some_and(|search| search.unit == Unit::Users);
        if is_of_users && self.options.load.iterations.is_some() {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::BAD_LOAD,
                    "`--iterations` has no meaning in a search for a number of users",
                )
                .help("its users stay for as long as their level is held"),
            );
        }
    }

    fn is_backward(&mut self, from: Span, to: Span) {
        self.diagnostics.push(
            Diagnostic::new(codes::BAD_LOAD, "the search begins above its end")
                .label(from, "the first level")
                .label(to, "the highest")
                .help("let `from` be at most `to`"),
        );
    }
}
