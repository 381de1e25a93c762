//! The ways to a server as others build them: TLS ended by Node's `https`, by Python's `ssl` and by nginx, and tinyproxy
//! with a password in between.

use serde_json::{Value, json};
use tempfile::TempDir;
use wsplan::serve::Kind;
use wsplan::serve::child::{ChildServer, Launch};

use super::interop::{ODD, Peer, http_peer, peers_with, secure_peers_with};
use super::nginx::Nginx;
use super::tinyproxy::Tinyproxy;
use super::{Ended, error_count, finish, folder, summary_of, wsplan_run};
use crate::support::certificates::{Authority, Purpose};
use crate::support::frames::close;
use crate::support::scripted::{Action, ScriptedServer, accepting};
use crate::support::terminator::{Terminator, Terms};

const USERS: u64 = 20;

/// [`ODD`] through TLS with a certificate of the client's, and compressed.
fn secure_odd() -> String {
    ODD.replace(
        "target: ws://127.0.0.1:1",
        "target: wss://localhost:1\ntls: { ca: ca.pem, cert: client.pem, key: client.key }",
    )
    .replace("{ path: /, ", "{ path: /, deflate: { required: true }, ")
}

/// A folder with a plan, a server's certificate, a client's, and whose word both have.
fn certified(plan: &str) -> TempDir {
    let folder = folder(plan);
    let authority = Authority::new();
    let leaf = authority.issue(Purpose::Server, &["localhost"]);
    let client = authority.issue(Purpose::Client, &["a client"]);
    let write = |name: &str, pem: String| std::fs::write(folder.path().join(name), pem).unwrap();
    write("ca.pem", authority.pem());
    write("leaf.pem", leaf.pem());
    write("leaf.key", leaf.key_pem());
    write("client.pem", client.pem());
    write("client.key", client.key_pem());
    folder
}

fn run(folder: &TempDir, target: &str, arguments: &[&str]) -> (Ended, Value) {
    let mut command = wsplan_run(folder.path());
    let ended = finish(command.args(["plan.yaml", "--format", "json", "--target", target]).args(arguments));
    let summary = summary_of(&ended);
    (ended, summary)
}

/// What a peer and the report say of [`secure_odd`].
fn agree(name: &str, (ended, summary): &(Ended, Value), theirs: &Value) {
    assert_eq!(ended.status.code(), Some(0), "{name}: {summary:#}");
    assert_eq!(theirs["connections"], USERS, "{name}: {theirs}");
    assert_eq!(theirs["certificates"], USERS, "{name}: {theirs}");
    assert_eq!(theirs["subprotocols"], USERS, "{name}: {theirs}");
    assert_eq!(theirs["deflated"], USERS, "{name}: {theirs}");
    assert_eq!(theirs["closes"], json!({ "4001": USERS }), "{name}: {theirs}");
    assert_eq!(theirs["messages_in"], USERS * 12, "{name}: {theirs}");
    assert_eq!(summary["messages"]["sent"], USERS * 12, "{name}: {summary:#}");
    assert_eq!(summary["messages"]["received"], USERS * 11, "{name}: {summary:#}");
    assert_eq!(summary["tls"]["handshakes"], USERS, "{name}: {summary:#}");
    assert_eq!(summary["deflate"]["connections"], USERS, "{name}: {summary:#}");
}

#[test]
fn certificates_subprotocols_and_compression_are_understood_through_tls() {
    let folder = certified(&secure_odd());
    for (name, peer) in secure_peers_with("odd", Some(&json!({})), folder.path()) {
        let ran = run(&folder, &peer.url, &[]);
        agree(name, &ran, &peer.finish());
    }
}

