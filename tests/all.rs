//! Every integration test, linked once.

// The lint spares test functions only, not the helpers beside them.
#![allow(clippy::unwrap_used)]

mod diagnostics;
mod matchers;
mod net;
mod serve;
mod support;
mod templates;
