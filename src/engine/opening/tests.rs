//! A run by a protocol that has everything a protocol may have: steps, matchers, captures and correlation see messages,
//! and nothing of how they came.

use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use tokio_tungstenite::tungstenite::{Message, WebSocket, accept};

use crate::compile::{Directory, Options, compile_source};
use crate::diagnostic::{Diagnostics, Sources};
use crate::engine::{Control, Job, Outcome, run};
use crate::metrics::ErrorKind;
use crate::program::{Protocol, Url};

const PLAN: &str = r#"
target: ws://127.0.0.1:1
defaults: { connect_timeout: 20s, within: 20s }
scenarios:
  user:
    on_failure: stop
    always:
      - { when: { text: news }, echo: true }
    steps:
      - connect: {}
      - expect: { text: first }
      - name: ask
        request:
          send: { id: "{{correlation_id}}", text: a message of several frames }
          reply: { $.id: "{{correlation_id}}" }
          capture: { said: $.text }
      - send: "{{said}}"
      - expect: { text: last }
      - close: {}
"#;

/// One user of the plan, by the protocol of the tests, against what is done with its connection.
fn outcome<T: Send + 'static>(
    plan: &str,
    serve: impl FnOnce(&mut WebSocket<TcpStream>) -> T + Send + 'static,
) -> (Outcome, T) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = Url::parse(&format!("ws://{}/", listener.local_addr().unwrap())).unwrap();
    let server: JoinHandle<T> = std::thread::spawn(move || {
        let mut socket = accept(listener.accept().unwrap().0).unwrap();
        let served = serve(&mut socket);
        while socket.read().is_ok() {}
        served
    });
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let file = sources.add("plan.yaml", plan);
    let files = Directory::new(".");
    let compiled = compile_source(&mut sources, file, &Options::new(&files), &mut diagnostics).unwrap();
    let mut program = compiled.program;
    program.protocol = Protocol::Odd;
    let outcome = run(&Job::new(program, compiled.load, vec![target]), &Control::new(), |_| {}).unwrap();
    (outcome, server.join().unwrap())
}

fn say(socket: &mut WebSocket<TcpStream>, text: &str) {
    socket.send(Message::text(text)).unwrap();
}

fn hear(socket: &mut WebSocket<TcpStream>) -> String {
    socket.read().unwrap().into_text().unwrap().to_string()
}

/// A message of several frames.
fn hear_whole(socket: &mut WebSocket<TcpStream>) -> String {
    let mut whole = String::new();
    loop {
        let frame = hear(socket);
        match frame.strip_prefix('+') {
            Some(part) => whole.push_str(part),
            None => return whole + &frame,
        }
    }
}

fn errors(outcome: &Outcome) -> Vec<(ErrorKind, String)> {
    outcome.totals.errors.entries().map(|error| (error.kind, error.sample.clone())).collect()
}

#[test]
fn a_protocol_is_seen_by_nobody_but_its_codec() {
    let (outcome, heard) = outcome(PLAN, |socket| {
        let mut heard = vec![hear(socket)];
        socket.send(Message::Ping("still there?".into())).unwrap();
        assert_eq!(socket.read().unwrap(), Message::Pong("still there?".into()));
        say(socket, "welcome\nfirst\n+ne");
        let asked = hear_whole(socket);
        say(socket, "beat?");
        heard.push(hear(socket));
        let (front, back) = asked.split_at(10);
        say(socket, &format!("ws\n+{front}"));
        heard.push(hear(socket));
        say(socket, &format!("{back}\n+la"));
        heard.push(hear_whole(socket));
        say(socket, "st");
        heard
    });
    assert_eq!(errors(&outcome), []);
    assert_eq!(heard, ["hello", "beat!", "news", "a message of several frames"]);
    let counts = &outcome.totals.counts;
    assert_eq!((counts.connections_established, counts.iterations_failed), (1, 0));
    assert_eq!((counts.messages_sent, counts.requests, counts.replies_missing), (3, 1, 0));
}

#[test]
fn a_handshake_that_is_refused_fails_the_connect() {
    let (refused, heard) = outcome(PLAN, |socket| {
        let heard = hear(socket);
        say(socket, "go away");
        heard
    });
    assert_eq!(heard, "hello");
    let [(kind, sample)] = &errors(&refused)[..] else { panic!("{:?}", errors(&refused)) };
    assert_eq!(*kind, ErrorKind::Handshake);
    assert!(
        sample.ends_with(
            "the handshake behind the upgrade failed: the server said \"go away\" where \"welcome\" is due"
        ),
        "{sample}"
    );
    let counts = &refused.totals.counts;
    assert_eq!((counts.connections_established, counts.connections_failed), (0, 1));

    let (closed, ()) = outcome(PLAN, |socket| {
        hear(socket);
        socket.close(None).unwrap();
    });
    let [(kind, sample)] = &errors(&closed)[..] else { panic!("{:?}", errors(&closed)) };
    assert_eq!(*kind, ErrorKind::Handshake);
    assert!(sample.contains("the server closed the connection without a code"), "{sample}");
}

#[test]
fn a_handshake_has_the_time_of_the_connect() {
    let plan = PLAN.replace("connect_timeout: 20s", "connect_timeout: 50ms");
    let (outcome, heard) = outcome(&plan, hear);
    assert_eq!(heard, "hello");
    let kinds: Vec<_> = errors(&outcome).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [ErrorKind::ConnectTimeout]);
}

#[test]
fn what_the_protocol_does_not_have_ends_the_connection() {
    let (outcome, closed) = outcome(PLAN, |socket| {
        hear(socket);
        say(socket, "welcome");
        socket.send(Message::binary(vec![1])).unwrap();
        socket.read().unwrap()
    });
    let Message::Close(Some(frame)) = closed else { panic!("{closed:?}") };
    assert_eq!(u16::from(frame.code), 1002);
    let [(kind, sample)] = &errors(&outcome)[..] else { panic!("{:?}", errors(&outcome)) };
    assert_eq!((*kind, &sample[..]), (ErrorKind::Protocol, "a binary frame, where all are text"));
}
