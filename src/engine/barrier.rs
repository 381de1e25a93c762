//! Barriers: users of all threads wait for one another. This is no message path: a lock is taken when a user comes and when
//! it goes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::program::{BarrierId, Program};

/// The barriers of a run. Clones are the same ones.
#[derive(Clone)]
pub(super) struct Barriers(Arc<[Arc<Barrier>]>);

struct Barrier {
    user_count: u64,
    /// How many are there.
    present_count: Mutex<u64>,
    /// How often it has opened.
    round: watch::Sender<u64>,
}

/// A user at a barrier, until this is dropped.
pub(super) struct Place {
    barrier: Arc<Barrier>,
    round: u64,
}

impl Barriers {
    pub(super) fn new(program: &Program) -> Self {
        let barrier = |of: &crate::program::Barrier| {
            let round = watch::Sender::new(0);
            Arc::new(Barrier { user_count: of.user_count, present_count: Mutex::new(0), round })
        };
        Self(program.barriers.iter().map(barrier).collect())
    }

    /// A user comes; where it is the last that was waited for, the barrier opens.
    pub(super) fn arrive(&self, barrier: BarrierId) -> Place {
        let barrier = Arc::clone(&self.0[barrier.index()]);
        let mut present_count = barrier.lock();
        let round = *barrier.round.borrow();
        *present_count += 1;
        if *present_count >= barrier.user_count {
            *present_count = 0;
            barrier.round.send_modify(|round| *round += 1);
        }
        drop(present_count);
        Place { barrier, round }
    }
}

impl Barrier {
    fn lock(&self) -> MutexGuard<'_, u64> {
        self.present_count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Until enough users are there.
    pub(super) async fn opened(&self) {
        // The sender lives in the barrier: it does not end before this does.
        let _ = self.barrier.round.subscribe().wait_for(|round| *round != self.round).await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut present_count = self.barrier.lock();
        // Once it has opened, nobody of that round is counted any more.
        if *self.barrier.round.borrow() == self.round {
            *present_count -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    fn of(user_count: u64) -> Barriers {
        let round = watch::Sender::new(0);
        Barriers([Arc::new(Barrier { user_count, present_count: Mutex::new(0), round })].into())
    }

    fn is_open(place: &Place) -> bool {
        let waiting = pin!(place.opened());
        waiting.poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    }

    #[test]
    fn it_opens_for_all_when_the_last_has_come_and_closes_behind_them() {
        let barriers = of(3);
        let come = || barriers.arrive(BarrierId::new(0));
        let (first, second) = (come(), come());
        assert!(!is_open(&first) && !is_open(&second));
        let third = come();
        let fourth = come();
        assert!([&first, &second, &third].into_iter().all(is_open));
        assert!(!is_open(&fourth), "that is one of the next three");
        drop((first, second, third));
        let (fifth, sixth) = (come(), come());
        assert!([&fourth, &fifth, &sixth].into_iter().all(is_open));
    }

    #[test]
    fn who_goes_is_not_counted_on() {
        let barriers = of(2);
        let come = || barriers.arrive(BarrierId::new(0));
        drop(come());
        let second = come();
        assert!(!is_open(&second));
        let third = come();
        assert!(is_open(&second) && is_open(&third));
    }

    #[test]
    fn threads_wake_one_another() {
        let barriers = of(8);
        let wait = |_| {
            let barriers = barriers.clone();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                for _ in 0..50 {
                    runtime.block_on(async { barriers.arrive(BarrierId::new(0)).opened().await });
                }
            })
        };
        let threads: Vec<_> = (0..8).map(wait).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(*barriers.0[0].round.borrow(), 50);
    }
}
