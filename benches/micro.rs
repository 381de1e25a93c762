//! What each part of a message's way costs on its own: render, extract, match, record, and a whole step of a user. For
//! finding where time goes; what counts is the whole, which `bin/bench` measures.
//!
//! `cargo bench --bench micro`, or `cargo bench --bench micro -- match` for one of them.

#![allow(missing_docs)]

use std::hint::black_box;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use rand::SeedableRng;
use wsplan::compile::{Directory, Options, compile_source};
use wsplan::diagnostic::{Diagnostics, Sources};
use wsplan::machine::{
    ConnectRequest, Delivery, Event, Failure, FetchRequest, Input, Message, Output, Payload, RenderFailure,
    Rng, Scope, Setting, Unused, User, matching, render,
};
use wsplan::metrics::{Layout, Recorder};
use wsplan::program::matcher::Clause;
use wsplan::program::{BarrierId, BodyKind, LinkId, Op, Program, Request, TimerId, Value, builtin_slots};

/// As `bin/bench` runs it.
const PLAN: &str = r#"
target: ws://127.0.0.1:9001/
vars: { room: lobby 12345 }
scenarios:
  user:
    steps:
      - connect: {}
      - loop:
          forever: true
          steps:
            - name: say
              request:
                send: { type: say, id: "{{correlation_id}}", user: "{{user.id}}", n: "{{loop.index}}", room: "{{room}}" }
                reply: { $.id: "{{correlation_id}}" }
                assert: { $.n: "{{loop.index}}" }
"#;

const MESSAGE: &str = r#"{"type":"say","id":"1234-567","user":4321,"n":567,"room":"lobby 12345"}"#;

fn program() -> Program {
    let mut sources = Sources::new();
    let file = sources.add("plan.yaml", PLAN);
    let files = Directory::new(".");
    let compiled = compile_source(&mut sources, file, &Options::new(&files), &mut Diagnostics::new());
    compiled.expect("the plan has no mistakes").program
}

fn request(program: &Program) -> &Request {
    let mut requests = program.states.iter().filter_map(|state| match &state.op {
        Op::Request(request) => Some(&**request),
        _ => None,
    });
    requests.next_back().expect("the plan has a request")
}

/// A user's values amid a run.
fn slots(program: &Program) -> Vec<Value> {
    let mut slots = vec![Value::Int(567); program.slots.len()];
    slots[builtin_slots::CORRELATION_ID] = Value::Text("1234-567".into());
    slots
}

fn parts(criterion: &mut Criterion) {
    let program = program();
    let (request, slots) = (request(&program), slots(&program));
    let mut rng = Rng::seed_from_u64(1);
    let mut scope = Scope { slots: &slots, now: Duration::ZERO, epoch: Duration::ZERO, rng: &mut rng };

    let mut buffer = Vec::new();
    criterion.bench_function("render four values and a constant", |bencher| {
        bencher.iter(|| {
            buffer.clear();
            render(black_box(&request.send.template), &mut scope, &mut buffer).expect("every slot is set");
            buffer.len()
        });
    });
    let Some(Clause::Path(path, _)) = request.reply.filter.clauses.first() else {
        panic!("the reply is told by a path");
    };
    criterion.bench_function("extract one path of a 70-byte message", |bencher| {
        bencher.iter(|| Message::text(black_box(MESSAGE)).select(path).is_ok());
    });
    criterion.bench_function("match a correlation id", |bencher| {
        bencher.iter(|| {
            let message = Message::text(black_box(MESSAGE));
            assert!(matching::matches(&request.reply.filter, &message, &mut scope));
        });
    });
}

fn record(criterion: &mut Criterion) {
    let layout = Arc::new(Layout::new(["say.rtt"]));
    let timer = layout.id("say.rtt").expect("it was just named");
    let mut recorder = Recorder::new(layout);
    let mut time_us = 0;
    criterion.bench_function("record a time", |bencher| {
        bencher.iter(|| {
            time_us = (time_us + 37) % 5_000;
            recorder.time(timer, Duration::from_micros(black_box(time_us)));
        });
    });
}

/// Takes what a user says as an engine does, without a network.
#[derive(Default)]
struct Desk {
    buffer: Vec<u8>,
    times: u64,
}

impl Output for Desk {
    fn fetch(&mut self, _: FetchRequest) {}

    fn connect(&mut self, _: LinkId, _: ConnectRequest) {}

    fn send(
        &mut self,
        _: LinkId,
        _: BodyKind,
        render: impl FnOnce(&mut Vec<u8>) -> Result<(), RenderFailure>,
    ) -> Result<(), RenderFailure> {
        self.buffer.clear();
        render(&mut self.buffer)
    }

    fn ping(&mut self, _: LinkId, _: &[u8]) {}

    fn is_writable(&self, _: LinkId) -> bool {
        true
    }

    fn close(&mut self, _: LinkId, _: u16, _: &str) {}

    fn give_back(&mut self, _: LinkId) {}

    fn abort(&mut self, _: LinkId) {}

    fn time(&mut self, _: TimerId, _: Duration) {
        self.times += 1;
    }

    fn count(&mut self, _: Event) {}

    fn sample(&mut self, _: Unused, _: Payload<'_>) {}

    fn delivery(&mut self, _: Delivery<'_>) {}

    fn fail(&mut self, failure: Failure<'_>) {
        panic!("{}", failure.detail);
    }

    fn arrive(&mut self, _: BarrierId) {}

    fn depart(&mut self) {}

    fn stop_run(&mut self) {}

    fn log(&mut self, _: String) {}

    fn finished(&mut self, _: bool) {}
}

fn step(criterion: &mut Criterion) {
    let setting =
        Setting { program: Arc::new(program()), epoch: Duration::ZERO, seed: 1, iterations: Some(1) };
    let mut user = User::new(Rc::new(setting), 0, 0, 0);
    let mut desk = Desk::default();
    user.handle(Duration::ZERO, Input::Start, &mut desk);
    user.handle(Duration::ZERO, Input::Connected(LinkId::FIRST), &mut desk);
    let (mut now, mut reply) = (Duration::ZERO, Vec::new());
    criterion.bench_function("a whole step: reply, assertion, next request", |bencher| {
        bencher.iter(|| {
            now += Duration::from_micros(100);
            user.handle(now, Input::Sent(LinkId::FIRST), &mut desk);
            reply.clear();
            reply.extend_from_slice(&desk.buffer);
            let text = std::str::from_utf8(&reply).expect("a template of text renders text");
            user.handle(now, Input::Message(LinkId::FIRST, Payload::Text(text)), &mut desk);
        });
    });
    assert!(desk.times > 0, "no reply was taken");
}

criterion_group!(benches, parts, record, step);
criterion_main!(benches);
