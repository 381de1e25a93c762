//! The frame heads of an incoming byte stream, checked as the bytes pass by.
//!
//! This holds every rule that a frame's head can break, because the frame reader behind it does not: it takes
//! masked frames, long lengths in a row of bytes too many, interleaved messages, and counts a message's limit
//! for each fragment anew. It stores no payload and knows nothing of what a payload says: that is
//! [`super::read`]. It has no socket, so each rule is tested at every way to cut the bytes.

use super::marks::{Marks, RSV1};
use super::violation::ProtocolViolation;

/// Two bytes and a 64-bit length: a head without a mask key (RFC 6455 section 5.2).
const LONGEST_HEAD_BYTES: usize = 10;

/// Where a stream of frames stands.
pub(super) struct Inspector {
    limit_bytes: u64,
    /// Of the message that is open, over its fragments.
    message_bytes: u64,
    payload_left_bytes: u64,
    longest_payload_bytes: u64,
    head: [u8; LONGEST_HEAD_BYTES],
    head_filled: u8,
    message_open: bool,
    close_seen: bool,
    /// Where permessage-deflate was agreed on.
    marks: Option<Box<Marks>>,
}

/// A rule was broken amid the bytes that were inspected.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// How many of the bytes come before the frame that broke it.
    pub clean_bytes: usize,
    pub violation: ProtocolViolation,
}

impl Inspector {
    pub(super) fn new(limit_bytes: u64) -> Self {
        Self {
            limit_bytes,
            message_bytes: 0,
            payload_left_bytes: 0,
            longest_payload_bytes: 0,
            head: [0; LONGEST_HEAD_BYTES],
            head_filled: 0,
            message_open: false,
            close_seen: false,
            marks: None,
        }
    }

    /// From here on messages may be compressed.
    pub(super) fn permit_deflate(&mut self) {
        self.marks = Some(Box::new(Marks::new(self.limit_bytes)));
    }

    /// Which messages are compressed, where any may be.
    pub(super) fn marks(&mut self) -> Option<&mut Marks> {
        self.marks.as_deref_mut()
    }

    /// Whether every frame that began has ended.
    pub(super) fn is_between_frames(&self) -> bool {
        self.head_filled == 0 && self.payload_left_bytes == 0
    }

    /// The longest payload that a frame announced since this was last asked.
    pub(super) fn take_longest_payload_bytes(&mut self) -> u64 {
        std::mem::take(&mut self.longest_payload_bytes)
    }

    /// Takes the next bytes of the stream. After a refusal the stream is of no use and nothing more is asked.
    pub(super) fn inspect(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let mut at = 0;
        let mut frame_start = 0;
        while at < bytes.len() {
            if self.payload_left_bytes > 0 {
                let left = usize::try_from(self.payload_left_bytes).unwrap_or(usize::MAX);
                let passed = left.min(bytes.len() - at);
                self.payload_left_bytes -= passed as u64;
                at += passed;
                continue;
            }
            let is_first = self.head_filled == 0;
            if is_first {
                frame_start = at;
            }
            self.take_head_byte(bytes[at])
                .map_err(|violation| Refusal { clean_bytes: frame_start, violation })?;
            if let Some(marks) = &mut self.marks
                && is_first
                && matches!(bytes[at] & 0x0f, 1 | 2)
            {
                marks.begin(bytes[at], at);
            }
            at += 1;
        }
        Ok(())
    }

    fn take_head_byte(&mut self, byte: u8) -> Result<(), ProtocolViolation> {
        self.head[usize::from(self.head_filled)] = byte;
        self.head_filled += 1;
        match self.head_filled {
            1 => return self.check_kind(byte),
            2 => self.check_length_code(byte)?,
            _ => {}
        }
        let length = match self.head[1] {
            126 if self.head_filled == 4 => self.long_length(2)?,
            127 if self.head_filled == 10 => self.long_length(8)?,
            126 | 127 => return Ok(()),
            short => u64::from(short),
        };
        self.begin_payload(length)
    }

    fn opcode(&self) -> u8 {
        self.head[0] & 0x0f
    }

    fn check_kind(&self, first: u8) -> Result<(), ProtocolViolation> {
        let is_final = first & 0x80 != 0;
        let bits = (first >> 4) & 0x07;
        if bits != 0 && !self.is_compressed(first) {
            return Err(ProtocolViolation::ReservedBits { bits });
        }
        match self.opcode() {
            0..=2 if self.close_seen => Err(ProtocolViolation::DataAfterClose),
            0 if !self.message_open => Err(ProtocolViolation::OrphanContinuation),
            1 | 2 if self.message_open => Err(ProtocolViolation::InterleavedMessage),
            opcode @ 8..=10 if !is_final => Err(ProtocolViolation::FragmentedControl { opcode }),
            0..=2 | 8..=10 => Ok(()),
            opcode => Err(ProtocolViolation::ReservedOpcode { opcode }),
        }
    }

