//! Lowering of scenarios: steps to states, in order, so that a state's next is the one behind it except at the end of
//! a loop's body.

use std::collections::HashMap;

use super::Compiler;
use super::flow::{self, Effect, Flow, ReactionFlow, ScenarioFlow, Touch};
use super::gather::gathered;
use crate::diagnostic::{Diagnostic, Severity, Span, codes};
use crate::plan::model::{self, Step, Verb};
use crate::program::{
    Answer, Capture, Expect, LinkId, Matcher, OnFailure, Op, Path, Reaction, Scenario, SlotId, State,
    StateId, StreamId, Think, TimerId,
};

/// Counts the unnamed steps of a scenario, verb by verb, to name them by their place.
type Unnamed = HashMap<&'static str, usize>;

/// What of the scenario at hand every step's lowering needs.
pub(super) struct Context<'s> {
    scenario: &'s str,
    /// The scenario's place in the plan.
    pub(super) place: usize,
    always: &'s [Reaction],
    unnamed: Unnamed,
    /// Whether the step at hand may be the first that sends or waits in a round of a paced loop.
    pub(super) is_due: bool,
    /// Where the keys of replies stand, each path once.
    pub(super) reply_paths: Vec<Path>,
    /// The audiences that its users enter with every connect, or with that of one connection.
    implied: Vec<(StreamId, Option<LinkId>)>,
    /// Whether the steps go on after one has failed.
    pub(super) continues_after_failure: bool,
    /// How many groups the step at hand is in.
    pub(super) group_depth: usize,
    /// What keeps when groups were entered.
    pub(super) groups: Vec<SlotId>,
}

impl Compiler<'_, '_> {
    /// Lowers a scenario, adding its states and, to `reactions`, its reactions.
    pub(super) fn scenario(&mut self, scenario: &model::Scenario, reactions: &mut Vec<Reaction>) -> Scenario {
        let initial = self.names.enter_scenario();
        let on_failure = self.on_failure(scenario.on_failure);
        self.learn_links(&scenario.steps);
        let mut flow = ScenarioFlow {
            links: self.links.shown(),
            are_links_unclear: self.links.is_unclear(),
            initial: initial.iter().map(|(slot, _)| *slot).chain(self.shared.iter().copied()).collect(),
            continues_after_failure: on_failure == OnFailure::Continue,
            ..ScenarioFlow::default()
        };
        let first_reaction = reactions.len();
        for reaction in &scenario.always {
            let lowered = self.reaction(reaction);
            let (reads, sets) = (self.names.take_reads(), touches(&lowered.captures));
            flow.reactions.push(ReactionFlow { on: lowered.on, reads, sets });
            reactions.push(lowered);
        }
        let implied = self.implied_audiences(scenario);
        let first_state = self.states.len();
        let always = &reactions[first_reaction..];
        let mut context = Context {
            scenario: &scenario.name.text,
            place: self.names.scenario_place(),
            always,
            unnamed: Unnamed::new(),
            is_due: false,
            reply_paths: Vec::new(),
            implied,
            continues_after_failure: flow.continues_after_failure,
            group_depth: 0,
            groups: Vec::new(),
        };
        flow.steps = self.steps(&scenario.steps, &mut context);
        let Context { reply_paths, groups, .. } = context;
        flow.excused = self.names.excused();
        let end = self.emit(Op::End, scenario.name.span);
        self.states[end.index()].next = end;
        let checked = flow::check(&flow, self.names.slot_names(), self.diagnostics);
        self.certain = checked.certain;
        self.sets.extend(checked.sets);
        Scenario {
            name: scenario.name.text.clone(),
            entry: StateId::new(first_state),
            reactions: first_reaction..reactions.len(),
            paced: std::mem::take(&mut self.paced),
            groups,
            reply_paths,
            initial,
            data: self.names.data().take_uses(),
            on_failure,
            links: std::mem::take(&mut self.links).finish(&self.states[first_state..]),
            span: scenario.name.span,
        }
    }

    /// A scenario without a share of the users is never run; where none has one, nothing is.
    pub(super) fn weights(&mut self, plan: &model::Plan) {
        let zeros = || plan.scenarios.iter().filter_map(|s| s.weight).filter(|weight| weight.value == 0);
        if !plan.scenarios.is_empty() && zeros().count() == plan.scenarios.len() {
            let mut diagnostic = Diagnostic::new(codes::ZERO_WEIGHT, "no user can be given a scenario")
                .help("give at least one scenario a weight above 0");
            for weight in zeros() {
                diagnostic = diagnostic.label(weight.span, "a weight of zero");
            }
            self.diagnostics.push(diagnostic);
            return;
        }
        for weight in zeros() {
            self.diagnostics.push(
                Diagnostic::new(codes::ZERO_WEIGHT, "no user is given this scenario")
                    .severity(Severity::Warning)
                    .label(weight.span, "a weight of zero")
                    .help("give it a weight above 0, or remove it"),
            );
        }
    }

