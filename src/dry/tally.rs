//! What is counted while a run is gone through. A user that stands for several counts as often.

use std::collections::BTreeMap;
use std::time::Duration;

use super::made::Unmade;
use super::timeline::Timeline;
use crate::metrics::{Counts, ErrorKind, ErrorTable};

/// How many there are, and the most there were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Level {
    now: u64,
    pub(super) peak: u64,
}

/// Messages that one step sends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sends {
    pub(super) message_count: u64,
    pub(super) payload_bytes: u64,
}

/// The figures of a run.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) counts: Counts,
    pub(super) errors: ErrorTable,
    /// By place of the program.
    pub(super) sends: BTreeMap<u32, Sends>,
    /// What could not be made up, by place of the program: how often, and why at first.
    pub(super) unmade: BTreeMap<u32, (u64, Unmade)>,
    /// Frames with their headers, control frames too.
    pub(super) wire_bytes_sent: u64,
    pub(super) wire_bytes_received: u64,
    pub(super) longest_sent: usize,
    pub(super) longest_received: usize,
    /// The most that a user held in its slots when it left, beyond the slots themselves.
    pub(super) values_bytes: usize,
    pub(super) users: Level,
    pub(super) connections: Level,
    pub(super) timeline: Timeline,
}

impl Level {
    fn up(&mut self, by: u64) {
        self.now += by;
        self.peak = self.peak.max(self.now);
    }

    fn down(&mut self, by: u64) {
        self.now = self.now.saturating_sub(by);
    }
}

impl Tally {
    pub(super) fn go_on(&mut self, now: Duration) {
        self.timeline.go_on(now.as_secs(), self.users.now, self.connections.now);
    }

    pub(super) fn user_came(&mut self, users: u64) {
        self.counts.users_started += users;
        self.users.up(users);
        let present = self.timeline.present();
        present.users = present.users.max(self.users.now);
    }

    pub(super) fn user_left(&mut self, users: u64, has_failed: bool) {
        let count = if has_failed { &mut self.counts.users_failed } else { &mut self.counts.users_finished };
        *count += users;
        self.users.down(users);
    }

    /// A socket is opened.
    pub(super) fn connection_begun(&mut self, users: u64) {
        self.connections.up(users);
        let present = self.timeline.present();
        present.connections = present.connections.max(self.connections.now);
    }

    pub(super) fn connection_ended(&mut self, users: u64) {
        self.connections.down(users);
    }

    /// A connection stands, with permessage-deflate where that was offered.
    pub(super) fn connected(&mut self, users: u64, is_deflated: bool) {
        let counts = &mut self.counts;
        counts.connections_attempted += users;
        counts.connections_established += users;
        counts.connections_deflated += u64::from(is_deflated) * users;
        self.timeline.present().connects += users;
    }

    pub(super) fn sent(&mut self, users: u64, payload_bytes: usize) {
        let bytes = payload_bytes as u64 * users;
        self.counts.messages_sent += users;
        self.counts.bytes_sent += bytes;
        self.longest_sent = self.longest_sent.max(payload_bytes);
        let present = self.timeline.present();
        present.messages_sent += users;
        present.bytes_sent += bytes;
    }

    pub(super) fn received(&mut self, users: u64, payload_bytes: usize) {
        let bytes = payload_bytes as u64 * users;
        self.counts.messages_received += users;
        self.counts.bytes_received += bytes;
        self.longest_received = self.longest_received.max(payload_bytes);
        self.frame_received(users, payload_bytes);
        let present = self.timeline.present();
        present.messages_received += users;
        present.bytes_received += bytes;
    }

    /// A client masks what it sends (RFC 6455 section 5.3).
    pub(super) fn frame_sent(&mut self, users: u64, payload_bytes: usize) {
        self.wire_bytes_sent += (payload_bytes + header_bytes(payload_bytes) + 4) as u64 * users;
    }

    pub(super) fn frame_received(&mut self, users: u64, payload_bytes: usize) {
        self.wire_bytes_received += (payload_bytes + header_bytes(payload_bytes)) as u64 * users;
    }

    pub(super) fn error(&mut self, users: u64, kind: ErrorKind, place: u32, sample: impl FnOnce() -> String) {
        self.errors.add(kind, Some(place), users, sample);
        self.timeline.present().errors += users;
    }

    pub(super) fn could_not_make(&mut self, users: u64, place: u32, why: Unmade) {
        self.unmade.entry(place).or_insert((0, why)).0 += users;
    }
}

/// The header of a frame without its mask (RFC 6455 section 5.2).
fn header_bytes(payload_bytes: usize) -> usize {
    match payload_bytes {
        0..=125 => 2,
        126..=65_535 => 4,
        _ => 10,
    }
}
