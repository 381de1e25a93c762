//! What wsplan costs beside a loop that does nothing else: the driver of `bin/bench`.
//!
//! It pins `wsplan serve echo` to one core and a generator to another, runs the bare loop ([`bare`]) and `wsplan run`
//! one after the other, several times, and prints medians, ratios of neighbouring runs and how far they spread. What is
//! measured is in [`window`], what the plans say in [`subject`]. Everything is loopback, every load has an end of its
//! own, and every process is ended by the one that started it. `docs/performance.md` explains the figures.

#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs, unreachable_pub)]

mod bare;
mod peers;
mod process;
mod rounds;
mod subject;
mod table;
mod window;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use process::Cores;
use rounds::Effort;

/// Measures wsplan against a bare loop on this machine.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    child: Option<Child>,
    /// Fewer and shorter rounds, for a first look
    #[arg(long)]
    quick: bool,
    /// Measure other load generators too, on the same work
    #[arg(long)]
    peers: bool,
    /// How many rounds [default: 5, quick 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: Option<u16>,
    /// The generator's core and the server's [default: the first two that this process may use]
    #[arg(long, value_name = "A,B")]
    cores: Option<Cores>,
    /// Cargo says so when it runs a benchmark, and not when it tests one
    #[arg(long, hide = true)]
    bench: bool,
}

/// What this program runs itself as.
#[derive(Debug, Subcommand)]
enum Child {
    /// The bare loop
    #[command(hide = true)]
    Bare(bare::BareArguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match &arguments.child {
        Some(Child::Bare(bare)) => bare::run(bare),
        // `cargo test --all-targets` starts benchmarks too, to see that they can be.
        None if !arguments.bench => Ok(()),
        None => compare(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let cores = match arguments.cores {
        Some(cores) => cores,
        None => Cores::first_two()?,
    };
    let mut effort = if arguments.quick { Effort::QUICK } else { Effort::FULL };
    if let Some(rounds) = arguments.rounds {
        effort.rounds = rounds.into();
    }
    println!("{}\n", table::machine(cores));
    let bare_us = rounds::compare(cores, effort)?;
    if arguments.peers {
        peers::compare(cores, effort, bare_us);
    }
    Ok(())
}
