//! From a target to a WebSocket connection: dial, upgrade, each timed.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hyper::header::HeaderMap;

use super::dial::{DialTimings, Dialled, Network};
use super::failure::{ConnectFailure, ConnectFailureKind};
use super::handshake::{Handshake, Upgraded, new_key};
use super::read::Reader;
use super::request::UpgradeRequest;
use super::tls::Alpn;
use super::write::Writer;
use crate::deflate::Agreed;
use crate::program::Url;

/// How long each part of connecting took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectTimings {
    /// Up to where the server could be asked.
    pub dial: DialTimings,
    /// From the request to the answer, judged.
    pub upgrade: Duration,
    /// From the call to its end; more than the sum of the others by what is between them.
    pub total: Duration,
}

/// An open WebSocket connection. Dropping both halves closes the socket.
pub struct Connection {
    /// How long each part of connecting took.
    pub timings: ConnectTimings,
    /// Which of the offered subprotocols the server chose.
    pub subprotocol: Option<String>,
    /// What was agreed on of permessage-deflate, where it was offered and taken.
    pub deflate: Option<Agreed>,
    /// All headers of its answer.
    pub headers: HeaderMap,
    /// The server's address, of those that its name has.
    pub remote: SocketAddr,
    /// This end's address.
    pub local: SocketAddr,
    /// What the server says.
    pub reader: Reader,
    /// What is said to it.
    pub writer: Writer,
}

/// Opens a connection and upgrades it, for the user of this number, which decides where it comes from.
///
/// There is no timeout within, but for half a second that the body of an answer other than 101 is waited for: the
/// caller puts its own around this. Dropping the future closes the socket and leaves nothing behind but a
/// look-up that the system cannot be told to stop.
pub async fn connect(
    target: &Url,
    request: &UpgradeRequest,
    network: &Network,
    user: u64,
) -> Result<Connection, ConnectFailure> {
    // In a box, so that the caller's own future, which lives as long as the connection, does not keep the room
    // that hyper takes.
    Box::pin(attempt(target, request, network, user)).await
}

async fn attempt(
    target: &Url,
    request: &UpgradeRequest,
    network: &Network,
    user: u64,
) -> Result<Connection, ConnectFailure> {
    let begun = Instant::now();
    let key = new_key();
    let http_request = request.build(target, &key).map_err(|error| ConnectFailure {
        kind: ConnectFailureKind::Request(error),
        address: target.address(),
    })?;
    let Dialled { stream, remote, local, timings: dial } = network.dial(target, Alpn::Http1, user).await?;

    let asked = Instant::now();
    let handshake = Handshake {
        key: &key,
        request: http_request,
        subprotocols: &request.subprotocols,
        deflate: request.deflate_offer(),
        max_header_bytes: network.options.max_header_bytes,
    };
    let fail = |kind| ConnectFailure { kind, address: network.full_address(target, Some(remote)) };
    let Upgraded { stream, early, subprotocol, deflate, headers } =
        handshake.upgrade(stream).await.map_err(fail)?;
    let upgrade = asked.elapsed();
    if deflate.is_none() && request.deflate.is_some_and(|deflate| deflate.required) {
        return Err(fail(ConnectFailureKind::DeflateDeclined));
    }

    let (read_half, write_half) = stream.into_split();
    let mut reader = Reader::new(read_half, early, network.options.max_message_bytes);
    let mut writer = Writer::new(write_half);
    if let Some(agreed) = deflate {
        reader.permit_deflate(agreed.server);
        writer.deflate(agreed.client);
    }
    Ok(Connection {
        timings: ConnectTimings { dial, upgrade, total: begun.elapsed() },
        subprotocol,
        deflate,
        headers,
        remote,
        local,
        reader,
        writer,
    })
}
