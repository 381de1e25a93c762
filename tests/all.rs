//! Every integration test, linked once.
