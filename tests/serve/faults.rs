//! What goes wrong on purpose.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use wsplan::serve::{Faults, Kind, Options};

use super::raw::{RawClient, frame};
use super::{Client, Server};

async fn with_faults(kind: Kind, faults: Faults) -> Server {
    let mut options = Options::new(kind);
    options.faults = faults;
    Server::start(options).await
}

/// Sends `count` numbers and a ping behind them; gives the numbers that came before the pong.
async fn survivors(client: &mut Client, count: usize) -> Vec<usize> {
    for number in 0..count {
        client.send(number.to_string()).await;
    }
    client.send(Message::Close(None)).await;
    let mut numbers = Vec::new();
    loop {
        match client.next().await {
            Message::Text(text) => numbers.push(text.parse().unwrap()),
            Message::Close(_) => return numbers,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn drop_takes_the_share_it_is_told_and_the_same_for_the_same_seed() {
    for (drop, kept) in [(0.0, 200..=200), (1.0, 0..=0), (0.5, 60..=140)] {
        let mut runs = Vec::new();
        for _ in 0..2 {
            let server = with_faults(Kind::Echo, Faults { drop, seed: 42, ..Faults::default() }).await;
            let numbers = survivors(&mut server.client().await, 200).await;
            assert!(kept.contains(&numbers.len()), "{drop}: {}", numbers.len());
            assert!(numbers.is_sorted());
            let totals = server.stop().await;
            assert_eq!(totals.messages_in, 200);
            assert_eq!(totals.messages_out, numbers.len() as u64);
            assert_eq!(totals.dropped, 200 - numbers.len() as u64);
            runs.push(numbers);
        }
        assert_eq!(runs[0], runs[1]);
    }
}

#[tokio::test]
async fn copies_of_a_broadcast_are_dropped_one_by_one() {
    let server = with_faults(Kind::Chat, Faults { drop: 0.5, seed: 1, ..Faults::default() }).await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        let mut client = server.client().await;
        client.say(json!({"type": "join", "room": "r"})).await;
        // The reply may be dropped; the pong of the WebSocket never is.
        client.send(Message::Ping(Vec::new().into())).await;
        while !matches!(client.next().await, Message::Pong(_)) {}
        clients.push(client);
    }
    clients[0].say(json!({"type": "say", "text": "x"})).await;
    clients[0].send(Message::Ping(Vec::new().into())).await;
    let mut copies = 0;
    for client in &mut clients {
        client.send(Message::Ping(Vec::new().into())).await;
    }
    for client in clients {
        let mut client = client;
        client.send(Message::Close(None)).await;
        loop {
            match client.next().await {
                Message::Text(text) if text.contains(r#""message""#) => copies += 1,
                Message::Close(_) => break,
                _ => {}
            }
        }
    }
    assert!((1..20).contains(&copies), "{copies}");
    server.stop().await;
}

#[tokio::test]
async fn close_after_counts_exactly_and_the_last_is_still_answered() {
    let faults = Faults { close_after: Some(3), ..Faults::default() };
    let server = with_faults(Kind::Echo, faults).await;
    let five: Vec<u8> = (0..5).flat_map(|number: u8| frame(0x82, &[number])).collect();
    let mut client = RawClient::upgraded(server.address, &five).await;
    assert_eq!(client.read(9).await, [0x82, 1, 0, 0x82, 1, 1, 0x82, 1, 2]);
    let close = client.read(4).await;
    assert_eq!((close[0], &close[2..]), (0x88, &1001u16.to_be_bytes()[..]));
    drop(client);
    let totals = server.stop().await;
    assert_eq!((totals.messages_in, totals.messages_out), (3, 3));
}

#[tokio::test]
async fn delayed_messages_leave_no_earlier_and_in_order() {
    let delay = Duration::from_millis(20);
    let server = with_faults(Kind::Echo, Faults { delay, jitter: delay, ..Faults::default() }).await;
    let mut client = server.client().await;
    let start = Instant::now();
    for number in 0..300 {
        client.send(number.to_string()).await;
    }
    for number in 0..300 {
        assert_eq!(client.next().await, Message::text(number.to_string()));
        assert!(start.elapsed() >= delay);
    }
    assert_eq!(client.close(1000).await, Some(1000));
    assert_eq!(server.stop().await.undelivered, 0);
}

#[tokio::test]
async fn a_delay_holds_up_neither_reading_nor_pongs_nor_the_end() {
    let delay = Duration::from_hours(1);
    let server = with_faults(Kind::Echo, Faults { delay, ..Faults::default() }).await;
    let (mut first, mut second) = (server.client().await, server.client().await);
    for client in [&mut first, &mut second] {
        client.send("late").await;
        client.send(Message::Ping(b"now".as_ref().into())).await;
        assert_eq!(client.next().await, Message::Pong(b"now".as_ref().into()));
    }
    let reading = [first, second].map(|mut client| {
        tokio::spawn(async move {
            assert_eq!(client.next().await, Message::text("late"));
            assert_eq!(client.closed().await.unwrap().0, 1001);
        })
    });
    // What is held back leaves when the server ends.
    let totals = server.stop().await;
    for client in reading {
        client.await.unwrap();
    }
    assert_eq!((totals.messages_in, totals.messages_out), (2, 2));
}
