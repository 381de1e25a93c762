//! The program as JSON: all of it, for programs. Templates are lists of segments, matchers lists of instructions;
//! whatever came from a line of the plan says which. Times are in seconds.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::describe::verb;
use super::http::pairs;
use super::{LineOf, edges, states_of};
use crate::diagnostic::escape_hidden;
use crate::program::instruction::Instruction;
use crate::program::{
    Answer, AtBarrier, Barrier, Capture, Choose, Connect, DataFile, DataUse, Expect, Expr, Gather, Items,
    LinkId, Op, Pool, PoolId, Program, Quota, Reaction, Repeat, Scenario, SlotId, StateId, Stream, StreamId,
    Target, Think, TimerId, Unmatched, Until,
};

/// Everything, as JSON.
pub fn json(program: &Program, line: &LineOf<'_>) -> String {
    let writer = Writer { program, line };
    let scenarios: Vec<Value> = program.scenarios.iter().map(|scenario| writer.scenario(scenario)).collect();
    let limits = program.limits;
    let program = json!({
        "name": program.name,
        "target": target(program),
        "tls": program.tls.unusual(),
        "proxy": program.proxy.as_ref().map(ToString::to_string),
        "unmatched": match program.unmatched {
            Unmatched::Ignore => "ignore",
            Unmatched::Count => "count",
            Unmatched::Fail => "fail",
        },
        "protocol": program.protocol.word(),
        "limits": {
            "max_message_bytes": limits.max_message_bytes,
            "inbox_messages": limits.inbox_message_count,
            "inbox_bytes": limits.inbox_bytes,
            "drain_s": limits.drain.as_secs_f64(),
            "restart_delay_s": limits.restart_delay.as_secs_f64(),
        },
        "data": program.data.iter().map(|file| writer.data_file(file)).collect::<Vec<_>>(),
        "slots": program.slots,
        "timers": program.timers,
        "streams": program.streams.iter().map(|stream| writer.stream(stream)).collect::<Vec<_>>(),
        "barriers": program.barriers.iter().map(barrier).collect::<Vec<_>>(),
        "setup": program.setup.as_ref().map(|setup| {
            let keeps: Vec<String> = setup.keeps.iter().map(ToString::to_string).collect();
            json!({ "scenario": setup.scenario, "keeps": keeps })
        }),
        "teardown": program.teardown,
        "profiles": program.profiles.each.iter().map(|of| json!({ "name": of.name, "think": of.think })).collect::<Vec<_>>(),
        "pools": program.pools.iter().map(|pool| writer.pool(pool)).collect::<Vec<_>>(),
        "scenarios": scenarios,
    });
    escape_hidden(&format!("{program:#}\n"))
}

fn data_use(used: &DataUse) -> Value {
    let column = |(column, slot): &(usize, SlotId)| json!({ "column": column, "slot": slot.to_string() });
    json!({
        "file": used.data.index(),
        "columns": used.columns.iter().map(column).collect::<Vec<_>>(),
        "row": used.row.map(|slot| slot.to_string()),
    })
}

#[derive(Clone, Copy)]
pub(super) struct Writer<'p> {
    pub(super) program: &'p Program,
    pub(super) line: &'p LineOf<'p>,
}

