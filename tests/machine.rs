//! `tests/cases/machine/NAME.yaml` and `NAME.trace`: one user, driven by hand with a clock that the trace holds.
//!
//! A trace has the inputs, `> TIME INPUT`, and behind each what the user said, `< OUTPUT`. The inputs are read from the
//! trace and the outputs are written anew, so a new case is a plan and the inputs; blessing adds the rest.

use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use wsplan::machine::{
    ConnectRequest, Delivery, DeliveryEvent, Disconnect, Event, Failure, FetchRequest, Input, Output,
    Payload, RenderFailure, Response, Setting, Unused, User,
};
use wsplan::program::{BarrierId, BodyKind, LinkId, Program, TimerId};
use wsplan::quantity::parse_duration;

use crate::support::cases::{Comparison, inputs};
use crate::support::compiling::compile_file;

#[test]
fn users_do_as_expected() {
    let mut comparison = Comparison::default();
    for path in inputs("machine", "yaml") {
        let outcome = compile_file(&path);
        let compiled = outcome.compiled.unwrap_or_else(|| panic!("{path:?}: {:#?}", outcome.diagnostics));
        let trace_path = path.with_extension("trace");
        let script = std::fs::read_to_string(&trace_path).unwrap_or_default();
        let iterations = compiled.load.lanes()[0].shape.iterations();
        comparison.compare(&trace_path, &replay(compiled.program, iterations, &script));
    }
    comparison.finish();
}

fn replay(program: Program, iterations: Option<u64>, script: &str) -> String {
    let program = Arc::new(program);
    let setting = Setting {
        program: Arc::clone(&program),
        // A moment that is easy to recognise in what is sent: 2026-01-01T00:00:00Z.
        epoch: Duration::from_hours(490_896),
        seed: 1,
        iterations,
    };
    let mut user = User::new(Rc::new(setting), 0, 0, 0);
    let mut trace = Trace { program, text: String::new(), is_writable: true };
    for line in script.lines().filter(|line| !line.starts_with("< ")) {
        let _ = writeln!(trace.text, "{line}");
        let Some(input) = line.strip_prefix("> ") else { continue };
        let (time, input) = input.split_once(' ').expect("> TIME INPUT");
        let now = parse_duration(time).expect(time);
        let (link, input) = on(&trace.program, input);
        let (word, rest) = input.split_once(' ').unwrap_or((input, ""));
        let (bytes, read);
        let input = match word {
            "start" => Input::Start,
            "connected" => Input::Connected(link),
            "connect-failed" => Input::ConnectFailed(link),
            "connect-unsendable" => Input::ConnectUnsendable(link),
            "pong" => Input::Pong(link, rest.as_bytes()),
            "sent" => Input::Sent(link),
            "answered" | "fetched" => {
                read = Answer::read(rest);
                if word == "fetched" {
                    Input::Fetched(read.response())
                } else {
                    Input::Answered(link, read.response())
                }
            }
            "fetch-failed" => Input::FetchFailed,
            "fetch-unreached" => Input::FetchUnreached,
            "wake" => Input::Wake,
            "given-back" => Input::GivenBack(link),
            "released" => Input::Released,
            "stop" => Input::Stop,
            "abort" => Input::Abort,
            "broken" => Input::Disconnected(link, Disconnect::Broken),
            "closed" => {
                let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
                Input::Disconnected(
                    link,
                    Disconnect::ByPeer { code: code.parse().expect("a close code"), reason },
                )
            }
            "text" => Input::Message(link, Payload::Text(rest)),
            "binary" => {
                bytes = rest.split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect::<Vec<_>>();
                Input::Message(link, Payload::Binary(&bytes))
            }
            "blocked" => {
                trace.is_writable = false;
                continue;
            }
            "writable" => {
                trace.is_writable = true;
                continue;
            }
            other => panic!("unknown input {other}"),
        };
        user.handle(now, input, &mut trace);
        match user.deadline() {
            Some(deadline) => trace.say(&format!("wake at {deadline:?}")),
            None if user.is_done() => trace.say("done"),
            None => {}
        }
    }
    trace.text
}

/// The connection that an input is of, `NAME: INPUT` where it is not the first, and the input itself.
fn on<'i>(program: &Program, input: &'i str) -> (LinkId, &'i str) {
    let links = &program.scenarios[0].links;
    let named = |name: &str| links.iter().position(|link| link.name.as_deref() == Some(name));
    let found = input.split_once(": ").and_then(|(name, input)| Some((LinkId::new(named(name)?), input)));
    found.unwrap_or((LinkId::FIRST, input))
}

/// An answer over HTTP as a trace has it: `STATUS NAME=VALUE cookie:NAME=VALUE subprotocol:NAME | BODY`.
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    cookies: Vec<(String, String)>,
    subprotocol: Option<String>,
    body: String,
}