    pub(super) fn emit(&mut self, op: Op, span: Span) -> StateId {
        let id = StateId::new(self.states.len());
        self.states.push(State {
            op,
            next: StateId::new(self.states.len() + 1),
            span,
            due: None,
            link: self.links.present,
        });
        id
    }

    pub(super) fn steps(&mut self, steps: &[Step], context: &mut Context<'_>) -> Vec<Flow> {
        let mut flows = Vec::with_capacity(steps.len());
        for step in steps {
            if !matches!(step.verb, Verb::Send(_) | Verb::Request(_)) {
                self.no_publish(step);
            }
            let link = self.link_of(step);
            self.links.present = link.unwrap_or_default();
            let first = flows.len();
            let at = StateId::new(self.states.len());
            flows.extend(self.step(step, context));
            // The steps of a group know theirs.
            if !matches!(step.verb, Verb::Group(_) | Verb::Use(_) | Verb::Borrow(_)) {
                flows[first..].iter_mut().for_each(|flow| flow.link = link);
            }
            // Behind the steps of a block.
            self.links.present = link.unwrap_or_default();
            let first = flows.len();
            if let Verb::Connect(connect) = &step.verb
                && connect.expect_status.is_none()
            {
                flows.extend(self.implied(step.span, link, context));
            }
            flows.extend(self.audiences(step));
            flows[first..].iter_mut().for_each(|flow| flow.link = link);
            if let Verb::Connect(connect) = &step.verb {
                flows.extend(self.behind_connect(step, connect, at, context));
            }
        }
        flows
    }

    /// The audiences that are entered with a connection.
    pub(super) fn implied(&mut self, span: Span, link: Option<LinkId>, context: &Context<'_>) -> Vec<Flow> {
        let here = context.implied.iter().filter(|(_, on)| on.is_none() || *on == link);
        here.map(|(stream, _)| Flow { link, ..self.audience(true, *stream, span) }).collect()
    }

    fn step(&mut self, step: &Step, context: &mut Context<'_>) -> Vec<Flow> {
        let name = step_name(step, context);
        let state = self.states.len();
        let mut sets = Vec::new();
        let effect = match &step.verb {
            Verb::Connect(connect) => self.connect_step(step.span, connect, &name, &mut sets),
            Verb::Http(http) => self.http_step(step.span, http, &name, &mut sets),
            Verb::Send(body) => {
                let message = self.outgoing(body, step.span);
                let publish = self.publish(&step.modifiers, body);
                self.emit(Op::Send { message, publish }, step.span);
                Effect::Send
            }
            Verb::Expect(expect) => {
                let timer = self.timer(format!("{name}.wait"));
                let expect = self.expect(expect, timer);
                self.shadowed(step.span, &expect.filter, context.always);
                sets = touches(&expect.captures);
                self.emit(Op::Expect(Box::new(expect)), step.span);
                Effect::Receive
            }
            Verb::Gather(gather) => {
                let gather = self.gather(gather, &name, step.span, context.always);
                sets = gathered(&gather);
                self.emit(Op::Gather(Box::new(gather)), step.span);
                Effect::Receive
            }
            Verb::Request(request) => {
                let (lowered, effect) = self.request(request, step, &name, context);
                sets = touches(&lowered.reply.captures);
                self.emit(Op::Request(Box::new(lowered)), step.span);
                effect
            }
            Verb::AwaitAll => {
                let on = step.modifiers.on.as_ref().map(|_| self.links.present);
                self.emit(Op::AwaitAll { on }, step.span);
                Effect::AwaitAll
            }
            Verb::Think(think) => {
                let think = self.think(*think);
                self.emit(Op::Think(think), step.span);
                Effect::Pause
            }
            Verb::Ping(ping) => self.ping(step.span, ping, &name),
            Verb::ExpectClose(expected) => self.expect_close(step.span, expected, &name),
            Verb::Close(close) => self.close(step.span, close),
            Verb::Loop(_)
            | Verb::If(_)
            | Verb::Choose(_)
            | Verb::Group(_)
            | Verb::Use(_)
            | Verb::Borrow(_) => {
                return self.block(step, &name, context);
            }
            Verb::Barrier(_) | Verb::Log(_) | Verb::Fail(_) | Verb::Stop(_) => self.plain(step, context),
            Verb::Set(assignments) => return self.assignments(step.span, assignments),
            Verb::Invalid => {
                self.understood::<()>(None, step.span);
                Effect::Unknown
            }
        };
        self.due_timers(state, &name, context);
        vec![Flow {
            span: step.span,
            verb: step.verb.keyword(),
            reads: self.names.take_reads(),
            sets,
            effect,
            link: None,
        }]
    }

