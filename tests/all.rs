//! Every integration test, linked once.

mod diagnostics;