impl Answer {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once(" | ").unwrap_or((text, ""));
        let (status, rest) = head.split_once(' ').unwrap_or((head, ""));
        let mut answer = Self {
            status: status.parse().expect("a status"),
            headers: Vec::new(),
            cookies: Vec::new(),
            subprotocol: None,
            body: body.to_owned(),
        };
        for word in rest.split_whitespace() {
            if let Some(name) = word.strip_prefix("subprotocol:") {
                answer.subprotocol = Some(name.to_owned());
                continue;
            }
            let cookie = word.strip_prefix("cookie:");
            let (name, value) = cookie.unwrap_or(word).split_once('=').expect("NAME=VALUE");
            let list = if cookie.is_some() { &mut answer.cookies } else { &mut answer.headers };
            list.push((name.to_owned(), value.to_owned()));
        }
        answer
    }

    fn response(&self) -> Response<'_> {
        Response {
            status: self.status,
            headers: &self.headers,
            cookies: &self.cookies,
            body: Payload::Text(&self.body),
            subprotocol: self.subprotocol.as_deref(),
        }
    }
}

struct Trace {
    program: Arc<Program>,
    text: String,
    is_writable: bool,
}

impl Trace {
    /// The name of a connection that is not the first.
    fn of(&self, link: LinkId) -> String {
        let name = || self.program.scenarios[0].links[link.index()].name.as_deref();
        if link == LinkId::FIRST { String::new() } else { format!("{}: ", name().unwrap_or("unnamed")) }
    }

    fn say(&mut self, line: &str) {
        let _ = writeln!(self.text, "< {line}");
    }
}

impl Output for Trace {
    fn connect(&mut self, link: LinkId, request: ConnectRequest) {
        let of = self.of(link);
        self.say(&format!("{of}connect {request:?}"));
    }

    fn fetch(&mut self, request: FetchRequest) {
        self.say(&format!("fetch {request:?}"));
    }

    fn send(
        &mut self,
        link: LinkId,
        kind: BodyKind,
        render: impl FnOnce(&mut Vec<u8>) -> Result<(), RenderFailure>,
    ) -> Result<(), RenderFailure> {
        let mut payload = Vec::new();
        render(&mut payload)?;
        let of = self.of(link);
        match kind {
            BodyKind::Text => {
                self.say(&format!("{of}send {}", String::from_utf8(payload).expect("text is UTF-8")));
            }
            BodyKind::Binary => self.say(&format!("{of}send binary {payload:02x?}")),
        }
        Ok(())
    }

    fn ping(&mut self, link: LinkId, payload: &[u8]) {
        let of = self.of(link);
        self.say(&format!("{of}ping {:?}", String::from_utf8_lossy(payload)));
    }

    fn is_writable(&self, _: LinkId) -> bool {
        self.is_writable
    }

    fn close(&mut self, link: LinkId, code: u16, reason: &str) {
        let of = self.of(link);
        self.say(format!("{of}close {code} {reason}").trim_end());
    }

    fn abort(&mut self, link: LinkId) {
        let of = self.of(link);
        self.say(&format!("{of}abort"));
    }

    fn time(&mut self, timer: TimerId, elapsed: Duration) {
        let name = self.program.timers[timer.index()].clone();
        self.say(&format!("time {name} {elapsed:?}"));
    }

    fn count(&mut self, event: Event) {
        // Every operation ends, every request is sent; a trace of that would say nothing that the rest does not.
        if !matches!(event, Event::OperationEnded | Event::RequestSent) {
            self.say(&format!("count {event:?}"));
        }
    }

    fn sample(&mut self, unused: Unused, message: Payload<'_>) {
        self.say(&format!("sample {unused:?} {message}"));
    }

    fn delivery(&mut self, delivery: Delivery<'_>) {
        // Hashes are shown by one digit, which is enough to tell a few apart.
        let short = |hash: u64| format!("#{:x}", hash >> 56);
        let what = match delivery.event {
            DeliveryEvent::Published { stream, key, shown, group } => {
                format!("published {stream} {shown} {} to {}", short(key), short(group))
            }
            DeliveryEvent::Delivered { stream, key } => format!("delivered {stream} {}", short(key)),
            DeliveryEvent::Entered { stream, group } => format!("entered {stream} {}", short(group)),
            DeliveryEvent::Left { stream, group } => format!("left {stream} {}", short(group)),
            DeliveryEvent::CutOff { stream, group } => format!("cut off from {stream} {}", short(group)),
            DeliveryEvent::CutOffFromAll => "cut off from all streams".to_owned(),
            DeliveryEvent::Gone => "gone from all streams".to_owned(),
        };
        self.say(&format!("{what} at {:?}", delivery.at));
    }

    fn fail(&mut self, failure: Failure<'_>) {
        self.say(&format!("fail {:?} at {:?}: {}", failure.kind, failure.place, failure.detail));
    }

    fn give_back(&mut self, link: LinkId) {
        let of = self.of(link);
        self.say(&format!("{of}give back"));
    }

    fn arrive(&mut self, barrier: BarrierId) {
        self.say(&format!("at barrier {barrier}"));
    }

    fn depart(&mut self) {
        self.say("leave the barrier");
    }

    fn stop_run(&mut self) {
        self.say("stop the run");
    }

    fn log(&mut self, line: String) {
        self.say(&format!("log {line}"));
    }

    fn finished(&mut self, failed: bool) {
        self.say(if failed { "finished, failed" } else { "finished" });
    }
}
