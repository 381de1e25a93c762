//! One message each of those that went by unused, so that who sees the count sees what it counts.

use serde::{Deserialize, Serialize};

use super::errors::cut;

/// The first message of each sort. They may hold anything that a server sends: escape them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Samples {
    /// Of `messages.unmatched`.
    pub unmatched: Option<String>,
    /// Of `messages.dropped`.
    pub dropped: Option<String>,
}

impl Samples {
    /// Fills what is empty here with another's.
    pub fn merge(&mut self, other: &Self) {
        for (own, other) in [(&mut self.unmatched, &other.unmatched), (&mut self.dropped, &other.dropped)] {
            if own.is_none() {
                own.clone_from(other);
            }
        }
    }

    /// Keeps what `message` says, cut to [`SAMPLE_BYTES_MAX`](super::SAMPLE_BYTES_MAX), unless there is one already.
    pub(super) fn keep(sample: &mut Option<String>, message: impl FnOnce() -> String) {
        if sample.is_none() {
            *sample = Some(cut(message()));
        }
    }
}
