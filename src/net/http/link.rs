//! One HTTP connection: hyper's two halves, polled together while something is asked on it. An idle one is not polled:
//! whoever uses it again looks first whether the server has closed it meanwhile.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper::rt::Executor;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

use crate::net::handshake::SMALLEST_BUFFER_LIMIT_BYTES;
use crate::net::stream::Stream;
use crate::net::tls::Alpn;

/// A request as it goes to hyper.
pub(super) type Outgoing = Request<Full<Bytes>>;

/// An HTTP connection.
pub(super) struct Link {
    sender: Sender,
    connection: Driven,
}

/// hyper's half for those who ask.
enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

/// hyper's half for the stream; `None` once it has ended.
type Driven = Option<Pin<Box<dyn Future<Output = hyper::Result<()>>>>>;

/// Where hyper puts the sending of a body in HTTP/2, which goes on beside the connection: the thread's own tasks.
#[derive(Clone, Copy)]
struct Beside;

impl<F: Future<Output = ()> + 'static> Executor<F> for Beside {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}

impl Link {
    /// Speaks HTTP on a fresh stream: HTTP/2 where that was agreed on with TLS (RFC 7301), else HTTP/1.1.
    pub(super) async fn open(stream: Stream, max_header_bytes: usize) -> hyper::Result<Self> {
        let is_http2 = matches!(&stream, Stream::Tls(session) if session.has_chosen(Alpn::HTTP_2));
        let stream = TokioIo::new(stream);
        if is_http2 {
            let limit = u32::try_from(max_header_bytes).unwrap_or(u32::MAX);
            let (sender, connection) =
                http2::Builder::new(Beside).max_header_list_size(limit).handshake(stream).await?;
            return Ok(Self { sender: Sender::Http2(sender), connection: Some(Box::pin(connection)) });
        }
        let (sender, connection) = http1::Builder::new()
            .max_header_size(max_header_bytes)
            .max_buf_size(max_header_bytes.max(SMALLEST_BUFFER_LIMIT_BYTES))
            .handshake(stream)
            .await?;
        Ok(Self { sender: Sender::Http1(sender), connection: Some(Box::pin(connection)) })
    }

    pub(super) fn is_http2(&self) -> bool {
        matches!(self.sender, Sender::Http2(_))
    }

    /// Whether another request can be sent, waiting until what was before it is over.
    pub(super) async fn is_usable(&mut self) -> bool {
        // What came while nobody looked is seen now, an end among it.
        poll_fn(|cx| {
            self.poll_connection(cx);
            Poll::Ready(())
        })
        .await;
        let Self { sender, connection } = self;
        let ready = match sender {
            Sender::Http1(sender) => along(connection, pin!(sender.ready())).await,
            Sender::Http2(sender) => along(connection, pin!(sender.ready())).await,
        };
        ready.is_ok() && connection.is_some()
    }

    /// Sends a request and waits for the head of the answer. Where nothing of it was sent, it is in the error.
    pub(super) async fn send(
        &mut self,
        request: Outgoing,
    ) -> Result<Response<Incoming>, TrySendError<Outgoing>> {
        let Self { sender, connection } = self;
        match sender {
            Sender::Http1(sender) => along(connection, pin!(sender.try_send_request(request))).await,
            Sender::Http2(sender) => along(connection, pin!(sender.try_send_request(request))).await,
        }
    }

    /// Polls the connection beside a future that waits for something of it.
    pub(super) async fn along<G: Future>(&mut self, future: Pin<&mut G>) -> G::Output {
        along(&mut self.connection, future).await
    }

    fn poll_connection(&mut self, cx: &mut Context<'_>) {
        poll(&mut self.connection, cx);
    }
}

/// Whatever ends it is told to whoever waits for an answer.
fn poll(connection: &mut Driven, cx: &mut Context<'_>) {
    if let Some(running) = connection
        && running.as_mut().poll(cx).is_ready()
    {
        *connection = None;
    }
}

async fn along<G: Future>(connection: &mut Driven, mut future: Pin<&mut G>) -> G::Output {
    poll_fn(|cx| {
        poll(connection, cx);
        future.as_mut().poll(cx)
    })
    .await
}
