//! What the user wants of the network and says of itself.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use wsplan::machine::{
    ConnectRequest, Delivery, Event, Failure, FetchRequest, Output, Payload, RenderFailure, Unused,
};
use wsplan::program::{BarrierId, BodyKind, LinkId, TimerId};

use super::{Connection, Happening, Stage, World};

impl Output for World {
    fn connect(&mut self, link: LinkId, _: ConnectRequest) {
        self.say(format_args!("connect {link}"));
        self.connection_count += 1;
        let number = self.connection_count;
        let connection = &mut self.connections[link.index()];
        assert!(connection.stage == Stage::None, "opened while it is open");
        *connection = Connection { number, stage: Stage::Opening, ..Connection::default() };
        self.tally.connects += u64::from(link == LinkId::FIRST);
        if self.is_reconnecting {
            // The first attempt of all comes before those.
            let (in_vain, attempts) = (self.in_vain[link.index()], self.attempts[link.index()]);
            assert!(in_vain <= attempts, "{in_vain} attempts in a row have failed of {attempts}");
        }
        let happening = if self.rng.random_bool(self.failure_rate()) {
            Happening::ConnectFailed
        } else {
            Happening::Connected
        };
        self.within(5_000, happening(number));
    }

    fn fetch(&mut self, request: FetchRequest) {
        panic!("no plan here asks anything over HTTP: {request:?}");
    }

    fn send(
        &mut self,
        link: LinkId,
        _: BodyKind,
        render: impl FnOnce(&mut Vec<u8>) -> Result<(), RenderFailure>,
    ) -> Result<(), RenderFailure> {
        let mut payload = Vec::new();
        render(&mut payload)?;
        let text = String::from_utf8(payload).unwrap();
        self.queue(link, text);
        Ok(())
    }

    fn ping(&mut self, link: LinkId, payload: &[u8]) {
        self.queue(link, String::from_utf8(payload.to_vec()).unwrap());
    }

    fn is_writable(&self, link: LinkId) -> bool {
        !self.connections[link.index()].is_blocked
    }

    fn close(&mut self, link: LinkId, code: u16, _: &str) {
        self.say(format_args!("close {link} {code}"));
        let connection = &mut self.connections[link.index()];
        assert!(connection.stage == Stage::Open, "closed while there is none");
        connection.is_closing = true;
        let number = connection.number;
        self.cut_off();
        if self.rng.random_bool(0.9) {
            self.within(3_000, Happening::Gone(number, Some(code)));
        }
    }

    fn give_back(&mut self, link: LinkId) {
        self.say(format_args!("give back {link}"));
        let connection = &mut self.connections[link.index()];
        assert!(connection.stage == Stage::Open, "given back while there is none");
        assert!(!connection.is_closing, "given back behind a goodbye");
        if std::mem::replace(&mut connection.is_given_back, true) {
            return;
        }
        let number = connection.number;
        // Whoever has it next would get the reply.
        assert_eq!(self.tally.pending(), 0, "given back while a reply may come");
        self.tally.given_back += 1;
        self.within(3_000, Happening::GivenBack(number));
    }

    fn abort(&mut self, link: LinkId) {
        self.say(format_args!("abort {link}"));
        let connection = &mut self.connections[link.index()];
        assert!(connection.stage != Stage::None, "given up while there is none");
        *connection = Connection::default();
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
        if matches!(event, Event::IterationEnded { .. }) {
            self.in_vain = [0, 0];
        }
        self.tally.count(event);
    }

    fn delivery(&mut self, _: Delivery<'_>) {}

    fn sample(&mut self, _: Unused, _: Payload<'_>) {}

    fn fail(&mut self, failure: Failure<'_>) {
        self.say(format_args!("fail {:?} at {:?}: {}", failure.kind, failure.place, failure.detail));
        self.tally.fail(failure.kind);
    }

    fn arrive(&mut self, _: BarrierId) {}

    fn depart(&mut self) {}

    fn stop_run(&mut self) {}

    fn log(&mut self, _: String) {}

    fn finished(&mut self, _: bool) {
        self.say("finished");
        self.tally.finished();
    }
}

impl World {
    fn failure_rate(&self) -> f64 {
        if self.is_reconnecting { 0.4 } else { 0.1 }
    }

    fn queue(&mut self, link: LinkId, text: String) {
        self.say(format_args!("send on {link} {text}"));
        let connection = &mut self.connections[link.index()];
        assert!(connection.stage == Stage::Open, "sent while there is none");
        if !connection.is_closing {
            connection.queued.push(text);
        }
    }
}
