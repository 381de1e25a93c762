//! A user with requests in flight against a model that keeps lists: whatever happens in whatever order, each reply is
//! counted as what it is, no reply is counted twice, and no more requests are pending than the plan allows.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use wsplan::machine::{
    ConnectRequest, Delivery, Disconnect, Event, Failure, FailureKind, FetchRequest, Input, Output, Payload,
    RenderFailure, Setting, Unused, User,
};
use wsplan::program::{BarrierId, BodyKind, LinkId, Program, TimerId};

use crate::support::compiling::compile_text;

/// How many requests that are over a user remembers, of each sort.
const REMEMBERED: usize = 32;

/// Name, most in flight, time for the reply, such that no two of different steps are due together; the last one is
/// waited for.
const STEPS: [(&str, usize, Duration); 3] = [
    ("fast", 3, Duration::from_millis(100)),
    ("slow", 2, Duration::from_micros(950_001)),
    ("asked", 1, Duration::from_micros(310_003)),
];

const PLAN: &str = r#"
target: ws://127.0.0.1:1
defaults: { on_failure: continue, restart_delay: 20ms }
scenarios:
  user:
    steps:
      - connect: {}
      - loop:
          forever: true
          steps:
            - name: fast
              request:
                send: { id: "{{correlation_id}}", step: fast }
                reply: { $.re: "{{correlation_id}}", $.ok: true }
                await: false
                in_flight: 3
                within: 100ms
            - think: { between: [0ms, 20ms] }
            - name: slow
              request:
                send: { id: "{{correlation_id}}", step: slow }
                reply: { $.re: "{{correlation_id}}", $.ok: true }
                await: false
                in_flight: 2
                within: 950001us
            - name: asked
              request:
                send: { id: "{{correlation_id}}", step: asked }
                reply: { $.re: "{{correlation_id}}", $.ok: true }
                within: 310003us
"#;

#[derive(Debug, Clone)]
enum Happens {
    /// So many milliseconds pass; whatever becomes due meanwhile is done in time.
    Pass(u64),
    /// A reply comes to the request that was sent so many requests ago, or something that only looks like one.
    Reply(usize, bool),
    /// The connection ends.
    Disconnect,
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        4 => (0..60_u64).prop_map(Happens::Pass),
        1 => (60..400_u64).prop_map(Happens::Pass),
        10 => (0..6_usize, prop::bool::weighted(0.8)).prop_map(|(ago, is_good)| Happens::Reply(ago, is_good)),
        2 => (6..60_usize).prop_map(|ago| Happens::Reply(ago, true)),
        1 => Just(Happens::Disconnect),
    ]
}

#[derive(Debug, Clone, PartialEq)]
struct Sent {
    id: String,
    step: usize,
    at: Duration,
}

/// What is counted.
#[derive(Debug, Default, Clone, PartialEq)]
struct Tally {
    /// By step: how long each took.
    replies: [Vec<Duration>; 3],
    timeouts: u64,
    late: u64,
    duplicated: u64,
    missing: u64,
    unmatched: u64,
}

/// What the user said.
#[derive(Debug, Default)]
struct Said {
    tally: Tally,
    requests: u64,
    duplicate_failures: u64,
    sent: Vec<String>,
    connects: bool,
}

impl Said {
    /// The messages that were sent since the last time, and whether a connection is wanted.
    fn follow_ups(&mut self) -> (Vec<String>, bool) {
        (std::mem::take(&mut self.sent), std::mem::take(&mut self.connects))
    }
}

struct Recording {
    program: Arc<Program>,
    said: Said,
}

impl Output for Recording {
    fn connect(&mut self, _: LinkId, _: ConnectRequest) {
        self.said.connects = true;
    }

    fn fetch(&mut self, request: FetchRequest) {
        panic!("no plan here asks anything over HTTP: {request:?}");
    }

