//! TLS (RFC 8446, RFC 5246) on rustls with ring: how servers are judged, sessions resumed, and bytes sealed.

mod client;
mod nobody;
mod session;
mod trust;
mod words;

pub use client::check;
pub(super) use client::{Alpn, Tls};
pub(super) use session::Session;
pub(super) use words::{error_in, of as words};
