//! What a user keeps between its requests, and the way of one request: a connection, the exchange, redirects.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::header::{self, HeaderMap};
use hyper::{Method, Request, Response, StatusCode, Uri, Version};

use super::failure::{HttpFailure, HttpFailureKind};
use super::jar::Jar;
use super::link::{Link, Outgoing};
use super::redirect::{is_redirect, location};
use super::request::HttpRequest;
use crate::net::dial::{Dialled, Network};
use crate::net::request::RequestError;
use crate::net::tls::Alpn;
use crate::program::Url;

/// How many origins a user keeps an idle connection to; the one that was used longest ago goes first.
const IDLE_MAX: usize = 8;

/// What a user keeps between its requests. It is for one thread, and for one request at a time.
#[derive(Default)]
pub struct Client {
    jar: RefCell<Jar>,
    idle: RefCell<Vec<Idle>>,
}

struct Idle {
    origin: Url,
    address: String,
    link: Link,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers of the last answer.
    pub headers: HeaderMap,
    /// What `Set-Cookie` lines said, those of redirects first, whether they are kept or not.
    pub cookies: Vec<(String, String)>,
    /// The body, whole.
    pub body: Bytes,
}

/// What happens on the way, each when it is known: also of a request that fails later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// A name was looked up.
    Resolved(Duration),
    /// A connection was made.
    Dialled(Duration),
    /// The proxy has led to the server.
    Tunnelled(Duration),
    /// TLS was agreed on.
    Secured {
        /// How long that took.
        elapsed: Duration,
        /// Whether a session of before was taken up.
        is_resumed: bool,
    },
    /// A request is handed to the connection; one for each redirect that is followed, too.
    Sent {
        /// The length of its body.
        body_bytes: usize,
    },
    /// The head of the answer came so long after the request was handed over.
    Answered(Duration),
    /// Some of a body came.
    Received {
        /// So much.
        body_bytes: usize,
    },
}

/// What a request needs of its thread.
struct Way<'a> {
    network: &'a Network,
    user: u64,
    on: &'a dyn Fn(Progress),
}

impl Client {
    /// The cookies.
    pub fn jar(&self) -> &RefCell<Jar> {
        &self.jar
    }

    /// Sends a request, follows redirects, and reads the last answer to its end. `user` is who asks, `on` hears of what
    /// happens on the way. A redirect beyond `request.follow` is an answer like any other.
    ///
    /// Dropping the future closes the connection in use; cookies that came by then are kept.
    pub async fn fetch(
        &self,
        request: HttpRequest,
        network: &Network,
        user: u64,
        on: &dyn Fn(Progress),
    ) -> Result<Answer, HttpFailure> {
        // In a box, so that the caller's own future does not keep the room that hyper takes.
        Box::pin(self.follow(request, &Way { network, user, on })).await
    }

    async fn follow(&self, mut request: HttpRequest, way: &Way<'_>) -> Result<Answer, HttpFailure> {
        let mut cookies = Vec::new();
        loop {
            let mut answer = self.exchange(&request, way).await?;
            cookies.append(&mut answer.cookies);
            let next = (request.follow > 0 && is_redirect(answer.status))
                .then(|| location(&answer.headers, &request.url))
                .flatten();
            let Some(next) = next else { return Ok(Answer { cookies, ..answer }) };
            let next = next.map_err(|reason| HttpFailure {
                kind: HttpFailureKind::Location { reason },
                address: request.url.address(),
            })?;
            request.follow -= 1;
            request = request.redirected(answer.status, next);
        }
    }

    async fn exchange(&self, request: &HttpRequest, way: &Way<'_>) -> Result<Answer, HttpFailure> {
        let fail = |kind| HttpFailure { kind, address: request.url.address() };
        let headers = request.outgoing_headers(&self.jar.borrow());
        let headers = headers.map_err(|error| fail(HttpFailureKind::Request(error)))?;
        let (mut link, response, address) = self.ask(request, headers, way).await?;
        let fail = |kind| HttpFailure { kind, address: address.clone() };
        let (head, body) = response.into_parts();
        let cookies = self.keep_cookies(&head.headers, &request.url);
        let body = read_body(&mut link, body, way).await.map_err(fail)?;
        self.keep(Idle { origin: request.url.clone(), address, link });
        Ok(Answer { status: head.status, headers: head.headers, cookies, body })
    }

    /// Sends a request on an idle connection where there is one, else on a new one. An idle connection may be closed by
    /// the server in the very moment: then a new one is tried where that cannot make the server do a thing twice.
    async fn ask(
        &self,
        request: &HttpRequest,
        headers: HeaderMap,
        way: &Way<'_>,
    ) -> Result<(Link, Response<Incoming>, String), HttpFailure> {
        if let Some(Idle { mut link, address, .. }) = self.take_idle(&request.url)
            && link.is_usable().await
        {
            let outgoing = outgoing(request, headers.clone(), link.is_http2())?;
            match send(&mut link, outgoing, way).await {
                Ok(response) => return Ok((link, response, address)),
                Err((error, is_unsent)) if !is_unsent && !request.method.is_idempotent() => {
                    let limit_bytes = way.network.options.max_header_bytes;
                    return Err(HttpFailure {
                        kind: HttpFailureKind::from_hyper(&error, limit_bytes),
                        address,
                    });
                }
                Err(_) => {}
            }
        }
        let (mut link, address) = open(&request.url, way).await?;
        let outgoing = outgoing(request, headers, link.is_http2())?;
        match send(&mut link, outgoing, way).await {
            Ok(response) => Ok((link, response, address)),
            Err((error, _)) => {
                let limit_bytes = way.network.options.max_header_bytes;
                Err(HttpFailure { kind: HttpFailureKind::from_hyper(&error, limit_bytes), address })
            }
        }
    }

