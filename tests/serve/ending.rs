//! How a server ends, and with more than one thread.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use tokio::sync::oneshot;
use wsplan::serve::{Kind, Options, ServeError, Totals, listen, run};

use super::raw::RawClient;
use super::{Client, Server, patiently};

#[tokio::test]
async fn every_connection_is_closed_with_1001() {
    let server = Server::chat().await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(server.client().await);
    }
    let reading: Vec<_> =
        clients.into_iter().map(|mut client| tokio::spawn(async move { client.closed().await })).collect();
    let totals = server.stop().await;
    for client in reading {
        assert_eq!(client.await.unwrap().unwrap().0, 1001);
    }
    assert_eq!((totals.connections_accepted, totals.connections_peak, totals.connections_open), (20, 20, 0));
}

#[tokio::test]
async fn those_who_do_not_answer_do_not_hold_it_up() {
    let mut options = Options::new(Kind::Echo);
    options.limits.closing = Duration::from_millis(20);
    let server = Server::start(options).await;
    let _silent = RawClient::upgraded(server.address, b"").await;
    let mut half_way = RawClient::connect(server.address).await;
    half_way.write(b"GET / HTTP/1.1\r\n").await;
    // Connections are accepted in order: once this one is served, the ones before were accepted.
    server.client().await.close(1000).await;
    let totals = server.stop().await;
    assert_eq!((totals.connections_accepted, totals.handshakes_refused), (2, 1));
    assert_eq!(half_way.rest().await, b"");
}

#[tokio::test]
async fn a_request_that_does_not_come_is_not_waited_for() {
    let mut options = Options::new(Kind::Echo);
    options.limits.handshake = Duration::from_millis(5);
    let server = Server::start(options).await;
    let mut client = RawClient::connect(server.address).await;
    assert_eq!(client.rest().await, b"");
    assert_eq!(server.stop().await.handshakes_refused, 1);
}

/// A server on threads of its own, as `wsplan serve` runs it.
fn run_apart(options: Options) -> (SocketAddr, oneshot::Sender<()>, std::thread::JoinHandle<Totals>) {
    let (ready, address) = std::sync::mpsc::channel();
    let (shutdown, asked) = oneshot::channel();
    let thread = std::thread::spawn(move || {
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let shutdown = async {
            let _ = asked.await;
        };
        run(any_port, &options, |address| ready.send(address).unwrap(), shutdown).unwrap()
    });
    (address.recv().unwrap(), shutdown, thread)
}

#[tokio::test]
async fn a_room_spans_the_threads_of_a_server() {
    let mut options = Options::new(Kind::Chat);
    options.threads = 3;
    let (address, shutdown, thread) = run_apart(options);
    let mut clients = Vec::new();
    for number in 1..=12 {
        let mut client = Client::connect(address).await;
        assert_eq!(client.join("r").await, number);
        clients.push(client);
    }
    for client in &mut clients {
        client.say(json!({"type": "say", "text": "x"})).await;
    }
    for client in &mut clients {
        let mut seq = 0;
        while seq < 12 {
            let message = client.hear().await;
            if message["type"] == "message" {
                seq += 1;
                assert_eq!(message["seq"], seq);
            }
        }
    }
    for client in clients {
        client.close(1000).await;
    }
    shutdown.send(()).unwrap();
    let totals = patiently(tokio::task::spawn_blocking(|| thread.join().unwrap())).await.unwrap();
    assert_eq!((totals.connections_accepted, totals.messages_in), (12, 24));
    assert_eq!((totals.messages_out, totals.connections_open), (12 + 12 + 144, 0));
}

#[test]
fn an_address_in_use_is_an_error_that_names_it() {
    let taken = listen(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap().local_addr().unwrap();
    let held = std::net::TcpListener::bind(taken).unwrap();
    let error =
        run(taken, &Options::new(Kind::Echo), |_| unreachable!(), std::future::pending()).unwrap_err();
    assert!(matches!(error, ServeError::Listen { address, .. } if address == taken), "{error}");
    assert!(error.to_string().starts_with(&format!("cannot listen on {taken}: ")), "{error}");
    drop(held);
}
