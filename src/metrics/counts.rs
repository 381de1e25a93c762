//! The plain counters of a run, and the names by which thresholds call them.

use serde::{Deserialize, Serialize};

use super::counters::counters;

counters! {
    /// What was counted, each since the beginning of the interval or the run.
    struct Counts;
    /// One of the [`Counts`], by name.
    enum Counter;
    /// Users that began.
    users_started UsersStarted "users.started";
    /// Users that left without having failed.
    users_finished UsersFinished "users.finished" of UsersStarted;
    /// Users that left having failed; they are not among the finished.
    users_failed UsersFailed "users.failed" of UsersStarted;
    /// Users that left because a data file had no row for them any more; they are among the finished and the failed.
    users_out_of_data UsersOutOfData "users.out_of_data" of UsersStarted;
    /// Users that were due to come in an open load.
    arrivals_due ArrivalsDue "arrivals.due";
    /// Those of them that were turned away, because as many as may be were there.
    arrivals_missed ArrivalsMissed "arrivals.missed" of ArrivalsDue;
    /// Connections tried, counted when it is known how it went: name resolution, TCP and upgrade together are one.
    connections_attempted ConnectionsAttempted "connections.attempted";
    /// Connections whose upgrade succeeded.
    connections_established ConnectionsEstablished "connections.established" of ConnectionsAttempted;
    /// Connections that were not established.
    connections_failed ConnectionsFailed "connections.failed" of ConnectionsAttempted;
    /// Upgrades that the server refused where the plan expects a status; they are not among the failed.
    connections_refused ConnectionsRefused "connections.refused" of ConnectionsAttempted;
    /// Established connections that the peer ended first, whether that was expected or not.
    connections_closed_by_peer ConnectionsClosedByPeer "connections.closed_by_peer" of ConnectionsEstablished;
    /// Connections that stand with another target than the one that was tried first.
    failovers Failovers "connections.failovers" of ConnectionsEstablished;
    /// How often a user was given a connection of a pool.
    pools_borrowed PoolsBorrowed "pools.borrowed";
    /// Connections that were opened for that, because none that stood was free.
    pools_opened PoolsOpened "pools.opened" of PoolsBorrowed;
    /// Established connections on which permessage-deflate (RFC 7692) was agreed.
    connections_deflated ConnectionsDeflated "connections.deflated" of ConnectionsEstablished;
    /// Established connections whose server did not take the offer of permessage-deflate.
    deflate_declined DeflateDeclined "connections.deflate_declined" of ConnectionsEstablished;
    /// Connections that stand again after they were lost.
    reconnects Reconnects "connections.reconnects" of ConnectionsEstablished;
    /// TLS handshakes of established connections.
    tls_handshakes TlsHandshakes "tls.handshakes";
    /// Those of them in which a session of before was taken up.
    tls_resumed TlsResumed "tls.resumed" of TlsHandshakes;
    /// Whole data messages sent (not frames, not control frames).
    messages_sent MessagesSent "messages.sent";
    /// Whole data messages received.
    messages_received MessagesReceived "messages.received";
    /// Bytes of payload sent in data messages.
    bytes_sent BytesSent "messages.bytes_sent";
    /// Bytes of payload received in data messages.
    bytes_received BytesReceived "messages.bytes_received";
    /// Messages that were compressed to be sent.
    deflated_sent DeflatedSent "deflate.sent";
    /// Bytes of payload of those, before.
    deflate_bytes_sent DeflateBytesSent "deflate.bytes_sent";
    /// Bytes of payload of those, compressed.
    deflate_compressed_sent DeflateCompressedSent "deflate.compressed_sent" of DeflateBytesSent;
    /// Messages received compressed.
    deflated_received DeflatedReceived "deflate.received" of MessagesReceived;
    /// Bytes of payload of those, made whole.
    deflate_bytes_received DeflateBytesReceived "deflate.bytes_received";
    /// Bytes of payload of those, as they came.
    deflate_compressed_received DeflateCompressedReceived "deflate.compressed_received" of DeflateBytesReceived;
    /// Writes in which messages and control frames began to leave; one may hold several.
    writes Writes "messages.writes";
    /// Messages received that nothing in the plan took.
    messages_unmatched MessagesUnmatched "messages.unmatched" of MessagesReceived;
    /// Messages that a full inbox let go before anything could take them.
    inbox_dropped InboxDropped "messages.dropped" of MessagesReceived;
    /// Messages that were due at a time, as paced loops say, and were sent or missed.
    sends_due SendsDue "sends.due";
    /// Messages that began to leave more than 10 ms after they were due.
    sends_late SendsLate "sends.late" of SendsDue;
    /// Messages that were due and not sent before the loop was cut off by the end of the run or by a failure.
    sends_missed SendsMissed "sends.missed" of SendsDue;
    /// Requests made.
    requests Requests "requests";
    /// Requests that had to wait because as many as `in_flight` allows were pending.
    requests_throttled RequestsThrottled "requests.throttled" of Requests;
    /// Replies that came after the time for them had run out, and that nothing else in the plan took.
    replies_late RepliesLate "replies.late" of Requests;
    /// Replies that came again, and that nothing else in the plan took.
    replies_duplicated RepliesDuplicated "replies.duplicated" of Requests;
    /// Replies that had not come when their connection ended, or long after the time for them had run out.
    replies_missing RepliesMissing "replies.missing" of Requests;
    /// Requests over HTTP, each redirect that was followed among them.
    http_requests HttpRequests "http.requests";
    /// `http` steps that failed: without an answer, or with one that is not wanted.
    http_failed HttpFailed "http.failed" of HttpRequests;
    /// Bytes of bodies sent over HTTP.
    http_bytes_sent HttpBytesSent "http.bytes_sent";
    /// Bytes of bodies received over HTTP.
    http_bytes_received HttpBytesReceived "http.bytes_received";
    /// Runs of a scenario that ended, well or not.
    iterations Iterations "iterations";
    /// Runs of a scenario that failed.
    iterations_failed IterationsFailed "iterations.failed" of Iterations;
    /// Connects, requests, expects and other waits for the server that ended, well or not: what the error rate is a share of.
    operations Operations "operations";
}

