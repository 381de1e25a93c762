//! What is due at once leaves in one write.

use wsplan::compile::Compiled;
use wsplan::engine::{self, Control, Job, Outcome};
use wsplan::program::Url;

use crate::support::compiling::compile_text;
use crate::support::frames::{close, server_frame, text};
use crate::support::scripted::{Action, ScriptedServer, accepting};

/// A user that echoes what comes until it is told to stop, against a server that writes this at once, reads so many
/// answers, and then lets it go.
fn run(burst: Vec<u8>, answer_count: usize) -> Outcome {
    let stop = [text("stop"), close(1000, b"")].concat();
    let script =
        [Action::Write(burst), Action::ReadFrames(answer_count), Action::Write(stop), Action::ReadToEnd];
    let server = ScriptedServer::each(vec![accepting(script)]);
    let plan = r"
target: ws://127.0.0.1:1
scenarios:
  user:
    always: [{ when: { text: { starts_with: ask } }, echo: true }]
    steps: [connect: {}, expect: { text: stop }, close: {}]
";
    let Compiled { program, load, .. } = compile_text(plan).compiled.unwrap();
    let job = Job::new(program, load, [Url::parse(&server.url()).unwrap()]);
    let outcome = engine::run(&job, &Control::new(), |_| {}).unwrap();
    assert_eq!(outcome.totals.errors.total(), 0, "{:?}", outcome.totals.errors);
    let transcript = server.finish().remove(0);
    assert_eq!(transcript.frames.len(), answer_count);
    outcome
}

#[test]
fn answers_to_messages_and_pings_of_one_read_go_out_together() {
    let burst: Vec<u8> = (0..10).flat_map(|number| text(&format!("ask {number}"))).collect();
    let ping = server_frame(0x89, b"there?");
    let outcome = run([burst, ping].concat(), 11);
    let counts = &outcome.totals.counts;
    assert_eq!(counts.messages_sent, 10);
    // All of it came in one segment: one write for it, and one for the Close.
    assert_eq!(counts.writes, 2);
}

#[test]
fn the_first_answer_of_many_does_not_wait_for_the_last() {
    let burst: Vec<u8> = (0..160).flat_map(|number| text(&format!("ask {number}"))).collect();
    let outcome = run(burst, 160);
    let counts = &outcome.totals.counts;
    assert_eq!(counts.messages_sent, 160);
    // By sixteen; a read that ends amid a message makes some more.
    assert!((11..40).contains(&counts.writes), "{} writes", counts.writes);
}