#[test]
fn whom_the_plan_does_not_trust_it_does_not_speak_to() {
    let folder = certified(&secure_odd().replace("ca: ca.pem", "ca: other.pem"));
    std::fs::write(folder.path().join("other.pem"), Authority::new().pem()).unwrap();
    for (name, peer) in secure_peers_with("odd", Some(&json!({})), folder.path()) {
        let (_, summary) = run(&folder, &peer.url, &[]);
        assert_eq!(error_count(&summary, "tls"), USERS, "{name}: {summary:#}");
        assert_eq!(peer.finish()["connections"], 0, "{name}");
    }
}

/// Node says so with an alert behind the handshake, Python's `asyncio` goes without a word.
#[test]
fn whoever_has_no_certificate_is_told_that_one_is_wanted() {
    let plan = "target: wss://localhost:1\ntls: { ca: ca.pem }\nload: { users: 20, iterations: 1 }\n\
                scenarios: { user: { on_failure: continue, steps: [http: { get: / }, connect: {}] } }\n";
    let folder = certified(plan);
    for (name, peer) in secure_peers_with("echo", None, folder.path()) {
        let (_, summary) = run(&folder, &peer.url, &[]);
        assert_eq!(error_count(&summary, "tls"), 2 * USERS, "{name}: {summary:#}");
        for error in summary["errors"].as_array().unwrap() {
            let sample = error["sample"].as_str().unwrap();
            let says = "TLS: the server asks for a client's certificate, and the plan names none (`tls: { cert, key }`)";
            assert!(sample.ends_with(says), "{name}: {sample}");
        }
        assert_eq!(peer.finish()["connections"], 0, "{name}");
    }
}

#[test]
fn the_echo_behind_nginx_is_echoed_to_the_last_message() {
    let launch = Launch {
        program: Some(super::WSPLAN.into()),
        kind: Kind::Echo,
        arguments: vec!["--deflate".to_owned()],
    };
    let server = ChildServer::start(&launch).unwrap();
    let backend = server.url.strip_prefix("ws://").unwrap().trim_end_matches('/');
    let Some(nginx) = Nginx::start(Some(backend)) else { return };
    std::fs::write(nginx.folder.path().join("plan.yaml"), NGINX).unwrap();
    // Whoever offers HTTP/2 to the first gets it, and that has no upgrade.
    for port in nginx.ports {
        let (ended, summary) = run(&nginx.folder, &format!("wss://localhost:{port}/ws"), &[]);
        assert_eq!(ended.status.code(), Some(0), "{summary:#}");
        assert_eq!(summary["messages"]["received"], USERS * 10, "{summary:#}");
        assert_eq!(summary["tls"]["handshakes"], USERS, "{summary:#}");
        assert_eq!(summary["deflate"]["connections"], USERS, "{summary:#}");
    }
    let totals = server.stop().unwrap();
    let (connections, messages) = (2 * USERS, 2 * USERS * 10);
    assert_eq!((totals.connections_accepted, totals.connections_deflated), (connections, connections));
    assert_eq!((totals.messages_in, totals.messages_out), (messages, messages), "{totals:?}");
}

const NGINX: &str = r#"
target: wss://localhost:1
tls: { ca: ca.pem }
thresholds: [errors count == 0]
load: { users: 20, iterations: 1 }
scenarios:
  user:
    steps:
      - connect: { deflate: { required: true } }
      - loop:
          times: 10
          steps:
            - request: { send: { id: "{{correlation_id}}" }, reply: { $.id: "{{correlation_id}}" } }
"#;

