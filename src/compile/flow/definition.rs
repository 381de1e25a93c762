//! Captures and set names that may be read before they have a value, and ones that nobody reads.

use std::collections::{HashMap, HashSet};

use super::{Effect, Flow, ReactionFlow, Rounds, ScenarioFlow, Touch};
use crate::diagnostic::{Diagnostic, Diagnostics, Span, codes};
use crate::program::{LinkId, SlotId};

/// The slots that have a value for certain. Walking a scenario only ever adds some, and takes the last ones back behind
/// a loop that may not run: a stack, whose length says all about an earlier state.
#[derive(Default)]
struct Defined {
    stack: Vec<SlotId>,
    known: HashSet<SlotId>,
}

impl Defined {
    fn of(slots: &[SlotId]) -> Self {
        Self { stack: slots.to_vec(), known: slots.iter().copied().collect() }
    }

    fn add(&mut self, slot: SlotId) {
        if self.known.insert(slot) {
            self.stack.push(slot);
        }
    }

    /// Forgets what was added since, and gives it back.
    fn back_to(&mut self, length: usize) -> HashSet<SlotId> {
        let added: HashSet<SlotId> = self.stack.drain(length..).collect();
        for slot in &added {
            self.known.remove(slot);
        }
        added
    }
}

/// A place that sets a slot, to show beside a use that may come before it.
#[derive(Clone, Copy)]
struct Setter {
    span: Span,
    kind: SetterKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SetterKind {
    Step,
    /// A step in a loop that may run no round.
    Skipped,
    /// A step on one of several ways.
    OneWay,
    /// A message that need not come.
    Message,
    /// A step that does not wait for its reply.
    Pending,
}

/// What one of several ways has set.
struct Way {
    defined: HashSet<SlotId>,
    /// What replies set that nobody has waited for.
    pending: Vec<(Option<LinkId>, SlotId)>,
}

struct Walk<'a> {
    slots: &'a [String],
    /// The first place that sets a slot.
    setters: HashMap<SlotId, Setter>,
    defined: Defined,
    /// What replies set that nobody has waited for yet.
    pending: Vec<(Option<LinkId>, SlotId)>,
    /// How much of the stack is there at every `connect` of a connection, from where on reactions may run to it.
    at_connect: Vec<(Option<LinkId>, usize)>,
    /// Said once: who gives it a value before the first use has most often done it for all.
    reported: HashSet<SlotId>,
    continues_after_failure: bool,
    diagnostics: &'a mut Diagnostics,
}

/// Reports the reads; gives back what is set, for [`unused`].
pub(super) fn check(scenario: &ScenarioFlow, slots: &[String], diagnostics: &mut Diagnostics) -> Checked {
    let mut touched = Touched { read: scenario.excused.clone(), ..Touched::default() };
    touched.steps(&scenario.steps, SetterKind::Step);
    for ReactionFlow { reads, sets, .. } in &scenario.reactions {
        touched.read.extend(reads.iter().map(|touch| touch.slot));
        touched.sets.extend(sets.iter().map(|touch| (*touch, SetterKind::Message)));
    }
    let mut setters = HashMap::new();
    for (touch, kind) in &touched.sets {
        setters.entry(touch.slot).or_insert(Setter { span: touch.span, kind: *kind });
    }
    let mut walk = Walk {
        slots,
        setters,
        defined: Defined::default(),
        pending: Vec::new(),
        at_connect: Vec::new(),
        reported: HashSet::new(),
        continues_after_failure: scenario.continues_after_failure,
        diagnostics,
    };
    scenario.initial.iter().for_each(|slot| walk.defined.add(*slot));
    let from_the_start = walk.defined.stack.len();
    walk.steps(&scenario.steps);
    let whole = std::mem::take(&mut walk.defined.stack);
    let certain = whole.clone();
    for ReactionFlow { on, reads, sets } in &scenario.reactions {
        let connects = walk.at_connect.iter().filter(|(link, _)| on.is_none() || link == on);
        let at_reaction = connects.map(|(_, length)| *length).min().unwrap_or(from_the_start);
        walk.defined = Defined::of(&whole[..at_reaction]);
        sets.iter().for_each(|touch| walk.defined.add(touch.slot));
        walk.reads(reads);
    }
    let setters = touched.sets.iter().map(|(touch, _)| Set {
        span: touch.span,
        slot: touch.slot,
        is_read: touched.read.contains(&touch.slot),
    });
    Checked { sets: setters.collect(), certain }
}

