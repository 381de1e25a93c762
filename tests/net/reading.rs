//! What a server may send and what it may not, each broken rule by its name.

use std::fmt::Write;

use wsplan::net::{Connection, Event, Options, ProtocolViolation, ReadFailure, UpgradeRequest};

use super::{open, open_with};
use crate::support::frames::{close, server_frame, text};
use crate::support::scripted::{Action, Gate, ScriptedServer, accepting};

const LIMIT_BYTES: usize = 1_000;

/// The events of a connection as text, and what ended it.
async fn read_to_end(connection: &mut Connection) -> (String, ReadFailure) {
    let mut events = String::new();
    loop {
        match connection.reader.next().await {
            Ok(incoming) => write!(events, "{:?} ", incoming.event).unwrap(),
            Err(failure) => return (events.trim_end().to_owned(), failure),
        }
    }
}

/// What is read of `bytes`, then the end of the stream: written at once, and one byte at a time.
async fn reading(bytes: Vec<u8>) -> (String, ReadFailure) {
    let pieces = bytes.iter().map(|byte| vec![*byte]).collect();
    let server = ScriptedServer::each(vec![
        accepting([Action::Write(bytes), Action::Close]),
        accepting([Action::WritePieces(pieces), Action::Close]),
    ]);
    let options = Options { max_message_bytes: LIMIT_BYTES, ..Options::default() };
    let request = UpgradeRequest::default();
    let mut at_once = open_with(&server.url(), &request, &options).await.unwrap();
    let at_once = read_to_end(&mut at_once).await;
    let mut bit_by_bit = open_with(&server.url(), &request, &options).await.unwrap();
    assert_eq!(read_to_end(&mut bit_by_bit).await, at_once);
    // The server may still be writing to a client that has seen enough.
    drop(server);
    at_once
}

fn ended(events: &str) -> (String, ReadFailure) {
    (events.to_owned(), ReadFailure::Eof)
}

fn broken(events: &str, violation: ProtocolViolation) -> (String, ReadFailure) {
    (events.to_owned(), ReadFailure::Protocol(violation))
}

#[tokio::test]
async fn every_kind_of_event_is_read() {
    let stream = [
        text("h\u{e9}llo"),
        server_frame(0x82, &[0, 255]),
        server_frame(0x81, b""),
        server_frame(0x89, b"ping"),
        server_frame(0x8a, b""),
        close(1001, "b\u{fc}e".as_bytes()),
    ]
    .concat();
    assert_eq!(
        reading(stream).await,
        ended(
            "Text(\"h\u{e9}llo\") Binary([0, 255]) Text(\"\") Ping([112, 105, 110, 103]) Pong([]) \
             Close { code: Some(1001), reason: \"b\u{fc}e\" }"
        )
    );
    assert_eq!(reading(server_frame(0x88, b"")).await, ended("Close { code: None, reason: \"\" }"));
    assert_eq!(reading(Vec::new()).await, ended(""));
    assert_eq!(reading(vec![0x81, 5, b'h']).await, ended(""), "a stream that ends amid a frame");
}

#[tokio::test]
async fn fragments_become_one_message_and_control_frames_go_between() {
    let stream = [
        server_frame(0x01, b"a\xe2"),
        server_frame(0x89, b""),
        server_frame(0x00, b"\x82"),
        server_frame(0x00, b""),
        server_frame(0x80, b"\xac!"),
        server_frame(0x02, b""),
        server_frame(0x80, b""),
        text("next"),
    ]
    .concat();
    assert_eq!(
        reading(stream).await,
        ended("Ping([]) Text(\"a\u{20ac}!\") Binary([]) Text(\"next\")"),
        "a character may be split across fragments"
    );
}

