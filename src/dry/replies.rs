//! What the obliging server says: the reply to a request, and what a step waits for.

use super::made::{Asked, Made, Unmade, Uses};
use crate::machine::matching::matches;
use crate::machine::{Message, Scope, Wait};
use crate::program::{ExpectClose, Gather, LinkId, Matcher, Op, Program, Quota, Reaction, StateId, StreamId};

/// What is said to a user that waits.
pub(super) enum Said {
    Message(Made),
    /// With a code, and a reason.
    Close(u16, String),
}

/// The reply to what a state sent; `None` where it is no request.
pub(super) fn reply_to(
    (program, uses): (&Program, &Uses<'_>),
    state: StateId,
    scope: &mut Scope<'_>,
) -> Option<Result<Made, Unmade>> {
    let Op::Request(request) = &program.state(state).op else { return None };
    let reply = &request.reply;
    let asked = Asked {
        matchers: [&reply.filter].into_iter().chain(&reply.assert).collect(),
        captures: reply.captures.iter().collect(),
        paths: request.key.iter().map(|key| &key.path).collect(),
    };
    Some(asked.make(uses, scope))
}

/// What a step waits for next, of a scenario with these reactions; `None` where nothing is to come.
pub(super) fn answer_to(
    (program, uses): (&Program, &Uses<'_>),
    (wait, reactions): (Wait, &[Reaction]),
    scope: &mut Scope<'_>,
) -> Option<Result<Said, Unmade>> {
    let state = program.state(wait.state);
    let asked = match &state.op {
        Op::Expect(expect) => Asked {
            matchers: [&expect.filter].into_iter().chain(&expect.assert).collect(),
            captures: expect.captures.iter().collect(),
            paths: key_of(program, expect.deliver),
        },
        Op::Gather(gather) => of_gather(program, gather, wait.taken)?,
        Op::ExpectClose(expected) => return Some(goodbye(expected, uses, scope)),
        _ => return None,
    };
    let made = asked.make(uses, scope).and_then(|made| {
        let is_taken = takes(reactions, state.link, &Message::new(made.payload()), scope);
        if is_taken { Err(Unmade::Taken) } else { Ok(Said::Message(made)) }
    });
    Some(made)
}

/// Whether a reaction has a message before the step does.
fn takes(reactions: &[Reaction], link: LinkId, message: &Message<'_>, scope: &mut Scope<'_>) -> bool {
    let mut on_link = reactions.iter().filter(|reaction| reaction.on.is_none_or(|on| on == link));
    on_link.any(|reaction| matches(&reaction.when, message, scope))
}

fn of_gather<'p>(program: &'p Program, gather: &'p Gather, taken: u64) -> Option<Asked<'p>> {
    let wanted = match gather.quota {
        Quota::Count(count) => gather.wanted.first().filter(|_| taken < count),
        Quota::EachOnce => {
            let mut wanted = gather.wanted.iter().enumerate();
            wanted.find(|(which, _)| taken >> which & 1 == 0).map(|(_, wanted)| wanted)
        }
        // The less of those, the better.
        Quota::AtMost(_) => None,
    }?;
    Some(Asked {
        matchers: [&wanted.filter].into_iter().chain(&wanted.assert).collect(),
        captures: wanted.captures.iter().collect(),
        paths: key_of(program, wanted.deliver),
    })
}

/// Where a copy of a message says of which it is one.
fn key_of(program: &Program, stream: Option<StreamId>) -> Vec<&crate::program::Path> {
    stream.iter().map(|stream| &program.streams[stream.index()].key).collect()
}

fn goodbye(expected: &ExpectClose, uses: &Uses<'_>, scope: &mut Scope<'_>) -> Result<Said, Unmade> {
    let code = expected.code.unwrap_or(1000);
    let Some(matcher) = &expected.reason else { return Ok(Said::Close(code, String::new())) };
    let asked = Asked { matchers: vec![matcher as &Matcher], ..Asked::default() };
    let reason = asked.make(uses, scope)?.bytes;
    Ok(Said::Close(code, String::from_utf8_lossy(&reason).into_owned()))
}
