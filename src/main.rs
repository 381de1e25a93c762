//! The `wsplan` binary: parses arguments, calls [`wsplan::cli`], returns the exit status.

use std::process::ExitCode;

use clap::Parser;
use wsplan::cli::serve::{self, ServeArgs};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Declarative load tests for WebSocket services.
#[derive(Parser)]
#[command(version)]
enum Command {
    Serve(ServeArgs),
}

fn main() -> ExitCode {
    match Command::parse() {
        Command::Serve(args) => serve::run(&args),
    }
}
