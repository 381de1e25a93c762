//! Something in front of a plain server that ends TLS, and says what it has seen of it.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{HandshakeKind, RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::certificates::{Authority, Leaf};

/// What a client showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Greeting {
    pub(crate) server_name: Option<String>,
    pub(crate) alpn: Option<String>,
    pub(crate) is_resumed: bool,
    pub(crate) has_certificate: bool,
}

/// Ends TLS in front of a server on loopback.
pub(crate) struct Terminator {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
    greetings: Arc<Mutex<Vec<Greeting>>>,
}

/// How it speaks TLS.
pub(crate) struct Terms<'a> {
    pub(crate) leaf: &'a Leaf,
    /// Who must have signed the client's certificate, where it is asked for one.
    pub(crate) clients: Option<&'a Authority>,
    /// Whether a client without a certificate is let in although it was asked for one.
    pub(crate) is_lenient: bool,
    pub(crate) versions: &'a [&'static SupportedProtocolVersion],
    pub(crate) alpn: &'a [&'a str],
}

/// The versions that may be spoken, each alone and both together.
pub(crate) const OLD: &[&SupportedProtocolVersion] = &[&TLS12];
pub(crate) const NEW: &[&SupportedProtocolVersion] = &[&TLS13];
const BOTH: &[&SupportedProtocolVersion] = &[&TLS12, &TLS13];

impl<'a> Terms<'a> {
    /// Whatever the client likes.
    pub(crate) fn new(leaf: &'a Leaf) -> Self {
        Self { leaf, clients: None, is_lenient: false, versions: BOTH, alpn: &[] }
    }

    fn config(&self) -> ServerConfig {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(self.versions)
            .unwrap();
        let builder = match self.clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.der()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                let verifier = if self.is_lenient { verifier.allow_unauthenticated() } else { verifier };
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let mut config = builder.with_single_cert(self.leaf.chain(), self.leaf.key()).unwrap();
        config.alpn_protocols = self.alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        config
    }
}

impl Terminator {
    /// In front of the server that listens there.
    pub(crate) fn start(backend: SocketAddr, terms: &Terms<'_>) -> Self {
        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let greetings = Arc::<Mutex<Vec<Greeting>>>::default();
        let acceptor = TlsAcceptor::from(Arc::new(terms.config()));
        let seen = Arc::clone(&greetings);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(serve(listener, backend, acceptor, seen, stopped));
        });
        Self { address, stop, thread, greetings }
    }

    /// As a target, by the name that certificates of tests are for.
    pub(crate) fn url(&self) -> String {
        format!("wss://localhost:{}/", self.address.port())
    }

    /// As a target without a name.
    pub(crate) fn numeric_url(&self) -> String {
        format!("wss://{}/", self.address)
    }

    /// How many handshakes have come to their end.
    pub(crate) fn greeted(&self) -> usize {
        self.greetings.lock().unwrap().len()
    }

    /// Cuts whatever is still connected; what the clients showed whose handshake came to its end, in that order.
    pub(crate) fn finish(self) -> Vec<Greeting> {
        self.stop.send_replace(true);
        self.thread.join().unwrap();
        std::mem::take(&mut *self.greetings.lock().unwrap())
    }
}

async fn serve(
    listener: StdListener,
    backend: SocketAddr,
    acceptor: TlsAcceptor,
    seen: Arc<Mutex<Vec<Greeting>>>,
    mut stopped: watch::Receiver<bool>,
) {
    let listener = TcpListener::from_std(listener).unwrap();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (acceptor, seen) = (acceptor.clone(), Arc::clone(&seen));
                connections.spawn(forward(accepted.unwrap().0, backend, acceptor, seen));
            }
            _ = stopped.wait_for(|stop| *stop) => break,
        }
    }
}

async fn forward(
    client: TcpStream,
    backend: SocketAddr,
    acceptor: TlsAcceptor,
    seen: Arc<Mutex<Vec<Greeting>>>,
) {
    client.set_nodelay(true).unwrap();
    // A client that does not like the server breaks it off; what it says of it is the test's.
    let Ok(mut client) = acceptor.accept(client).await else { return };
    let (_, tls) = client.get_ref();
    seen.lock().unwrap().push(Greeting {
        server_name: tls.server_name().map(str::to_owned),
        alpn: tls.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
        is_resumed: tls.handshake_kind() == Some(HandshakeKind::Resumed),
        has_certificate: tls.peer_certificates().is_some(),
    });
    // Where the server is gone, the client sees its connection end.
    let Ok(mut server) = TcpStream::connect(backend).await else { return };
    server.set_nodelay(true).unwrap();
    // However it ends: both sides notice.
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}