/// What a scenario does to names.
pub(in crate::compile) struct Checked {
    /// The places that set one.
    pub(in crate::compile) sets: Vec<Set>,
    /// The slots that have a value behind its last step for certain.
    pub(in crate::compile) certain: Vec<SlotId>,
}

/// A place that sets a name, and whether its scenario reads that name.
#[derive(Debug, Clone, Copy)]
pub(in crate::compile) struct Set {
    span: Span,
    slot: SlotId,
    is_read: bool,
}

impl Set {
    /// The same, where other scenarios may be the readers.
    pub(in crate::compile) fn or_read_in(self, read: &HashSet<SlotId>) -> Self {
        Self { is_read: self.is_read || read.contains(&self.slot), ..self }
    }
}

/// Reports the places whose name nobody reads. Scenarios may share steps by an anchor: then one reader is enough.
pub(in crate::compile) fn unused(sets: &[Set], slots: &[String], diagnostics: &mut Diagnostics) {
    let read: HashSet<Span> = sets.iter().filter(|set| set.is_read).map(|set| set.span).collect();
    for set in sets.iter().filter(|set| !read.contains(&set.span)) {
        let name = &slots[set.slot.index()];
        diagnostics.push(
            Diagnostic::new(codes::UNUSED_CAPTURE, format!("`{name}` is never used"))
                .label(set.span, "set here, read nowhere")
                .help(format!("remove it, or use it as {{{{{name}}}}}")),
        );
    }
}

/// Everything that is set or read anywhere.
#[derive(Default)]
struct Touched {
    sets: Vec<(Touch, SetterKind)>,
    read: HashSet<SlotId>,
}

impl Touched {
    fn steps(&mut self, steps: &[Flow], kind: SetterKind) {
        for step in steps {
            self.read.extend(step.reads.iter().map(|touch| touch.slot));
            let own = if matches!(step.effect, Effect::Request) { SetterKind::Pending } else { kind };
            let kind_of = |touch: &Touch| if touch.may_be_unset { SetterKind::Message } else { own };
            self.sets.extend(step.sets.iter().map(|touch| (*touch, kind_of(touch))));
            let inner = match &step.effect {
                Effect::Repeat { rounds, .. } if may_be_skipped(*rounds) => SetterKind::Skipped,
                Effect::Branch { .. } => SetterKind::OneWay,
                _ => kind,
            };
            step.effect.blocks().iter().for_each(|steps| self.steps(steps, inner));
        }
    }
}

/// A `set` fails too, but only where something that it reads has no value, which is said there.
fn may_fail(step: &Flow) -> bool {
    // A connect sets what it keeps of the answer.
    matches!(
        step.effect,
        Effect::Receive | Effect::Request | Effect::Fetch | Effect::Connect | Effect::Refused
    )
}

fn may_be_skipped(rounds: Rounds) -> bool {
    matches!(rounds, Rounds::Exactly(0) | Rounds::Conditional | Rounds::Listed)
}

