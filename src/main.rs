//! The `wsplan` binary: parses arguments, calls [`wsplan::cli`], returns the exit status.

use std::process::ExitCode;

/// Thousands of small buffers that come and go: the system's allocator keeps more of them resident.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    wsplan::cli::main()
}
