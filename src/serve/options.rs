//! What a server is told when it starts. Knows nothing of the command line.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::fault::Faults;

/// Which protocol a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Sends every data message back as it came.
    Echo,
    /// Sessions, rooms and broadcasts in JSON; `docs/servers.md` describes the messages.
    Chat,
}

impl Kind {
    /// Every kind, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::Echo, Self::Chat];

    /// The word for it on the command line and in the totals line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Chat => "chat",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| UnknownKind(text.to_owned()))
    }
}

/// There is no server of this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownKind(
    /// The name asked for.
    pub String,
);

impl fmt::Display for UnknownKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Kind::ALL.map(Kind::name).join(", ");
        write!(f, "there is no server called `{}`; there are {names}", self.0)
    }
}

impl std::error::Error for UnknownKind {}

/// The keepalive of the chat server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepaliveOptions {
    /// From one keepalive to the next. Zero sends none.
    pub interval: Duration,
    /// How long a client may take to send one back.
    pub timeout: Duration,
}

impl Default for KeepaliveOptions {
    fn default() -> Self {
        Self { interval: Duration::from_secs(15), timeout: Duration::from_secs(10) }
    }
}

/// The login of the chat server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginOptions {
    /// What every user's password is.
    pub password: String,
    /// Whether an upgrade is refused that shows no token of a login.
    pub is_required: bool,
}

impl Default for LoginOptions {
    /// `secret`, and nobody is asked for it.
    fn default() -> Self {
        Self { password: "secret".to_owned(), is_required: false }
    }
}

/// What a server takes from a client at most, and keeps for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A whole incoming message, all fragments together; a longer one closes the connection with 1009.
    pub message_bytes: usize,
    /// The upgrade request's line and headers together; more is answered with 431.
    pub header_bytes: usize,
    /// Messages queued for one connection. See [`Limits::queue_bytes`].
    pub queue_messages: usize,
    /// Payload bytes queued for one connection. A broadcast copy that finds the queue full closes the
    /// connection with 1013. At half of either limit the connection's own messages are no longer read, so
    /// that a client that does not read its replies is held up by TCP and holds up nobody else.
    pub queue_bytes: usize,
    /// From accepting a TCP connection to the end of its upgrade.
    pub handshake: Duration,
    /// What a connection may take to end once a Close is due, on top of the longest delay.
    pub closing: Duration,
}

/// Everything a server is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The protocol.
    pub kind: Kind,
    /// Delays and losses.
    pub faults: Faults,
    /// The chat server's keepalive; the echo server has none.
    pub keepalive: KeepaliveOptions,
    /// Whether clients that offer permessage-deflate (RFC 7692) are taken up on it.
    pub deflate: bool,
    /// The chat server's login; the echo server has none.
    pub login: LoginOptions,
    /// Maximums.
    pub limits: Limits,
    /// How many threads [`run`](super::run) serves with, each with a current-thread runtime of its own; at least 1.
    pub threads: usize,
}

impl Options {
    /// The defaults of a kind: no faults, one thread, messages to 16 MiB (echo) or 1 MiB (chat).
    pub fn new(kind: Kind) -> Self {
        let message_bytes = match kind {
            Kind::Echo => 16 << 20,
            Kind::Chat => 1 << 20,
        };
        Self {
            kind,
            faults: Faults::default(),
            keepalive: KeepaliveOptions::default(),
            deflate: false,
            login: LoginOptions::default(),
            limits: Limits {
                message_bytes,
                header_bytes: 64 << 10,
                queue_messages: 4096,
                queue_bytes: 1 << 20,
                handshake: Duration::from_secs(10),
                closing: Duration::from_secs(2),
            },
            threads: 1,
        }
    }
}
