//! Lowering of `tls`: certificates and keys are read, taken apart and held against each other, so that a wrong one is
//! found before anybody connects.

use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;

use super::file::file_diagnostic;
use super::{Compiler, Constant};
use crate::diagnostic::{Diagnostic, Span, codes};
use crate::plan::model;
use crate::program::{Identity, PrivateKey, Tls};

/// What the command line says about TLS.
#[derive(Debug, Clone, Default)]
pub struct TlsOverrides {
    /// `--insecure`
    pub insecure: bool,
    /// `--ca`: the file's name and its content, in place of the plan's.
    pub ca: Option<(String, Vec<u8>)>,
}

impl Compiler<'_, '_> {
    /// What is wrong is reported and left out: nothing is run with it.
    pub(super) fn tls(&mut self, tls: Option<&model::Tls>) -> Tls {
        let overrides = &self.options.tls;
        let roots = match (&overrides.ca, tls.and_then(|tls| tls.ca.as_ref())) {
            (Some((name, pem)), _) => self.roots(name, pem, None),
            (None, Some(ca)) => {
                self.pem(ca).map(|(name, pem)| self.roots(&name, &pem, Some(ca.span()))).unwrap_or_default()
            }
            (None, None) => Vec::new(),
        };
        Tls {
            roots,
            identity: tls.and_then(|tls| self.identity(tls.cert.as_ref()?, tls.key.as_ref()?)),
            server_name: tls.and_then(|tls| self.server_name(tls.server_name.as_ref()?)),
            is_insecure: overrides.insecure || tls.is_some_and(|tls| tls.insecure),
            resumption: tls.and_then(|tls| tls.resumption).is_none_or(|resumption| resumption.value),
        }
    }

    /// The name of a file of the plan's, and what is in it.
    fn pem(&mut self, path: &model::Template) -> Option<(String, Vec<u8>)> {
        let name = self.lowering().constant_text(path)?;
        match self.options.files.read(&name) {
            Ok(pem) => Some((name, pem)),
            Err(failure) => {
                let diagnostic = file_diagnostic(codes::BAD_CERTIFICATE, &name, &failure);
                self.diagnostics.push(diagnostic.label(path.span(), ""));
                None
            }
        }
    }

    fn roots(&mut self, name: &str, pem: &[u8], span: Option<Span>) -> Vec<Vec<u8>> {
        let roots = self.certificates(name, pem, span);
        for root in &roots {
            if let Err(error) = RootCertStore::empty().add(CertificateDer::from(root.as_slice())) {
                self.bad_pem(format!("a certificate in `{name}` cannot be a root: {error}"), span);
            }
        }
        roots
    }

    /// At least one, unless what is wrong has been reported.
    fn certificates(&mut self, name: &str, pem: &[u8], span: Option<Span>) -> Vec<Vec<u8>> {
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        match found {
            Ok(found) if !found.is_empty() => {
                return found.into_iter().map(|certificate| certificate.to_vec()).collect();
            }
            Ok(_) => self.bad_pem(format!("`{name}` holds no certificate"), span),
            Err(error) => self.bad_pem(format!("`{name}` is no PEM file: {error}"), span),
        }
        Vec::new()
    }

    fn identity(&mut self, cert: &model::Template, key: &model::Template) -> Option<Identity> {
        let ((cert_name, cert_pem), (key_name, key_pem)) = (self.pem(cert)?, self.pem(key)?);
        let chain = self.certificates(&cert_name, &cert_pem, Some(cert.span()));
        let Ok(private_key) = PrivateKeyDer::from_pem_slice(&key_pem) else {
            // Not the reason that the parser has, which might hold some of the key.
            self.bad_pem(
                format!("`{key_name}` holds no private key that is not encrypted"),
                Some(key.span()),
            );
            return None;
        };
        if chain.is_empty() {
            return None;
        }
        let identity =
            Identity { chain: chain.clone(), key: PrivateKey::new(private_key.secret_der().to_vec()) };
        let chain = chain.into_iter().map(CertificateDer::from).collect();
        match CertifiedKey::from_der(chain, private_key, &ring::default_provider()) {
            Ok(_) => Some(identity),
            Err(rustls::Error::InconsistentKeys(_)) => {
                let message =
                    format!("the key in `{key_name}` is not that of the certificate in `{cert_name}`");
                let diagnostic = Diagnostic::new(codes::BAD_CERTIFICATE, message)
                    .label(key.span(), "another's key")
                    .label(cert.span(), "the certificate")
                    .help("the certificate whose key it is must stand first in its file");
                self.diagnostics.push(diagnostic);
                None
            }
            Err(error) => {
                let message = format!("`{cert_name}` with `{key_name}` cannot be used: {error}");
                self.bad_pem(message, Some(cert.span()));
                None
            }
        }
    }

    fn server_name(&mut self, name: &model::Template) -> Option<String> {
        let Constant { value, .. } = self.lowering().constant_template(name)?;
        let text = value.to_text();
        if ServerName::try_from(text.as_str()).is_err() {
            let diagnostic = Diagnostic::new(codes::BAD_CERTIFICATE, "no certificate can be for this name")
                .label(name.span(), "neither a host name nor an address")
                .help("write the name that the server's certificate is for, without scheme and port");
            self.diagnostics.push(diagnostic);
            return None;
        }
        Some(text)
    }

    fn bad_pem(&mut self, message: String, span: Option<Span>) {
        let diagnostic = Diagnostic::new(codes::BAD_CERTIFICATE, message)
            .help("files are in PEM: they have lines such as `-----BEGIN CERTIFICATE-----`");
        self.diagnostics.push(match span {
            Some(span) => diagnostic.label(span, ""),
            None => diagnostic,
        });
    }
}