    fn send(
        &mut self,
        _: LinkId,
        _: BodyKind,
        render: impl FnOnce(&mut Vec<u8>) -> Result<(), RenderFailure>,
    ) -> Result<(), RenderFailure> {
        let mut payload = Vec::new();
        render(&mut payload)?;
        self.said.sent.push(String::from_utf8(payload).unwrap());
        Ok(())
    }

    fn delivery(&mut self, _: Delivery<'_>) {}

    fn ping(&mut self, _: LinkId, _: &[u8]) {}

    fn is_writable(&self, _: LinkId) -> bool {
        true
    }

    fn close(&mut self, _: LinkId, _: u16, _: &str) {}

    fn give_back(&mut self, _: LinkId) {}

    fn abort(&mut self, _: LinkId) {}

    fn time(&mut self, timer: TimerId, elapsed: Duration) {
        let name = self.program.timers[timer.index()].clone();
        let step = STEPS.iter().position(|(step, ..)| name == format!("{step}.rtt"));
        if let Some(step) = step {
            self.said.tally.replies[step].push(elapsed);
        }
    }

    fn count(&mut self, event: Event) {
        let said = &mut self.said;
        match event {
            Event::RequestSent => said.requests += 1,
            Event::ReplyLate => said.tally.late += 1,
            Event::ReplyDuplicated => said.tally.duplicated += 1,
            Event::RepliesMissing(count) => said.tally.missing += count,
            Event::Unmatched(count) => said.tally.unmatched += count,
            _ => {}
        }
    }

    fn sample(&mut self, _: Unused, _: Payload<'_>) {}

    fn fail(&mut self, failure: Failure<'_>) {
        let said = &mut self.said;
        said.tally.timeouts += u64::from(failure.kind == FailureKind::Timeout);
        said.duplicate_failures += u64::from(failure.kind == FailureKind::DuplicateReply);
    }

    fn arrive(&mut self, _: BarrierId) {}

    fn depart(&mut self) {}

    fn stop_run(&mut self) {}

    fn log(&mut self, _: String) {}

    fn finished(&mut self, _: bool) {}
}

#[derive(Default)]
struct Model {
    tally: Tally,
    all: Vec<String>,
    pending: Vec<Sent>,
    timed_out: Vec<String>,
    answered: Vec<String>,
}

impl Model {
    fn sent(&mut self, payload: &str, at: Duration) {
        let json: serde_json::Value = serde_json::from_str(payload).unwrap();
        let id = json["id"].as_str().unwrap().to_owned();
        let step = STEPS.iter().position(|(name, ..)| json["step"] == *name).unwrap();
        assert!(!self.pending.iter().any(|sent| sent.step == 2), "the user waits for a reply, and goes on");
        self.all.push(id.clone());
        self.pending.push(Sent { id, step, at });
        let of_step = self.pending.iter().filter(|sent| sent.step == step).count();
        assert!(of_step <= STEPS[step].1, "{of_step} in flight");
    }

    fn remember(list: &mut Vec<String>, id: String) -> u64 {
        list.push(id);
        let forgets = list.len() > REMEMBERED;
        if forgets {
            list.remove(0);
        }
        u64::from(forgets)
    }

    fn reply(&mut self, id: &str, is_good: bool, now: Duration) {
        if !is_good {
            self.tally.unmatched += 1;
        } else if let Some(index) = self.pending.iter().position(|sent| sent.id == id) {
            let sent = self.pending.remove(index);
            self.tally.replies[sent.step].push(now.saturating_sub(sent.at));
            Self::remember(&mut self.answered, sent.id);
        } else if let Some(index) = self.timed_out.iter().position(|known| known == id) {
            self.tally.late += 1;
            let id = self.timed_out.remove(index);
            Self::remember(&mut self.answered, id);
        } else if self.answered.iter().any(|known| known == id) {
            self.tally.duplicated += 1;
        } else {
            self.tally.unmatched += 1;
        }
    }

    fn expire(&mut self, now: Duration) {
        let due = |sent: &Sent| sent.at + STEPS[sent.step].2;
        let mut over: Vec<Sent> = self.pending.iter().filter(|sent| due(sent) <= now).cloned().collect();
        self.pending.retain(|sent| due(sent) > now);
        over.sort_by_key(due);
        for sent in over {
            self.tally.timeouts += 1;
            self.tally.missing += Self::remember(&mut self.timed_out, sent.id);
        }
    }

    fn disconnect(&mut self) {
        self.tally.missing += (self.pending.len() + self.timed_out.len()) as u64;
        self.pending.clear();
        self.timed_out.clear();
        self.answered.clear();
    }
}

/// A user, what it said, and the model of it.
struct Play {
    user: User,
    out: Recording,
    model: Model,
    now: Duration,
}

impl Play {
    fn new(program: &Arc<Program>) -> Self {
        let setting =
            Setting { program: Arc::clone(program), epoch: Duration::ZERO, seed: 1, iterations: None };
        let out = Recording { program: Arc::clone(program), said: Said::default() };
        let user = User::new(Rc::new(setting), 0, 0, 0);
        let mut play = Self { user, out, model: Model::default(), now: Duration::ZERO };
        play.input(Input::Start);
        play
    }

    /// What the user does because of an input, with all that it sends leaving at once and connections made at once.
    fn input(&mut self, input: Input<'_>) {
        self.user.handle(self.now, input, &mut self.out);
        loop {
            let (sent, connects) = self.out.said.follow_ups();
            if sent.is_empty() && !connects {
                return;
            }
            sent.iter().for_each(|payload| self.model.sent(payload, self.now));
            let follows = if connects { Input::Connected(LinkId::FIRST) } else { Input::Sent(LinkId::FIRST) };
            self.user.handle(self.now, follows, &mut self.out);
        }
    }

    fn pass(&mut self, until: Duration) {
        while let Some(deadline) = self.user.deadline().filter(|deadline| *deadline <= until) {
            self.now = self.now.max(deadline);
            self.model.expire(self.now);
            self.input(Input::Wake);
        }
        self.now = until;
    }

    fn happens(&mut self, happens: &Happens) {
        match happens {
            Happens::Pass(millis) => self.pass(self.now + Duration::from_millis(*millis)),
            Happens::Reply(ago, is_good) => {
                let Some(index) = self.model.all.len().checked_sub(ago + 1) else { return };
                let id = self.model.all[index].clone();
                self.model.reply(&id, *is_good, self.now);
                let text = format!(r#"{{"re":"{id}","ok":{is_good}}}"#);
                self.input(Input::Message(LinkId::FIRST, Payload::Text(&text)));
            }
            Happens::Disconnect => {
                self.model.disconnect();
                self.input(Input::Disconnected(LinkId::FIRST, Disconnect::Broken));
                // Nothing comes without a connection.
                self.pass(self.now + Duration::from_millis(20));
            }
        }
    }
}

#[test]
fn replies_are_counted_as_what_they_are() {
    let compiled = compile_text(PLAN).compiled.expect("a plan without mistakes");
    let program = Arc::new(compiled.program);
    let config = ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(course in prop::collection::vec(happens(), 1..300))| {
        let mut play = Play::new(&program);
        for happens in &course {
            play.happens(happens);
            let said = &play.out.said;
            prop_assert_eq!(&said.tally, &play.model.tally, "after {:?} at {:?}", happens, play.now);
        }
        play.model.disconnect();
        play.input(Input::Abort);
        let said = &play.out.said;
        let Tally { replies, late, missing, duplicated, .. } = &said.tally;
        prop_assert_eq!(&said.tally, &play.model.tally);
        prop_assert_eq!(said.requests, play.model.all.len() as u64);
        prop_assert_eq!(said.duplicate_failures, *duplicated);
        // Nothing is lost on the way: each request ends in one way.
        let in_time = replies.iter().map(Vec::len).sum::<usize>() as u64;
        prop_assert_eq!(said.requests, in_time + late + missing);
    });
}
