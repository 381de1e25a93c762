//! The last data messages of a user, kept so that they can be shown with what fails. Every message passes here: the first
//! allocates, no other does, and only the beginning of each is copied.

use std::time::Duration;

use super::shown::shown;
use crate::machine::Payload;
use crate::metrics::LastFrame;
use crate::program::{BodyKind, LinkId, Secrets};

/// How many messages are kept.
const KEPT_COUNT: usize = 4;
/// How much of each. With more the ring would not fit into 512 bytes, which allocators have a size for.
const KEPT_BYTES: usize = 90;
/// How many characters of a message are shown.
pub(super) const SHOWN_CHARACTERS: usize = KEPT_BYTES;

/// The last messages of a user; none until there is one.
#[derive(Default)]
pub(super) struct Recent {
    ring: Option<Box<Ring>>,
}

#[derive(Default)]
struct Ring {
    /// How many there were.
    count: usize,
    kept: [Kept; KEPT_COUNT],
}

/// The beginning of a message. Everything as it is at hand: numbers that would have to be made smaller cost more than the room.
struct Kept {
    at: Duration,
    bytes: usize,
    link: LinkId,
    kind: BodyKind,
    is_out: bool,
    beginning: [u8; KEPT_BYTES],
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            at: Duration::ZERO,
            bytes: 0,
            link: LinkId::FIRST,
            kind: BodyKind::Text,
            is_out: false,
            beginning: [0; KEPT_BYTES],
        }
    }
}

impl Recent {
    /// A message was read, or queued to be sent.
    #[inline]
    pub(super) fn saw(&mut self, at: Duration, link: LinkId, is_out: bool, (kind, bytes): (BodyKind, &[u8])) {
        let ring = self.ring.get_or_insert_default();
        let kept = &mut ring.kept[ring.count % KEPT_COUNT];
        ring.count = ring.count.wrapping_add(1);
        (kept.at, kept.bytes, kept.link, kept.kind, kept.is_out) = (at, bytes.len(), link, kind, is_out);
        let length = bytes.len().min(KEPT_BYTES);
        kept.beginning[..length].copy_from_slice(&bytes[..length]);
    }

    /// The same of what came in.
    #[inline]
    pub(super) fn came(&mut self, at: Duration, link: LinkId, payload: Payload<'_>) {
        self.saw(at, link, false, (payload.kind(), payload.bytes()));
    }

    /// The last of them, without the name of its connection.
    pub(super) fn last(&self, secrets: &Secrets) -> Option<LastFrame> {
        let ring = self.ring.as_ref()?;
        let last = ring.count.checked_sub(1)?;
        Some(ring.kept[last % KEPT_COUNT].listed(secrets, |_| None))
    }

    /// All that are kept, oldest first. `name_of` says what a connection is called, where there are several.
    pub(super) fn listed(
        &self,
        secrets: &Secrets,
        name_of: impl Fn(LinkId) -> Option<String>,
    ) -> Vec<LastFrame> {
        let Some(ring) = &self.ring else { return Vec::new() };
        let first = ring.count.saturating_sub(KEPT_COUNT);
        let kept = (first..ring.count).map(|at| &ring.kept[at % KEPT_COUNT]);
        kept.map(|kept| kept.listed(secrets, &name_of)).collect()
    }
}

impl Kept {
    fn listed(&self, secrets: &Secrets, name_of: impl Fn(LinkId) -> Option<String>) -> LastFrame {
        let Self { at, bytes, link, kind, is_out, .. } = *self;
        let beginning = &self.beginning[..bytes.min(KEPT_BYTES)];
        LastFrame {
            at,
            connection: name_of(link),
            is_out,
            is_binary: kind == BodyKind::Binary,
            bytes: bytes as u64,
            payload: shown((kind, beginning), bytes > KEPT_BYTES, SHOWN_CHARACTERS, secrets),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payloads(recent: &Recent) -> Vec<String> {
        let listed = recent.listed(&Secrets::default(), |_| None);
        listed.into_iter().map(|frame| frame.payload).collect()
    }

    #[test]
    fn a_ring_takes_no_more_than_half_a_kilobyte() {
        assert!(size_of::<Ring>() <= 512, "{}", size_of::<Ring>());
    }

    #[test]
    fn the_last_four_are_kept_oldest_first() {
        let mut recent = Recent::default();
        assert_eq!(payloads(&recent), [""; 0]);
        for number in 0..7 {
            let text = format!("message {number}");
            recent.came(Duration::from_millis(number), LinkId::FIRST, Payload::Text(&text));
            let first = (number + 1).saturating_sub(4);
            let wanted: Vec<String> = (first..=number).map(|number| format!("message {number}")).collect();
            assert_eq!(payloads(&recent), wanted);
        }
    }

    #[test]
    fn nothing_is_left_of_a_longer_message_in_the_same_place() {
        let mut recent = Recent::default();
        let long = "x".repeat(2000);
        for text in [long.as_str(), "a", "b", "c", "d"] {
            recent.came(Duration::ZERO, LinkId::FIRST, Payload::Text(text));
        }
        assert_eq!(payloads(&recent), ["a", "b", "c", "d"]);
        recent.saw(Duration::from_secs(2), LinkId::new(1), true, (BodyKind::Binary, long.as_bytes()));
        let listed = recent.listed(&Secrets::default(), |link| Some(format!("link {}", link.index())));
        let last = listed.last().unwrap();
        assert_eq!((last.bytes, last.is_out, last.is_binary), (2000, true, true));
        assert_eq!(last.connection.as_deref(), Some("link 1"));
        assert!(last.payload.starts_with("78 78 78") && last.payload.ends_with('…'), "{}", last.payload);
    }
}
