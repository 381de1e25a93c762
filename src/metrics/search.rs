//! Levels of load that were tried one after the other: what was measured of each, what broke it, and what was found.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Layout, Observed, Reason, Snapshot, Threshold, format_count, format_rate, judge};

/// A level is there when at least so much of it is.
const REACHED_SHARE: f64 = 0.95;

/// How much load.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum Level {
    /// So many users at a time.
    Users(u64),
    /// So many users that come in a second.
    PerSecond(f64),
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Users(1) => f.write_str("1 user"),
            Self::Users(users) => write!(f, "{} users", format_count(*users)),
            Self::PerSecond(rate) => write!(f, "{} users/s", format_rate(*rate).trim_end_matches("/s")),
        }
    }
}

/// What is measured of a level.
#[derive(Clone, Debug)]
pub struct Window {
    /// What happened in it.
    pub figures: Snapshot,
    /// How long operations had taken that were not answered: those that nobody waited for any longer, and those that
    /// were pending at its end. Its `operations` are those of them that users had asked for.
    pub unanswered: Snapshot,
    /// How long it lasted.
    pub lasted: Duration,
}

/// Whether those were there whom the level is a number of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Users that were there, or users that could begin.
    pub there: u64,
    /// Users that were to be.
    pub wanted: u64,
}

/// Why a level broke, criteria apart.
#[derive(Clone, Debug, PartialEq)]
pub enum Cause {
    /// Nothing that was asked was answered.
    Silence {
        /// How many requests and other waits were pending.
        pending: u64,
    },
    /// Users had left.
    Absence(Presence),
    /// Users that came found no room, as there were as many as may be.
    NoRoom(Presence),
    /// Errors of which neither a criterion nor a threshold speaks.
    Errors {
        /// How many.
        count: u64,
    },
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silence { pending } => {
                write!(f, "nothing was answered, with {} pending", format_count(*pending))
            }
            Self::Absence(Presence { there, wanted }) => {
                write!(f, "only {} of {} users were there", format_count(*there), format_count(*wanted))
            }
            Self::NoRoom(Presence { there, wanted }) => {
                let missed = wanted.saturating_sub(*there);
                write!(f, "no room for {} of {} users", format_count(missed), format_count(*wanted))
            }
            Self::Errors { count: 1 } => f.write_str("an error of which no criterion speaks"),
            Self::Errors { count } => {
                write!(f, "{} errors of which no criterion speaks", format_count(*count))
            }
        }
    }
}

/// A level that was tried.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The level.
    pub level: Level,
    /// When it began to be measured, since the run's start.
    pub since: Duration,
    /// For how long it was.
    pub lasted: Duration,
    /// Each criterion's figure; `passed` is that it did not break the level.
    pub criteria: Vec<Observed>,
    /// What broke it beside the criteria.
    pub causes: Vec<Cause>,
    /// Whether there was too little, even after four times the time, for what a criterion asks.
    pub is_thin: bool,
    /// Messages sent and received in a second.
    pub messages_per_second: f64,
    /// Operations that ended.
    pub operation_count: u64,
    /// Errors.
    pub error_count: u64,
    /// Why the generator was the bottleneck; none where it was not.
    pub saturation: Vec<Reason>,
}

impl Trial {
    /// What came of a window. Thresholds say which errors are no reason.
    pub fn of(
        (level, since): (Level, Duration),
        window: &Window,
        presence: Presence,
        (criteria, thresholds): (&[Threshold], &[Threshold]),
        saturation: Vec<Reason>,
    ) -> Self {
        let Window { figures, unanswered, lasted } = window;
        let observed = criteria.iter().map(|one| one.observe_level(figures, unanswered, *lasted)).collect();
        let messages = figures.counts.messages_sent.saturating_add(figures.counts.messages_received);
        let a_second = |count: u64| if lasted.is_zero() { 0.0 } else { count as f64 / lasted.as_secs_f64() };
        Self {
            level,
            since,
            lasted: *lasted,
            criteria: observed,
            causes: causes(level, window, presence, &[criteria, thresholds].concat()),
            is_thin: !window.is_enough(criteria),
            messages_per_second: a_second(messages),
            operation_count: figures.counts.operations,
            error_count: figures.errors.total(),
            saturation,
        }
    }

