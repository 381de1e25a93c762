//! What a run comes to, as an exit status.

use crate::cli::Exit;
use crate::engine::Outcome;
use crate::metrics::ErrorKind;

/// Interrupted goes before everything, because the run was not the one that was asked for; a target that nobody ever
/// reached goes before the verdict, because nothing was tested, and so does a setup that failed.
pub(super) fn of(outcome: &Outcome, is_set_up: bool, has_held: bool, was_interrupted: bool) -> Exit {
    let counts = &outcome.totals.counts;
    let was_reached = counts.connections_established > 0 || counts.connections_attempted == 0;
    if was_interrupted {
        Exit::Interrupted
    } else if !is_set_up || !outcome.is_whole || !was_reached && nothing_answered(outcome) {
        Exit::Unable
    } else if has_held {
        Exit::Success
    } else {
        Exit::Verdict
    }
}

/// Whether all errors are of kinds that say that nobody was there; a server that answers and refuses was tested.
fn nothing_answered(outcome: &Outcome) -> bool {
    outcome.totals.errors.entries().all(|entry| {
        matches!(
            entry.kind,
            ErrorKind::Dns
                | ErrorKind::Refused
                | ErrorKind::Unreachable
                | ErrorKind::ConnectTimeout
                | ErrorKind::OutOfFiles
                | ErrorKind::OutOfPorts
        )
    })
}