impl Writer<'_> {
    fn scenario(self, scenario: &Scenario) -> Value {
        let reactions = scenario.reactions.clone();
        json!({
            "name": scenario.name,
            "line": (self.line)(scenario.span),
            "on_failure": scenario.on_failure.word(),
            "entry": scenario.entry.index(),
            "connections": scenario.links.iter().map(|link| &link.name).collect::<Vec<_>>(),
            "initial": scenario.initial.iter().map(|(slot, value)| self.assignment(*slot, value)).collect::<Vec<_>>(),
            "data": scenario.data.iter().map(data_use).collect::<Vec<_>>(),
            "reactions": reactions.map(|index| self.reaction(index)).collect::<Vec<_>>(),
            "states": states_of(self.program, scenario).map(|id| self.state(id)).collect::<Vec<_>>(),
        })
    }

    fn data_file(self, file: &DataFile) -> Value {
        json!({
            "name": file.name,
            "line": (self.line)(file.span),
            "path": file.path,
            "rows": file.table.row_count(),
            "pick": file.pick.word(),
            "at_end": file.at_end.word(),
        })
    }

    fn stream(self, stream: &Stream) -> Value {
        json!({
            "name": stream.name,
            "line": (self.line)(stream.span),
            "key": stream.key.source(),
            "self": stream.includes_sender,
            "within_s": stream.within.as_secs_f64(),
            "order": stream.order.word(),
            "timer": self.program.timers[stream.timer.index()],
        })
    }

    fn state(self, id: StateId) -> Value {
        let state = self.program.state(id);
        let transitions = edges(self.program, id).into_iter().map(|(when, to)| {
            let to = to.index();
            if when.is_empty() { json!({ "to": to }) } else { json!({ "to": to, "when": when }) }
        });
        let mut value = Map::new();
        value.insert("id".into(), json!(id.index()));
        value.insert("line".into(), json!((self.line)(state.span)));
        value.insert("verb".into(), json!(verb(&state.op)));
        value.insert("transitions".into(), transitions.collect());
        let detail = match &state.op {
            Op::Connect(connect) => self.connect(connect),
            Op::Borrow { pool, timer } => self.borrow(*pool, *timer),
            Op::Send { message, publish } => json!({ "send": message, "publish": publish }),
            Op::Expect(expect) => self.expect("where", expect),
            Op::Gather(gather) => self.gather(gather),
            Op::Request(request) => {
                let mut detail = json!({ "send": request.send, "publish": request.publish });
                merge(&mut detail, self.expect("reply", &request.reply));
                let key = request.key.as_ref();
                let key = key
                    .map(|key| json!({ "path": key.path.source(), "value": key.value, "own": key.is_own }));
                let is_awaited = request.in_flight.is_none();
                let in_flight = request.in_flight;
                merge(&mut detail, json!({ "key": key, "await": is_awaited, "in_flight": in_flight }));
                detail
            }
            Op::Http(http) => self.http(http),
            Op::Think(think) => json!({ "think": pause(*think) }),
            Op::Enter(repeat) => json!({ "loop": { "index": repeat.index.to_string() } }),
            Op::Test { repeat, .. } => json!({ "loop": self.test(repeat) }),
            Op::Ping(ping) => self.wait(ping.within, ping.timer),
            Op::ExpectClose(expected) => {
                let reason = expected.reason.as_ref();
                let reason = reason.map(|reason| self.conditions(&reason.instructions()));
                let mut detail = json!({ "code": expected.code, "reason": reason });
                merge(&mut detail, self.wait(expected.within, expected.timer));
                detail
            }
            Op::If { condition, .. } => json!({ "when": self.conditions(&condition.instructions()) }),
            Op::Choose(choose) => weights(choose),
            Op::Close(close) => {
                json!({ "code": close.code, "reason": close.reason, "within_s": close.within.as_secs_f64() })
            }
            Op::Set(values) => self.assignments(values),
            Op::Log(line) => json!({ "log": line }),
            Op::Fail(reason) => json!({ "fail": reason }),
            Op::Barrier(at) => self.barrier(at),
            Op::Stop(stop) => json!({ "stop": stop.word() }),
            Op::EnterGroup { entered } => self.group(*entered, None),
            Op::LeaveGroup { entered, timer } => self.group(*entered, Some(*timer)),
            Op::Audience(audience) => {
                let word = if audience.enters { "enter" } else { "leave" };
                json!({ word: audience.stream.index(), "to": audience.group })
            }
            Op::AwaitAll { .. } | Op::GiveBack | Op::Return | Op::End => json!({}),
        };
        if let Value::Object(detail) = detail {
            value.extend(detail);
        }
        if state.op.is_of_connection() {
            value.insert("connection".into(), json!(state.link.index()));
        }
        if let Some(due) = state.due {
            let timer = |timer: Option<TimerId>| timer.map(|timer| &self.program.timers[timer.index()]);
            value.insert("due".into(), json!({ "delay": timer(due.delay), "intended": timer(due.intended) }));
        }
        Value::Object(value)
    }

    fn barrier(self, at: &AtBarrier) -> Value {
        let mut detail = json!({ "barrier": at.barrier.index() });
        merge(&mut detail, self.wait(at.within, at.timer));
        detail
    }

    fn assignments(self, values: &[(SlotId, Expr)]) -> Value {
        json!({ "set": values.iter().map(|(slot, value)| self.assignment(*slot, value)).collect::<Vec<_>>() })
    }

    fn group(self, entered: SlotId, timer: Option<TimerId>) -> Value {
        let timer = timer.map(|timer| &self.program.timers[timer.index()]);
        json!({ "group": { "since": entered.to_string(), "timer": timer } })
    }

    fn reaction(self, index: usize) -> Value {
        let reaction: &Reaction = &self.program.reactions[index];
        let (echo, send) = match &reaction.answer {
            Answer::None => (false, None),
            Answer::Echo => (true, None),
            Answer::Send(message) => (false, Some(message)),
        };
        json!({
            "id": index,
            "connection": reaction.on.map(LinkId::index),
            "line": (self.line)(reaction.span),
            "when": self.conditions(&reaction.when.instructions()),
            "capture": self.captures(&reaction.captures),
            "deliver": reaction.deliver.map(StreamId::index),
            "echo": echo,
            "send": send,
            "log": reaction.log,
            "fail": reaction.fail,
        })
    }

    fn borrow(self, pool: PoolId, timer: TimerId) -> Value {
        json!({ "pool": pool.index(), "timer": self.program.timers[timer.index()] })
    }

    fn pool(self, pool: &Pool) -> Value {
        json!({
            "name": pool.name,
            "size": pool.size,
            "acquire_timeout_s": pool.acquire_timeout.as_secs_f64(),
            "connect": self.connect(&pool.connect),
        })
    }

    fn connect(self, connect: &Connect) -> Value {
        let timer = |id: TimerId| &self.program.timers[id.index()];
        let mut detail = json!({
            "url": connect.url,
            "path": connect.path,
            "query": pairs(&connect.query),
        });
        merge(&mut detail, self.upgrade(connect));
        let more = json!({
            "deflate": connect.deflate.map(|deflate| json!({
                "client_no_context_takeover": deflate.client_no_context_takeover,
                "server_no_context_takeover": deflate.server_no_context_takeover,
                "client_max_window_bits": deflate.client_max_window_bits,
                "server_max_window_bits": deflate.server_max_window_bits,
                "required": deflate.required,
            })),
            "within_s": connect.timeout.as_secs_f64(),
            "reconnect": connect.reconnect.map(|reconnect| json!({
                "attempts": reconnect.attempts,
                "delay_s": reconnect.delay.as_secs_f64(),
                "factor": reconnect.factor,
                "max_delay_s": reconnect.max_delay.as_secs_f64(),
                "jitter": reconnect.jitter,
                "then": reconnect.then.word(),
                "timer": timer(reconnect.timer),
            })),
            "timers": {
                "dns": timer(connect.timers.dns),
                "tcp": timer(connect.timers.tcp),
                "proxy": connect.timers.proxy.map(timer),
                "tls": connect.timers.tls.map(timer),
                "upgrade": timer(connect.timers.upgrade),
                "total": timer(connect.timers.total),
                "failover": connect.timers.failover.map(timer),
            },
        });
        merge(&mut detail, more);
        detail
    }

    fn expect(self, filter: &str, expect: &Expect) -> Value {
        json!({
            filter: self.conditions(&expect.filter.instructions()),
            "assert": expect.assert.as_ref().map(|assert| self.conditions(&assert.instructions())),
            "capture": self.captures(&expect.captures),
            "deliver": expect.deliver.map(StreamId::index),
            "within_s": expect.within.as_secs_f64(),
            "timer": self.program.timers[expect.timer.index()],
        })
    }

    fn wait(self, within: Duration, timer: TimerId) -> Value {
        json!({ "within_s": within.as_secs_f64(), "timer": self.program.timers[timer.index()] })
    }

    fn gather(self, gather: &Gather) -> Value {
        let wanted = gather.wanted.iter().map(|wanted| {
            json!({
                "where": self.conditions(&wanted.filter.instructions()),
                "assert": wanted.assert.as_ref().map(|assert| self.conditions(&assert.instructions())),
                "capture": self.captures(&wanted.captures),
                "deliver": wanted.deliver.map(StreamId::index),
            })
        });
        let mut detail = json!({
            "wanted": wanted.collect::<Vec<_>>(),
            "within_s": gather.within.as_secs_f64(),
            "timer": gather.timer.map(|timer| &self.program.timers[timer.index()]),
        });
        merge(
            &mut detail,
            match gather.quota {
                Quota::Count(count) => json!({ "count": count }),
                Quota::EachOnce => json!({ "any_order": true }),
                Quota::AtMost(most) => json!({ "at_most": most }),
            },
        );
        detail
    }

    fn test(self, repeat: &Repeat) -> Value {
        let mut test = json!({ "index": repeat.index.to_string() });
        merge(
            &mut test,
            match &repeat.until {
                Until::Times(times) => json!({ "times": times }),
                Until::For(length, entered) => {
                    json!({ "for_s": length.as_secs_f64(), "since": entered.to_string() })
                }
                Until::Forever => json!({ "forever": true }),
                Until::While(condition) => json!({ "while": self.conditions(&condition.instructions()) }),
                Until::Over(over) => {
                    let item = over.item.map(|slot| slot.to_string());
                    let items = match &over.items {
                        Items::Known(items) => {
                            json!({ "items": items.iter().map(crate::program::Value::to_json).collect::<Vec<_>>() })
                        }
                        Items::Rows(used) => json!({ "rows": data_use(used) }),
                        Items::Of { list, kept, rest } => {
                            json!({ "list": list, "kept": kept.to_string(), "rest": rest.to_string() })
                        }
                    };
                    json!({ "over": items, "as": item })
                }
            },
        );
        if let Some(pace) = repeat.pace {
            let every = pace.every.as_secs_f64();
            merge(&mut test, json!({ "every_s": every, "since": pace.entered.to_string() }));
        }
        test
    }

    fn assignment(self, slot: SlotId, value: &Expr) -> Value {
        json!({ "slot": slot.to_string(), "name": self.program.slots[slot.index()], "value": value })
    }

    pub(super) fn conditions(self, conditions: &[Instruction<'_>]) -> Value {
        conditions.iter().map(|condition| with_line(json!(condition), (self.line)(condition.span))).collect()
    }

    fn captures(self, captures: &[Capture]) -> Value {
        captures.iter().map(|capture| with_line(json!(capture), (self.line)(capture.span))).collect()
    }
}

