//! Where the frames of a message go: into the output buffer of a connection.

use crate::codec::{Content, Frame, Outlet};
use crate::machine::Payload;
use crate::net::{self, Queued, Writer};
use crate::program::BodyKind;

/// The output buffer of a connection, and what one message has become in it.
pub(super) struct Frames<'w> {
    writer: &'w mut Writer,
    /// All frames of the message together; `None` where none was queued, because the connection is closing.
    pub(super) queued: Option<Queued>,
}

impl<'w> Frames<'w> {
    pub(super) fn new(writer: &'w mut Writer) -> Self {
        Self { writer, queued: None }
    }
}

impl Outlet for Frames<'_> {
    fn frame<E>(
        &mut self,
        kind: BodyKind,
        render: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let opcode = match kind {
            BodyKind::Text => net::Opcode::Text,
            BodyKind::Binary => net::Opcode::Binary,
        };
        match self.writer.try_message(opcode, render) {
            Ok(frame) => {
                self.queued = Some(match self.queued {
                    None => frame,
                    Some(before) => Queued {
                        payload_bytes: before.payload_bytes + frame.payload_bytes,
                        deflated_bytes: before.deflated_bytes.zip(frame.deflated_bytes).map(|(a, b)| a + b),
                    },
                });
                Ok(())
            }
            Err(net::NotSent::Queue(_)) => Ok(()),
            Err(net::NotSent::Render(failure)) => Err(failure),
        }
    }
}

/// What a codec says on its own account: as a frame, and no message of the plan.
pub(super) fn say(writer: &mut Writer, content: &Content<'_>) {
    let opcode = match content {
        Content::Text(_) => net::Opcode::Text,
        Content::Binary(_) => net::Opcode::Binary,
    };
    // Behind a Close nothing may follow, and the peer expects nothing.
    let _ = writer.message(opcode, |buffer| buffer.extend_from_slice(content.as_frame().bytes()));
}

/// A frame's content as a user takes it.
pub(super) fn payload(frame: Frame<'_>) -> Payload<'_> {
    match frame {
        Frame::Text(text) => Payload::Text(text),
        Frame::Binary(bytes) => Payload::Binary(bytes),
    }
}
