//! `wsplan run`: load, live figures, a verdict as the exit status.

mod fail_on;
mod generator;
mod live;
mod once;
mod search;
mod server;
mod trace;
mod verdict;

use std::num::NonZero;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use rand::TryRng;
use tokio::signal::unix::{SignalKind, signal};

use self::fail_on::{FailOn, failures};
use self::live::Progress;
use self::trace::{TraceArgs, Tracing};
use super::arguments::{Percentiles, percentiles};
use super::exit::Exit;
use super::front::{self, Front, Overrides};
use super::line::{self, Line};
use super::place;
use super::terminal::{complain, is_colored, print, say, show, width};
use crate::compile::Compiled;
use crate::diagnostic::{Severity, Sources};
use crate::engine::{self, Control, Job};
use crate::net::{self, SourceAddresses};
use crate::program::{Program, Target, Url};
use crate::report::console::{self, Look};
use crate::report::summary::Summary;
use crate::report::{RunReport, error_rows};

/// Runs a plan, or what the command line says in place of one.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  wsplan run plan.yaml
  wsplan run plan.yaml --users 10000 --ramp 30s --duration 5m
  wsplan run plan.yaml --target ws://127.0.0.1:9001 --summary out.json
  wsplan run plan.yaml --fail-on errors,unmatched
  wsplan run plan.yaml --percentiles 50,66,75,80,90,95,98,99,100
  wsplan run ws://127.0.0.1:9001 --send hello --expect hello
  wsplan run builtin:chat --send '{\"type\":\"ping\",\"id\":7}' --expect '{ $.re: 7 }' --users 10
  wsplan run wss://example.com --send hello --think 1s --duration 1m --print-plan > plan.yaml
  wsplan run plan.yaml --users 1 --trace
  wsplan run plan.yaml --users 10000 --trace-user 17")]
pub(super) struct RunArgs {
    /// The plan; `-` is standard input; ws://..., wss://... or builtin:... is a run without one
    plan: PathBuf,
    #[command(flatten)]
    overrides: Overrides,
    /// How many threads drive users [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Come from these addresses of this machine, users taking turns: 127.0.0.2-127.0.0.9 or 10.0.0.0/28; several with commas
    #[arg(long, value_name = "ADDRESSES", value_delimiter = ',')]
    source_ip: Vec<String>,
    /// Fixes data, think times, choices and ids of every user [default: drawn, and shown at the end]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Write the figures to a file as JSON
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
    /// Show these percentiles of every timer, in place of 50,90,95,99,99.9; the summary has them too
    #[arg(long, value_name = "LIST", value_parser = percentiles)]
    percentiles: Option<Percentiles>,
    /// What standard output gets: a report for people, or the summary as JSON
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Fail with exit status 1 on this, also where the thresholds hold; several with commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    fail_on: Vec<FailOn>,
    #[command(flatten)]
    trace: TraceArgs,
    /// Show no progress and no log lines
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    line: Line,
}

/// What standard output gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// For programs
    Json,
}

/// Checks, compiles and runs the plan, and reports.
pub(super) fn run(args: &RunArgs) -> Exit {
    let mut sources = Sources::new();
    let compiled = match compiled(args, &mut sources) {
        Ok(compiled) => compiled,
        Err(exit) => return exit,
    };
    if let Some(path) = &args.summary
        && let Err(error) = Summary::can_write(path)
    {
        complain(&error.to_string(), None);
        return Exit::Usage;
    }
    if !args.trace.can_be_followed(compiled.load.peak_users()) {
        return Exit::Usage;
    }
    let addresses = match addresses_of(&args.source_ip) {
        Ok(addresses) => addresses,
        Err(exit) => return exit,
    };
    if let Err(error) = engine::preflight(compiled.load.peak_users(), threads(args), addresses.count().max(1))
    {
        complain(&error.to_string(), Some(error.help()));
        return Exit::Unable;
    }
    if let Err(error) = can_be_spoken(&compiled.program) {
        complain(&error, None);
        return Exit::Unable;
    }
    let control = Control::new();
    if let Err(error) = interrupts(&control) {
        complain(&format!("Ctrl-C cannot be handled: {error}"), None);
    }
    let (server, targets) = match reach(&compiled.program.target) {
        Ok(reached) => reached,
        Err(message) => {
            complain(&message, None);
            return Exit::Unable;
        }
    };
    let exit = carry_out(args, &sources, compiled, Ends { targets, addresses }, &control);
    if let Some(server) = server
        && let Err(error) = server.stop()
    {
        complain(&format!("the embedded server: {error}"), None);
    }
    exit
}

/// What the plan, or the command line in its place, compiles to; the exit where there is nothing to run.
fn compiled(args: &RunArgs, sources: &mut Sources) -> Result<Compiled, Exit> {
    let target = args.plan.to_str().filter(|_| line::is_target(&args.plan));
    let front = match (target, args.line.flag()) {
        (Some(target), _) => {
            let is_printed = args.line.print_plan;
            let unset_environment = if is_printed { Severity::Warning } else { Severity::Error };
            let (text, front) = args.line.load(sources, target, &args.overrides, unset_environment);
            if is_printed && front.compiled.is_some() {
                show(&front.diagnostics, sources);
                return Err(print(&text));
            }
            front
        }
        (None, Some(flag)) => {
            let message = format!("{flag} is for a run without a plan file");
            let help =
                "write it into the plan, or name a target in its place: ws://..., wss://... or builtin:...";
            complain(&message, Some(help));
            return Err(Exit::Usage);
        }
        (None, None) => front::load(sources, &args.plan, &args.overrides, Severity::Error),
    };
    show(&front.diagnostics, sources);
    let Front { compiled: Some(compiled), .. } = front else { return Err(Exit::Usage) };
    Ok(compiled)
}

