//! The way through an HTTP proxy: a CONNECT (RFC 9110 section 9.3.6), behind which the stream is the server's.

use std::pin::pin;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Uri};
use tokio::net::TcpStream;

use super::failure::{ConnectFailureKind, ProxyFailure};
use super::handshake::{begin, failure, refused};
use super::stream::Stream;
use crate::program::{Proxy, Url};

/// Asks the proxy at the other end of `stream` for a way to the target.
pub(super) async fn tunnel(
    stream: TcpStream,
    proxy: &Proxy,
    target: &Url,
    max_header_bytes: usize,
) -> Result<TcpStream, ConnectFailureKind> {
    let fail = |why| ConnectFailureKind::Proxy { proxy: proxy.address(), failure: why };
    let broken = |kind| fail(ProxyFailure::Broken(Box::new(kind)));
    let (mut sender, mut driver) = begin(Stream::Plain(stream), max_header_bytes).await.map_err(broken)?;
    let answer = driver.along(pin!(sender.send_request(request(proxy, target)))).await;
    let response = answer.map_err(|error| broken(failure(&error, max_header_bytes)))?;
    if !response.status().is_success() {
        return Err(match refused(&mut driver, response).await {
            ConnectFailureKind::UpgradeStatus { status, reason, .. } => {
                fail(ProxyFailure::Status { status, reason })
            }
            other => broken(other),
        });
    }
    let parts = driver.into_parts().await.map_err(|error| broken(failure(&error, max_header_bytes)))?;
    match parts.io.into_inner() {
        // Neither TLS nor HTTP lets a server speak first.
        Stream::Plain(stream) if parts.read_buf.is_empty() => Ok(stream),
        _ => Err(fail(ProxyFailure::SpokeFirst)),
    }
}

fn request(proxy: &Proxy, target: &Url) -> Request<Empty<Bytes>> {
    let address = target.address();
    let mut request = Request::new(Empty::new());
    *request.method_mut() = Method::CONNECT;
    *request.uri_mut() = Uri::builder().authority(address.as_str()).build().expect("a host and a port");
    let headers = request.headers_mut();
    headers.insert(header::HOST, HeaderValue::from_str(&address).expect("a target's host is ASCII"));
    if let Some(authorization) = proxy.authorization() {
        let mut value = HeaderValue::from_str(authorization).expect("base64 is ASCII");
        value.set_sensitive(true);
        headers.insert(header::PROXY_AUTHORIZATION, value);
    }
    request
}
