//! TLS: who is believed, what is shown, sessions that are resumed, and bytes that wait for the kernel.

use wsplan::net::{
    ConnectFailureKind, Connection, Event, Flush, Network, Opcode, Options, ReadFailure, UpgradeRequest,
    connect,
};
use wsplan::program::{Tls, Url};

use crate::support::certificates::{Authority, Leaf, Purpose};
use crate::support::frames::text;
use crate::support::scripted::{Action, Gate, ScriptedServer, accepting};
use crate::support::terminator::{Greeting, NEW, OLD, Terminator, Terms};

/// One server whose certificate is for `localhost`, and its authority.
fn known() -> (Authority, Leaf) {
    let authority = Authority::new();
    let leaf = authority.issue(Purpose::Server, &["localhost"]);
    (authority, leaf)
}

fn network(tls: Tls) -> Network {
    Network::new(Options::default(), tls)
}

async fn open(url: &str, network: &Network) -> Result<Connection, wsplan::net::ConnectFailure> {
    let (target, request) = (Url::parse(url).unwrap(), UpgradeRequest::default());
    let patience = std::time::Duration::from_secs(20);
    tokio::time::timeout(patience, connect(&target, &request, network, 0)).await.expect("connecting hung")
}

/// What is said of a server that is connected to by this URL.
async fn reason(url: &str, tls: Tls) -> String {
    match open(url, &network(tls)).await.map(|_| ()).unwrap_err().kind {
        ConnectFailureKind::Tls { reason } => reason,
        other => panic!("{other:?}"),
    }
}

async fn say(connection: &mut Connection, words: &str) {
    connection.writer.message(Opcode::Text, |buffer| buffer.extend_from_slice(words.as_bytes())).unwrap();
    while connection.writer.try_flush().unwrap().flush == Flush::Blocked {
        connection.writer.writable().await.unwrap();
    }
}

#[tokio::test]
async fn what_is_said_is_heard_and_the_handshake_is_timed() {
    let (authority, leaf) = known();
    for versions in [OLD, NEW] {
        let server = ScriptedServer::each(vec![accepting([Action::Echo, Action::Echo, Action::ReadToEnd])]);
        let front = Terminator::start(server.address(), &Terms { versions, ..Terms::new(&leaf) });
        let mut connection = open(&front.url(), &network(authority.trusted())).await.unwrap();
        let tls = connection.timings.dial.tls.unwrap();
        assert!(!tls.is_resumed);
        assert!(connection.timings.total >= tls.elapsed + connection.timings.upgrade);
        for words in ["hello", "again"] {
            say(&mut connection, words).await;
            assert_eq!(connection.reader.next().await.unwrap().event, Event::Text(words));
        }
        drop(connection);
        let transcripts = server.finish();
        assert!(transcripts[0].request.contains("host: localhost:"), "{}", transcripts[0].request);
        let greeting = Greeting {
            server_name: Some("localhost".to_owned()),
            alpn: None,
            is_resumed: false,
            has_certificate: false,
        };
        assert_eq!(front.finish(), [greeting]);
    }
}

#[tokio::test]
async fn what_comes_with_the_answer_is_not_lost() {
    let (authority, leaf) = known();
    let early = Action::Respond(crate::support::scripted::ACCEPT.to_owned(), text("early"));
    let server = ScriptedServer::each(vec![vec![Action::ReadRequest, early, Action::Close]]);
    let front = Terminator::start(server.address(), &Terms::new(&leaf));
    let mut connection = open(&front.url(), &network(authority.trusted())).await.unwrap();
    assert_eq!(connection.reader.next().await.unwrap().event, Event::Text("early"));
    assert_eq!(connection.reader.next().await.unwrap_err(), ReadFailure::Eof);
    server.finish();
    front.finish();
}

