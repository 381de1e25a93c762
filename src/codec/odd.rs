//! A protocol that nobody speaks, with everything in it that a protocol may have: a handshake of messages, several
//! messages in a frame, messages over several frames, and frames that the codec answers itself.

use super::{Content, Decoded, Fault, Frame, Outlet};
use crate::program::BodyKind;

/// How much of a message a frame holds at most.
const PART_BYTES: usize = 8;

/// One connection.
#[derive(Debug, Default)]
pub struct Odd {
    is_open: bool,
    /// Of a message that goes on in the next frame.
    begun: String,
}

impl Odd {
    pub(super) fn open() -> Vec<Content<'static>> {
        vec![Content::Text("hello".into())]
    }

    pub(super) fn decode<'f>(&mut self, frame: Frame<'f>) -> Result<Vec<Decoded<'f>>, Fault> {
        let Frame::Text(text) = frame else {
            return Err(Fault { detail: "a binary frame, where all are text".to_owned() });
        };
        let mut decoded = Vec::new();
        for line in text.split('\n') {
            if !self.is_open {
                if line != "welcome" {
                    return Err(Fault {
                        detail: format!("the server said {line:?} where \"welcome\" is due"),
                    });
                }
                self.is_open = true;
                decoded.push(Decoded::Opened);
            } else if line == "beat?" {
                decoded.push(Decoded::Say(Content::Text("beat!".into())));
            } else if let Some(part) = line.strip_prefix('+') {
                self.begun.push_str(part);
            } else if self.begun.is_empty() {
                decoded.push(Decoded::Message(Content::Text(line.into())));
            } else {
                let whole = std::mem::take(&mut self.begun) + line;
                decoded.push(Decoded::Message(Content::Text(whole.into())));
            }
        }
        Ok(decoded)
    }

    pub(super) fn encode<E>(
        kind: BodyKind,
        render: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
        outlet: &mut impl Outlet,
    ) -> Result<(), E> {
        let mut message = Vec::new();
        render(&mut message)?;
        let mut rest = &message[..];
        while rest.len() > PART_BYTES {
            let (part, behind) = rest.split_at(PART_BYTES);
            outlet.frame(kind, |buffer| {
                buffer.push(b'+');
                buffer.extend_from_slice(part);
                Ok(())
            })?;
            rest = behind;
        }
        outlet.frame(kind, |buffer| {
            buffer.extend_from_slice(rest);
            Ok(())
        })
    }
}
