//! Every integration test, linked once.

mod diagnostics;
mod matchers;
mod net;
mod support;