/// Where to connect, with the embedded server started that the target asks for.
fn reach(target: &Target) -> Result<(Option<server::Server>, Vec<Url>), String> {
    match target {
        Target::Url(url) => Ok((None, vec![url.clone()])),
        Target::Several(targets) => Ok((None, targets.urls.clone())),
        Target::Builtin(builtin) => {
            let server = server::Server::start(builtin)?;
            let url = server.url()?;
            Ok((Some(server), vec![url]))
        }
    }
}

/// Where connections go, and where they come from.
struct Ends {
    targets: Vec<Url>,
    addresses: SourceAddresses,
}

/// The addresses to come from, which must be this machine's.
fn addresses_of(texts: &[String]) -> Result<SourceAddresses, Exit> {
    let addresses = SourceAddresses::parse(texts).map_err(|error| {
        complain(&format!("--source-ip: {error}"), None);
        Exit::Usage
    })?;
    addresses.check().map_err(|(address, error)| {
        complain(&format!("--source-ip: {address} cannot be used: {error}"), None);
        Exit::Unable
    })?;
    Ok(addresses)
}

/// What TLS needs of this system is looked for before the first user does.
fn can_be_spoken(program: &Program) -> Result<(), String> {
    if program.may_be_secure() { net::check_tls(&program.tls) } else { Ok(()) }
}

fn carry_out(args: &RunArgs, sources: &Sources, compiled: Compiled, ends: Ends, control: &Control) -> Exit {
    let Compiled { program, load, criteria, thresholds } = compiled;
    // Short enough to be typed again.
    let seed = args.seed.unwrap_or_else(|| rand::rngs::SysRng.try_next_u32().unwrap_or(0).into());
    let threads = threads(args);
    let Ends { targets, addresses } = ends;
    let mut job = Job {
        threads,
        seed,
        sources: addresses,
        criteria,
        thresholds: thresholds.clone(),
        ..Job::new(program, load, targets)
    };
    let started = Timestamp::now();
    let cpu_before = generator::cpu_time();
    let tracing = Tracing::begin(&args.trace, &job.program, sources);
    job.trace = tracing.as_ref().map(Tracing::trace);
    let mut progress = Progress::new(args.quiet, &job);
    let outcome = once::run(&mut job, control, args.quiet, |tick| progress.show(tick));
    progress.finish();
    if let Some(tracing) = tracing {
        tracing.finish();
    }
    let (outcome, is_set_up) = match outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            complain(&format!("the run could not be started: {error}"), None);
            return Exit::Unable;
        }
    };
    let (figures, judgement) = search::judged(&outcome, &thresholds, &job.criteria);
    let generator = generator::since(cpu_before, job.thread_count(), &outcome);
    let failed_on = failures(&args.fail_on, figures, &generator.reasons);
    let has_held = judgement.passed() && failed_on.is_empty() && search::has_held(&outcome);
    let exit = verdict::of(&outcome, is_set_up, has_held, control.is_ended());
    let report = RunReport {
        plan: job.program.name.clone(),
        path: path(args),
        started,
        duration: outcome.elapsed,
        errors: error_rows(&outcome.totals.errors, |place| place::resolve(&job.program, sources, place)),
        totals: outcome.totals,
        percentiles: args.percentiles.clone().unwrap_or_default().0,
        judgement,
        generator,
        seed,
        is_insecure: job.program.tls.is_insecure,
        failed_on,
        exit_status: exit.status(),
        search: outcome.found,
        interrupted: control.is_ended(),
        is_setup_failed: !is_set_up,
    };
    publish(args, &report, exit)
}

fn publish(args: &RunArgs, report: &RunReport, exit: Exit) -> Exit {
    let summary = Summary::of(report);
    let printed = match args.format {
        Format::Json => print(&summary.to_json()),
        Format::Human => {
            let look = Look { width: width(), colour: is_colored(&std::io::stdout()) };
            print(&console::render(report, look))
        }
    };
    if let Some(path) = &args.summary
        && let Err(error) = summary.write(path)
    {
        complain(&error.to_string(), None);
        return Exit::Unable;
    }
    if printed == Exit::Success { exit } else { printed }
}

/// What the plan is called by in reports. A target is not: what stands in it may be a secret.
fn path(args: &RunArgs) -> String {
    if line::is_target(&args.plan) { line::NAME.to_owned() } else { args.plan.display().to_string() }
}

fn threads(args: &RunArgs) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, NonZero::get);
    args.threads.map_or_else(cores, usize::from)
}

/// The first Ctrl-C (or SIGTERM) drains, the second ends the users at once, the third the process.
fn interrupts(control: &Control) -> std::io::Result<()> {
    let control = control.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Before anything is started, so that no signal finds it running and nobody listening.
    let (mut interrupt, mut terminate) = {
        let _within = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    let wait = move || {
        runtime.block_on(async {
            for count in 1.. {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                match count {
                    1 => {
                        control.drain();
                        say("\ninterrupted: users finish their step; again to stop at once\n");
                    }
                    2 => control.abort(),
                    // Whatever it is that still holds it up, three times is meant.
                    _ => std::process::exit(Exit::Interrupted.status().into()),
                }
            }
        });
    };
    std::thread::Builder::new().name("signals".into()).spawn(wait).map(drop)
}
