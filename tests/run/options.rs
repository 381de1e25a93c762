//! What the command line of `wsplan run` changes, seen from the server and in what is written.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use super::{Ended, finish, folder, summary_of, wait, wsplan_run};
use crate::support::frames::close;
use crate::support::scripted::{Action, ScriptedServer, accepting};

const DRAWS: &str = r#"
vars: { greeting: hello, count: 2 }
target: ws://127.0.0.1:1
load: { users: 6, iterations: 2 }
scenarios:
  drawing:
    weight: 2
    steps:
      - connect: /draws
      - think: { between: [0ms, 3ms] }
      - send: { user: "{{user.id}}", say: "{{greeting}}", id: "{{uuid}}", n: "{{random_int 1 1000000}}" }
      - send: '{{pick "a" "b" "c"}} {{random_string 20}} {{random_float 0 1}} {{correlation_id}} {{count}}'
      - close: {}
  other:
    steps:
      - connect: /other
      - send: 'other {{user.id}} {{user.iteration}} {{random_int 1 1000000}}'
      - send: last
      - close: {}
"#;

/// Takes two messages and a Close on each connection.
fn server() -> ScriptedServer {
    let rest = [Action::ReadFrames(3), Action::Write(close(1000, b"")), Action::Close];
    ScriptedServer::every(accepting(rest))
}

/// A run of the plan above against a server of its own: how it ended, and the payloads that the server read, sorted.
fn run(arguments: &[&str]) -> (Ended, Vec<String>) {
    let folder = folder(DRAWS);
    let server = server();
    let mut command = wsplan_run(folder.path());
    let ended = finish(command.args(["plan.yaml", "--target", &server.url()]).args(arguments));
    let transcripts = server.finish();
    let frames = transcripts.iter().flat_map(|transcript| transcript.frames.iter());
    let payload = |payload: &[u8]| String::from_utf8(payload.to_vec()).unwrap();
    let mut payloads: Vec<_> =
        frames.filter(|frame| frame.first == 0x81).map(|frame| payload(&frame.payload)).collect();
    payloads.sort();
    (ended, payloads)
}

#[test]
fn a_seed_fixes_what_is_sent_whatever_the_threads() {
    let (_, one) = run(&["--seed", "7", "--threads", "1"]);
    assert_eq!(one.len(), 24);
    for threads in ["1", "2", "5"] {
        let (ended, again) = run(&["--seed", "7", "--threads", threads, "--format", "json"]);
        assert_eq!(one, again, "{threads} threads");
        assert_eq!(summary_of(&ended)["seed"], 7);
    }
    assert_ne!(one, run(&["--seed", "8"]).1);
    assert_ne!(run(&[]).1, run(&[]).1, "a seed that was not given is drawn");
}

#[test]
fn a_drawn_seed_is_told_and_gives_the_same_run_again() {
    let (ended, first) = run(&["--format", "json"]);
    let seed = summary_of(&ended)["seed"].to_string();
    assert_eq!(first, run(&["--seed", &seed]).1);
}

