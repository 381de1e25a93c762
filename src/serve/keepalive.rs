//! When a keepalive is due and whether it came back: a state machine without a clock of its own.

use std::time::{Duration, Instant};

use super::options::KeepaliveOptions;

/// The keepalive of one connection. One is under way at a time: where a client takes longer than the interval
/// (and may, by the timeout), the next leaves as soon as it has answered.
#[derive(Debug)]
pub(crate) struct Keepalive {
    interval: Duration,
    timeout: Duration,
    last_seq: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    Quiet { next: Instant },
    AwaitingEcho { sent: Instant },
    Expired,
}

/// What the passing of time asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Tick {
    Nothing,
    /// Send a keepalive with this number.
    Send(u64),
    /// The client did not send it back in time. Said once.
    Expired,
}

impl Keepalive {
    /// The first is due one interval after `now`. `None` where keepalives are turned off.
    pub(crate) fn new(options: &KeepaliveOptions, now: Instant) -> Option<Self> {
        if options.interval.is_zero() {
            return None;
        }
        Some(Self {
            interval: options.interval,
            timeout: options.timeout,
            last_seq: 0,
            state: State::Quiet { next: now + options.interval },
        })
    }

    /// When [`Keepalive::tick`] has something to say next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Quiet { next } => Some(next),
            State::AwaitingEcho { sent } => Some(sent + self.timeout),
            State::Expired => None,
        }
    }

    pub(crate) fn tick(&mut self, now: Instant) -> Tick {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return Tick::Nothing;
        }
        if matches!(self.state, State::AwaitingEcho { .. }) {
            self.state = State::Expired;
            return Tick::Expired;
        }
        self.last_seq += 1;
        self.state = State::AwaitingEcho { sent: now };
        Tick::Send(self.last_seq)
    }

    /// The client sent one back. False where no keepalive of this number is awaited.
    pub(crate) fn acknowledge(&mut self, seq: u64) -> bool {
        match self.state {
            State::AwaitingEcho { sent } if seq == self.last_seq => {
                self.state = State::Quiet { next: sent + self.interval };
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keepalive(interval_s: u64, timeout_s: u64, now: Instant) -> Keepalive {
        let options = KeepaliveOptions {
            interval: Duration::from_secs(interval_s),
            timeout: Duration::from_secs(timeout_s),
        };
        Keepalive::new(&options, now).unwrap()
    }

    #[test]
    fn echoed_in_time_it_goes_on_at_its_interval() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut keepalive = keepalive(15, 10, start);
        assert_eq!(keepalive.tick(at(14)), Tick::Nothing);
        assert_eq!(keepalive.tick(at(15)), Tick::Send(1));
        assert!(!keepalive.acknowledge(2));
        assert!(keepalive.acknowledge(1));
        assert!(!keepalive.acknowledge(1), "one echo answers one keepalive");
        assert_eq!(keepalive.tick(at(29)), Tick::Nothing);
        assert_eq!(keepalive.tick(at(30)), Tick::Send(2));
    }

    #[test]
    fn unanswered_it_expires_once() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut keepalive = keepalive(1, 10, start);
        assert_eq!(keepalive.tick(at(1)), Tick::Send(1));
        assert_eq!(keepalive.tick(at(10)), Tick::Nothing);
        assert_eq!(keepalive.tick(at(11)), Tick::Expired);
        assert_eq!(keepalive.deadline(), None);
        assert_eq!(keepalive.tick(at(99)), Tick::Nothing);
    }

    #[test]
    fn an_answer_later_than_the_interval_makes_the_next_one_due_at_once() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut keepalive = keepalive(1, 10, start);
        assert_eq!(keepalive.tick(at(1)), Tick::Send(1));
        assert!(keepalive.acknowledge(1));
        assert_eq!(keepalive.tick(at(6)), Tick::Send(2));
    }

    #[test]
    fn an_interval_of_zero_is_no_keepalive() {
        let options = KeepaliveOptions { interval: Duration::ZERO, timeout: Duration::ZERO };
        assert!(Keepalive::new(&options, Instant::now()).is_none());
    }
}
