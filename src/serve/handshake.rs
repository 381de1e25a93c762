//! The upgrade from HTTP (RFC 6455 section 4.2), on hyper, down to the plain TCP stream.

use std::convert::Infallible;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::login;
use super::options::Kind;
use super::registry::Shared;
use super::totals::Tally;
use crate::deflate::{Agreed, EXTENSION, Parameters, answer, parse};

/// The subprotocol of the chat server.
const CHAT_SUBPROTOCOL: &str = "chat.v2";

/// A stream on which WebSocket frames may follow, and the bytes of them that came with the request.
pub(crate) struct Upgraded {
    pub(crate) stream: TcpStream,
    pub(crate) already_read: Bytes,
    /// Of permessage-deflate.
    pub(crate) deflate: Option<Agreed>,
}

/// What became of a connection while it was HTTP. It is looked at also when the time for that was over.
#[derive(Default)]
pub(crate) struct Visit {
    upgrade: OnceLock<Option<Agreed>>,
    has_logged_in: AtomicBool,
}

impl Visit {
    /// Whether somebody came for a login, and it was answered.
    pub(crate) fn has_logged_in(&self) -> bool {
        self.has_logged_in.load(Ordering::Relaxed)
    }
}

/// Answers the HTTP requests of `stream`, logins up to an upgrade or a refusal. `None` where it was no upgrade; that was
/// answered, too.
pub(crate) async fn upgrade(stream: TcpStream, shared: &Shared, visit: &Visit) -> Option<Upgraded> {
    let service = service_fn(async |request: Request<Incoming>| {
        Ok::<_, Infallible>(respond(request, shared, visit).await)
    });
    let connection = http1::Builder::new()
        .max_header_size(shared.options.limits.header_bytes)
        .serve_connection(TokioIo::new(stream), service);
    let parts = connection.without_shutdown().await.ok()?;
    // Copied, because even an empty `Bytes` would keep hyper's whole read buffer for as long as the connection.
    let already_read = Bytes::copy_from_slice(&parts.read_buf);
    let deflate = *visit.upgrade.get()?;
    Some(Upgraded { stream: parts.io.into_inner(), already_read, deflate })
}

/// The answer to the first offer of permessage-deflate that can be taken (RFC 7692 section 7.1), and what holds then.
/// What is offered wrongly is declined.
fn deflate(headers: &HeaderMap) -> Option<(HeaderValue, Agreed)> {
    let lines = headers.get_all(header::SEC_WEBSOCKET_EXTENSIONS).iter();
    let offers: Vec<_> = lines.filter_map(|line| line.to_str().ok()).collect();
    let offers = offers.join(", ");
    let offers = parse(&offers).ok()?;
    let named = offers.iter().filter(|offer| offer.name == EXTENSION);
    let (answer, agreed) =
        named.filter_map(|offer| Parameters::read(offer).ok()).map(|offer| answer(&offer)).next()?;
    Some((HeaderValue::from_str(&answer.to_string()).ok()?, agreed))
}

async fn respond(request: Request<Incoming>, shared: &Shared, visit: &Visit) -> Response<Full<Bytes>> {
    let kind = shared.options.kind;
    if kind == Kind::Chat
        && request.uri().path() == login::PATH
        && !fastwebsockets::upgrade::is_upgrade_request(&request)
    {
        let (answer, has_logged_in) = shared.gate.log_in(request).await;
        visit.has_logged_in.store(true, Ordering::Relaxed);
        let mut tally = Tally::new(&shared.ledger);
        tally.counts.logins = u64::from(has_logged_in);
        tally.counts.logins_refused = u64::from(!has_logged_in);
        return answer;
    }
    let is_let_in = kind != Kind::Chat || shared.gate.lets_in(request.uri(), request.headers());
    let accepted = accept(kind, &request)
        .and_then(|accepted| if is_let_in { Ok(accepted) } else { Err(Refusal::Login) });
    accepted.map_or_else(Refusal::into_response, |mut accepted| {
        let deflate = if shared.options.deflate { deflate(request.headers()) } else { None };
        if let Some((answer, _)) = &deflate {
            accepted.headers_mut().insert(header::SEC_WEBSOCKET_EXTENSIONS, answer.clone());
        }
        // No request is answered behind an upgrade, so this is the only one.
        let _ = visit.upgrade.set(deflate.map(|(_, agreed)| agreed));
        accepted
    })
}

/// Why a request was not upgraded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    Method,
    NoUpgrade,
    Version,
    Key,
    Host,
    Login,
}

