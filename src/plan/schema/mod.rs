//! The one table of keywords.
