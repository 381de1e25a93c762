//! How connections are sealed: whom to trust, and what to show of oneself.

use std::fmt;

/// How TLS is spoken with every server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Certificates (DER) whose word is taken; those that the system trusts where there are none.
    pub roots: Vec<Vec<u8>>,
    /// What a server is shown that asks for it.
    pub identity: Option<Identity>,
    /// What the server is called, in place of the target's host.
    pub server_name: Option<String>,
    /// Whether any server is taken for whom it says it is.
    pub is_insecure: bool,
    /// Whether sessions of before are resumed.
    pub resumption: bool,
}

/// A client's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate (DER), and behind it those that lead to one the server knows.
    pub chain: Vec<Vec<u8>>,
    /// Its key.
    pub key: PrivateKey,
}

/// A private key (DER), which is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateKey(Vec<u8>);

impl PrivateKey {
    /// Keeps a key in PKCS #8, PKCS #1 or SEC 1.
    pub fn new(der: Vec<u8>) -> Self {
        Self(der)
    }

    /// The key itself.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}

impl Tls {
    /// What is not as usual, in words. The name of a server may be a secret's, and a key is one: neither is shown.
    pub(super) fn unusual(&self) -> Vec<String> {
        let Self { roots, identity, server_name, is_insecure, resumption } = self;
        let roots = (!roots.is_empty()).then(|| format!("ca {}", roots.len()));
        let identity = identity.as_ref().map(|identity| format!("certificate {}", identity.chain.len()));
        let name = server_name.as_ref().map(|_| "other name".to_owned());
        let insecure = is_insecure.then(|| "insecure".to_owned());
        let whole = (!resumption).then(|| "no resumption".to_owned());
        [roots, identity, name, insecure, whole].into_iter().flatten().collect()
    }
}

impl Default for Tls {
    /// The system's roots, no certificate, the target's own name, and resumption.
    fn default() -> Self {
        Self { roots: Vec::new(), identity: None, server_name: None, is_insecure: false, resumption: true }
    }
}
