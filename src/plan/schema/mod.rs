//! The one table of keywords. [`nouns`] lists every noun of the language with its keys, their kinds, their docs and
//! an example each; [`check()`] holds a tree to that table and [`json_schema()`] prints it as JSON Schema (draft
//! 2020-12). Suggestions, the checker, the schema and the docs therefore cannot disagree about a keyword.
//!
//! What is checked here is shape: known keys, needed keys, types, units, words of closed lists. What a value means
//! (whether a path compiles, whether a name is defined) is the business of `compile`.

mod check;
mod json_schema;
pub mod nouns;
mod table;
mod unread;

pub use check::{check, check_fragment};
pub use json_schema::json_schema;
pub use table::{Field, Kind, Noun, Open, Rule, Word};
pub use unread::Unread;