#[tokio::test]
async fn a_session_is_resumed_unless_it_is_not_to_be() {
    let (authority, leaf) = known();
    for versions in [OLD, NEW] {
        for resumption in [true, false] {
            let server = ScriptedServer::every(accepting([Action::Echo, Action::ReadToEnd]));
            let front = Terminator::start(server.address(), &Terms { versions, ..Terms::new(&leaf) });
            let network = network(Tls { resumption, ..authority.trusted() });
            let mut seen = Vec::new();
            for _ in 0..3 {
                let mut connection = open(&front.url(), &network).await.unwrap();
                seen.push(connection.timings.dial.tls.unwrap().is_resumed);
                // Tickets come behind the handshake, before the first message.
                say(&mut connection, "hello").await;
                connection.reader.next().await.unwrap();
            }
            assert_eq!(seen, [false, resumption, resumption]);
            server.finish();
            let theirs: Vec<_> = front.finish().iter().map(|greeting| greeting.is_resumed).collect();
            assert_eq!(theirs, seen);
        }
    }
}

#[tokio::test]
async fn who_is_not_believed_is_told_why() {
    let (authority, leaf) = known();
    let backend = ScriptedServer::every(vec![Action::ReadToEnd]);
    let front = Terminator::start(backend.address(), &Terms::new(&leaf));
    assert_eq!(
        reason(&front.url(), Authority::new().trusted()).await,
        "the server's certificate is signed by nobody who is trusted"
    );
    // Whatever the system trusts, it is not the authority of this test.
    assert_eq!(
        reason(&front.url(), Tls::default()).await,
        "the server's certificate is signed by nobody who is trusted"
    );
    assert_eq!(
        reason(&front.numeric_url(), authority.trusted()).await,
        "the server's certificate is for localhost, not for 127.0.0.1"
    );
    let elsewhere = Tls { server_name: Some("chat.example".to_owned()), ..authority.trusted() };
    assert_eq!(
        reason(&front.url(), elsewhere).await,
        "the server's certificate is for localhost, not for chat.example"
    );
    front.finish();
    for (purpose, words) in [
        (Purpose::ExpiredServer, "the server's certificate has expired, at 2001-01-01T00:00:00Z"),
        (Purpose::FutureServer, "the server's certificate is not valid yet, but from 3000-01-01T00:00:00Z"),
    ] {
        let leaf = authority.issue(purpose, &["localhost"]);
        let front = Terminator::start(backend.address(), &Terms::new(&leaf));
        assert_eq!(reason(&front.url(), authority.trusted()).await, words);
        assert_eq!(front.finish(), []);
    }
    backend.finish();
}

#[tokio::test]
async fn the_insecure_believe_everybody() {
    let leaf = Authority::new().issue(Purpose::ExpiredServer, &["elsewhere.example"]);
    let server = ScriptedServer::every(accepting([Action::Echo, Action::ReadToEnd]));
    for versions in [OLD, NEW] {
        let front = Terminator::start(server.address(), &Terms { versions, ..Terms::new(&leaf) });
        let network = network(Tls { is_insecure: true, ..Tls::default() });
        for url in [front.url(), front.numeric_url()] {
            let mut connection = open(&url, &network).await.unwrap();
            say(&mut connection, "hello").await;
            assert_eq!(connection.reader.next().await.unwrap().event, Event::Text("hello"));
        }
        assert_eq!(front.finish().len(), 2);
    }
    server.finish();
}

#[tokio::test]
async fn another_name_is_sent_and_looked_for() {
    let authority = Authority::new();
    let leaf = authority.issue(Purpose::Server, &["chat.example"]);
    let server = ScriptedServer::each(vec![accepting([Action::ReadToEnd])]);
    let front = Terminator::start(server.address(), &Terms::new(&leaf));
    let tls = Tls { server_name: Some("chat.example".to_owned()), ..authority.trusted() };
    drop(open(&front.numeric_url(), &network(tls)).await.unwrap());
    server.finish();
    assert_eq!(front.finish()[0].server_name.as_deref(), Some("chat.example"));
}

