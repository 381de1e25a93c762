//! The opening handshake on hyper, and its answer held against RFC 6455 section 4.1.
//!
//! hyper's connection is polled in the same future as the request: nothing is spawned, so dropping the future
//! closes the socket. When the upgrade is done the plain stream is taken back out of hyper.

use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf, Bytes};
use http_body_util::Empty;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{Builder, Parts, SendRequest};
use hyper::ext::ReasonPhrase;
use hyper::header::{self, HeaderMap, HeaderName};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use sha1::{Digest, Sha1};

use super::failure::ConnectFailureKind;
use super::mask;
use super::stream::Stream;
use super::violation::{ProtocolViolation, excerpt};
use crate::deflate::{Agreed, EXTENSION, Offer, Parameters, parse};

/// How much of the body of an answer other than 101 is kept.
const BODY_PREFIX_BYTES: usize = 512;

/// How long the body of such an answer is waited for: the status must not be lost to a body that never comes.
const BODY_GRACE: Duration = Duration::from_millis(500);

/// hyper's smallest limit for its read buffer.
pub(super) const SMALLEST_BUFFER_LIMIT_BYTES: usize = 8_192;

/// RFC 6455 section 1.3.
const ACCEPT_SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A connection that speaks WebSocket from here on.
pub(super) struct Upgraded {
    pub stream: Stream,
    /// What the server sent together with its answer.
    pub early: Option<Bytes>,
    pub subprotocol: Option<String>,
    /// Of permessage-deflate.
    pub deflate: Option<Agreed>,
    /// All headers of the answer.
    pub headers: HeaderMap,
}

/// One handshake to be made.
pub(super) struct Handshake<'a> {
    /// The `Sec-WebSocket-Key` that `request` carries.
    pub key: &'a str,
    pub request: Request<Empty<Bytes>>,
    pub subprotocols: &'a [String],
    /// What `request` offers of permessage-deflate.
    pub deflate: Option<Offer>,
    pub max_header_bytes: usize,
}

/// A fresh `Sec-WebSocket-Key`: sixteen random bytes in base64 (RFC 6455 section 4.1).
pub(super) fn new_key() -> String {
    STANDARD.encode(mask::nonce())
}

/// What `Sec-WebSocket-Accept` must be for a key (RFC 6455 section 4.2.2).
fn accept_key(key: &str) -> String {
    STANDARD.encode(Sha1::new().chain_update(key).chain_update(ACCEPT_SUFFIX).finalize())
}

/// hyper's side of the connection while it is HTTP, to be polled along with whatever it serves.
pub(super) struct Driver<F> {
    connection: F,
    ended: Option<hyper::Result<Parts<TokioIo<Stream>>>>,
}

impl<F: Future<Output = hyper::Result<Parts<TokioIo<Stream>>>> + Unpin> Driver<F> {
    fn poll(&mut self, cx: &mut Context<'_>) {
        if self.ended.is_none()
            && let Poll::Ready(ended) = Pin::new(&mut self.connection).poll(cx)
        {
            self.ended = Some(ended);
        }
    }

    pub(super) async fn along<G: Future + Unpin>(&mut self, mut future: G) -> G::Output {
        poll_fn(|cx| {
            self.poll(cx);
            Pin::new(&mut future).poll(cx)
        })
        .await
    }

    pub(super) async fn into_parts(mut self) -> hyper::Result<Parts<TokioIo<Stream>>> {
        match self.ended.take() {
            Some(ended) => ended,
            None => self.connection.await,
        }
    }
}

/// Speaks HTTP on a fresh stream, with answers whose heads are no longer than the limit.
pub(super) async fn begin(
    stream: Stream,
    limit_bytes: usize,
) -> Result<
    (SendRequest<Empty<Bytes>>, Driver<impl Future<Output = hyper::Result<Parts<TokioIo<Stream>>>> + Unpin>),
    ConnectFailureKind,
> {
    let (sender, connection) = Builder::new()
        .max_header_size(limit_bytes)
        .max_buf_size(limit_bytes.max(SMALLEST_BUFFER_LIMIT_BYTES))
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| failure(&error, limit_bytes))?;
    Ok((sender, Driver { connection: Box::pin(connection.without_shutdown()), ended: None }))
}

impl Handshake<'_> {
    /// Sends the request on a fresh stream and judges the answer.
    pub(super) async fn upgrade(self, stream: Stream) -> Result<Upgraded, ConnectFailureKind> {
        let limit_bytes = self.max_header_bytes;
        let fail = |error: hyper::Error| failure(&error, limit_bytes);
        let (mut sender, mut driver) = begin(stream, limit_bytes).await?;
        let response = driver.along(pin!(sender.send_request(self.request))).await.map_err(fail)?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(refused(&mut driver, response).await);
        }
        let headers = response.into_parts().0.headers;
        let judged = judge(&headers, self.key, self.subprotocols);
        let subprotocol = judged.map_err(ConnectFailureKind::Protocol)?;
        let deflate = judge_extensions(&headers, self.deflate).map_err(ConnectFailureKind::Protocol)?;
        let parts = driver.into_parts().await.map_err(fail)?;
        // Copied, so that hyper's buffer goes.
        let early = (!parts.read_buf.is_empty()).then(|| Bytes::copy_from_slice(&parts.read_buf));
        Ok(Upgraded { stream: parts.io.into_inner(), early, subprotocol, deflate, headers })
    }
}

