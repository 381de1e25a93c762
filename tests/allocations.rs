//! What a message costs the allocator, in the steady state of the plans that most load is made of: nothing. The whole
//! engine runs in this process, where every allocation is counted; the server is another process.

// The lints spare test functions only, not the helpers beside them.
#![allow(clippy::unwrap_used)]

use std::alloc::System;
use std::time::Duration;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use wsplan::compile::{Compiled, Directory, Options, compile_source};
use wsplan::diagnostic::{Diagnostics, Sources};
use wsplan::engine::{Control, Job, run};
use wsplan::program::Url;
use wsplan::serve::Kind;
use wsplan::serve::child::{ChildServer, Launch};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Rounds of the shorter run, long enough for every buffer to have grown to its size.
const ROUNDS: u64 = 500;
/// Rounds that the longer run has more.
const MORE_ROUNDS: u64 = 4_000;

/// What two runs of the same length may differ by.
const ALLOWED: f64 = 100.0;
/// What the reports of a second of a run may allocate, of which a run on a busy machine has more. It is far below one
/// for each message however busy the machine is.
const ALLOWED_A_SECOND: f64 = 100.0;

/// A request with a template of four values, a correlated reply, an assertion and a capture.
const REQUEST: &str = r#"
  - request:
      send: { id: "{{correlation_id}}", n: "{{loop.index}}", user: "{{user.id}}", at: "{{now_ms}}", text: "a b c" }
      reply: { $.id: "{{correlation_id}}" }
      assert: { $.n: "{{loop.index}}", $.text: { contains: " b ", length: 5 } }
      capture: { last: $.text }
  - send: { type: seen, text: "{{last}}" }
"#;

/// The same, with some of them under way at once.
const PIPELINED_REQUEST: &str = r#"
  - request:
      send: { id: "{{correlation_id}}", n: "{{loop.index}}", user: "{{user.id}}", at: "{{now_ms}}", text: "a b c" }
      reply: { $.id: "{{correlation_id}}" }
      assert: { $.user: "{{user.id}}", $.text: { contains: " b ", length: 5 } }
      await: false
      in_flight: 10
"#;

/// What the rounds of a run are made of. The steps' requests count the rounds; where there are reactions, messages go to
/// and fro beside them as fast.
struct Case {
    name: &'static str,
    always: &'static str,
    first: &'static str,
    round: &'static str,
}

const REQUESTS: Case = Case { name: "request", always: "", first: "", round: REQUEST };

const PIPELINED: Case = Case { name: "await: false", always: "", first: "", round: PIPELINED_REQUEST };

const ECHO: Case = Case {
    name: "echo",
    always: "always: [{ when: { $.type: ball }, echo: true }]",
    first: "- send: { type: ball, text: to and fro }",
    round: REQUEST,
};

const KEEPALIVE: Case = Case {
    name: "keepalive",
    always: r#"always:
      - when: { $.type: keepalive }
        echo: true
      - when: { $.type: { ne: keepalive }, $.at: { exists: true } }
        send: { type: ping, id: "{{uuid}}", at: "{{now_iso}}", reading: "{{random_float 18 24}}" }"#,
    first: "- send: { type: keepalive }\n      - send: { type: ping, id: first, at: now }",
    round: REQUEST,
};

/// A filter makes a tree of each message: what this counts shows that the others would be found out.
const TREE: Case = Case {
    name: "tree",
    always: "always: [{ when: { '$[?@ == 1]': 1 }, echo: true }]",
    first: "",
    round: REQUEST,
};

fn plan(case: &Case, rounds: u64) -> String {
    let request = case.round.replace('\n', "\n          ");
    format!(
        "target: ws://127.0.0.1:1\nscenarios:\n  user:\n    {}\n    steps:\n      - connect: {{}}\n      {}\n      - loop:\n          times: {rounds}\n          steps:{request}\n",
        case.always, case.first
    )
}

fn compile(text: &str) -> Compiled {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let file = sources.add("plan.yaml", text);
    let files = Directory::new(std::path::PathBuf::from("."));
    let compiled = compile_source(&mut sources, file, &Options::new(&files), &mut diagnostics);
    compiled.unwrap_or_else(|| panic!("{text}: {:#?}", diagnostics.into_sorted()))
}

/// What a run came to.
struct Ran {
    message_count: u64,
    allocation_count: usize,
    elapsed: Duration,
}

fn ran(case: &Case, rounds: u64, target: &Url) -> Ran {
    let Compiled { program, load, .. } = compile(&plan(case, rounds));
    let job = Job::new(program, load, [target.clone()]);
    let before = COUNTING.stats();
    let outcome = run(&job, &Control::new(), |_| {}).unwrap();
    let made = COUNTING.stats() - before;
    assert_eq!(outcome.totals.errors.total(), 0, "{:?}", outcome.totals.errors);
    Ran {
        message_count: outcome.totals.counts.messages_received,
        allocation_count: made.allocations + made.reallocations,
        elapsed: outcome.elapsed,
    }
}

/// How much more a run allocates that is longer by some messages, and by how many. What a user, a connection and a
/// thread need is the same in both.
fn more(case: &Case, target: &Url) -> (f64, f64, Duration) {
    let short = ran(case, ROUNDS, target);
    let long = ran(case, ROUNDS + MORE_ROUNDS, target);
    let messages = long.message_count as f64 - short.message_count as f64;
    assert!(messages >= MORE_ROUNDS as f64, "{}: {messages}", case.name);
    (long.allocation_count as f64 - short.allocation_count as f64, messages, long.elapsed)
}

// One test, because what another did meanwhile would be counted too.
#[test]
fn a_message_allocates_nothing() {
    let launch = Launch {
        program: Some(env!("CARGO_BIN_EXE_wsplan").into()),
        kind: Kind::Echo,
        arguments: Vec::new(),
    };
    let server = ChildServer::start(&launch).unwrap();
    let target = Url::parse(&server.url).unwrap();
    for case in [REQUESTS, PIPELINED, ECHO, KEEPALIVE] {
        let (allocations, messages, elapsed) = more(&case, &target);
        let allowed = ALLOWED + ALLOWED_A_SECOND * elapsed.as_secs_f64();
        assert!(
            allocations <= allowed,
            "{}: {messages} messages more, {allocations} allocations more, in {elapsed:?}",
            case.name
        );
    }
    let (allocations, messages, _) = more(&TREE, &target);
    assert!(allocations >= messages, "{messages} messages more, {allocations} allocations more");
    server.stop().unwrap();
}
