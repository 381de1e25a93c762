//! The language: files and spans, text to spanned nodes, the keyword table, and the typed plan.
