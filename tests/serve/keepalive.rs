//! The keepalive of the chat server.

use std::time::Duration;

use serde_json::json;
use wsplan::serve::{KeepaliveOptions, Kind, Options};

use super::Server;

fn options(interval: Duration, timeout: Duration) -> Options {
    let mut options = Options::new(Kind::Chat);
    options.keepalive = KeepaliveOptions { interval, timeout };
    options
}

#[tokio::test]
async fn sent_back_it_keeps_the_connection() {
    let server = Server::start(options(Duration::from_millis(5), Duration::from_mins(1))).await;
    let mut client = server.client().await;
    for seq in 1..=5 {
        let keepalive = client.hear().await;
        assert_eq!(keepalive, json!({"type": "keepalive", "seq": seq}));
        client.say(keepalive).await;
    }
    drop(client);
    let totals = server.stop().await;
    assert_eq!(totals.keepalive_timeouts, 0);
    assert!(totals.messages_out >= 5, "{totals:?}");
}

#[tokio::test]
async fn not_sent_back_it_ends_the_connection_with_4000() {
    let server = Server::start(options(Duration::from_millis(5), Duration::from_millis(5))).await;
    let mut client = server.client().await;
    assert_eq!(client.hear().await, json!({"type": "keepalive", "seq": 1}));
    assert_eq!(client.closed().await, Some((4000, "keepalive timeout".to_owned())));
    assert_eq!(server.stop().await.keepalive_timeouts, 1);
}

#[tokio::test]
async fn only_the_very_message_counts() {
    let server = Server::start(options(Duration::from_millis(5), Duration::from_millis(200))).await;
    let mut client = server.client().await;
    let mut keepalive = client.hear().await;
    keepalive["seq"] = json!(2);
    let error = client.ask(keepalive).await;
    assert_eq!(error["code"], "bad_request");
    assert_eq!(client.closed().await.unwrap().0, 4000);
    server.stop().await;
}

#[tokio::test]
async fn it_is_neither_delayed_nor_dropped() {
    let mut options = options(Duration::from_millis(5), Duration::from_mins(1));
    options.faults.delay = Duration::from_hours(1);
    options.faults.drop = 1.0;
    let server = Server::start(options).await;
    let mut client = server.client().await;
    client.say(json!({"type": "ping"})).await;
    assert_eq!(client.hear().await["type"], "keepalive");
    drop(client);
    let totals = server.stop().await;
    assert_eq!((totals.dropped, totals.messages_in), (1, 1));
}

#[tokio::test]
async fn zero_turns_it_off() {
    let server = Server::start(options(Duration::ZERO, Duration::ZERO)).await;
    let mut client = server.client().await;
    for _ in 0..100 {
        assert_eq!(client.ask(json!({"type": "ping"})).await["type"], "pong");
    }
    drop(client);
    assert_eq!(server.stop().await.messages_out, 100);
}
