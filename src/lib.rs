//! `wsplan` compiles declarative WebSocket test plans and runs them at high connection counts.
//!
//! Text goes in at the top and becomes, room by room, load and figures:
//! [`plan`] reads a file into the typed plan, [`compile`] lowers it into a [`program`], [`machine`] is one
//! virtual user running that program without a socket or a clock, [`engine`] drives many machines over
//! [`net`], and [`report`] shows what [`metrics`] counted. Every mistake that can be pointed at, at any stage,
//! is a [`diagnostic::Diagnostic`].

pub mod cli;
pub mod compile;
pub mod diagnostic;
pub mod engine;
pub mod load;
pub mod machine;
pub mod metrics;
pub mod net;
pub mod plan;
pub mod program;
pub mod report;
pub mod serve;
