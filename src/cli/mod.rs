//! The command line: one file a subcommand, and the only room that prints, reads the environment or installs signal handlers.

pub mod serve;
