//! Lowering of loops: a state that enters, a test before each round, and the steps, which lead back to the test.

use super::over::item_set;
use super::{excuse_absent, redirect};
use crate::compile::Compiler;
use crate::compile::flow::{Effect, Flow, Rounds};
use crate::compile::pace::{pause_between, rounds_within};
use crate::compile::scenario::Context;
use crate::diagnostic::Span;
use crate::plan::model;
use crate::program::{Op, Pace, Repeat, SlotId, StateId, Until};

impl Compiler<'_, '_> {
    pub(super) fn repeat(&mut self, span: Span, repeat: &model::Repeat, context: &mut Context<'_>) -> Flow {
        let index = self.names.enter_loop();
        let pace = self.pace(repeat);
        let name = match &repeat.until {
            model::Until::Over { item, .. } => item.as_ref(),
            _ => None,
        };
        let item = name.map(|name| self.define(name));
        let (until, rounds) = self.until(span, repeat, item, pace);
        let mut reads = self.names.take_reads();
        if let model::Until::While(condition) = &repeat.until {
            excuse_absent(&mut reads, condition);
        }
        let item = item_set(item, name);
        let enter = self.emit(Op::End, span);
        let test = self.emit(Op::End, span);
        let body = StateId::new(self.states.len());
        let was_due = context.is_due;
        context.is_due |= pace.is_some();
        let mut flow = self.steps(&repeat.steps, context);
        context.is_due = was_due && (rounds.may_be_none() || pace.is_none() && context.is_due);
        self.names.leave_loop();
        let until = self.taken_of_rows(until);
        let exit = StateId::new(self.states.len());
        redirect(&mut self.states[body.index()..], exit, test);
        let repeat_op = Repeat { index, until, pace };
        self.states[enter.index()].op = Op::Enter(repeat_op.clone());
        self.states[test.index()].op =
            Op::Test { repeat: repeat_op, body: if body == exit { test } else { body } };
        self.states[test.index()].next = exit;
        if pace.is_some() {
            self.paced_loop(test.index()..exit.index());
            flow.splice(..0, pause_between(span, rounds));
        }
        flow.splice(..0, item);
        Flow {
            span,
            verb: "loop",
            reads,
            sets: Vec::new(),
            effect: Effect::Repeat { rounds, body: flow },
            link: None,
        }
    }

    fn until(
        &mut self,
        span: Span,
        repeat: &model::Repeat,
        item: Option<SlotId>,
        pace: Option<Pace>,
    ) -> (Until, Rounds) {
        match &repeat.until {
            model::Until::Times(times) => (Until::Times(times.value), Rounds::Exactly(times.value)),
            model::Until::For(length) if length.value.is_zero() => (Until::Times(0), Rounds::Exactly(0)),
            model::Until::For(length) => match pace {
                Some(pace) => {
                    let rounds = rounds_within(length.value, pace.every);
                    (Until::Times(rounds), Rounds::Exactly(rounds))
                }
                None => (Until::For(length.value, self.names.loop_entered()), Rounds::Timed),
            },
            model::Until::Forever => (Until::Forever, Rounds::Endless),
            model::Until::While(condition) => (Until::While(self.condition(condition)), Rounds::Conditional),
            model::Until::Over { list, .. } => self.over(list, item),
            model::Until::Rows { file, item } => self.rows(file, item.as_ref()),
            model::Until::Invalid => {
                self.understood::<()>(None, span);
                (Until::Forever, Rounds::Unknown)
            }
        }
    }
}
