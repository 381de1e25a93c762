//! What a server counted, so that a test can hold it against what a load generator counted.
//!
//! Each half of a connection counts into its own [`Tally`] without sharing anything; the tallies are added up
//! when the halves end, whichever way they end.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// The figures of one server from its start to its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    /// WebSocket connections: upgrades answered with 101.
    pub connections_accepted: u64,
    /// Those that had to be cut off because they were still open when the time for ending was over.
    pub connections_open: u64,
    /// The most connections open at one time.
    pub connections_peak: u64,
    /// Connections on which compression was agreed.
    pub connections_deflated: u64,
    /// Logins that were answered with a token.
    pub logins: u64,
    /// Logins that were refused.
    pub logins_refused: u64,
    /// TCP connections that were not upgraded and had no login answered: another HTTP request, a broken one, none in
    /// time.
    pub handshakes_refused: u64,
    /// Data messages that came in and were dealt with, whole messages whatever their fragments.
    pub messages_in: u64,
    /// Data messages that came in after a Close was due: read, and neither answered nor among `messages_in`.
    pub messages_ignored: u64,
    /// Data messages handed to the kernel to their last byte, keepalives among them.
    pub messages_out: u64,
    /// Data messages that came in compressed, whatever became of them.
    pub deflated_in: u64,
    /// Payload bytes of `deflated_in` as they came.
    pub deflated_bytes_in: u64,
    /// Payload bytes of `messages_in`, without frame headers.
    pub bytes_in: u64,
    /// Payload bytes of `messages_ignored`, without frame headers.
    pub bytes_ignored: u64,
    /// Payload bytes of `messages_out`, without frame headers.
    pub bytes_out: u64,
    /// Replies and broadcast copies held back on purpose (`--drop`).
    pub dropped: u64,
    /// Copies of broadcasts, one for each member of a room at each `say`, whatever became of them.
    pub copies: u64,
    /// Copies never sent on purpose (`--lose`).
    pub lost: u64,
    /// Copies sent once more on purpose (`--duplicate`).
    pub duplicated: u64,
    /// Copies that a later one of the same sender overtook on purpose (`--reorder`).
    pub reordered: u64,
    /// Copies sent to connections outside of the room on purpose (`--leak`).
    pub leaked: u64,
    /// Messages that were queued when their connection ended, and so were never sent.
    pub undelivered: u64,
    /// Connections closed with 4000 because a keepalive did not come back in time.
    pub keepalive_timeouts: u64,
    /// Connections closed with 1013 because their outgoing queue was full.
    pub overflows: u64,
    /// Connections closed with 1002, 1007 or 1009 because of what they sent.
    pub protocol_errors: u64,
}

impl Totals {
    /// Adds the counts of `other`; `connections_peak` is the larger of the two.
    pub fn add(&mut self, other: &Self) {
        self.connections_accepted += other.connections_accepted;
        self.connections_open += other.connections_open;
        self.connections_peak = self.connections_peak.max(other.connections_peak);
        self.connections_deflated += other.connections_deflated;
        self.logins += other.logins;
        self.logins_refused += other.logins_refused;
        self.handshakes_refused += other.handshakes_refused;
        self.messages_in += other.messages_in;
        self.messages_ignored += other.messages_ignored;
        self.messages_out += other.messages_out;
        self.deflated_in += other.deflated_in;
        self.deflated_bytes_in += other.deflated_bytes_in;
        self.bytes_in += other.bytes_in;
        self.bytes_ignored += other.bytes_ignored;
        self.bytes_out += other.bytes_out;
        self.dropped += other.dropped;
        self.copies += other.copies;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.reordered += other.reordered;
        self.leaked += other.leaked;
        self.undelivered += other.undelivered;
        self.keepalive_timeouts += other.keepalive_timeouts;
        self.overflows += other.overflows;
        self.protocol_errors += other.protocol_errors;
    }

    /// One line of JSON without its line feed: `{"server":"chat","connections_accepted":2,...}`.
    pub fn to_json(&self, server: &str) -> String {
        serde_json::to_string(&Named { server: server.into(), totals: *self })
            .expect("numbers and a name always serialize")
    }

    /// Reads what [`Totals::to_json`] wrote.
    pub fn from_json(line: &str) -> Result<(String, Self), serde_json::Error> {
        serde_json::from_str::<Named>(line).map(|named| (named.server, named.totals))
    }
}

#[derive(Serialize, Deserialize)]
struct Named {
    server: String,
    #[serde(flatten)]
    totals: Totals,
}

/// Where the tallies of a server come together.
pub(crate) type Ledger = Arc<Mutex<Totals>>;

/// Counts of one half of one connection; added to the ledger when dropped, also by a panic or an abort.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) counts: Totals,
    ledger: Ledger,
}

impl Tally {
    pub(crate) fn new(ledger: &Ledger) -> Self {
        Self { counts: Totals::default(), ledger: Arc::clone(ledger) }
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner).add(&self.counts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_reads_back_as_it_was_written() {
        let totals = Totals { messages_in: 3, bytes_out: 9, ..Totals::default() };
        let line = totals.to_json("chat");
        assert!(line.starts_with(r#"{"server":"chat","connections_accepted":0,"#), "{line}");
        assert!(!line.contains('\n'));
        assert_eq!(Totals::from_json(&line).unwrap(), ("chat".to_owned(), totals));
    }

    #[test]
    fn tallies_come_together_when_they_end() {
        let ledger = Ledger::default();
        for _ in 0..3 {
            let mut tally = Tally::new(&ledger);
            tally.counts.messages_in = 2;
            tally.counts.connections_peak = 5;
        }
        let sum = *ledger.lock().unwrap();
        assert_eq!((sum.messages_in, sum.connections_peak), (6, 5));
    }
}
