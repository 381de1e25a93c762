//! What a connect offers of permessage-deflate.

use std::fmt;

/// `connect: { deflate: true }`: what is offered (RFC 7692 section 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deflate {
    /// Whether this end forgets each message when it has compressed it.
    pub client_no_context_takeover: bool,
    /// Whether the server must do so.
    pub server_no_context_takeover: bool,
    /// The largest window of this end, as a power of two: 8 to 15.
    pub client_max_window_bits: Option<u8>,
    /// The largest window that the server may use.
    pub server_max_window_bits: Option<u8>,
    /// Whether a server that does not take it is a failure.
    pub required: bool,
}

impl Default for Deflate {
    /// Of its own messages this end keeps nothing, so that one compressor serves all connections of a thread.
    fn default() -> Self {
        Self {
            client_no_context_takeover: true,
            server_no_context_takeover: false,
            client_max_window_bits: None,
            server_max_window_bits: None,
            required: false,
        }
    }
}

impl fmt::Display for Deflate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deflate")?;
        let flags = [
            ("client_no_context_takeover", self.client_no_context_takeover),
            ("server_no_context_takeover", self.server_no_context_takeover),
        ];
        for (name, _) in flags.into_iter().filter(|(_, is_set)| *is_set) {
            write!(f, " {name}")?;
        }
        let windows = [
            ("client_max_window_bits", self.client_max_window_bits),
            ("server_max_window_bits", self.server_max_window_bits),
        ];
        for (name, bits) in windows {
            if let Some(bits) = bits {
                write!(f, " {name} {bits}")?;
            }
        }
        if self.required { f.write_str(" required") } else { Ok(()) }
    }
}