    fn keep_cookies(&self, headers: &HeaderMap, from: &Url) -> Vec<(String, String)> {
        let mut jar = self.jar.borrow_mut();
        let lines = headers.get_all(header::SET_COOKIE).iter();
        lines.filter_map(|line| jar.take(&String::from_utf8_lossy(line.as_bytes()), from)).collect()
    }

    fn take_idle(&self, url: &Url) -> Option<Idle> {
        let mut idle = self.idle.borrow_mut();
        let place = idle.iter().position(|idle| idle.origin.is_same_origin(url))?;
        Some(idle.remove(place))
    }

    fn keep(&self, used: Idle) {
        let mut idle = self.idle.borrow_mut();
        if idle.len() == IDLE_MAX {
            idle.remove(0);
        }
        idle.push(used);
    }
}

/// The request as it leaves. In HTTP/2 the host is a part of the URL and no header (RFC 9113 section 8.3.1).
fn outgoing(request: &HttpRequest, mut headers: HeaderMap, is_http2: bool) -> Result<Outgoing, HttpFailure> {
    let path = request.url.path_and_query();
    let mut uri = Uri::builder().path_and_query(path);
    let mut outgoing = Request::new(Full::new(request.body.clone()));
    if is_http2 && let Some(host) = headers.remove(header::HOST) {
        uri = uri.scheme("https").authority(host.as_bytes());
        *outgoing.version_mut() = Version::HTTP_2;
    }
    *outgoing.uri_mut() = uri.build().map_err(|_| HttpFailure {
        kind: HttpFailureKind::Request(RequestError::PathAndQuery { path_and_query: path.to_owned() }),
        address: request.url.address(),
    })?;
    *outgoing.method_mut() = request.method.clone();
    *outgoing.headers_mut() = headers;
    // hyper leaves it out of an empty body, and servers want to know that a POST has none (RFC 9110 section 8.6).
    if request.body.is_empty() && matches!(request.method, Method::POST | Method::PUT | Method::PATCH) {
        outgoing.headers_mut().insert(header::CONTENT_LENGTH, header::HeaderValue::from_static("0"));
    }
    Ok(outgoing)
}

/// Sends a request; on a failure the error, and whether nothing of it was sent.
async fn send(
    link: &mut Link,
    outgoing: Outgoing,
    way: &Way<'_>,
) -> Result<Response<Incoming>, (hyper::Error, bool)> {
    let body_bytes = outgoing.body().size_hint().exact().unwrap_or(0);
    (way.on)(Progress::Sent { body_bytes: usize::try_from(body_bytes).unwrap_or(usize::MAX) });
    let asked = Instant::now();
    match link.send(outgoing).await {
        Ok(response) => {
            (way.on)(Progress::Answered(asked.elapsed()));
            Ok(response)
        }
        Err(mut error) => {
            let is_unsent = error.take_message().is_some();
            Err((error.into_error(), is_unsent))
        }
    }
}

/// A new connection, and the name under which failures on it are told.
async fn open(url: &Url, way: &Way<'_>) -> Result<(Link, String), HttpFailure> {
    let dialled = way.network.dial(url, Alpn::Http2, way.user).await;
    let Dialled { stream, remote, timings, .. } = dialled.map_err(|failure| HttpFailure {
        kind: HttpFailureKind::Connect(failure.kind),
        address: failure.address,
    })?;
    if let Some(elapsed) = timings.dns {
        (way.on)(Progress::Resolved(elapsed));
    }
    (way.on)(Progress::Dialled(timings.tcp));
    if let Some(elapsed) = timings.proxy {
        (way.on)(Progress::Tunnelled(elapsed));
    }
    if let Some(tls) = timings.tls {
        (way.on)(Progress::Secured { elapsed: tls.elapsed, is_resumed: tls.is_resumed });
    }
    let address = way.network.full_address(url, Some(remote));
    let limit_bytes = way.network.options.max_header_bytes;
    match Link::open(stream, limit_bytes).await {
        Ok(link) => Ok((link, address)),
        Err(error) => Err(HttpFailure { kind: HttpFailureKind::from_hyper(&error, limit_bytes), address }),
    }
}

async fn read_body(link: &mut Link, body: Incoming, way: &Way<'_>) -> Result<Bytes, HttpFailureKind> {
    let limit_bytes = way.network.options.max_message_bytes;
    let too_long = || HttpFailureKind::BodyTooLong { limit_bytes };
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit_bytes {
        return Err(too_long());
    }
    let mut whole = Vec::with_capacity(announced);
    let reading = async {
        let mut body = pin!(body);
        while let Some(frame) = poll_fn(|cx| Pin::as_mut(&mut body).poll_frame(cx)).await {
            let frame = frame
                .map_err(|error| HttpFailureKind::from_hyper(&error, way.network.options.max_header_bytes))?;
            // Trailers are no part of it.
            let Ok(data) = frame.into_data() else { continue };
            (way.on)(Progress::Received { body_bytes: data.len() });
            if whole.len() + data.len() > limit_bytes {
                return Err(too_long());
            }
            whole.extend_from_slice(&data);
        }
        Ok(())
    };
    link.along(pin!(reading)).await?;
    Ok(whole.into())
}
