//! From the place of an error in the program to the line of the plan.

use crate::diagnostic::Sources;
use crate::program::{Op, Program};
use crate::report::Place;

/// The line that a place came from, and the timer whose operation it is. Reactions come behind the states.
pub(super) fn resolve(program: &Program, sources: &Sources, place: u32) -> Option<Place> {
    let index = usize::try_from(place).ok()?;
    let (span, timer) = match program.states.get(index) {
        Some(state) => {
            let timer = match &state.op {
                Op::Connect(connect) => Some(connect.timers.total),
                Op::Expect(expect) => Some(expect.timer),
                Op::Gather(gather) => gather.timer,
                Op::Request(request) => Some(request.reply.timer),
                _ => None,
            };
            (state.span, timer)
        }
        None => (program.reactions.get(index - program.states.len())?.span, None),
    };
    Some(Place {
        file: sources.file(span.file).name().to_owned(),
        line: sources.start(span).line,
        timer: timer.map(|timer| program.timers[timer.index()].clone()),
    })
}
