//! How what the user asked for went: a connection that stands or does not, one of a pool, an answer over HTTP that cannot be had.

use super::Driver;
use crate::engine::failure::connect_kind;
use crate::engine::frames::payload;
use crate::engine::opening::Opened;
use crate::engine::pool::{Idle, Lease};
use crate::machine::{ConnectRequest, Input};
use crate::metrics::ErrorKind;
use crate::net::{self, Connection};
use crate::program::{LinkId, Pool};

/// The close code of one that leaves (RFC 6455 section 7.4.1).
const GOING_AWAY: u16 = 1001;

impl Driver {
    /// A connection stands: its times are recorded, and the user goes on.
    pub(in super::super) fn connected(
        &mut self,
        link: LinkId,
        request: &ConnectRequest,
        opened: Opened,
    ) -> net::Reader {
        let Opened { connection, codec, behind } = opened;
        let Connection { timings, subprotocol, headers, reader, writer, deflate, .. } = connection;
        let shard = &self.wire.shard;
        shard.count(|counts| {
            counts.connections_attempted += 1;
            counts.connections_established += 1;
            counts.connections_deflated += u64::from(deflate.is_some());
            counts.deflate_declined += u64::from(request.deflate.is_some() && deflate.is_none());
            if let Some(tls) = timings.dial.tls {
                counts.tls_handshakes += 1;
                counts.tls_resumed += u64::from(tls.is_resumed);
            }
        });
        shard.time_connect(&request.timers, &timings);
        self.wire.half_mut(link).opened(writer, codec);
        if self.is_watched() {
            self.watch_connected(link, (101, subprotocol.as_deref()), deflate.is_some());
        }
        self.upgraded(link, request, &headers, subprotocol.as_deref());
        for (at, content) in behind {
            let payload = payload(content.as_frame());
            self.wire.shard.count_received(payload.bytes().len(), None, 1);
            self.message(self.wire.shard.at(at), link, payload);
        }
        if self.is_done() {
            // It left while the connection came about.
            self.wire.half_mut(link).queue_close(Some(GOING_AWAY), "");
            self.flush();
        }
        reader
    }

    /// The connection that stands is one of a pool.
    pub(in super::super) fn is_lent(&mut self, link: LinkId, lease: Lease) {
        self.wire.half_mut(link).lease = Some(Box::new(lease));
    }

    /// The user has a connection of a pool that stood already.
    pub(in super::super) fn borrowed(&mut self, link: LinkId, lease: Lease, idle: Idle) {
        let half = self.wire.half_mut(link);
        half.opened(idle.writer, idle.codec);
        half.lease = Some(Box::new(lease));
        if self.is_watched() {
            self.watch_on(link, "has a connection of the pool that stood already");
        }
        self.input(Input::Connected(link));
        // It may have left meanwhile.
        let is_done = self.is_done();
        self.wire.half_mut(link).is_giving_back |= is_done;
    }

    /// Whether the user has a connection of a pool.
    pub(in super::super) fn has_lease(&self, link: LinkId) -> bool {
        self.wire.half(link).lease.is_some()
    }

    /// Has a connection of a pool read again.
    pub(in super::super) fn wake_reader(&self, link: LinkId) {
        if let Some(lease) = &self.wire.half(link).lease {
            lease.wake_reader();
        }
    }

    /// Gives a connection back to its pool where the user has said so and all that it said has left; whether it did.
    pub(in super::super) fn gives_back(&mut self, link: LinkId) -> bool {
        let Some((lease, idle)) = self.wire.half_mut(link).take_lease() else { return false };
        lease.give_back(idle);
        self.input(Input::GivenBack(link));
        true
    }

    /// No connection of a pool became free in time.
    pub(in super::super) fn none_free(&mut self, link: LinkId, pool: &Pool) {
        let after = pool.acquire_timeout;
        let detail = format!("no connection of the pool `{}` was free within {after:?}", pool.name);
        self.error(ErrorKind::AcquireTimeout, &detail);
        self.input(Input::ConnectFailed(link));
    }

    pub(in super::super) fn connect_failed(
        &mut self,
        link: LinkId,
        request: &ConnectRequest,
        failure: &net::ConnectFailure,
    ) {
        if self.refused(link, request, failure) {
            return;
        }
        let kind = connect_kind(&failure.kind);
        if matches!(failure.kind, net::ConnectFailureKind::Request(_)) {
            self.count_failed_connect();
            self.error(kind, failure);
            return self.input(Input::ConnectUnsendable(link));
        }
        self.count_connect_failure(link, kind, failure);
    }

    pub(in super::super) fn connect_timed_out(&mut self, link: LinkId, request: &ConnectRequest) {
        let address = self.wire.shard.target_of(request).address();
        let after = request.timeout;
        self.wire.shard.given_up(request.timers.total, after);
        let detail = format_args!("no connection to {address} within {after:?}").to_string();
        self.count_connect_failure(link, ErrorKind::ConnectTimeout, &detail);
    }

    fn count_failed_connect(&self) {
        self.wire.shard.count(|counts| {
            counts.connections_attempted += 1;
            counts.connections_failed += 1;
        });
    }

    fn count_connect_failure(&mut self, link: LinkId, kind: ErrorKind, detail: &dyn std::fmt::Display) {
        self.count_failed_connect();
        if !self.user.tries_again() {
            self.error(kind, detail);
        } else if self.is_watched() {
            self.watch_on(link, &format!("not connected: {kind}: {detail}; another attempt follows"));
        }
        self.input(Input::ConnectFailed(link));
    }

    /// The target that a request is for cannot be connected to.
    pub(in super::super) fn fetch_unreached(&mut self, kind: ErrorKind, detail: &dyn std::fmt::Display) {
        if !self.user.asks_again() {
            self.error(kind, detail);
        } else if self.is_watched() {
            self.wire.watch(&format!("not answered: {kind}: {detail}; another attempt follows"));
        }
        self.input(Input::FetchUnreached);
    }
}
