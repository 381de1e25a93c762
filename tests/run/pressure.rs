//! Servers that do not read, or write without end: the users wait, and their memory stays bounded.

use nix::sys::signal::Signal;
use serde_json::Value;

use super::interrupt::{Running, pass};
use super::{finish, folder, summary_of, wsplan_run};
use crate::support::frames::{ClientFrame, server_frame};
use crate::support::scripted::{Action, Gate, ScriptedServer, accepting};

const USERS: usize = 4;

/// What a server has to say that nobody will have heard.
const FLOOD_MESSAGES: usize = 512;

/// How often a user is answered until its thread has done all that the others let it do.
const ROUND_TRIPS: usize = 2000;

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

/// That users wait is told by what another user of their thread does meanwhile, not by time: whoever went on would be
/// handed something in each of these round trips, and all of it long before the last.
#[test]
fn a_server_that_writes_and_reads_nothing_is_not_answered_without_end() {
    let message = server_frame(0x81, &b"y".repeat(64 << 10));
    let flood = message.repeat(FLOOD_MESSAGES);
    let (answered, passed): ([Gate; 2], Gate) = Default::default();
    // The server never answers what these ask for, and reads one answer to what it says.
    let flooding = answered.iter().map(|answered| {
        let first = [Action::ReadFrames(1), Action::Write(message.clone()), Action::ReadFrames(1)];
        accepting(first.into_iter().chain([Action::Open(answered.clone()), Action::Write(flood.clone())]))
    });
    let echoes = std::iter::repeat_n(Action::Echo, ROUND_TRIPS);
    let echoing = answered.iter().cloned().map(Action::Wait).chain(echoes);
    let echoing = accepting(echoing.chain([Action::Open(passed.clone()), Action::Stall]));
    let server = ScriptedServer::each(flooding.chain([echoing]).collect());
    let plan = "target: ws://127.0.0.1:1
load: { users: 3, duration: 2h }
scenarios:
  mirror:
    always: [{ when: { text: { starts_with: y } }, echo: true }]
    steps:
      - connect: {}
      - loop: { forever: true, steps: [request: { send: ask, reply: { text: { equals: ask } }, within: 1h }] }
";
    let mut running = Running::start(plan, &["--threads", "1", "--target", &server.url()]);
    pass(&passed);
    running.interrupt(Signal::SIGINT);
    running.signal(Signal::SIGINT);
    let summary = running.finish().1.expect("everything is reported");
    expect_little_memory(&summary);
    let received = summary["messages"]["received"].as_u64().unwrap();
    let flooded = received.checked_sub(ROUND_TRIPS as u64).unwrap();
    assert!((2..FLOOD_MESSAGES as u64).contains(&flooded), "{summary:#}");
    // The server was still writing when the run ended.
    let transcripts = server.conclude();
    assert!(transcripts[..2].iter().all(|transcript| transcript.failure.is_some()));
}
