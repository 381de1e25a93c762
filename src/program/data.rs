//! Data files: which there are, and which of their columns go into which slots.

use std::sync::Arc;

use super::id::{DataId, SlotId};
use crate::data::Table;
use crate::diagnostic::Span;

/// A data file.
#[derive(Debug, Clone)]
pub struct DataFile {
    /// What the plan calls it.
    pub name: String,
    /// Its path, as the plan has it.
    pub path: String,
    /// Its rows, once for all threads.
    pub table: Arc<Table>,
    /// Which row a user takes for an iteration.
    pub pick: Pick,
    /// What a user does that is to take a row behind the last one.
    pub at_end: AtEnd,
    /// Where it stands in the plan.
    pub span: Span,
}

/// Which row a user takes for an iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// One after the other over all users.
    Sequential,
    /// Any.
    Random,
    /// One after the other over all users, none of them twice.
    Unique,
    /// The same row in each of its iterations.
    PerUser,
}

/// What a user does that is to take a row behind the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtEnd {
    /// It begins with the first row again.
    Recycle,
    /// It leaves.
    StopUser,
    /// All leave.
    StopRun,
}

/// What the users of a scenario take from a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataUse {
    /// The file.
    pub data: DataId,
    /// Columns, each with the slot that its value goes into.
    pub columns: Vec<(usize, SlotId)>,
    /// The slot that the whole row goes into, as a map.
    pub row: Option<SlotId>,
}

impl DataUse {
    /// The slots that a row fills.
    pub fn slots(&self) -> impl Iterator<Item = SlotId> + '_ {
        self.columns.iter().map(|(_, slot)| *slot).chain(self.row)
    }
}

impl Pick {
    /// Its word in the plan.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sequential => "sequential",
            Self::Random => "random",
            Self::Unique => "unique",
            Self::PerUser => "per_user",
        }
    }
}

impl AtEnd {
    /// Its word in the plan.
    pub fn word(self) -> &'static str {
        match self {
            Self::Recycle => "recycle",
            Self::StopUser => "stop_user",
            Self::StopRun => "stop_run",
        }
    }
}
