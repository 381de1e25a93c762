//! Both directions together: what one end compresses the other makes whole, and nothing else comes of it.

use proptest::prelude::*;

use super::super::compress::Deflater;
use super::*;

const LIMIT: usize = 1 << 20;

fn side(window_bits: u8, keeps_context: bool) -> Side {
    Side { window_bits, keeps_context }
}

fn inflated(inflater: &mut Inflater, message: &[u8], limit: usize) -> Result<Vec<u8>, InflateError> {
    let mut output = Vec::new();
    inflater.inflate(message, limit, &mut output).map(|()| output)
}

fn deflated(deflater: &mut Deflater, message: &[u8]) -> Vec<u8> {
    let mut output = b"before".to_vec();
    deflater.compress(message, &mut output);
    output.split_off(6)
}

#[test]
fn the_examples_of_the_rfc_are_read() {
    // RFC 7692 section 7.2.3.1 and .2: the second refers to the first.
    let mut keeping = Inflater::new(side(15, true));
    let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    assert_eq!(inflated(&mut keeping, &hello, LIMIT).unwrap(), b"Hello");
    assert_eq!(inflated(&mut keeping, &[0xf2, 0x00, 0x11, 0x00, 0x00], LIMIT).unwrap(), b"Hello");
    // .3: a block without compression; .4: a final block; .5: two blocks; .6: nothing.
    let mut forgetting = Inflater::new(side(15, false));
    let stored = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
    assert_eq!(inflated(&mut forgetting, &stored, LIMIT).unwrap(), b"Hello");
    let last = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
    assert_eq!(inflated(&mut forgetting, &last, LIMIT).unwrap(), b"Hello");
    assert_eq!(inflated(&mut keeping, &last, LIMIT).unwrap(), b"Hello");
    assert_eq!(inflated(&mut keeping, &last[..7], LIMIT).unwrap(), b"Hello", "without its padding");
    assert_eq!(inflated(&mut keeping, &hello, LIMIT).unwrap(), b"Hello", "behind a final block");
    let two = [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];
    assert_eq!(inflated(&mut forgetting, &two, LIMIT).unwrap(), b"Hello");
    assert_eq!(inflated(&mut forgetting, &[0x00], LIMIT).unwrap(), b"");
    // What looks back where nothing is kept.
    let back = inflated(&mut forgetting, &[0xf2, 0x00, 0x11, 0x00, 0x00], LIMIT);
    assert_eq!(back, Err(InflateError::Malformed { detail: "it looks back further than there is" }));
}

#[test]
fn what_is_compressed_is_that_of_the_rfc() {
    let mut keeping = Deflater::new(side(15, true));
    assert_eq!(deflated(&mut keeping, b"Hello"), [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
    assert_eq!(deflated(&mut keeping, b"Hello"), [0xf2, 0x00, 0x11, 0x00, 0x00]);
    assert_eq!(deflated(&mut keeping, b""), [0x00]);
    let mut forgetting = Deflater::new(side(15, false));
    for _ in 0..2 {
        assert_eq!(deflated(&mut forgetting, b"Hello"), [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
    }
}

#[test]
fn a_bomb_is_no_longer_than_the_limit() {
    let bomb = deflated(&mut Deflater::new(side(15, false)), &vec![b'a'; 64 << 20]);
    assert!(bomb.len() < 100_000, "{}", bomb.len());
    for limit in [0, 1, 255, 256, 257, 70_000] {
        for keeps_context in [false, true] {
            let mut output = Vec::new();
            let outcome = Inflater::new(side(15, keeps_context)).inflate(&bomb, limit, &mut output);
            assert_eq!(outcome, Err(InflateError::TooLong), "{limit}");
            assert!(output.capacity() <= (limit + 1).max(64), "{limit}: {}", output.capacity());
        }
    }
}

#[test]
fn a_message_of_exactly_the_limit_is_taken() {
    for length in [1, 255, 256, 257, 5_000, 70_000] {
        let message: Vec<u8> = (0..length).map(|n: u32| (n % 251) as u8).collect();
        let small = deflated(&mut Deflater::new(side(15, false)), &message);
        let mut inflater = Inflater::new(side(15, false));
        assert_eq!(inflated(&mut inflater, &small, message.len()), Ok(message.clone()), "{length}");
        assert_eq!(inflated(&mut inflater, &small, message.len() - 1), Err(InflateError::TooLong));
    }
}

proptest! {
    #[test]
    fn what_one_end_compresses_the_other_makes_whole(
        window_bits in 8u8..=15,
        keeps_context: bool,
        messages in prop::collection::vec(
            prop_oneof![
                prop::collection::vec(any::<u8>(), 0..3_000),
                "[a-c ]{0,2000}".prop_map(String::into_bytes),
            ],
            1..8,
        ),
    ) {
        let side = side(window_bits, keeps_context);
        let (mut deflater, mut inflater) = (Deflater::new(side), Inflater::new(side));
        for message in messages {
            let small = deflated(&mut deflater, &message);
            prop_assert_eq!(inflated(&mut inflater, &small, message.len()), Ok(message));
        }
    }

    #[test]
    fn any_bytes_end_in_a_message_or_an_error(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..4),
        keeps_context: bool,
        limit in 0usize..5_000,
    ) {
        let mut inflater = Inflater::new(side(10, keeps_context));
        for message in messages {
            match inflated(&mut inflater, &message, limit) {
                Ok(whole) => prop_assert!(whole.len() <= limit),
                Err(_) => break,
            }
        }
    }
}
