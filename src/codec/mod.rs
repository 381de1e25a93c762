//! What turns frames into messages and back: the one place where protocols above WebSocket are known.
//!
//! A [`Codec`] belongs to one connection. It knows no socket and no clock: frames go in and messages come out, several of
//! one frame, one of several frames, without their envelope; and what it says itself, in answer to a frame or in a
//! handshake before the first message, goes back. Steps, matchers, correlation and captures work on messages alone, so
//! that a further protocol is a further value here and in [`Protocol`], and nothing else.
//!
//! Where a frame is a message as it stands, [`Codec::as_is`] says so: then nothing is decoded, kept or copied.

#[cfg(test)]
mod odd;

use std::borrow::Cow;
use std::fmt;

use crate::program::{BodyKind, Protocol};

/// How the frames and messages of one connection belong together.
#[derive(Debug, Default)]
pub enum Codec {
    /// A frame is a message.
    #[default]
    Frames,
    /// The same, and every message is binary.
    Binary,
    /// One that does everything that a protocol may do.
    #[cfg(test)]
    Odd(Box<odd::Odd>),
}

/// A whole data message of WebSocket, whatever the number of its own fragments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'f> {
    /// Whole and valid UTF-8 (RFC 6455 section 5.6).
    Text(&'f str),
    /// Any bytes.
    Binary(&'f [u8]),
}

/// The same, which may have been put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content<'f> {
    /// Text.
    Text(Cow<'f, str>),
    /// Bytes.
    Binary(Cow<'f, [u8]>),
}

/// What comes of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded<'f> {
    /// The handshake is over: what follows are messages.
    Opened,
    /// A message.
    Message(Content<'f>),
    /// What the codec itself says to the server.
    Say(Content<'static>),
}

/// The server does not keep to the protocol, or refuses this end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, fit after "error: ". May hold text from the server: escaped already.
    pub detail: String,
}

/// Takes frames on their way out.
pub trait Outlet {
    /// Queues one frame whose payload `render` appends to the buffer that it is given, which holds other bytes before it.
    /// Where `render` fails nothing is queued.
    fn frame<E>(
        &mut self,
        kind: BodyKind,
        render: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E>;
}

impl Codec {
    /// For a new connection.
    pub fn new(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Json | Protocol::Text => Self::Frames,
            Protocol::Binary => Self::Binary,
            #[cfg(test)]
            Protocol::Odd => Self::Odd(Box::default()),
        }
    }

    /// The handshake begins, right behind the upgrade: what is to be said. `None` where there is no handshake, and
    /// messages may flow at once.
    pub fn open(&mut self) -> Option<Vec<Content<'static>>> {
        match self {
            Self::Frames | Self::Binary => None,
            #[cfg(test)]
            Self::Odd(_) => Some(odd::Odd::open()),
        }
    }

    /// The message that a frame is as it stands; `None` where it has to be decoded.
    pub fn as_is<'f>(&self, frame: Frame<'f>) -> Option<Frame<'f>> {
        match self {
            Self::Frames => Some(frame),
            Self::Binary => Some(Frame::Binary(frame.bytes())),
            #[cfg(test)]
            Self::Odd(_) => None,
        }
    }

    /// What comes of a frame, in order. After a fault the connection is of no more use.
    pub fn decode<'f>(&mut self, frame: Frame<'f>) -> Result<Vec<Decoded<'f>>, Fault> {
        match self {
            Self::Frames | Self::Binary => {
                Ok(self.as_is(frame).map(|frame| Decoded::Message(frame.into())).into_iter().collect())
            }
            #[cfg(test)]
            Self::Odd(odd) => odd.decode(frame),
        }
    }

    /// Sends one message, whose content `render` appends to a buffer, in as many frames as it takes.
    pub fn encode<E>(
        &mut self,
        kind: BodyKind,
        render: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
        outlet: &mut impl Outlet,
    ) -> Result<(), E> {
        match self {
            Self::Frames => outlet.frame(kind, render),
            Self::Binary => outlet.frame(BodyKind::Binary, render),
            #[cfg(test)]
            Self::Odd(_) => odd::Odd::encode(kind, render, outlet),
        }
    }
}

impl<'f> Frame<'f> {
    /// The bytes, of a text its UTF-8.
    pub fn bytes(self) -> &'f [u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }
}

impl<'f> From<Frame<'f>> for Content<'f> {
    fn from(frame: Frame<'f>) -> Self {
        match frame {
            Frame::Text(text) => Self::Text(text.into()),
            Frame::Binary(bytes) => Self::Binary(bytes.into()),
        }
    }
}

