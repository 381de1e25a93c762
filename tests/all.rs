//! Every integration test, linked once.

mod diagnostics;
mod net;
mod serve;
mod support;
