//! Several targets: who loses one goes to the next, and stays there.

use super::{finish, folder, wsplan_run};
use crate::support::frames::close;
use crate::support::scripted::{Action, ScriptedServer, accepting};

const PLAN: &str = "
target: [ws://127.0.0.1:1, ws://127.0.0.1:2]
load: { users: 1, iterations: 4 }
defaults: { restart_delay: 1ms }
scenarios:
  user:
    steps:
      - connect: {}
      - send: here
      - expect_close: 1001
";

/// Takes a message, closes, and is gone.
fn dismissing() -> Vec<Action> {
    accepting([Action::ReadFrames(1), Action::Write(close(1001, b"")), Action::ReadToClose, Action::Close])
}

#[test]
fn users_go_to_the_next_target_when_theirs_is_gone_and_stay_there() {
    let folder = folder(PLAN);
    // Its port is closed when it has served two.
    let first = ScriptedServer::each(vec![dismissing(), dismissing()]);
    let second = ScriptedServer::every(dismissing());
    let mut command = wsplan_run(folder.path());
    command.args(["plan.yaml", "--format", "json", "--target", &first.url(), "--target", &second.url()]);
    let ended = finish(&mut command);
    let summary: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let connections = &summary["connections"];
    let counts = ["attempted", "established", "failed", "failovers"].map(|key| connections[key].as_u64());
    assert_eq!(counts, [Some(5), Some(4), Some(1), Some(1)], "{}", ended.stderr);
    assert_eq!(summary["metrics"]["connect.failover"]["count"], 1);
    assert_eq!(summary["metrics"]["connect.total"]["count"], 4);
    assert_eq!(summary["errors"], serde_json::json!([]));
    assert_eq!(ended.status.code(), Some(0));
    let served = [first, second].map(|server| server.finish().len());
    assert_eq!(served, [2, 2]);
}