/// The checks of RFC 6455 section 4.1 on a 101 answer; the subprotocol that the server chose.
fn judge(
    headers: &HeaderMap,
    key: &str,
    subprotocols: &[String],
) -> Result<Option<String>, ProtocolViolation> {
    let upgrade = joined(headers, &header::UPGRADE);
    if !upgrade.as_deref().is_some_and(|value| value.eq_ignore_ascii_case("websocket")) {
        return Err(ProtocolViolation::UpgradeHeader { found: upgrade.as_deref().map(excerpt) });
    }
    let connection = joined(headers, &header::CONNECTION);
    if !connection
        .as_deref()
        .is_some_and(|value| list(value).any(|item| item.eq_ignore_ascii_case("upgrade")))
    {
        return Err(ProtocolViolation::ConnectionHeader { found: connection.as_deref().map(excerpt) });
    }
    let (accept, expected) = (joined(headers, &header::SEC_WEBSOCKET_ACCEPT), accept_key(key));
    if accept.as_deref() != Some(expected.as_str()) {
        return Err(ProtocolViolation::AcceptKey { expected, found: accept.as_deref().map(excerpt) });
    }
    match joined(headers, &header::SEC_WEBSOCKET_PROTOCOL) {
        Some(chosen) if !subprotocols.contains(&chosen) => {
            Err(ProtocolViolation::UnaskedSubprotocol { found: excerpt(&chosen) })
        }
        chosen => Ok(chosen),
    }
}

/// What the server agrees to of the one extension that may have been offered (RFC 6455 section 9.1).
fn judge_extensions(headers: &HeaderMap, offer: Option<Offer>) -> Result<Option<Agreed>, ProtocolViolation> {
    let Some(answer) = joined(headers, &header::SEC_WEBSOCKET_EXTENSIONS) else { return Ok(None) };
    let found = || excerpt(&answer);
    let unasked = || ProtocolViolation::UnaskedExtension { found: found() };
    let extensions = parse(&answer).map_err(|_| unasked())?;
    let Some((extension, others)) = extensions.split_first() else { return Ok(None) };
    let offer = offer.filter(|_| extension.name == EXTENSION && others.is_empty()).ok_or_else(unasked)?;
    let judged = Parameters::read(extension).and_then(|parameters| offer.judge(&parameters));
    judged.map(Some).map_err(|fault| ProtocolViolation::DeflateAnswer { found: found(), fault })
}

/// A header's value over all its lines (RFC 9110 section 5.2): one that must be there once and is there twice
/// has no value that is right.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let lines: Vec<_> =
        headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    if lines.is_empty() { None } else { Some(lines.join(", ")) }
}

/// The members of a list (RFC 9110 section 5.6.1).
fn list(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|item| !item.is_empty())
}

/// What a server says that does not do what it is asked.
pub(super) async fn refused<F>(driver: &mut Driver<F>, response: Response<Incoming>) -> ConnectFailureKind
where
    F: Future<Output = hyper::Result<Parts<TokioIo<Stream>>>> + Unpin,
{
    let status = response.status();
    let reason = match response.extensions().get::<ReasonPhrase>() {
        Some(phrase) => excerpt(&String::from_utf8_lossy(phrase.as_bytes())),
        None => status.canonical_reason().unwrap_or_default().to_owned(),
    };
    let mut prefix = Vec::new();
    let (head, body) = response.into_parts();
    let body = Box::pin(tokio::time::timeout(BODY_GRACE, collect_prefix(body, &mut prefix)));
    // What has come by then is kept, be it the whole prefix or not.
    let _ = driver.along(body).await;
    let body_prefix = String::from_utf8_lossy(&prefix).into_owned();
    ConnectFailureKind::UpgradeStatus {
        status: status.as_u16(),
        reason,
        body_prefix,
        headers: Box::new(head.headers),
    }
}

async fn collect_prefix(mut body: Incoming, prefix: &mut Vec<u8>) {
    while prefix.len() < BODY_PREFIX_BYTES {
        let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await else { return };
        if let Ok(mut data) = frame.into_data() {
            data.truncate(BODY_PREFIX_BYTES - prefix.len());
            prefix.extend_from_slice(data.chunk());
        }
    }
}

/// What hyper's error is.
pub(super) fn failure(error: &hyper::Error, limit_bytes: usize) -> ConnectFailureKind {
    if let Some(error) = io_cause(error) {
        ConnectFailureKind::from_io(error)
    } else if error.is_parse_too_large() {
        ConnectFailureKind::HeadersTooLong { limit_bytes }
    } else if error.is_parse() {
        let detail = error.to_string();
        ConnectFailureKind::Protocol(ProtocolViolation::MalformedResponse { detail })
    } else {
        // Incomplete, canceled or closed: hyper's words for a server that went away before it had answered.
        ConnectFailureKind::ClosedDuringUpgrade
    }
}

