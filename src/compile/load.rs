//! The plan's load and those of its scenarios, under the command line's overrides, as lanes.

use std::time::Duration;

use super::{Compiler, search};
use crate::diagnostic::{Diagnostic, Severity, Span, codes};
use crate::load::{Arrivals, Cycles, Flow, Lane, Load, Mix, Part, Profile, RateStage, Shape, Spacing, Stage};
use crate::plan::model;
use crate::program::{SlotId, UserProfile, UserProfiles};
use crate::quantity::Rate;

/// What the command line says about load.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadOverrides {
    /// `--users`
    pub users: Option<Users>,
    /// `--rate`
    pub rate: Option<Rate>,
    /// `--ramp`
    pub ramp: Option<Duration>,
    /// `--duration`
    pub duration: Option<Duration>,
    /// `--iterations`
    pub iterations: Option<u64>,
}

/// How many users of an open load may be in the run at a time, where the plan does not say.
const MAX_USERS: u64 = 10_000;

/// How many users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Users {
    /// So many at a time.
    Level(u64),
    /// One number after the other: `10:20:30`.
    Cycles(Vec<u64>),
}

impl LoadOverrides {
    /// Whether it says how many or how long. Then curves are replaced as a whole, because half a curve would be neither the
    /// plan's load nor the one asked for, and so are the loads of scenarios: all share in the one load.
    fn replaces(&self) -> bool {
        self.users.is_some() || self.rate.is_some() || self.ramp.is_some() || self.duration.is_some()
    }
}

/// Each override takes the place of the plan's own value.
pub(super) fn lower(plan: &model::Plan, overrides: &LoadOverrides) -> Load {
    let nothing = model::Load::default();
    let of_plan = plan.load.as_ref().map_or(&nothing, |load| &load.value);
    let has_own = |scenario: &model::Scenario| scenario.load.is_some() && !overrides.replaces();
    let mut lanes = Vec::new();
    if !plan.scenarios.iter().all(has_own) {
        let part = |scenario| if has_own(scenario) { Part::Weight(0) } else { part(scenario) };
        let parts: Vec<Part> = plan.scenarios.iter().map(part).collect();
        let shape = shape(of_plan, overrides, count_of_fixed(&parts));
        lanes.push(Lane { begins: Duration::ZERO, shape, mix: Mix::of(&parts) });
    }
    for (at, scenario) in plan.scenarios.iter().enumerate().filter(|(_, scenario)| has_own(scenario)) {
        let Some(own) = &scenario.load else { continue };
        let parts: Vec<Part> =
            (0..plan.scenarios.len()).map(|other| Part::Weight(u64::from(other == at))).collect();
        let begins = own.start.map_or(Duration::ZERO, |start| start.value);
        let beside = search::beside(own).filter(|_| of_plan.search.is_some() && !overrides.replaces());
        let overrides = &LoadOverrides { duration: overrides.duration.or(beside), ..overrides.clone() };
        lanes.push(Lane { begins, shape: shape(own, overrides, None), mix: Mix::of(&parts) });
    }
    let weight = |profile: &model::UserProfile| profile.weight.map_or(1, |weight| weight.value);
    Load::new(lanes).with_profiles(Mix::new(&of_plan.profiles.iter().map(weight).collect::<Vec<_>>()))
}

/// The kinds of users, in the order of the load's profiles.
pub(super) fn profiles(plan: &model::Plan, slot: Option<SlotId>) -> UserProfiles {
    let profiles = plan.load.iter().flat_map(|load| &load.value.profiles);
    let lower = |own: &model::UserProfile| UserProfile {
        name: own.name.text.clone(),
        think: own.think.unwrap_or(1.0),
    };
    UserProfiles { each: profiles.map(lower).collect(), slot }
}

fn part(scenario: &model::Scenario) -> Part {
    match (&scenario.users, &scenario.weight) {
        (Some(users), _) => Part::Users(users.value),
        (None, weight) => Part::Weight(weight.map_or(1, |weight| weight.value)),
    }
}

