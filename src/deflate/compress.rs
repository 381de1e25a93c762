//! Messages made smaller.
//!
//! A compressor is 300 KiB. One that forgets each message serves every connection of a thread; only those that keep
//! their context have one of their own.

use std::cell::RefCell;

use flate2::{Compress, Compression, FlushCompress};

use super::TAIL;
use super::negotiate::Side;

/// The smallest window that zlib has. It never looks back further than 262 bytes less than its window, so that what it
/// compresses in one of 512 bytes is good for a receiver that has the 256 bytes which RFC 7692 allows as well.
const SMALLEST_WINDOW_BITS: u8 = 9;

/// Scratch room that has grown beyond this is given back.
const KEPT_BYTES: usize = 64 << 10;

/// What an empty message is compressed to (RFC 7692 section 7.2.3.6).
const EMPTY: u8 = 0x00;

thread_local! {
    /// What is compressed in place is compressed into this first.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    /// One for each window, 9 to 15 bits, made when it is first needed.
    static SHARED: RefCell<[Option<Box<Compress>>; 7]> = const { RefCell::new([const { None }; 7]) };
}

/// Compresses what one end of one connection says.
#[derive(Debug)]
pub struct Deflater {
    window_bits: u8,
    keeps_context: bool,
    /// Made with the first message, where the context is kept.
    own: Option<Box<Compress>>,
}

impl Deflater {
    /// For an end that compresses like this.
    pub fn new(side: Side) -> Self {
        let window_bits = zlib_window_bits(side.window_bits);
        Self { window_bits, keeps_context: side.keeps_context, own: None }
    }

    /// Compresses what `buffer` holds from `start` on.
    pub fn compress_in_place(&mut self, buffer: &mut Vec<u8>, start: usize) {
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.clear();
            self.compress(&buffer[start..], scratch);
            buffer.truncate(start);
            buffer.extend_from_slice(scratch);
            if scratch.capacity() > KEPT_BYTES {
                *scratch = Vec::new();
            }
        });
    }

    /// Appends the compressed message to `output`.
    pub fn compress(&mut self, message: &[u8], output: &mut Vec<u8>) {
        let window_bits = self.window_bits;
        if message.is_empty() {
            output.push(EMPTY);
        } else if self.keeps_context {
            squeeze(self.own.get_or_insert_with(|| new(window_bits)), message, output);
        } else {
            SHARED.with_borrow_mut(|shared| {
                let compress = shared[usize::from(window_bits - 9)].get_or_insert_with(|| new(window_bits));
                squeeze(compress, message, output);
                compress.reset();
            });
        }
    }
}

fn new(window_bits: u8) -> Box<Compress> {
    // The level is that of browsers.
    Box::new(Compress::new_with_window_bits(Compression::default(), false, window_bits))
}

/// zlib's window for one that was agreed on.
fn zlib_window_bits(negotiated: u8) -> u8 {
    negotiated.clamp(SMALLEST_WINDOW_BITS, 15)
}

fn squeeze(compress: &mut Compress, message: &[u8], output: &mut Vec<u8>) {
    let mut rest = message;
    // More than what cannot be compressed becomes, so that one call does.
    let mut room = message.len() + message.len() / 8 + 64;
    loop {
        output.reserve(room);
        let before = compress.total_in();
        compress
            .compress_vec(rest, output, FlushCompress::Sync)
            .expect("a compressor that is only ever flushed has no way to fail");
        let taken = usize::try_from(compress.total_in() - before).unwrap_or(usize::MAX);
        rest = &rest[taken.min(rest.len())..];
        if rest.is_empty() && output.len() < output.capacity() {
            break;
        }
        room = 64 + rest.len();
    }
    debug_assert!(output.ends_with(&TAIL), "a flush ends with an empty block");
    output.truncate(output.len() - TAIL.len());
}
