//! `wsplan compile`: the program that a plan becomes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::front::{self, Overrides};
use super::terminal::{print, show};
use crate::diagnostic::{Severity, Sources};
use crate::program::emit;

/// Prints the program that a plan compiles to.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  wsplan compile plan.yaml
  wsplan compile plan.yaml --emit dot | dot -Tsvg > plan.svg")]
pub(super) struct CompileArgs {
    /// The plan; `-` is standard input
    plan: PathBuf,
    /// In which form
    #[arg(long, value_enum, default_value_t = Emit::Text)]
    emit: Emit,
    #[command(flatten)]
    overrides: Overrides,
}

/// The forms of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Emit {
    /// A listing, for people
    Text,
    /// Everything, for programs
    Json,
    /// A graph for Graphviz
    Dot,
    /// A graph for Mermaid
    Mermaid,
}

/// Prints the program, or the mistakes and status 2.
pub(super) fn run(args: &CompileArgs) -> Exit {
    let mut sources = Sources::new();
    let front = front::load(&mut sources, &args.plan, &args.overrides, Severity::Warning);
    show(&front.diagnostics, &sources);
    let Some(compiled) = front.compiled else { return Exit::Usage };
    let line = |span| sources.start(span).line;
    let program = &compiled.program;
    print(&match args.emit {
        Emit::Text => emit::text(program, &line),
        Emit::Json => emit::json(program, &line),
        Emit::Dot => emit::dot(program, &line),
        Emit::Mermaid => emit::mermaid(program, &line),
    })
}