impl Refusal {
    fn into_response(self) -> Response<Full<Bytes>> {
        let (status, text) = match self {
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "a WebSocket opens with GET over HTTP/1.1\n"),
            Self::NoUpgrade => (
                StatusCode::UPGRADE_REQUIRED,
                "this is a WebSocket server: connect with ws:// instead of http://\n",
            ),
            Self::Version => (StatusCode::UPGRADE_REQUIRED, "Sec-WebSocket-Version must be 13\n"),
            Self::Key => (StatusCode::BAD_REQUEST, "Sec-WebSocket-Key must be 16 bytes in base64\n"),
            Self::Host => (StatusCode::BAD_REQUEST, "the Host header is missing\n"),
            Self::Login => (StatusCode::UNAUTHORIZED, "log in first: POST /login\n"),
        };
        let mut response = Response::new(Full::from(text));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        // Here and not on hyper's builder, which would say the same in the answer to an upgrade.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        match self {
            Self::Method => {
                headers.insert(header::ALLOW, HeaderValue::from_static("GET"));
            }
            Self::NoUpgrade | Self::Version => {
                headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
                headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            }
            Self::Login => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Self::Key | Self::Host => {}
        }
        response
    }
}

fn accept<B>(kind: Kind, request: &Request<B>) -> Result<Response<Full<Bytes>>, Refusal> {
    let headers = request.headers();
    if request.method() != Method::GET || request.version() != Version::HTTP_11 {
        return Err(Refusal::Method);
    }
    if !fastwebsockets::upgrade::is_upgrade_request(request) {
        return Err(Refusal::NoUpgrade);
    }
    if !headers.contains_key(header::HOST) {
        return Err(Refusal::Host);
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(Refusal::Version);
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or(Refusal::Key)?;
    if !BASE64.decode(key).is_ok_and(|decoded| decoded.len() == 16) {
        return Err(Refusal::Key);
    }
    let accept_key = accept_key(headers).ok_or(Refusal::Key)?;
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    response.headers_mut().insert(header::SEC_WEBSOCKET_ACCEPT, accept_key);
    if kind == Kind::Chat && offers_subprotocol(headers, CHAT_SUBPROTOCOL) {
        let chosen = HeaderValue::from_static(CHAT_SUBPROTOCOL);
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, chosen);
    }
    Ok(response)
}

/// `Sec-WebSocket-Accept` (RFC 6455 section 4.2.2), as fastwebsockets works it out for a request of these headers.
fn accept_key(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut request = Request::new(());
    for name in [header::SEC_WEBSOCKET_KEY, header::SEC_WEBSOCKET_VERSION] {
        request.headers_mut().insert(&name, headers.get(&name)?.clone());
    }
    let (mut response, _) = fastwebsockets::upgrade::upgrade(request).ok()?;
    response.headers_mut().remove(header::SEC_WEBSOCKET_ACCEPT)
}

/// Names are compared exactly (RFC 6455 section 11.5 has them case-sensitive); the list may be spread over headers.
fn offers_subprotocol(headers: &HeaderMap, wanted: &str) -> bool {
    headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|name| name.trim() == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(changes: &[(&'static str, Option<&'static str>)]) -> Request<()> {
        let mut request = Request::new(());
        for (name, value) in [
            ("host", "example.org"),
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ] {
            request.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        for &(name, value) in changes {
            match value {
                Some(value) => request.headers_mut().append(name, HeaderValue::from_static(value)),
                None => request.headers_mut().remove(name).is_some(),
            };
        }
        request
    }

    #[test]
    fn the_example_of_the_rfc_is_accepted() {
        let response = accept(Kind::Echo, &request(&[])).unwrap();
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        assert_eq!(response.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn what_is_no_upgrade_is_refused_with_its_reason() {
        for (header, refusal) in [
            ("upgrade", Refusal::NoUpgrade),
            ("connection", Refusal::NoUpgrade),
            ("host", Refusal::Host),
            ("sec-websocket-version", Refusal::Version),
            ("sec-websocket-key", Refusal::Key),
        ] {
            assert_eq!(accept(Kind::Echo, &request(&[(header, None)])).err(), Some(refusal), "{header}");
        }
        for key in ["short", "dGhl"] {
            let request = request(&[("sec-websocket-key", None), ("sec-websocket-key", Some(key))]);
            assert_eq!(accept(Kind::Echo, &request).err(), Some(Refusal::Key));
        }
        let mut post = request(&[]);
        *post.method_mut() = Method::POST;
        assert_eq!(accept(Kind::Echo, &post).err(), Some(Refusal::Method));
    }

    #[test]
    fn chat_picks_the_subprotocol_it_knows_and_no_other() {
        let chosen = |kind, offered: &[&'static str]| {
            let offers: Vec<_> = offered.iter().map(|&list| ("sec-websocket-protocol", Some(list))).collect();
            let response = accept(kind, &request(&offers)).unwrap();
            response.headers().get("sec-websocket-protocol").map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(chosen(Kind::Chat, &["chat.v1, chat.v2"]).as_deref(), Some("chat.v2"));
        assert_eq!(chosen(Kind::Chat, &["chat.v1", "chat.v2"]).as_deref(), Some("chat.v2"));
        assert_eq!(chosen(Kind::Chat, &["chat.v1, CHAT.V2"]), None);
        assert_eq!(chosen(Kind::Chat, &[]), None);
        assert_eq!(chosen(Kind::Echo, &["chat.v2"]), None);
    }
}
