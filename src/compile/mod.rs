//! Plan to program: name resolution, data-flow lints, lowering. Errors accumulate; it never stops at the first. What
//! cannot be lowered leaves a harmless placeholder behind so that the rest is still looked at, and the result is only
//! handed out when there was no error.
//!
//! Besides the program it lowers what the plan says about load and verdict to the terms of those rooms, with the
//! command line's overrides applied, so that a plan is checked against the load it will really run under.

mod barrier;
mod block;
mod body;
mod capture;
mod connect;
mod control;
mod correlation;
mod data;
mod delivery;
mod file;
mod flow;
mod fragments;
mod gather;
mod http;
mod link;
mod load;
mod lowered;
mod matcher;
mod names;
mod once;
mod operand;
mod pace;
mod path;
mod pattern;
mod pool;
mod protocol;
mod proxy;
mod reconnect;
mod scenario;
mod scope;
mod search;
mod target;
mod template;
mod thresholds;
mod tls;

use std::collections::HashMap;
use std::time::Duration;

use self::names::PlanNames;
use self::once::Cast;
use self::pattern::Patterns;
use crate::diagnostic::{Diagnostic, Diagnostics, FileId, Severity, Sources, Span, codes};
use crate::load::Load;
use crate::metrics::Threshold;
use crate::plan::model::{self, Plan};
use crate::plan::{schema, syntax};
use crate::program::asked::asked;
use crate::program::{Limits, OnFailure, Program, Protocol, SlotId, TimerId, Unmatched};

pub use file::{Directory, FileFailure, Files, LONGEST_FILE_BYTES};
pub use load::{LoadOverrides, Users};
pub use scope::{Binding, Names};
pub use template::{Constant, Lowering};
pub use tls::TlsOverrides;

/// What is handed in from outside the plan.
pub struct Options<'a> {
    /// `--var name=value`; a value is JSON where it parses as such, else text.
    pub vars: Vec<(String, String)>,
    /// `--target`, in place of the plan's.
    pub targets: Vec<String>,
    /// `--proxy`, in place of the plan's.
    pub proxy: Option<String>,
    /// `--insecure` and `--ca`.
    pub tls: TlsOverrides,
    /// `--users` and its kin, in place of the plan's.
    pub load: LoadOverrides,
    /// Reads the environment, for `{{env.X}}`.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// How grave a variable is that the environment lacks: a check may go on where a run may not.
    pub unset_environment: Severity,
    /// Where `$file` bodies and files of steps come from.
    pub files: &'a dyn Files,
    /// What the plan is called where it does not say so itself.
    pub default_name: String,
}

impl<'a> Options<'a> {
    /// Nothing overridden, an environment without variables, which a plan may then not ask for, and these files.
    pub fn new(files: &'a dyn Files) -> Self {
        Self {
            vars: Vec::new(),
            targets: Vec::new(),
            proxy: None,
            tls: TlsOverrides::default(),
            load: LoadOverrides::default(),
            environment: &|_| None,
            unset_environment: Severity::Error,
            files,
            default_name: "plan".to_owned(),
        }
    }
}

/// What a plan compiles to.
#[derive(Debug)]
pub struct Compiled {
    /// What users do.
    pub program: Program,
    /// How many of them, and when.
    pub load: Load,
    /// What breaks a level, where the load is a search.
    pub criteria: Vec<Threshold>,
    /// The verdict.
    pub thresholds: Vec<Threshold>,
}