/// How many users there are where the scenarios say it and none has a weight.
fn count_of_fixed(parts: &[Part]) -> Option<u64> {
    let count = |part: &Part| if let Part::Users(count) = part { Some(*count) } else { None };
    let counts: Option<Vec<u64>> = parts.iter().filter(|part| **part != Part::Weight(0)).map(count).collect();
    Some(counts.filter(|counts| !counts.is_empty())?.into_iter().fold(0, u64::saturating_add))
}

fn shape(plan: &model::Load, overrides: &LoadOverrides, fixed: Option<u64>) -> Shape {
    let iterations = overrides.iterations.or(plan.iterations.map(|n| n.value));
    if let Some(search) = plan.search.as_ref().filter(|_| !overrides.replaces()) {
        return search::lower(&search.value, iterations, MAX_USERS).into();
    }
    if !plan.stages.is_empty() && !overrides.replaces() {
        let stages = plan.stages.iter().map(|s| Stage { users: s.users.value, over: s.over.value }).collect();
        return Profile::with_stages(stages, iterations).into();
    }
    let duration = overrides.duration.or(plan.duration.map(|d| d.value));
    if let Some(flow) = flow(plan, overrides, duration) {
        let open = (plan.arrivals.as_ref().and_then(|arrivals| arrivals.value.max_users))
            .or(plan.bursts.as_ref().and_then(|bursts| bursts.value.max_users));
        let max_users = open.map_or(MAX_USERS, |max| max.value);
        return Arrivals { flow, max_users, iterations: iterations.unwrap_or(1), duration }.into();
    }
    match (users(plan, overrides, fixed), duration) {
        (Users::Cycles(users), None) => Cycles::new(users, iterations.unwrap_or(1)).into(),
        (Users::Cycles(users), Some(duration)) => in_turn(&users, duration, iterations).into(),
        (Users::Level(users), duration) => {
            let over = |rate: Rate| rate.time_of(users);
            let of_plan = plan.ramp.map(|ramp| ramp.value).or_else(|| over(plan.rate?.value));
            let ramp = overrides.ramp.or_else(|| over(overrides.rate?)).or(of_plan).unwrap_or_default();
            Profile::with_users(users, ramp, duration, iterations).into()
        }
    }
}

/// When users come, where that is what the load says. The number of users that a command line gives makes it a closed one.
fn flow(plan: &model::Load, overrides: &LoadOverrides, duration: Option<Duration>) -> Option<Flow> {
    let is_closed = plan.users.is_some() || !plan.stages.is_empty() || !plan.cycles.is_empty();
    if overrides.users.is_some() || overrides.ramp.is_some() || is_closed {
        return None;
    }
    let spacing = match &plan.arrivals {
        Some(arrivals) if arrivals.value.is_poisson => Spacing::Poisson,
        _ => Spacing::Even,
    };
    if let (Some(bursts), None) = (&plan.bursts, overrides.rate) {
        return Some(bursts_of(&bursts.value, duration));
    }
    let arrivals = plan.arrivals.as_ref().map(|arrivals| &arrivals.value);
    let has_own_stages = overrides.rate.is_none() && overrides.duration.is_none();
    if let Some(arrivals) = arrivals.filter(|arrivals| !arrivals.stages.is_empty() && has_own_stages) {
        let stages = arrivals.stages.iter().map(|s| RateStage { rate: s.rate.value, over: s.over.value });
        return Some(Flow::Rates { stages: stages.collect(), spacing });
    }
    let highest = arrivals.and_then(|arrivals| arrivals.stages.iter().map(|stage| stage.rate.value).max());
    let rate = overrides.rate.or(arrivals.and_then(|arrivals| Some(arrivals.rate?.value))).or(highest)?;
    let own =
        arrivals.and_then(|arrivals| Some(arrivals.over?.value)).filter(|_| overrides.duration.is_none());
    let over = own.or(duration).unwrap_or_default();
    let stages = vec![RateStage { rate, over: Duration::ZERO }, RateStage { rate, over }];
    Some(Flow::Rates { stages, spacing })
}

fn bursts_of(bursts: &model::Bursts, duration: Option<Duration>) -> Flow {
    let every = bursts.every.value;
    let within = |duration: Duration| duration.as_nanos().div_ceil(every.as_nanos().max(1));
    let fitting = duration.map_or(0, |duration| u64::try_from(within(duration)).unwrap_or(u64::MAX));
    Flow::Bursts {
        users: bursts.users.value,
        every,
        times: bursts.times.map_or(fitting, |times| times.value),
        over: bursts.over.map_or(Duration::ZERO, |over| over.value),
    }
}

