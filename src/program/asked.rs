//! Which simple paths a message may be asked for in each state: those of the state itself, of its scenario's
//! reactions, and of the replies that may be pending. What is missing here is still answered, from a tree, which costs more.

use std::sync::Arc;

use super::capture::Capture;
use super::gather::Wanted;
use super::matcher::Matcher;
use super::{Expect, Op, Path, PathSet, Reaction, Scenario, State, Stream, StreamId};

/// The paths for each state. States of a scenario that ask for nothing of their own share a set.
pub(crate) fn asked(
    scenarios: &[Scenario],
    states: &[State],
    reactions: &[Reaction],
    streams: &[Stream],
) -> Vec<Arc<PathSet>> {
    let key = |stream: Option<StreamId>| stream.and_then(|id| streams.get(id.index())).map(|s| &s.key);
    let mut asked = Vec::with_capacity(states.len());
    // In the order of their states: a setup has the first of these and comes behind the others in the list.
    let mut scenarios: Vec<&Scenario> = scenarios.iter().collect();
    scenarios.sort_by_key(|scenario| scenario.entry);
    let ends = scenarios.iter().skip(1).map(|next| next.entry.index()).chain([states.len()]);
    for (scenario, end) in scenarios.iter().zip(ends) {
        let mut always = Vec::new();
        for Reaction { when, captures, deliver, .. } in &reactions[scenario.reactions.clone()] {
            of_message(when, None, captures, &mut always);
            always.extend(key(*deliver));
        }
        let own = &states[scenario.entry.index()..end];
        // Replies come in any state: what tells whose they are is asked for in all, and all of those not waited for.
        always.extend(&scenario.reply_paths);
        for state in own {
            if let Op::Request(request) = &state.op
                && request.in_flight.is_some()
            {
                of_expect(&request.reply, &mut always);
            }
        }
        let shared = Arc::new(PathSet::new(always.iter().copied()));
        asked.extend(own.iter().map(|state| {
            let mut paths = Vec::new();
            of_op(&state.op, &key, &mut paths);
            if paths.is_empty() {
                return Arc::clone(&shared);
            }
            paths.extend(&always);
            Arc::new(PathSet::new(paths))
        }));
    }
    asked
}

fn of_op<'p>(op: &'p Op, key: &dyn Fn(Option<StreamId>) -> Option<&'p Path>, paths: &mut Vec<&'p Path>) {
    match op {
        Op::Expect(expect) => {
            of_expect(expect, paths);
            paths.extend(key(expect.deliver));
        }
        Op::Request(request) => of_expect(&request.reply, paths),
        Op::Gather(gather) => {
            for Wanted { filter, assert, captures, deliver } in &gather.wanted {
                of_message(filter, assert.as_ref(), captures, paths);
                paths.extend(key(*deliver));
            }
        }
        Op::Connect(_)
        | Op::Borrow { .. }
        | Op::GiveBack
        | Op::Send { .. }
        | Op::Http(_)
        | Op::AwaitAll { .. }
        | Op::Think(_)
        | Op::Enter(_)
        | Op::Test { .. }
        | Op::Ping(_)
        | Op::ExpectClose(_)
        | Op::If { .. }
        | Op::Choose(_)
        | Op::Close(_)
        | Op::Set(_)
        | Op::Log(_)
        | Op::Barrier(_)
        | Op::Fail(_)
        | Op::Stop(_)
        | Op::EnterGroup { .. }
        | Op::LeaveGroup { .. }
        | Op::Audience(_)
        | Op::Return
        | Op::End => {}
    }
}

fn of_expect<'p>(expect: &'p Expect, paths: &mut Vec<&'p Path>) {
    of_message(&expect.filter, expect.assert.as_ref(), &expect.captures, paths);
}

/// What one message may be asked for in turn.
fn of_message<'p>(
    filter: &'p Matcher,
    assert: Option<&'p Matcher>,
    captures: &'p [Capture],
    paths: &mut Vec<&'p Path>,
) {
    for matcher in [filter].into_iter().chain(assert) {
        paths.extend(matcher.paths());
    }
    paths.extend(captures.iter().filter_map(Capture::path));
}