#[tokio::test]
async fn a_broken_frame_rule_is_told_after_what_came_before_it() {
    use ProtocolViolation as V;
    let cases: Vec<(Vec<u8>, V)> = vec![
        (vec![0x81, 0x82, 1, 2, 3, 4, 0, 0], V::MaskedFrame),
        (vec![0xc1, 0], V::ReservedBits { bits: 4 }),
        (vec![0xa1, 0], V::ReservedBits { bits: 2 }),
        (vec![0x99, 0], V::ReservedBits { bits: 1 }),
        (vec![0x83, 0], V::ReservedOpcode { opcode: 3 }),
        (vec![0x8b, 0], V::ReservedOpcode { opcode: 11 }),
        (vec![0x09, 0], V::FragmentedControl { opcode: 9 }),
        (vec![0x08, 0], V::FragmentedControl { opcode: 8 }),
        (server_frame(0x89, &[0; 126]), V::LongControl { opcode: 9 }),
        (server_frame(0x8a, &[0; 126]), V::LongControl { opcode: 10 }),
        (server_frame(0x88, &vec![0; 70_000]), V::LongControl { opcode: 8 }),
        (server_frame(0x80, b"x"), V::OrphanContinuation),
        ([server_frame(0x01, b"x"), text("y")].concat(), V::InterleavedMessage),
        ([server_frame(0x02, b"x"), server_frame(0x02, b"y")].concat(), V::InterleavedMessage),
        (
            vec![0x81, 126, 0, 5, b'h', b'e', b'l', b'l', b'o'],
            V::NonMinimalLength { length: 5, encoded_bytes: 2 },
        ),
        (vec![0x82, 127, 0, 0, 0, 0, 0, 0, 1, 0], V::NonMinimalLength { length: 256, encoded_bytes: 8 }),
        (vec![0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], V::LengthTopBit { length: 1 << 63 }),
        (server_frame(0x81, b"\xff"), V::TextNotUtf8),
        (server_frame(0x81, b"cut off \xe2\x82"), V::TextNotUtf8),
        (server_frame(0x81, b"\xed\xa0\x80"), V::TextNotUtf8),
        ([server_frame(0x01, b"\xe2"), server_frame(0x80, b"\x28\xa1")].concat(), V::TextNotUtf8),
        ([server_frame(0x01, b"a"), server_frame(0x80, b"\xe2\x82")].concat(), V::TextNotUtf8),
        (server_frame(0x88, b"\x03"), V::CloseLength),
        (close(1005, b""), V::CloseCode { code: 1005 }),
        (close(999, b"why"), V::CloseCode { code: 999 }),
        (close(2999, b""), V::CloseCode { code: 2999 }),
        (close(5000, b""), V::CloseCode { code: 5000 }),
        (close(1000, b"\xff"), V::CloseReasonNotUtf8),
    ];
    for (bytes, violation) in cases {
        let seen = reading([text("before"), bytes.clone()].concat()).await;
        assert_eq!(seen, broken("Text(\"before\")", violation), "{:x?}", &bytes[..bytes.len().min(12)]);
    }
}

#[tokio::test]
async fn data_after_a_close_frame_is_told() {
    let events = "Close { code: Some(1000), reason: \"\" }";
    let late = [close(1000, b""), text("late")].concat();
    assert_eq!(reading(late).await, broken(events, ProtocolViolation::DataAfterClose));
}

#[tokio::test]
async fn a_message_over_the_limit_is_told_from_its_head() {
    let over = |bytes| ProtocolViolation::MessageTooLong { bytes, limit_bytes: LIMIT_BYTES as u64 };
    // Only the head is sent: the limit does not wait for the payload.
    let head_only = server_frame(0x82, &[0; LIMIT_BYTES + 1])[..4].to_vec();
    assert_eq!(reading(head_only).await, broken("", over(1_001)));
    let huge = vec![0x82, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    assert_eq!(reading(huge).await, broken("", over(u64::MAX >> 1)));

    let half = [0; LIMIT_BYTES / 2];
    let fragments = [server_frame(0x02, &half), server_frame(0x00, &half), server_frame(0x80, b"x")].concat();
    assert_eq!(reading(fragments).await, broken("", over(1_001)));

    let exactly =
        [server_frame(0x02, &half), server_frame(0x80, &half), text(&"y".repeat(LIMIT_BYTES))].concat();
    let (events, end) = reading(exactly).await;
    assert_eq!(end, ReadFailure::Eof);
    assert!(events.starts_with("Binary([0, ") && events.ends_with("yyy\")"), "{events}");
}

#[tokio::test]
async fn a_reset_is_no_end_of_stream() {
    let read = Gate::default();
    let script = accepting([Action::Write(text("hello")), Action::Wait(read.clone()), Action::Reset]);
    let server = ScriptedServer::each(vec![script]);
    let mut connection = open(&server.url()).await.unwrap();
    assert_eq!(connection.reader.next().await.unwrap().event, Event::Text("hello"));
    // A reset throws away what was not read yet, so it comes only now.
    read.open();
    assert_eq!(connection.reader.next().await.unwrap_err(), ReadFailure::Reset);
    server.finish();
}

#[tokio::test]
async fn an_event_tells_its_size_on_the_wire_and_when_it_came() {
    let stream = [
        text("hello"),
        server_frame(0x82, &[0; 126]),
        server_frame(0x02, &vec![0; 65_536]),
        server_frame(0x80, b"end"),
    ]
    .concat();
    let server = ScriptedServer::each(vec![accepting([Action::Write(stream), Action::Stall])]);
    let before = std::time::Instant::now();
    let mut connection = open(&server.url()).await.unwrap();
    let mut last = before;
    for wire_bytes in [7, 130, 65_546 + 5] {
        let incoming = connection.reader.next().await.unwrap();
        assert_eq!(incoming.wire_bytes, wire_bytes);
        assert!(incoming.at >= last && incoming.at <= std::time::Instant::now());
        last = incoming.at;
    }
    server.finish();
}

#[tokio::test]
async fn frames_that_came_together_have_one_time() {
    let together = [text("one"), text("two")].concat();
    let server = ScriptedServer::each(vec![accepting([Action::Write(together), Action::Stall])]);
    let mut connection = open(&server.url()).await.unwrap();
    let one = connection.reader.next().await.unwrap().at;
    let two = connection.reader.next().await.unwrap().at;
    // Both were read in one call, so the second does not pay for what is done with the first.
    assert_eq!(one, two);
    server.finish();
}
