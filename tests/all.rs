//! Every integration test, linked once.

mod serve;
