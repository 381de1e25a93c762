//! One row.

use super::members::Members;
use super::records::Content;

/// A row of a [`Table`](super::Table).
#[derive(Debug)]
pub struct Row<'t> {
    pub(super) columns: &'t [String],
    pub(super) content: Content,
}

/// A value in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// A field of a CSV file, where everything is text.
    Text(String),
    /// The JSON text of a value.
    Json(String),
}

impl Row<'_> {
    /// The values of some columns, in that order; `None` where a row has changed since it was looked at.
    pub fn cells(&self, columns: impl IntoIterator<Item = usize>) -> Option<Vec<Cell>> {
        match &self.content {
            Content::Fields(fields) => columns
                .into_iter()
                .map(|column| fields.get(column).map(|text| Cell::Text(text.to_owned())))
                .collect(),
            Content::Json(text) => {
                let Members(members) = serde_json::from_str(text).ok()?;
                let value = |column: usize| {
                    let name = self.columns.get(column)?;
                    // Most files have the same columns in the same order all the way.
                    let near = members.get(column).filter(|(found, _)| found == name);
                    let found = near.or_else(|| members.iter().find(|(found, _)| found == name))?;
                    Some(Cell::Json(found.1.to_owned()))
                };
                columns.into_iter().map(value).collect()
            }
        }
    }

    /// The whole row as the text of a JSON map.
    pub fn to_json(&self) -> String {
        match &self.content {
            Content::Json(text) => text.trim_end().to_owned(),
            Content::Fields(fields) => {
                let members = self.columns.iter().zip(fields);
                let members = members.map(|(name, value)| format!("{}:{}", quoted(name), quoted(value)));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
