//! `wsplan schema`: the plan's JSON Schema, for editors.

use super::exit::Exit;
use super::terminal::print;
use crate::plan::schema::json_schema;

/// The schema's text, as it is printed and as it is kept in `schema/plan.schema.json`.
pub fn text() -> String {
    format!("{:#}\n", json_schema())
}

/// Prints the schema.
pub(super) fn run() -> Exit {
    print(&text())
}
