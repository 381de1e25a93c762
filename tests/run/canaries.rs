//! Canaries in a chat: who is shown what is not theirs is counted to the message.

use wsplan::serve::Kind;

use super::counts::counted;
use super::error_count;

/// Each says its own canary to a room, and nothing takes what others say there.
const PLAN: &str = r#"
target: builtin:chat
scenarios:
  talker:
    steps:
      - connect: /chat
      - name: join
        request:
          send: { type: join, id: "{{correlation_id}}", room: "ROOM" }
          reply: { $.re: "{{correlation_id}}" }
      - think: 100ms
      - loop:
          times: 3
          steps:
            - name: say
              request:
                send: { type: say, id: "{{correlation_id}}", text: "mine: {{canary}}" }
                reply: { $.re: "{{correlation_id}}" }
      - close: {}
"#;

#[test]
fn a_room_of_ones_own_leaks_nothing() {
    let plan = PLAN.replace("ROOM", "room-{{user.id}}");
    let (summary, totals) = counted(Kind::Chat, &[], &plan, &["-u", "8", "-i", "2", "--threads", "2"]);
    assert_eq!(totals.messages_in, 8 * 2 * 4);
    assert_eq!((error_count(&summary, "leak"), &summary["exit_status"]), (0, &0.into()), "{summary:#}");
}

#[test]
fn in_a_room_of_all_each_copy_is_a_leak() {
    let plan = PLAN.replace("ROOM", "lobby");
    let (summary, totals) = counted(Kind::Chat, &[], &plan, &["-u", "8", "-i", "2", "--threads", "2"]);
    // Every message that came in had one reply, and who says something gets a copy too; the rest went to others.
    let copies = totals.messages_out - totals.messages_in - 8 * 2 * 3;
    assert!(copies > 0, "{totals:?}");
    assert_eq!(error_count(&summary, "leak"), copies, "{summary:#}");
    assert_eq!(summary["messages"]["received"], totals.messages_out);
    assert_eq!(summary["exit_status"], 1);
}
