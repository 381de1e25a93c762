//! Steering a run by what becomes of it: a search for the load at which something breaks.
//!
//! Which level comes next is [`load::search`](crate::load::search)'s matter, and what breaks one is
//! [`metrics::search`](crate::metrics::search)'s. Here is when a level is reached, measured and left. What is measured
//! belongs to windows with a number: all threads learn of a new one at once, and each ends its own with the time that
//! everything has taken which its users still wait for.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::census::Told;
use super::control::Control;
use super::schedule::Track;
use super::{Job, Report};
use crate::load::search::{self, Next, Trial as Tried, Unit};
use crate::load::{Arrivals, Flow, Profile, RateStage, Search, Spacing, Stage};
use crate::metrics::search::{Found, Level, Presence, Progress, Trial, Window};
use crate::metrics::{Gauge, ThreadWatch, Watch, saturation};

/// A window is extended up to so many times its length, and so is the time that a system has to recover.
const LONGEST: u32 = 4;
/// How long a thread may take to tell what it has of a window that is over.
const PATIENCE: Duration = Duration::from_secs(10);
/// Other arrivals begin so much after it is said, so that every thread knows before and no user comes twice.
const NOTICE: Duration = Duration::from_millis(50);
/// Longer than any level is held.
const LEVEL_MAX: Duration = Duration::from_hours(365 * 24);

/// What a steered lane is to do, and to which window what is measured belongs.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) window: u64,
    /// When the leg began, since the run's start.
    pub(super) begins: Duration,
    pub(super) leg: Leg,
    /// Whether those who are there leave for those who come.
    pub(super) is_afresh: bool,
}

/// From one level to the next.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Leg {
    Users(Arc<Profile>),
    /// With the number of the first user.
    Arrivals {
        arrivals: Arc<Arrivals>,
        first: u64,
    },
    /// Nothing more: everybody leaves.
    Over,
}

/// By which the threads are told.
#[derive(Clone)]
pub(super) struct Helm(Arc<watch::Sender<Arc<Course>>>);

impl Helm {
    pub(super) fn new() -> Self {
        let nobody = Profile::held(Vec::new());
        let course =
            Course { window: 0, begins: Duration::ZERO, leg: Leg::Users(Arc::new(nobody)), is_afresh: false };
        Self(Arc::new(watch::Sender::new(Arc::new(course))))
    }

    pub(super) fn course(&self) -> watch::Receiver<Arc<Course>> {
        self.0.subscribe()
    }

    pub(super) fn present(&self) -> Arc<Course> {
        Arc::clone(&self.0.borrow())
    }
}

/// Where the search is with a level.
enum Phase {
    /// The level is being reached, or the system recovers: until then.
    Settling {
        until: Duration,
    },
    /// The window is open.
    Measuring {
        since: Duration,
        until: Duration,
    },
    /// The window is over, and threads are to tell the rest of it, until then at most.
    Closing {
        since: Duration,
        until: Duration,
    },
    Over,
}

/// Carries a search out.
pub(super) struct Searcher<'j> {
    job: &'j Job,
    control: Control,
    search: Search,
    helm: Helm,
    track: &'j Track,
    phase: Phase,
    level: u64,
    /// When the level was to be reached.
    reached: Duration,
    /// How often the system was given more time to recover.
    recoveries: u32,
    window_number: u64,
    window: Window,
    /// Who was there when the window began to close.
    presence: Presence,
    /// Of each thread that has told all of the window that it ends.
    ends: Vec<Option<ThreadWatch>>,
    history: Vec<Tried>,
    trials: Vec<Trial>,
    /// Of the highest level that held.
    best: Option<(u64, Window)>,
}

impl<'j> Searcher<'j> {
    /// Where the load has a search in it.
    pub(super) fn of(
        job: &'j Job,
        control: &Control,
        helm: Option<&Helm>,
        tracks: &'j [Track],
    ) -> Option<Self> {
        let lane =
            job.load.lanes().iter().position(|lane| matches!(lane.shape, crate::load::Shape::Search(_)))?;
        let search = *job.load.search()?;
        let mut searcher = Self {
            job,
            control: control.clone(),
            search,
            helm: helm?.clone(),
            track: &tracks[lane],
            phase: Phase::Over,
            level: 0,
            reached: Duration::ZERO,
            recoveries: 0,
            window_number: 0,
            window: Window::new(&job.layout),
            presence: Presence { there: 0, wanted: 0 },
            ends: vec![None; job.thread_count()],
            history: Vec::new(),
            trials: Vec::new(),
            best: None,
        };
        searcher.go_on(Duration::ZERO);
        Some(searcher)
    }

