//! What a user tells of streams: that it published a message, that a copy came, that it entered an audience or left it.
//! Nothing is judged here. Keys and groups are told as hashes, so that who collects them keeps no texts.

use std::fmt::{self, Write as _};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::time::Duration;

use super::io::{Delivery, DeliveryEvent, FailureKind, Output, Place};
use super::link::Left;
use super::message::{Message, Payload};
use super::operand::with;
use super::render::{RenderFailure, render};
use super::user::{Setting, User};
use crate::program::{Audience, Body, BodyKind, Json, LinkId, Op, Operand, Path, Publish, Stream, StreamId};

/// How much of a key is told for people.
const SHOWN_BYTES: usize = 64;

/// What a user has handed over to be sent and that has not left yet, and what it works with.
#[derive(Debug, Default)]
pub(super) struct Publishing {
    pending: Vec<Pending>,
    /// The keys of what is pending, for people, one behind the other.
    shown: String,
    /// A group as it is rendered.
    group: Vec<u8>,
}

#[derive(Debug)]
struct Pending {
    link: LinkId,
    stream: StreamId,
    key: u64,
    group: u64,
    shown_bytes: usize,
}

impl Publishing {
    /// Takes out what is pending on a connection.
    fn take(&mut self, link: LinkId, mut take: impl FnMut(&Pending, &str)) {
        let (mut start, mut kept) = (0, String::new());
        self.pending.retain(|pending| {
            let shown = &self.shown[start..start + pending.shown_bytes];
            start += pending.shown_bytes;
            let is_taken = pending.link == link;
            if is_taken {
                take(pending, shown);
            } else {
                kept.push_str(shown);
            }
            !is_taken
        });
        if kept.is_empty() { self.shown.clear() } else { self.shown = kept }
    }
}

impl User {
    /// Queues a message and remembers to tell of it when it leaves.
    pub(super) fn publish(
        &mut self,
        message: &Body,
        publish: &Publish,
        now: Duration,
        out: &mut impl Output,
    ) -> Result<(), RenderFailure> {
        let setting = Rc::clone(&self.setting);
        let stream = &setting.program.streams[publish.stream.index()];
        let link = self.present_link();
        let mut publishing = self.publishing.take().unwrap_or_default();
        let shown_before = publishing.shown.len();
        let Publishing { shown, group, .. } = &mut *publishing;
        let mut scope = self.scope(now);
        let mut key = None;
        let outcome = group_hash(&publish.group, &mut scope, group).and_then(|group| {
            out.send(link, message.kind, |buffer| {
                let start = buffer.len();
                render(&message.template, &mut scope, buffer)?;
                let hash = match &publish.key {
                    Some(operand) => with(operand, &mut scope, |json, _| shown_hash(json, shown)),
                    None => key_in(&buffer[start..], message.kind, stream, shown),
                };
                let wanted = || wanted_key(publish.key.as_ref(), &stream.key);
                key = Some(hash.ok_or_else(|| RenderFailure::NoKey { key: wanted() })?);
                Ok(())
            })?;
            Ok(group)
        });
        // Where there is no connection nothing is rendered, and nothing will leave.
        if let (Ok(group), Some(key)) = (&outcome, key) {
            let shown_bytes = publishing.shown.len() - shown_before;
            let stream = publish.stream;
            publishing.pending.push(Pending { link, stream, key, group: *group, shown_bytes });
        } else {
            publishing.shown.truncate(shown_before);
        }
        self.publishing = Some(publishing);
        outcome.map(drop)
    }

    /// All that was queued for a connection began to leave: it is published.
    pub(super) fn published(&mut self, at: Duration, link: LinkId, out: &mut impl Output) {
        let Some(mut publishing) = self.publishing.take() else { return };
        publishing.take(link, |&Pending { stream, key, group, .. }, shown| {
            self.tell(at, DeliveryEvent::Published { stream, key, shown, group }, out);
        });
        self.publishing = Some(publishing);
    }

    /// A copy of a message came. Without a key nobody can know of which: that is a failure, and `false`.
    pub(super) fn delivered(
        &mut self,
        stream: Option<StreamId>,
        message: &Message<'_>,
        (at, place): (Duration, Place),
        out: &mut impl Output,
    ) -> bool {
        let Some(stream) = stream else { return true };
        let setting = Rc::clone(&self.setting);
        let declared = &setting.program.streams[stream.index()];
        let key = message.select(&declared.key).ok().and_then(|found| found.first().map(key_hash));
        if let Some(key) = key {
            self.tell(at, DeliveryEvent::Delivered { stream, key }, out);
        } else {
            let detail = format_args!("a message of {} has no {}", declared.name, declared.key);
            self.report(FailureKind::Capture, place, &detail, out);
        }
        key.is_some()
    }

