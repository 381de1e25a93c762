//! The embedded servers that plans, tests and newcomers run against: [`Kind::Echo`] and [`Kind::Chat`].
//!
//! A server answers on loopback beside the load generator and must cost it little: a task a connection, one
//! current-thread runtime a thread, nothing shared on the way of a message except the queue it goes to. What
//! goes wrong on purpose is decided in one place, [`Faults`]. Nothing here prints; [`run`] hands back [`Totals`].
//!
//! The protocols are described in `docs/servers.md`.

mod chat;
pub mod child;
mod connection;
mod fault;
mod frame;
mod handshake;
mod keepalive;
mod login;
mod options;
mod outbox;
mod peer;
mod reader;
mod registry;
mod server;
mod totals;
mod unflagged;
mod writer;

pub use self::fault::Faults;
pub use self::options::{KeepaliveOptions, Kind, Limits, LoginOptions, Options, UnknownKind};
pub use self::server::{ServeError, listen, run, serve};
pub use self::totals::Totals;
