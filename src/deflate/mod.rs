//! permessage-deflate (RFC 7692) without a connection: what is negotiated, and messages made smaller and whole again.
//!
//! Both ends use this, the client of [`net`](crate::net) and the embedded servers. It knows neither frames nor sockets;
//! which bit of a frame's head says that a message is compressed is known where frames are.

mod compress;
mod header;
mod inflate;
mod negotiate;

pub use compress::Deflater;
pub use header::{Extension, NotExtensions, parse};
pub use inflate::{InflateError, Inflater};
pub use negotiate::{Agreed, EXTENSION, Fault, Offer, Parameters, Side, Window, answer};

/// What the sender takes off the end of each compressed message and the receiver puts back (RFC 7692 section 7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
