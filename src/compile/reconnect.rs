//! Lowering of what a `connect` says of the time behind it: `reconnect` and `on_connected`.

use std::time::Duration;

use super::Compiler;
use super::flow::Flow;
use super::scenario::Context;
use crate::diagnostic::{Diagnostic, codes};
use crate::plan::model::{self, Step};
use crate::program::{AfterReconnect, Op, Reconnect, StateId};

impl Compiler<'_, '_> {
    pub(super) fn reconnect(&mut self, reconnect: &model::Reconnect, name: &str) -> Reconnect {
        let delay = reconnect.delay.map_or(Duration::from_millis(200), |delay| delay.value);
        let max_delay = reconnect.max_delay.map_or(Duration::from_secs(10).max(delay), |delay| delay.value);
        if let Some(written) = reconnect.max_delay.filter(|_| max_delay < delay) {
            let mut diagnostic = Diagnostic::new(codes::OUT_OF_RANGE, "`max_delay` is below the first delay")
                .label(written.span, "the longest pause")
                .help("write a longer one, or leave it out");
            if let Some(delay) = reconnect.delay {
                diagnostic = diagnostic.label(delay.span, "the first pause");
            }
            self.diagnostics.push(diagnostic);
        }
        let restarts = reconnect.restarts.is_some_and(|restarts| restarts.value);
        Reconnect {
            attempts: reconnect.attempts.map_or(5, |count| u32::try_from(count.value).unwrap_or(u32::MAX)),
            delay,
            factor: reconnect.factor.unwrap_or(2.0),
            max_delay,
            jitter: reconnect.jitter.unwrap_or(0.5),
            then: if restarts { AfterReconnect::Restart } else { AfterReconnect::Resume },
            timer: self.timer(format!("{name}.reconnect")),
        }
    }

    /// What is done once the connection stands that the state `at` opens: the audiences that are entered with it, whose
    /// states are there already, then its own steps. Where that may happen again it is a block, which leads back to where
    /// the user was.
    pub(super) fn behind_connect(
        &mut self,
        step: &Step,
        connect: &model::Connect,
        at: StateId,
        context: &mut Context<'_>,
    ) -> Vec<Flow> {
        if connect.reconnect.is_none() && connect.on_connected.is_empty() {
            return Vec::new();
        }
        let entry = StateId::new(at.index() + 1);
        let link = self.links.present;
        // It may run in the middle of a round, and of any loop.
        let was_due = std::mem::take(&mut context.is_due);
        let outer = self.names.enter_block(entry.index());
        let around = self.links.block.replace(link);
        let flows = self.steps(&connect.on_connected, context);
        (self.links.block, self.links.present) = (around, link);
        self.names.leave_block(outer);
        context.is_due = was_due;
        if self.states.len() > entry.index() {
            let back = self.emit(Op::Return, step.span);
            self.states[back.index()].next = back;
            self.states[at.index()].next = StateId::new(self.states.len());
            if let Op::Connect(connect) = &mut self.states[at.index()].op {
                connect.on_connected = Some(entry);
            }
        }
        flows
    }
}
