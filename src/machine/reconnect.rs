//! Connections that are opened again: what follows from the loss of one and from an attempt that fails, and the steps
//! that run whenever one stands.

use std::rc::Rc;
use std::time::Duration;

use rand::RngExt;

use super::io::{DeliveryEvent, Event, FailureKind, Output};
use super::phase::Phase;
use super::user::User;
use crate::program::{AfterReconnect, Connect, LinkId, Op, Reconnect, StateId};

/// What a user knows of its connections that have something to be done when they stand, or are to be opened again.
#[derive(Debug, Default)]
pub(super) struct Revival {
    /// The `connect` by which each of them stands, where it is to be opened again.
    origins: Vec<(LinkId, StateId)>,
    /// Those that are lost, and since when.
    lost: Vec<(LinkId, Duration)>,
    /// What is left of the pause that a loss has interrupted.
    rest: Rest,
    /// Where the user goes back to from what it does for its connections, the innermost last.
    returns: Vec<Return>,
    /// How many attempts in a row it has made again.
    tried_count: u32,
    /// Whether it was cut off from audiences, which it may enter anew until the iteration ends.
    is_cut_off: bool,
    /// Connections that stand although the user goes on before the steps that opened them.
    kept: Vec<LinkId>,
}

#[derive(Debug)]
struct Return {
    link: LinkId,
    to: StateId,
    rest: Rest,
    /// When the connection was lost, until it stands again.
    lost_at: Option<Duration>,
    /// How many attempts in a row it had taken when it stood.
    tried_count: u32,
}

/// What is left of an interrupted step.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Rest {
    /// All of it: it is done again.
    #[default]
    Whole,
    /// So much of a pause.
    Thinking(Duration),
    /// The wait for a round that is due then.
    Pacing(Duration),
}

impl User {
    /// Whether the loss of a connection is no failure: it is opened again, unless the user is to leave.
    pub fn bears_loss_of(&self, link: LinkId) -> bool {
        let is_in_steps = !matches!(self.phase, Phase::Idle | Phase::Resting { .. } | Phase::Done);
        is_in_steps && !self.is_closing(link) && self.origin(link).is_some() && !self.is_in_vain(link)
    }

    /// Whether a connection has stood for as many attempts as there may be without what is to be done then coming to its
    /// end: a server that takes everybody in and throws everybody out is asked no more often than one that is not there.
    fn is_in_vain(&self, link: LinkId) -> bool {
        let Some(revival) = self.revival.as_ref().filter(|_| !self.is_stopping) else { return false };
        let Some(back) = revival.returns.iter().find(|back| back.link == link) else { return false };
        let origin = self.origin(link).map(|origin| &self.setting.program.state(origin).op);
        match origin {
            Some(Op::Connect(connect)) => {
                connect.reconnect.is_some_and(|reconnect| back.tried_count >= reconnect.attempts)
            }
            _ => false,
        }
    }

    /// Whether the connection that is under way is tried once more where this attempt fails.
    pub(super) fn has_attempts_left(&self) -> bool {
        let Some(reconnect) = self.reconnect_at_hand() else { return false };
        let tried_count = self.revival.as_ref().map_or(0, |revival| revival.tried_count);
        // Of who is to leave no more is asked.
        self.is_stopping || tried_count < reconnect.attempts
    }

    /// Where the user is in the steps that are not about its connections.
    pub(super) fn home(&self) -> StateId {
        let outermost = self.revival.as_ref().and_then(|revival| revival.returns.first());
        outermost.map_or(self.at, |back| back.to)
    }

    /// Nothing is left of the iteration before.
    pub(super) fn forget_revivals(&mut self) {
        if let Some(revival) = &mut self.revival {
            **revival = Revival::default();
        }
    }

    /// A connection is lost that is to be opened again, and so are its audiences for now.
    pub(super) fn cut_off_for_now(&mut self, now: Duration, link: LinkId, out: &mut impl Output) {
        let is_cut_off = self.cut_off_from_audiences(now, link, out);
        if let Some(revival) = &mut self.revival {
            revival.is_cut_off |= is_cut_off;
        }
    }

    /// The iteration is over: the user does not come back to the audiences that it was cut off from.
    pub(super) fn stay_away(&mut self, now: Duration, out: &mut impl Output) {
        if self.revival.as_mut().is_some_and(|revival| std::mem::take(&mut revival.is_cut_off)) {
            self.tell(now, DeliveryEvent::Gone, out);
        }
    }

