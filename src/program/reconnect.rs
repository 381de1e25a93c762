//! Connections that are opened again.

use std::time::Duration;

use super::TimerId;

/// How a connection is opened again that was lost unasked, or that did not come to stand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reconnect {
    /// How many attempts in a row may fail.
    pub attempts: u32,
    /// The pause before the first.
    pub delay: Duration,
    /// By how much each further pause is longer; 1 at least.
    pub factor: f64,
    /// The longest pause, but for the jitter.
    pub max_delay: Duration,
    /// By up to which part a pause is longer or shorter, from 0 to 1.
    pub jitter: f64,
    /// Where the user goes on.
    pub then: AfterReconnect,
    /// From the loss of the connection to its standing again.
    pub timer: TimerId,
}

/// Where a user goes on whose connection stands again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterReconnect {
    /// With the step that was interrupted.
    Resume,
    /// With the step behind the `connect`.
    Restart,
}

impl AfterReconnect {
    /// The word of the plan.
    pub fn word(self) -> &'static str {
        match self {
            Self::Resume => "resume",
            Self::Restart => "restart",
        }
    }
}

impl Reconnect {
    /// The pause before an attempt, the first of which has number 0; `drawn` is evenly distributed from 0 to 1.
    pub fn pause(&self, attempt: u32, drawn: f64) -> Duration {
        if self.delay.is_zero() {
            return Duration::ZERO;
        }
        let exponent = i32::try_from(attempt).unwrap_or(i32::MAX);
        let longest = self.max_delay.as_secs_f64();
        // What is too long for a float is infinite, and cut off.
        let grown = (self.delay.as_secs_f64() * self.factor.powi(exponent)).min(longest);
        let jittered = grown * (1.0 - self.jitter + 2.0 * self.jitter * drawn);
        Duration::try_from_secs_f64(jittered).unwrap_or(self.max_delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn reconnect(delay: Duration, factor: f64, jitter: f64) -> Reconnect {
        let (attempts, max_delay, then) = (5, ms(10_000), AfterReconnect::Resume);
        Reconnect { attempts, delay, factor, max_delay, jitter, then, timer: TimerId::new(0) }
    }

    #[test]
    fn pauses_grow_up_to_the_longest() {
        let pauses = |delay, factor| {
            let reconnect = reconnect(delay, factor, 0.0);
            [0, 1, 2, 6, 5000, u32::MAX].map(|attempt| reconnect.pause(attempt, 0.7).as_millis())
        };
        assert_eq!(pauses(ms(200), 2.0), [200, 400, 800, 10_000, 10_000, 10_000]);
        assert_eq!(pauses(ms(200), 1.0), [200; 6]);
        assert_eq!(pauses(Duration::ZERO, 2.0), [0; 6]);
        assert_eq!(pauses(ms(60_000), 2.0), [10_000; 6]);
    }

    #[test]
    fn jitter_makes_them_longer_or_shorter_by_a_part() {
        let reconnect = reconnect(ms(200), 2.0, 0.5);
        assert_eq!([0.0, 0.5, 1.0].map(|drawn| reconnect.pause(1, drawn)), [ms(200), ms(400), ms(600)]);
    }
}
