//! WebSocket frames as bytes, written and read without the libraries under test (RFC 6455 section 5.2).

/// A frame as a server sends it: not masked.
pub(crate) fn server_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..126 => bytes.push(u8::try_from(short).unwrap()),
        medium @ 126..65_536 => {
            bytes.push(126);
            bytes.extend(u16::try_from(medium).unwrap().to_be_bytes());
        }
        long => {
            bytes.push(127);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(payload);
    bytes
}

/// A whole text message.
pub(crate) fn text(payload: &str) -> Vec<u8> {
    server_frame(0x81, payload.as_bytes())
}

/// A Close frame with a code and a reason.
pub(crate) fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    server_frame(0x88, &[&code.to_be_bytes(), reason].concat())
}

/// A frame as it came from a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClientFrame {
    /// FIN, reserved bits and opcode.
    pub(crate) first: u8,
    /// Unmasked.
    pub(crate) payload: Vec<u8>,
    /// `None` where the frame was not masked, which a client may not do.
    pub(crate) mask: Option<[u8; 4]>,
    /// What the head took, mask key included.
    pub(crate) head_bytes: usize,
}

impl ClientFrame {
    /// The first frame in `bytes`, where they hold a whole one, and its size on the wire.
    pub(crate) fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let (first, second) = (*bytes.first()?, *bytes.get(1)?);
        let (length, mut at) = match second & 0x7f {
            126 => (u64::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?)), 4),
            127 => (u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?), 10),
            short => (u64::from(short), 2),
        };
        let mask = if second & 0x80 == 0 {
            None
        } else {
            at += 4;
            Some(*bytes.get(at - 4..)?.first_chunk::<4>()?)
        };
        let end = at + usize::try_from(length).unwrap();
        let mut payload = bytes.get(at..end)?.to_vec();
        for (place, byte) in payload.iter_mut().enumerate() {
            *byte ^= mask.map_or(0, |mask| mask[place % 4]);
        }
        Some((Self { first, payload, mask, head_bytes: at }, end))
    }
}
