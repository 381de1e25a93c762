//! The cycles of a lane over all threads: the next one begins when the users of all of them have left.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// Which cycle it is. Clones are of the same lane.
#[derive(Clone)]
pub(super) struct Relay(Arc<Inner>);

struct Inner {
    threads: Mutex<Threads>,
    cycle: watch::Sender<usize>,
}

struct Threads {
    /// Those that take part.
    count: usize,
    /// Those whose users of the present cycle have left.
    done_count: usize,
}

/// A thread's part, until it is dropped: nobody waits for a thread that is gone.
pub(super) struct Runner {
    relay: Relay,
    seen: watch::Receiver<usize>,
    /// The cycle that the thread is in, which may be one behind.
    cycle: usize,
    is_done: bool,
}

impl Relay {
    pub(super) fn new(thread_count: usize) -> Self {
        let threads = Mutex::new(Threads { count: thread_count, done_count: 0 });
        Self(Arc::new(Inner { threads, cycle: watch::Sender::new(0) }))
    }

    /// To be called once by each thread.
    pub(super) fn runner(&self) -> Runner {
        Runner { relay: self.clone(), seen: self.0.cycle.subscribe(), cycle: 0, is_done: false }
    }

    /// The present cycle, counted from 0.
    pub(super) fn cycle(&self) -> usize {
        *self.0.cycle.borrow()
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Threads> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn go_on_if_all_are_done(&self, threads: &mut Threads) {
        if threads.done_count == threads.count {
            threads.done_count = 0;
            self.cycle.send_modify(|cycle| *cycle += 1);
        }
    }
}

impl Runner {
    /// The cycle that the thread is in, counted from 0.
    pub(super) fn cycle(&self) -> usize {
        self.cycle
    }

    /// This thread's users of the cycle have left. Saying it again changes nothing.
    pub(super) fn hand_on(&mut self) {
        if std::mem::replace(&mut self.is_done, true) {
            return;
        }
        let inner = &self.relay.0;
        let mut threads = inner.lock();
        threads.done_count += 1;
        inner.go_on_if_all_are_done(&mut threads);
    }

    /// Until all threads have handed the cycle on, and this one with them.
    pub(super) async fn next(&mut self) {
        let cycle = self.cycle;
        // The sender lives in the relay: it does not end before this does.
        let _ = self.seen.wait_for(|present| *present > cycle).await;
        self.cycle += 1;
        self.is_done = false;
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        let inner = &self.relay.0;
        let mut threads = inner.lock();
        threads.count -= 1;
        let is_counted = self.is_done && *inner.cycle.borrow() == self.cycle;
        threads.done_count -= usize::from(is_counted);
        if threads.count > 0 {
            inner.go_on_if_all_are_done(&mut threads);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    fn goes_on(runner: &mut Runner) -> bool {
        let next = pin!(runner.next());
        next.poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    }

    #[test]
    fn the_next_cycle_begins_when_all_have_handed_this_one_on() {
        let relay = Relay::new(2);
        let (mut first, mut second) = (relay.runner(), relay.runner());
        first.hand_on();
        first.hand_on();
        assert!(!goes_on(&mut first), "saying it twice does not stand for the other");
        second.hand_on();
        assert!(goes_on(&mut first) && goes_on(&mut second));
        assert_eq!((first.cycle(), second.cycle(), relay.cycle()), (1, 1, 1));
        second.hand_on();
        assert!(!goes_on(&mut second));
    }

    #[test]
    fn nobody_waits_for_a_thread_that_is_gone() {
        let relay = Relay::new(3);
        let (mut first, mut second, third) = (relay.runner(), relay.runner(), relay.runner());
        first.hand_on();
        second.hand_on();
        drop(third);
        assert!(goes_on(&mut first));
        first.hand_on();
        assert!(!goes_on(&mut first));
        // It has handed on a cycle that is over, which says nothing of this one.
        drop(second);
        assert!(goes_on(&mut first));
    }
}