#[test]
fn through_tinyproxy_servers_are_spoken_to_in_the_clear_and_through_tls() {
    let Some(proxy) = Tinyproxy::start() else { return };
    let (clear, secure) = (certified(ODD), certified(&secure_odd()));
    let mut asked = Vec::new();
    for (name, peer) in peers_with("odd", None) {
        let (ended, summary) = run(&clear, &peer.url, &["--proxy", &proxy.url()]);
        let (address, theirs) = (address_of(&peer), peer.finish());
        assert_eq!(ended.status.code(), Some(0), "{name}: {summary:#}");
        assert_eq!(theirs["messages_in"], USERS * 12, "{name}: {theirs}");
        assert_eq!(theirs["subprotocols"], USERS, "{name}: {theirs}");
        assert_eq!(summary["metrics"]["connect.proxy"]["count"], USERS, "{name}: {summary:#}");
        asked.push(address);
    }
    for (name, peer) in secure_peers_with("odd", Some(&json!({})), secure.path()) {
        let ran = run(&secure, &peer.url, &["--proxy", &proxy.url()]);
        let (address, theirs) = (address_of(&peer), peer.finish());
        agree(name, &ran, &theirs);
        assert_eq!(ran.1["metrics"]["connect.proxy"]["count"], USERS, "{name}: {:#}", ran.1);
        asked.push(address);
    }
    let expected: Vec<_> = asked.iter().flat_map(|address| vec![address.clone(); 20]).collect();
    assert_eq!(proxy.finish(), expected);
}

fn address_of(peer: &Peer) -> String {
    peer.url.split('/').nth(2).unwrap_or_default().to_owned()
}

#[test]
fn what_is_asked_over_http_goes_through_the_proxy_too() {
    let (Some(proxy), Some(nginx)) = (Tinyproxy::start(), Nginx::start(None)) else { return };
    let peer = http_peer();
    let secure = format!("localhost:{}", nginx.ports[0]);
    let plan = format!(
        "target: http://127.0.0.1:1\nproxy: \"{}\"\ntls: {{ ca: ca.pem }}\nload: {{ users: 5, iterations: 2 }}\n\
         scenarios:\n  user:\n    steps:\n      \
         - http: {{ post: /login, json: {{ user: a }}, expect: {{ status: 200 }} }}\n      \
         - http: {{ get: /nothing, expect: {{ status: 404 }} }}\n      \
         - http: {{ get: 'https://{secure}/who', expect: {{ body: {{ text: {{ starts_with: 'GET HTTP/2.0' }} }} }} }}\n",
        proxy.url()
    );
    std::fs::write(nginx.folder.path().join("plan.yaml"), plan).unwrap();
    let (ended, summary) = run(&nginx.folder, &peer.url, &[]);
    let (address, theirs) = (address_of(&peer), peer.finish());
    assert_eq!(ended.status.code(), Some(0), "{summary:#}");
    assert!(!format!("{}{}", ended.stdout, ended.stderr).contains("hunter2"), "{}", ended.stdout);
    // Two servers an iteration, each asked on one kept connection.
    assert_eq!((&theirs["requests"], &theirs["connections"]), (&json!(20), &json!(10)), "{theirs}");
    assert_eq!(summary["http"]["requests"], 30, "{summary:#}");
    let asked = proxy.finish();
    let count = |address: &str| asked.iter().filter(|&asked| asked == address).count();
    assert_eq!((count(&address), count(&secure), asked.len()), (10, 10, 20), "{asked:?}");
}

const ALL_AT_ONCE: &str = r#"
target: wss://localhost:1
tls: { ca: ca.pem }
scenarios:
  user:
    steps:
      - name: login
        http: { get: /login, expect: { status: 200 } }
      - connect: { path: /chat, reconnect: { delay: 1ms, attempts: 3 } }
      - loop:
          times: 3
          steps: [request: { send: { id: "{{correlation_id}}" }, reply: { $.id: "{{correlation_id}}" } }]
      - close: {}
"#;

