//! HTTP requests of users: what is asked beside the WebSocket, such as a login before it.
//!
//! A [`Client`] is what a user keeps between its requests, cookies and idle connections. [`Client::fetch`] sends one
//! request, follows redirects as far as it is told to, and gives back the last answer, bounded. Nothing is spawned and
//! nothing has a timeout: dropping the future closes the connection that it was using.

mod client;
mod failure;
mod jar;
mod link;
mod redirect;
mod request;

pub use client::{Answer, Client, Progress};
pub use failure::{HttpFailure, HttpFailureKind};
pub use jar::Jar;
pub use request::HttpRequest;
pub(super) use request::{parse_header, set_cookies};