    /// `enter` and `leave`.
    pub(super) fn change_audience(
        &mut self,
        audience: &Audience,
        now: Duration,
        out: &mut impl Output,
    ) -> Result<(), RenderFailure> {
        let mut buffer =
            self.publishing.as_mut().map(|own| std::mem::take(&mut own.group)).unwrap_or_default();
        let group = group_hash(&audience.group, &mut self.scope(now), &mut buffer);
        if let Some(own) = &mut self.publishing {
            own.group = buffer;
        }
        let (group, stream) = (group?, audience.stream);
        if audience.enters {
            self.links.enter(self.present_link(), stream, group);
            self.tell(now, DeliveryEvent::Entered { stream, group }, out);
        } else {
            self.links.leave(stream, group);
            self.tell(now, DeliveryEvent::Left { stream, group }, out);
        }
        Ok(())
    }

    /// What stands beside a step holds only where the step is done well: goes past it, to the last state before the next.
    pub(super) fn skip_audiences(&mut self, setting: &Setting) {
        let next = |at| setting.program.state(at).next;
        while let Op::Audience(_) = setting.program.state(next(self.at)).op {
            self.at = next(self.at);
        }
    }

    /// What has not left when its connection is gone will not.
    pub(super) fn forget_unpublished(&mut self, link: LinkId) {
        if let Some(publishing) = &mut self.publishing {
            publishing.take(link, |_, _| {});
        }
    }

    /// The user takes no more messages of a connection: it is in no audience any longer that it entered there. What is
    /// queued may still leave.
    pub(super) fn leave_audiences(&mut self, now: Duration, link: LinkId, out: &mut impl Output) {
        match self.links.leave_all(link) {
            Left::None => {}
            Left::All => self.tell(now, DeliveryEvent::Gone, out),
            Left::Some(left) => {
                for (stream, group) in left {
                    self.tell(now, DeliveryEvent::Left { stream, group }, out);
                }
            }
        }
    }

    /// A connection is lost that is to be opened again: what is published until the user has entered its audiences
    /// anew, it misses. Whether it was in any.
    pub(super) fn cut_off_from_audiences(
        &mut self,
        now: Duration,
        link: LinkId,
        out: &mut impl Output,
    ) -> bool {
        match self.links.leave_all(link) {
            Left::None => return false,
            Left::All => self.tell(now, DeliveryEvent::CutOffFromAll, out),
            Left::Some(left) => {
                for (stream, group) in left {
                    self.tell(now, DeliveryEvent::CutOff { stream, group }, out);
                }
            }
        }
        true
    }

    pub(super) fn tell(&self, at: Duration, event: DeliveryEvent<'_>, out: &mut impl Output) {
        let (user, generation) = self.identity();
        out.delivery(Delivery { at, user, generation, event });
    }
}

/// What was looked for as a key, for people.
fn wanted_key(key: Option<&Operand>, path: &Path) -> String {
    key.map_or_else(|| path.source().to_owned(), ToString::to_string)
}

fn group_hash(
    group: &crate::program::Template,
    scope: &mut super::Scope<'_>,
    buffer: &mut Vec<u8>,
) -> Result<u64, RenderFailure> {
    buffer.clear();
    render(group, scope, buffer)?;
    let mut hasher = DefaultHasher::new();
    hasher.write(buffer);
    Ok(hasher.finish())
}

/// The key that a stream's path selects in a body as it is sent.
fn key_in(body: &[u8], kind: BodyKind, stream: &Stream, shown: &mut String) -> Option<u64> {
    let payload = match kind {
        BodyKind::Text => Payload::Text(std::str::from_utf8(body).ok()?),
        BodyKind::Binary => Payload::Binary(body),
    };
    let message = Message::asked(payload, &stream.asked);
    let selected = message.select(&stream.key).ok()?;
    selected.first().map(|json| shown_hash(json, shown))
}

/// The hash of a key: equal values have one, however they are written.
fn key_hash(key: &Json<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

/// The hash of a key of which the beginning is added to `shown`.
fn shown_hash(key: &Json<'_>, shown: &mut String) -> u64 {
    let mut beginning = Cut { text: shown, left_bytes: SHOWN_BYTES };
    // A string refuses nothing.
    let _ = match key {
        Json::Text(text) => beginning.write_str(text),
        other => write!(beginning, "{other}"),
    };
    key_hash(key)
}

/// Takes a text's beginning.
struct Cut<'s> {
    text: &'s mut String,
    left_bytes: usize,
}

impl fmt::Write for Cut<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let taken = text.floor_char_boundary(self.left_bytes);
        self.text.push_str(&text[..taken]);
        self.left_bytes -= taken;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::json::parse;

    #[test]
    fn a_long_key_is_shown_by_its_beginning() {
        let mut shown = String::new();
        shown_hash(&Json::Text("é".repeat(100).into()), &mut shown);
        assert_eq!(shown.len(), SHOWN_BYTES);
        shown_hash(&parse(&format!("[{}]", "7,".repeat(100) + "7")).unwrap(), &mut shown);
        assert_eq!(shown.len(), 2 * SHOWN_BYTES);
    }
}
