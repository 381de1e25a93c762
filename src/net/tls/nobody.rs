//! A client without a certificate, which remembers that it was asked for one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;

/// Has no certificate to show. All connections of a thread have the same one; whoever opens what came over one of them
/// asks right behind that.
#[derive(Debug, Default)]
pub(super) struct Nobody {
    was_asked: AtomicBool,
}

impl Nobody {
    /// Whether a server asked for a certificate since this was last asked.
    pub(super) fn take_was_asked(&self) -> bool {
        self.was_asked.swap(false, Ordering::Relaxed)
    }
}

impl ResolvesClientCert for Nobody {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.was_asked.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}