    /// When [`Searcher::advance`] is to be called, if nothing is reported before.
    pub(super) fn due(&self) -> Option<Duration> {
        match self.phase {
            Phase::Settling { until } | Phase::Measuring { until, .. } | Phase::Closing { until, .. } => {
                Some(until)
            }
            Phase::Over => None,
        }
    }

    /// What a thread has to tell.
    pub(super) fn hear(&mut self, report: &Report) {
        let Some(Told { window, unanswered, end }) = &report.told else {
            // The ledger of streams knows of no windows.
            if matches!(self.phase, Phase::Measuring { .. }) {
                self.window.figures.append(&report.interval);
            }
            return;
        };
        let is_open = matches!(self.phase, Phase::Measuring { .. } | Phase::Closing { .. });
        let is_ending = matches!(self.phase, Phase::Closing { .. });
        let present = if is_ending { self.window_number - 1 } else { self.window_number };
        if is_open && *window == present {
            self.window.figures.add_interval(&report.interval);
            self.window.unanswered.append(unanswered);
        } else if matches!(self.phase, Phase::Measuring { .. }) && window + 1 == present && end.is_some() {
            self.look_back(unanswered);
        }
        if is_ending
            && *window == present
            && let Some(end) = end
        {
            self.ends[report.thread] = Some(end.clone());
        }
    }

    /// Does what is due.
    pub(super) fn advance(&mut self, now: Duration) {
        if !self.control.goes_on() {
            // The users leave: what they do from now on is no level's.
            self.phase = Phase::Over;
        }
        match self.phase {
            Phase::Settling { until } if now >= until => self.measure(now),
            Phase::Measuring { since, until } if now >= until => {
                let longest = since + self.search.hold.saturating_mul(LONGEST);
                let may_come = self.window.figures.counts.operations > 0;
                if now < longest && may_come && !self.window.is_enough(&self.job.criteria) {
                    let more = (self.search.hold / 4).max(Duration::from_millis(10));
                    self.phase = Phase::Measuring { since, until: (now + more).min(longest) };
                } else {
                    self.close(since, now);
                }
            }
            Phase::Closing { since, until } if now >= until || self.ends.iter().all(Option::is_some) => {
                self.judge(since);
                self.go_on(now);
            }
            _ => {}
        }
    }

    /// How far it is.
    pub(super) fn progress(&self) -> Progress {
        let bracket = search::bracket(&self.history);
        Progress {
            level: self.shown(self.level),
            is_measuring: !matches!(self.phase, Phase::Settling { .. }),
            held: bracket.held.map(|level| self.shown(level)),
            broke: bracket.broke.map(|level| self.shown(level)),
        }
    }

    /// What it has come to.
    pub(super) fn found(self) -> Found {
        let bracket = search::bracket(&self.history);
        let last = |level: Option<u64>| {
            let level = level?;
            self.history.iter().rposition(|trial| trial.level == level)
        };
        Found {
            held: last(bracket.held),
            broke: last(bracket.broke),
            is_finished: matches!(self.search.next(&self.history), Next::Done(_)),
            figures: self.best.map(|(_, window)| window),
            trials: self.trials,
        }
    }

    /// The next level, or the end.
    fn go_on(&mut self, now: Duration) {
        let Next::Level(level) = self.search.next(&self.history) else {
            self.phase = Phase::Over;
            let window = self.window_number;
            self.steer(Course { window, begins: now, leg: Leg::Over, is_afresh: false });
            return;
        };
        self.recoveries = 0;
        let before = std::mem::replace(&mut self.level, level);
        self.lead(now, before, Duration::ZERO);
    }

