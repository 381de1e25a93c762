//! `--fail-on`: what makes a run fail beside the plan's thresholds.

use clap::ValueEnum;

use crate::metrics::{Reason, Snapshot};

/// A word of `--fail-on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// The generator was the bottleneck
    Saturated,
    /// Anything failed, also where a threshold allows it
    Errors,
    /// A message came that nothing in the plan took
    Unmatched,
}

impl FailOn {
    fn word(self) -> &'static str {
        match self {
            Self::Saturated => "saturated",
            Self::Errors => "errors",
            Self::Unmatched => "unmatched",
        }
    }

    fn holds(self, totals: &Snapshot, reasons: &[Reason]) -> bool {
        match self {
            Self::Saturated => !reasons.is_empty(),
            Self::Errors => totals.errors.total() > 0,
            Self::Unmatched => totals.counts.messages_unmatched > 0,
        }
    }
}

/// The words that came true, each once.
pub(super) fn failures(asked: &[FailOn], totals: &Snapshot, reasons: &[Reason]) -> Vec<&'static str> {
    let is_asked = |word: &&FailOn| asked.contains(word);
    let came_true =
        FailOn::value_variants().iter().filter(is_asked).filter(|word| word.holds(totals, reasons));
    came_true.map(|word| word.word()).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::metrics::watch::Limit;
    use crate::metrics::{ErrorKind, Layout};

    #[test]
    fn each_word_looks_at_its_own_figure() {
        let quiet = Snapshot::new(Arc::new(Layout::default()));
        let (mut failed, mut unmatched) = (quiet.clone(), quiet.clone());
        failed.errors.count(ErrorKind::Timeout, None, String::new);
        unmatched.counts.messages_unmatched = 1;
        let reasons = [Reason::Files(Limit { error_count: 1, limit: None })];
        let all = FailOn::value_variants();
        assert_eq!(failures(all, &quiet, &[]), [""; 0]);
        assert_eq!(failures(all, &quiet, &reasons), ["saturated"]);
        assert_eq!(failures(all, &failed, &[]), ["errors"]);
        assert_eq!(failures(all, &unmatched, &[]), ["unmatched"]);
        assert_eq!(failures(&[FailOn::Errors, FailOn::Errors], &failed, &reasons), ["errors"]);
        assert_eq!(failures(&[], &failed, &reasons), [""; 0]);
    }
}
