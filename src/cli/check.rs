//! `wsplan check`: every mistake of every file at once, each at its line.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::front::{self, Overrides};
use super::terminal::{print, say, show};
use crate::diagnostic::{Diagnostic, Severity, Sources, to_json};

/// Checks plans without opening a socket.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  wsplan check plan.yaml
  wsplan check plans/*.yaml --deny-warnings
  wsplan check plan.yaml --format json")]
pub(super) struct CheckArgs {
    /// The plans; `-` is standard input
    #[arg(required = true, value_name = "PLAN")]
    plans: Vec<PathBuf>,
    /// How mistakes are shown: for people on standard error, or as JSON on standard output
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Fail on warnings too
    #[arg(long)]
    deny_warnings: bool,
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
    for path in &args.plans {
        let front = front::load(&mut sources, path, &args.overrides, Severity::Warning);
        if front.diagnostics.is_empty() {
            faultless.push(path.display().to_string());
        }
        diagnostics.extend(front.diagnostics);
    }
    match args.format {
        Format::Human => {
            show(&diagnostics, &sources);
            faultless.iter().for_each(|name| say(&format!("{name}: ok\n")));
        }
        Format::Json => print(&format!("{}\n", to_json(&diagnostics, &sources))),
    }
    let is_refused = |diagnostic: &Diagnostic| diagnostic.is_error() || args.deny_warnings;
    if diagnostics.iter().any(is_refused) { Exit::Usage } else { Exit::Success }
}
