//! What a state does, in a line.

use std::fmt::Write as _;

use crate::program::{Body, BodyKind, Connect, Expect, Op, Program, Repeat, Think, Until};

/// The verb of a state; loops have one for their start and one for their test.
pub(super) fn verb(op: &Op) -> &'static str {
    match op {
        Op::Connect(_) => "connect",
        Op::Send(_) => "send",
        Op::Expect(_) => "expect",
        Op::Request(_) => "request",
        Op::Think(_) => "think",
        Op::Enter(_) => "enter",
        Op::Test { .. } => "test",
        Op::Close(_) => "close",
        Op::Set(_) => "set",
        Op::Log(_) => "log",
        Op::End => "end",
    }
}

/// What a state does.
pub(super) fn describe(op: &Op, program: &Program) -> String {
    let mut out = verb(op).to_owned();
    match op {
        Op::Connect(connect) => describe_connect(&mut out, connect),
        Op::Send(message) => describe_message(&mut out, message),
        Op::Expect(expect) => describe_expect(&mut out, expect, program),
        Op::Request(request) => {
            describe_message(&mut out, &request.send);
            out.push_str(" reply");
            describe_expect(&mut out, &request.reply, program);
        }
        Op::Think(think) => describe_think(&mut out, *think),
        Op::Enter(repeat) => {
            let _ = write!(out, " loop {}", repeat.index);
        }
        Op::Test { repeat, .. } => describe_test(&mut out, repeat),
        Op::Close(close) => {
            let _ = write!(out, " {}", close.code);
            if let Some(reason) = &close.reason {
                let _ = write!(out, " {reason}");
            }
        }
        Op::Set(values) => {
            for (index, (slot, value)) in values.iter().enumerate() {
                let comma = if index == 0 { "" } else { "," };
                let _ = write!(out, "{comma} {slot} = {value}");
            }
        }
        Op::Log(line) => {
            let _ = write!(out, " {line}");
        }
        Op::End => {}
    }
    out
}

fn describe_connect(out: &mut String, connect: &Connect) {
    if let Some(path) = &connect.path {
        let _ = write!(out, " path {path}");
    }
    for (name, value) in &connect.query {
        let _ = write!(out, " query {name} {value}");
    }
    for (name, value) in &connect.headers {
        let _ = write!(out, " header {name} {value}");
    }
    for name in &connect.subprotocols {
        let _ = write!(out, " subprotocol {name}");
    }
    let _ = write!(out, " within {:?}", connect.timeout);
}

fn describe_message(out: &mut String, message: &Body) {
    let kind = match message.kind {
        BodyKind::Text => "text",
        BodyKind::Binary => "binary",
    };
    let _ = write!(out, " {kind} {}", message.template);
}

fn describe_expect(out: &mut String, expect: &Expect, program: &Program) {
    let _ = write!(out, " where {}", expect.filter);
    if let Some(assert) = &expect.assert {
        let _ = write!(out, " assert {assert}");
    }
    for capture in &expect.captures {
        let _ = write!(out, " capture {capture}");
    }
    let _ = write!(out, " within {:?} timer {}", expect.within, program.timers[expect.timer.index()]);
}

fn describe_think(out: &mut String, think: Think) {
    let _ = match think {
        Think::Fixed(pause) => write!(out, " {pause:?}"),
        Think::Between(low, high) => write!(out, " between {low:?} and {high:?}"),
        Think::Normal { mean, stddev } => write!(out, " normal mean {mean:?} stddev {stddev:?}"),
        Think::Exponential { mean } => write!(out, " exponential mean {mean:?}"),
    };
}

fn describe_test(out: &mut String, repeat: &Repeat) {
    let _ = write!(out, " loop {}", repeat.index);
    let _ = match &repeat.until {
        Until::Times(times) => write!(out, " times {times}"),
        Until::For(length, entered) => write!(out, " for {length:?} since {entered}"),
        Until::Forever => write!(out, " forever"),
        Until::While(condition) => write!(out, " while {condition}"),
    };
}
