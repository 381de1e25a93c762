//! From a connection that stands to one on which messages may flow: the handshake of the plan's protocol, where it has
//! one. It is a part of connecting: it has the connect's timeout, and its failure is one of the connect.

use std::time::Instant;

use super::frames::say;
use crate::codec::{Codec, Content, Decoded, Fault, Frame};
use crate::net::{ConnectFailureKind, Connection, Event, Flush, Incoming, ReadFailure};

/// A connection on which messages may flow.
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) codec: Codec,
    /// Messages that came in one frame with the end of the handshake, and when.
    pub(super) behind: Vec<(Instant, Content<'static>)>,
}

/// Opens a connection by the codec's handshake. Dropping the future drops the connection.
pub(super) async fn open(connection: Connection, mut codec: Codec) -> Result<Opened, ConnectFailureKind> {
    let said = codec.open();
    let opened = Opened { connection, codec, behind: Vec::new() };
    match said {
        None => Ok(opened),
        Some(said) => shake_hands(opened, &said).await,
    }
}

async fn shake_hands(mut opened: Opened, said: &[Content<'_>]) -> Result<Opened, ConnectFailureKind> {
    let begun = Instant::now();
    let fail = |detail| ConnectFailureKind::Handshake { detail };
    said.iter().for_each(|content| say(&mut opened.connection.writer, content));
    let mut is_open = false;
    loop {
        flush(&mut opened.connection).await.map_err(|error| ConnectFailureKind::from_io(&error))?;
        if is_open {
            break;
        }
        let Opened { connection: Connection { reader, writer, .. }, codec, behind } = &mut opened;
        let Incoming { at, event, .. } = reader.next().await.map_err(broken)?;
        let frame = match event {
            Event::Text(text) => Frame::Text(text),
            Event::Binary(bytes) => Frame::Binary(bytes),
            Event::Ping(payload) => {
                // Nothing was closed, so that it is taken.
                let _ = writer.pong(payload);
                continue;
            }
            Event::Pong(_) => continue,
            Event::Close { code, reason } => {
                let code = code.map_or("without a code".to_owned(), |code| format!("with {code}"));
                return Err(fail(format!("the server closed the connection {code}: {reason:?}")));
            }
        };
        for decoded in codec.decode(frame).map_err(|Fault { detail }| fail(detail))? {
            match decoded {
                Decoded::Opened => is_open = true,
                Decoded::Say(content) => say(writer, &content),
                Decoded::Message(content) => behind.push((at, content.into_owned())),
            }
        }
    }
    opened.connection.timings.total += begun.elapsed();
    Ok(opened)
}

/// Hands what is queued to the kernel, waiting for it where it must.
async fn flush(connection: &mut Connection) -> std::io::Result<()> {
    while connection.writer.try_flush()?.flush == Flush::Blocked {
        connection.writer.writable().await?;
    }
    Ok(())
}

fn broken(failure: ReadFailure) -> ConnectFailureKind {
    match failure {
        ReadFailure::Protocol(violation) => ConnectFailureKind::Protocol(violation),
        ReadFailure::Reset => ConnectFailureKind::Reset,
        other => ConnectFailureKind::Handshake { detail: other.to_string() },
    }
}

#[cfg(test)]
mod tests;
