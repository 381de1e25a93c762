//! Random bytes for mask keys and handshake keys (RFC 6455 sections 5.3 and 4.1).
//!
//! One small generator a thread, seeded from the operating system. Masking guards intermediaries against a
//! script that chooses the bytes on the wire (RFC 6455 section 10.3); a load generator's plan is trusted with
//! that, so a fast generator does and a cryptographic one would only cost time on every message.

use std::cell::RefCell;

use rand::Rng;
use rand::SeedableRng;
use rand::rngs::SysRng;
use rand_xoshiro::Xoshiro256PlusPlus;

thread_local! {
    static KEYS: RefCell<Xoshiro256PlusPlus> = RefCell::new(
        Xoshiro256PlusPlus::try_from_rng(&mut SysRng)
            .expect("a system that can open sockets has a random source"),
    );
}

/// A fresh key for one frame.
pub(super) fn mask_key() -> [u8; 4] {
    KEYS.with_borrow_mut(|keys| keys.next_u32().to_ne_bytes())
}

/// The sixteen bytes behind one `Sec-WebSocket-Key`.
pub(super) fn nonce() -> [u8; 16] {
    let mut bytes = [0; 16];
    KEYS.with_borrow_mut(|keys| keys.fill_bytes(&mut bytes));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_from_frame_to_frame_and_from_thread_to_thread() {
        let here: Vec<_> = (0..8).map(|_| mask_key()).collect();
        let there = std::thread::spawn(|| (0..8).map(|_| mask_key()).collect::<Vec<_>>()).join().unwrap();
        assert!(here.windows(2).any(|pair| pair[0] != pair[1]));
        assert_ne!(here, there);
        assert_ne!(nonce(), nonce());
    }
}
