//! Compression from plan to report: what the client counts is what the server counts, and servers of others understand
//! it whatever the two agree on.

use std::fmt::Write as _;

use serde_json::json;
use wsplan::serve::Kind;
use wsplan::serve::child::{ChildServer, Launch};

use super::interop::{ODD, peers_with};
use super::{finish, folder, summary_of, wsplan_run};

const CHAT: &str = r#"
target: builtin:chat
load: { users: 6, iterations: 1 }
thresholds: [errors count == 0]
scenarios:
  compressing:
    steps:
      - connect: { deflate: true }
      - loop:
          times: 5
          steps:
            - request:
                send: { type: ping, id: "{{correlation_id}}", text: "the same again, and the same again" }
                reply: { $.re: "{{correlation_id}}" }
                assert: { $.type: pong }
  remembering:
    steps:
      - connect: { deflate: { client_no_context_takeover: false, server_max_window_bits: 9, required: true } }
      - loop:
          times: 5
          steps:
            - request:
                send: { type: ping, id: "{{correlation_id}}", text: "the same again, and the same again" }
                reply: { $.re: "{{correlation_id}}" }
                assert: { $.type: pong }
  plain:
    steps:
      - connect: {}
      - request: { send: { type: ping, id: "{{correlation_id}}" }, reply: { $.re: "{{correlation_id}}" } }
"#;

#[test]
fn the_embedded_server_counts_what_the_client_counts() {
    let folder = folder(CHAT);
    let server = ChildServer::start(&Launch {
        program: Some(super::WSPLAN.into()),
        kind: Kind::Chat,
        arguments: vec!["--deflate".to_owned()],
    })
    .unwrap();
    let mut command = wsplan_run(folder.path());
    command.args(["plan.yaml", "--format", "json", "--target", &server.url]);
    let ended = finish(&mut command);
    let (summary, totals) = (summary_of(&ended), server.stop().unwrap());
    assert_eq!(ended.status.code(), Some(0), "{summary:#}");
    let deflate = &summary["deflate"];
    assert_eq!((totals.connections_accepted, totals.connections_deflated), (6, 4), "{totals:?}");
    assert_eq!((&deflate["connections"], &deflate["declined"]), (&json!(4), &json!(0)), "{summary:#}");
    assert_eq!(deflate["sent"]["messages"], 20, "{summary:#}");
    assert_eq!(deflate["received"]["messages"], 20, "{summary:#}");
    assert_eq!(deflate["sent"]["messages"], totals.deflated_in, "{totals:?}");
    assert_eq!(deflate["sent"]["compressed_bytes"], totals.deflated_bytes_in, "{totals:?}");
    assert_eq!(summary["messages"]["bytes_sent"], totals.bytes_in, "{totals:?}");
    assert_eq!(summary["messages"]["bytes_received"], totals.bytes_out, "{totals:?}");
    let ratio = deflate["sent"]["ratio"].as_f64().unwrap();
    assert!(ratio > 0.1 && ratio < 0.8, "{deflate}");
}

/// A plan that connects with every offer in turn, and says something with each.
fn every_offer(server_bits: &[u8]) -> (String, u64) {
    let mut steps = String::new();
    let mut offer_count = 0;
    let bits = |name: &str, bits: Option<u8>| bits.map_or(String::new(), |bits| format!(", {name}: {bits}"));
    for client_forgets in [true, false] {
        for server_forgets in [true, false] {
            for client in [None, Some(8), Some(9), Some(15)] {
                for server in std::iter::once(None).chain(server_bits.iter().copied().map(Some)) {
                    let client = bits("client_max_window_bits", client);
                    let server = bits("server_max_window_bits", server);
                    write!(
                        steps,
                        "
      - connect:
          deflate: {{ required: true, client_no_context_takeover: {client_forgets}, server_no_context_takeover: {server_forgets}{client}{server} }}
      - loop:
          times: 3
          steps:
            - set: {{ noise: '{{{{random_string 700}}}}' }}
            - request:
                send: {{ id: '{{{{correlation_id}}}}', text: '{{{{noise}}}} žluťoučký kůň {{{{noise}}}}' }}
                reply: {{ $.id: '{{{{correlation_id}}}}' }}
                assert: {{ $.text: '{{{{noise}}}} žluťoučký kůň {{{{noise}}}}' }}
      - request: {{ send: {{ $binary: {{ hex: '000102ff' }} }}, reply: {{ binary: {{ equals: {{ hex: '000102ff' }} }} }} }}
      - close: {{}}"
                    )
                    .unwrap();
                    offer_count += 1;
                }
            }
        }
    }
    let plan = format!(
        "target: ws://127.0.0.1:1\nload: {{ users: 2, iterations: 1 }}\nthresholds: [errors count == 0]\n\
         scenarios:\n  user:\n    on_failure: stop\n    steps:{steps}\n"
    );
    (plan, offer_count)
}

#[test]
fn servers_of_others_agree_to_every_offer_and_understand_what_follows() {
    let (plan, offers) = every_offer(&[9, 12, 15]);
    let folder = folder(&plan);
    for options in [
        json!({}),
        json!({ "server_no_context_takeover": true, "client_max_window_bits": 10 }),
        json!({ "client_no_context_takeover": true, "server_max_window_bits": 9 }),
    ] {
        for (name, peer) in peers_with("echo", Some(&options)) {
            let mut command = wsplan_run(folder.path());
            command.args(["plan.yaml", "--format", "json", "--target", &peer.url]);
            let ended = finish(&mut command);
            let (summary, theirs) = (summary_of(&ended), peer.finish());
            assert_eq!(ended.status.code(), Some(0), "{name} {options}: {summary:#}");
            let (connections, messages) = (2 * offers, 2 * offers * 4);
            assert_eq!(theirs["deflated"], connections, "{name} {options}: {theirs}");
            assert_eq!(theirs["messages_in"], messages, "{name} {options}: {theirs}");
            let deflate = &summary["deflate"];
            assert_eq!(deflate["connections"], connections, "{name} {options}: {deflate}");
            assert_eq!(deflate["sent"]["messages"], messages, "{name} {options}: {deflate}");
            assert_eq!(deflate["received"]["messages"], messages, "{name} {options}: {deflate}");
            for direction in ["sent", "received"] {
                let ratio = deflate[direction]["ratio"].as_f64().unwrap();
                assert!(ratio > 0.2 && ratio < 0.9, "{name} {options}: {deflate}");
            }
        }
    }
}

#[test]
fn compressed_fragments_with_pings_between_are_understood() {
    let folder = folder(&ODD.replace("{ path: /, ", "{ path: /, deflate: { required: true }, "));
    for (name, peer) in peers_with("odd", Some(&json!({}))) {
        let mut command = wsplan_run(folder.path());
        command.args(["plan.yaml", "--format", "json", "--target", &peer.url]);
        let ended = finish(&mut command);
        let (summary, theirs) = (summary_of(&ended), peer.finish());
        assert_eq!(ended.status.code(), Some(0), "{name}: {summary:#}");
        assert_eq!(
            (&theirs["deflated"], &theirs["messages_in"]),
            (&json!(20), &json!(20 * 12)),
            "{name}: {theirs}"
        );
        assert_eq!(summary["deflate"]["received"]["messages"], 20 * 11, "{name}: {summary:#}");
    }
}
