//! What wsplan says of the delivery of broadcasts is what the server did with their copies.
//!
//! The plan leaves nothing to chance but the faults: nobody speaks before all are in their rooms, and nobody leaves
//! before all have spoken and the time of the last message is over. Both are known by asking the server how many are
//! in a room, not by waiting.

use serde_json::{Value, json};
use wsplan::serve::{Kind, Totals};

use super::counts::counted;
use super::error_count;

const USERS: u64 = 12;
const ROOMS: u64 = 2;
const MESSAGES: u64 = 25;

fn plan(order: &str) -> String {
    format!(
        r#"
target: builtin:chat
vars: {{ here: 0, ready: 0, done: 0 }}
delivery:
  chat: {{ key: $.id, to: "{{{{room}}}}", within: 2500ms, order: {order} }}
thresholds: [errors rate <= 100%]
scenarios:
  member:
    always:
      - when: {{ $.type: message }}
        deliver: chat
    steps:
      - set: {{ room: "room-{{{{mod user.id {ROOMS}}}}}" }}
      - connect: /chat
      - request:
          send: {{ type: join, id: "{{{{correlation_id}}}}", room: "{{{{room}}}}" }}
          reply: {{ $.re: "{{{{correlation_id}}}}" }}
        enter: chat
      - loop:
          while: {{ ready: {{ lt: {USERS} }} }}
          steps:
            - request:
                send: {{ type: join, id: "{{{{correlation_id}}}}", room: ready }}
                reply: {{ $.re: "{{{{correlation_id}}}}" }}
                capture: {{ ready: $.members }}
            - think: 5ms
      - loop:
          times: {MESSAGES}
          steps:
            - publish: chat
              request:
                send: {{ type: say, id: "{{{{correlation_id}}}}", room: "{{{{room}}}}", text: hi }}
                reply: {{ $.re: "{{{{correlation_id}}}}" }}
            - think: {{ between: [1ms, 5ms] }}
      - loop:
          while: {{ done: {{ lt: {USERS} }} }}
          steps:
            - request:
                send: {{ type: join, id: "{{{{correlation_id}}}}", room: done }}
                reply: {{ $.re: "{{{{correlation_id}}}}" }}
                capture: {{ done: $.members }}
            - think: 5ms
      - think: 2600ms
"#
    )
    .replace("here: 0, ", "")
}

/// A run of the plan against a server with faults, and what the server counted.
fn delivered(faults: &[&str], order: &str) -> (Value, Totals) {
    let users = USERS.to_string();
    let (summary, totals) = counted(Kind::Chat, faults, &plan(order), &["-u", &users, "--threads", "2"]);
    assert_eq!(summary["connections"]["closed_by_peer"], 0, "{summary:#}");
    (summary, totals)
}

/// The figures that a server's counts come to. A copy that came after its time, because the machine was busy, is lost to
/// the run and not to the server: that much is known of it, too.
fn expected(summary: &Value, totals: &Totals) -> Value {
    let late = summary["delivery"]["chat"]["late"].as_u64().unwrap();
    json!({
        "published": USERS * MESSAGES,
        "untracked": 0,
        "expected": totals.copies,
        "delivered": totals.copies - totals.lost - late,
        "lost": totals.lost + late,
        "late": late,
        "duplicated": totals.duplicated,
        "reordered": totals.reordered,
        "reordered_total": 0,
        "leaked": totals.leaked,
        "extra": 0,
        "excused": 0,
        "missed": 0,
        "unknown": 0,
    })
}

#[test]
fn all_copies_come_where_none_is_touched() {
    let (summary, totals) = delivered(&[], "total");
    assert_eq!(totals.copies, USERS * MESSAGES * (USERS / ROOMS));
    assert_eq!(summary["delivery"]["chat"], expected(&summary, &totals));
    assert_eq!(summary["errors"], json!([]));
}

#[test]
fn each_fault_is_counted_for_what_it_is() {
    for (fault, kind) in [
        ("--lose", "delivery_lost"),
        ("--duplicate", "delivery_duplicated"),
        ("--reorder", "delivery_reordered"),
        ("--leak", "delivery_leaked"),
    ] {
        let (summary, totals) = delivered(&[fault, "10%"], "sender");
        assert_eq!(summary["delivery"]["chat"], expected(&summary, &totals), "{fault}: {totals:?}");
        let faults = totals.lost + totals.duplicated + totals.reordered + totals.leaked;
        assert!(faults > 50, "{fault}: {totals:?}");
        assert_eq!(error_count(&summary, kind), faults, "{fault}: {summary:#}");
    }
}

#[test]
fn all_faults_together_are_told_apart() {
    let faults = ["--lose", "7%", "--duplicate", "9%", "--reorder", "11%", "--leak", "5%", "--seed", "3"];
    let (summary, totals) = delivered(&faults, "none");
    assert_eq!(summary["delivery"]["chat"], expected(&summary, &totals), "{totals:?}");
    assert_eq!(error_count(&summary, "delivery_lost"), totals.lost);
    assert_eq!(error_count(&summary, "delivery_reordered"), 0, "no order is asked for");
}

/// Connections that the server closes are opened again, and nobody is in a room until it has joined it anew: what the
/// others say meanwhile nobody has sent to the user, and that is not called lost.
#[test]
fn what_comes_while_a_connection_is_opened_again_is_missed() {
    let plan = r#"
target: builtin:chat
delivery:
  chat: { key: $.id, within: 1s }
thresholds: [errors rate <= 100%]
scenarios:
  member:
    always:
      - when: { $.type: message }
        deliver: chat
    steps:
      - connect:
          path: /chat
          reconnect: { attempts: 5, delay: 100ms, jitter: 0.5 }
          on_connected:
            - enter: chat
              request:
                send: { type: join, id: "{{correlation_id}}", room: hall }
                reply: { $.re: "{{correlation_id}}" }
      - loop:
          times: 60
          steps:
            - think: 10ms
            - publish: chat
              request:
                send: { type: say, id: "{{correlation_id}}", room: hall, text: hi }
                reply: { $.re: "{{correlation_id}}" }
      - think: 1s
"#;
    let (summary, _) = counted(Kind::Chat, &["--close-after", "10"], plan, &["-u", "6", "--threads", "2"]);
    let chat = &summary["delivery"]["chat"];
    assert!(summary["connections"]["reconnects"].as_u64().unwrap() > 0, "{summary:#}");
    assert!(chat["missed"].as_u64().unwrap() > 0, "{chat:#}");
    assert!(chat["delivered"].as_u64().unwrap() > 0, "{chat:#}");
    assert_eq!((&chat["leaked"], &chat["duplicated"]), (&json!(0), &json!(0)), "{chat:#}");
}
