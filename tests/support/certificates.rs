//! Certificates made for one test, of an authority that nobody else knows.

use std::sync::atomic::{AtomicU32, Ordering};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use wsplan::program::{Identity, PrivateKey, Tls};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// Who signs.
pub(crate) struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key.
pub(crate) struct Leaf {
    certificate: Certificate,
    key: KeyPair,
}

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Server,
    ExpiredServer,
    FutureServer,
    Client,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        // Two of one name would be told apart by their signatures only.
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        params.distinguished_name.push(DnType::CommonName, format!("authority {number}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self { certificate: params.self_signed(&key).unwrap(), issuer: Issuer::new(params, key) }
    }

    /// A certificate for these names and addresses.
    pub(crate) fn issue(&self, purpose: Purpose, names: &[&str]) -> Leaf {
        let names = names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let mut params = CertificateParams::new(names).unwrap();
        let (usage, years) = match purpose {
            Purpose::Server => (ExtendedKeyUsagePurpose::ServerAuth, (2000, 4000)),
            Purpose::ExpiredServer => (ExtendedKeyUsagePurpose::ServerAuth, (2000, 2001)),
            Purpose::FutureServer => (ExtendedKeyUsagePurpose::ServerAuth, (3000, 4000)),
            Purpose::Client => (ExtendedKeyUsagePurpose::ClientAuth, (2000, 4000)),
        };
        params.extended_key_usages.push(usage);
        params.not_before = date_time_ymd(years.0, 1, 1);
        params.not_after = date_time_ymd(years.1, 1, 1);
        let key = KeyPair::generate().unwrap();
        Leaf { certificate: params.signed_by(&key, &self.issuer).unwrap(), key }
    }

    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    pub(crate) fn der(&self) -> CertificateDer<'static> {
        self.certificate.der().clone()
    }

    /// How a client speaks TLS that trusts this authority alone.
    pub(crate) fn trusted(&self) -> Tls {
        Tls { roots: vec![self.der().to_vec()], ..Tls::default() }
    }
}

impl Leaf {
    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    pub(crate) fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    pub(crate) fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![self.certificate.der().clone()]
    }

    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }

    pub(crate) fn identity(&self) -> Identity {
        Identity {
            chain: vec![self.certificate.der().to_vec()],
            key: PrivateKey::new(self.key.serialize_der()),
        }
    }
}
