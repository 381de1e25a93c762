//! Runs of `http` steps against servers that nobody here wrote (Python's `http.server`), and against one that does what a
//! script says: what a real server of HTTP would not do.

use std::process::Command;

use serde_json::Value;

use super::interop::http_peer;
use super::nginx::Nginx;
use super::{finish, folder, summary_of, wsplan_run};
use crate::support::scripted::{Action, ScriptedServer};

/// Every method, body and capture there is, on one kept connection where the server keeps it.
const ALL: &str = r#"
target: http://127.0.0.1:1
load: { users: 5, iterations: 2 }
scenarios:
  user:
    steps:
      - http:
          get: /rooms
          expect: { status: 403 }
      - name: login
        http:
          post: /login
          json: { user: "u{{user.id}}" }
          expect: { status: 200, headers: { content-type: application/json }, body: { $.user: "u{{user.id}}" } }
          capture: { token: $.token, sid: { cookie: sid } }
      - http:
          get: /rooms
          expect: { status: 2xx, body: { $.cookies: { eq: [deep, sid] }, $.sid: "{{sid}}" }, headers: { ETag: { matches: "e-[0-9]" } } }
          capture: { etag: { header: ETag, regex: '"(.+)"' }, code: { status: true } }
      - http:
          put: /echo?a=1
          query: { b: "x&y z" }
          headers: { X-Client: "{{etag}}-{{code}}" }
          bearer: t
          text: "žluťoučký {{token}}"
          expect:
            body:
              $.method: PUT
              $.query: { eq: { a: ["1"], b: ["x&y z"] } }
              $.headers.x_client: e-1-200
              $.headers.cookie: "sid=u{{user.id}}"
              $.headers.content_type: text/plain; charset=utf-8
              $.body: "žluťoučký t-u{{user.id}}"
      - http: { method: PURGE, url: /echo, expect: { body: { $.method: PURGE, $.headers.authorization: { exists: false } } } }
      - http: { delete: /echo, basic: { user: ann, password: "a:b" }, cookies: { sid: other }, expect: { body: { $.headers.authorization: "Basic YW5uOmE6Yg==", $.headers.cookie: sid=other } } }
      - http: { patch: /echo, form: { a b: "c&d", e: 1 }, expect: { body: { $.body: "a%20b=c%26d&e=1", $.headers.content_type: application/x-www-form-urlencoded } } }
      - http: { head: /rooms, expect: { status: 200, headers: { ETag: '"e-1"' }, body: { text: { length: 0 } } } }
      - http: { get: /chunks, expect: { body: { "$.a[2]": 3 } } }
      - http: { get: /once, expect: { status: 204 } }
      - http: { options: /echo, expect: { body: { $.method: OPTIONS } } }
      - http: { post: "/login?hop", form: { user: other }, follow: 1, expect: { status: 200, body: { $.sid: other } }, capture: { hop: { cookie: sid } } }
      - http: { post: "/login?hop", form: { user: "{{hop}}" }, expect: { status: 303 } }
      - http: { get: /nothing, expect: { status: [404, 410], body: { text: nothing here } } }
"#;

#[test]
fn what_is_asked_is_what_a_server_sees() {
    let (peer, folder) = (http_peer(), folder(ALL));
    let mut command = wsplan_run(folder.path());
    command.args(["plan.yaml", "--format", "json", "--threads", "1", "--target", &peer.url]);
    let ended = finish(&mut command);
    let (summary, theirs) = (summary_of(&ended), peer.finish());
    assert_eq!(ended.status.code(), Some(0), "{summary:#}");
    let iterations = 10;
    // Fifteen steps without the redirect that is followed.
    assert_eq!(theirs["requests"], iterations * 15, "{theirs}");
    assert_eq!(theirs["logins"], iterations * 3, "{theirs}");
    assert_eq!(theirs["bearer"], iterations, "{theirs}");
    // The kept connection, and the one behind that which the server closed.
    assert_eq!(theirs["connections"], iterations * 2, "{theirs}");
    assert_eq!(summary["http"]["requests"], theirs["requests"], "{summary:#}");
    assert_eq!(summary["http"]["failed"], 0, "{summary:#}");
    assert_eq!(summary["metrics"]["login.total"]["count"], iterations, "{summary:#}");
    assert_eq!(summary["metrics"]["login.tcp"]["count"], 0, "the connection was kept: {summary:#}");
    assert_eq!(summary["connections"]["attempted"], 0, "{summary:#}");
    assert_eq!(summary["operations"], iterations * 14, "{summary:#}");
    assert!(!ended.stdout.contains("t-u0"), "{}", ended.stdout);
}

