//! What a state does, in lines: first what it is, then each option, condition and capture by itself.

use std::time::Duration;

use super::LineOf;
use super::http::pair;
use crate::diagnostic::Span;
use crate::program::instruction::Instruction;
use crate::program::{
    Answer, AtBarrier, Capture, Choose, Connect, DueTimers, Expect, Gather, Items, LinkId, OnFailure, Op,
    Over, Pool, PoolId, Program, Quota, Reaction, Reconnect, Repeat, Request, SlotId, State, Stop, Stream,
    Think, TimerId, Until,
};
use crate::quantity::Exact;

/// The verb of a state; loops have one for their start and one for their test.
pub(super) fn verb(op: &Op) -> &'static str {
    match op {
        Op::Connect(_) => "connect",
        Op::Send { .. } => "send",
        Op::Expect(_) | Op::Gather(_) => "expect",
        Op::Request(_) => "request",
        Op::Http(_) => "http",
        Op::AwaitAll { .. } => "await_all",
        Op::Think(_) => "think",
        Op::Enter(_) => "enter",
        Op::Test { .. } => "test",
        Op::Ping(_) => "ping",
        Op::ExpectClose(_) => "expect_close",
        Op::If { .. } => "if",
        Op::Choose(_) => "choose",
        Op::Borrow { .. } => "borrow",
        Op::GiveBack => "give_back",
        Op::Close(_) => "close",
        Op::Set(_) => "set",
        Op::Log(_) => "log",
        Op::Barrier(_) => "barrier",
        Op::Fail(_) => "fail",
        Op::Stop(_) => "stop",
        Op::EnterGroup { .. } => "enter_group",
        Op::LeaveGroup { .. } => "leave_group",
        Op::Audience(_) => "audience",
        Op::Return => "return",
        Op::End => "end",
    }
}

impl Op {
    /// The word for what is done: mostly the verb of the plan.
    pub fn word(&self) -> &'static str {
        verb(self)
    }
}

impl OnFailure {
    /// The word of the plan.
    pub fn word(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::Continue => "continue",
            Self::Stop => "stop",
        }
    }
}

impl Stop {
    /// The word of the plan.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Iteration => "iteration",
            Self::User => "user",
            Self::Run => "run",
        }
    }
}

/// A program whose states are described.
#[derive(Clone, Copy)]
pub(super) struct Describe<'p> {
    pub(super) program: &'p Program,
    pub(super) line: &'p LineOf<'p>,
}

