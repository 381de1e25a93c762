//! permessage-deflate (RFC 7692) as the client sees it: what is agreed, what is read, what is sent.

use std::fmt::Write;

use wsplan::net::{
    ConnectFailureKind, Connection, Opcode, Options, ProtocolViolation, Queued, ReadFailure, UpgradeRequest,
};
use wsplan::program::Deflate;

use super::{open, open_with};
use crate::support::frames::{server_frame, text};
use crate::support::scripted::{ACCEPT, Action, ScriptedServer};

const LIMIT_BYTES: usize = 1_000;

/// "Hello" (RFC 7692 section 7.2.3.1), and once more where it is remembered (section 7.2.3.2).
const HELLO: &[u8] = b"\xf2\x48\xcd\xc9\xc9\x07\x00";
const AGAIN: &[u8] = b"\xf2\x00\x11\x00\x00";

/// Accepts the upgrade with this answer to the offer, then does `rest`.
fn agreeing(answer: &str, rest: impl IntoIterator<Item = Action>) -> Vec<Action> {
    let head = ACCEPT.replace("\r\n\r\n", &format!("\r\nSec-WebSocket-Extensions: {answer}\r\n\r\n"));
    let mut script = vec![Action::ReadRequest, Action::Respond(head, Vec::new())];
    script.extend(rest);
    script
}

fn offering(deflate: Deflate) -> UpgradeRequest {
    UpgradeRequest { deflate: Some(deflate), ..UpgradeRequest::default() }
}

/// The events of a connection as text, with the length of those that came compressed, and what ended it.
async fn read_to_end(connection: &mut Connection) -> (String, ReadFailure) {
    let mut events = String::new();
    loop {
        match connection.reader.next().await {
            Ok(incoming) => {
                write!(events, "{:?}", incoming.event).unwrap();
                match incoming.deflated_bytes {
                    Some(bytes) => write!(events, "<{bytes} ").unwrap(),
                    None => events.push(' '),
                }
            }
            Err(failure) => return (events.trim_end().to_owned(), failure),
        }
    }
}

/// What is read of `bytes` behind an answer, then the end of the stream: written at once, and one byte at a time.
async fn reading(answer: &str, bytes: Vec<u8>) -> (String, ReadFailure) {
    let pieces = bytes.iter().map(|byte| vec![*byte]).collect();
    let server = ScriptedServer::each(vec![
        agreeing(answer, [Action::Write(bytes), Action::Close]),
        agreeing(answer, [Action::WritePieces(pieces), Action::Close]),
    ]);
    let options = Options { max_message_bytes: LIMIT_BYTES, ..Options::default() };
    let request = offering(Deflate::default());
    let mut at_once = open_with(&server.url(), &request, &options).await.unwrap();
    let at_once = read_to_end(&mut at_once).await;
    let mut bit_by_bit = open_with(&server.url(), &request, &options).await.unwrap();
    assert_eq!(read_to_end(&mut bit_by_bit).await, at_once);
    // The server may still be writing to a client that has seen enough.
    drop(server);
    at_once
}

