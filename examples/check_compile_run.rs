//! Checks, compiles and runs a plan from Rust, against the embedded echo server on a thread of this process.
//!
//! `cargo run --example check_compile_run`

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::sync::mpsc;
use std::thread;

use wsplan::compile::{Compiled, Directory, Options, compile_source};
use wsplan::diagnostic::{Diagnostics, Sources, Style, render};
use wsplan::engine::{self, Control, Job};
use wsplan::metrics::{format_duration, judge};
use wsplan::program::Url;
use wsplan::serve::{self, Kind};

const PLAN: &str = r#"
target: ws://127.0.0.1/ # the port is known when the server is up
load: { users: 5, iterations: 20 }
thresholds: [echo.rtt p99 < 1s]
scenarios:
  user:
    steps:
      - connect: {}
      - name: echo
        request: { send: { id: "{{correlation_id}}" }, reply: { $.id: "{{correlation_id}}" } }
"#;

/// Visible to the test that runs it.
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let file = sources.add("plan.yaml", PLAN);
    let files = Directory::new(".");
    let compiled = compile_source(&mut sources, file, &Options::new(&files), &mut diagnostics);
    let style = Style { color: false, width: 100, unicode: true };
    eprint!("{}", render(&diagnostics.into_sorted(), &sources, style));
    let Compiled { program, load, thresholds, .. } = compiled.ok_or("the plan has mistakes")?;

    let (ready, address) = mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = thread::spawn(move || {
        let options = serve::Options::new(Kind::Echo);
        let any_port = ([127, 0, 0, 1], 0).into();
        serve::run(any_port, &options, |address| ready.send(address).expect("the other end waits"), async {
            // Dropping the sender stops the server.
            let _ = stopped.await;
        })
    });
    let target = Url::parse(&format!("ws://{}/", address.recv()?))?;

    let job = Job::new(program, load, [target]);
    let outcome = engine::run(&job, &Control::new(), |tick| eprintln!("{:?}", tick.elapsed))?;
    let judgement = judge(&thresholds, &outcome.totals, outcome.elapsed);
    println!("{} messages came back", outcome.totals.counts.messages_received);
    for (name, timing) in outcome.totals.timings() {
        if let Some(p99) = timing.and_then(|timing| timing.percentile(99.0)) {
            println!("{name} p99 {}", format_duration(p99));
        }
    }

    drop(stop);
    server.join().map_err(|_| "the server panicked")??;
    if judgement.passed() { Ok(()) } else { Err(format!("{:?}", judgement.observed).into()) }
}
