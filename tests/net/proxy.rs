//! The way through an HTTP proxy, and what is said of one that does not lead anywhere.

use wsplan::net::{
    ConnectFailure, ConnectFailureKind, Connection, Event, Network, Opcode, Options, ProxyFailure,
    UpgradeRequest, connect,
};
use wsplan::program::{Proxy, Tls, Url};

use crate::support::frames::text;
use crate::support::scripted::{ACCEPT, Action, ScriptedServer};

const ESTABLISHED: &str = "HTTP/1.1 200 Connection established\r\nVia: a proxy\r\n\r\n";

/// Through a proxy, as `user:secret`.
async fn open(proxy: &str, target: &str) -> Result<Connection, ConnectFailure> {
    let proxy = Proxy::parse(&format!("http://user:secret@{proxy}"), false).unwrap();
    let network = Network::new(Options::default(), Tls::default()).through(Some(proxy));
    let (target, request) = (Url::parse(target).unwrap(), UpgradeRequest::default());
    let patience = std::time::Duration::from_secs(20);
    tokio::time::timeout(patience, connect(&target, &request, &network, 0)).await.expect("connecting hung")
}

fn answering(head: &str) -> ScriptedServer {
    ScriptedServer::each(vec![vec![
        Action::ReadRequest,
        Action::Respond(head.to_owned(), Vec::new()),
        Action::Close,
    ]])
}

async fn refusal(proxy: ScriptedServer) -> ProxyFailure {
    let address = proxy.address().to_string();
    let failure = open(&address, "ws://chat.example:9001/").await.map(|_| ()).unwrap_err();
    proxy.finish();
    assert_eq!(failure.address, "chat.example:9001");
    match failure.kind {
        ConnectFailureKind::Proxy { proxy, failure } if proxy == address => failure,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn behind_its_answer_the_stream_is_the_servers() {
    let proxy = ScriptedServer::each(vec![vec![
        Action::ReadRequest,
        Action::Respond(ESTABLISHED.to_owned(), Vec::new()),
        Action::ReadRequest,
        Action::Respond(ACCEPT.to_owned(), text("early")),
        Action::Echo,
        Action::ReadToEnd,
    ]]);
    // The name is the proxy's to resolve: here nobody could.
    let mut connection = open(&proxy.address().to_string(), "ws://chat.invalid/talk").await.unwrap();
    assert!(connection.timings.dial.proxy.is_some());
    assert_eq!(connection.timings.dial.dns, None);
    assert_eq!(connection.reader.next().await.unwrap().event, Event::Text("early"));
    connection.writer.message(Opcode::Text, |buffer| buffer.extend_from_slice(b"hello")).unwrap();
    connection.writer.try_flush().unwrap();
    assert_eq!(connection.reader.next().await.unwrap().event, Event::Text("hello"));
    drop(connection);
    let seen = proxy.finish().remove(0).request;
    assert!(seen.starts_with("GET /talk HTTP/1.1\r\nhost: chat.invalid\r\n"), "{seen}");
    assert!(!seen.contains("authorization"), "what is the proxy's does not go on to the server: {seen}");
}

#[tokio::test]
async fn the_proxy_is_asked_with_name_and_password() {
    let proxy = answering("HTTP/1.1 403 Filtered\r\nContent-Length: 2\r\n\r\nno");
    let failure = open(&proxy.address().to_string(), "wss://[::1]/").await.map(|_| ()).unwrap_err();
    assert_eq!(
        failure.to_string(),
        format!("cannot connect to [::1]:443: the proxy {}: answered 403 Filtered", proxy.address())
    );
    let seen = proxy.finish().remove(0).request;
    assert!(seen.starts_with("CONNECT [::1]:443 HTTP/1.1\r\nhost: [::1]:443\r\n"), "{seen}");
    assert!(seen.contains("proxy-authorization: Basic dXNlcjpzZWNyZXQ=\r\n"), "{seen}");
}

#[tokio::test]
async fn one_that_leads_nowhere_is_told_with_its_reason() {
    let status = |status, reason: &str| ProxyFailure::Status { status, reason: reason.to_owned() };
    let needed = answering("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(refusal(needed).await, status(407, "Proxy Authentication Required"));
    let broken = |kind| ProxyFailure::Broken(Box::new(kind));
    let half = answering("HTTP/1.1 200 Connec");
    assert_eq!(refusal(half).await, broken(ConnectFailureKind::ClosedDuringUpgrade));
    let early = answering(&format!("{ESTABLISHED}hello"));
    assert_eq!(refusal(early).await, ProxyFailure::SpokeFirst);
    let foreign = answering("SSH-2.0-OpenSSH\r\n\r\n");
    assert!(
        matches!(refusal(foreign).await, ProxyFailure::Broken(kind) if matches!(*kind, ConnectFailureKind::Protocol(_)))
    );
    let long = answering(&format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(70_000)));
    let limit_bytes = Options::default().max_header_bytes;
    assert_eq!(refusal(long).await, broken(ConnectFailureKind::HeadersTooLong { limit_bytes }));

    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let failure = open(&nobody, "ws://chat.example:9001/").await.map(|_| ()).unwrap_err();
    let refused = ConnectFailureKind::Proxy { proxy: nobody, failure: broken(ConnectFailureKind::Refused) };
    assert_eq!(failure.kind, refused);
}
