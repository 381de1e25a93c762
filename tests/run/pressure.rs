//! Servers that do not read, or write without end: the users wait, and their memory stays bounded.

use nix::sys::signal::Signal;
use serde_json::Value;

use super::interrupt::{Running, unsent_and_unread};
use super::{eventually, finish, folder, summary_of, wsplan_run};
use crate::support::frames::{ClientFrame, server_frame};
use crate::support::scripted::{Action, Gate, ScriptedServer, accepting};

const USERS: usize = 4;

/// How often what the kernel has to be the same until nothing moves any more.
const LOOKS: usize = 50;

/// What a run in this build needs at most when nothing piles up; what could pile up is several times that.
const PEAK_RSS_BYTES_MAX: u64 = 48 << 20;

fn run(plan: &str, server: &ScriptedServer) -> Value {
    let folder = folder(plan);
    let mut command = wsplan_run(folder.path());
    command.args(["plan.yaml", "--quiet", "--format", "json", "--target", &server.url()]);
    summary_of(&finish(&mut command))
}

fn expect_little_memory(summary: &Value) {
    let peak = summary["generator"]["peak_rss_bytes"].as_u64().unwrap();
    assert!(peak < PEAK_RSS_BYTES_MAX, "{peak} bytes of memory: {summary:#}");
}

#[test]
fn a_server_that_reads_nothing_is_waited_for() {
    let gates: [Gate; USERS] = Default::default();
    let script = |gate: &Gate| accepting([Action::Wait(gate.clone()), Action::ReadToEnd]);
    let server = ScriptedServer::each(gates.iter().map(script).collect());
    let plan = format!(
        "target: ws://127.0.0.1:1
defaults: {{ drain: 10ms }}
load: {{ users: {USERS}, duration: 1s }}
scenarios:
  flood:
    steps:
      - connect: {{}}
      - loop: {{ times: 1000000, steps: [send: {}] }}
",
        "x".repeat(256 << 10)
    );
    let summary = run(&plan, &server);
    expect_little_memory(&summary);
    assert_eq!(summary["users"]["finished"], USERS, "{summary:#}");
    // Only now it reads what the kernel has kept for it, and that is what was sent.
    gates.iter().for_each(Gate::open);
    let transcripts = server.finish();
    let came: usize = transcripts.iter().map(|transcript| frame_count(&transcript.rest)).sum();
    assert!(came > 0);
    assert_eq!(summary["messages"]["sent"], came);
}

fn frame_count(mut bytes: &[u8]) -> usize {
    let mut count = 0;
    while let Some((_, wire_bytes)) = ClientFrame::parse(bytes) {
        bytes = &bytes[wire_bytes..];
        count += 1;
    }
    count
}

#[test]
fn a_server_that_writes_and_reads_nothing_is_not_answered_without_end() {
    let message = server_frame(0x81, &b"y".repeat(64 << 10));
    let flood = message.repeat(512);
    let server = ScriptedServer::every(accepting([Action::Write(flood)]));
    let plan = "target: ws://127.0.0.1:1
load: { users: 2, duration: 1h }
scenarios:
  mirror:
    always: [{ when: { text: { starts_with: y } }, echo: true }]
    steps: [connect: {}, think: 1h]
";
    let mut running = Running::start(plan, &["--target", &server.url()]);
    let (mut before, mut unchanged_count) = (Vec::new(), 0);
    eventually(|| {
        let queues = unsent_and_unread(running.id());
        let is_stuck = queues.len() == 2 && queues.iter().all(|queue| !queue.contains("00000000"));
        unchanged_count = if is_stuck && queues == before { unchanged_count + 1 } else { 0 };
        before = queues;
        (unchanged_count == LOOKS).then_some(())
    })
    .expect("they go on");
    running.interrupt(Signal::SIGINT);
    running.signal(Signal::SIGINT);
    let summary = running.finish().1.expect("everything is reported");
    expect_little_memory(&summary);
    let received = summary["messages"]["received"].as_u64().unwrap();
    assert!((1..2 * 512).contains(&received), "{summary:#}");
    // The server was still writing when the run ended.
    assert!(server.conclude().iter().all(|transcript| transcript.failure.is_some()));
}
