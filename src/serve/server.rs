//! A server from its listening socket to its totals: accepting, and ending within a bounded time.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::connection::serve_connection;
use super::handshake;
use super::options::Options;
use super::registry::Shared;
use super::totals::{Tally, Totals};

/// Connections that the kernel completes ahead of us: a ramp of thousands comes in bursts.
const LISTEN_BACKLOG: i32 = 4096;

/// The pause after an accept that failed, which mostly means that there is no file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// What ending may take beyond the time that every connection has for itself.
const ENDING_MARGIN: Duration = Duration::from_millis(500);

/// Why a server could not be run.
#[derive(Debug)]
pub enum ServeError {
    /// The address cannot be listened on.
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The system refused a thread or what a runtime needs.
    Runtime(io::Error),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen { address, source } => write!(f, "cannot listen on {address}: {source}"),
            Self::Runtime(source) => write!(f, "cannot start the server: {source}"),
        }
    }
}

impl std::error::Error for ServeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Listen { source, .. } | Self::Runtime(source) => Some(source),
        }
    }
}

/// Listens on `address` with a backlog for ramps. The socket is non-blocking, as tokio wants it.
pub fn listen(address: SocketAddr) -> Result<std::net::TcpListener, ServeError> {
    let open = || {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(LISTEN_BACKLOG)?;
        Ok(socket.into())
    };
    open().map_err(|source| ServeError::Listen { address, source })
}

/// Serves on the runtime of the caller until `shutdown` completes; then closes every connection with 1001, after
/// what is queued for it, and ends within `limits.closing` and half a second. `threads` has no meaning here.
pub async fn serve(listener: TcpListener, options: &Options, shutdown: impl Future<Output = ()>) -> Totals {
    let (stop, stopping) = watch::channel(false);
    let shared = Shared::new(options, stopping);
    let stopper = async {
        shutdown.await;
        stop.send_replace(true);
    };
    tokio::join!(stopper, serve_shard(listener, &shared));
    shared.totals()
}

/// Serves on `options.threads` threads, the calling one among them, until `shutdown` completes. `ready` is called
/// with the address once connections are taken: with port 0, the system chose one.
pub fn run(
    address: SocketAddr,
    options: &Options,
    ready: impl FnOnce(SocketAddr),
    shutdown: impl Future<Output = ()>,
) -> Result<Totals, ServeError> {
    let listener = listen(address)?;
    let bound = listener.local_addr().map_err(|source| ServeError::Listen { address, source })?;
    let (stop, stopping) = watch::channel(false);
    let shared = Shared::new(options, stopping);
    let mut shards = Vec::new();
    for _ in 0..options.threads.max(1) {
        let listener = listener.try_clone().map_err(ServeError::Runtime)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(ServeError::Runtime)?;
        shards.push((runtime, listener));
    }
    drop(listener);
    let (own_runtime, own_listener) = shards.pop().expect("at least one shard was made");
    std::thread::scope(|scope| {
        for (runtime, listener) in shards {
            let shared = &shared;
            std::thread::Builder::new()
                .name("wsplan-serve".to_owned())
                .spawn_scoped(scope, move || runtime.block_on(serve_std(listener, shared)))
                .map_err(ServeError::Runtime)
                .inspect_err(|_| {
                    stop.send_replace(true);
                })?;
        }
        own_runtime.block_on(async {
            let stopper = async {
                // Polled first, so that signal handlers are in place when somebody hears that we are ready.
                tokio::select! {
                    biased;
                    () = shutdown => {}
                    () = async { ready(bound); std::future::pending().await } => {}
                }
                stop.send_replace(true);
            };
            tokio::join!(serve_std(own_listener, &shared), stopper);
        });
        Ok::<(), ServeError>(())
    })?;
    Ok(shared.totals())
}

async fn serve_std(listener: std::net::TcpListener, shared: &Arc<Shared>) {
    let listener = TcpListener::from_std(listener).expect("runs inside a runtime with I/O enabled");
    serve_shard(listener, shared).await;
}

/// Accepts on this thread until the server stops, then sees its own connections out.
async fn serve_shard(listener: TcpListener, shared: &Arc<Shared>) {
    let mut stopped = pin!(shared.stopped());
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = &mut stopped => break,
            Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tasks.spawn(welcome(stream, Arc::clone(shared)));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
        }
    }
    drop(listener);
    shared.close_all();
    let everyone_left = async { while tasks.join_next().await.is_some() {} };
    let time = shared.options.limits.closing + ENDING_MARGIN;
    if tokio::time::timeout(time, everyone_left).await.is_err() {
        Tally::new(&shared.ledger).counts.connections_open = tasks.len() as u64;
        tasks.shutdown().await;
    }
}

/// One accepted TCP connection: the upgrade in its time, then the WebSocket.
async fn welcome(stream: TcpStream, shared: Arc<Shared>) {
    // Without it a reply may wait for the acknowledgement of the one before; a socket that refuses is broken anyway.
    let _ = stream.set_nodelay(true);
    let visit = handshake::Visit::default();
    let upgraded = {
        // Boxed, so that hyper's state is gone from the task when the WebSocket begins.
        let upgrade = Box::pin(handshake::upgrade(stream, &shared, &visit));
        tokio::select! {
            upgraded = tokio::time::timeout(shared.options.limits.handshake, upgrade) => upgraded.ok().flatten(),
            () = shared.stopped() => None,
        }
    };
    match upgraded {
        Some(upgraded) => Box::pin(serve_connection(upgraded, &shared)).await,
        None if visit.has_logged_in() => {}
        None => Tally::new(&shared.ledger).counts.handshakes_refused = 1,
    }
}
