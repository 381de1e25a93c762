//! Requests that are not waited for, against servers of their own process: what became of each reply is what the
//! server says it did with it.

use serde_json::Value;
use wsplan::serve::{Kind, Totals};

use super::counts::counted;

const PLAN: &str = r#"
target: builtin:echo
defaults: { on_failure: continue, restart_delay: 1ms }
scenarios:
  user:
    steps:
      - connect: {}
      - loop:
          times: 100
          steps:
            - name: ask
              request:
                send: { id: "{{correlation_id}}" }
                reply: { $.id: "{{correlation_id}}" }
                within: 1s
                await: false
                in_flight: 20
"#;

fn number(summary: &Value, pointer: &str) -> u64 {
    summary.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("{pointer}: {summary:#}"))
}

/// Each request ended in one way, and the server has seen them all. Gives back how many are missing.
fn expect_told_apart((summary, totals): &(Value, Totals)) -> u64 {
    let requests = |name: &str| number(summary, &format!("/requests/{name}"));
    assert_eq!(number(summary, "/messages/sent"), totals.messages_in, "{summary:#}");
    assert_eq!(requests("made"), totals.messages_in, "{summary:#}");
    let in_time = number(summary, "/metrics/ask.rtt/count");
    assert_eq!(in_time + requests("replies_late"), totals.messages_out, "{summary:#}");
    assert_eq!(requests("made"), in_time + requests("replies_late") + requests("replies_missing"));
    assert_eq!(requests("replies_duplicated"), 0);
    requests("replies_missing")
}

#[test]
fn all_replies_come() {
    let both = counted(Kind::Echo, &["--delay", "5ms", "--jitter", "5ms"], PLAN, &["-u", "5"]);
    assert_eq!(expect_told_apart(&both), 0);
    assert_eq!(both.1.messages_in, 500);
    // What the server holds back for 5 ms cannot have come before the 21st was to be sent.
    assert!(number(&both.0, "/requests/throttled") >= 5, "{:#}", both.0);
}

#[test]
fn replies_that_are_held_back_are_missing() {
    let both = counted(Kind::Echo, &["--drop", "5%"], PLAN, &["-u", "5"]);
    assert!(both.1.dropped > 0, "{:?}", both.1);
    assert_eq!(expect_told_apart(&both), both.1.dropped);
    assert_eq!(both.0["errors"][0]["kind"], "timeout");
}

#[test]
fn the_end_of_the_run_waits_for_what_is_pending() {
    let plan = PLAN.replace("times: 100", "forever: true");
    let both = counted(Kind::Echo, &["--delay", "20ms"], &plan, &["-u", "4", "-d", "300ms"]);
    assert_eq!(expect_told_apart(&both), 0);
    assert!(both.1.messages_in >= 4, "{:?}", both.1);
}

#[test]
fn what_was_pending_when_the_server_left_is_missing() {
    let (summary, totals) = counted(Kind::Echo, &["--close-after", "30"], PLAN, &["-u", "5"]);
    assert_eq!(number(&summary, "/metrics/ask.rtt/count"), totals.messages_out);
    let requests = |name: &str| number(&summary, &format!("/requests/{name}"));
    assert_eq!(requests("made"), totals.messages_out + requests("replies_missing"), "{summary:#}");
    assert!(requests("replies_missing") > 0, "{summary:#}");
}