/// The errors of a run against a server with one script for all connections.
fn errors_of(steps: &str, script: Vec<Action>) -> (Value, Vec<String>) {
    let server = ScriptedServer::every(script);
    let folder = folder(&format!(
        "target: {}\ndefaults: {{ within: 20s, max_message: 1KiB }}\nscenarios: {{ user: {{ on_failure: continue, steps: {steps} }} }}\n",
        server.url().replace("ws:", "http:")
    ));
    let mut command = wsplan_run(folder.path());
    command.args(["plan.yaml", "--format", "json"]);
    let summary = summary_of(&finish(&mut command));
    let requests = server.conclude().into_iter().map(|transcript| transcript.request).collect();
    (summary["errors"].clone(), requests)
}

fn respond(text: &str) -> Vec<Action> {
    vec![Action::ReadRequest, Action::Respond(text.to_owned(), Vec::new()), Action::ReadToEnd]
}

#[test]
fn each_way_to_fail_has_its_kind() {
    let cases = [
        ("HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\noops", "http_status", "got 500: oops"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n", "too_large", "over 1024 bytes"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "closed_by_peer", "before it had answered"),
        ("NONSENSE\r\n\r\n", "protocol", "no answer"),
        (
            "HTTP/1.1 302 Found\r\nLocation: ftp://h/\r\nContent-Length: 0\r\n\r\n",
            "protocol",
            "cannot be followed",
        ),
        (
            "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            "http_status",
            "no further redirect, got 302",
        ),
    ];
    for (answer, kind, says) in cases {
        let mut script = respond(answer);
        if !answer.contains("302") {
            script[2] = Action::Close;
        }
        if answer.contains("Connection: close") {
            script[2] = Action::Close;
        }
        let (errors, requests) = errors_of("[http: { get: /x, follow: 1 }]", script);
        assert_eq!(errors[0]["kind"], kind, "{answer}: {errors:#}");
        assert!(errors[0]["sample"].as_str().unwrap().contains(says), "{answer}: {errors:#}");
        assert_eq!(errors[0]["count"], 1, "{answer}: {errors:#}");
        assert!(requests[0].starts_with("GET /x HTTP/1.1\r\n"), "{requests:?}");
    }
}

/// The server closes the idle connection as the next request comes: that is nobody's fault, and the request goes out
/// again on another connection.
#[test]
fn an_idle_connection_that_was_closed_is_replaced() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let script = vec![Action::ReadRequest, Action::Respond(answer.to_owned(), Vec::new()), Action::Close];
    let (errors, requests) =
        errors_of("[http: { get: /1 }, http: { put: /2 }, http: { get: /3 }, http: { delete: /4 }]", script);
    assert_eq!(errors, serde_json::json!([]), "{errors:#}");
    let lines: Vec<_> = requests.iter().map(|request| request.lines().next().unwrap_or_default()).collect();
    assert_eq!(lines, ["GET /1 HTTP/1.1", "PUT /2 HTTP/1.1", "GET /3 HTTP/1.1", "DELETE /4 HTTP/1.1"]);
}

