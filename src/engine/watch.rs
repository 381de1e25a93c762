//! A thread's watch on itself: how late its timers are, how long a turn of its loop takes, what CPU it gets.
//!
//! A probe is due every [`PROBE_EVERY`], whatever becomes of the one before: a loop that stands still for a second has
//! fifty late probes, not one, so that the figures are of the time and not of the turns. What follows from them is
//! [`metrics::watch`](crate::metrics::watch)'s matter.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use nix::sys::time::TimeValLike;
use nix::time::{ClockId, clock_gettime};
use tokio::time::sleep_until;

use crate::metrics::ThreadWatch;

/// How often the loop is looked at. It costs a fraction of a thousandth of a core.
const PROBE_EVERY: Duration = Duration::from_millis(20);
/// Shorter windows are added to the next: the shares of a moment say nothing.
const WINDOW_MIN: Duration = Duration::from_millis(200);

/// What a thread saw of itself so far. It belongs to the thread that made it.
pub(super) struct SelfWatch {
    state: RefCell<State>,
}

struct State {
    watch: ThreadWatch,
    /// What is not in that any more.
    past: ThreadWatch,
    window: Moment,
}

/// What the clocks said.
#[derive(Clone, Copy)]
struct Moment {
    at: Instant,
    cpu: Duration,
    run_queue: Option<Duration>,
}

impl Moment {
    fn now() -> Self {
        Self { at: Instant::now(), cpu: thread_cpu(), run_queue: run_queue() }
    }
}

impl SelfWatch {
    pub(super) fn new() -> Self {
        Self {
            state: RefCell::new(State {
                watch: ThreadWatch::default(),
                past: ThreadWatch::default(),
                window: Moment::now(),
            }),
        }
    }

    /// Probes the loop until dropped.
    pub(super) async fn probe(&self) {
        let mut due = Instant::now() + PROBE_EVERY;
        loop {
            sleep_until(due.into()).await;
            let woken = Instant::now();
            // Behind everything that is ready now, and a look at what the kernel has ready.
            tokio::task::yield_now().await;
            let back = Instant::now();
            let watch = &mut self.state.borrow_mut().watch;
            while due <= back {
                // What became due on the way round had to wait for the rest of it.
                let seen = if due <= woken { woken } else { back };
                watch.timer_lateness.record(seen - due);
                watch.loop_lag.record(back - woken.max(due));
                due += PROBE_EVERY;
            }
        }
    }

    /// Ends a window, where it is long enough to say something.
    pub(super) fn end_window(&self) {
        let state = &mut *self.state.borrow_mut();
        if state.window.at.elapsed() >= WINDOW_MIN {
            state.end_window();
        }
    }

    /// What was seen up to now.
    pub(super) fn finish(&self) -> ThreadWatch {
        let state = &mut *self.state.borrow_mut();
        state.end_window();
        let mut watch = state.past.clone();
        watch.append(&state.watch);
        watch
    }

    /// What was seen since this was last asked for.
    pub(super) fn lap(&self) -> ThreadWatch {
        let state = &mut *self.state.borrow_mut();
        state.end_window();
        let lap = std::mem::take(&mut state.watch);
        state.past.append(&lap);
        lap
    }
}

impl State {
    fn end_window(&mut self) {
        let (before, now) = (self.window, Moment::now());
        let waited = before.run_queue.zip(now.run_queue).map(|(before, now)| now.saturating_sub(before));
        self.watch.window(now.at - before.at, now.cpu.saturating_sub(before.cpu), waited);
        self.window = now;
    }
}

/// CPU time that this thread has used; zero where the system does not say.
fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(0, |time| time.num_nanoseconds());
    Duration::from_nanos(u64::try_from(time).unwrap_or(0))
}

/// How long this thread was ready to run without a core: the second number of its `schedstat`
/// (Documentation/scheduler/sched-stats.rst of Linux).
fn run_queue() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().nth(1)?.parse().ok().map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_spins_has_no_rest() {
        let watch = SelfWatch::new();
        let start = Instant::now();
        // In whole windows, so that starting the test is in none of them.
        watch.finish();
        while start.elapsed() < WINDOW_MIN * 2 {
            std::hint::black_box(thread_cpu());
            watch.end_window();
        }
        let seen = watch.finish();
        assert!(seen.cpu > Duration::ZERO && seen.cpu <= seen.watched, "{seen:?}");
        assert!(run_queue().is_none() || seen.busy > Duration::ZERO, "{seen:?}");
    }

    #[test]
    fn a_loop_that_stands_still_has_as_many_late_probes_as_were_due() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let watch = SelfWatch::new();
        let stall = PROBE_EVERY * 10;
        runtime.block_on(async {
            let mut probe = std::pin::pin!(watch.probe());
            // The first poll sets the timer; then the loop stands still, whatever else the machine does.
            std::future::poll_fn(|cx| {
                assert!(probe.as_mut().poll(cx).is_pending());
                std::task::Poll::Ready(())
            })
            .await;
            std::thread::sleep(stall);
            tokio::select! {
                () = probe => {}
                () = async { while watch.state.borrow().watch.loop_lag.count() == 0 { tokio::task::yield_now().await } } => {}
            }
        });
        let seen = watch.finish();
        assert!(seen.timer_lateness.count() >= 9, "{seen:?}");
        assert!(seen.timer_lateness.max() >= Some(PROBE_EVERY * 9), "{seen:?}");
        assert_eq!(seen.loop_lag.count(), seen.timer_lateness.count());
    }

    #[test]
    fn a_long_turn_weighs_as_much_as_the_probes_that_became_due_in_it() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let watch = SelfWatch::new();
        let turn = PROBE_EVERY * 10;
        runtime.block_on(async {
            let mut probe = std::pin::pin!(watch.probe());
            let mut poll_count = 0;
            std::future::poll_fn(|cx| {
                assert!(probe.as_mut().poll(cx).is_pending());
                // The first poll sets the timer; the second is its end, and the probe waits for its turn.
                poll_count += 1;
                if poll_count == 2 {
                    std::thread::sleep(turn);
                }
                let is_seen = watch.state.borrow().watch.loop_lag.count() > 0;
                if is_seen { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
            })
            .await;
        });
        let seen = watch.finish().loop_lag;
        assert!(seen.count() >= 10, "{seen:?}");
        assert!(seen.max() >= Some(turn) && seen.percentile(50.0) >= Some(turn / 3), "{seen:?}");
    }
}
