//! What is said of steps, of who took a message, and of what is counted.

use crate::machine::{DeliveryEvent, Event, Taker};
use crate::program::{Op, Program, StateId, StreamId, TimerId};

/// The line of a step; `None` where what it does has a line that says more.
pub(super) fn step(program: &Program, state: StateId) -> Option<String> {
    let state = program.state(state);
    let word = state.op.word();
    let timer = |timer: TimerId| named(word, &program.timers[timer.index()]);
    let shown = match &state.op {
        // Where it goes, what is set, logged or wrong is said behind it.
        Op::Connect(_)
        | Op::Http(_)
        | Op::Test { .. }
        | Op::Set(_)
        | Op::Log(_)
        | Op::Fail(_)
        | Op::Audience(_)
        | Op::Return => return None,
        Op::Request(request) => timer(request.reply.timer),
        Op::Expect(expect) => timer(expect.timer),
        Op::Gather(gather) => gather.timer.map_or_else(|| word.to_owned(), timer),
        Op::Ping(ping) => timer(ping.timer),
        Op::ExpectClose(expected) => timer(expected.timer),
        Op::Barrier(at) => format!("{word} {}", program.barriers[at.barrier.index()].name),
        Op::Borrow { pool, .. } => format!("{word} {}", program.pools[pool.index()].name),
        Op::GiveBack => "the borrowed connection is given back".to_owned(),
        Op::AwaitAll { .. } => word.to_owned(),
        Op::Enter(_) => "loop".to_owned(),
        Op::EnterGroup { .. } => "group".to_owned(),
        Op::LeaveGroup { .. } => "the group is over".to_owned(),
        Op::End => "the steps are done".to_owned(),
        Op::Send { .. } | Op::Think(_) | Op::If { .. } | Op::Choose(_) | Op::Close(_) | Op::Stop(_) => {
            word.to_owned()
        }
    };
    Some(shown)
}

/// A step by its verb, and its name where the plan gives it one: `request say`.
fn named(word: &str, timer: &str) -> String {
    let name = timer.rsplit_once('.').map_or(timer, |(name, _)| name);
    let is_made_up = name.contains(&format!(".{word}-"));
    if is_made_up { word.to_owned() } else { format!("{word} {name}") }
}

/// A slot as the plan calls it.
pub(super) fn slot_name(name: &str) -> &str {
    let name = name.strip_prefix("loop.row.").unwrap_or(name);
    name.split_once('@').map_or(name, |(name, _)| name)
}

pub(super) fn taker(by: Taker, program: &Program) -> String {
    match by {
        Taker::Request(_) => "matched by the request".to_owned(),
        Taker::Expect(_) => "matched by the expect".to_owned(),
        Taker::Kept(_) => "matched by the expect, from the inbox".to_owned(),
        Taker::Reaction(reaction) => {
            let before = program.scenarios.iter().map(|scenario| scenario.reactions.start);
            let first = before.filter(|first| *first <= reaction.index()).max().unwrap_or(0);
            format!("matched by reaction {}", reaction.index() - first + 1)
        }
        Taker::Inbox => "kept in the inbox".to_owned(),
        Taker::Dropped => "the full inbox let go of a message".to_owned(),
        Taker::Left => "left in the inbox".to_owned(),
        Taker::Nobody => "matched by nothing".to_owned(),
    }
}

/// What is counted and has no other line.
pub(super) fn event(event: Event) -> Option<String> {
    let words = match event {
        Event::FailedOver => "another target took the place of the first",
        Event::Reconnected => "the connection stands again",
        Event::IterationEnded { failed: false } => "the iteration is over",
        Event::IterationEnded { failed: true } => "the iteration is over, and has failed",
        Event::OutOfData => "there is no row left",
        Event::PacedSend { is_late: true } => "it was sent late",
        Event::RequestThrottled => "as many requests are pending as may be",
        Event::ReplyLate => "that reply came late",
        Event::ReplyDuplicated => "that reply had come before",
        Event::SendsMissed(count) => return Some(format!("messages that were due and not sent: {count}")),
        Event::RepliesMissing(count) => return Some(format!("replies that never came: {count}")),
        Event::OperationEnded
        | Event::Unmatched(_)
        | Event::InboxDropped
        | Event::PacedSend { is_late: false }
        | Event::FetchFailed
        | Event::RequestSent => return None,
    };
    Some(words.to_owned())
}

/// What a stream is told.
pub(super) fn delivery(event: DeliveryEvent<'_>, program: &Program) -> Option<String> {
    let name =
        |stream: StreamId| program.streams.get(stream.index()).map_or("?", |stream| stream.name.as_str());
    let words = match event {
        DeliveryEvent::Published { stream, shown, .. } => {
            format!("published to {}: {}", name(stream), program.secrets.hide(shown, false))
        }
        DeliveryEvent::Delivered { stream, .. } => format!("delivered by {}", name(stream)),
        DeliveryEvent::Entered { stream, .. } => format!("entered an audience of {}", name(stream)),
        DeliveryEvent::Left { stream, .. } => format!("left an audience of {}", name(stream)),
        DeliveryEvent::CutOff { stream, .. } => format!("cut off from an audience of {}", name(stream)),
        DeliveryEvent::CutOffFromAll => "cut off from all audiences".to_owned(),
        DeliveryEvent::Gone => return None,
    };
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_slots_are_called_as_the_plan_calls_them() {
        assert_eq!(named("request", "say.rtt"), "request say");
        assert_eq!(named("expect", "user.expect-2.wait"), "expect");
        assert_eq!(named("expect", "a.b.wait"), "expect a.b");
        assert_eq!(slot_name("loop.index@1"), "loop.index");
        assert_eq!(slot_name("loop.row.account.name@0.2"), "account.name");
        assert_eq!(slot_name("session"), "session");
    }
}
