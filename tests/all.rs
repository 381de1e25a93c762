//! Every integration test, linked once.

mod net;
mod support;
