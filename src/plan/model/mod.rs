//! The typed plan, one file a noun.
