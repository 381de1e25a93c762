//! TLS as the users of one thread speak it: one configuration, made when the first of them needs it, and one memory of
//! sessions to resume.

use std::cell::OnceCell;
use std::sync::Arc;

use rustls::client::{ClientSessionMemoryCache, Resumption};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection};
use tokio::net::TcpStream;

use super::super::failure::ConnectFailureKind;
use super::nobody::Nobody;
use super::session::Session;
use super::{error_in, trust, words};
use crate::program;

/// How many sessions a thread remembers, over all servers; of one server eight tickets are kept (RFC 8446 section
/// 4.6.1), each good for one connection.
const REMEMBERED_SESSIONS: usize = 256;

/// What is to be spoken within TLS, as the server is told (RFC 7301).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alpn {
    /// What a WebSocket upgrade needs. A server that knows nothing of such names speaks it anyway.
    Http1,
    /// HTTP/2, or HTTP/1.1 where the server does not speak it.
    Http2,
}

/// The TLS of one thread.
pub(crate) struct Tls {
    settings: program::Tls,
    config: OnceCell<Result<Arc<ClientConfig>, String>>,
    /// Who is shown where the plan names no certificate.
    nobody: Arc<Nobody>,
}

impl Tls {
    pub(crate) fn new(settings: program::Tls) -> Self {
        Self { settings, config: OnceCell::new(), nobody: Arc::default() }
    }

    /// Makes the handshake with the server that `host` names, unless the plan says that it is called otherwise.
    pub(crate) async fn open(
        &self,
        tcp: TcpStream,
        host: &str,
        alpn: Alpn,
    ) -> Result<Session, ConnectFailureKind> {
        let fail = |reason: String| ConnectFailureKind::Tls { reason };
        let config = self.config.get_or_init(|| config(&self.settings, Arc::clone(&self.nobody)));
        let config = config.clone().map_err(fail)?;
        let name = self.settings.server_name.as_deref().unwrap_or(host);
        let name = ServerName::try_from(name)
            .map_err(|_| fail(format!("{name:?} is no name that a certificate can be for")))?
            .to_owned();
        let tls = ClientConnection::new_with_alpn(config, name, alpn.offer())
            .map_err(|error| fail(words::of(&error)))?;
        Session::open(tcp, tls, &self.nobody).await.map_err(|error| match error_in(&error) {
            Some(tls) => fail(words::of(tls)),
            None if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                fail("the server closed the connection amid the handshake".to_owned())
            }
            None => ConnectFailureKind::from_io(&error),
        })
    }
}

impl Alpn {
    pub(crate) const HTTP_2: &[u8] = b"h2";
    const HTTP_1: &[u8] = b"http/1.1";

    fn offer(self) -> Vec<Vec<u8>> {
        match self {
            Self::Http1 => vec![Self::HTTP_1.to_vec()],
            Self::Http2 => vec![Self::HTTP_2.to_vec(), Self::HTTP_1.to_vec()],
        }
    }
}

/// Whether TLS can be spoken as the settings say, found out before anybody connects; what is wrong in words.
pub fn check(settings: &program::Tls) -> Result<(), String> {
    config(settings, Arc::default()).map(drop)
}

fn config(settings: &program::Tls, nobody: Arc<Nobody>) -> Result<Arc<ClientConfig>, String> {
    let provider = provider();
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| words::of(&error))?
        .dangerous()
        .with_custom_certificate_verifier(trust::verifier(settings, provider)?);
    let mut config = match &settings.identity {
        None => builder.with_client_cert_resolver(nobody),
        Some(identity) => {
            let chain = identity.chain.iter().cloned().map(CertificateDer::from).collect();
            let key = PrivateKeyDer::try_from(identity.key.reveal().to_vec()).map_err(str::to_owned)?;
            builder.with_client_auth_cert(chain, key).map_err(|error| words::of(&error))?
        }
    };
    config.resumption = if settings.resumption {
        Resumption::store(Arc::new(ClientSessionMemoryCache::new(REMEMBERED_SESSIONS)))
    } else {
        Resumption::disabled()
    };
    Ok(Arc::new(config))
}

/// Said outright: rustls would otherwise look for one that the process has agreed on.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
