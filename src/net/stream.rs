//! The bytes of a connection, in the clear or through TLS, whole or as two halves of one task.
//!
//! Which of the two it is, is decided by a match and not by a table of functions: a plain connection pays a branch
//! that is always taken.

use std::cell::RefCell;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::Shutdown;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::tls::Session;

/// A whole connection, as HTTP libraries want it.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<Session>),
}

/// What comes.
pub(super) enum ReadHalf {
    Plain(OwnedReadHalf),
    Tls(Rc<RefCell<Session>>),
}

/// What goes. Dropping it ends the sending side of the TCP connection.
pub(super) enum WriteHalf {
    Plain(OwnedWriteHalf),
    Tls(Goodbye),
}

/// Takes leave of the peer when it is dropped.
pub(super) struct Goodbye(Rc<RefCell<Session>>);

impl Stream {
    pub(super) fn into_split(self) -> (ReadHalf, WriteHalf) {
        match self {
            Self::Plain(stream) => {
                let (read_half, write_half) = stream.into_split();
                (ReadHalf::Plain(read_half), WriteHalf::Plain(write_half))
            }
            Self::Tls(session) => {
                let session = Rc::new(RefCell::new(*session));
                (ReadHalf::Tls(Rc::clone(&session)), WriteHalf::Tls(Goodbye(session)))
            }
        }
    }
}

impl ReadHalf {
    /// Whether something has come, or the stream has ended. Nothing is taken; an error shows when it is.
    pub(super) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::Plain(stream) => stream.as_ref().poll_read_ready(cx).map(|_| ()),
            Self::Tls(session) => session.borrow_mut().poll_readable(cx),
        }
    }

    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(session) => session.borrow_mut().poll_read(cx, buffer),
        }
    }
}

impl WriteHalf {
    /// Hands bytes to the kernel, how many it says. Those it did not take are to be handed over again, as they were and
    /// before any others.
    pub(super) fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.try_write(bytes),
            Self::Tls(Goodbye(session)) => session.borrow_mut().try_write(bytes),
        }
    }

    pub(super) fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(stream) => stream.as_ref().poll_write_ready(cx),
            Self::Tls(Goodbye(session)) => session.borrow().poll_writable(cx),
        }
    }

    pub(super) async fn writable(&self) -> io::Result<()> {
        poll_fn(|cx| self.poll_writable(cx)).await
    }

    /// Ends the sending side of the TCP connection.
    pub(super) fn shutdown(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => SockRef::from(stream.as_ref()).shutdown(Shutdown::Write),
            Self::Tls(Goodbye(session)) => session.borrow_mut().shutdown(),
        }
    }
}

impl Drop for Goodbye {
    fn drop(&mut self) {
        // There is nobody left to tell that it could not be.
        let _ = self.0.borrow_mut().shutdown();
    }
}

impl fmt::Debug for WriteHalf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain(..)",
            Self::Tls(_) => "Tls(..)",
        })
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(session) => session.poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(session) => session.poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Self::Tls(session) => {
                let first = slices.iter().find(|slice| !slice.is_empty());
                session.poll_write(cx, first.map_or(&[], |slice| slice))
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        matches!(self, Self::Plain(_))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(session) => session.poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(session) => Poll::Ready(session.shutdown()),
        }
    }
}