    /// A connection stands: what is to be done then is next.
    pub(super) fn stands(&mut self, now: Duration, link: LinkId, out: &mut impl Output) {
        let setting = Rc::clone(&self.setting);
        let state = setting.program.state(self.at);
        let Op::Connect(connect) = &state.op else { return };
        let Connect { reconnect, on_connected, .. } = &**connect;
        if reconnect.is_none() && on_connected.is_none() {
            return self.go_on(now, out);
        }
        let at = self.at;
        let revival = self.revival.get_or_insert_default();
        let tried_count = std::mem::take(&mut revival.tried_count);
        revival.origins.retain(|(other, _)| *other != link);
        revival.origins.extend(reconnect.map(|_| (link, at)));
        let awaited = revival.returns.last_mut().filter(|back| back.link == link && back.lost_at.is_some());
        if let Some(back) = awaited {
            let lost_at = back.lost_at.take();
            back.tried_count = tried_count;
            out.count(Event::Reconnected);
            if let (Some(lost_at), Some(reconnect)) = (lost_at, reconnect) {
                out.time(reconnect.timer, now.saturating_sub(lost_at));
            }
        } else {
            let (to, rest) = (state.next, Rest::Whole);
            revival.returns.push(Return { link, to, rest, lost_at: None, tried_count });
        }
        match *on_connected {
            Some(_) if self.is_stopping => self.part(now, out),
            Some(entry) => (self.at, self.phase) = (entry, Phase::Ready),
            None => self.come_back(now, out),
        }
    }

    /// What was to be done for a connection is done: the user goes back to where it was.
    pub(super) fn come_back(&mut self, now: Duration, out: &mut impl Output) {
        let Some(back) = self.revival.as_mut().and_then(|revival| revival.returns.pop()) else {
            return self.go_on(now, out);
        };
        self.at = back.to;
        self.phase = match back.rest {
            Rest::Whole => Phase::Ready,
            Rest::Thinking(left) => Phase::Thinking { until: now + left },
            Rest::Pacing(until) => Phase::Pacing { until },
        };
        if self.is_stopping {
            self.part(now, out);
        }
    }

    /// A connection is lost that is to be opened again. A pause is interrupted for that, and a step that needs the
    /// connection; any other is finished first. Who is to leave leaves without it.
    pub(super) fn lost_for_now(&mut self, now: Duration, link: LinkId, out: &mut impl Output) {
        let needs = self.needs(link);
        let phase = self.phase;
        let setting = Rc::clone(&self.setting);
        if self.is_stopping {
            return if needs { self.part(now, out) } else { self.one_less_pending(&setting, now, out) };
        }
        let Some(revival) = &mut self.revival else { return };
        revival.lost.push((link, now));
        revival.rest = match phase {
            Phase::Thinking { until } => Rest::Thinking(until.saturating_sub(now)),
            Phase::Pacing { until } => Rest::Pacing(until),
            Phase::Yielding { .. } => Rest::Whole,
            // Another is being opened again, and this one is next.
            Phase::Reviving { .. } | Phase::Connecting => return,
            _ if needs => Rest::Whole,
            _ => return self.one_less_pending(&setting, now, out),
        };
        self.phase = Phase::Ready;
    }

    /// Begins to open the first of the connections that are lost, where any is; whether one is.
    pub(super) fn revives(&mut self, now: Duration, out: &mut impl Output) -> bool {
        let is_any_lost = self.revival.as_ref().is_some_and(|revival| !revival.lost.is_empty());
        let setting = Rc::clone(&self.setting);
        // Behind the last step nobody needs any, and who is to leave needs none either.
        if !is_any_lost || self.is_stopping || matches!(setting.program.state(self.at).op, Op::End) {
            return false;
        }
        let Some((link, lost_at)) = self.revival.as_mut().map(|revival| revival.lost.remove(0)) else {
            return false;
        };
        let Some(origin) = self.origin(link) else { return false };
        let Op::Connect(connect) = &setting.program.state(origin).op else { return false };
        let Some(reconnect) = connect.reconnect else { return false };
        if reconnect.then == AfterReconnect::Restart {
            self.cut_off(now, out);
            self.forget_due();
        }
        let at = self.at;
        let open: Vec<LinkId> = self.links.all().filter(|link| self.links.is_open(*link)).collect();
        let Some(revival) = &mut self.revival else { return false };
        let rest = std::mem::take(&mut revival.rest);
        let known = revival.returns.iter().position(|back| back.link == link);
        let tried_count = known.map_or(0, |known| revival.returns[known].tried_count);
        let back = |to, rest| Return { link, to, rest, lost_at: Some(lost_at), tried_count };
        if reconnect.then == AfterReconnect::Restart {
            let to = setting.program.state(origin).next;
            revival.returns.clear();
            revival.returns.push(back(to, Rest::Whole));
            revival.kept = open;
        } else if let Some(known) = known {
            // It was lost amid what is done when it stands, which begins anew.
            revival.returns.truncate(known + 1);
            revival.returns[known].lost_at.get_or_insert(lost_at);
        } else {
            revival.returns.push(back(at, rest));
        }
        revival.tried_count = tried_count;
        self.at = origin;
        self.lost_target(lost_at);
        self.try_later(reconnect, now);
        true
    }