    /// Whether it is the head of a compressed message: the bit may be set on its first frame, and alone (RFC 7692
    /// section 6).
    fn is_compressed(&self, first: u8) -> bool {
        self.marks.is_some() && first & 0x70 == RSV1 && matches!(self.opcode(), 1 | 2)
    }

    fn check_length_code(&self, second: u8) -> Result<(), ProtocolViolation> {
        if second & 0x80 != 0 {
            return Err(ProtocolViolation::MaskedFrame);
        }
        match self.opcode() {
            opcode @ 8..=10 if second > 125 => Err(ProtocolViolation::LongControl { opcode }),
            _ => Ok(()),
        }
    }

    fn long_length(&self, encoded_bytes: u8) -> Result<u64, ProtocolViolation> {
        let end = 2 + usize::from(encoded_bytes);
        let length = self.head[2..end].iter().fold(0, |length, byte| (length << 8) | u64::from(*byte));
        let shortest = if encoded_bytes == 2 { 126 } else { 0x1_0000 };
        if length >> 63 != 0 {
            Err(ProtocolViolation::LengthTopBit { length })
        } else if length < shortest {
            Err(ProtocolViolation::NonMinimalLength { length, encoded_bytes })
        } else {
            Ok(length)
        }
    }

    fn begin_payload(&mut self, length: u64) -> Result<(), ProtocolViolation> {
        let is_final = self.head[0] & 0x80 != 0;
        match self.opcode() {
            8 => self.close_seen = true,
            9 | 10 => {}
            _ => {
                let bytes = self.message_bytes + length;
                let of_compressed = self.marks.as_ref().and_then(|marks| marks.limit_bytes());
                if bytes > of_compressed.unwrap_or(self.limit_bytes) {
                    return Err(ProtocolViolation::MessageTooLong { bytes, limit_bytes: self.limit_bytes });
                }
                self.message_open = !is_final;
                self.message_bytes = if is_final { 0 } else { bytes };
            }
        }
        self.head_filled = 0;
        self.payload_left_bytes = length;
        self.longest_payload_bytes = self.longest_payload_bytes.max(length);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT_BYTES: u64 = 70_000;

    fn frame(first: u8, length_field: &[u8], payload_bytes: usize) -> Vec<u8> {
        let mut bytes = vec![first];
        bytes.extend_from_slice(length_field);
        bytes.resize(bytes.len() + payload_bytes, b'x');
        bytes
    }

    fn after_hello(bad: &[u8]) -> Vec<u8> {
        [b"\x81\x05hello", bad].concat()
    }

    /// Every rule with a stream that breaks it right after a good message of 7 bytes.
    fn broken_streams() -> Vec<(Vec<u8>, ProtocolViolation)> {
        use ProtocolViolation as V;
        let max = |bytes| V::MessageTooLong { bytes, limit_bytes: LIMIT_BYTES };
        vec![
            (vec![0x81, 0x85, 1, 2, 3, 4], V::MaskedFrame),
            (vec![0xc1], V::ReservedBits { bits: 4 }),
            (vec![0xa2], V::ReservedBits { bits: 2 }),
            (vec![0x91], V::ReservedBits { bits: 1 }),
            (vec![0x83], V::ReservedOpcode { opcode: 3 }),
            (vec![0x8b], V::ReservedOpcode { opcode: 11 }),
            (vec![0x8f], V::ReservedOpcode { opcode: 15 }),
            (vec![0x09], V::FragmentedControl { opcode: 9 }),
            (vec![0x08], V::FragmentedControl { opcode: 8 }),
            (vec![0x89, 126, 0, 126], V::LongControl { opcode: 9 }),
            (vec![0x8a, 127], V::LongControl { opcode: 10 }),
            (vec![0x88, 126], V::LongControl { opcode: 8 }),
            (vec![0x80], V::OrphanContinuation),
            (vec![0x00], V::OrphanContinuation),
            (vec![0x82, 126, 0, 125], V::NonMinimalLength { length: 125, encoded_bytes: 2 }),
            (
                vec![0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff],
                V::NonMinimalLength { length: 0xffff, encoded_bytes: 8 },
            ),
            (vec![0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 1], V::LengthTopBit { length: (1 << 63) + 1 }),
            (vec![0x82, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x71], max(70_001)),
            (vec![0x82, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], max(u64::MAX >> 1)),
        ]
    }

    /// The refusal of a stream that comes in pieces, with the clean bytes of all of them.
    fn inspect_pieces<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Option<(usize, ProtocolViolation)> {
        let mut inspector = Inspector::new(LIMIT_BYTES);
        let mut passed = 0;
        for piece in pieces {
            match inspector.inspect(piece) {
                Ok(()) => passed += piece.len(),
                Err(refusal) => return Some((passed + refusal.clean_bytes, refusal.violation)),
            }
        }
        assert!(inspector.is_between_frames());
        None
    }

    #[test]
    fn a_broken_rule_is_seen_and_what_came_before_it_passes() {
        for (bad, violation) in broken_streams() {
            let stream = after_hello(&bad);
            assert_eq!(inspect_pieces(std::iter::once(&stream[..])), Some((7, violation)), "{bad:x?}");
        }
    }

    #[test]
    fn a_broken_rule_is_seen_when_bytes_come_one_at_a_time() {
        for (bad, violation) in broken_streams() {
            let refused = inspect_pieces(after_hello(&bad).chunks(1));
            assert_eq!(refused.map(|(_, seen)| seen), Some(violation), "{bad:x?}");
        }
    }

    #[test]
    fn fragments_interleave_with_control_frames_only() {
        let open = frame(0x01, &[3], 3);
        let ping = frame(0x89, &[2], 2);
        let good = [&open[..], &ping, &frame(0x00, &[1], 1), &ping, &frame(0x80, &[0], 0), &open].concat();
        assert_eq!(Inspector::new(LIMIT_BYTES).inspect(&good), Ok(()));

        let bad = [&open[..], &ping, &[0x82]].concat();
        let refusal = Refusal { clean_bytes: 9, violation: ProtocolViolation::InterleavedMessage };
        assert_eq!(Inspector::new(LIMIT_BYTES).inspect(&bad), Err(refusal));
    }

    #[test]
    fn the_limit_counts_all_fragments_of_one_message() {
        let mut inspector = Inspector::new(10);
        inspector.inspect(&frame(0x02, &[6], 6)).unwrap();
        inspector.inspect(&frame(0x89, &[9], 9)).unwrap();
        inspector.inspect(&frame(0x80, &[4], 4)).unwrap();
        inspector.inspect(&frame(0x82, &[10], 10)).unwrap();
        inspector.inspect(&frame(0x02, &[6], 6)).unwrap();
        let violation = ProtocolViolation::MessageTooLong { bytes: 11, limit_bytes: 10 };
        assert_eq!(inspector.inspect(&[0x80, 5]), Err(Refusal { clean_bytes: 0, violation }));
    }

    #[test]
    fn after_a_close_frame_data_is_refused_and_control_is_not() {
        let mut inspector = Inspector::new(LIMIT_BYTES);
        inspector.inspect(&[0x88, 2, 0x03, 0xe8, 0x89, 0]).unwrap();
        let refusal = Refusal { clean_bytes: 0, violation: ProtocolViolation::DataAfterClose };
        assert_eq!(inspector.inspect(&[0x81]), Err(refusal));
    }

    #[test]
    fn the_longest_payload_is_told_once() {
        let mut inspector = Inspector::new(LIMIT_BYTES);
        inspector.inspect(&[frame(0x82, &[100], 100), frame(0x82, &[5], 5)].concat()).unwrap();
        assert_eq!(inspector.take_longest_payload_bytes(), 100);
        assert_eq!(inspector.take_longest_payload_bytes(), 0);
    }

    proptest! {
        #[test]
        fn where_the_bytes_are_cut_changes_nothing(
            lengths in prop::collection::vec(prop_oneof![0..130usize, 126..300usize, 65_530..65_540usize], 1..6),
            cuts in prop::collection::vec(1..70_000usize, 0..20),
            bad in prop::sample::select(broken_streams()),
        ) {
            let mut stream = Vec::new();
            for length in &lengths {
                let field = match *length {
                    0..126 => vec![u8::try_from(*length).unwrap()],
                    126..65_536 => [&[126][..], &u16::try_from(*length).unwrap().to_be_bytes()].concat(),
                    _ => [&[127][..], &(*length as u64).to_be_bytes()].concat(),
                };
                stream.extend(frame(0x82, &field, *length));
            }
            let good_bytes = stream.len();
            stream.extend(&bad.0);
            let mut inspector = Inspector::new(LIMIT_BYTES);
            let mut rest = &stream[..];
            let mut seen = None;
            for cut in cuts.into_iter().chain([stream.len()]) {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                if let Err(refusal) = inspector.inspect(piece) {
                    prop_assert!(stream.len() - rest.len() + refusal.clean_bytes >= good_bytes);
                    seen = Some(refusal.violation);
                    break;
                }
                rest = after;
            }
            prop_assert_eq!(seen, Some(bad.1));
        }
    }
}
