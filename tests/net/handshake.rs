//! The opening handshake: answers that are right in unusual ways, wrong ones, and none at all.

use std::net::{SocketAddr, TcpListener};

use wsplan::net::{
    ConnectFailure, ConnectFailureKind, Event, HeaderName, HeaderValue, Network, Options, ProtocolViolation,
    UpgradeRequest, connect,
};
use wsplan::program::Url;

use super::{failure, open, open_with};
use crate::support::frames::text;
use crate::support::scripted::{ACCEPT, Action, Gate, ScriptedServer, accepting};

/// One connection that is answered with `head` and closed.
fn answering(head: &str) -> ScriptedServer {
    let respond = Action::Respond(head.to_owned(), Vec::new());
    ScriptedServer::each(vec![vec![Action::ReadRequest, respond, Action::Close]])
}

fn accept_with(more: &str) -> String {
    ACCEPT.replace("\r\n\r\n", &format!("\r\n{more}\r\n\r\n"))
}

async fn violation(head: &str) -> ProtocolViolation {
    match failure(answering(head)).await.kind {
        ConnectFailureKind::Protocol(violation) => violation,
        other => panic!("{other:?}"),
    }
}

fn refused_address() -> SocketAddr {
    // Bound and let go: nobody else is given it right away.
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn a_request_has_what_rfc_6455_section_4_1_asks_for() {
    let server = ScriptedServer::each(vec![accepting([Action::Close])]);
    let request = UpgradeRequest {
        path_and_query: "/chat?token=a%20b".to_owned(),
        headers: vec![(HeaderName::from_static("x-client"), HeaderValue::from_static("wsplan"))],
        subprotocols: vec!["chat.v2".to_owned(), "chat.v1".to_owned()],
        deflate: None,
        cookies: vec![("session".to_owned(), "abc".to_owned())],
    };
    let connection = open_with(&server.url(), &request, &Options::default()).await.unwrap();
    assert_eq!(connection.subprotocol, None);
    assert_eq!(connection.remote, server.address());
    assert!(connection.local.ip().is_loopback());
    let dial = connection.timings.dial;
    assert_eq!((dial.dns, dial.tls), (None, None));
    assert!(connection.timings.total >= dial.tcp + connection.timings.upgrade);
    let address = server.address();
    let seen = server.finish().remove(0).request;
    assert!(seen.starts_with("GET /chat?token=a%20b HTTP/1.1\r\n"), "{seen}");
    for line in [
        &format!("host: {address}"),
        "upgrade: websocket",
        "connection: Upgrade",
        "sec-websocket-version: 13",
        "sec-websocket-protocol: chat.v2, chat.v1",
        "x-client: wsplan",
        "cookie: session=abc",
    ] {
        assert!(seen.lines().any(|seen| seen == line), "{line} is not in {seen}");
    }
}

#[tokio::test]
async fn each_connection_sends_another_key() {
    let server = ScriptedServer::every(accepting([]));
    for _ in 0..2 {
        open(&server.url()).await.unwrap();
    }
    let keys: Vec<_> = server
        .finish()
        .into_iter()
        .map(|seen| {
            seen.request.lines().find(|line| line.starts_with("sec-websocket-key")).unwrap().to_owned()
        })
        .collect();
    assert_ne!(keys[0], keys[1]);
}

#[tokio::test]
async fn unusual_but_right_answers_are_taken() {
    let answers = [
        ACCEPT.replace("Connection: Upgrade", "Connection: keep-alive, Upgrade"),
        ACCEPT.replace("Connection: Upgrade", "connection: keep-alive\r\nCONNECTION: UPGRADE"),
        ACCEPT.replace("Upgrade: websocket", "upgrade: WebSocket"),
        ACCEPT.replace("Switching Protocols", "Whatever You Like"),
        format!("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n{ACCEPT}"),
    ];
    for answer in answers {
        let hello = Action::Respond(answer.clone(), Vec::new());
        let write = Action::Write(text("hello"));
        let server = ScriptedServer::each(vec![vec![Action::ReadRequest, hello, write, Action::Stall]]);
        let mut connection = open(&server.url()).await.unwrap_or_else(|error| panic!("{answer}: {error}"));
        assert_eq!(connection.reader.next().await.unwrap().event, Event::Text("hello"));
        server.finish();
    }
}

#[tokio::test]
async fn the_chosen_subprotocol_is_told() {
    let server = answering(&accept_with("Sec-WebSocket-Protocol: chat.v1"));
    let subprotocols = vec!["chat.v2".to_owned(), "chat.v1".to_owned()];
    let request = UpgradeRequest { subprotocols, ..UpgradeRequest::default() };
    let connection = open_with(&server.url(), &request, &Options::default()).await.unwrap();
    assert_eq!(connection.subprotocol.as_deref(), Some("chat.v1"));
    server.finish();
}

#[tokio::test]
async fn a_wrong_answer_is_named_by_its_rule() {
    assert!(matches!(
        violation(&ACCEPT.replace("{accept}", "dGhpcyBpcyB3cm9uZw==")).await,
        ProtocolViolation::AcceptKey { found: Some(found), .. } if found == "dGhpcyBpcyB3cm9uZw=="
    ));
    assert!(matches!(
        violation(&ACCEPT.replace("Sec-WebSocket-Accept", "X-Accept")).await,
        ProtocolViolation::AcceptKey { found: None, .. }
    ));
    assert_eq!(
        violation(&ACCEPT.replace("Upgrade: websocket\r\n", "")).await,
        ProtocolViolation::UpgradeHeader { found: None }
    );
    assert_eq!(
        violation(&ACCEPT.replace("Connection: Upgrade", "Connection: close")).await,
        ProtocolViolation::ConnectionHeader { found: Some("close".to_owned()) }
    );
    assert_eq!(
        violation(&accept_with("Sec-WebSocket-Protocol: chat")).await,
        ProtocolViolation::UnaskedSubprotocol { found: "chat".to_owned() }
    );
    let extension = violation(&accept_with("Sec-WebSocket-Extensions: permessage-deflate")).await;
    assert_eq!(extension, ProtocolViolation::UnaskedExtension { found: "permessage-deflate".to_owned() });
    assert_eq!(extension.section(), "RFC 6455 section 4.1");
    for nonsense in ["SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 101 X\r\nno colon\r\n\r\n"]
    {
        let seen = violation(nonsense).await;
        assert!(matches!(seen, ProtocolViolation::MalformedResponse { .. }), "{nonsense:?}: {seen:?}");
    }
}

#[tokio::test]
async fn a_first_frame_that_comes_with_the_answer_is_read_first() {
    let with_answer = [text("first"), text("second"), vec![0x81, 5, b't', b'h']].concat();
    let script = vec![
        Action::ReadRequest,
        Action::Respond(ACCEPT.to_owned(), with_answer),
        Action::Write(b"ird".to_vec()),
        Action::Stall,
    ];
    let server = ScriptedServer::each(vec![script]);
    let mut connection = open(&server.url()).await.unwrap();
    for expected in ["first", "second", "third"] {
        assert_eq!(connection.reader.next().await.unwrap().event, Event::Text(expected));
    }
    server.finish();
}

#[tokio::test]
async fn more_than_a_buffer_that_comes_with_the_answer_is_read_whole() {
    let messages: Vec<_> = (0..40).map(|n| format!("{n}-{}", "x".repeat(1_000))).collect();
    let behind = messages.iter().flat_map(|message| text(message)).collect();
    let script = vec![Action::ReadRequest, Action::Respond(ACCEPT.to_owned(), behind), Action::Stall];
    let server = ScriptedServer::each(vec![script]);
    let mut connection = open(&server.url()).await.unwrap();
    for message in &messages {
        assert_eq!(connection.reader.next().await.unwrap().event, Event::Text(message));
    }
    server.finish();
}

fn status_of(failure: ConnectFailure) -> (u16, String, String) {
    match failure.kind {
        ConnectFailureKind::UpgradeStatus { status, reason, body_prefix, .. } => {
            (status, reason, body_prefix)
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_answer_other_than_101_tells_status_reason_and_body() {
    let server = answering("HTTP/1.1 401 Go Away\r\nContent-Length: 13\r\n\r\nno token here");
    let address = server.address();
    let failure_401 = failure(server).await;
    assert_eq!(
        failure_401.to_string(),
        format!("cannot connect to {address}: answered 401 Go Away instead of 101: \"no token here\"")
    );

    let long = "e".repeat(2_000);
    let sized = format!("HTTP/1.1 500 \r\nContent-Length: 2000\r\n\r\n{long}");
    let (status, _, body) = status_of(failure(answering(&sized)).await);
    assert_eq!((status, body), (500, "e".repeat(512)));

    let chunked = format!(
        "HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n\
         3\r\nabc\r\n5;x=y\r\ndefgh\r\n7d0\r\n{long}\r\n0\r\n\r\n"
    );
    let (status, reason, body) = status_of(failure(answering(&chunked)).await);
    assert_eq!((status, &*reason), (503, "Service Unavailable"));
    assert_eq!(body, format!("abcdefgh{}", "e".repeat(504)));

    let until_close = "HTTP/1.0 200 OK\r\n\r\nthis is no WebSocket server";
    let (status, _, body) = status_of(failure(answering(until_close)).await);
    assert_eq!((status, &*body), (200, "this is no WebSocket server"));

    let empty = "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(status_of(failure(answering(empty)).await), (302, "Found".to_owned(), String::new()));
}

#[tokio::test]
async fn a_body_that_never_comes_does_not_hide_the_status() {
    let head = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 1000\r\n\r\nslow";
    let respond = Action::Respond(head.to_owned(), Vec::new());
    let server = ScriptedServer::each(vec![vec![Action::ReadRequest, respond, Action::Stall]]);
    assert_eq!(status_of(failure(server).await), (429, "Too Many Requests".to_owned(), "slow".to_owned()));
}

#[tokio::test]
async fn a_server_that_goes_away_before_its_answer_is_whole() {
    let unanswered = ScriptedServer::each(vec![vec![Action::ReadRequest, Action::Close]]);
    assert_eq!(failure(unanswered).await.kind, ConnectFailureKind::ClosedDuringUpgrade);

    let half = answering("HTTP/1.1 101 Switching Protocols\r\nUpgrade: webso");
    assert_eq!(failure(half).await.kind, ConnectFailureKind::ClosedDuringUpgrade);

    let reset = ScriptedServer::each(vec![vec![Action::ReadRequest, Action::Reset]]);
    let address = reset.address();
    let failure_reset = failure(reset).await;
    assert_eq!(failure_reset.kind, ConnectFailureKind::Reset);
    assert_eq!(failure_reset.address, address.to_string());
}

#[tokio::test]
async fn headers_over_the_limit_are_refused() {
    let limit_bytes = Options::default().max_header_bytes;
    let head = accept_with(&format!("X-Big: {}", "x".repeat(limit_bytes)));
    assert_eq!(failure(answering(&head)).await.kind, ConnectFailureKind::HeadersTooLong { limit_bytes });

    let lines: Vec<_> = (0..150).map(|n| format!("X-{n}: y")).collect();
    let head = accept_with(&lines.join("\r\n"));
    assert_eq!(failure(answering(&head)).await.kind, ConnectFailureKind::HeadersTooLong { limit_bytes });

    let server = answering(&accept_with(&format!("X-Big: {}", "x".repeat(limit_bytes / 2))));
    assert!(open(&server.url()).await.is_ok());
    server.finish();
}

#[tokio::test]
async fn a_refused_port_is_told_with_its_address() {
    let address = refused_address();
    let failure = open(&format!("ws://{address}")).await.map(|_| ()).unwrap_err();
    assert_eq!(failure.kind, ConnectFailureKind::Refused);
    assert_eq!(failure.to_string(), format!("cannot connect to {address}: connection refused"));

    // `localhost` may have two addresses; the one that is told is one of them.
    let failure = open(&format!("ws://localhost:{}", address.port())).await.map(|_| ()).unwrap_err();
    assert_eq!(failure.kind, ConnectFailureKind::Refused);
    assert!(failure.address.starts_with(&format!("localhost:{} (", address.port())), "{failure}");
}

#[tokio::test]
async fn a_name_is_resolved_and_each_of_its_addresses_tried() {
    // The server listens on 127.0.0.1 only, and `localhost` may be ::1 first.
    let server = ScriptedServer::every(accepting([]));
    let target = Url::parse(&format!("ws://localhost:{}", server.address().port())).unwrap();
    let network = Network::default();
    for _ in 0..2 {
        let connection = connect(&target, &UpgradeRequest::default(), &network, 0).await.unwrap();
        assert_eq!(connection.remote, server.address());
        assert!(connection.timings.dial.dns.is_some());
    }
    assert_eq!(server.finish().len(), 2);
}

#[tokio::test]
async fn a_name_without_an_address_is_a_dns_failure() {
    let failure = open("ws://no-such-host.invalid:9001/chat").await.map(|_| ()).unwrap_err();
    assert!(matches!(failure.kind, ConnectFailureKind::Dns { .. }), "{failure:?}");
    assert_eq!(failure.address, "no-such-host.invalid:9001");
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused_before_anything_is_dialled() {
    let bad = UpgradeRequest { path_and_query: "no slash".to_owned(), ..UpgradeRequest::default() };
    let failure =
        open_with("ws://no-such-host.invalid/", &bad, &Options::default()).await.map(|_| ()).unwrap_err();
    assert!(matches!(failure.kind, ConnectFailureKind::Request(_)), "{failure:?}");
}

#[tokio::test]
async fn dropping_an_attempt_closes_its_socket() {
    let asked = Gate::default();
    let script = vec![Action::ReadRequest, Action::Open(asked.clone()), Action::ReadToEnd];
    let server = ScriptedServer::each(vec![script]);
    let url = server.url();
    tokio::select! {
        _ = open(&url) => unreachable!("nobody answers"),
        () = asked.pass() => {}
    }
    // The script reads to the end of the stream, so this returns only when the socket was closed.
    server.finish();
}
