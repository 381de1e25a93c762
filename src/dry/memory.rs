//! How much memory a run will take: what was measured for each kind of user, as `docs/performance.md` has it, times how many of
//! them there will be. What is added on top is what can be known of the messages.

use super::Outcome;
use crate::program::{Deflate, Op, Program};

/// A process without users.
const BASE_BYTES: u64 = 12_000_000;
/// A busy user with one connection; and each connection more, of which it is an upper bound.
const USER_BYTES: u64 = 4_400;
/// What TLS adds to a connection.
const TLS_BYTES: u64 = 8_700;
/// A decompressor whose window is full.
const DECOMPRESSOR_BYTES: u64 = 50_000;
/// A compressor that remembers.
const COMPRESSOR_BYTES: u64 = 320_000;
/// A message of up to so many bytes is read in what the connections of a thread share.
const SHARED_BYTES: usize = 8 << 10;

/// A part of the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// What it is for.
    pub what: &'static str,
    /// Of how many things; one for what there is once.
    pub count: u64,
    /// Bytes of each.
    pub bytes_each: u64,
}

impl Share {
    /// All of them.
    pub fn bytes(&self) -> u64 {
        self.count.saturating_mul(self.bytes_each)
    }
}

/// The parts that there are; messages are the most that there may be, where all connections are amid their longest.
pub fn memory(program: &Program, outcome: &Outcome) -> Vec<Share> {
    let share = |what, count, bytes_each| Share { what, count, bytes_each };
    let connections = outcome.connections_peak;
    let longest = outcome.longest_sent.max(outcome.longest_received);
    let offers: Vec<Deflate> = offers(program).collect();
    // Users who compress differently are not told apart: the dearest counts for all.
    let remembers = offers.iter().any(|offer| !offer.client_no_context_takeover);
    let is_remembered = offers.iter().any(|offer| !offer.server_no_context_takeover);
    let shares = [
        share("the program itself", 1, BASE_BYTES),
        share("users", outcome.users_peak, USER_BYTES),
        share("further connections", connections.saturating_sub(outcome.users_peak), USER_BYTES),
        share("TLS", if program.may_be_secure() { connections } else { 0 }, TLS_BYTES),
        share("decompressors", if is_remembered { connections } else { 0 }, DECOMPRESSOR_BYTES),
        share("compressors", if remembers { connections } else { 0 }, COMPRESSOR_BYTES),
        share("values that users keep", outcome.users_peak, outcome.values_bytes as u64),
        share(
            "messages under way, at most",
            if longest > SHARED_BYTES { connections } else { 0 },
            longest as u64,
        ),
    ];
    shares.into_iter().filter(|share| share.bytes() > 0).collect()
}

fn offers(program: &Program) -> impl Iterator<Item = Deflate> {
    let of_steps = program.states.iter().filter_map(|state| match &state.op {
        Op::Connect(connect) => connect.deflate,
        _ => None,
    });
    of_steps.chain(program.pools.iter().filter_map(|pool| pool.connect.deflate))
}
