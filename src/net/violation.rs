//! The rules of RFC 6455 that a server can break, one variant each.
//!
//! Texts that came from the server are cut to [`EXCERPT_CHARS`] and shown escaped.

use std::fmt;

use crate::deflate::Fault;

/// How much of a server's own text a violation keeps, in characters.
const EXCERPT_CHARS: usize = 120;

/// A rule of the WebSocket protocol that the server broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProtocolViolation {
    /// The answer to the handshake is not HTTP.
    MalformedResponse {
        /// What the HTTP parser said.
        detail: String,
    },
    /// A 101 answer without `Upgrade: websocket`.
    UpgradeHeader {
        /// The header's value, where there was one.
        found: Option<String>,
    },
    /// A 101 answer without the token `Upgrade` in `Connection`.
    ConnectionHeader {
        /// The header's value, where there was one.
        found: Option<String>,
    },
    /// `Sec-WebSocket-Accept` does not answer the key that was sent.
    AcceptKey {
        /// The value that answers it.
        expected: String,
        /// The header's value, where there was one.
        found: Option<String>,
    },
    /// The server chose an extension that was not offered.
    UnaskedExtension {
        /// The header's value.
        found: String,
    },
    /// The server's answer to the offer of permessage-deflate is not one that it can give.
    DeflateAnswer {
        /// The header's value.
        found: String,
        /// What is wrong with it.
        fault: Fault,
    },
    /// The server chose a subprotocol that was not offered.
    UnaskedSubprotocol {
        /// The header's value.
        found: String,
    },
    /// A frame from the server is masked.
    MaskedFrame,
    /// Reserved bits are set though no extension gives them a meaning.
    ReservedBits {
        /// RSV1, RSV2 and RSV3 as the bits 4, 2 and 1.
        bits: u8,
    },
    /// An opcode that has no meaning.
    ReservedOpcode {
        /// 3 to 7 or 11 to 15.
        opcode: u8,
    },
    /// A payload length in more bytes than it needs.
    NonMinimalLength {
        /// The length in bytes.
        length: u64,
        /// 2 or 8: the bytes that it was written in.
        encoded_bytes: u8,
    },
    /// The most significant bit of a 64-bit payload length is set.
    LengthTopBit {
        /// As it came.
        length: u64,
    },
    /// A control frame in fragments.
    FragmentedControl {
        /// 8 (Close), 9 (Ping) or 10 (Pong).
        opcode: u8,
    },
    /// A control frame with more than 125 bytes of payload.
    LongControl {
        /// 8 (Close), 9 (Ping) or 10 (Pong).
        opcode: u8,
    },
    /// A continuation frame while no message was open.
    OrphanContinuation,
    /// A new message before the fragments of the last one were complete.
    InterleavedMessage,
    /// A data frame after the server's own Close frame.
    DataAfterClose,
    /// A message that says it is compressed and is not.
    NotDeflated {
        /// What the decompressor said.
        detail: &'static str,
    },
    /// A text message that is not UTF-8 as a whole.
    TextNotUtf8,
    /// A Close frame with a payload of one byte: a code has two.
    CloseLength,
    /// A close code that must not be sent.
    CloseCode {
        /// As it came.
        code: u16,
    },
    /// A close reason that is not UTF-8.
    CloseReasonNotUtf8,
    /// A message over the limit that the plan set; told from the frame's head, before its bytes are stored.
    MessageTooLong {
        /// What the message would have been at least, over all its fragments so far.
        bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
}

impl ProtocolViolation {
    /// The section that states the rule, such as `RFC 6455 section 5.1`.
    pub fn section(&self) -> &'static str {
        match self {
            Self::MalformedResponse { .. }
            | Self::UpgradeHeader { .. }
            | Self::ConnectionHeader { .. }
            | Self::AcceptKey { .. }
            | Self::UnaskedExtension { .. }
            | Self::UnaskedSubprotocol { .. } => "RFC 6455 section 4.1",
            Self::DeflateAnswer { .. } => "RFC 7692 section 7.1",
            Self::NotDeflated { .. } => "RFC 7692 section 7.2.2",
            Self::MaskedFrame => "RFC 6455 section 5.1",
            Self::ReservedBits { .. }
            | Self::ReservedOpcode { .. }
            | Self::NonMinimalLength { .. }
            | Self::LengthTopBit { .. } => "RFC 6455 section 5.2",
            Self::OrphanContinuation | Self::InterleavedMessage => "RFC 6455 section 5.4",
            Self::FragmentedControl { .. } | Self::LongControl { .. } => "RFC 6455 section 5.5",
            Self::DataAfterClose | Self::CloseLength => "RFC 6455 section 5.5.1",
            Self::CloseCode { .. } => "RFC 6455 section 7.4",
            Self::TextNotUtf8 | Self::CloseReasonNotUtf8 => "RFC 6455 section 8.1",
            Self::MessageTooLong { .. } => "RFC 6455 section 10.4",
        }
    }

    /// The code to close with (RFC 6455 section 7.4.1). A handshake that failed has no frame to carry it.
    pub fn close_code(&self) -> u16 {
        match self {
            Self::NotDeflated { .. } | Self::TextNotUtf8 | Self::CloseReasonNotUtf8 => 1007,
            Self::MessageTooLong { .. } => 1009,
            _ => 1002,
        }
    }
}

