//! Every integration test, linked once.

// The lints spare test functions only, not the helpers beside them.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod check;
mod cli;
mod correlation;
mod diagnostics;
mod docs;
mod dry;
mod examples;
mod house;
mod huge;
mod language;
mod machine;
mod matchers;
mod mutations;
mod net;
mod program;
mod run;
mod schema;
mod serve;
mod support;
mod targets;
mod templates;
mod users;
