//! DNS, TCP, the WebSocket handshake and frames: the only room that names fastwebsockets or hyper's client.
//!
//! [`connect`] resolves a [`Url`](crate::program::Url), dials it, upgrades it and hands back a [`Connection`]: a strict
//! [`Reader`] and a buffering [`Writer`] which live side by side in one task. Nothing here has a timeout, a
//! retry or an opinion about pings: that is the engine's. Everything is for one thread (`Rc`, no locks).

mod connect;
mod dial;
mod failure;
mod handshake;
pub mod http;
mod inflated;
mod inspect;
mod intake;
mod lent;
mod marks;
mod mask;
mod proxy;
mod read;
mod request;
mod resolve;
mod source;
mod spare;
mod stream;
mod tls;
mod violation;
mod write;

pub use connect::{ConnectTimings, Connection, connect};
pub use dial::{DialTimings, Network, Options, TlsHandshake};
pub use failure::{ConnectFailure, ConnectFailureKind, ProxyFailure, ReadFailure};
pub use hyper::header::{HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
pub use read::{Event, Incoming, Reader};
pub use request::{RequestError, UpgradeRequest};
pub use source::{SourceAddresses, SourceError};
pub use tls::check as check_tls;
pub use violation::ProtocolViolation;
pub use write::{Flush, Flushed, MAX_CONTROL_BYTES, NotQueued, NotSent, Opcode, Queued, Writer};
