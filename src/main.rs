//! The `wsplan` binary: parses arguments, calls [`wsplan::cli`], returns the exit status.

use std::process::ExitCode;

fn main() -> ExitCode {
    wsplan::cli::main()
}
