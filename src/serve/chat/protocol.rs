//! The messages of the chat protocol: requests taken apart and replies put together, without a tree of JSON.
//!
//! Values that only pass through (`id`, `_messageId`, `n`, `text`) are carried as the bytes that came.

use std::borrow::Cow;
use std::io::Write;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::serve::frame::{Encoded, TextFrame};

/// A client's message. Every field is raw: a wrong one must not keep the reply from naming the others.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Request<'a> {
    #[serde(borrow, rename = "type", deserialize_with = "present")]
    pub(super) kind: Option<&'a RawValue>,
    #[serde(borrow, deserialize_with = "present")]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow, rename = "_messageId", deserialize_with = "present")]
    pub(super) message_id: Option<&'a RawValue>,
    #[serde(borrow, deserialize_with = "present")]
    pub(super) session_id: Option<&'a RawValue>,
    #[serde(borrow, deserialize_with = "present")]
    pub(super) room: Option<&'a RawValue>,
    #[serde(borrow, deserialize_with = "present")]
    pub(super) text: Option<&'a RawValue>,
    #[serde(borrow, deserialize_with = "present")]
    pub(super) n: Option<&'a RawValue>,
    #[serde(borrow, deserialize_with = "present")]
    pub(super) seq: Option<&'a RawValue>,
}

/// A field that is there counts as there, also when it is `null`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

impl<'a> Request<'a> {
    /// `None` where `text` is not one JSON object, or names a field twice.
    pub(super) fn parse(text: &'a [u8]) -> Option<Self> {
        // Derived parsing would take an array for the fields in their order.
        let is_object = text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
        if is_object { serde_json::from_slice(text).ok() } else { None }
    }
}

/// The string in `raw`; `None` where it is another kind of value.
pub(super) fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    let inner = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str(raw.get()).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

/// What an error reply names in `code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorCode {
    BadRequest,
    UnknownType,
    NotJoined,
    SessionMismatch,
}

impl ErrorCode {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::UnknownType => "unknown_type",
            Self::NotJoined => "not_joined",
            Self::SessionMismatch => "session_mismatch",
        }
    }
}

/// One outgoing JSON object, written field by field.
pub(super) struct Reply {
    frame: TextFrame,
}

impl Reply {
    /// Begins `{"type":KIND`. `KIND` needs no escaping.
    pub(super) fn new(kind: &'static str) -> Self {
        let mut frame = TextFrame::new(192);
        let payload = frame.payload();
        payload.extend_from_slice(br#"{"type":""#);
        payload.extend_from_slice(kind.as_bytes());
        payload.push(b'"');
        Self { frame }
    }

    /// A value as it came in; nothing where there was none.
    pub(super) fn raw(mut self, key: &'static str, value: Option<&RawValue>) -> Self {
        if let Some(value) = value {
            self.key(key).extend_from_slice(value.get().as_bytes());
        }
        self
    }

    pub(super) fn string(mut self, key: &'static str, value: &str) -> Self {
        serde_json::to_writer(self.key(key), value).expect("writing a string to memory cannot fail");
        self
    }

    pub(super) fn number(mut self, key: &'static str, value: u64) -> Self {
        write!(self.key(key), "{value}").expect("writing to memory cannot fail");
        self
    }

    pub(super) fn yes(mut self, key: &'static str) -> Self {
        self.key(key).extend_from_slice(b"true");
        self
    }

    /// What every reply to `request` carries: `re` and `_messageId` where it had them, `session_id` once there
    /// is a session.
    pub(super) fn answering(self, request: &Request<'_>, session: Option<&str>) -> Encoded {
        let mut reply = self.raw("re", request.id).raw("_messageId", request.message_id);
        if let Some(session) = session {
            reply = reply.string("session_id", session);
        }
        reply.finish()
    }

    pub(super) fn finish(mut self) -> Encoded {
        self.frame.payload().push(b'}');
        self.frame.finish()
    }

    fn key(&mut self, key: &'static str) -> &mut Vec<u8> {
        let payload = self.frame.payload();
        payload.extend_from_slice(b",\"");
        payload.extend_from_slice(key.as_bytes());
        payload.extend_from_slice(b"\":");
        payload
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_objects_are_requests() {
        for text in ["", "nonsense", "[]", r#"["ping"]"#, "7", "null", r#"{"id":1,"id":2}"#, "{} {}", "{"] {
            assert!(Request::parse(text.as_bytes()).is_none(), "{text}");
        }
        let deep = format!(r#"{{"n":{}1{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
        assert!(Request::parse(deep.as_bytes()).is_none_or(|request| request.n.is_some()));
        assert!(
            Request::parse(b" \n{ \"other\": [1, {\"a\": 2}] }")
                .is_some_and(|request| request.kind.is_none())
        );
    }

    #[test]
    fn a_null_is_there() {
        let request = Request::parse(br#"{"n":null}"#).unwrap();
        assert_eq!(request.n.map(RawValue::get), Some("null"));
        assert!(request.id.is_none());
    }

    #[test]
    fn strings_are_unescaped_where_they_must_be() {
        let request = Request::parse(br#"{"type":"a","room":"\u00e9\"","id":7}"#).unwrap();
        assert_eq!(string(request.kind.unwrap()).as_deref(), Some("a"));
        assert_eq!(string(request.room.unwrap()).as_deref(), Some("é\""));
        assert_eq!(string(request.id.unwrap()), None);
    }

    #[test]
    fn replies_are_json_whatever_is_in_them() {
        let request = Request::parse(br#"{"id": {"a" : 1}, "_messageId":"m\n"}"#).unwrap();
        let reply = Reply::new("joined").string("room", "a\"\n").number("members", 3).yes("ok");
        let encoded = reply.answering(&request, Some("s\\"));
        assert_eq!(
            std::str::from_utf8(&encoded.head[2..]).unwrap(),
            r#"{"type":"joined","room":"a\"\n","members":3,"ok":true,"re":{"a" : 1},"_messageId":"m\n","session_id":"s\\"}"#
        );
    }
}
