//! Which of several targets a user connects to, or asks over HTTP: it stays with the one it has, and where that cannot be
//! reached the next is tried within the same step.

use std::time::Duration;

use rand::SeedableRng;
use rand::seq::SliceRandom;

use super::io::{Event, FailureKind, Output};
use super::phase::Phase;
use super::render::RenderFailure;
use super::request::FetchRequest;
use super::scope::Rng;
use super::user::User;
use crate::program::{Connect, LinkId, Op, Target, TargetOrder};

/// Where a user stands among several targets.
#[derive(Debug)]
pub(super) struct Failover {
    /// The targets in the order in which this user tries them.
    order: Box<[usize]>,
    /// Which of them it is at: an index into `order`.
    at: usize,
    /// How many could not be reached since it has been trying.
    failed_count: usize,
    /// When the first of those could not.
    since: Option<Duration>,
    /// What it asks its target over HTTP, to ask the next one.
    asked: Option<Box<FetchRequest>>,
}

impl User {
    /// Opens a connection to the target that the user is at.
    pub(super) fn connect(
        &mut self,
        connect: &Connect,
        now: Duration,
        out: &mut impl Output,
    ) -> Result<(), RenderFailure> {
        let link = self.present_link();
        if self.is_open_already(link, now, out) {
            return Ok(());
        }
        self.know_targets();
        let request = self.connect_request(connect, now)?;
        self.phase = Phase::Connecting;
        out.connect(link, request);
        Ok(())
    }

    /// Whether the connection that a step is to open is open: kept, so that the step is done, or not, so that it fails.
    pub(super) fn is_open_already(&mut self, link: LinkId, now: Duration, out: &mut impl Output) -> bool {
        if !self.links.is_open(link) {
            return false;
        }
        if self.is_kept(link) {
            self.at = self.setting.program.state(self.at).next;
        } else {
            self.fail(now, FailureKind::AlreadyConnected, &"the connection is open already", out);
        }
        true
    }

    /// The target that the user is at, as an index into the program's.
    pub(super) fn target(&self) -> usize {
        self.failover.as_ref().map_or(0, |failover| failover.order[failover.at])
    }

    /// Whether the connection that is under way is tried once more where it does not come to stand, with another target
    /// or later: then that is no failure yet.
    pub fn tries_again(&self) -> bool {
        self.tries_elsewhere() || self.has_attempts_left()
    }

    fn tries_elsewhere(&self) -> bool {
        self.phase == Phase::Connecting
            && !self.goes_elsewhere()
            && self.failover.as_ref().is_some_and(|failover| failover.failed_count + 1 < failover.order.len())
    }

    /// Whether the connect at hand names a server of its own, which no target stands in for, or is one of a pool.
    fn goes_elsewhere(&self) -> bool {
        let op = &self.setting.program.state(self.at).op;
        self.borrows() || matches!(op, Op::Connect(connect) if connect.url.is_some())
    }

    /// A connection is lost and about to be opened again: where another target takes its place, that is measured from then.
    pub(super) fn lost_target(&mut self, lost_at: Duration) {
        let goes_elsewhere = self.goes_elsewhere();
        if let Some(failover) = self.failover.as_mut().filter(|_| !goes_elsewhere) {
            failover.since = Some(lost_at);
        }
    }

    /// The connection stands.
    pub(super) fn reached(&mut self, now: Duration, out: &mut impl Output) {
        let goes_elsewhere = self.goes_elsewhere();
        let Some(failover) = self.failover.as_mut().filter(|_| !goes_elsewhere) else { return };
        let since = failover.since.take();
        if std::mem::take(&mut failover.failed_count) == 0 {
            return;
        }
        out.count(Event::FailedOver);
        let timer = match &self.setting.program.state(self.at).op {
            Op::Connect(connect) => connect.timers.failover,
            Op::Http(http) => http.timers.failover,
            _ => None,
        };
        if let (Some(timer), Some(since)) = (timer, since) {
            out.time(timer, now.saturating_sub(since));
        }
    }

    /// The connection does not come to stand: the next target is tried, or what follows when none can be reached.
    pub(super) fn not_reached(&mut self, now: Duration, out: &mut impl Output) {
        let tries_elsewhere = self.tries_elsewhere();
        let goes_elsewhere = self.goes_elsewhere();
        if let Some(failover) = self.failover.as_mut().filter(|_| !goes_elsewhere) {
            failover.at = (failover.at + 1) % failover.order.len();
            failover.failed_count = if tries_elsewhere { failover.failed_count + 1 } else { 0 };
            failover.since.get_or_insert(now);
        }
        if tries_elsewhere { self.try_again(now, out) } else { self.failed_to_connect(now, out) }
    }

    /// Whether what is being asked over HTTP is asked of another target where this one cannot be reached: then that is no
    /// failure yet.
    pub fn asks_again(&self) -> bool {
        let asks = |failover: &&Failover| {
            failover.asked.is_some() && failover.failed_count + 1 < failover.order.len()
        };
        self.is_fetching() && self.failover.as_deref().as_ref().is_some_and(asks)
    }

    /// What is asked of the target may have to be asked of another.
    pub(super) fn keep_asked(&mut self, request: &FetchRequest) {
        if let Some(failover) = self.failover.as_mut().filter(|_| request.is_on_target()) {
            failover.asked = Some(Box::new(request.clone()));
        }
    }

    /// Nothing of what was asked was sent: the next target is asked, or the step has failed when none can be reached.
    pub(super) fn fetch_unreached(&mut self, now: Duration, out: &mut impl Output) {
        let asks_again = self.asks_again();
        let failover = self.failover.as_mut().filter(|failover| failover.asked.is_some());
        if let Some(failover) = failover {
            failover.at = (failover.at + 1) % failover.order.len();
            failover.failed_count += 1;
            failover.since.get_or_insert(now);
            let target = failover.order[failover.at];
            if let Some(asked) = failover.asked.as_deref().filter(|_| asks_again) {
                return out.fetch(FetchRequest { target, ..asked.clone() });
            }
        }
        self.fetch_fault(None, now, out);
    }

    /// An answer came; where the target was asked, that was reached.
    pub(super) fn reached_over_http(&mut self, now: Duration, out: &mut impl Output) {
        if self.failover.as_mut().is_some_and(|failover| failover.asked.take().is_some()) {
            self.reached(now, out);
        }
    }

    /// No target could be reached: what follows is measured anew.
    pub(super) fn forget_failures(&mut self) {
        if let Some(failover) = &mut self.failover {
            (failover.failed_count, failover.since, failover.asked) = (0, None, None);
        }
    }

    /// Draws the order in which the user tries the targets, from a stream of its own: it lasts over its iterations.
    pub(super) fn know_targets(&mut self) {
        let Target::Several(targets) = &self.setting.program.target else { return };
        if self.failover.is_some() {
            return;
        }
        let mut order: Box<[usize]> = (0..targets.urls.len()).collect();
        if targets.order == TargetOrder::Random {
            order.shuffle(&mut Rng::seed_from_u64(self.own_seed() ^ 0x5EED_7A26_E75A_11CE));
        }
        self.failover = Some(Box::new(Failover { order, at: 0, failed_count: 0, since: None, asked: None }));
    }
}
