//! The bytes of a data file, in memory or left where they are.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

/// The largest file that is kept in memory whole.
pub const MEMORY_BYTES: u64 = 16 << 20;

/// The bytes of a file.
#[derive(Debug)]
pub(super) enum Store {
    /// All of them.
    Memory(Vec<u8>),
    /// The file, which all threads read at places of their own.
    File(File),
}

impl Store {
    /// Takes a file in, where it has no more than so many bytes.
    pub(super) fn new(mut file: File, memory_bytes: u64) -> io::Result<Self> {
        if file.metadata()?.len() > memory_bytes {
            return Ok(Self::File(file));
        }
        let mut bytes = Vec::new();
        (&mut file).take(memory_bytes + 1).read_to_end(&mut bytes)?;
        // It may have grown.
        Ok(if bytes.len() as u64 > memory_bytes { Self::File(file) } else { Self::Memory(bytes) })
    }

    pub(super) fn at(&self, offset: u64) -> At<'_> {
        At { store: self, offset }
    }
}

/// The line, from 1, of the first byte at an offset or behind it that ends no line. The CSV reader's own count takes blank
/// lines for a part of the row behind them, and goes wrong where lines end in CR and LF.
pub(super) fn line_at(store: &Store, offset: u64) -> u64 {
    let mut line = 1;
    for (at, byte) in (0_u64..).zip(io::BufReader::new(store.at(0)).bytes()) {
        match byte {
            Ok(b'\n') => line += 1,
            Ok(b'\r') => {}
            _ if at >= offset => break,
            Err(_) => break,
            Ok(_) => {}
        }
    }
    line
}

/// A place in a store to read on from.
#[derive(Debug)]
pub(super) struct At<'s> {
    store: &'s Store,
    offset: u64,
}

impl Read for At<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match self.store {
            Store::Memory(bytes) => {
                let from = usize::try_from(self.offset).unwrap_or(usize::MAX).min(bytes.len());
                (&bytes[from..]).read(buffer)?
            }
            Store::File(file) => file.read_at(buffer, self.offset)?,
        };
        self.offset += count as u64;
        Ok(count)
    }
}