    /// To the level, from another one; where time is given to leave, from nobody.
    fn lead(&mut self, now: Duration, before: u64, leaving: Duration) {
        let settle = self.search.settle;
        let (begins, leg) = match self.search.unit {
            Unit::Users => {
                let jump = Stage { users: before, over: leaving };
                let ramp = Stage { users: self.level, over: settle };
                (now, Leg::Users(Arc::new(Profile::held(vec![jump, ramp]))))
            }
            Unit::Arrivals { max_users, iterations } => {
                let stages = [(before, leaving), (self.level, settle), (self.level, LEVEL_MAX)];
                let stages = stages.map(|(level, over)| RateStage { rate: search::rate(level), over });
                let flow = Flow::Rates { stages: stages.into(), spacing: Spacing::Even };
                let arrivals = Arc::new(Arrivals { flow, max_users, iterations, duration: None });
                let begins = now + NOTICE;
                (begins, Leg::Arrivals { arrivals, first: self.came_until(begins) })
            }
        };
        self.reached = begins + leaving + settle;
        self.phase = Phase::Settling { until: self.reached };
        self.steer(Course { window: self.window_number, begins, leg, is_afresh: !leaving.is_zero() });
    }

    /// How many users have been due when others begin to come.
    fn came_until(&self, end: Duration) -> u64 {
        let course = self.helm.present();
        let Leg::Arrivals { arrivals, first } = &course.leg else { return 0 };
        let length = end.saturating_sub(course.begins);
        first + arrivals.instants(self.job.seed).take_while(|at| *at < length).count() as u64
    }

    fn steer(&self, course: Course) {
        self.helm.0.send_replace(Arc::new(course));
    }

    /// Another window, with the users going on as they do.
    fn next_window(&mut self) {
        self.window_number += 1;
        let window = self.window_number;
        self.helm.0.send_modify(|course| {
            let Course { begins, is_afresh, .. } = **course;
            *course = Arc::new(Course { window, begins, leg: course.leg.clone(), is_afresh });
        });
    }

    fn measure(&mut self, now: Duration) {
        self.window = Window::new(&self.job.layout);
        self.phase = Phase::Measuring { since: now, until: now + self.search.hold };
        self.next_window();
    }

    /// The window has begun, and a thread tells what its users waited for then. Where some of them have waited since before
    /// the level was reached, a level before it is not over: what it left behind is no figure of this one.
    fn look_back(&mut self, unanswered: &crate::metrics::Snapshot) {
        let Phase::Measuring { since, .. } = self.phase else { return };
        let has_broken =
            self.history.last().is_some_and(|trial| !trial.has_held && trial.level >= self.level);
        let waited = Window::longest_of(unanswered).unwrap_or_default();
        if !has_broken || self.recoveries >= LONGEST || waited <= since.saturating_sub(self.reached) {
            return;
        }
        self.recoveries += 1;
        if self.recoveries < LONGEST {
            self.phase = Phase::Settling { until: since + self.search.settle };
        } else {
            self.begin_afresh(since);
        }
    }

    /// What users still wait for after all this time will not come: others take their place.
    fn begin_afresh(&mut self, now: Duration) {
        let leaving = self.job.program.limits.drain.min(self.search.settle.saturating_mul(LONGEST));
        self.lead(now, 0, leaving.max(NOTICE));
    }

    fn close(&mut self, since: Duration, now: Duration) {
        let there = self.track.present_count();
        self.window.lasted = now.saturating_sub(since);
        self.window.figures.users = Gauge { now: there, peak: there };
        self.presence = Presence { there, wanted: self.level };
        self.ends.fill(None);
        self.phase = Phase::Closing { since, until: now + PATIENCE };
        self.next_window();
    }

    fn judge(&mut self, since: Duration) {
        let watch =
            Watch { threads: self.ends.iter_mut().filter_map(Option::take).collect(), ..Watch::default() };
        let window = std::mem::replace(&mut self.window, Window::new(&self.job.layout));
        let reasons = saturation(&watch, &window.figures.errors);
        let rules = (self.job.criteria.as_slice(), self.job.thresholds.as_slice());
        let level = self.level;
        let counts = &window.figures.counts;
        let presence = match self.search.unit {
            Unit::Users => self.presence,
            Unit::Arrivals { .. } => Presence {
                there: counts.arrivals_due.saturating_sub(counts.arrivals_missed),
                wanted: counts.arrivals_due,
            },
        };
        let trial = Trial::of((self.shown(level), since), &window, presence, rules, reasons);
        self.history.push(Tried { level, has_held: trial.has_held() });
        if trial.has_held() && self.best.as_ref().is_none_or(|(best, _)| *best <= level) {
            self.best = Some((level, window));
        }
        self.trials.push(trial);
    }

    fn shown(&self, level: u64) -> Level {
        match self.search.unit {
            Unit::Users => Level::Users(level),
            Unit::Arrivals { .. } => Level::PerSecond(search::rate(level).per_second()),
        }
    }
}
