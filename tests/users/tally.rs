//! What happened to a user and what it said of that, counted, and what must hold of both.

use wsplan::machine::{Event, FailureKind};

use super::plan::{Plan, Shape};

#[derive(Debug, Default)]
pub(super) struct Tally {
    // What happened to the user.
    pub(super) connects: u64,
    pub(super) connects_ended: u64,
    pub(super) received: u64,
    /// Rounds of the only loop, where it is paced.
    pub(super) due: u64,
    /// Connections of a pool that it gave back.
    pub(super) given_back: u64,
    // What it said.
    finished: u64,
    iterations: u64,
    operations: u64,
    requests: u64,
    round_trips: u64,
    late: u64,
    missing: u64,
    duplicated: u64,
    duplicated_failures: u64,
    unmatched: u64,
    paced: u64,
    delays: u64,
    missed: u64,
    reconnects: u64,
    timed_reconnects: u64,
}

impl Tally {
    pub(super) fn count(&mut self, event: Event) {
        match event {
            Event::OperationEnded => self.operations += 1,
            Event::IterationEnded { .. } => self.iterations += 1,
            Event::Unmatched(count) => self.unmatched += count,
            Event::PacedSend { .. } => self.paced += 1,
            Event::SendsMissed(count) => self.missed += count,
            Event::RequestSent => self.requests += 1,
            Event::ReplyLate => self.late += 1,
            Event::ReplyDuplicated => self.duplicated += 1,
            Event::RepliesMissing(count) => self.missing += count,
            // These are also in what is said of the message or of the request.
            Event::InboxDropped | Event::RequestThrottled | Event::FailedOver | Event::OutOfData => {}
            Event::Reconnected => self.reconnects += 1,
            Event::FetchFailed => panic!("no plan here asks anything over HTTP"),
        }
    }

    pub(super) fn time(&mut self, timer: &str) {
        match timer.rsplit('.').next() {
            // That of a ping is of no request.
            Some("rtt") if !timer.starts_with("beat.") => self.round_trips += 1,
            Some("send_delay") => self.delays += 1,
            Some("reconnect") => self.timed_reconnects += 1,
            _ => {}
        }
    }

    pub(super) fn fail(&mut self, kind: FailureKind) {
        self.duplicated_failures += u64::from(kind == FailureKind::DuplicateReply);
    }

    pub(super) fn finished(&mut self) {
        self.finished += 1;
    }

    /// Requests of which nothing was said yet.
    pub(super) fn pending(&self) -> u64 {
        self.requests - self.round_trips - self.late - self.missing
    }

    /// What does not hold.
    pub(super) fn broken(&self, plan: &Plan) -> Vec<String> {
        let mut broken = Vec::new();
        let mut holds = |claim: &str, is_so: bool, one: u64, other: u64| {
            if !is_so {
                broken.push(format!("{claim}: {one}, {other}"));
            }
        };
        let mut equal = |claim: &str, one: u64, other: u64| holds(claim, one == other, one, other);
        equal("a user finishes once", self.finished, 1);
        equal("each paced message that leaves has its delay", self.paced, self.delays);
        equal("each connection that stands again is timed", self.reconnects, self.timed_reconnects);
        equal("each repeated reply is a failure", self.duplicated, self.duplicated_failures);
        if plan.pace.is_some() {
            let told = self.paced + self.missed;
            equal("each message that was due has left or was missed", told, self.due);
        } else {
            let ended = self.round_trips + self.late + self.missing;
            equal("each request has its reply, in time or late, or misses it", self.requests, ended);
        }
        if plan.shape == Shape::Requests {
            let ended = self.connects_ended + self.requests;
            equal("each connect and each request is one operation", self.operations, ended);
        }
        let mut at_most = |claim: &str, one: u64, other: u64| holds(claim, one <= other, one, other);
        at_most("iterations are no more than the plan has", self.iterations, plan.iteration_count);
        if !matches!(plan.shape, Shape::Reconnecting | Shape::Borrowing) {
            at_most("each iteration connects once", self.connects, plan.iteration_count);
            at_most("each iteration connects", self.iterations, self.connects);
            at_most("only the last is cut short", self.connects, self.iterations + 1);
        }
        at_most("what is given back was borrowed", self.given_back, self.connects_ended);
        let taken = self.round_trips + self.late + self.duplicated;
        at_most("a message is one thing only", taken + self.unmatched, self.received);
        broken
    }
}