/// How many there are of something that comes and goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gauge {
    /// How many there are at the end of the interval.
    pub now: u64,
    /// The most there were at one time in the interval.
    ///
    /// Exact for one thread. Of several threads the peaks are added interval by interval: never less than the
    /// truth, and more only by what left one thread and came to another within the same interval.
    pub peak: u64,
}

impl Gauge {
    /// One more.
    pub fn up(&mut self) {
        self.now += 1;
        self.peak = self.peak.max(self.now);
    }

    /// One less.
    pub fn down(&mut self) {
        debug_assert!(self.now > 0, "more left than came");
        self.now = self.now.saturating_sub(1);
    }

    /// Ends the interval: what it saw is returned, and the next one begins with as many as there are.
    #[must_use]
    pub fn take(&mut self) -> Self {
        std::mem::replace(self, Self { now: self.now, peak: self.now })
    }

    /// Adds those of another thread or machine in the same interval.
    pub fn merge(&mut self, other: Self) {
        self.now = self.now.saturating_add(other.now);
        self.peak = self.peak.saturating_add(other.peak);
    }

    /// Goes on to the interval that follows.
    pub fn append(&mut self, later: Self) {
        self.now = later.now;
        self.peak = self.peak.max(later.peak);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_adds_up_and_has_its_own_name() {
        let fields = serde_json::to_value(Counts::default()).unwrap();
        let numbered: serde_json::Map<_, _> =
            fields.as_object().unwrap().keys().zip(1u64..).map(|(k, n)| (k.clone(), n.into())).collect();
        assert_eq!(numbered.len(), Counter::ALL.len());
        let mut counts: Counts = serde_json::from_value(numbered.into()).unwrap();
        counts.merge(&counts.clone());
        for (counter, n) in Counter::ALL.iter().zip(1u64..) {
            assert_eq!(counter.of(&counts), 2 * n, "{}", counter.name());
        }
        let names: std::collections::BTreeSet<_> = Counter::ALL.iter().map(|c| c.name()).collect();
        assert_eq!(names.len(), Counter::ALL.len());
    }

    #[test]
    fn a_peak_within_an_interval_is_seen_and_not_carried_over() {
        let mut users = Gauge::default();
        users.up();
        users.up();
        users.down();
        assert_eq!(users.take(), Gauge { now: 1, peak: 2 });
        assert_eq!(users.take(), Gauge { now: 1, peak: 1 });
    }

    #[test]
    fn threads_add_and_intervals_follow() {
        let mut first = Gauge { now: 3, peak: 5 };
        first.merge(Gauge { now: 1, peak: 2 });
        assert_eq!(first, Gauge { now: 4, peak: 7 });
        first.append(Gauge { now: 0, peak: 4 });
        assert_eq!(first, Gauge { now: 0, peak: 7 });
    }
}