/// Parses, checks and compiles the text of a plan; files of steps that it uses are added to the sources. `None` when an
/// error was reported.
pub fn compile_source(
    sources: &mut Sources,
    file: FileId,
    options: &Options<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Compiled> {
    let root = syntax::parse(sources, file, &syntax::Limits::default(), diagnostics)?;
    let mut unread = schema::check(&root, diagnostics);
    if unread.is_any {
        unread.mention(sources.file(file).text());
    }
    let mut plan = Plan { unread, ..Plan::decode(&root)? };
    fragments::resolve(&mut plan, (sources, file), options.files, diagnostics);
    compile(&plan, sources, options, diagnostics)
}

/// Compiles a plan. `None` when an error was reported.
pub fn compile(
    plan: &Plan,
    sources: &Sources,
    options: &Options<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Compiled> {
    let mut compiler = Compiler::new(plan, sources, options, diagnostics);
    compiler.variables(plan);
    let data = compiler.data_files(plan);
    compiler.declare_streams(plan);
    let target = compiler.target(plan);
    let (tls, proxy) = (compiler.tls(plan.tls.as_ref()), compiler.proxy(plan.proxy.as_ref()));
    let pools = compiler.pools(plan);
    let mut reactions = Vec::new();
    let Cast { scenarios, setup, teardown } = compiler.cast(plan, &mut reactions);
    let streams = compiler.streams(plan);
    let load = compiler.load(plan);
    let barriers = compiler.barriers(&load);
    let (thresholds, criteria) = (compiler.thresholds(plan), compiler.criteria(plan, &load));
    compiler.rows_for_all(&data, &scenarios, &load);
    let Compiler { names, states, timers, diagnostics, .. } = compiler;
    let (canary, profiles) = (names.canary(), load::profiles(plan, names.profile()));
    let secrets = names.secrets();
    let slots = names.finish(diagnostics);
    let (target, is_target_secret) = target.filter(|_| !diagnostics.has_errors())?;
    let program = Program {
        name: name(plan, options),
        target,
        is_target_secret,
        tls,
        proxy,
        asked: asked(&scenarios, &states, &reactions, &streams),
        setup,
        teardown,
        scenarios,
        states,
        reactions,
        data,
        slots,
        canary,
        profiles,
        timers,
        streams,
        barriers,
        pools,
        unmatched: unmatched(plan.unmatched),
        protocol: protocol(plan.protocol),
        limits: limits(&plan.defaults),
        secrets,
    };
    Some(Compiled { program, load, criteria, thresholds })
}

/// The state of a compilation.
struct Compiler<'a, 'p> {
    sources: &'a Sources,
    options: &'a Options<'a>,
    diagnostics: &'a mut Diagnostics,
    names: PlanNames<'a>,
    defaults: &'p model::Defaults,
    states: Vec<crate::program::State>,
    timers: Vec<String>,
    timer_ids: HashMap<String, TimerId>,
    patterns: Patterns,
    sets: Vec<flow::Set>,
    /// The slots that have a value behind the last step of the scenario that was lowered last.
    certain: Vec<SlotId>,
    /// The slots that the setup gives a value.
    shared: Vec<SlotId>,
    /// The paced loops of the scenario at hand.
    paced: Vec<std::ops::Range<usize>>,
    streams: Vec<delivery::Declared<'p>>,
    barriers: Vec<barrier::Declared>,
    pools: pool::Declared<'p>,
    has_several_targets: bool,
    /// What connections go through.
    way: target::Way,
    links: link::Links,
    protocol: Protocol,
}

impl<'a, 'p> Compiler<'a, 'p> {
    fn new(
        plan: &'p Plan,
        sources: &'a Sources,
        options: &'a Options<'a>,
        diagnostics: &'a mut Diagnostics,
    ) -> Self
    where
        'p: 'a,
    {
        Self {
            sources,
            options,
            diagnostics,
            names: PlanNames::new(plan, options),
            defaults: &plan.defaults,
            states: Vec::new(),
            timers: Vec::new(),
            timer_ids: HashMap::new(),
            patterns: Patterns::default(),
            sets: Vec::new(),
            certain: Vec::new(),
            shared: Vec::new(),
            paced: Vec::new(),
            streams: Vec::new(),
            barriers: Vec::new(),
            pools: pool::Declared::default(),
            has_several_targets: false,
            way: target::Way::default(),
            links: link::Links::default(),
            protocol: protocol(plan.protocol),
        }
    }
}

impl Compiler<'_, '_> {
    /// What was not understood has been reported, unless an earlier stage let something through that a later one does
    /// not know: then it is reported here, because nothing may ever be left out in silence.
    fn understood<T>(&mut self, lowered: Option<T>, span: Span) -> Option<T> {
        if lowered.is_none() && !self.diagnostics.has_errors() {
            self.diagnostics.push(
                Diagnostic::new(codes::NOT_UNDERSTOOD, "this is not understood")
                    .label(span, "checked, but not understood")
                    .help("this is a bug in wsplan: please report it with this plan"),
            );
        }
        lowered
    }

    fn lowering(&mut self) -> Lowering<'_> {
        Lowering::new(self.sources, &mut self.names, self.diagnostics).with_patterns(&mut self.patterns)
    }

    fn within(&self, own: Option<model::Spanned<Duration>>) -> Duration {
        own.or(self.defaults.within).map_or(Duration::from_secs(10), |within| within.value)
    }

    fn on_failure(&self, own: Option<model::OnFailure>) -> OnFailure {
        match own.or(self.defaults.on_failure).unwrap_or(model::OnFailure::Restart) {
            model::OnFailure::Restart => OnFailure::Restart,
            model::OnFailure::Continue => OnFailure::Continue,
            model::OnFailure::Stop => OnFailure::Stop,
        }
    }
}

fn unmatched(own: model::Unmatched) -> Unmatched {
    match own {
        model::Unmatched::Ignore => Unmatched::Ignore,
        model::Unmatched::Count => Unmatched::Count,
        model::Unmatched::Fail => Unmatched::Fail,
    }
}

fn name(plan: &Plan, options: &Options<'_>) -> String {
    plan.name.as_ref().map_or_else(|| options.default_name.clone(), |name| name.value.clone())
}

fn protocol(protocol: model::Protocol) -> Protocol {
    match protocol {
        model::Protocol::Json => Protocol::Json,
        model::Protocol::Text => Protocol::Text,
        model::Protocol::Binary => Protocol::Binary,
    }
}

fn limits(defaults: &model::Defaults) -> Limits {
    let standard = Limits::default();
    let count = |own: Option<model::Spanned<u64>>, or: usize| {
        own.map_or(or, |n| usize::try_from(n.value).unwrap_or(usize::MAX))
    };
    Limits {
        max_message_bytes: count(defaults.max_message_bytes, standard.max_message_bytes),
        inbox_message_count: count(defaults.inbox_messages, standard.inbox_message_count),
        inbox_bytes: count(defaults.inbox_bytes, standard.inbox_bytes),
        drain: defaults.drain.map_or(standard.drain, |drain| drain.value),
        restart_delay: defaults.restart_delay.map_or(standard.restart_delay, |delay| delay.value),
    }
}