/// The beginning of a server's text, short enough to keep and to show.
pub(super) fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT_CHARS) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

impl ProtocolViolation {
    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MalformedResponse { detail } => {
                write!(f, "the answer to the upgrade is not HTTP: {detail}")
            }
            Self::UpgradeHeader { found } => wrong_header(f, "Upgrade", found.as_deref(), "websocket"),
            Self::ConnectionHeader { found } => wrong_header(f, "Connection", found.as_deref(), "Upgrade"),
            Self::AcceptKey { expected, found } => {
                wrong_header(f, "Sec-WebSocket-Accept", found.as_deref(), expected)
            }
            Self::UnaskedExtension { found } => {
                write!(f, "the server chose the extension {found:?}, which was not offered")
            }
            Self::DeflateAnswer { found, fault } => {
                write!(f, "the server answered the offer of permessage-deflate with {found:?}: {fault}")
            }
            Self::NotDeflated { detail } => write!(f, "a compressed message cannot be made whole: {detail}"),
            Self::UnaskedSubprotocol { found } => {
                write!(f, "the server chose the subprotocol {found:?}, which was not offered")
            }
            Self::MaskedFrame => f.write_str("a frame from the server is masked"),
            Self::ReservedBits { bits } => write!(f, "reserved bits are set ({bits:03b})"),
            Self::ReservedOpcode { opcode } => write!(f, "reserved opcode {opcode:#x}"),
            Self::NonMinimalLength { length, encoded_bytes } => {
                write!(f, "a payload length of {length} written in {encoded_bytes} bytes")
            }
            Self::LengthTopBit { length } => write!(f, "a payload length with its top bit set ({length:#x})"),
            Self::FragmentedControl { opcode } => write!(f, "a fragmented {}", control_name(*opcode)),
            Self::LongControl { opcode } => {
                write!(f, "a {} with more than 125 bytes of payload", control_name(*opcode))
            }
            Self::OrphanContinuation => f.write_str("a continuation frame without a message to continue"),
            Self::InterleavedMessage => {
                f.write_str("a new message began before the fragments of the last one were complete")
            }
            Self::DataAfterClose => f.write_str("a data frame after the server's Close frame"),
            Self::TextNotUtf8 => f.write_str("a text message is not UTF-8"),
            Self::CloseLength => f.write_str("a Close frame with a payload of one byte"),
            Self::CloseCode { code } => write!(f, "the close code {code} must not be sent"),
            Self::CloseReasonNotUtf8 => f.write_str("a close reason is not UTF-8"),
            Self::MessageTooLong { bytes, limit_bytes } => {
                write!(f, "a message of at least {bytes} bytes, the limit is {limit_bytes}")
            }
        }
    }
}

impl fmt::Display for ProtocolViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.describe(f)?;
        write!(f, " ({})", self.section())
    }
}

fn wrong_header(f: &mut fmt::Formatter<'_>, name: &str, found: Option<&str>, expected: &str) -> fmt::Result {
    match found {
        Some(found) => write!(f, "the header {name} is {found:?} where {expected:?} is due"),
        None => write!(f, "the header {name} is missing"),
    }
}

fn control_name(opcode: u8) -> &'static str {
    match opcode {
        8 => "Close frame",
        9 => "Ping frame",
        _ => "Pong frame",
    }
}

impl std::error::Error for ProtocolViolation {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_names_its_section_and_close_code() {
        let cases = [
            (ProtocolViolation::MaskedFrame, "RFC 6455 section 5.1", 1002),
            (ProtocolViolation::TextNotUtf8, "RFC 6455 section 8.1", 1007),
            (ProtocolViolation::CloseReasonNotUtf8, "RFC 6455 section 8.1", 1007),
            (ProtocolViolation::MessageTooLong { bytes: 9, limit_bytes: 8 }, "RFC 6455 section 10.4", 1009),
        ];
        for (violation, section, code) in cases {
            assert_eq!((violation.section(), violation.close_code()), (section, code));
            assert!(violation.to_string().ends_with(&format!("({section})")), "{violation}");
        }
    }

    #[test]
    fn a_servers_text_reaches_nobody_unescaped() {
        let found = excerpt(&format!("\u{1b}[2J\u{202e}{}", "x".repeat(5_000)));
        let shown = ProtocolViolation::UnaskedSubprotocol { found }.to_string();
        assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown}");
        assert!(shown.len() < 400, "{shown}");
    }
}
