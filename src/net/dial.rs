//! From a target to a stream of bytes, in the clear or through TLS: resolve, dial, shake hands, each timed.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use super::failure::{ConnectFailure, ConnectFailureKind};
use super::resolve::Resolver;
use super::stream::Stream;
use super::tls::{Alpn, Tls};
use crate::program::{self, Url};

/// What a connection may take.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The longest message from the server, over all its fragments.
    pub max_message_bytes: usize,
    /// The longest head of an answer.
    pub max_header_bytes: usize,
    /// Whether small writes are sent at once (`TCP_NODELAY`).
    pub tcp_nodelay: bool,
    /// How long a resolved name is used before it is looked up again.
    pub name_lifetime: Duration,
}

impl Default for Options {
    /// 16 MiB a message, 64 KiB of headers, no delay, ten seconds.
    fn default() -> Self {
        Self {
            max_message_bytes: 16 << 20,
            max_header_bytes: 64 << 10,
            tcp_nodelay: true,
            name_lifetime: Duration::from_secs(10),
        }
    }
}

/// The ways out of one thread: the names it has asked for, and the TLS sessions that it may resume.
pub struct Network {
    pub(super) options: Options,
    resolver: Resolver,
    tls: Tls,
}

/// An open stream to a server that has yet to be asked for anything.
pub(super) struct Dialled {
    pub stream: Stream,
    /// The server's address, of those that its name has.
    pub remote: SocketAddr,
    pub local: SocketAddr,
    pub timings: DialTimings,
}

/// How long each part of dialling took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DialTimings {
    /// `None` where the host is an address.
    pub dns: Option<Duration>,
    /// Over all the addresses that were tried.
    pub tcp: Duration,
    /// `None` in the clear.
    pub tls: Option<TlsHandshake>,
}

/// A TLS handshake that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TlsHandshake {
    /// How long it took.
    pub elapsed: Duration,
    /// Whether a session of before was taken in place of a whole one.
    pub is_resumed: bool,
}

impl Network {
    /// With nothing asked yet, and nobody met.
    pub fn new(options: Options, tls: program::Tls) -> Self {
        Self { options, resolver: Resolver::new(options.name_lifetime), tls: Tls::new(tls) }
    }

    /// Opens a stream to the target's host, through TLS where its scheme says so. Without a timeout; dropping the future
    /// closes the socket.
    pub(super) async fn dial(&self, target: &Url, alpn: Alpn) -> Result<Dialled, ConnectFailure> {
        let begun = Instant::now();
        let addresses = self
            .resolver
            .resolve(target)
            .await
            .map_err(|kind| ConnectFailure { kind, address: target.address() })?;
        let dns = target.literal_address().is_none().then(|| begun.elapsed());

        let dialled = Instant::now();
        let (remote, tcp_stream) =
            dial_each(&addresses, target.port()).await.map_err(|(remote, error)| ConnectFailure {
                kind: ConnectFailureKind::from_io(&error),
                address: full_address(target, remote),
            })?;
        let tcp = dialled.elapsed();
        let fail = |kind| ConnectFailure { kind, address: full_address(target, remote) };
        let fail_io = |error: io::Error| fail(ConnectFailureKind::from_io(&error));
        tcp_stream.set_nodelay(self.options.tcp_nodelay).map_err(fail_io)?;
        let local = tcp_stream.local_addr().map_err(fail_io)?;

        let met = Instant::now();
        let (stream, tls) = if target.is_secure() {
            let session = self.tls.open(tcp_stream, target.host(), alpn).await.map_err(fail)?;
            let tls = TlsHandshake { elapsed: met.elapsed(), is_resumed: session.is_resumed() };
            (Stream::Tls(Box::new(session)), Some(tls))
        } else {
            (Stream::Plain(tcp_stream), None)
        };
        Ok(Dialled { stream, remote, local, timings: DialTimings { dns, tcp, tls } })
    }
}

impl Default for Network {
    /// With all that is customary.
    fn default() -> Self {
        Self::new(Options::default(), program::Tls::default())
    }
}

/// Tries each address in turn; where none answers, the last one's failure stands for all.
async fn dial_each(
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

pub(super) fn full_address(target: &Url, remote: SocketAddr) -> String {
    let (named, numbered) = (target.address(), remote.to_string());
    if named == numbered { named } else { format!("{named} ({numbered})") }
}