impl Content<'_> {
    /// Where it lies.
    pub fn as_frame(&self) -> Frame<'_> {
        match self {
            Self::Text(text) => Frame::Text(text),
            Self::Binary(bytes) => Frame::Binary(bytes),
        }
    }

    /// The same, apart from the frame that it came in.
    pub fn into_owned(self) -> Content<'static> {
        match self {
            Self::Text(text) => Content::Text(text.into_owned().into()),
            Self::Binary(bytes) => Content::Binary(bytes.into_owned().into()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    /// The frames that a message is sent in.
    struct Sent(Vec<(BodyKind, Vec<u8>)>);

    impl Outlet for Sent {
        fn frame<E>(
            &mut self,
            kind: BodyKind,
            render: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
        ) -> Result<(), E> {
            let mut buffer = b"before".to_vec();
            render(&mut buffer)?;
            self.0.push((kind, buffer.split_off(6)));
            Ok(())
        }
    }

    fn encoded(codec: &mut Codec, kind: BodyKind, message: &[u8]) -> Vec<(BodyKind, Vec<u8>)> {
        let mut sent = Sent(Vec::new());
        let render = |buffer: &mut Vec<u8>| {
            buffer.extend_from_slice(message);
            Ok::<(), ()>(())
        };
        codec.encode(kind, render, &mut sent).unwrap();
        sent.0
    }

    fn message(text: &str) -> Decoded<'_> {
        Decoded::Message(Content::Text(text.into()))
    }

    #[test]
    fn a_frame_is_a_message_where_there_is_no_more_to_it() {
        let (text, bytes) = (Frame::Text("{}"), Frame::Binary(&[0xff]));
        for protocol in [Protocol::Json, Protocol::Text] {
            let mut codec = Codec::new(protocol);
            assert_eq!(codec.open(), None);
            assert_eq!((codec.as_is(text), codec.as_is(bytes)), (Some(text), Some(bytes)));
            assert_eq!(encoded(&mut codec, BodyKind::Text, b"{}"), [(BodyKind::Text, b"{}".to_vec())]);
            assert_eq!(
                encoded(&mut codec, BodyKind::Binary, b"\xff"),
                [(BodyKind::Binary, b"\xff".to_vec())]
            );
        }
        let mut codec = Codec::new(Protocol::Binary);
        assert_eq!((codec.as_is(text), codec.as_is(bytes)), (Some(Frame::Binary(b"{}")), Some(bytes)));
        assert_eq!(encoded(&mut codec, BodyKind::Text, b"{}"), [(BodyKind::Binary, b"{}".to_vec())]);
        assert_eq!(codec.decode(text), Ok(vec![Decoded::Message(Content::Binary(b"{}".into()))]));
    }

    #[test]
    fn a_codec_may_do_all_that_is_hard() {
        let mut codec = Codec::new(Protocol::Odd);
        assert_eq!(codec.open(), Some(vec![Content::Text("hello".into())]));
        // A handshake, and messages right behind it in the same frame.
        assert_eq!(
            codec.decode(Frame::Text("welcome\nfirst\nsecond")),
            Ok(vec![Decoded::Opened, message("first"), message("second")])
        );
        // One message over several frames, with an answer of the codec's own between them.
        assert_eq!(codec.decode(Frame::Text("+one ")), Ok(vec![]));
        assert_eq!(codec.decode(Frame::Text("beat?")), Ok(vec![Decoded::Say(Content::Text("beat!".into()))]));
        assert_eq!(
            codec.decode(Frame::Text("message\nand more")),
            Ok(vec![message("one message"), message("and more")])
        );
        assert_eq!(
            encoded(&mut codec, BodyKind::Text, b"longer than eight"),
            [
                (BodyKind::Text, b"+longer t".to_vec()),
                (BodyKind::Text, b"+han eigh".to_vec()),
                (BodyKind::Text, b"t".to_vec())
            ]
        );
        assert!(codec.decode(Frame::Binary(b"x")).is_err());
        let mut refused = Codec::new(Protocol::Odd);
        assert_eq!(
            refused.decode(Frame::Text("go away")),
            Err(Fault { detail: "the server said \"go away\" where \"welcome\" is due".to_owned() })
        );
    }

    #[test]
    fn what_cannot_be_rendered_is_not_sent() {
        for protocol in [Protocol::Json, Protocol::Binary, Protocol::Odd] {
            let mut sent = Sent(Vec::new());
            let outcome = Codec::new(protocol).encode(BodyKind::Text, |_| Err("no value"), &mut sent);
            assert_eq!((outcome, sent.0.len()), (Err("no value"), 0));
        }
    }
}
