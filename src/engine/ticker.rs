//! Wake-ups that are to be on time: one kernel timer a thread (`timerfd_create(2)`) and a heap of who wants what.
//!
//! tokio's timer counts whole milliseconds and rounds up, which is good enough for timeouts and pauses, and cheap. A send
//! that is due at a time would always be a millisecond late by it. What that costs and gains is in docs/measuring.md.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::rc::Rc;
use std::task::Waker;
use std::time::{Duration, Instant};

use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// The timer goes off at most this often: what is due in between is woken together. A look at the kernel for each of
/// ten thousand a second would cost a tenth of a core.
const GAP: Duration = Duration::from_micros(250);

/// The wake-ups of one thread.
pub(super) struct Ticker {
    timer: AsyncFd<Timer>,
    wakeups: RefCell<Wakeups>,
}

struct Wakeups {
    /// The earliest on top.
    heap: BinaryHeap<Wakeup>,
    /// When the timer goes off.
    armed: Option<Instant>,
    /// When it went off last.
    last: Option<Instant>,
}

struct Wakeup {
    at: Instant,
    waker: Waker,
}

impl Ticker {
    /// A ticker on the current runtime, and the task that it needs.
    ///
    /// # Errors
    /// Where the process may open no more files.
    pub(super) fn start() -> io::Result<Rc<Self>> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        let wakeups = Wakeups { heap: BinaryHeap::new(), armed: None, last: None };
        #[expect(
            deprecated,
            reason = "its successor is unsafe to call, for types that lie about what they own"
        )]
        let timer = AsyncFd::with_interest(Timer(timer), Interest::READABLE)?;
        let ticker = Rc::new(Self { timer, wakeups: RefCell::new(wakeups) });
        tokio::task::spawn_local(Rc::clone(&ticker).run());
        Ok(ticker)
    }

    /// Wakes at this time, once. A wake-up that nobody needs any more is not taken back: who is woken looks for itself.
    ///
    /// # Errors
    /// Where the timer cannot be set; then nobody is woken.
    pub(super) fn wake_at(&self, at: Instant, waker: &Waker) -> io::Result<()> {
        let mut wakeups = self.wakeups.borrow_mut();
        wakeups.heap.push(Wakeup { at, waker: waker.clone() });
        self.arm(&mut wakeups)
    }

    async fn run(self: Rc<Self>) {
        loop {
            // It ends with the runtime.
            let Ok(mut ready) = self.timer.readable().await else { return };
            // Setting the timer again takes back that it went off: nothing needs to be read.
            ready.clear_ready();
            let mut wakeups = self.wakeups.borrow_mut();
            wakeups.ring(Instant::now());
            if self.arm(&mut wakeups).is_err() {
                // Nobody is left to wait for what does not come.
                wakeups.heap.drain().for_each(|wakeup| wakeup.waker.wake());
            }
        }
    }

    fn arm(&self, wakeups: &mut Wakeups) -> io::Result<()> {
        let Some(at) = wakeups.next() else { return Ok(()) };
        if wakeups.armed.is_none_or(|armed| at < armed) {
            // Zero would switch it off.
            let wait = at.saturating_duration_since(Instant::now()).max(Duration::from_nanos(1));
            let wait = Expiration::OneShot(TimeSpec::from_duration(wait));
            self.timer.get_ref().0.set(wait, TimerSetTimeFlags::empty())?;
            wakeups.armed = Some(at);
        }
        Ok(())
    }
}

impl Wakeups {
    /// When the timer is to go off next.
    fn next(&self) -> Option<Instant> {
        let at = self.heap.peek()?.at;
        Some(self.last.map_or(at, |last| at.max(last + GAP)))
    }

    /// Wakes all that are due.
    fn ring(&mut self, now: Instant) {
        (self.armed, self.last) = (None, Some(now));
        while self.heap.peek().is_some_and(|wakeup| wakeup.at <= now) {
            if let Some(wakeup) = self.heap.pop() {
                wakeup.waker.wake();
            }
        }
    }
}

/// What tokio can watch.
struct Timer(TimerFd);

impl AsRawFd for Timer {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

impl Ord for Wakeup {
    /// Earlier is greater: the heap has its greatest on top.
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.cmp(&self.at)
    }
}

impl PartialOrd for Wakeup {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Wakeup {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Wakeup {}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use super::*;

    fn on_a_runtime<T>(test: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, test)
    }

    async fn sleep_until(ticker: &Ticker, at: Instant) {
        let mut is_set = false;
        poll_fn(|cx| {
            if Instant::now() >= at {
                return Poll::Ready(());
            }
            if !is_set {
                is_set = true;
                ticker.wake_at(at, cx.waker()).unwrap();
            }
            Poll::Pending
        })
        .await;
    }

    #[test]
    fn whoever_asks_is_woken_and_the_earliest_first() {
        on_a_runtime(async {
            let ticker = Ticker::start().unwrap();
            let woken = Rc::new(RefCell::new(Vec::new()));
            let start = Instant::now();
            let mut tasks = Vec::new();
            for ms in [40u64, 10, 30, 10, 20] {
                let (ticker, woken) = (Rc::clone(&ticker), Rc::clone(&woken));
                tasks.push(tokio::task::spawn_local(async move {
                    sleep_until(&ticker, start + Duration::from_millis(ms)).await;
                    woken.borrow_mut().push(ms);
                }));
            }
            for task in tasks {
                task.await.unwrap();
            }
            assert!(start.elapsed() >= Duration::from_millis(40));
            let mut sorted = woken.borrow().clone();
            sorted.sort_unstable();
            assert_eq!(sorted, [10, 10, 20, 30, 40]);
            // Once more, the timer having gone off before.
            sleep_until(&ticker, Instant::now() + Duration::from_micros(300)).await;
            sleep_until(&ticker, Instant::now() + Duration::from_micros(10)).await;
        });
    }

    #[test]
    fn what_is_close_together_is_woken_together() {
        let start = Instant::now();
        let mut wakeups = Wakeups { heap: BinaryHeap::new(), armed: None, last: None };
        for us in [900, 100, 200, 300] {
            let at = start + Duration::from_micros(us);
            wakeups.heap.push(Wakeup { at, waker: Waker::noop().clone() });
        }
        assert_eq!(wakeups.next(), Some(start + Duration::from_micros(100)), "the first is on time");
        wakeups.ring(start + Duration::from_micros(110));
        assert_eq!(wakeups.next(), Some(start + Duration::from_micros(110) + GAP), "the next waits for more");
        wakeups.ring(start + Duration::from_micros(360));
        assert_eq!(wakeups.heap.len(), 1, "two were due by then");
        assert_eq!(wakeups.next(), Some(start + Duration::from_micros(900)), "who is alone is on time");
    }
}
