//! `--trace` and `--trace-user`: whom they show, when they are refused, and what they do not show. What they show of whom is
//! in the cases.

use super::{Ended, finish, folder, wsplan_run};

const CHATTER: &str = r#"
target: builtin:echo
scenarios:
  user:
    steps:
      - connect: {}
      - loop:
          times: 3
          steps:
            - request: { send: { id: "{{correlation_id}}" }, reply: { $.id: "{{correlation_id}}" } }
      - log: "user {{user.id}} is done"
"#;

fn run(plan: &str, arguments: &[&str]) -> Ended {
    let folder = folder(plan);
    finish(wsplan_run(folder.path()).arg("plan.yaml").args(arguments))
}

#[test]
fn one_user_of_many_is_shown_and_is_not_silenced() {
    let ended = run(CHATTER, &["--users", "40", "--trace-user", "17", "--trace-user", "3", "--quiet"]);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let lines: Vec<&str> = ended.stderr.lines().collect();
    let of = |user: &str| lines.iter().filter(|line| line.contains(user)).count();
    // Three requests of each, with what goes out, what comes in and who takes it.
    for user in ["  user 17 ", "  user 3 "] {
        let own: Vec<&&str> = lines.iter().filter(|line| line.contains(user)).collect();
        for (what, count) in [
            ("> text ", 3),
            ("< text ", 3),
            ("matched by the request", 3),
            ("loop.index = ", 3),
            ("leaves", 1),
        ] {
            let found = own.iter().filter(|line| line.contains(what)).count();
            assert_eq!(found, count, "{what} of{user}in {}", ended.stderr);
        }
    }
    assert_eq!(of("  user 17 ") + of("  user 3 "), lines.len(), "{}", ended.stderr);
    assert!(ended.stderr.contains("log: user 17 is done") && !ended.stderr.contains("user 16"));
}

#[test]
fn more_users_than_anybody_reads_are_refused() {
    let ended = run(CHATTER, &["--users", "101", "--trace"]);
    assert_eq!(ended.status.code(), Some(2));
    assert_eq!(
        ended.stderr,
        "error: --trace is for 100 users at most, and there may be 101\n  help: --trace-user 17 shows what one of them does\n"
    );
    let ended = run(CHATTER, &["--users", "20", "--trace"]);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let leaving = ended.stderr.lines().filter(|line| line.ends_with("  leaves")).count();
    assert_eq!(leaving, 20, "{}", ended.stderr);
}

#[test]
fn a_user_that_never_came_is_told_of() {
    let ended = run(CHATTER, &["--users", "2", "--trace-user", "2", "--quiet"]);
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(ended.stderr, "error: --trace-user: no user 2 has begun\n");
}

const SECRETIVE: &str = r#"
target: builtin:echo
vars:
  key: "{{env.API_VALUE}}"
  encoded: "{{base64 env.API_VALUE}}"
data:
  account: { file: accounts.csv, pick: sequential }
scenarios:
  user:
    steps:
      - connect: { path: "/chat?x={{key}}", bearer: "{{env.API_VALUE}}", headers: { X-Custom: "{{key}}" } }
      - send: { user: "{{account.name}}", password: "{{account.password}}", key: "{{key}}", encoded: "{{encoded}}" }
      - set: { access_token: "t-{{key}}", note: "a {{key}} b" }
      - log: "it is {{key}}"
      - expect: { where: { $.user: ann }, capture: { echoed: $.key } }
      - request:
          send: { id: 1, key: "{{echoed}}" }
          reply: { $.id: 1 }
          assert: { $.id: 2 }
"#;

#[test]
fn what_is_secret_is_in_neither_trace_nor_report_nor_summary() {
    let folder = folder(SECRETIVE);
    std::fs::write(folder.path().join("accounts.csv"), "name,password\nann,correct-horse\n").unwrap();
    let run = |format: &str| {
        let mut command = wsplan_run(folder.path());
        command.args(["plan.yaml", "--trace", "--format", format]).env("API_VALUE", "hunter2/\"hunter2");
        finish(&mut command)
    };
    for format in ["human", "json"] {
        let ended = run(format);
        assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
        let text = format!("{}{}", ended.stdout, ended.stderr);
        assert!(text.contains("assertion") && text.contains("(secret)"), "{text}");
        // Also as base64, as JSON and as URLs write it.
        for secret in ["hunter2", "correct-horse", "aHVudGVyMi8iaHVudGVyMg"] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
}
