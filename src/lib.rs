//! `wsplan` compiles declarative WebSocket test plans and runs them at high connection counts.
//!
//! # The rooms
//!
//! Text goes in at the top and becomes, room by room, load and figures. A room uses only rooms above it in this table;
//! a test holds the sources to that.
//!
//! | room | |
//! |---|---|
//! | [`diagnostic`] | one shape for every mistake that can be pointed at: code, message, places, help |
//! | [`quantity`] | lengths of time, sizes and shares as they are written, each with its unit |
//! | [`data`] | rows of data files: CSV, JSON, JSON lines |
//! | [`deflate`] | permessage-deflate: its negotiation, and messages compressed and made whole |
//! | [`plan`] | the language: files, syntax, the one table of keywords, the typed plan |
//! | [`program`] | what a plan compiles to: states, templates, matchers, and the line that each came from |
//! | [`codec`] | what turns frames into messages and back, by the plan's protocol |
//! | [`load`] | when users start and leave: pure functions of elapsed time |
//! | [`metrics`] | counters, histograms, errors; snapshots that merge without loss; thresholds |
//! | [`compile`] | plan to program: names, data flow, lowering; reports every mistake, not the first |
//! | [`machine`] | one virtual user running a program, without a socket and without a clock |
//! | `drive` | what users say of themselves as counts, whatever drives them |
//! | [`dry`] | a run on virtual time against a server that is made up: what a plan would do |
//! | [`net`] | names, TCP, the upgrade and frames: the client's half of RFC 6455 |
//! | [`engine`] | drives machines over the network and hands their figures on |
//! | [`report`] | what is shown of a run: the live line, the end report, the summary |
//! | [`serve`] | the embedded servers, echo and chat |
//! | [`cli`] | one file a subcommand; the only room that prints and reads the environment |
//!
//! # The whole pipeline
//!
//! From text to verdict; `examples/check_compile_run.rs` is the same with a server to talk to, and
//! `examples/drive_machine.rs` runs a user without a network.
//!
//! ```
//! use wsplan::compile::{Compiled, Directory, Options, compile_source};
//! use wsplan::diagnostic::{Diagnostics, Sources};
//! use wsplan::engine::{self, Control, Job};
//! use wsplan::metrics::{ErrorKind, judge};
//! use wsplan::program::Target;
//!
//! let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
//! let file = sources.add("plan.yaml", r#"
//! target: ws://127.0.0.1:1/
//! thresholds: [connect.total p99 < 1s, errors count == 0]
//! scenarios:
//!   user:
//!     steps:
//!       - connect: /chat
//!       - send: { type: hello, id: "{{uuid}}" }
//! "#);
//!
//! // Check and compile: `None` when anything is an error, and the diagnostics say what.
//! let files = Directory::new(".");
//! let compiled = compile_source(&mut sources, file, &Options::new(&files), &mut diagnostics);
//! assert!(diagnostics.is_empty());
//! let Compiled { program, load, thresholds, .. } = compiled.expect("there was no error");
//!
//! // Run: blocks until every user has left. The plan says nothing of load, so it is one user, once.
//! let Target::Url(target) = program.target.clone() else { panic!("the plan has a URL") };
//! let outcome = engine::run(&Job::new(program, load, [target]), &Control::new(), |_tick| {})?;
//!
//! // Nobody listens there, which is a figure like any other.
//! assert_eq!(outcome.totals.counts.connections_failed, 1);
//! assert_eq!(outcome.totals.errors.entries().next().map(|error| error.kind), Some(ErrorKind::Refused));
//! assert!(!judge(&thresholds, &outcome.totals, outcome.elapsed).passed());
//! # Ok::<(), std::io::Error>(())
//! ```

pub mod cli;
pub mod codec;
pub mod compile;
pub mod data;
pub mod deflate;
pub mod diagnostic;
mod drive;
pub mod dry;
pub mod engine;
pub mod load;
pub mod machine;
pub mod metrics;
pub mod net;
pub mod plan;
pub mod program;
pub mod quantity;
pub mod report;
pub mod serve;
