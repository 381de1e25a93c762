//! Lowering of `every`: when a loop's rounds are due, and which of its steps are measured from then.

use std::ops::Range;
use std::time::Duration;

use super::Compiler;
use super::flow::{Effect, Flow, Rounds};
use super::scenario::Context;
use crate::diagnostic::{Diagnostic, Span, codes};
use crate::plan::model;
use crate::program::{DueTimers, Op, Pace};

impl Compiler<'_, '_> {
    /// When a loop's rounds are due, inside the loop as far as names go.
    pub(super) fn pace(&mut self, repeat: &model::Repeat) -> Option<Pace> {
        let every = repeat.every?;
        if every.value.is_zero() {
            self.diagnostics.push(
                Diagnostic::new(codes::OUT_OF_RANGE, "`every` is above zero")
                    .label(every.span, "all rounds would be due at once")
                    .help("leave it out, and each round follows the one before at once"),
            );
            return None;
        }
        Some(Pace { every: every.value, entered: self.names.loop_entered() })
    }

    /// The timers of a state whose step may be the first to send or to wait in a paced round. It takes the round's due
    /// time: those behind it have none.
    pub(super) fn due_timers(&mut self, state: usize, name: &str, context: &mut Context<'_>) {
        if !context.is_due {
            return;
        }
        // Of a step that was reported there is no state.
        let (sends, intended) = match self.states.get(state).map(|state| &state.op) {
            Some(Op::Send { .. }) => (true, None),
            Some(Op::Request(_)) => (true, Some("rtt_intended")),
            Some(Op::Ping(_)) => (true, Some("rtt_intended")),
            Some(Op::Expect(_) | Op::ExpectClose(_)) => (false, Some("wait_intended")),
            Some(Op::Http(_)) => (false, Some("total_intended")),
            Some(Op::Gather(gather)) => (false, gather.timer.map(|_| "wait_intended")),
            _ => return,
        };
        let intended = intended.map(|of| self.timer(format!("{name}.{of}")));
        let delay = sends.then(|| self.timer(format!("{name}.send_delay")));
        self.states[state].due = (sends || intended.is_some()).then_some(DueTimers { delay, intended });
        context.is_due = false;
    }

    /// Remembers a loop for whoever counts the rounds that it is cut off from, where these would have sent.
    pub(super) fn paced_loop(&mut self, states: Range<usize>) {
        let sends = |due: DueTimers| due.delay.is_some();
        if self.states[states.clone()].iter().any(|state| state.due.is_some_and(sends)) {
            self.paced.push(states);
        }
    }
}

/// How many rounds are due before a time is over.
pub(super) fn rounds_within(length: Duration, every: Duration) -> u64 {
    u64::try_from(length.as_nanos().div_ceil(every.as_nanos())).unwrap_or(u64::MAX)
}

/// As the lints see it, a loop of several paced rounds pauses between them.
pub(super) fn pause_between(span: Span, rounds: Rounds) -> Option<Flow> {
    let pause =
        Flow { span, verb: "loop", reads: Vec::new(), sets: Vec::new(), effect: Effect::Pause, link: None };
    (!matches!(rounds, Rounds::Exactly(0 | 1))).then_some(pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_that_is_due_at_the_very_end_is_not_run() {
        let ms = Duration::from_millis;
        for (length, every, rounds) in
            [(1000, 100, 10), (1001, 100, 11), (999, 100, 10), (100, 100, 1), (1, 100, 1), (0, 100, 0)]
        {
            assert_eq!(rounds_within(ms(length), ms(every)), rounds, "{length} every {every}");
        }
        assert_eq!(rounds_within(Duration::MAX, Duration::from_nanos(1)), u64::MAX);
    }
}
