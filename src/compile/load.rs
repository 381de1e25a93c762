//! The plan's `load`, under the command line's overrides, as a profile.

use std::time::Duration;

use crate::load::{Profile, Stage};
use crate::plan::model;

/// What the command line says about load.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LoadOverrides {
    /// `--users`
    pub users: Option<u64>,
    /// `--ramp`
    pub ramp: Option<Duration>,
    /// `--duration`
    pub duration: Option<Duration>,
    /// `--iterations`
    pub iterations: Option<u64>,
}

/// Each override takes the place of the plan's own value. Stages are replaced as a whole by anything that says how
/// many or how long: half a curve would be neither the plan's load nor the one asked for. Their peak stays.
pub(super) fn lower(plan: Option<&model::Load>, overrides: &LoadOverrides) -> Profile {
    let nothing = model::Load::default();
    let plan = plan.unwrap_or(&nothing);
    let iterations = overrides.iterations.or(plan.iterations.map(|n| n.value));
    let replaces_stages =
        overrides.users.is_some() || overrides.ramp.is_some() || overrides.duration.is_some();
    if !plan.stages.is_empty() && !replaces_stages {
        let stages = plan.stages.iter().map(|s| Stage { users: s.users.value, over: s.over.value }).collect();
        return Profile::with_stages(stages, iterations);
    }
    let peak_of_stages = plan.stages.iter().map(|stage| stage.users.value).max();
    let users = overrides.users.or(plan.users.map(|n| n.value)).or(peak_of_stages).unwrap_or(1);
    let ramp = overrides.ramp.or(plan.ramp.map(|d| d.value)).unwrap_or_default();
    let duration = overrides.duration.or(plan.duration.map(|d| d.value));
    Profile::with_users(users, ramp, duration, iterations)
}
