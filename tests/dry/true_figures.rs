//! A plan gone through and the same plan run against a real server: the same counts.

use std::time::Duration;

use wsplan::compile::Compiled;
use wsplan::dry::{self, Ending};
use wsplan::engine::{self, Control};
use wsplan::metrics::{Context, Counts, ErrorEntry};
use wsplan::program::Url;
use wsplan::serve::Kind;
use wsplan::serve::child::{ChildServer, Launch};

use super::job;
use crate::support::compiling::compile_text;

/// Everything that an echo server answers with what the plan asks for, and nothing else.
const ECHO: &str = r#"
target: builtin:echo
data: { account: { file: accounts.csv, pick: sequential, at_end: recycle } }
load: { users: 6, ramp: 200ms, iterations: 3 }
scenarios:
  texts:
    weight: 2
    steps:
      - connect: {}
      - set: { word: "{{random_string 12}}" }
      - loop:
          times: 4
          steps:
            - request: { send: "{{word}} {{loop.index}}", reply: { text: "{{word}} {{loop.index}}" } }
            - think: { between: [1ms, 9ms] }
      - send: "{{account.name}}"
      - expect: { text: "{{account.name}}" }
      - ping: true
      - close: { code: 1000, reason: done }
  several:
    weight: 1
    steps:
      - connect: {}
        name: control
      - connect: {}
        name: feed
      - choose:
          - weight: 1
            steps:
              - set: { long: "{{random_string 200}}" }
              - { request: { send: "{{long}}", reply: { text: "{{long}}" } }, on: feed }
          - { weight: 3, steps: [{ request: { send: short, reply: { text: short } }, on: control }] }
      - loop:
          times: 5
          steps:
            - request:
                send: { $binary: { hex: 00ff } }
                reply: { binary: { equals: { hex: 00ff } } }
              on: feed
      - think: 5ms
"#;

/// Of which the server answers nothing.
const UNANSWERED: &str = r"
target: builtin:echo
load: { users: 3, iterations: 2 }
defaults: { restart_delay: 20ms }
scenarios:
  user:
    on_failure: restart
    steps:
      - connect: {}
      - expect: { where: { $.type: never }, within: 50ms }
      - send: not reached
";

fn really(plan: &str) -> engine::Outcome {
    let program = Some(env!("CARGO_BIN_EXE_wsplan").into());
    let server = ChildServer::start(&Launch { program, kind: Kind::Echo, arguments: Vec::new() }).unwrap();
    let Compiled { program, load, .. } = compile_text(plan).compiled.expect("the plan is in order");
    let url = Url::parse(&server.url).unwrap();
    let job = engine::Job { threads: 2, seed: 7, ..engine::Job::new(program, load, [url]) };
    let outcome = engine::run(&job, &Control::new(), |_| {}).unwrap();
    server.stop().unwrap();
    outcome
}

fn dryly(plan: &str, peer: dry::Peer) -> dry::Outcome {
    dry::run(&dry::Job { seed: 7, peer, ..job(plan) }, || false)
}

/// Without what is up to the machine: how many messages were handed over at once.
fn settled(mut counts: Counts) -> Counts {
    counts.writes = 0;
    counts
}

#[test]
fn what_was_counted_on_virtual_time_is_what_a_run_counts() {
    let (dry, real) = (dryly(ECHO, dry::Peer::Obliging), really(ECHO));
    assert_eq!(real.totals.errors.total(), 0, "{:?}", real.totals.errors);
    assert!(dry.is_well() && dry.unanswered.is_empty(), "{:?} {:?}", dry.errors, dry.unanswered);
    assert_eq!(settled(dry.counts.clone()), settled(real.totals.counts.clone()));
    assert!(dry.elapsed <= real.elapsed, "{:?} of {:?}", dry.elapsed, real.elapsed);
    assert!(dry.elapsed >= Duration::from_millis(166), "the last user starts then: {:?}", dry.elapsed);
}

#[test]
fn what_fails_without_an_answer_is_what_fails_in_a_run() {
    let (dry, real) = (dryly(UNANSWERED, dry::Peer::Silent), really(UNANSWERED));
    // A dry run does not tell whose they were.
    let known = |entry| ErrorEntry { context: Context::default(), ..entry };
    let entries =
        |table: &wsplan::metrics::ErrorTable| -> Vec<ErrorEntry> { table.entries().map(known).collect() };
    assert_eq!(entries(&dry.errors), entries(&real.totals.errors));
    assert_eq!(settled(dry.counts.clone()), settled(real.totals.counts.clone()));
    assert_eq!((dry.ending, dry.counts.iterations_failed), (Ending::Ended, 6));
}
