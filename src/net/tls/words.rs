//! What went wrong with TLS, in words for somebody who owns the server and not the library.

use std::io;

use jiff::Timestamp;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error};

/// Of a server that wants a certificate and is shown none.
pub(super) const NO_CERTIFICATE: &str =
    "the server asks for a client's certificate, and the plan names none (`tls: { cert, key }`)";

/// What rustls has to say, where an error of a stream is its.
pub(crate) fn error_in(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

pub(crate) fn of(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(error) => certificate(error),
        Error::AlertReceived(alert) => alert_received(*alert),
        Error::InvalidMessage(_) => "what the server sends is not TLS".to_owned(),
        Error::InconsistentKeys(_) => "the certificate and the key do not belong together".to_owned(),
        Error::NoApplicationProtocol => "the server speaks none of the protocols offered".to_owned(),
        Error::General(reason) => reason.clone(),
        other => other.to_string(),
    }
}

fn certificate(error: &CertificateError) -> String {
    use CertificateError as E;
    match error {
        E::ExpiredContext { not_after, .. } => {
            format!("the server's certificate has expired, at {}", instant(*not_after))
        }
        E::Expired => "the server's certificate has expired".to_owned(),
        E::NotValidYetContext { not_before, .. } => {
            format!("the server's certificate is not valid yet, but from {}", instant(*not_before))
        }
        E::NotValidYet => "the server's certificate is not valid yet".to_owned(),
        E::UnknownIssuer => "the server's certificate is signed by nobody who is trusted".to_owned(),
        E::NotValidForNameContext { expected, presented } => {
            let presented: Vec<_> = presented.iter().map(|name| shown(name)).collect();
            let names = if presented.is_empty() { "nobody".to_owned() } else { presented.join(", ") };
            format!("the server's certificate is for {names}, not for {}", expected.to_str())
        }
        E::NotValidForName => "the server's certificate is for another name".to_owned(),
        E::Revoked => "the server's certificate has been revoked".to_owned(),
        E::BadSignature => "the server's certificate is not signed by the one whom it names".to_owned(),
        E::BadEncoding => "the server's certificate is malformed".to_owned(),
        // A certificate authority's own, a version that is none, and other things that hardly anybody meets.
        other => format!("the server's certificate cannot be used: {other}"),
    }
}

/// `DnsName("a.example")`, as rustls writes a name, is shown as what is in it.
fn shown(name: &str) -> String {
    name.split('"').nth(1).unwrap_or(name).escape_debug().to_string()
}

fn instant(time: UnixTime) -> String {
    i64::try_from(time.as_secs())
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .map_or_else(|| "a time that no clock shows".to_owned(), |time| time.to_string())
}

/// RFC 8446 section 6.
fn alert_received(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::CertificateRequired => NO_CERTIFICATE.to_owned(),
        AlertDescription::UnknownCA => {
            "the server does not know who signed the client's certificate".to_owned()
        }
        AlertDescription::BadCertificate | AlertDescription::CertificateUnknown => {
            "the server does not take the client's certificate".to_owned()
        }
        AlertDescription::CertificateExpired => "the client's certificate has expired".to_owned(),
        AlertDescription::UnrecognisedName => "the server does not go by this name".to_owned(),
        AlertDescription::NoApplicationProtocol => {
            "the server speaks none of the protocols offered".to_owned()
        }
        AlertDescription::ProtocolVersion => "the server speaks neither TLS 1.2 nor TLS 1.3".to_owned(),
        other => format!("the server broke TLS off with the alert {other:?}"),
    }
}