impl Describe<'_> {
    pub(super) fn state(self, state: &State) -> Vec<String> {
        let mut parts = Vec::new();
        let head = match &state.op {
            Op::Connect(connect) => {
                self.connect(&mut parts, connect, state.span);
                String::new()
            }
            Op::Send { message, publish } => {
                parts.extend(publish.as_ref().map(|publish| format!("publish {publish}")));
                format!(" {message}")
            }
            Op::Expect(expect) => {
                self.expect(&mut parts, "where", expect, state.span);
                String::new()
            }
            Op::Gather(gather) => {
                self.gather(&mut parts, gather, state.span);
                String::new()
            }
            Op::Request(request) => self.request(&mut parts, request, state.span),
            Op::Http(http) => self.http(&mut parts, http, state.span),
            Op::Think(think) => pause(*think),
            Op::Enter(repeat) => format!(" loop {}", repeat.index),
            Op::Test { repeat, .. } => self.test(&mut parts, repeat, state.span),
            Op::Ping(ping) => {
                self.wait(&mut parts, ping.within, ping.timer);
                String::new()
            }
            Op::ExpectClose(expected) => {
                if let Some(reason) = &expected.reason {
                    self.conditions(&mut parts, "reason", &reason.instructions(), state.span);
                }
                self.wait(&mut parts, expected.within, expected.timer);
                expected.code.map_or_else(String::new, |code| format!(" {code}"))
            }
            Op::If { condition, .. } => {
                self.conditions(&mut parts, "when", &condition.instructions(), state.span);
                String::new()
            }
            Op::Borrow { pool, timer } => self.borrow(&mut parts, *pool, *timer),
            Op::Choose(choose) => weights(choose),
            Op::Close(close) => {
                parts.extend(close.reason.as_ref().map(|reason| format!("reason {reason}")));
                parts.push(format!("within {}", Exact(close.within)));
                format!(" {}", close.code)
            }
            Op::Set(values) => {
                parts.extend(values.iter().map(|(slot, value)| format!("{slot} = {value}")));
                String::new()
            }
            Op::Log(line) | Op::Fail(line) => format!(" {line}"),
            Op::Barrier(at) => self.barrier(&mut parts, at),
            Op::Stop(stop) => format!(" {}", stop.word()),
            Op::EnterGroup { entered } => format!(" at {entered}"),
            Op::LeaveGroup { entered, timer } => self.leave_group(*entered, *timer),
            Op::Audience(audience) => format!(" {audience}"),
            Op::AwaitAll { .. } | Op::GiveBack | Op::Return | Op::End => String::new(),
        };
        let on = state.op.is_of_connection() && state.link != LinkId::FIRST;
        parts.extend(on.then(|| format!("on {}", state.link)));
        parts.extend(state.due.map(|due| self.due(due)));
        parts.insert(0, format!("{}{head}", verb(&state.op)));
        parts
    }

    fn barrier(self, lines: &mut Vec<String>, at: &AtBarrier) -> String {
        self.wait(lines, at.within, at.timer);
        format!(" {}", at.barrier)
    }

    fn leave_group(self, entered: SlotId, timer: TimerId) -> String {
        format!(" since {entered} timer {}", self.program.timers[timer.index()])
    }

    pub(super) fn stream(self, stream: &Stream) -> String {
        let Stream { name, key, includes_sender, within, order, timer, .. } = stream;
        let without = if *includes_sender { "" } else { " without the sender" };
        let timer = &self.program.timers[timer.index()];
        format!("{name} key {key} within {} order {}{without} timer {timer}", Exact(*within), order.word())
    }

    pub(super) fn reaction(self, reaction: &Reaction) -> Vec<String> {
        let mut lines = Vec::new();
        self.conditions(&mut lines, "when", &reaction.when.instructions(), reaction.span);
        lines.extend(reaction.on.map(|link| format!("on {link}")));
        self.captures(&mut lines, &reaction.captures, reaction.span);
        lines.extend(reaction.deliver.map(|stream| format!("deliver {stream}")));
        match &reaction.answer {
            Answer::None => {}
            Answer::Echo => lines.push("echo".to_owned()),
            Answer::Send(message) => lines.push(format!("send {message}")),
        }
        lines.extend(reaction.log.as_ref().map(|line| format!("log {line}")));
        lines.extend(reaction.fail.as_ref().map(|reason| format!("fail {reason}")));
        lines
    }

    fn connect(self, lines: &mut Vec<String>, connect: &Connect, at: Span) {
        lines.extend(connect.url.as_ref().map(|url| format!("url {url}")));
        lines.extend(connect.path.as_ref().map(|path| format!("path {path}")));
        lines.extend(connect.query.iter().map(|(name, value)| pair("query", name, value)));
        self.upgrade(lines, connect, at);
        lines.extend(connect.deflate.map(|deflate| deflate.to_string()));
        lines.push(format!("within {}", Exact(connect.timeout)));
        lines.extend(connect.reconnect.map(|reconnect| self.reconnect(reconnect)));
        let timers = connect.timers;
        let total = &self.program.timers[timers.total.index()];
        // All have the name of the step, and their own behind a dot.
        let own = [timers.dns, timers.tcp].into_iter().chain(timers.proxy).chain(timers.tls);
        let own = own.chain([timers.upgrade]).chain(timers.failover).map(|timer| {
            let name = &self.program.timers[timer.index()];
            name.rsplit_once('.').map_or(name.as_str(), |(_, own)| own)
        });
        lines.push(format!("timers {total} {}", own.collect::<Vec<_>>().join(" ")));
    }

    fn request(self, parts: &mut Vec<String>, request: &Request, at: Span) -> String {
        parts.push(format!("send {}", request.send));
        parts.extend(request.publish.as_ref().map(|publish| format!("publish {publish}")));
        self.expect(parts, "reply", &request.reply, at);
        if let (Some(limit), Some(key)) = (request.in_flight, &request.key) {
            parts.push(format!("await false by {}, in_flight {limit}", key.path));
        }
        String::new()
    }

    fn borrow(self, parts: &mut Vec<String>, pool: PoolId, timer: TimerId) -> String {
        parts.push(format!("timer {}", self.program.timers[timer.index()]));
        format!(" {pool}")
    }

    /// What a pool is, and how its connections are opened.
    pub(super) fn pool(self, pool: &Pool) -> (String, Vec<String>) {
        let mut lines = Vec::new();
        self.connect(&mut lines, &pool.connect, pool.span);
        (format!("{} of {} free within {}", pool.name, pool.size, Exact(pool.acquire_timeout)), lines)
    }

    fn reconnect(self, reconnect: Reconnect) -> String {
        let Reconnect { attempts, delay, factor, max_delay, jitter, then, timer } = reconnect;
        let timer = &self.program.timers[timer.index()];
        let (delay, max_delay) = (Exact(delay), Exact(max_delay));
        format!(
            "reconnect {attempts} times after {delay} factor {factor} up to {max_delay} jitter {jitter} then {} timer {timer}",
            then.word()
        )
    }

    fn expect(self, lines: &mut Vec<String>, filter: &str, expect: &Expect, at: Span) {
        self.conditions(lines, filter, &expect.filter.instructions(), at);
        if let Some(assert) = &expect.assert {
            self.conditions(lines, "assert", &assert.instructions(), at);
        }
        self.captures(lines, &expect.captures, at);
        lines.extend(expect.deliver.map(|stream| format!("deliver {stream}")));
        self.wait(lines, expect.within, expect.timer);
    }

    fn wait(self, lines: &mut Vec<String>, within: Duration, timer: TimerId) {
        lines.push(format!("within {}", Exact(within)));
        lines.push(format!("timer {}", self.program.timers[timer.index()]));
    }

    fn gather(self, lines: &mut Vec<String>, gather: &Gather, at: Span) {
        match gather.quota {
            Quota::Count(count) => lines.push(format!("count {count}")),
            Quota::EachOnce => lines.push(format!("any_order {}", gather.wanted.len())),
            Quota::AtMost(0) => lines.push("absent".to_owned()),
            Quota::AtMost(most) => lines.push(format!("at_most {most}")),
        }
        for wanted in &gather.wanted {
            self.conditions(lines, "where", &wanted.filter.instructions(), at);
            if let Some(assert) = &wanted.assert {
                self.conditions(lines, "assert", &assert.instructions(), at);
            }
            self.captures(lines, &wanted.captures, at);
            lines.extend(wanted.deliver.map(|stream| format!("deliver {stream}")));
        }
        lines.push(format!("within {}", Exact(gather.within)));
        lines.extend(gather.timer.map(|timer| format!("timer {}", self.program.timers[timer.index()])));
    }

    fn test(self, lines: &mut Vec<String>, repeat: &Repeat, at: Span) -> String {
        let until = match &repeat.until {
            Until::Times(times) => format!(" times {times}"),
            Until::For(length, entered) => format!(" for {} since {entered}", Exact(*length)),
            Until::Forever => " forever".to_owned(),
            Until::While(condition) => {
                self.conditions(lines, "while", &condition.instructions(), at);
                String::new()
            }
            Until::Over(over) => over_items(over),
        };
        let pace = repeat.pace.map(|pace| format!(" every {} since {}", Exact(pace.every), pace.entered));
        format!(" loop {}{until}{}", repeat.index, pace.unwrap_or_default())
    }

    fn due(self, due: DueTimers) -> String {
        let timers = due.delay.into_iter().chain(due.intended);
        let names: Vec<&str> = timers.map(|timer| self.program.timers[timer.index()].as_str()).collect();
        format!("when due, timers {}", names.join(" "))
    }

    pub(super) fn conditions(
        self,
        lines: &mut Vec<String>,
        first: &str,
        conditions: &[Instruction<'_>],
        at: Span,
    ) {
        for (index, condition) in conditions.iter().enumerate() {
            let word = if index == 0 { first } else { "  and" };
            lines.push(format!("{word} {condition}{}", self.elsewhere(condition.span, at)));
        }
    }

    fn captures(self, lines: &mut Vec<String>, captures: &[Capture], at: Span) {
        let line = |capture: &Capture| {
            format!("capture {} {capture}{}", capture.slot, self.elsewhere(capture.span, at))
        };
        lines.extend(captures.iter().map(line));
    }

    /// The line of a part that does not stand on the line of the whole.
    pub(super) fn elsewhere(self, part: Span, whole: Span) -> String {
        let line = (self.line)(part);
        if line == (self.line)(whole) { String::new() } else { format!("  (line {line})") }
    }
}

