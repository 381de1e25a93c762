//! Connections: they are opened, shared, and ended.

use std::time::Duration;

use super::Peer;
use super::made::Answer;
use super::person::ConnectionState;
use super::pools::{Granted, Turn};
use super::world::{Happening, World};
use crate::codec::Codec;
use crate::drive::place_index;
use crate::machine::{ConnectRequest, Disconnect, FetchRequest, Input};
use crate::metrics::ErrorKind;
use crate::program::{LinkId, PoolId};

impl World<'_> {
    pub(super) fn connect(&mut self, who: u64, link: LinkId, request: &ConnectRequest) {
        let answer = self.answer_of(who, request.place).filter(|_| request.wants_answer);
        let Some(person) = self.people.get_mut(&who) else { return };
        let users = person.users;
        let connection = &mut person.connections[link.index()];
        connection.number += 1;
        (connection.is_closing, connection.has_queued) = (false, false);
        connection.is_offering = request.deflate.is_some();
        connection.pool = request.pool.map(|borrowing| borrowing.pool);
        let turn = Turn { who, link, connection: connection.number };
        let Some(pool) = connection.pool else {
            connection.state = ConnectionState::Opening;
            self.tally.connection_begun(users);
            return self.open(turn, answer, request.timeout);
        };
        connection.state = ConnectionState::Waiting;
        if let Some(granted) = self.pools.ask(pool, turn) {
            return self.lend(pool, turn, granted);
        }
        let patience = self.job.program.pools[pool.index()].acquire_timeout;
        self.agenda.at(self.now + patience, Happening::NoneFree(turn));
    }

    /// Begins to open a connection, which takes too long or not.
    fn open(&mut self, turn: Turn, answer: Option<Box<Answer>>, timeout: Duration) {
        let latency = self.job.latency;
        if latency > timeout {
            return self.agenda.at(self.now + timeout, Happening::NotConnected(turn));
        }
        self.agenda.at(self.now + latency, Happening::Connected { turn, is_new: true, answer });
    }

    /// Somebody has its turn to have a connection of a pool.
    fn lend(&mut self, pool: PoolId, turn: Turn, granted: Granted) {
        let Some(person) = self.people.get_mut(&turn.who) else { return };
        let users = person.users;
        let Some(connection) = person.connection(turn, ConnectionState::Waiting) else { return };
        connection.state = ConnectionState::Opening;
        if granted == Granted::ToOpen {
            self.tally.connection_begun(users);
            let timeout = self.job.program.pools[pool.index()].connect.timeout;
            return self.open(turn, None, timeout);
        }
        self.agenda.at(self.now, Happening::Connected { turn, is_new: false, answer: None });
    }

    pub(super) fn not_connected(&mut self, turn: Turn) {
        let after = self.job.latency;
        let Some(person) = self.people.get_mut(&turn.who) else { return };
        if person.connection(turn, ConnectionState::Opening).is_none() {
            return;
        }
        let counts = &mut self.tally.counts;
        counts.connections_attempted += person.users;
        counts.connections_failed += person.users;
        if !person.user.tries_again() {
            let place = place_index(&self.job.program, person.user.place());
            self.tally.error(person.users, ErrorKind::ConnectTimeout, place, || {
                format!("no connection in time: the server is {after:?} away")
            });
        }
        self.drop_connection(turn.who, turn.link);
        self.input(turn.who, Input::ConnectFailed(turn.link));
    }

    pub(super) fn connected(&mut self, turn: Turn, is_new: bool, answer: Option<&Answer>) {
        let Some(person) = self.people.get_mut(&turn.who) else { return };
        let users = person.users;
        let Some(connection) = person.connection(turn, ConnectionState::Opening) else { return };
        if let Some(refusal) = answer.filter(|answer| answer.status != 101) {
            self.tally.counts.connections_attempted += users;
            self.tally.counts.connections_refused += users;
            self.drop_connection(turn.who, turn.link);
            return self.input(turn.who, Input::Answered(turn.link, refusal.response()));
        }
        connection.state = ConnectionState::Open;
        if is_new {
            connection.codec = Codec::new(self.job.program.protocol);
            self.tally.connected(users, connection.is_offering);
        }
        let connection = &person.connections[turn.link.index()];
        if connection.pool.is_some() {
            self.tally.counts.pools_borrowed += users;
            self.tally.counts.pools_opened += u64::from(is_new) * users;
        }
        match answer {
            Some(answer) => self.input(turn.who, Input::Answered(turn.link, answer.response())),
            None => self.input(turn.who, Input::Connected(turn.link)),
        }
    }

    pub(super) fn none_free(&mut self, turn: Turn) {
        let Some(person) = self.people.get_mut(&turn.who) else { return };
        let Some(connection) = person.connection(turn, ConnectionState::Waiting) else { return };
        connection.state = ConnectionState::None;
        let Some(pool) = connection.pool.take() else { return };
        self.pools.forget(pool, turn);
        let declared = &self.job.program.pools[pool.index()];
        let place = place_index(&self.job.program, person.user.place());
        self.tally.error(person.users, ErrorKind::AcquireTimeout, place, || {
            let after = declared.acquire_timeout;
            format!("no connection of the pool `{}` was free within {after:?}", declared.name)
        });
        self.input(turn.who, Input::ConnectFailed(turn.link));
    }

    pub(super) fn given_back(&mut self, turn: Turn) {
        let Some(person) = self.people.get_mut(&turn.who) else { return };
        let Some(connection) =
            person.connection(turn, ConnectionState::Open).filter(|connection| !connection.is_closing)
        else {
            return;
        };
        connection.state = ConnectionState::None;
        if let Some(pool) = connection.pool.take() {
            self.free(pool, true);
        }
        self.input(turn.who, Input::GivenBack(turn.link));
    }

    /// Nobody has a connection of a pool any longer, which stands or not.
    fn free(&mut self, pool: PoolId, stands: bool) {
        if let Some((turn, granted)) = self.pools.free(pool, stands) {
            self.lend(pool, turn, granted);
        }
    }

    pub(super) fn closed(&mut self, turn: Turn, (code, reason): (u16, &str), is_by_peer: bool) {
        let Some(users) = self.users_on(turn) else { return };
        // 1005 and 1006 stand for a Close frame without a code, and for none (RFC 6455 section 7.1.5).
        let payload_bytes = match code {
            1005 => Some(0),
            1006 => None,
            _ => Some(2 + reason.len()),
        };
        if let Some(payload_bytes) = payload_bytes {
            self.tally.frame_received(users, payload_bytes);
        }
        if is_by_peer {
            self.tally.counts.connections_closed_by_peer += users;
            let answer_bytes = payload_bytes.map(|bytes| bytes.min(2));
            answer_bytes.into_iter().for_each(|bytes| self.tally.frame_sent(users, bytes));
        }
        self.drop_connection(turn.who, turn.link);
        self.input(turn.who, Input::Disconnected(turn.link, Disconnect::ByPeer { code, reason }));
    }

    /// Nothing is left of a connection, or of the attempt at it.
    pub(super) fn drop_connection(&mut self, who: u64, link: LinkId) {
        let Some(person) = self.people.get_mut(&who) else { return };
        let users = person.users;
        let connection = &mut person.connections[link.index()];
        let (state, pool) = (std::mem::take(&mut connection.state), connection.pool.take());
        let turn = Turn { who, link, connection: connection.number };
        match (state, pool) {
            (ConnectionState::None, _) => {}
            (ConnectionState::Waiting, Some(pool)) => {
                self.pools.forget(pool, turn);
            }
            (ConnectionState::Waiting, None) => {}
            (ConnectionState::Opening | ConnectionState::Open, pool) => {
                self.tally.connection_ended(users);
                pool.into_iter().for_each(|pool| self.free(pool, false));
            }
        }
    }

    pub(super) fn fetch(&mut self, who: u64, request: &FetchRequest) {
        let answer = self.answer_of(who, request.place);
        let Some(person) = self.people.get_mut(&who) else { return };
        person.fetch_count += 1;
        let counts = &mut self.tally.counts;
        counts.http_requests += person.users;
        counts.http_bytes_sent += request.body.len() as u64 * person.users;
        if !std::mem::replace(&mut person.has_client, true) {
            self.tally.connection_begun(person.users);
        }
        if let Some(answer) = answer.filter(|_| self.job.peer == Peer::Obliging) {
            let fetched = Happening::Fetched { who, fetch: person.fetch_count, answer };
            self.agenda.at(self.now + self.job.latency, fetched);
        }
    }
}
