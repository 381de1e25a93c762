//! Which servers are believed to be who they say.

use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;

use super::words;
use crate::program::Tls;

/// Anybody, or who the plan's own roots vouch for, or else the system's.
pub(super) fn verifier(
    settings: &Tls,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
    if settings.is_insecure {
        return Ok(Arc::new(Anybody(provider)));
    }
    if settings.roots.is_empty() {
        return Ok(platform(provider)?);
    }
    let mut roots = RootCertStore::empty();
    for root in &settings.roots {
        roots.add(CertificateDer::from(root.clone())).map_err(|error| words::of(&error))?;
    }
    match WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build() {
        Ok(verifier) => Ok(verifier),
        Err(error) => Err(error.to_string()),
    }
}

/// The system's roots are read once, whichever thread is the first to need them.
fn platform(provider: Arc<CryptoProvider>) -> Result<Arc<Verifier>, String> {
    static PLATFORM: OnceLock<Result<Arc<Verifier>, String>> = OnceLock::new();
    let load = || match Verifier::new(provider) {
        Ok(verifier) => Ok(Arc::new(verifier)),
        Err(error) => Err(format!("the certificates that this system trusts: {}", words::of(&error))),
    };
    PLATFORM.get_or_init(load).clone()
}

/// Believes everybody: nothing of the certificate is looked at, not even whether the server has its key.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
