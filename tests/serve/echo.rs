//! The echo server, message by message.

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;
use wsplan::serve::{Kind, Options};

use super::raw::{REQUEST, RawClient, frame};
use super::{Server, patiently};

#[tokio::test]
async fn every_message_comes_back_as_what_it_was() {
    let server = Server::echo().await;
    let mut client = server.client().await;
    for message in [
        Message::text("héllo"),
        Message::binary(vec![0, 255, 1]),
        Message::text(""),
        Message::binary(vec![]),
        Message::text("x".repeat(70_000)),
    ] {
        client.send(message.clone()).await;
        assert_eq!(client.next().await, message);
    }
    assert_eq!(client.close(1000).await, Some(1000));
    let totals = server.stop().await;
    assert_eq!((totals.messages_in, totals.messages_out), (5, 5));
    assert_eq!((totals.bytes_in, totals.bytes_out), (70_009, 70_009));
}

#[tokio::test]
async fn sixteen_mebibytes_are_echoed_and_one_byte_more_is_refused() {
    let server = Server::echo().await;
    let mut client = server.client().await;
    let longest = Message::binary(vec![7; 16 << 20]);
    client.send(longest.clone()).await;
    assert!(client.next().await == longest, "not the bytes that were sent");

    client.send(Message::binary(vec![7; (16 << 20) + 1])).await;
    assert_eq!(client.closed().await, Some((1009, "message is too long".to_owned())));
    drop(client);
    let totals = server.stop().await;
    assert_eq!((totals.messages_in, totals.messages_out, totals.protocol_errors), (1, 1, 1));
}

#[tokio::test]
async fn fragments_are_echoed_as_one_message_and_pings_between_them_are_answered() {
    let server = Server::echo().await;
    let sent =
        [frame(0x01, b"frag"), frame(0x89, b"in between"), frame(0x00, "mé".as_bytes()), frame(0x80, b"nt")];
    let mut client = RawClient::upgraded(server.address, b"").await;
    client.write(&sent.concat()).await;
    assert_eq!(client.read(12).await, b"\x8a\x0ain between");
    assert_eq!(client.read(11).await, b"\x81\x09fragm\xc3\xa9nt");
    drop(client);
    assert_eq!(server.stop().await.messages_in, 1);
}

#[tokio::test]
async fn a_frame_that_comes_with_the_upgrade_request_is_not_lost() {
    let server = Server::echo().await;
    let mut client = RawClient::upgraded(server.address, &frame(0x81, b"early")).await;
    assert_eq!(client.read(7).await, b"\x81\x05early");
    drop(client);
    server.stop().await;
}

#[tokio::test]
async fn pings_are_answered_in_order() {
    let server = Server::echo().await;
    let mut client = server.client().await;
    for number in 0..10u8 {
        client.send(Message::Ping(vec![number].into())).await;
    }
    for number in 0..10u8 {
        assert_eq!(client.next().await, Message::Pong(vec![number].into()));
    }
    drop(client);
    server.stop().await;
}

#[tokio::test]
async fn the_close_handshake_is_completed_with_the_code_that_came() {
    let server = Server::echo().await;
    for code in [1000, 1001, 3000, 4999] {
        assert_eq!(server.client().await.close(code).await, Some(code));
    }
    let mut client = RawClient::upgraded(server.address, &frame(0x88, b"")).await;
    assert_eq!(client.rest().await, b"\x88\x00");
    server.stop().await;
}

#[tokio::test]
async fn what_was_sent_before_a_close_is_echoed_before_it() {
    let server = Server::echo().await;
    let sent = [frame(0x81, b"last"), frame(0x88, &1000u16.to_be_bytes())].concat();
    let mut client = RawClient::upgraded(server.address, &sent).await;
    assert_eq!(client.rest().await, b"\x81\x04last\x88\x02\x03\xe8");
    server.stop().await;
}

#[tokio::test]
async fn a_broken_rule_is_answered_with_its_close_code_and_an_orderly_end() {
    let server = Server::echo().await;
    for (broken, code) in [
        (b"\x81\x02hi".to_vec(), 1002u16),
        (frame(0x83, b"reserved opcode"), 1002),
        (frame(0x81, b"\xff"), 1007),
    ] {
        let mut client = RawClient::upgraded(server.address, &[frame(0x81, b"ok"), broken].concat()).await;
        // More than the server will read: the Close must come through nevertheless, not a reset.
        client.write(&[0; 10_000]).await;
        let rest = client.rest().await;
        assert_eq!(rest[..5], *b"\x81\x02ok\x88");
        assert_eq!(rest[6..8], code.to_be_bytes());
    }
    assert_eq!(server.stop().await.protocol_errors, 3);
}

#[tokio::test]
async fn other_requests_than_an_upgrade_are_answered_with_a_reason() {
    let server = Server::echo().await;
    let many = format!("X-Many: {}\r\n", "y".repeat(70_000));
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: test\r\n\r\n".to_owned(), "426 "),
        ("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n".to_owned(), "405 "),
        (format!("{}\r\n", REQUEST.replace("13", "8")), "426 "),
        (format!("{}\r\n", REQUEST.replace("dGhl", "")), "400 "),
        (format!("{REQUEST}{many}\r\n"), "431 "),
        ("nonsense\r\n\r\n".to_owned(), "400 "),
    ] {
        let mut client = RawClient::connect(server.address).await;
        client.write(request.as_bytes()).await;
        let head = client.head().await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{status}: {head}");
    }
    let totals = server.stop().await;
    assert_eq!((totals.connections_accepted, totals.handshakes_refused), (0, 6));
}

#[tokio::test]
async fn a_client_that_does_not_read_is_held_up_alone_and_loses_nothing() {
    const MESSAGES: u32 = 3_000;
    let server = Server::echo().await;
    let (mut sink, mut stream) = server.client().await.0.split();
    let (behind, mut is_behind) = tokio::sync::watch::channel(0);
    // 48 MB: far more than the sockets and the queue hold, so that this is stuck until somebody reads.
    let sending = tokio::spawn(async move {
        for number in 0..MESSAGES {
            let mut payload = vec![0; 16 << 10];
            payload[..4].copy_from_slice(&number.to_be_bytes());
            sink.send(Message::binary(payload)).await.unwrap();
            behind.send_replace(number);
        }
    });
    patiently(is_behind.wait_for(|number| *number > 100)).await.unwrap();
    let mut other = server.client().await;
    for _ in 0..200 {
        other.send("still here?").await;
        assert_eq!(other.next().await, Message::text("still here?"));
    }
    assert!(!sending.is_finished(), "48 MB went somewhere without being read");
    for number in 0..MESSAGES {
        let message = patiently(stream.next()).await.unwrap().unwrap().into_data();
        assert_eq!(message[..4], number.to_be_bytes());
    }
    sending.await.unwrap();
    drop((other, stream));
    let totals = server.stop().await;
    assert_eq!((totals.messages_out, totals.undelivered), (u64::from(MESSAGES) + 200, 0));
}

#[tokio::test]
async fn the_limit_on_messages_is_an_option() {
    let mut options = Options::new(Kind::Echo);
    options.limits.message_bytes = 10;
    let server = Server::start(options).await;
    let mut client = server.client().await;
    client.send("ten bytes!").await;
    assert_eq!(client.next().await, Message::text("ten bytes!"));
    client.send("eleven byte").await;
    assert_eq!(client.closed().await.unwrap().0, 1009);
    drop(client);
    server.stop().await;
}