#[tokio::test]
async fn a_server_that_asks_is_shown_a_certificate() {
    let (authority, leaf) = known();
    let client = authority.issue(Purpose::Client, &["a client"]);
    let stranger = Authority::new().issue(Purpose::Client, &["a stranger"]);
    for versions in [OLD, NEW] {
        let server = ScriptedServer::each(vec![accepting([Action::Echo, Action::ReadToEnd])]);
        let terms = Terms { versions, clients: Some(&authority), ..Terms::new(&leaf) };
        let front = Terminator::start(server.address(), &terms);
        let shown = |leaf: &Leaf| Tls { identity: Some(leaf.identity()), ..authority.trusted() };
        let mut connection = open(&front.url(), &network(shown(&client))).await.unwrap();
        say(&mut connection, "hello").await;
        assert_eq!(connection.reader.next().await.unwrap().event, Event::Text("hello"));
        drop(connection);
        let refused = reason(&front.url(), shown(&stranger)).await;
        assert_eq!(refused, "the server does not know who signed the client's certificate");
        let missing = reason(&front.url(), authority.trusted()).await;
        assert!(missing.starts_with("the server asks for a client's certificate"), "{missing}");
        server.finish();
        assert_eq!(
            front.finish().iter().map(|greeting| greeting.has_certificate).collect::<Vec<_>>(),
            [true]
        );
    }
}

/// Some servers say nothing of a certificate that they miss, and just go.
#[tokio::test]
async fn a_server_that_asked_for_a_certificate_and_left_wants_one() {
    let (authority, leaf) = known();
    let client = authority.issue(Purpose::Client, &["a client"]);
    for versions in [OLD, NEW] {
        let answer = "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n".to_owned();
        let goes = vec![Action::ReadRequest, Action::Close];
        let server = ScriptedServer::each(vec![
            goes.clone(),
            vec![Action::ReadRequest, Action::Reset],
            vec![Action::ReadRequest, Action::Respond(answer, Vec::new()), Action::Close],
            goes,
        ]);
        let terms = Terms { versions, clients: Some(&authority), is_lenient: true, ..Terms::new(&leaf) };
        let front = Terminator::start(server.address(), &terms);
        // Who takes up a session is not asked again.
        let network = network(Tls { resumption: false, ..authority.trusted() });
        for _ in ["closed", "reset"] {
            let kind = open(&front.url(), &network).await.map(|_| ()).unwrap_err().kind;
            let ConnectFailureKind::Tls { reason } = kind else { panic!("{kind:?}") };
            assert!(reason.starts_with("the server asks for a client's certificate"), "{reason}");
        }
        // Whoever answers had no need of one.
        let kind = open(&front.url(), &network).await.map(|_| ()).unwrap_err().kind;
        assert!(matches!(kind, ConnectFailureKind::UpgradeStatus { status: 403, .. }), "{kind:?}");
        let shown = Tls { identity: Some(client.identity()), ..authority.trusted() };
        let kind = open(&front.url(), &self::network(shown)).await.map(|_| ()).unwrap_err().kind;
        assert_eq!(kind, ConnectFailureKind::ClosedDuringUpgrade);
        server.finish();
        front.finish();
    }
}

#[tokio::test]
async fn what_is_no_tls_is_called_that() {
    let server = ScriptedServer::each(vec![
        vec![Action::Write(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()), Action::ReadToEnd],
        vec![Action::Close],
    ]);
    let url = format!("wss://{}/", server.address());
    assert_eq!(reason(&url, Tls::default()).await, "what the server sends is not TLS");
    let closed = open(&url, &network(Tls::default())).await.map(|_| ()).unwrap_err().kind;
    // A close with the client's hello unread is a reset.
    let words = "the server closed the connection amid the handshake".to_owned();
    assert!(
        [ConnectFailureKind::Tls { reason: words }, ConnectFailureKind::Reset].contains(&closed),
        "{closed:?}"
    );
    server.finish();
}

