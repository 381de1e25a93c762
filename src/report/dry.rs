//! What a plan would do, as a dry run has found out: as text for people, and for programs.

mod json;
mod text;

use std::time::Duration;

use super::{ErrorRow, Place};
use crate::dry::{Outcome, Share};

pub use json::to_json;
pub use text::render;

/// A dry run of a plan.
#[derive(Debug, Clone)]
pub struct DryRun {
    /// The plan's name.
    pub plan: String,
    /// The plan's file, as it was given.
    pub path: String,
    /// The word for who answered.
    pub peer: &'static str,
    /// How long everything took that went to the server and back.
    pub latency: Duration,
    /// Whether the load is a search, of which this is the highest level.
    pub is_search: bool,
    /// What fixed every draw.
    pub seed: u64,
    /// How long it was gone through at most, in time of the real world.
    pub patience: Duration,
    /// What came of it.
    pub outcome: Outcome,
    /// What failed, with its places.
    pub errors: Vec<ErrorRow>,
    /// The messages of each step and reaction.
    pub steps: Vec<Step>,
    /// What could not be answered: where, how often, why.
    pub unanswered: Vec<(Place, u64, String)>,
    /// Where a user goes on without any time passing, if one does.
    pub timeless: Option<Place>,
    /// What it takes.
    pub needs: Needs,
}

/// Messages that come from one place of the plan.
#[derive(Debug, Clone)]
pub struct Step {
    /// What the figures call the step, or what it is.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// How many.
    pub message_count: u64,
    /// Bytes of their payloads.
    pub payload_bytes: u64,
}

/// What a run takes of this machine.
#[derive(Debug, Clone)]
pub struct Needs {
    /// Of memory.
    pub memory: Vec<Share>,
    /// How many open files.
    pub files: u64,
    /// How many there may be, where the system says.
    pub files_limit: Option<u64>,
    /// How many local ports.
    pub ports: u64,
    /// How many an address has, where the system says.
    pub ports_available: Option<u64>,
}

impl Needs {
    /// All of the memory, in bytes.
    pub fn memory_bytes(&self) -> u64 {
        self.memory.iter().map(Share::bytes).fold(0, u64::saturating_add)
    }

    /// How many addresses it has to come from, to one address of the server.
    pub fn addresses(&self) -> u64 {
        self.ports_available.map_or(1, |available| self.ports.div_ceil(available.max(1))).max(1)
    }
}