fn io_cause(error: &hyper::Error) -> Option<&io::Error> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref() {
            return Some(error);
        }
        cause = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;
    use crate::deflate::Fault;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    type Lines<'a> = &'a [(&'a str, &'a str)];

    fn judged(lines: Lines<'_>) -> Result<Option<String>, ProtocolViolation> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        judge_extensions(&headers, None)?;
        judge(&headers, KEY, &["chat.v1".to_owned(), "chat.v2".to_owned()])
    }

    fn good_with(more: Lines<'_>) -> Result<Option<String>, ProtocolViolation> {
        let good = [
            ("upgrade", "WebSocket"),
            ("connection", "keep-alive, UPGRADE"),
            ("sec-websocket-accept", ACCEPT),
        ];
        judged(&[&good[..], more].concat())
    }

    #[test]
    fn the_key_of_the_rfc_has_the_answer_of_the_rfc() {
        assert_eq!(accept_key(KEY), ACCEPT);
        assert_eq!(STANDARD.decode(new_key()).unwrap().len(), 16);
    }

    #[test]
    fn a_good_answer_is_taken() {
        assert_eq!(good_with(&[]), Ok(None));
        assert_eq!(good_with(&[("sec-websocket-protocol", "chat.v2")]), Ok(Some("chat.v2".to_owned())));
        assert_eq!(good_with(&[("sec-websocket-extensions", "")]), Ok(None));
        assert_eq!(good_with(&[("connection", "close")]), Ok(None));
    }

    #[test]
    fn what_was_not_asked_for_is_refused() {
        let found = "permessage-deflate; client_no_context_takeover".to_owned();
        assert_eq!(
            good_with(&[("sec-websocket-extensions", &found)]),
            Err(ProtocolViolation::UnaskedExtension { found: found.clone() })
        );
        for found in ["other", "Chat.v1", "chat.v1, chat.v2", ""] {
            let violation = ProtocolViolation::UnaskedSubprotocol { found: found.to_owned() };
            assert_eq!(good_with(&[("sec-websocket-protocol", found)]), Err(violation));
        }
    }

    #[test]
    fn an_answer_to_the_offer_of_deflate_is_one_that_can_be_given() {
        let offer = Offer {
            client_no_context_takeover: true,
            server_no_context_takeover: true,
            client_max_window_bits: None,
            server_max_window_bits: None,
        };
        let judged = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_str(line).unwrap());
            }
            judge_extensions(&headers, Some(offer))
        };
        assert_eq!(judged(&[]), Ok(None), "declined");
        assert_eq!(judged(&[" , "]), Ok(None), "declined");
        let agreed = judged(&["permessage-deflate;server_no_context_takeover"]).unwrap().unwrap();
        assert!(!agreed.client.keeps_context && !agreed.server.keeps_context);
        let good = "permessage-deflate; server_no_context_takeover";
        for lines in [&["x-webkit-deflate-frame"][..], &[good, good], &[good, "x"], &["permessage-deflate;"]]
        {
            let found = lines.join(", ");
            assert_eq!(judged(lines), Err(ProtocolViolation::UnaskedExtension { found }), "{lines:?}");
        }
        assert_eq!(
            judged(&["permessage-deflate"]),
            Err(ProtocolViolation::DeflateAnswer {
                found: "permessage-deflate".to_owned(),
                fault: Fault::Missing { parameter: "server_no_context_takeover" },
            })
        );
    }

    #[test]
    fn a_missing_or_wrong_header_is_named() {
        let upgrade = ("upgrade", "websocket");
        let connection = ("connection", "Upgrade");
        let accept = ("sec-websocket-accept", ACCEPT);
        let text = |text: &str| Some(text.to_owned());
        let wrong_key =
            |found: Option<String>| ProtocolViolation::AcceptKey { expected: ACCEPT.to_owned(), found };
        let cases: [(Lines<'_>, ProtocolViolation); 8] = [
            (&[connection, accept], ProtocolViolation::UpgradeHeader { found: None }),
            (
                &[("upgrade", "h2c"), connection, accept],
                ProtocolViolation::UpgradeHeader { found: text("h2c") },
            ),
            (&[upgrade, accept], ProtocolViolation::ConnectionHeader { found: None }),
            (
                &[upgrade, ("connection", "upgraded"), accept],
                ProtocolViolation::ConnectionHeader { found: text("upgraded") },
            ),
            (&[upgrade, connection], wrong_key(None)),
            (&[upgrade, connection, ("sec-websocket-accept", "x")], wrong_key(text("x"))),
            (
                &[upgrade, connection, ("sec-websocket-accept", "S3PPLMBITXAQ9KYGZZHZRBK+XOO=")],
                wrong_key(text("S3PPLMBITXAQ9KYGZZHZRBK+XOO=")),
            ),
            (&[upgrade, connection, accept, accept], wrong_key(Some(format!("{ACCEPT}, {ACCEPT}")))),
        ];
        for (lines, violation) in cases {
            assert_eq!(judged(lines), Err(violation));
        }
    }
}
