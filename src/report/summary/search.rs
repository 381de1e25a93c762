//! What a summary says of a search.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Metric, seconds};
use crate::metrics::Percentile;
use crate::metrics::search::{Found, Level, Trial};

/// What a search has found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Search {
    /// What a level is a number of.
    pub unit: LevelUnit,
    /// The highest level that held; null where none did.
    pub held: Option<f64>,
    /// The lowest level above that which broke; null where none did.
    pub broke: Option<f64>,
    /// What was found, in a sentence.
    pub message: String,
    /// Whether the search came to its end.
    pub finished: bool,
    /// Whether the generator was the bottleneck at the level that broke: then what was found is its limit, not the target's.
    pub generator_bound: bool,
    /// All levels in the order in which they were tried.
    pub levels: Vec<TriedLevel>,
    /// The timers at the highest level that held; empty where none did.
    pub metrics: BTreeMap<String, Metric>,
}

/// What a level is a number of.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub enum LevelUnit {
    /// Users at a time.
    #[serde(rename = "users")]
    Users,
    /// Users that come in a second.
    #[serde(rename = "users/s")]
    UsersPerSecond,
}

/// A level that was tried.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TriedLevel {
    /// The level.
    pub level: f64,
    /// Whether nothing broke.
    pub held: bool,
    /// Seconds from the run's start to when it began to be measured.
    pub since_s: f64,
    /// Seconds for which it was measured.
    pub lasted_s: f64,
    /// The figures of the criteria in the plan's order.
    pub criteria: Vec<Criterion>,
    /// What broke it beside the criteria: that nothing was answered, that users were not there, errors of which no
    /// criterion speaks.
    pub causes: Vec<String>,
    /// Whether there were fewer samples than a criterion asks for, even in four times the time.
    pub few_samples: bool,
    /// Messages sent and received in a second.
    pub messages_per_second: f64,
    /// Connects, requests, expects and other waits for the server that ended, well or not.
    pub operations: u64,
    /// Errors.
    pub errors: u64,
    /// Whether the generator was the bottleneck.
    pub generator_saturated: bool,
}

/// What a criterion came to at a level.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Criterion {
    /// The criterion in its canonical form.
    pub expression: String,
    /// The figure, for people; `since due` behind it where the times from when steps were due are the worse ones.
    pub observed: String,
    /// Whether it broke the level.
    pub broke: bool,
}

impl Search {
    pub(super) fn of(found: &Found, asked: &[Percentile]) -> Self {
        let number = |trial: Option<&Trial>| trial.map(|trial| number(trial.level));
        let is_rate = found.trials.iter().any(|trial| matches!(trial.level, Level::PerSecond(_)));
        let figures = found.figures.as_ref().map(|window| &window.figures);
        let timings = figures.into_iter().flat_map(crate::metrics::Snapshot::timings);
        Self {
            unit: if is_rate { LevelUnit::UsersPerSecond } else { LevelUnit::Users },
            held: number(found.held()),
            broke: number(found.broke()),
            message: found.headline(),
            finished: found.is_finished,
            generator_bound: found.is_of_generator(),
            levels: found.trials.iter().map(TriedLevel::of).collect(),
            metrics: timings.map(|(name, timing)| (name.to_owned(), Metric::of(timing, asked))).collect(),
        }
    }
}

impl TriedLevel {
    fn of(trial: &Trial) -> Self {
        let criterion = |one: &crate::metrics::Observed| Criterion {
            expression: one.expression.clone(),
            observed: one.value.clone(),
            broke: !one.passed,
        };
        Self {
            level: number(trial.level),
            held: trial.has_held(),
            since_s: seconds(trial.since),
            lasted_s: seconds(trial.lasted),
            criteria: trial.criteria.iter().map(criterion).collect(),
            causes: trial.causes.iter().map(ToString::to_string).collect(),
            few_samples: trial.is_thin,
            messages_per_second: trial.messages_per_second,
            operations: trial.operation_count,
            errors: trial.error_count,
            generator_saturated: !trial.saturation.is_empty(),
        }
    }
}

fn number(level: Level) -> f64 {
    match level {
        Level::Users(users) => users as f64,
        Level::PerSecond(rate) => rate,
    }
}