    /// Whether nothing broke it.
    pub fn has_held(&self) -> bool {
        self.causes.is_empty() && self.criteria.iter().all(|criterion| criterion.passed)
    }

    /// What broke it, in words: criteria first.
    pub fn broken_by(&self) -> impl Iterator<Item = String> {
        let criteria = self.criteria.iter().filter(|criterion| !criterion.passed);
        let criteria = criteria.map(|criterion| format!("{} ({})", criterion.expression, criterion.value));
        self.causes.iter().map(ToString::to_string).chain(criteria)
    }
}

fn causes(level: Level, window: &Window, presence: Presence, spoken: &[Threshold]) -> Vec<Cause> {
    let mut causes = Vec::new();
    let pending = window.unanswered.counts.operations;
    if window.figures.counts.operations == 0 && pending > 0 {
        causes.push(Cause::Silence { pending });
    }
    if (presence.there as f64) < presence.wanted as f64 * REACHED_SHARE {
        causes.push(match level {
            Level::Users(_) => Cause::Absence(presence),
            Level::PerSecond(_) => Cause::NoRoom(presence),
        });
    }
    let count = judge(spoken, &window.figures, window.lasted).unspoken_error_count;
    if count > 0 {
        causes.push(Cause::Errors { count });
    }
    causes
}

impl Window {
    /// Nothing yet.
    pub fn new(layout: &Arc<Layout>) -> Self {
        let nothing = || Snapshot::new(Arc::clone(layout));
        Self { figures: nothing(), unanswered: nothing(), lasted: Duration::ZERO }
    }

    /// Whether there are as many recordings as the criteria ask for.
    pub fn is_enough(&self, criteria: &[Threshold]) -> bool {
        criteria.iter().all(|criterion| criterion.has_enough(&self.figures, &self.unanswered))
    }

    /// The longest that anything was waited for in vain.
    pub fn longest_of(unanswered: &Snapshot) -> Option<Duration> {
        unanswered.timings().filter_map(|(_, timing)| timing?.max()).max()
    }
}

/// What a search has come to.
#[derive(Clone, Debug)]
pub struct Found {
    /// All levels, in the order in which they were tried.
    pub trials: Vec<Trial>,
    /// Which of them is the last of the highest level that held.
    pub held: Option<usize>,
    /// Which is the last of the lowest above it that broke.
    pub broke: Option<usize>,
    /// Whether the search came to its end.
    pub is_finished: bool,
    /// What was measured of the highest level that held.
    pub figures: Option<Window>,
}

impl Found {
    /// The highest level that held.
    pub fn held(&self) -> Option<&Trial> {
        self.trials.get(self.held?)
    }

    /// The lowest above it that broke.
    pub fn broke(&self) -> Option<&Trial> {
        self.trials.get(self.broke?)
    }

    /// Whether what broke may be the generator and not the target.
    pub fn is_of_generator(&self) -> bool {
        self.broke().is_some_and(|trial| !trial.saturation.is_empty())
    }

    /// In a sentence.
    pub fn headline(&self) -> String {
        let by = |trial: &Trial| trial.broken_by().collect::<Vec<_>>().join(", ");
        let end = if self.is_finished { "" } else { "; interrupted before the search came to its end" };
        let words = match (self.held(), self.broke()) {
            (Some(held), Some(broke)) => {
                format!("held at {}; broke at {}: {}", held.level, broke.level, by(broke))
            }
            (Some(held), None) if self.is_finished => {
                format!("held at {}, the highest that was to be tried", held.level)
            }
            (Some(held), None) => format!("held at {}", held.level),
            (None, Some(broke)) => {
                format!("broke at {}, the first that was tried: {}", broke.level, by(broke))
            }
            (None, None) => "no level was measured".to_owned(),
        };
        words + end
    }
}

/// How far a search is, for who watches it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// The level that is tried.
    pub level: Level,
    /// Whether it is being measured; otherwise it is being reached.
    pub is_measuring: bool,
    /// The highest that held.
    pub held: Option<Level>,
    /// The lowest that broke.
    pub broke: Option<Level>,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", if self.is_measuring { "holding" } else { "going to" }, self.level)?;
        if let Some(held) = self.held {
            write!(f, ", held {held}")?;
        }
        if let Some(broke) = self.broke {
            write!(f, ", broke {broke}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
