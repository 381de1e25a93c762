//! `wsplan check`: every mistake of every file at once, each at its line.

mod dry_run;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use self::dry_run::DryRunArgs;
use super::exit::Exit;
use super::front::{self, Overrides};
use super::terminal::{is_colored, print, say, show, width};
use crate::diagnostic::{Diagnostic, Severity, Sources, to_json, to_json_with};
use crate::report::console::Look;
use crate::report::dry;

/// Checks plans without opening a socket.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  wsplan check plan.yaml
  wsplan check plans/*.yaml --deny-warnings
  wsplan check plan.yaml --format json
  wsplan check plan.yaml --dry-run --users 1000 --ramp 10s")]
pub(super) struct CheckArgs {
    /// The plans; `-` is standard input
    #[arg(required = true, value_name = "PLAN")]
    plans: Vec<PathBuf>,
    /// How mistakes and dry runs are shown: for people, mistakes on standard error, or as JSON on standard output
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Fail on warnings too
    #[arg(long)]
    deny_warnings: bool,
    #[command(flatten)]
    dry_run: DryRunArgs,
    #[command(flatten)]
    overrides: Overrides,
}

/// How mistakes are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// For programs
    Json,
}

/// Checks all files; the status is 2 when any has an error, or a warning where those are denied.
pub(super) fn run(args: &CheckArgs) -> Exit {
    let mut sources = Sources::new();
    let mut diagnostics = Vec::new();
    let mut faultless = Vec::new();
    let mut compiled = Vec::new();
    for path in &args.plans {
        let front = front::load(&mut sources, path, &args.overrides, Severity::Warning);
        if front.diagnostics.is_empty() {
            faultless.push(path.display().to_string());
        }
        diagnostics.extend(front.diagnostics);
        compiled.extend(front.compiled.filter(|_| args.dry_run.dry_run).map(|compiled| (path, compiled)));
    }
    let dry_runs =
        compiled.into_iter().map(|(path, compiled)| args.dry_run.carry_out(compiled, path, &sources));
    let printed = match args.format {
        Format::Human => {
            show(&diagnostics, &sources);
            faultless.iter().for_each(|name| say(&format!("{name}: ok\n")));
            let look = Look { width: width(), colour: is_colored(&std::io::stdout()) };
            let rendered: Vec<_> = dry_runs.map(|run| format!("\n{}", dry::render(&run, look))).collect();
            print(&rendered.concat())
        }
        Format::Json if args.dry_run.dry_run => {
            let dry_runs: Vec<_> = dry_runs.map(|run| dry::to_json(&run)).collect();
            print(&format!("{}\n", to_json_with(&diagnostics, &sources, &dry_runs)))
        }
        Format::Json => print(&format!("{}\n", to_json(&diagnostics, &sources))),
    };
    let is_refused = |diagnostic: &Diagnostic| diagnostic.is_error() || args.deny_warnings;
    if diagnostics.iter().any(is_refused) { Exit::Usage } else { printed }
}
