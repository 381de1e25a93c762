//! Rows of data files: which of them each user sends, as the server received it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tempfile::TempDir;

use super::{finish, folder, summary_of, wsplan_run};
use crate::support::frames::close;
use crate::support::scripted::{Action, ScriptedServer, accepting};

/// Two users in three take from the file; the third has nothing to do with it.
fn plan(pick: &str, load: &str) -> String {
    format!(
        r#"
target: ws://127.0.0.1:1
data: {{ account: {{ file: accounts.csv, {pick} }} }}
load: {load}
scenarios:
  member:
    weight: 2
    steps:
      - connect: "/{{{{user.id}}}}/{{{{user.iteration}}}}/{{{{account.name}}}}"
      - close: {{}}
  guest:
    steps:
      - connect: /guest
      - close: {{}}
"#
    )
}

fn with_accounts(plan: &str, row_count: usize) -> TempDir {
    let folder = folder(plan);
    let mut rows = "name,number\n".to_owned();
    (0..row_count).for_each(|row| writeln!(rows, "n{row},{row}").unwrap());
    std::fs::write(folder.path().join("accounts.csv"), rows).unwrap();
    folder
}

/// What was asked for, by user and iteration, and the summary.
fn run(folder: &TempDir, arguments: &[&str]) -> (BTreeMap<(u64, u64), String>, serde_json::Value) {
    let server = ScriptedServer::every(farewell());
    let mut command = wsplan_run(folder.path());
    command.args(["plan.yaml", "--format", "json", "--target", &server.url()]).args(arguments);
    let ended = finish(&mut command);
    assert_eq!(ended.status.code(), Some(0), "{}{}", ended.stdout, ended.stderr);
    let transcripts = server.finish();
    let taken = transcripts.iter().filter_map(|transcript| {
        let path = transcript.request.split(' ').nth(1)?;
        let mut parts = path.trim_start_matches('/').split('/');
        let place = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some((place, parts.next()?.to_owned()))
    });
    (taken.collect(), summary_of(&ended))
}

fn farewell() -> Vec<Action> {
    accepting([Action::ReadToClose, Action::Write(close(1000, b"")), Action::Close])
}

#[test]
fn unique_rows_are_dealt_out_once_whatever_the_threads() {
    // Six of nine users take from it, so there are three rounds, the last of which is not for all.
    let folder = with_accounts(&plan("pick: unique", "{ users: 9, iterations: 5 }"), 15);
    let (one, summary) = run(&folder, &["--threads", "1"]);
    let mut rows: Vec<&String> = one.values().collect();
    rows.sort_by_key(|name| name[1..].parse::<u64>().unwrap());
    assert_eq!(rows, (0..15).map(|row| format!("n{row}")).collect::<Vec<_>>().iter().collect::<Vec<_>>());
    let first_round: Vec<&String> = one.iter().filter(|(key, _)| key.1 == 0).map(|(_, row)| row).collect();
    assert_eq!(first_round, ["n0", "n1", "n2", "n3", "n4", "n5"], "in the order of the users");
    // Who finds no row leaves without having failed; the guests do all their rounds.
    assert_eq!(summary["users"]["finished"], 9, "{summary:#}");
    assert_eq!(summary["iterations"]["ended"], 15 + 3 * 5, "{summary:#}");
    // Rows for all six in two rounds and for three of them in a third; three miss theirs then, and three in the next.
    assert_eq!(summary["users"]["out_of_data"], 6, "{summary:#}");
    for threads in ["2", "3"] {
        assert_eq!(run(&folder, &["--threads", threads]).0, one, "{threads} threads");
    }
}

#[test]
fn other_picks_follow_from_seed_and_user_too() {
    let load = "{ users: 6, iterations: 4 }";
    let of = |pick: &str, arguments: &[&str]| run(&with_accounts(&plan(pick, load), 6), arguments).0;
    let sequential = of("pick: sequential", &[]);
    assert_eq!(sequential.len(), 16);
    let rows = |user: u64| (0..4).map(|round| sequential[&(user, round)].as_str()).collect::<Vec<_>>();
    let first = *sequential.keys().map(|(user, _)| user).min().unwrap();
    assert_eq!(rows(first), ["n0", "n4", "n2", "n0"], "four users, six rows, recycled");
    let own = of("pick: per_user", &[]);
    assert!(own.iter().all(|((user, _), row)| *row == own[&(*user, 0)]), "{own:?}");
    let distinct: std::collections::BTreeSet<_> = own.values().collect();
    assert_eq!(distinct.len(), 4, "{own:?}");
    let random = of("pick: random", &["--seed", "5", "--threads", "1"]);
    assert_eq!(random, of("pick: random", &["--seed", "5", "--threads", "3"]));
    assert_ne!(random, of("pick: random", &["--seed", "6"]));
}

#[test]
fn the_end_of_a_file_can_be_that_of_the_run() {
    let plan = plan("pick: unique, at_end: stop_run", "{ users: 3, duration: 5m }");
    let folder = with_accounts(&plan, 20);
    let (rows, summary) = run(&folder, &["--threads", "2"]);
    let distinct: std::collections::BTreeSet<_> = rows.values().collect();
    assert_eq!(distinct.len(), rows.len(), "{rows:?}");
    assert!(rows.len() > 2 && rows.len() <= 20, "{rows:?}");
    assert_eq!(summary["errors"], serde_json::json!([]));
    // Both take from it, and the other may have been told to leave before it came to the end itself.
    let out_of_data = summary["users"]["out_of_data"].as_u64().unwrap();
    assert!((1..=2).contains(&out_of_data), "{summary:#}");
}

#[test]
fn every_user_goes_over_all_rows_in_the_order_of_the_file() {
    let plan = r#"
target: ws://127.0.0.1:1
data: { account: { file: accounts.csv, pick: unique } }
load: { users: 3 }
scenarios:
  member:
    steps:
      - connect: /
      - loop: { over: { data: account }, steps: [send: "{{loop.index}} {{account.name}}"] }
      - close: {}
"#;
    // Fewer rows than users that are to have one each, were they dealt out.
    let folder = with_accounts(plan, 2);
    let server = ScriptedServer::every(farewell());
    let mut command = wsplan_run(folder.path());
    command.args(["plan.yaml", "--format", "json", "--threads", "2", "--target", &server.url()]);
    let ended = finish(&mut command);
    assert_eq!(ended.status.code(), Some(0), "{}{}", ended.stdout, ended.stderr);
    let transcripts = server.finish();
    assert_eq!(transcripts.len(), 3);
    for transcript in &transcripts {
        let sent = transcript.frames.iter().take(2).map(|frame| frame.payload.as_slice());
        assert_eq!(sent.collect::<Vec<_>>(), [b"0 n0", b"1 n1"]);
        assert_eq!(transcript.frames.len(), 3, "and the Close");
    }
    assert!(!ended.stderr.contains("WSP0440"), "{}", ended.stderr);
}