#[tokio::test]
async fn a_server_that_speaks_another_protocol_is_left() {
    let (authority, leaf) = known();
    let backend = ScriptedServer::every(vec![Action::ReadToEnd]);
    let front = Terminator::start(backend.address(), &Terms { alpn: &["mqtt"], ..Terms::new(&leaf) });
    let words = reason(&front.url(), authority.trusted()).await;
    assert_eq!(words, "the server speaks none of the protocols offered");
    front.finish();
    let front =
        Terminator::start(backend.address(), &Terms { alpn: &["h2", "http/1.1"], ..Terms::new(&leaf) });
    let network = network(authority.trusted());
    let url = front.url();
    let opening = open(&url, &network);
    tokio::select! {
        _ = opening => panic!("nobody answers"),
        () = async { while front.greeted() == 0 { tokio::task::yield_now().await } } => {}
    }
    assert_eq!(front.finish()[0].alpn.as_deref(), Some("http/1.1"));
    backend.finish();
}

/// More than any socket holds, so that the kernel takes it in parts: not a byte may be lost, and no message may count as
/// taken before the kernel has all of it.
#[tokio::test]
async fn a_server_that_does_not_read_holds_messages_up() {
    const BYTES: usize = 24 << 20;
    let (authority, leaf) = known();
    let gate = Gate::default();
    let reads =
        [Action::Wait(gate.clone()), Action::ReadFrames(3), Action::Write(text("done")), Action::ReadToEnd];
    let server = ScriptedServer::each(vec![accepting(reads)]);
    let front = Terminator::start(server.address(), &Terms::new(&leaf));
    let mut connection = open(&front.url(), &network(authority.trusted())).await.unwrap();
    let payload: Vec<u8> = (0..=250).cycle().take(BYTES).collect();
    let writer = &mut connection.writer;
    writer.message(Opcode::Binary, |buffer| buffer.extend_from_slice(&payload)).unwrap();
    let first = writer.try_flush().unwrap();
    assert!(first.began.is_some());
    assert_eq!(first.flush, Flush::Blocked);
    assert_eq!(writer.taken_bytes() + writer.queued_bytes() as u64, 14 + BYTES as u64);
    writer.message(Opcode::Text, |buffer| buffer.extend_from_slice(b"behind it")).unwrap();
    writer.ping(b"x").unwrap();
    let all_bytes = 14 + BYTES as u64 + 6 + 9 + 6 + 1;
    gate.open();
    let mut began_count = 0;
    loop {
        let taken_before = writer.taken_bytes();
        let flushed = writer.try_flush().unwrap();
        began_count += usize::from(flushed.began.is_some());
        assert!(writer.taken_bytes() >= taken_before);
        assert_eq!(writer.taken_bytes() + writer.queued_bytes() as u64, all_bytes);
        if flushed.flush == Flush::Done {
            break;
        }
        assert!(writer.queued_bytes() > 0, "what is blocked is not done");
        writer.writable().await.unwrap();
    }
    assert_eq!(began_count, 1, "what was queued behind it went as one batch");
    assert_eq!(connection.reader.next().await.unwrap().event, Event::Text("done"));
    drop(connection);
    let frames = server.finish().remove(0).frames;
    assert!(frames[0].payload == payload, "it came as it was");
    assert_eq!((&frames[1].payload[..], &frames[2].payload[..]), (&b"behind it"[..], &b"x"[..]));
    front.finish();
}

#[tokio::test]
async fn a_large_message_comes_whole() {
    let (authority, leaf) = known();
    let payload = vec![7; 3 << 20];
    let large = crate::support::frames::server_frame(0x82, &payload);
    let server = ScriptedServer::each(vec![accepting([Action::Write(large), Action::Close])]);
    let front = Terminator::start(server.address(), &Terms::new(&leaf));
    let mut connection = open(&front.url(), &network(authority.trusted())).await.unwrap();
    assert!(connection.reader.next().await.unwrap().event == Event::Binary(&payload));
    assert_eq!(connection.reader.next().await.unwrap_err(), ReadFailure::Eof);
    server.finish();
    front.finish();
}
