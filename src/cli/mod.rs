//! The command line: one file a subcommand, and the only room that prints, reads the environment or installs signal
//! handlers. Diagnostics and progress go to standard error, results to standard output.

mod arguments;
mod check;
mod compile;
mod exit;
mod explain;
mod front;
mod line;
mod place;
mod run;
pub mod schema;
mod serve;
mod terminal;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use exit::Exit;

/// Compiles and runs declarative WebSocket test plans.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Examples:
  wsplan check plan.yaml
  wsplan run plan.yaml --users 10000

Exit status:
  0    it held
  1    a threshold failed, something failed that no threshold speaks of, or --fail-on says so
  2    the plan or the command line is wrong
  3    the run could not be carried out, or its result could not be written
  130  interrupted")]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::CheckArgs),
    Run(Box<run::RunArgs>),
    Compile(compile::CompileArgs),
    Serve(serve::ServeArgs),
    Explain(explain::ExplainArgs),
    /// Prints the JSON Schema of plans, for editors
    #[command(after_help = "Example:
  wsplan schema > plan.schema.json")]
    Schema,
}

/// Parses the process's arguments and does what they say.
pub fn main() -> ExitCode {
    match CommandLine::parse().command {
        Command::Check(args) => check::run(&args).into(),
        Command::Run(args) => run::run(&args).into(),
        Command::Compile(args) => compile::run(&args).into(),
        Command::Serve(args) => serve::run(&args),
        Command::Explain(args) => explain::run(&args).into(),
        Command::Schema => schema::run().into(),
    }
}
