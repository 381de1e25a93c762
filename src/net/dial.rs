//! From a target to a stream of bytes, in the clear or through TLS: resolve, dial, ask the proxy,
//! shake hands, each timed.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use super::failure::{ConnectFailure, ConnectFailureKind, ProxyFailure};
use super::proxy::tunnel;
use super::resolve::Resolver;
use super::source::SourceAddresses;
use super::stream::Stream;
use super::tls::{Alpn, Tls};
use crate::program::{self, Proxy, Url};

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

/// The ways out of one thread: the names it has asked for, the TLS sessions that it may resume, the proxy in between,
/// and the addresses to come from.
pub struct Network {
    pub(super) options: Options,
    resolver: Resolver,
    tls: Tls,
    proxy: Option<Proxy>,
    sources: SourceAddresses,
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
    /// `None` where the host is an address. With a proxy it is the proxy's name that is looked up.
    pub dns: Option<Duration>,
    /// Over all the addresses that were tried: the server's, or the proxy's.
    pub tcp: Duration,
    /// From where the proxy could be asked to its answer; `None` without one.
    pub proxy: Option<Duration>,
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
        let resolver = Resolver::new(options.name_lifetime);
        Self { options, resolver, tls: Tls::new(tls), proxy: None, sources: SourceAddresses::default() }
    }

    /// The same, through a proxy where there is one.
    #[must_use]
    pub fn through(self, proxy: Option<Proxy>) -> Self {
        Self { proxy, ..self }
    }

    /// The same, from these addresses in turns.
    #[must_use]
    pub fn from(self, sources: SourceAddresses) -> Self {
        Self { sources, ..self }
    }

    /// Opens a stream to the target's host for a user, whose number says which source address is its own; through TLS where
    /// the target's scheme says so. Without a timeout; dropping the future closes the socket.
    pub(super) async fn dial(&self, target: &Url, alpn: Alpn, user: u64) -> Result<Dialled, ConnectFailure> {
        let begun = Instant::now();
        let (host, port) = match &self.proxy {
            Some(proxy) => (proxy.host(), proxy.port()),
            None => (target.host(), target.port()),
        };
        let addresses =
            self.resolver.resolve(host).await.map_err(|kind| self.unreached(target, None, kind))?;
        let dns = host.parse::<IpAddr>().is_err().then(|| begun.elapsed());

        let dialled = Instant::now();
        let (remote, tcp_stream) =
            self.dial_each(&addresses, port, user).await.map_err(|(remote, error)| {
                self.unreached(target, Some(remote), ConnectFailureKind::from_io(&error))
            })?;
        let tcp = dialled.elapsed();
        let fail = |kind| ConnectFailure { kind, address: self.full_address(target, Some(remote)) };
        let fail_io = |error: io::Error| fail(ConnectFailureKind::from_io(&error));
        tcp_stream.set_nodelay(self.options.tcp_nodelay).map_err(fail_io)?;
        let local = tcp_stream.local_addr().map_err(fail_io)?;

        let asked = Instant::now();
        let (tcp_stream, proxy) = match &self.proxy {
            Some(proxy) => {
                let tunnelled = tunnel(tcp_stream, proxy, target, self.options.max_header_bytes).await;
                (tunnelled.map_err(fail)?, Some(asked.elapsed()))
            }
            None => (tcp_stream, None),
        };

        let met = Instant::now();
        let (stream, tls) = if target.is_secure() {
            let session = self.tls.open(tcp_stream, target.host(), alpn).await.map_err(fail)?;
            let tls = TlsHandshake { elapsed: met.elapsed(), is_resumed: session.is_resumed() };
            (Stream::Tls(Box::new(session)), Some(tls))
        } else {
            (Stream::Plain(tcp_stream), None)
        };
        Ok(Dialled { stream, remote, local, timings: DialTimings { dns, tcp, proxy, tls } })
    }

    /// Neither the server nor a proxy in front of it was reached. What this machine lacks is not the proxy's fault.
    fn unreached(
        &self,
        target: &Url,
        remote: Option<SocketAddr>,
        kind: ConnectFailureKind,
    ) -> ConnectFailure {
        let kind = match (&self.proxy, kind) {
            (_, kind @ (ConnectFailureKind::OutOfFiles | ConnectFailureKind::OutOfPorts)) => kind,
            (Some(proxy), kind) => ConnectFailureKind::Proxy {
                proxy: proxy.address(),
                failure: ProxyFailure::Broken(Box::new(kind)),
            },
            (None, kind) => kind,
        };
        ConnectFailure { kind, address: self.full_address(target, remote) }
    }

    /// The target, and which of its addresses it was where its name has been resolved here.
    pub(super) fn full_address(&self, target: &Url, remote: Option<SocketAddr>) -> String {
        let named = target.address();
        match remote.filter(|_| self.proxy.is_none()).map(|remote| remote.to_string()) {
            Some(numbered) if numbered != named => format!("{named} ({numbered})"),
            _ => named,
        }
    }

    /// Tries each address in turn; where none answers, the last one's failure stands for all.
    async fn dial_each(
        &self,
        addresses: &[SocketAddr],
        port: u16,
        user: u64,
    ) -> Result<(SocketAddr, TcpStream), (SocketAddr, io::Error)> {
        let (last, others) = addresses.split_last().expect("the resolver answers with at least one address");
        for address in others {
            let address = with_port(*address, port);
            if let Ok(stream) = self.sources.connect(user, address).await {
                return Ok((address, stream));
            }
        }
        let address = with_port(*last, port);
        match self.sources.connect(user, address).await {
            Ok(stream) => Ok((address, stream)),
            Err(error) => Err((address, error)),
        }
    }
}

impl Default for Network {
    /// With all that is customary.
    fn default() -> Self {
        Self::new(Options::default(), program::Tls::default())
    }
}

fn with_port(mut address: SocketAddr, port: u16) -> SocketAddr {
    address.set_port(port);
    address
}
