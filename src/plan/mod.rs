//! The language. [`source`] reads files; [`syntax`] turns text into a tree of spanned nodes and knows no plan
//! words; [`schema`] is the one table of keywords, which checks the shape of that tree and prints the JSON Schema;
//! [`model`] is the typed plan, one file a noun.

pub mod model;
pub mod schema;
pub mod source;
pub mod syntax;
