//! One TLS connection over its TCP connection, with no task and no lock of its own.
//!
//! What rustls holds back is never hidden from the owner: bytes count as taken when the kernel has what they were
//! sealed into, so that a batch has left when it is said to have left.

use std::fmt;
use std::future::poll_fn;
use std::io::{self, BufRead, Read, Write};
use std::net::Shutdown;
use std::task::{Context, Poll, ready};

use rustls::{AlertDescription, ClientConnection, Error, HandshakeKind};
use socket2::SockRef;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;

use super::nobody::Nobody;
use super::words::{NO_CERTIFICATE, error_in};

/// A connection whose handshake is done.
pub(crate) struct Session {
    tcp: TcpStream,
    tls: ClientConnection,
    /// How many of the bytes that are to be handed over next are sealed already and wait for the kernel.
    sealed_bytes: usize,
    /// Found while nobody read.
    failure: Option<io::Error>,
    /// Whether the server asked for a certificate, was shown none, and has not said a byte since.
    lacks_certificate: bool,
}

/// The socket as rustls reads and writes it: what cannot be done at once is `WouldBlock`.
struct Socket<'a>(&'a TcpStream);

impl Session {
    /// Makes the handshake. What rustls says of it is inside the error.
    pub(super) async fn open(tcp: TcpStream, tls: ClientConnection, nobody: &Nobody) -> io::Result<Self> {
        let mut session = Self { tcp, tls, sealed_bytes: 0, failure: None, lacks_certificate: false };
        let shaken = poll_fn(|cx| session.poll_handshake(nobody, cx)).await;
        shaken.map_err(|error| session.explained(error))?;
        Ok(session)
    }

    /// Whether the server took a session of before in place of a whole handshake (RFC 8446 section 2.2).
    pub(crate) fn is_resumed(&self) -> bool {
        self.tls.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// Whether the server chose this protocol (RFC 7301).
    pub(crate) fn has_chosen(&self, protocol: &[u8]) -> bool {
        self.tls.alpn_protocol() == Some(protocol)
    }

    /// A server that wants a certificate may just leave: TLS 1.3 has it look at the certificate when the handshake is over
    /// for the client, and not every server says why it goes (RFC 8446 section 4.4.2.4).
    fn explained(&self, error: io::Error) -> io::Error {
        let is_departure = match error_in(&error) {
            Some(Error::AlertReceived(alert)) => *alert == AlertDescription::HandshakeFailure,
            Some(_) => false,
            None => matches!(
                error.kind(),
                io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
            ),
        };
        if !self.lacks_certificate || !is_departure {
            return error;
        }
        io::Error::new(io::ErrorKind::InvalidData, Error::General(NO_CERTIFICATE.to_owned()))
    }

    fn poll_handshake(&mut self, nobody: &Nobody, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_flush(cx))?;
            if !self.tls.is_handshaking() {
                return Poll::Ready(Ok(()));
            }
            let pulled = ready!(self.poll_pull(cx));
            self.lacks_certificate |= nobody.take_was_asked();
            if !pulled? {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }

    /// Whether a message's bytes have come, or the end. Tickets and other business of TLS alone are none.
    pub(crate) fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.failure.is_none() && is_empty(&mut self.tls) {
            if let Err(error) = ready!(self.poll_pull(cx)) {
                self.failure = Some(error);
            }
        }
        Poll::Ready(())
    }

    /// A TCP connection that ends without TLS's goodbye just ends: WebSocket and HTTP know when they were cut short.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_readable(cx));
        if let Some(error) = self.failure.take() {
            return Poll::Ready(Err(self.explained(error)));
        }
        if self.lacks_certificate {
            match self.tls.reader().fill_buf() {
                Ok([_, ..]) => self.lacks_certificate = false,
                _ => return Poll::Ready(Err(self.explained(io::ErrorKind::UnexpectedEof.into()))),
            }
        }
        let mut reader = self.tls.reader();
        let count = match reader.fill_buf() {
            Ok(chunk) => {
                let count = chunk.len().min(buffer.remaining());
                buffer.put_slice(&chunk[..count]);
                count
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
            Err(error) => return Poll::Ready(Err(error)),
        };
        reader.consume(count);
        Poll::Ready(Ok(()))
    }

    /// As [`super::super::stream::WriteHalf::try_write`]: of bytes that are sealed into records as many count as taken
    /// as the kernel surely has.
    pub(crate) fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.sealed_bytes == 0 {
            self.sealed_bytes = self.tls.writer().write(bytes)?;
        }
        let pushed_bytes = self.push()?;
        let taken_bytes = if self.tls.wants_write() {
            // Records are longer than what is in them; the last byte is taken with the last record's end.
            pushed_bytes.min(self.sealed_bytes.saturating_sub(1))
        } else {
            self.sealed_bytes
        };
        self.sealed_bytes -= taken_bytes;
        if taken_bytes == 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(taken_bytes) }
    }

    pub(crate) fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tcp.poll_write_ready(cx)
    }

    /// Takes bytes for good, as `AsyncWrite` has it: they leave with a flush at the latest.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_flush(cx))?;
        let count = self.tls.writer().write(bytes)?;
        self.push().map_err(|error| self.explained(error))?;
        Poll::Ready(Ok(count))
    }

    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            self.push().map_err(|error| self.explained(error))?;
            if !self.tls.wants_write() {
                return Poll::Ready(Ok(()));
            }
            ready!(self.tcp.poll_write_ready(cx))?;
        }
    }

    /// Takes leave (RFC 8446 section 6.1) and ends the sending side of TCP, without waiting for either.
    pub(crate) fn shutdown(&mut self) -> io::Result<()> {
        self.tls.send_close_notify();
        self.push()?;
        SockRef::from(&self.tcp).shutdown(Shutdown::Write)
    }

    /// Hands what is sealed to the kernel, as far as it takes it; how many bytes it took.
    fn push(&mut self) -> io::Result<usize> {
        let mut pushed_bytes = 0;
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut Socket(&self.tcp)) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => pushed_bytes += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(pushed_bytes)
    }

    /// Reads once and opens what has come; whether anything came, which after the end it does not.
    fn poll_pull(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        loop {
            ready!(self.tcp.poll_read_ready(cx))?;
            let count = match self.tls.read_tls(&mut Socket(&self.tcp)) {
                Ok(count) => count,
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) =>
                {
                    continue;
                }
                Err(error) => return Poll::Ready(Err(error)),
            };
            let opened = self.tls.process_new_packets();
            if opened.is_err() {
                // The alert that tells the server why. Whether it gets there is no matter any more.
                let _ = self.push();
            }
            return Poll::Ready(match opened {
                Ok(_) => Ok(count > 0),
                Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            });
        }
    }
}

/// Whether nothing can be read: no byte and no end.
fn is_empty(tls: &mut ClientConnection) -> bool {
    matches!(tls.reader().fill_buf(), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

impl Read for Socket<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }
}

impl Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, slices: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}