/// Nobody listens at the first target. The second goes away after a login and a message, and the third has the rest. What
/// the run says, and the second and the third as targets.
fn all_at_once(arguments: &[&str]) -> (Value, [String; 2]) {
    let authority = Authority::new();
    let leaf = authority.issue(Purpose::Server, &["localhost"]);
    let folder = folder(ALL_AT_ONCE);
    std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
    let logged_in = "HTTP/1.1 200 OK\r\nSet-Cookie: sid=s1; Path=/; Secure\r\nContent-Length: 0\r\n\r\n";
    let second = ScriptedServer::each(vec![
        vec![Action::ReadRequest, Action::Respond(logged_in.to_owned(), Vec::new()), Action::ReadToEnd],
        accepting([Action::Echo, Action::Close]),
    ]);
    let goodbye = [Action::ReadFrames(1), Action::Write(close(1000, b"")), Action::Close];
    let third = accepting([Action::Echo, Action::Echo].into_iter().chain(goodbye));
    let third = ScriptedServer::each(vec![third]);
    let fronts = [&second, &third].map(|server| Terminator::start(server.address(), &Terms::new(&leaf)));
    let urls = [0, 1].map(|front: usize| fronts[front].url());
    let mut command = wsplan_run(folder.path());
    command.args(["plan.yaml", "--format", "json", "--target", "wss://localhost:1/"]);
    command.args(["--target", &urls[0], "--target", &urls[1]]).args(arguments);
    let ended = finish(&mut command);
    let summary = summary_of(&ended);
    assert_eq!(ended.status.code(), Some(0), "{summary:#}");
    let chat = [second.finish().remove(1).request, third.finish().remove(0).request];
    assert!(chat.iter().all(|request| request.contains("cookie: sid=s1\r\n")), "{chat:?}");
    fronts.into_iter().for_each(|front| drop(front.finish()));
    let counts = ["established", "failovers", "reconnects", "closed_by_peer"];
    let counts = counts.map(|count| summary["connections"][count].as_u64());
    assert_eq!(counts, [Some(2), Some(2), Some(1), Some(1)], "{summary:#}");
    for timer in ["login.failover", "connect.failover", "connect.reconnect"] {
        assert_eq!(summary["metrics"][timer]["count"], 1, "{timer}: {summary:#}");
    }
    assert_eq!(summary["http"]["failed"], 0, "{summary:#}");
    assert_eq!(summary["messages"]["received"], 3, "{summary:#}");
    (summary, urls)
}

#[test]
fn whoever_loses_a_server_goes_on_at_the_next_through_tls() {
    let (summary, _) = all_at_once(&[]);
    assert!(summary["metrics"].get("login.proxy").is_none(), "{summary:#}");
}

#[test]
fn whoever_loses_a_server_goes_on_at_the_next_through_the_proxy() {
    let Some(proxy) = Tinyproxy::start() else { return };
    let (summary, urls) = all_at_once(&["--proxy", &proxy.url()]);
    let count = |timer: &str| summary["metrics"][timer]["count"].as_u64();
    assert_eq!([count("login.proxy"), count("connect.proxy")], [Some(1), Some(2)], "{summary:#}");
    let [second, third] = urls.map(|url| url.replace("wss://", "").replace('/', ""));
    // The login and the connect, the second's attempt after it had gone, and the third.
    let expected = ["localhost:1".to_owned(), second.clone(), second.clone(), second, third];
    assert_eq!(proxy.finish(), expected);
}

#[test]
fn a_proxy_that_wants_another_password_is_an_error_of_the_proxy() {
    let Some(proxy) = Tinyproxy::start() else { return };
    let plan = "target: ws://127.0.0.1:1\nload: { users: 3, iterations: 1 }\nscenarios:\n  user:\n    \
                on_failure: continue\n    steps:\n      - http: { get: / }\n      - connect: {}\n";
    let folder = folder(plan);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let target = format!("ws://{}/", listener.local_addr().unwrap());
    for target in [target.clone(), target.replace("ws:", "wss:")] {
        let (ended, summary) = run(&folder, &target, &["--proxy", &proxy.url_with("sesame")]);
        assert_eq!(error_count(&summary, "proxy"), 6, "{summary:#}");
        assert_eq!(summary["errors"].as_array().unwrap().len(), 2, "{summary:#}");
        assert!(!format!("{}{}", ended.stdout, ended.stderr).contains("sesame"), "{}", ended.stdout);
    }
    assert!(listener.accept().is_err(), "nobody was let through");
}
