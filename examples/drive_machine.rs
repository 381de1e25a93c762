//! Drives one virtual user by hand: no socket, no clock, no thread. This is how a plan's behaviour is tested, and what
//! an engine of one's own would do by the thousand.
//!
//! `cargo run --example drive_machine`

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use wsplan::compile::{Directory, Options, compile_source};
use wsplan::diagnostic::{Diagnostics, Sources};
use wsplan::machine::{
    ConnectRequest, Delivery, Disconnect, Event, Failure, FetchRequest, Input, Output, Payload,
    RenderFailure, Setting, Unused, User,
};
use wsplan::program::{BarrierId, BodyKind, LinkId, Program, TimerId};

const PLAN: &str = r#"
target: ws://example.org/
scenarios:
  user:
    always:
      - when: { $.type: keepalive }
        echo: true
    steps:
      - connect: /chat
      - think: 10s
      - name: say
        request: { send: { id: "{{correlation_id}}" }, reply: { $.re: "{{correlation_id}}" }, within: 2s }
"#;

/// Writes down what the user wants done; an engine would do it.
struct Said {
    program: Arc<Program>,
    lines: Vec<String>,
}

impl Output for Said {
    fn connect(&mut self, _link: LinkId, request: ConnectRequest) {
        self.lines.push(format!("connect to {}", request.path.unwrap_or_default()));
    }

    fn fetch(&mut self, request: FetchRequest) {
        self.lines.push(format!("ask for {}", request.url));
    }

    fn send(
        &mut self,
        _link: LinkId,
        _kind: BodyKind,
        render: impl FnOnce(&mut Vec<u8>) -> Result<(), RenderFailure>,
    ) -> Result<(), RenderFailure> {
        let mut payload = Vec::new();
        render(&mut payload)?;
        self.lines.push(format!("send {}", String::from_utf8_lossy(&payload)));
        Ok(())
    }

    fn ping(&mut self, _: LinkId, payload: &[u8]) {
        self.lines.push(format!("ping {}", String::from_utf8_lossy(payload)));
    }

    fn is_writable(&self, _: LinkId) -> bool {
        true
    }

    fn close(&mut self, _: LinkId, code: u16, _reason: &str) {
        self.lines.push(format!("close with {code}"));
    }

    fn give_back(&mut self, _: LinkId) {}

    fn abort(&mut self, _: LinkId) {
        self.lines.push("drop the connection".to_owned());
    }

    fn time(&mut self, timer: TimerId, elapsed: Duration) {
        self.lines.push(format!("{} took {elapsed:?}", self.program.timers[timer.index()]));
    }

    fn count(&mut self, _event: Event) {}

    fn sample(&mut self, _unused: Unused, message: Payload<'_>) {
        self.lines.push(format!("nobody needed {message}"));
    }

    fn delivery(&mut self, _delivery: Delivery<'_>) {}

    fn fail(&mut self, failure: Failure<'_>) {
        self.lines.push(format!("failed: {}", failure.detail));
    }

    fn arrive(&mut self, _: BarrierId) {}

    fn depart(&mut self) {}

    fn stop_run(&mut self) {}

    fn log(&mut self, line: String) {
        self.lines.push(line);
    }

    fn finished(&mut self, failed: bool) {
        self.lines.push(format!("finished, {}", if failed { "having failed" } else { "well" }));
    }
}

/// Visible to the test that runs it.
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let mut sources = Sources::new();
    let file = sources.add("plan.yaml", PLAN);
    let files = Directory::new(".");
    let compiled = compile_source(&mut sources, file, &Options::new(&files), &mut Diagnostics::new());
    let program = Arc::new(compiled.ok_or("the plan has mistakes")?.program);

    let epoch = Duration::from_hours(490_896); // it is 2026-01-01 where this user lives
    let setting = Setting { program: Arc::clone(&program), epoch, seed: 7, iterations: Some(1) };
    let (index, generation, scenario) = (0, 0, 0);
    let mut user = User::new(Rc::new(setting), index, generation, scenario);
    let mut said = Said { program, lines: Vec::new() };
    let ms = Duration::from_millis;

    user.handle(ms(0), Input::Start, &mut said);
    user.handle(ms(5), Input::Connected(LinkId::FIRST), &mut said);
    // It thinks until 10.005 s, and answers meanwhile.
    let keepalive = Payload::Text(r#"{"type":"keepalive","seq":1}"#);
    user.handle(ms(3_000), Input::Message(LinkId::FIRST, keepalive), &mut said);
    let due = user.deadline().ok_or("a user that thinks wants to be woken")?;
    user.handle(due, Input::Wake, &mut said);
    user.handle(due + ms(1), Input::Sent(LinkId::FIRST), &mut said);
    user.handle(due + ms(21), Input::Message(LinkId::FIRST, Payload::Text(r#"{"re":"0-0"}"#)), &mut said);
    user.handle(
        due + ms(30),
        Input::Disconnected(LinkId::FIRST, Disconnect::ByPeer { code: 1000, reason: "" }),
        &mut said,
    );

    said.lines.iter().for_each(|line| println!("{line}"));
    let expected = [
        "connect to /chat",
        r#"send {"type":"keepalive","seq":1}"#,
        r#"send {"id":"0-0"}"#,
        "say.rtt took 20ms",
        "close with 1000",
        "finished, well",
    ];
    if said.lines == expected { Ok(()) } else { Err("the user did something else".into()) }
}
