//! `data`: files whose rows users take their values from.

use super::{Spanned, Template, entries, list, spanned, text};
use crate::plan::syntax::{Entry, Key, Node};

/// A data file.
#[derive(Debug, Clone, PartialEq)]
pub struct DataFile {
    /// What templates call it.
    pub name: Key,
    /// Its path. A constant template.
    pub file: Option<Template>,
    /// How it is written, where its ending does not say so.
    pub format: Option<Spanned<Format>>,
    /// Which row a user takes.
    pub pick: Option<Spanned<Pick>>,
    /// What happens behind the last row.
    pub at_end: Option<Spanned<AtEnd>>,
    /// What stands between the fields of a CSV file.
    pub delimiter: Option<Spanned<String>>,
    /// The columns of a CSV file that does not name them itself.
    pub columns: Vec<Spanned<String>>,
}

/// How a data file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `csv`
    Csv,
    /// `json`
    Json,
    /// `jsonl`
    JsonLines,
}

/// Which row a user takes for an iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// `sequential`
    Sequential,
    /// `random`
    Random,
    /// `unique`
    Unique,
    /// `per_user`
    PerUser,
}

/// What a user does that is to take a row behind the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtEnd {
    /// `recycle`
    Recycle,
    /// `stop_user`
    StopUser,
    /// `stop_run`
    StopRun,
}

impl DataFile {
    fn decode(entry: &Entry) -> Option<Self> {
        let node = &entry.value;
        node.entries()?;
        Some(Self {
            name: entry.key.clone(),
            file: node.lookup("file").and_then(Template::decode),
            format: word(
                node,
                "format",
                &[("csv", Format::Csv), ("json", Format::Json), ("jsonl", Format::JsonLines)],
            ),
            pick: word(
                node,
                "pick",
                &[
                    ("sequential", Pick::Sequential),
                    ("random", Pick::Random),
                    ("unique", Pick::Unique),
                    ("per_user", Pick::PerUser),
                ],
            ),
            at_end: word(
                node,
                "at_end",
                &[("recycle", AtEnd::Recycle), ("stop_user", AtEnd::StopUser), ("stop_run", AtEnd::StopRun)],
            ),
            delimiter: node.lookup("delimiter").and_then(text),
            columns: list(node.lookup("columns"), text),
        })
    }
}

/// What a word of a closed list stands for.
fn word<T: Copy>(node: &Node, key: &str, words: &[(&str, T)]) -> Option<Spanned<T>> {
    let node = node.lookup(key)?;
    let written = node.text()?;
    words.iter().find(|(word, _)| *word == written).map(|(_, value)| spanned(node, *value))
}

pub(super) fn files(node: Option<&Node>) -> Vec<DataFile> {
    entries(node).filter_map(DataFile::decode).collect()
}