/// Somebody else's secrets are on no page: not in errors, in any format.
#[test]
fn what_proves_who_asks_is_shown_nowhere() {
    let plan = r"
target: http://127.0.0.1:1
scenarios:
  user:
    on_failure: continue
    steps:
      - http: { get: /a, bearer: hunter2, cookies: { a: hunter2 } }
      - http: { get: /b, basic: { user: ann, password: hunter2 }, headers: { Authorization-Not: x } }
      - http: { get: /c, headers: { Cookie: hunter2 }, expect: { headers: { Set-Cookie: nothing } } }
      - connect: { path: /d, bearer: hunter2, cookies: { b: hunter2 } }
";
    let answer = "HTTP/1.1 401 No\r\nSet-Cookie: s=hunter2\r\nContent-Length: 0\r\n\r\n";
    let script = vec![Action::ReadRequest, Action::Respond(answer.to_owned(), Vec::new()), Action::Close];
    let server = ScriptedServer::every(script);
    let folder = folder(plan);
    let target = server.url().replace("ws:", "http:");
    for format in ["json", "human"] {
        let mut command = wsplan_run(folder.path());
        let ended = finish(command.args(["plan.yaml", "--format", format, "--target", &target]));
        assert_eq!(ended.status.code(), Some(1), "{}{}", ended.stdout, ended.stderr);
        assert!(!format!("{}{}", ended.stdout, ended.stderr).contains("hunter2"), "{}", ended.stdout);
    }
    for form in ["text", "json", "dot", "mermaid"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wsplan"));
        command.current_dir(folder.path()).args(["compile", "plan.yaml", "--emit", form]);
        let ended = finish(&mut command);
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        assert!(!ended.stdout.contains("hunter2"), "{form}: {}", ended.stdout);
    }
    drop(server);
}

#[test]
fn https_is_spoken_with_nginx_in_both_versions() {
    let Some(nginx) = Nginx::start(None) else { return };
    let [first, second] = nginx.ports;
    let plan = format!(
        r"
target: wss://localhost:{first}
tls: {{ ca: ca.pem }}
load: {{ users: 3, iterations: 2 }}
scenarios:
  user:
    steps:
      - name: first
        http: {{ get: /who, expect: {{ body: {{ text: 'GET HTTP/2.0  localhost  /who' }} }}, capture: {{ sid: {{ cookie: sid }} }} }}
      - name: post
        http: {{ post: /go, json: {{ a: 1 }}, follow: 1, expect: {{ body: {{ text: 'POST HTTP/2.0 sid=s1 localhost 7 /who?gone' }} }} }}
      - http: {{ get: 'https://localhost:{second}/who', expect: {{ body: {{ text: 'GET HTTP/1.1 sid={{{{sid}}}} localhost  /who' }} }} }}
      - http: {{ head: 'https://localhost:{second}/who', expect: {{ headers: {{ content-length: {{ length: 2 }} }} }} }}
"
    );
    std::fs::write(nginx.folder.path().join("plan.yaml"), plan).unwrap();
    let mut command = wsplan_run(nginx.folder.path());
    let ended = finish(command.args(["plan.yaml", "--format", "json", "--threads", "1"]));
    let summary = summary_of(&ended);
    assert_eq!(ended.status.code(), Some(0), "{summary:#}");
    let iterations = 6;
    assert_eq!(summary["http"]["requests"], iterations * 5, "{summary:#}");
    assert_eq!(summary["metrics"]["first.tls"]["count"], iterations, "{summary:#}");
    assert_eq!(summary["metrics"]["post.tls"]["count"], 0, "the connection was kept: {summary:#}");
    assert_eq!(summary["tls"]["handshakes"], iterations * 2, "{summary:#}");
}

#[test]
fn a_server_that_is_not_believed_is_an_error_of_tls() {
    let Some(nginx) = Nginx::start(None) else { return };
    let plan = format!(
        "target: https://localhost:{}\nscenarios: {{ user: {{ steps: [http: {{ get: /who }}] }} }}\n",
        nginx.ports[0]
    );
    std::fs::write(nginx.folder.path().join("plan.yaml"), plan).unwrap();
    let mut command = wsplan_run(nginx.folder.path());
    let summary = summary_of(&finish(command.args(["plan.yaml", "--format", "json"])));
    assert_eq!(summary["errors"][0]["kind"], "tls", "{summary:#}");
    let mut command = wsplan_run(nginx.folder.path());
    let summary = summary_of(&finish(command.args(["plan.yaml", "--format", "json", "--insecure"])));
    assert_eq!(summary["errors"], serde_json::json!([]), "{summary:#}");
}
