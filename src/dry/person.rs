//! A user of the simulation: its machine, and what there is of its connections.

use std::time::Duration;

use super::pools::Turn;
use crate::codec::Codec;
use crate::machine::{User, Wait};
use crate::program::{LinkId, PoolId};

/// A user.
pub(super) struct Person {
    pub(super) user: User,
    /// The lane that it is of, and its index there; nobody's who is there once.
    pub(super) seat: Option<(usize, u64)>,
    /// For how many users it stands.
    pub(super) users: u64,
    pub(super) connections: Box<[Connection]>,
    /// When it will be woken.
    pub(super) armed: Option<Duration>,
    /// What it waits for and was answered, or will not be.
    pub(super) attended: Option<Wait>,
    /// Counts its requests over HTTP, so that the answer to one that it gave up is none to the next.
    pub(super) fetch_count: u64,
    /// Whether it holds a connection for HTTP.
    pub(super) has_client: bool,
    /// How often it was woken at this time.
    pub(super) woken: (Duration, u32),
}

/// One of a user's connections, or the lack of one.
#[derive(Default)]
pub(super) struct Connection {
    pub(super) state: ConnectionState,
    /// Counts the connections there were: what was meant for one is nothing to the next.
    pub(super) number: u64,
    pub(super) codec: Codec,
    /// Where it is one of a pool.
    pub(super) pool: Option<PoolId>,
    /// Whether permessage-deflate was offered.
    pub(super) is_offering: bool,
    /// Whether this end has said goodbye.
    pub(super) is_closing: bool,
    /// Whether something was queued that the user was not told has left.
    pub(super) has_queued: bool,
}

/// How far a connection is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConnectionState {
    #[default]
    None,
    /// It is the user's turn later.
    Waiting,
    Opening,
    Open,
}

impl Person {
    pub(super) fn new(user: User, seat: Option<(usize, u64)>, users: u64) -> Self {
        let connections = (0..user.link_count()).map(|_| Connection::default()).collect();
        Self {
            user,
            seat,
            users,
            connections,
            armed: None,
            attended: None,
            fetch_count: 0,
            has_client: false,
            woken: (Duration::ZERO, 0),
        }
    }

    /// The connection, if it is still the one that is meant, and that far.
    pub(super) fn connection(&mut self, turn: Turn, state: ConnectionState) -> Option<&mut Connection> {
        let connection = &mut self.connections[turn.link.index()];
        (connection.number == turn.connection && connection.state == state).then_some(connection)
    }

    pub(super) fn links(&self) -> impl Iterator<Item = LinkId> + use<> {
        (0..self.connections.len()).map(LinkId::new)
    }
}