impl Walk<'_> {
    /// Whether an end of the iteration was passed: what follows is not reached.
    fn steps(&mut self, steps: &[Flow]) -> bool {
        let mut has_ended = false;
        for step in steps {
            self.reads(&step.reads);
            let for_certain = step.sets.iter().filter(|touch| !touch.may_be_unset);
            let slots = for_certain.map(|touch| touch.slot);
            if self.continues_after_failure && may_fail(step) {
                // Set by nothing for certain.
            } else if matches!(step.effect, Effect::Request) {
                self.pending.extend(slots.map(|slot| (step.link, slot)));
            } else {
                slots.for_each(|slot| self.defined.add(slot));
            }
            match &step.effect {
                Effect::Connect if self.at_connect.iter().all(|(link, _)| *link != step.link) => {
                    self.at_connect.push((step.link, self.defined.stack.len()));
                }
                // A connection is closed when all its replies have come.
                Effect::AwaitAll | Effect::Close | Effect::GiveBack => {
                    let is_awaited = |link| step.link.is_none() || link == step.link;
                    let pending = std::mem::take(&mut self.pending);
                    let (come, others) = pending.into_iter().partition(|(link, _)| is_awaited(*link));
                    self.pending = others;
                    let come: Vec<(Option<LinkId>, SlotId)> = come;
                    come.into_iter().for_each(|(_, slot)| self.defined.add(slot));
                }
                // Replies that have not come by then never will.
                Effect::IsClosed => self.pending.retain(|(link, _)| *link != step.link),
                Effect::Repeat { rounds, body } => {
                    let before = self.defined.stack.len();
                    let pending_before = self.pending.clone();
                    let ends = self.steps(body) || *rounds == Rounds::Endless;
                    if may_be_skipped(*rounds) {
                        self.pending = pending_before;
                        self.defined.back_to(before);
                        self.at_connect.iter_mut().for_each(|(_, length)| *length = before.min(*length));
                    } else {
                        has_ended |= ends;
                    }
                }
                Effect::Branch { arms } => has_ended |= self.branch(arms),
                Effect::End => has_ended = true,
                _ => {}
            }
        }
        has_ended
    }

    /// What has a value behind every arm that is left at its end has one behind all of it. Whether none is.
    fn branch(&mut self, arms: &[Vec<Flow>]) -> bool {
        let before = self.defined.stack.len();
        let (pending_before, connected_before) = (std::mem::take(&mut self.pending), self.at_connect.clone());
        let mut connected: Vec<Option<LinkId>> = Vec::new();
        let mut ways: Vec<Way> = Vec::with_capacity(arms.len());
        for arm in arms {
            self.pending.clone_from(&pending_before);
            self.at_connect.clone_from(&connected_before);
            let has_ended = self.steps(arm);
            connected.extend(self.at_connect.drain(connected_before.len()..).map(|(link, _)| link));
            let pending = std::mem::take(&mut self.pending);
            let defined = self.defined.back_to(before);
            if !has_ended {
                ways.push(Way { defined, pending });
            }
        }
        // A reaction may run from the first connect on, whichever way leads there.
        self.at_connect = connected_before;
        for link in connected {
            if self.at_connect.iter().all(|(known, _)| *known != link) {
                self.at_connect.push((link, before));
            }
        }
        let Some(first) = ways.first() else {
            self.pending = pending_before;
            return true;
        };
        let slots = first.defined.iter().copied().chain(first.pending.iter().map(|(_, slot)| *slot));
        for slot in slots {
            if ways.iter().all(|way| way.defined.contains(&slot)) {
                self.defined.add(slot);
                continue;
            }
            let pending = || ways.iter().flat_map(|way| &way.pending).filter(|(_, of)| *of == slot);
            let is_coming = |way: &Way| way.pending.iter().any(|(_, of)| *of == slot);
            // On several connections, none of them alone says when it has come.
            let link = pending().next().map(|(link, _)| *link);
            if let Some(link) = link
                && pending().all(|(other, _)| *other == link)
                && ways.iter().all(|way| way.defined.contains(&slot) || is_coming(way))
            {
                self.pending.push((link, slot));
            }
        }
        false
    }

    fn reads(&mut self, reads: &[Touch]) {
        for touch in
            reads.iter().filter(|touch| !touch.may_be_unset && !self.defined.known.contains(&touch.slot))
        {
            // Slots that no step sets are built in and always have a value.
            let Some(setter) = self.setters.get(&touch.slot) else { continue };
            if !self.reported.insert(touch.slot) {
                continue;
            }
            let name = &self.slots[touch.slot.index()];
            let is_later = setter.span.file == touch.span.file && setter.span.start > touch.span.start;
            let origin = match setter.kind {
                SetterKind::Message => "set here, when such a message comes",
                SetterKind::Skipped => "set in a loop that may run no round",
                SetterKind::OneWay if !is_later => "set here, but not on every way",
                SetterKind::Pending if !self.continues_after_failure => {
                    "set here, when the reply comes, which nobody waits for"
                }
                SetterKind::Step | SetterKind::OneWay if is_later => "set here, which comes later",
                SetterKind::Step | SetterKind::OneWay | SetterKind::Pending
                    if self.continues_after_failure =>
                {
                    "set here, unless it fails: then the steps go on"
                }
                SetterKind::Step | SetterKind::OneWay | SetterKind::Pending => {
                    "set here, which may not have happened"
                }
            };
            let help = match setter.kind {
                SetterKind::Pending if !self.continues_after_failure => {
                    "put `- await_all: true` before this place".to_owned()
                }
                _ => format!(
                    "set it on every way to this place, or give it a first value in `vars: {{ {name}: ... }}`"
                ),
            };
            self.diagnostics.push(
                Diagnostic::new(codes::POSSIBLY_UNSET, format!("`{name}` may have no value yet"))
                    .label(touch.span, "read here")
                    .label(setter.span, origin)
                    .help(help),
            );
        }
    }
}
