//! permessage-deflate (RFC 7692) as the embedded servers have it: bytes in, bytes out.

use serde_json::json;
use wsplan::serve::{Kind, Options};

use super::Server;
use super::raw::{REQUEST, RawClient, frame};

/// "Hello" (RFC 7692 section 7.2.3.1), and once more where it is remembered (section 7.2.3.2).
const HELLO: &[u8] = b"\xf2\x48\xcd\xc9\xc9\x07\x00";
const AGAIN: &[u8] = b"\xf2\x00\x11\x00\x00";

async fn server(kind: Kind) -> Server {
    let mut options = Options::new(kind);
    options.deflate = true;
    options.limits.message_bytes = 1_000;
    Server::start(options).await
}

/// Connected with this offer, and what was answered to it.
async fn offering(server: &Server, offer: &str) -> (RawClient, Option<String>) {
    let mut client = RawClient::connect(server.address).await;
    client.write(format!("{REQUEST}Sec-WebSocket-Extensions: {offer}\r\n\r\n").as_bytes()).await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    let answer = head.lines().find_map(|line| line.strip_prefix("sec-websocket-extensions: "));
    (client, answer.map(str::to_owned))
}

#[tokio::test]
async fn what_comes_compressed_or_not_goes_back_compressed() {
    let server = server(Kind::Echo).await;
    let (mut client, answer) = offering(&server, "permessage-deflate; client_max_window_bits").await;
    assert_eq!(answer.as_deref(), Some("permessage-deflate; server_no_context_takeover"));
    let hello = [&b"\xc1\x07"[..], HELLO].concat();
    for sent in [
        frame(0xc1, HELLO),
        frame(0xc1, AGAIN),
        frame(0x81, b"Hello"),
        [frame(0x41, &AGAIN[..2]), frame(0x80, &AGAIN[2..])].concat(),
    ] {
        client.write(&sent).await;
        assert_eq!(client.read(hello.len()).await, hello);
    }
    client.write(&frame(0x89, b"as it is")).await;
    assert_eq!(client.read(10).await, b"\x8a\x08as it is");
    client.write(&frame(0x88, b"")).await;
    assert_eq!(client.rest().await, b"\x88\x00");
    let totals = server.stop().await;
    assert_eq!((totals.connections_deflated, totals.messages_in, totals.bytes_in), (1, 4, 20));
    assert_eq!((totals.deflated_in, totals.deflated_bytes_in), (3, 17));
    assert_eq!((totals.messages_out, totals.bytes_out), (4, 20), "as they are when they are whole");
}

#[tokio::test]
async fn what_is_compressed_wrongly_is_refused() {
    let server = server(Kind::Echo).await;
    let bomb = b"\x4a\x4c\x1c\x05\xa3\x60\x14\x0c\x7b\x00\x00";
    for (sent, code) in [
        (frame(0xc1, AGAIN), 1007u16),
        (frame(0xc1, b"\xff"), 1007),
        (frame(0xc1, b"\x00\x02\x00\xfd\xff\xc3\x28\x00"), 1007),
        (frame(0xc2, bomb), 1009),
        (frame(0x82, &[0; 1_001]), 1009),
        (frame(0xc9, b""), 1002),
        (frame(0xe1, HELLO), 1002),
    ] {
        let (mut client, _) = offering(&server, "permessage-deflate").await;
        client.write(&sent).await;
        let close = client.rest().await;
        assert_eq!(close[..1], [0x88], "{sent:x?}");
        assert_eq!(u16::from_be_bytes([close[2], close[3]]), code, "{sent:x?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_first_offer_that_can_be_taken_is() {
    let server = server(Kind::Echo).await;
    for (offer, answer) in [
        ("x-webkit-deflate-frame", None),
        ("permessage-deflate; server_max_window_bits=16", None),
        (
            "permessage-deflate; x, permessage-deflate; server_max_window_bits=9; client_no_context_takeover",
            Some(
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9",
            ),
        ),
        (
            "permessage-deflate; client_max_window_bits=10",
            Some("permessage-deflate; server_no_context_takeover; client_max_window_bits=10"),
        ),
    ] {
        assert_eq!(offering(&server, offer).await.1.as_deref(), answer, "{offer}");
    }
    server.stop().await;
    // Who was not told to take offers takes none.
    let plain = Server::echo().await;
    let (mut client, answer) = offering(&plain, "permessage-deflate").await;
    assert_eq!(answer, None);
    client.write(&frame(0xc1, HELLO)).await;
    assert_eq!(client.rest().await[2..4], 1002u16.to_be_bytes());
    plain.stop().await;
}

#[tokio::test]
async fn a_broadcast_comes_to_each_as_it_was_agreed() {
    let server = server(Kind::Chat).await;
    let mut plain = server.client().await;
    plain.join("lobby").await;
    let (mut compressed, _) = offering(&server, "permessage-deflate").await;
    compressed.write(&frame(0x81, br#"{"type":"join","room":"lobby"}"#)).await;
    let joined = compressed.read(2).await;
    assert_eq!(joined[0], 0xc1);
    compressed.read(joined[1].into()).await;
    plain.say(json!({"type": "say", "text": "to everybody"})).await;
    assert_eq!(plain.hear().await["type"], "said");
    assert_eq!(plain.hear().await["text"], "to everybody");
    assert_eq!(compressed.read(1).await, [0xc1]);
    server.stop().await;
}