/// A text, or where there are several the list of them and their order.
fn target(program: &Program) -> Value {
    match &program.target {
        Target::Several(targets) if !program.is_target_secret => {
            let urls: Vec<String> = targets.urls.iter().map(ToString::to_string).collect();
            json!({ "urls": urls, "order": targets.order.word() })
        }
        _ => json!(program.shown_target()),
    }
}

fn weights(choose: &Choose) -> Value {
    json!({ "weights": choose.arms.iter().map(|(weight, _)| *weight).collect::<Vec<_>>() })
}

fn barrier(barrier: &Barrier) -> Value {
    json!({ "name": barrier.name, "users": barrier.user_count })
}

fn with_line(mut value: Value, line: u32) -> Value {
    value["line"] = json!(line);
    value
}

fn merge(into: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more);
    }
}

fn pause(think: Think) -> Value {
    match think {
        Think::Fixed(pause) => json!({ "fixed_s": pause.as_secs_f64() }),
        Think::Between(low, high) => json!({ "between_s": [low.as_secs_f64(), high.as_secs_f64()] }),
        Think::Normal { mean, stddev } => {
            json!({ "normal": { "mean_s": mean.as_secs_f64(), "stddev_s": stddev.as_secs_f64() } })
        }
        Think::Exponential { mean } => json!({ "exponential": { "mean_s": mean.as_secs_f64() } }),
    }
}
