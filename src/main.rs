//! The `wsplan` binary: parses arguments, calls [`wsplan::cli`], returns the exit status.

fn main() {}
