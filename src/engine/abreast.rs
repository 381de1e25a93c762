//! Futures that go on side by side in one task, each polled only where something has woken it: what the task does
//! otherwise, thousands of times a second, does not look at them.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Wakes the task for one of the futures, and remembers for which.
struct Bell {
    has_rung: AtomicBool,
    task: Mutex<Waker>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.has_rung.store(true, Ordering::Release);
        self.task.lock().unwrap_or_else(PoisonError::into_inner).wake_by_ref();
    }
}

/// Until all of them are done.
pub(super) async fn all(futures: impl Iterator<Item = impl Future<Output = ()>>) {
    let bell = || Arc::new(Bell { has_rung: AtomicBool::new(true), task: Mutex::new(Waker::noop().clone()) });
    let mut futures: Vec<_> = futures.map(|future| (Box::pin(future), bell())).collect();
    poll_fn(|context| {
        futures.retain_mut(|(future, bell)| poll(future.as_mut(), bell, context).is_pending());
        if futures.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

fn poll(future: Pin<&mut impl Future<Output = ()>>, bell: &Arc<Bell>, context: &Context<'_>) -> Poll<()> {
    if !bell.has_rung.load(Ordering::Acquire) {
        return Poll::Pending;
    }
    {
        let mut task = bell.task.lock().unwrap_or_else(PoisonError::into_inner);
        task.clone_from(context.waker());
    }
    bell.has_rung.store(false, Ordering::Release);
    future.poll(&mut Context::from_waker(&Waker::from(Arc::clone(bell))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::pin::pin;

    use tokio::sync::Notify;

    #[test]
    fn each_is_polled_when_it_was_woken_and_not_when_another_was() {
        let (polls, calls) = ([const { Cell::new(0) }; 2], [const { Notify::const_new() }; 2]);
        let counted = |at: usize| {
            let (polls, calls) = (&polls, &calls);
            async move {
                let mut called_twice = pin!(async move {
                    calls[at].notified().await;
                    calls[at].notified().await;
                });
                poll_fn(|context| {
                    polls[at].set(polls[at].get() + 1);
                    called_twice.as_mut().poll(context)
                })
                .await;
            }
        };
        let mut both = pin!(all([0, 1].into_iter().map(counted)));
        let mut look = || both.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
        let seen = || [polls[0].get(), polls[1].get()];
        assert!(!look() && !look());
        assert_eq!(seen(), [1, 1], "nobody was woken");
        calls[1].notify_one();
        assert!(!look());
        assert_eq!(seen(), [1, 2]);
        for (at, is_over) in [(1, false), (0, false), (0, true)] {
            calls[at].notify_one();
            assert_eq!(look(), is_over);
        }
        assert_eq!(seen(), [3, 3]);
    }

    #[test]
    fn nothing_is_done_at_once() {
        let mut nothing = pin!(all(std::iter::empty::<std::future::Ready<()>>()));
        assert!(nothing.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
    }
}
