//! Connections that go to different servers.

use super::{finish, folder, wsplan_run};
use crate::support::frames::server_frame;
use crate::support::scripted::{Action, ScriptedServer, accepting};

const PLAN: &str = "
target: ws://127.0.0.1:1
scenarios:
  user:
    steps:
      - connect: /control
      - expect: { where: { $.type: welcome }, capture: { feed: $.feed } }
      - { name: feed, connect: { url: \"{{feed}}\", query: { user: 7 } } }
      - { send: here, on: feed }
      - { send: there }
";

#[test]
fn a_user_goes_where_a_server_tells_it_to() {
    let folder = folder(PLAN);
    let takes_one = || [Action::ReadFrames(1), Action::ReadToClose, Action::Close];
    let feed = ScriptedServer::every(accepting(takes_one()));
    let welcome =
        format!(r#"{{"type":"welcome","feed":"{}/prices?of=all"}}"#, feed.url().trim_end_matches('/'));
    let welcome = Action::Write(server_frame(0x81, welcome.as_bytes()));
    let control = ScriptedServer::every(accepting([welcome].into_iter().chain(takes_one())));
    let mut command = wsplan_run(folder.path());
    command.args(["plan.yaml", "--format", "json", "--target", &control.url()]);
    let ended = finish(&mut command);
    assert_eq!(ended.status.code(), Some(0), "{} {}", ended.stdout, ended.stderr);
    let summary: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(summary["connections"]["established"], 2);
    let read = |server: ScriptedServer| {
        let transcripts = server.finish();
        let only = &transcripts[0];
        assert_eq!(transcripts.len(), 1);
        let payload = String::from_utf8(only.frames[0].payload.clone()).unwrap();
        (only.request.lines().next().unwrap().to_owned(), payload)
    };
    assert_eq!(read(control), ("GET /control HTTP/1.1".to_owned(), "there".to_owned()));
    assert_eq!(read(feed), ("GET /prices?of=all&user=7 HTTP/1.1".to_owned(), "here".to_owned()));
}

#[test]
fn a_url_that_is_none_fails_its_step_and_shows_no_token() {
    let plan = PLAN.replace("query: { user: 7 }", "timeout: 1s");
    let folder = folder(&plan);
    let said = |feed: &str| {
        let welcome = format!(r#"{{"type":"welcome","feed":"{feed}"}}"#);
        let script =
            [Action::Write(server_frame(0x81, welcome.as_bytes())), Action::ReadToClose, Action::Close];
        let server = ScriptedServer::every(accepting(script));
        let mut command = wsplan_run(folder.path());
        command.args(["plan.yaml", "--format", "json", "--target", &server.url()]);
        let ended = finish(&mut command);
        assert_eq!(ended.status.code(), Some(1), "{}", ended.stdout);
        assert_eq!(server.finish().len(), 1, "it goes nowhere else");
        let summary: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(summary["errors"][0]["kind"], "render");
        ended.stdout
    };
    let scheme = said("ftp://127.0.0.1:1/");
    assert!(scheme.contains("the url is none to connect to: the scheme must be ws, wss"), "{scheme}");
    let path = said("ws://127.0.0.1:1/?token=se cret");
    assert!(path.contains("must be percent-encoded") && !path.contains("se cret"), "{path}");
}