    fn reaction(&mut self, reaction: &model::Reaction) -> Reaction {
        let answer = match &reaction.send {
            Some(body) => Answer::Send(self.outgoing(body, reaction.span)),
            None if reaction.echo => Answer::Echo,
            None => Answer::None,
        };
        Reaction {
            on: self.reaction_link(reaction.on.as_ref()),
            when: self.message_matcher(&reaction.when),
            captures: self.message_captures(&reaction.captures),
            deliver: self.deliver(reaction.deliver.as_ref()),
            answer,
            log: reaction.log.as_ref().map(|line| self.template(line)),
            fail: reaction.fail.as_ref().map(|reason| self.template(reason)),
            span: reaction.span,
        }
    }

    pub(super) fn expect(&mut self, expect: &model::Expect, timer: TimerId) -> Expect {
        Expect {
            filter: self.message_matcher(&expect.filter),
            assert: expect.assert.as_ref().map(|assert| self.message_matcher(assert)),
            captures: self.message_captures(&expect.captures),
            deliver: self.deliver(expect.deliver.as_ref()),
            within: self.within(expect.within),
            timer,
        }
    }

    fn think(&mut self, think: model::Think) -> Think {
        match think {
            model::Think::Fixed(pause) => Think::Fixed(pause.value),
            model::Think::Between(low, high) => {
                if low.value > high.value {
                    self.diagnostics.push(
                        Diagnostic::new(codes::OUT_OF_RANGE, "`between` has its bounds the wrong way round")
                            .label(low.span, "this is above the second")
                            .label(high.span, "the second")
                            .help("write the shorter one first"),
                    );
                }
                Think::Between(low.value, high.value)
            }
            model::Think::Normal { mean, stddev } => Think::Normal { mean, stddev },
            model::Think::Exponential { mean } => Think::Exponential { mean },
        }
    }

    /// An `expect` that a reaction with the same matcher, or a wider one, always takes the message from.
    pub(super) fn shadowed(&mut self, span: Span, filter: &Matcher, always: &[Reaction]) {
        // A matcher without clauses is a stand-in for one that was reported.
        let is_asked = |rule: &Reaction| rule.on.is_none_or(|on| on == self.links.present);
        let takes_all = |rule: &Reaction| {
            is_asked(rule) && !rule.when.clauses.is_empty() && rule.when.takes_all_of(filter)
        };
        if let Some(reaction) = always.iter().find(|reaction| takes_all(reaction)) {
            self.diagnostics.push(
                Diagnostic::new(codes::SHADOWED_EXPECT, "this expect can never match")
                    .label(span, "waits for messages that it never gets")
                    .label(reaction.span, "this reaction takes them first")
                    .help("make the reaction narrower, or capture in the reaction and drop the expect"),
            );
        }
    }

    /// One state, and to the lints a step an assignment: each may read what those before it set.
    fn assignments(&mut self, span: Span, assignments: &[model::Assignment]) -> Vec<Flow> {
        let mut values = Vec::with_capacity(assignments.len());
        let mut flows = Vec::with_capacity(assignments.len());
        for assignment in assignments {
            let slot = self.define(&assignment.name);
            values.push((slot, self.value(&assignment.value)));
            let sets = vec![Touch::new(slot, assignment.name.span)];
            flows.push(Flow {
                span,
                verb: "set",
                reads: self.names.take_reads(),
                sets,
                effect: Effect::None,
                link: None,
            });
        }
        self.emit(Op::Set(values.into()), span);
        flows
    }

    /// The timer of a name; the same name is the same timer.
    pub(super) fn timer(&mut self, name: String) -> TimerId {
        if let Some(known) = self.timer_ids.get(&name) {
            return *known;
        }
        let id = TimerId::new(self.timers.len());
        self.timers.push(name.clone());
        self.timer_ids.insert(name, id);
        id
    }
}

pub(super) fn touches(captures: &[Capture]) -> Vec<Touch> {
    captures.iter().map(|capture| Touch::new(capture.slot, capture.span)).collect()
}

/// What the figures call a step: its own name, or one made from verb and place. Connects are called `connect` wherever
/// they are, because what is asked of their times is asked of all of them.
fn step_name(step: &Step, context: &mut Context<'_>) -> String {
    if let Some(name) = &step.name {
        return name.value.clone();
    }
    match &step.verb {
        Verb::Connect(_) => "connect".to_owned(),
        Verb::Borrow(borrow) => borrow.from.value.clone(),
        verb => {
            let count = context.unnamed.entry(verb.keyword()).or_default();
            *count += 1;
            format!("{}.{}-{count}", context.scenario, verb.keyword())
        }
    }
}
