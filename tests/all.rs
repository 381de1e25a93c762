//! Every integration test, linked once.

// The lint spares test functions only, not the helpers beside them.
#![allow(clippy::unwrap_used)]

mod check;
mod diagnostics;
mod docs;
mod examples;
mod house;
mod language;
mod machine;
mod matchers;
mod net;
mod program;
mod run;
mod schema;
mod serve;
mod support;
mod templates;
