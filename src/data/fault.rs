//! Why a data file cannot be used.

use std::fmt;

use super::{COLUMN_COUNT_MAX, ROW_BYTES_MAX};

/// What is wrong with a data file. Lines count from 1. What stands in a row is not repeated: it may be secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The operating system's reason.
    Unreadable(String),
    /// There is no row in it.
    NoRows,
    /// A row is longer than [`ROW_BYTES_MAX`], or begins a quoted field that never ends.
    LongRow {
        /// Where it begins.
        line: u64,
    },
    /// A row is not UTF-8.
    NotUtf8 {
        /// Where it begins.
        line: u64,
    },
    /// A row of a CSV file has more or fewer fields than there are columns.
    Ragged {
        /// Where it begins.
        line: u64,
        /// How many it has.
        field_count: usize,
        /// How many there are columns.
        column_count: usize,
    },
    /// A row of a JSON file lacks a column that the first one has.
    Lacks {
        /// Where it begins.
        line: u64,
        /// The column.
        column: String,
    },
    /// Two columns have one name.
    DuplicateColumn(String),
    /// A column has no name; they count from 1.
    NamelessColumn(usize),
    /// More than [`COLUMN_COUNT_MAX`].
    ManyColumns,
    /// A JSON file is not an array.
    NotAnArray,
    /// Something follows on the array's end.
    BehindArray {
        /// Where.
        line: u64,
    },
    /// A row is not JSON.
    NotJson {
        /// Where it begins.
        line: u64,
        /// The parser's reason, without a place.
        reason: String,
    },
    /// A row is JSON, but no map.
    NotAMap {
        /// Where it begins.
        line: u64,
    },
    /// There is no such row: the file has changed since it was looked through.
    Gone,
}

impl Fault {
    /// The same at another line, where it is of a row.
    pub(super) fn at_line(mut self, at: u64) -> Self {
        if let Self::LongRow { line } | Self::NotUtf8 { line } | Self::Ragged { line, .. } = &mut self {
            *line = at;
        }
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(reason) => f.write_str(reason),
            Self::NoRows => f.write_str("it has no rows"),
            Self::LongRow { line } => {
                write!(
                    f,
                    "the row at line {line} is longer than {ROW_BYTES_MAX} bytes; is a quote left open?"
                )
            }
            Self::NotUtf8 { line } => write!(f, "the row at line {line} is not UTF-8"),
            Self::Ragged { line, field_count, column_count } => {
                let s = if *field_count == 1 { "" } else { "s" };
                let columns =
                    if *column_count == 1 { "is 1 column" } else { &format!("are {column_count} columns") };
                write!(f, "the row at line {line} has {field_count} field{s} where there {columns}")
            }
            Self::Lacks { line, column } => {
                write!(f, "the row at line {line} has no `{column}`, which the first one has")
            }
            Self::DuplicateColumn(name) => write!(f, "two columns are called `{name}`"),
            Self::NamelessColumn(number) => write!(f, "column {number} has no name"),
            Self::ManyColumns => write!(f, "it has more than {COLUMN_COUNT_MAX} columns"),
            Self::NotAnArray => f.write_str("it is no JSON array; a file with a map a line is `jsonl`"),
            Self::BehindArray { line } => write!(f, "something stands behind the array, at line {line}"),
            Self::NotJson { line, reason } => write!(f, "the row at line {line} is not JSON: {reason}"),
            Self::NotAMap { line } => write!(f, "the row at line {line} is no map"),
            Self::Gone => f.write_str("it has changed since it was looked through"),
        }
    }
}

impl std::error::Error for Fault {}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::Unreadable(error.to_string())
    }
}