fn users(plan: &model::Load, overrides: &LoadOverrides, fixed: Option<u64>) -> Users {
    let of_plan = match plan.users {
        Some(users) => Some(Users::Level(users.value)),
        None if !plan.cycles.is_empty() => Some(Users::Cycles(plan.cycles.iter().map(|n| n.value).collect())),
        None => plan.stages.iter().map(|stage| stage.users.value).max().map(Users::Level),
    };
    overrides.users.clone().or(of_plan).or(fixed.map(Users::Level)).unwrap_or(Users::Level(1))
}

/// Levels of the same length that follow one another at once.
fn in_turn(users: &[u64], duration: Duration, iterations: Option<u64>) -> Profile {
    let (total, count) = (duration.as_nanos(), users.len().max(1) as u128);
    let border = |at: usize| total / count * at as u128 + total % count * at as u128 / count;
    let level = |(at, &users): (usize, &u64)| {
        [
            Stage { users, over: Duration::ZERO },
            Stage { users, over: Duration::from_nanos_u128(border(at + 1) - border(at)) },
        ]
    };
    Profile::with_stages(users.iter().enumerate().flat_map(level).collect(), iterations)
}

impl Compiler<'_, '_> {
    /// The load to run under. What is looked for in the plan's is looked for without the command line: a run that it
    /// shortens for once is no reason to change the plan.
    pub(super) fn load(&mut self, plan: &model::Plan) -> Load {
        let own = lower(plan, &LoadOverrides::default());
        self.check_loads(plan, &own);
        self.check_search(plan);
        self.timeouts_within(&own, plan);
        let load = lower(plan, &self.options.load);
        self.check_iterations(&load);
        self.check_overrides(&load);
        load
    }