async fn broken(bytes: Vec<u8>) -> ProtocolViolation {
    let stream = [server_frame(0xc1, HELLO), bytes].concat();
    match reading("permessage-deflate; server_no_context_takeover", stream).await {
        (events, ReadFailure::Protocol(violation)) => {
            assert_eq!(events, r#"Text("Hello")<7"#);
            violation
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn compressed_and_other_messages_are_read_in_every_mixture() {
    let stream = [
        server_frame(0xc1, HELLO),
        server_frame(0xc1, AGAIN),
        text("as it is"),
        server_frame(0x82, &[0, 255]),
        server_frame(0x41, &HELLO[..3]),
        server_frame(0x89, b"between"),
        server_frame(0x80, &HELLO[3..]),
        server_frame(0xc2, AGAIN),
        server_frame(0xc1, b"\x00"),
        server_frame(0x01, b"in "),
        server_frame(0x80, b"two"),
        server_frame(0xc1, AGAIN),
    ]
    .concat();
    let events = "Text(\"Hello\")<7 Text(\"Hello\")<5 Text(\"as it is\") Binary([0, 255]) \
        Ping([98, 101, 116, 119, 101, 101, 110]) Text(\"Hello\")<7 Binary([72, 101, 108, 108, 111])<5 Text(\"\")<1 \
        Text(\"in two\") Text(\"Hello\")<5";
    assert_eq!(reading("permessage-deflate", stream).await, (events.to_owned(), ReadFailure::Eof));
}

#[tokio::test]
async fn rsv1_stands_on_first_frames_of_messages_alone() {
    let bits = |bits| ProtocolViolation::ReservedBits { bits };
    assert_eq!(broken(server_frame(0xc9, b"ping")).await, bits(4));
    assert_eq!(broken(server_frame(0xe1, HELLO)).await, bits(6));
    assert_eq!(broken(server_frame(0xd1, HELLO)).await, bits(5));
    assert_eq!(broken(server_frame(0xa1, HELLO)).await, bits(2));
    let continued = [server_frame(0x41, &HELLO[..3]), server_frame(0xc0, &HELLO[3..])].concat();
    assert_eq!(broken(continued).await, bits(4));
}

#[tokio::test]
async fn what_is_compressed_is_held_to_the_rules_on_messages() {
    assert_eq!(
        broken(server_frame(0xc1, AGAIN)).await,
        ProtocolViolation::NotDeflated { detail: "it looks back further than there is" },
        "nothing is remembered"
    );
    assert_eq!(
        broken(server_frame(0xc1, b"\xff")).await,
        ProtocolViolation::NotDeflated { detail: "invalid block type" }
    );
    // A stored block of two bytes that are no UTF-8, and a thousand and one letters.
    assert_eq!(
        broken(server_frame(0xc1, b"\x00\x02\x00\xfd\xff\xc3\x28\x00")).await,
        ProtocolViolation::TextNotUtf8
    );
    let long = ProtocolViolation::MessageTooLong { bytes: 1_001, limit_bytes: 1_000 };
    assert_eq!(
        broken(server_frame(0xc2, b"\x4a\x4c\x1c\x05\xa3\x60\x14\x0c\x7b\x00\x00")).await,
        long.clone()
    );
    // One that is too long before it is made whole, told from its head; and one that was never compressed.
    let head_only = vec![0xc2, 126, 0x7f, 0xff];
    assert_eq!(
        broken(head_only).await,
        ProtocolViolation::MessageTooLong { bytes: 32_767, limit_bytes: 1_000 }
    );
    assert_eq!(broken(server_frame(0x82, &[0; 1_001])).await, long);
}

#[tokio::test]
async fn messages_are_sent_compressed() {
    let keeping = Deflate { client_no_context_takeover: false, ..Deflate::default() };
    for (deflate, second) in [(Deflate::default(), HELLO), (keeping, AGAIN)] {
        let server = ScriptedServer::each(vec![agreeing(
            "permessage-deflate",
            [Action::ReadFrames(4), Action::ReadToEnd],
        )]);
        let mut connection = open_with(&server.url(), &offering(deflate), &Options::default()).await.unwrap();
        let writer = &mut connection.writer;
        writer.ping(b"not this").unwrap();
        for compressed in [HELLO, second] {
            let queued = writer.message(Opcode::Text, |buffer| buffer.extend_from_slice(b"Hello"));
            assert_eq!(queued, Ok(Queued { payload_bytes: 5, deflated_bytes: Some(compressed.len()) }));
        }
        let large = vec![b'a'; 300_000];
        let queued = writer.message(Opcode::Binary, |buffer| buffer.extend_from_slice(&large)).unwrap();
        assert!(queued.payload_bytes == 300_000 && queued.deflated_bytes.unwrap() < 1_000, "{queued:?}");
        writer.try_flush().unwrap();
        drop(connection);
        let frames = server.finish().remove(0).frames;
        let seen: Vec<_> = frames.iter().take(3).map(|frame| (frame.first, &frame.payload[..])).collect();
        assert_eq!(seen, [(0x89, &b"not this"[..]), (0xc1, HELLO), (0xc1, second)]);
        assert_eq!((frames[3].first, Some(frames[3].payload.len())), (0xc2, queued.deflated_bytes));
    }
}

#[tokio::test]
async fn a_server_that_declines_is_told_and_may_be_refused() {
    let declining = || {
        ScriptedServer::each(vec![crate::support::scripted::accepting([
            Action::Write([text("plain"), server_frame(0xc1, HELLO)].concat()),
            Action::ReadFrames(1),
            Action::ReadToEnd,
        ])])
    };
    let server = declining();
    let mut connection =
        open_with(&server.url(), &offering(Deflate::default()), &Options::default()).await.unwrap();
    assert_eq!(connection.deflate, None);
    connection.writer.message(Opcode::Text, |buffer| buffer.extend_from_slice(b"Hello")).unwrap();
    connection.writer.try_flush().unwrap();
    let ended = read_to_end(&mut connection).await;
    let violation = ProtocolViolation::ReservedBits { bits: 4 };
    assert_eq!(ended, ("Text(\"plain\")".to_owned(), ReadFailure::Protocol(violation)));
    drop(connection);
    let transcript = server.finish().remove(0);
    assert_eq!((transcript.frames[0].first, &transcript.frames[0].payload[..]), (0x81, &b"Hello"[..]));
    assert!(transcript.request.contains("permessage-deflate; client_no_context_takeover"), "{transcript:?}");

    let server = ScriptedServer::each(vec![crate::support::scripted::accepting([Action::ReadToEnd])]);
    let required = offering(Deflate { required: true, ..Deflate::default() });
    let failure = open_with(&server.url(), &required, &Options::default()).await.map(|_| ()).unwrap_err();
    assert_eq!(failure.kind, ConnectFailureKind::DeflateDeclined);
    server.finish();
}

#[tokio::test]
async fn an_answer_without_an_offer_is_refused() {
    let server = ScriptedServer::each(vec![agreeing("permessage-deflate", [Action::Close])]);
    let failure = open(&server.url()).await.map(|_| ()).unwrap_err();
    let found = "permessage-deflate".to_owned();
    assert_eq!(failure.kind, ConnectFailureKind::Protocol(ProtocolViolation::UnaskedExtension { found }));
    drop(server);
}
