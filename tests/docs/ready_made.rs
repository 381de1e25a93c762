//! `plans/`: what people copy is without a warning and runs without an error.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use wsplan::serve::Kind;
use wsplan::serve::child::{ChildServer, Launch};

use crate::support::compiling::compile_file;
use crate::support::documents::root;

fn plans() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(root().join("plans")).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    found.sort();
    found
}

#[test]
fn every_plan_is_checked_without_a_warning() {
    for path in plans() {
        let outcome = compile_file(&path);
        assert!(outcome.diagnostics.is_empty(), "{}: {:#?}", path.display(), outcome.diagnostics);
    }
}

/// How fast a run was is not judged here: the machine may be busy with other tests.
fn is_of_time(expression: &serde_json::Value) -> bool {
    expression.as_str().is_some_and(|text| text.ends_with('s') && !text.ends_with("/s"))
}

/// What a plan needs to be run without the servers that it names: one target that nobody listens at, and one that is
/// there.
fn elsewhere(path: &Path, server: &str) -> Vec<String> {
    let has_targets = path.file_name().is_some_and(|name| name == "failover.yaml");
    let targets = if has_targets { vec!["ws://127.0.0.1:1", server] } else { Vec::new() };
    targets.into_iter().flat_map(|target| ["--target".to_owned(), target.to_owned()]).collect()
}

/// All at once: a run is mostly waiting.
#[test]
fn every_plan_runs_without_an_error() {
    let program = Some(env!("CARGO_BIN_EXE_wsplan").into());
    let server = ChildServer::start(&Launch { program, kind: Kind::Chat, arguments: Vec::new() }).unwrap();
    let runs: Vec<_> = plans()
        .into_iter()
        .map(|path| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_wsplan"));
            command.arg("run").arg(&path).args(["--users", "10", "--ramp", "200ms", "--duration", "2s"]);
            command.args(["--format", "json", "--threads", "1"]).args(elsewhere(&path, &server.url));
            (
                path,
                command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap(),
            )
        })
        .collect();
    for (path, run) in runs {
        let output = run.wait_with_output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        let name = path.display();
        assert!(output.status.code().is_some_and(|status| status < 2), "{name}: {complaint}");
        let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(summary["errors"], serde_json::json!([]), "{name}");
        let thresholds = summary["thresholds"].as_array().unwrap();
        let failed: Vec<_> =
            thresholds.iter().filter(|t| t["passed"] == false && !is_of_time(&t["expression"])).collect();
        assert!(failed.is_empty(), "{name}: {failed:?}");
        assert_eq!(summary["users"]["started"], 10, "{name}");
        assert!(summary["messages"]["received"].as_u64() >= Some(10), "{name}: {summary:#}");
    }
    server.stop().unwrap();
}