fn weights(choose: &Choose) -> String {
    let weights: Vec<String> = choose.arms.iter().map(|(weight, _)| weight.to_string()).collect();
    format!(" weights {}", weights.join(" "))
}

fn over_items(over: &Over) -> String {
    let item = over.item.map(|slot| format!(" as {slot}")).unwrap_or_default();
    match &over.items {
        Items::Known(items) => format!(" over {} known items{item}", items.len()),
        Items::Rows(used) => {
            let columns =
                used.columns.iter().map(|(column, slot)| format!(" {slot} = {} column {column}", used.data));
            let row = used.row.map(|slot| format!(" {slot} = {} row", used.data));
            let taken: Vec<_> = columns.chain(row).collect();
            format!(" over rows of {}{}", used.data, taken.join(","))
        }
        Items::Of { list, kept, rest } => format!(" over {list}{item} kept {kept} from {rest}"),
    }
}

fn pause(think: Think) -> String {
    match think {
        Think::Fixed(pause) => format!(" {}", Exact(pause)),
        Think::Between(low, high) => format!(" between {} and {}", Exact(low), Exact(high)),
        Think::Normal { mean, stddev } => format!(" normal mean {} stddev {}", Exact(mean), Exact(stddev)),
        Think::Exponential { mean } => format!(" exponential mean {}", Exact(mean)),
    }
}
