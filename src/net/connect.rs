//! From a target to a connection: resolve, dial, upgrade, each timed.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use super::failure::{ConnectFailure, ConnectFailureKind};
use super::handshake::{Handshake, Upgraded, new_key};
use super::read::Reader;
use super::request::UpgradeRequest;
use super::resolve::Resolver;
use super::write::Writer;
use crate::deflate::Agreed;
use crate::program::Url;

/// What a connection may take.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The longest message from the server, over all its fragments.
    pub max_message_bytes: usize,
    /// The longest head of the answer to the upgrade.
    pub max_header_bytes: usize,
    /// Whether small writes are sent at once (`TCP_NODELAY`).
    pub tcp_nodelay: bool,
}

impl Default for Options {
    /// 16 MiB a message, 64 KiB of headers, no delay.
    fn default() -> Self {
        Self { max_message_bytes: 16 << 20, max_header_bytes: 64 << 10, tcp_nodelay: true }
    }
}

/// How long each part of connecting took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectTimings {
    /// Zero where the host is an address.
    pub dns: Duration,
    /// Over all the addresses that were tried.
    pub tcp: Duration,
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
    /// The server's address, of those that its name has.
    pub remote: SocketAddr,
    /// This end's address.
    pub local: SocketAddr,
    /// What the server says.
    pub reader: Reader,
    /// What is said to it.
    pub writer: Writer,
}

/// Opens a connection and upgrades it.
///
/// There is no timeout within, but for half a second that the body of an answer other than 101 is waited for: the
/// caller puts its own around this. Dropping the future closes the socket and leaves nothing behind but a
/// look-up that the system cannot be told to stop.
pub async fn connect(
    target: &Url,
    request: &UpgradeRequest,
    resolver: &Resolver,
    options: &Options,
) -> Result<Connection, ConnectFailure> {
    // In a box, so that the caller's own future, which lives as long as the connection, does not keep the room
    // that hyper takes.
    Box::pin(attempt(target, request, resolver, options)).await
}

async fn attempt(
    target: &Url,
    request: &UpgradeRequest,
    resolver: &Resolver,
    options: &Options,
) -> Result<Connection, ConnectFailure> {
    let fail = |kind| ConnectFailure { kind, address: target.address() };
    let begun = Instant::now();
    if target.is_secure() {
        return Err(fail(ConnectFailureKind::TlsUnsupported));
    }
    let key = new_key();
    let http_request =
        request.build(target, &key).map_err(|error| fail(ConnectFailureKind::Request(error)))?;

    let addresses = resolver.resolve(target).await.map_err(fail)?;
    let dns = if target.literal_address().is_some() { Duration::ZERO } else { begun.elapsed() };

    let dialled = Instant::now();
    let (remote, stream) = dial(&addresses, target.port()).await.map_err(|(remote, error)| {
        ConnectFailure { kind: ConnectFailureKind::from_io(&error), address: full_address(target, remote) }
    })?;
    let tcp = dialled.elapsed();
    let fail = |kind| ConnectFailure { kind, address: full_address(target, remote) };
    let fail_io = |error: io::Error| fail(ConnectFailureKind::from_io(&error));
    stream.set_nodelay(options.tcp_nodelay).map_err(fail_io)?;
    let local = stream.local_addr().map_err(fail_io)?;

    let asked = Instant::now();
    let handshake = Handshake {
        key: &key,
        request: http_request,
        subprotocols: &request.subprotocols,
        deflate: request.deflate_offer(),
        max_header_bytes: options.max_header_bytes,
    };
    let Upgraded { stream, early, subprotocol, deflate } = handshake.upgrade(stream).await.map_err(fail)?;
    let upgrade = asked.elapsed();
    if deflate.is_none() && request.deflate.is_some_and(|deflate| deflate.required) {
        return Err(fail(ConnectFailureKind::DeflateDeclined));
    }

    let (read_half, write_half) = stream.into_split();
    let mut reader = Reader::new(read_half, early, options.max_message_bytes);
    let mut writer = Writer::new(write_half);
    if let Some(agreed) = deflate {
        reader.permit_deflate(agreed.server);
        writer.deflate(agreed.client);
    }
    Ok(Connection {
        timings: ConnectTimings { dns, tcp, upgrade, total: begun.elapsed() },
        subprotocol,
        deflate,
        remote,
        local,
        reader,
        writer,
    })
}

/// Tries each address in turn; where none answers, the last one's failure stands for all.
async fn dial(
    addresses: &[SocketAddr],
    port: u16,
) -> Result<(SocketAddr, TcpStream), (SocketAddr, io::Error)> {
    let (last, others) = addresses.split_last().expect("the resolver answers with at least one address");
    for address in others {
        let address = with_port(*address, port);
        if let Ok(stream) = TcpStream::connect(address).await {
            return Ok((address, stream));
        }
    }
    let address = with_port(*last, port);
    match TcpStream::connect(address).await {
        Ok(stream) => Ok((address, stream)),
        Err(error) => Err((address, error)),
    }
}

fn with_port(mut address: SocketAddr, port: u16) -> SocketAddr {
    address.set_port(port);
    address
}

fn full_address(target: &Url, remote: SocketAddr) -> String {
    let (named, numbered) = (target.address(), remote.to_string());
    if named == numbered { named } else { format!("{named} ({numbered})") }
}