    /// Waits for the next attempt.
    fn try_later(&mut self, reconnect: Reconnect, now: Duration) {
        let revival = self.revival.get_or_insert_default();
        // How many there are is up to the server, and must not change what the steps draw.
        let pause = reconnect.pause(revival.tried_count, self.reaction_rng.random());
        revival.tried_count += 1;
        self.phase = Phase::Reviving { until: now + pause };
    }

    /// The attempt at hand has failed: waits for the next, or the step has failed.
    pub(super) fn failed_to_connect(&mut self, now: Duration, out: &mut impl Output) {
        if let Some(reconnect) = self.reconnect_at_hand().filter(|_| self.has_attempts_left()) {
            if !self.is_stopping {
                return self.try_later(reconnect, now);
            }
            self.phase = Phase::Ready;
            return self.part(now, out);
        }
        self.connect_given_up(now, out);
    }

    /// What was to be asked for cannot be sent: neither another target nor another attempt would mend that.
    pub(super) fn unsendable(&mut self, now: Duration, link: LinkId, out: &mut impl Output) {
        if self.phase == Phase::Connecting && link == self.present_link() {
            self.connect_given_up(now, out);
        }
    }

    fn connect_given_up(&mut self, now: Duration, out: &mut impl Output) {
        // There is no attempt any more that could be given up.
        self.phase = Phase::Ready;
        self.forget_failures();
        let link = self.present_link();
        if let Some(revival) = &mut self.revival {
            revival.tried_count = 0;
            revival.origins.retain(|(other, _)| *other != link);
        }
        self.leave_off_reviving(link);
        out.count(Event::OperationEnded);
        self.give_up(now, out);
    }

    /// A connection could not be opened again as it should: the step has failed that cannot be gone on with.
    pub(super) fn leave_off_reviving(&mut self, link: LinkId) {
        let Some(revival) = &mut self.revival else { return };
        if let Some(back) = revival.returns.pop_if(|back| back.link == link && back.lost_at.is_some()) {
            self.at = back.to;
        }
    }

    /// The pause before an attempt is over.
    pub(super) fn try_again(&mut self, now: Duration, out: &mut impl Output) {
        let setting = Rc::clone(&self.setting);
        if let Op::Connect(connect) = &setting.program.state(self.at).op
            && let Err(failure) = self.connect(connect, now, out)
        {
            self.phase = Phase::Ready;
            self.forget_failures();
            out.count(Event::OperationEnded);
            self.fail(now, FailureKind::Render, &failure.named(&setting.program.slots), out);
        }
    }

    /// Whether a connection that stands is kept, although a step would open it, because the user has gone back before that step.
    pub(super) fn is_kept(&mut self, link: LinkId) -> bool {
        let kept = self.revival.as_mut().and_then(|revival| {
            let at = revival.kept.iter().position(|kept| *kept == link)?;
            Some(revival.kept.swap_remove(at))
        });
        kept.is_some()
    }

    fn origin(&self, link: LinkId) -> Option<StateId> {
        let origins = self.revival.as_ref()?.origins.iter();
        origins.copied().find(|(other, _)| *other == link).map(|(_, origin)| origin)
    }

    /// How the connection is opened again that is under way.
    fn reconnect_at_hand(&self) -> Option<Reconnect> {
        match &self.setting.program.state(self.at).op {
            Op::Connect(connect) if self.phase == Phase::Connecting => connect.reconnect,
            _ => None,
        }
    }
}
