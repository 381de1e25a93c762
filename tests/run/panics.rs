//! A user's panic is a bug of ours, counted as one, and not the end of the run.

use std::sync::Arc;

use wsplan::compile::Compiled;
use wsplan::engine::{self, Control, Job, Outcome};
use wsplan::load::Segment;
use wsplan::metrics::{ErrorKind, Layout};
use wsplan::program::{StateId, Url};

use crate::support::compiling::compile_text;
use crate::support::frames::close;
use crate::support::scripted::{Action, ScriptedServer, accepting};

/// Every other user's program leads from its connection to a state that there is not. No plan compiles to that.
fn run(load: &str, server: &ScriptedServer) -> Outcome {
    let plan = format!(
        "target: ws://127.0.0.1:1
load: {load}
scenarios:
  wrong: {{ steps: [connect: {{}}, send: never] }}
  right: {{ steps: [connect: {{}}, send: hi, think: 1ms] }}
"
    );
    let Compiled { mut program, load, .. } = compile_text(&plan).compiled.unwrap();
    let entry = program.scenarios[0].entry;
    program.states[entry.index()].next = StateId::new(program.states.len());
    let job = Job {
        criteria: Vec::new(),
        thresholds: Vec::new(),
        layout: Arc::new(Layout::new(program.timers.iter().map(String::as_str))),
        program: Arc::new(program),
        load,
        segment: Segment::WHOLE,
        targets: vec![Url::parse(&server.url()).unwrap()],
        sources: wsplan::net::SourceAddresses::default(),
        threads: 2,
        seed: 1,
        trace: None,
    };
    engine::run(&job, &Control::new(), |_| {}).unwrap()
}

fn server() -> ScriptedServer {
    ScriptedServer::every(accepting([Action::ReadFrames(2), Action::Write(close(1000, b"")), Action::Close]))
}

fn expect_two_panics(outcome: &Outcome) {
    let Outcome { totals, is_whole, .. } = outcome;
    assert!(is_whole, "the threads came to their ends");
    assert_eq!(totals.errors.of_kind(ErrorKind::Internal), 2, "{:?}", totals.errors);
    assert_eq!(totals.errors.total(), 2, "{:?}", totals.errors);
    let entry = totals.errors.entries().next().unwrap();
    assert!(entry.sample.contains("panicked"), "{}", entry.sample);
    let counts = &totals.counts;
    assert_eq!((counts.users_started, counts.users_failed, counts.users_finished), (4, 2, 2));
    assert_eq!(totals.users.now, 0);
}

#[test]
fn the_others_do_their_iterations() {
    let server = server();
    let outcome = run("{ users: 4, iterations: 3 }", &server);
    expect_two_panics(&outcome);
    assert_eq!(outcome.totals.counts.iterations, 6);
    assert_eq!(outcome.totals.counts.messages_sent, 6);
    let mut gone = server.conclude();
    gone.retain(|transcript| transcript.failure.is_some());
    assert!(gone.iter().all(|transcript| transcript.frames.is_empty()));
    assert_eq!(gone.len(), 2, "the connections of those that panicked are closed");
}

#[test]
fn who_has_panicked_is_not_seen_off_at_the_end() {
    let server = server();
    let outcome = run("{ users: 4, duration: 300ms }", &server);
    expect_two_panics(&outcome);
    drop(server.conclude());
}
