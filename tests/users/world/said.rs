//! What the user wants of the network and says of itself.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use wsplan::machine::{ConnectRequest, Delivery, Event, Failure, Output, Payload, RenderFailure, Unused};
use wsplan::program::{BodyKind, LinkId, TimerId};

use super::{Happening, World};

impl Output for World {
    fn connect(&mut self, _: LinkId, _: ConnectRequest) {
        self.say("connect");
        assert!(!self.connection.is_open, "a second connection");
        self.tally.connects += 1;
        let fails = self.rng.random_bool(0.1);
        self.within(5_000, if fails { Happening::ConnectFailed } else { Happening::Connected });
    }

    fn send(
        &mut self,
        _: LinkId,
        _: BodyKind,
        render: impl FnOnce(&mut Vec<u8>) -> Result<(), RenderFailure>,
    ) -> Result<(), RenderFailure> {
        let mut payload = Vec::new();
        render(&mut payload)?;
        let text = String::from_utf8(payload).unwrap();
        self.say(format_args!("send {text}"));
        if self.connection.is_open && !self.connection.is_closing {
            self.connection.queued.push(text);
        }
        Ok(())
    }

    fn ping(&mut self, _: LinkId, payload: &[u8]) {
        let text = String::from_utf8(payload.to_vec()).unwrap();
        self.say(format_args!("ping {text}"));
        if self.connection.is_open && !self.connection.is_closing {
            self.connection.queued.push(text);
        }
    }

    fn is_writable(&self, _: LinkId) -> bool {
        !self.connection.is_blocked
    }

    fn close(&mut self, _: LinkId, code: u16, _: &str) {
        self.say(format_args!("close {code}"));
        self.connection.is_closing = true;
        self.cut_off();
        if self.rng.random_bool(0.9) {
            self.within(3_000, Happening::Gone(self.connection.number, Some(code)));
        }
    }

    fn abort(&mut self, _: LinkId) {
        self.say("abort");
        self.connection.is_open = false;
    }

    fn time(&mut self, timer: TimerId, elapsed: Duration) {
        let program = Arc::clone(&self.setting.program);
        let name = &program.timers[timer.index()];
        self.say(format_args!("time {name} {elapsed:?}"));
        assert!(elapsed <= self.now, "{name} {elapsed:?} is longer than all there was");
        self.tally.time(name);
    }

    fn count(&mut self, event: Event) {
        self.say(format_args!("count {event:?}"));
        self.tally.count(event);
    }

    fn delivery(&mut self, _: Delivery<'_>) {}

    fn sample(&mut self, _: Unused, _: Payload<'_>) {}

    fn fail(&mut self, failure: Failure<'_>) {
        self.say(format_args!("fail {:?} at {:?}: {}", failure.kind, failure.place, failure.detail));
        self.tally.fail(failure.kind);
    }

    fn log(&mut self, _: String) {}

    fn finished(&mut self, _: bool) {
        self.say("finished");
        self.tally.finished();
    }
}
