//! Compressed messages made whole again, never longer than a limit: a few bytes may stand for a thousand times as many.
//!
//! A decompressor has the largest window, whatever was agreed on: zlib-rs knows no smaller one, and so a sender that looks
//! back further than it may is not found out.

use std::cell::RefCell;
use std::fmt;

use flate2::{Decompress, FlushDecompress, Status};

use super::TAIL;
use super::negotiate::Side;

/// How much room the first attempt has at least.
const FIRST_ROOM_BYTES: usize = 256;

/// How many times its size a message is expected to become.
const EXPECTED_RATIO: usize = 4;

thread_local! {
    /// For all connections whose messages stand for themselves.
    static SHARED: RefCell<Option<Box<Decompress>>> = const { RefCell::new(None) };
}

/// Takes apart what one end of one connection compresses.
#[derive(Debug)]
pub struct Inflater {
    keeps_context: bool,
    /// Made with the first message, where the context is kept.
    own: Option<Box<Decompress>>,
}

/// Why there is no message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InflateError {
    /// It is longer than the limit.
    TooLong,
    /// It is not compressed as RFC 1951 says, or looks back further than there is.
    Malformed {
        /// What the decompressor said.
        detail: &'static str,
    },
}

impl Inflater {
    /// For what an end compresses like this.
    pub fn new(side: Side) -> Self {
        Self { keeps_context: side.keeps_context, own: None }
    }

    /// Appends the message to `output`, which is empty. After an error nothing more can be read of this end.
    pub fn inflate(
        &mut self,
        message: &[u8],
        limit_bytes: usize,
        output: &mut Vec<u8>,
    ) -> Result<(), InflateError> {
        if self.keeps_context {
            let own = self.own.get_or_insert_with(|| Box::new(Decompress::new(false)));
            return whole(own, message, limit_bytes, output);
        }
        SHARED.with_borrow_mut(|shared| {
            let shared = shared.get_or_insert_with(|| Box::new(Decompress::new(false)));
            let outcome = whole(shared, message, limit_bytes, output);
            shared.reset(false);
            outcome
        })
    }
}

fn whole(
    inflate: &mut Decompress,
    message: &[u8],
    limit_bytes: usize,
    output: &mut Vec<u8>,
) -> Result<(), InflateError> {
    debug_assert!(output.is_empty(), "a message of its own");
    let expected = message.len().saturating_mul(EXPECTED_RATIO).max(FIRST_ROOM_BYTES);
    output.reserve_exact(expected.min(limit_bytes.saturating_add(1)));
    if part(inflate, message, limit_bytes, output)? == Status::StreamEnd {
        // Ended by a final block, with nothing behind it.
        return Ok(());
    }
    part(inflate, &TAIL, limit_bytes, output).map(|_| ())
}

/// Takes in all of `rest`. `StreamEnd` where a final block ends exactly there.
fn part(
    inflate: &mut Decompress,
    mut rest: &[u8],
    limit_bytes: usize,
    output: &mut Vec<u8>,
) -> Result<Status, InflateError> {
    loop {
        if output.len() > limit_bytes {
            return Err(InflateError::TooLong);
        }
        if output.len() == output.capacity() {
            // One byte more than the limit shows that it is passed.
            let most = limit_bytes.saturating_add(1) - output.len();
            output.reserve_exact(output.len().max(FIRST_ROOM_BYTES).min(most));
        }
        let (taken_before, filled_before) = (inflate.total_in(), output.len());
        let status = inflate
            .decompress_vec(rest, output, FlushDecompress::Sync)
            .map_err(|error| InflateError::Malformed { detail: detail(error.message()) })?;
        let taken = usize::try_from(inflate.total_in() - taken_before).unwrap_or(usize::MAX);
        rest = &rest[taken.min(rest.len())..];
        if status == Status::StreamEnd {
            // A final block (RFC 7692 section 7.2.3.4). Who ends a stream begins a new one, with nothing behind it.
            inflate.reset(false);
            if rest.is_empty() {
                break Ok(status);
            }
            continue;
        }
        let is_full = output.len() == output.capacity();
        if rest.is_empty() && !is_full {
            break if output.len() > limit_bytes { Err(InflateError::TooLong) } else { Ok(status) };
        }
        if taken == 0 && output.len() == filled_before && !is_full {
            return Err(InflateError::Malformed { detail: "it makes no progress" });
        }
    }
}

/// The decompressor's words are few and fixed; these are kept as they are.
fn detail(message: Option<&str>) -> &'static str {
    const KNOWN: [&str; 10] = [
        "invalid block type",
        "invalid stored block lengths",
        "too many length or distance symbols",
        "invalid code lengths set",
        "invalid bit length repeat",
        "invalid code -- missing end-of-block",
        "invalid literal/lengths set",
        "invalid distances set",
        "invalid literal/length code",
        "invalid distance code",
    ];
    let message = message.map(|message| message.trim_end_matches('\0')).unwrap_or_default();
    if message.contains("too far back") {
        return "it looks back further than there is";
    }
    KNOWN.into_iter().find(|known| *known == message).unwrap_or("it is not compressed data")
}

impl fmt::Display for InflateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("the message is over the limit"),
            Self::Malformed { detail } => f.write_str(detail),
        }
    }
}

impl std::error::Error for InflateError {}

#[cfg(test)]
mod tests;