#[test]
fn variables_are_set() {
    let (_, payloads) = run(&["--var", "greeting=good morning", "--var", "count=[1,\"2\"]"]);
    let greeted = payloads.iter().filter(|text| text.contains(r#""say":"good morning""#));
    assert_eq!(greeted.count(), 8);
    assert_eq!(payloads.iter().filter(|text| text.ends_with(r#" [1,"2"]"#)).count(), 8);
}

#[test]
fn a_variable_that_the_plan_does_not_have_is_a_mistake() {
    let (ended, payloads) = run(&["--var", "greting=hi"]);
    assert_eq!((ended.status.code(), payloads.len()), (Some(2), 0), "{}", ended.stderr);
    assert!(ended.stderr.contains("greting"), "{}", ended.stderr);
}

#[test]
fn users_and_iterations_are_overridden() {
    let (ended, payloads) = run(&["-u", "3", "-i", "1", "--format", "json"]);
    let summary = summary_of(&ended);
    assert_eq!(payloads.len(), 6);
    assert_eq!(summary["users"]["started"], 3);
    assert_eq!(summary["connections"]["established"], 3);
}

#[test]
fn duration_and_ramp_are_overridden() {
    let (ended, payloads) = run(&["--users", "4", "--ramp", "100ms", "--duration", "1s", "--format", "json"]);
    let summary = summary_of(&ended);
    // The plan's two iterations are done long before the second is over.
    assert_eq!(summary["users"]["started"], 4, "{summary:#}");
    assert_eq!(payloads.len(), 4 * 2 * 2);
    assert!(
        summary["duration_s"].as_f64().unwrap() >= 0.075,
        "the last user starts after three quarters of the ramp"
    );
}

#[test]
fn a_plan_comes_from_standard_input() {
    let server = server();
    let mut command = wsplan_run(Path::new("."));
    command.args(["-", "-q", "-u", "1", "-i", "1", "--target", &server.url(), "--format", "json"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(DRAWS.as_bytes()).unwrap();
    assert_eq!(summary_of(&wait(child))["messages"]["sent"], 2);
    server.finish();
}

#[test]
fn the_summary_is_the_same_in_the_file_and_on_standard_output() {
    let folder = folder(DRAWS);
    let server = server();
    let mut command = wsplan_run(folder.path());
    command.args(["plan.yaml", "--target", &server.url(), "--summary", "out.json", "--format", "json"]);
    let ended = finish(command.arg("--quiet"));
    server.finish();
    assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(0), ""));
    let file = std::fs::read_to_string(folder.path().join("out.json")).unwrap();
    assert_eq!(file, ended.stdout);
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/summary.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let summary: Value = serde_json::from_str(&file).unwrap();
    let mistakes: Vec<_> = validator.iter_errors(&summary).map(|mistake| mistake.to_string()).collect();
    assert_eq!(mistakes, [""; 0], "{summary:#}");
    assert_eq!(summary["exit_status"], 0);
    assert_eq!(summary["messages"]["sent"], 24);
}

#[test]
fn the_summary_of_a_run_with_errors_follows_the_schema() {
    let folder = folder(DRAWS);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap();
    let mut command = wsplan_run(folder.path());
    command.args(["plan.yaml", "--format", "json", "--target", &format!("ws://{address}/"), "-i", "1"]);
    // Bound, and answered by nobody: whoever connects is reset when the listener goes.
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    for _ in 0..6 {
        drop(nobody.accept().unwrap());
    }
    let ended = wait(child);
    let summary = summary_of(&ended);
    assert_eq!(ended.status.code(), Some(1), "{summary:#}");
    assert_eq!((&summary["exit_status"], &summary["connections"]["failed"]), (&1.into(), &6.into()));
    let errors = summary["errors"].as_array().unwrap();
    assert_eq!(errors.iter().map(|error| error["count"].as_u64().unwrap()).sum::<u64>(), 6);
    assert!(errors.iter().all(|error| error["file"] == "plan.yaml" && error["line"].is_u64()), "{errors:#?}");
}

#[test]
fn a_summary_that_cannot_be_written_is_refused_before_the_run() {
    let folder = folder(DRAWS);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    for path in ["no/such/folder/out.json", ".", "plan.yaml/out.json"] {
        let mut command = wsplan_run(folder.path());
        command.args(["plan.yaml", "--target", &format!("ws://{address}/"), "--summary", path]);
        let ended = finish(&mut command);
        assert_eq!(ended.status.code(), Some(2), "{path}: {}", ended.stderr);
        assert!(ended.stderr.contains("cannot write the summary to"), "{}", ended.stderr);
        assert_eq!(ended.stdout, "");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
    assert!(listener.accept().is_err(), "nobody has connected");
}

#[test]
fn quiet_is_quiet() {
    let plan = "target: ws://127.0.0.1:1\nscenarios: { a: { steps: [connect: {}, log: told, send: a, send: b, close: {}] } }";
    let folder = folder(plan);
    for (quiet, told) in [(&[][..], "log: told\n"), (&["--quiet"][..], "")] {
        let server = server();
        let mut command = wsplan_run(folder.path());
        let ended = finish(command.args(["plan.yaml", "--target", &server.url()]).args(quiet));
        server.finish();
        assert_eq!(ended.stderr, told);
        assert!(ended.stdout.ends_with("✓ passed\n"), "the result is no noise: {}", ended.stdout);
    }
}

#[test]
fn wrong_command_lines_are_refused() {
    let folder = folder(DRAWS);
    for wrong in [
        &["--users", "-1"][..],
        &["--duration", "5"],
        &["--threads", "0"],
        &["--iterations", "0"],
        &["--var", "novalue"],
        &["--format", "xml"],
        &["--target", "ftp://127.0.0.1/"],
        &["--target", "builtin:nothing"],
        &["--no-such-flag"],
    ] {
        let ended = finish(wsplan_run(folder.path()).arg("plan.yaml").args(wrong));
        assert_eq!(
            (ended.status.code(), ended.stdout.as_str()),
            (Some(2), ""),
            "{wrong:?}: {}",
            ended.stderr
        );
        assert!(ended.stderr.starts_with("error"), "{wrong:?}: {}", ended.stderr);
    }
    let ended = finish(wsplan_run(folder.path()).arg("absent.yaml"));
    assert_eq!(ended.status.code(), Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("absent.yaml"), "{}", ended.stderr);
}

#[test]
fn percentiles_are_those_that_are_asked_for() {
    let list = "50,66,75,80,90,95,98,99,100";
    let (ended, _) = run(&["--percentiles", list, "--summary", "summary.json"]);
    let head = ended.stdout.lines().find(|line| line.trim_start().starts_with("count ")).unwrap();
    let columns: Vec<_> = head.split_whitespace().collect();
    assert_eq!(columns, ["count", "p50", "p66", "p75", "p80", "p90", "p95", "p98", "p99", "p100"]);
    let (ended, _) = run(&["--percentiles", list, "--format", "json"]);
    let metric = &summary_of(&ended)["metrics"]["connect.total"];
    assert_eq!(metric["percentiles"].as_object().unwrap().len(), 9);
    assert_eq!(
        (&metric["percentiles"]["p100"], &metric["percentiles"]["p50"]),
        (&metric["max"], &metric["p50"])
    );
    assert!(!metric["percentiles"]["p66"].is_null());
    let (ended, _) = run(&["--format", "json"]);
    assert!(summary_of(&ended)["metrics"]["connect.total"]["percentiles"].is_null());
    for (list, message) in [
        ("0", "over 0 and at most 100"),
        ("50,101", "over 0 and at most 100"),
        ("50,abc", "`abc` is no percentile"),
        ("50,90,50", "`50` is there twice"),
    ] {
        let ended = finish(wsplan_run(Path::new(".")).args(["plan.yaml", "--percentiles", list]));
        assert_eq!(ended.status.code(), Some(2), "{list}");
        assert!(ended.stderr.contains(message), "{list}: {}", ended.stderr);
    }
}
