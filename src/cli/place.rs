//! From the place of an error in the program to the line of the plan.

use crate::diagnostic::Sources;
use crate::program::Program;
use crate::report::Place;

/// The line that a place came from, and the timer whose operation it is. Reactions come behind the states, and
/// streams behind those.
pub(super) fn resolve(program: &Program, sources: &Sources, place: u32) -> Option<Place> {
    let index = usize::try_from(place).ok()?;
    let (state_count, reaction_count) = (program.states.len(), program.reactions.len());
    let (span, timer) = if let Some(state) = program.states.get(index) {
        (state.span, state.op.timer())
    } else if let Some(reaction) = program.reactions.get(index - state_count) {
        (reaction.span, None)
    } else {
        let stream = program.streams.get(index - state_count - reaction_count)?;
        (stream.span, Some(stream.timer))
    };
    Some(Place {
        file: sources.file(span.file).name().to_owned(),
        line: sources.start(span).line,
        timer: timer.map(|timer| program.timers[timer.index()].clone()),
    })
}
