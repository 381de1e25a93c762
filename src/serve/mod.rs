//! The embedded servers that plans, tests and newcomers run against.