    /// Looks for what the command line asks for and cannot be had.
    fn check_overrides(&mut self, load: &Load) {
        let LoadOverrides { users, rate, ramp, .. } = &self.options.load;
        let is_cycling = |shape: &Shape| matches!(shape, Shape::Cycles(_));
        let is = |of: fn(&Shape) -> bool| load.lanes().iter().any(|lane| of(&lane.shape));
        if rate.is_some() && is(|shape| matches!(shape, Shape::Arrivals(open) if open.coming().is_zero())) {
            self.diagnostics.push(
                Diagnostic::new(codes::BAD_LOAD, "users would come at the rate of `--rate` for ever").help(
                    "say for how long with `--duration`, or how many there are at a time with `--users`",
                ),
            );
        }
        if (rate.is_some() || ramp.is_some()) && (matches!(users, Some(Users::Cycles(_))) || is(is_cycling)) {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::BAD_LOAD,
                    "the users of a cycle start all at once, whatever `--rate` or `--ramp` say",
                )
                .help("leave that out, or give one number of users"),
            );
        }
    }

    /// Looks for what is in the plan's loads and cannot be, or is of no effect.
    fn check_loads(&mut self, plan: &model::Plan, load: &Load) {
        let of_scenarios = plan.scenarios.iter().filter_map(|scenario| scenario.load.as_ref());
        for one in plan.load.iter().map(|load| &load.value).chain(of_scenarios) {
            self.check_rate(one);
            self.check_open(one);
        }
        if let Some(load) = &plan.load
            && !plan.scenarios.is_empty()
            && plan.scenarios.iter().all(|scenario| scenario.load.is_some())
            && load.value.search.is_none()
        {
            self.diagnostics.push(
                Diagnostic::new(codes::IDLE_LOAD, "every scenario has a load of its own")
                    .severity(Severity::Warning)
                    .label(load.span, "so nobody starts for this one")
                    .help("remove it, or let a scenario be without `load`"),
            );
        }
        self.check_profiles(plan);
        self.check_fixed(plan, load);
    }

    fn check_rate(&mut self, load: &model::Load) {
        let Some(rate) = load.rate.filter(|rate| rate.value == Rate::ZERO) else { return };
        self.diagnostics.push(
            Diagnostic::new(codes::BAD_LOAD, "no user would ever start")
                .label(rate.span, "none a second")
                .help("give a rate above 0"),
        );
    }

    /// Arrivals without an end, and bursts that run into one another.
    fn check_open(&mut self, load: &model::Load) {
        let endless = |span: Span| {
            Diagnostic::new(codes::BAD_LOAD, "users would come for ever")
                .label(span, "until when is not said")
                .help("give the load a `duration`, or say here how long they come (`over`) or how often (`times`)")
        };
        if let Some(arrivals) = &load.arrivals
            && !arrivals.value.has_end
            && load.duration.is_none()
        {
            self.diagnostics.push(endless(arrivals.span));
        }
        let Some(bursts) = &load.bursts else { return };
        if !bursts.value.has_end && load.duration.is_none() {
            self.diagnostics.push(endless(bursts.span));
        }
        let every = bursts.value.every;
        if every.value.is_zero() {
            self.diagnostics.push(
                Diagnostic::new(codes::BAD_LOAD, "all bursts would come at once")
                    .label(every.span, "no time between two of them")
                    .help("give the time from one burst to the next"),
            );
        } else if let Some(over) = bursts.value.over.filter(|over| over.value > every.value) {
            self.diagnostics.push(
                Diagnostic::new(codes::BAD_LOAD, "bursts run into one another")
                    .label(every.span, "the next one begins after this")
                    .label(over.span, "and this one takes longer")
                    .help("let a burst take less, or use `arrivals`"),
            );
        }
    }

    /// Profiles that nobody has.
    fn check_profiles(&mut self, plan: &model::Plan) {
        let Some(load) = &plan.load else { return };
        let nobody = load
            .value
            .profiles
            .iter()
            .filter_map(|profile| profile.weight.filter(|weight| weight.value == 0));
        let nobody: Vec<Span> = nobody.map(|weight| weight.span).collect();
        if nobody.len() == load.value.profiles.len() && !nobody.is_empty() {
            let mut diagnostic = Diagnostic::new(codes::ZERO_WEIGHT, "no user can be given a profile")
                .help("give at least one profile a weight above 0");
            for span in nobody {
                diagnostic = diagnostic.label(span, "a weight of zero");
            }
            self.diagnostics.push(diagnostic);
            return;
        }
        for span in nobody {
            self.diagnostics.push(
                Diagnostic::new(codes::ZERO_WEIGHT, "no user is given this profile")
                    .severity(Severity::Warning)
                    .label(span, "a weight of zero")
                    .help("give it a weight above 0, or remove it"),
            );
        }
    }

    /// Scenarios that ask for more users than the plan's load has at any time.
    fn check_fixed(&mut self, plan: &model::Plan, load: &Load) {
        let is_sharing = |scenario: &&model::Scenario| scenario.load.is_none();
        let fixed: Vec<_> = plan.scenarios.iter().filter(is_sharing).filter_map(|s| s.users).collect();
        let wanted = fixed.iter().fold(0u64, |sum, users| sum.saturating_add(users.value));
        let Some(lane) = load.lanes().first().filter(|lane| wanted > lane.peak_users()) else { return };
        let peak = lane.peak_users();
        let mut diagnostic = Diagnostic::new(
            codes::IDLE_LOAD,
            format!("scenarios ask for {wanted} users, and the load has {peak} at its peak"),
        )
        .severity(Severity::Warning)
        .help("those that come first in the plan get theirs; ask for fewer, or let the load have more");
        let spans: Vec<Span> = fixed.iter().map(|users| users.span).collect();
        for span in spans {
            diagnostic = diagnostic.label(span, "");
        }
        self.diagnostics.push(diagnostic);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_share_the_time_to_the_nanosecond() {
        let profile = in_turn(&[10, 20, 5], Duration::from_nanos(10), None);
        let at = |ns| profile.target_at(Duration::from_nanos(ns));
        assert_eq!([0, 2, 3, 5, 6, 9, 10].map(at), [10, 10, 20, 20, 5, 5, 0]);
        assert_eq!(profile.total_duration(), Some(Duration::from_nanos(10)));
        let longest = in_turn(&[1, 2, 3], Duration::MAX, None);
        assert_eq!(longest.total_duration(), Some(Duration::MAX));
        assert_eq!(longest.target_at(Duration::MAX / 2), 2);
    }
}
