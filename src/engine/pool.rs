//! Pools: connections that the users of a thread share, each of which one user has at a time.
//!
//! A pooled connection has a task of its own, which keeps its reader from the first frame to the last: reading cannot be
//! handed over amid a frame. What comes goes to whoever has the connection; while nobody has, the task has the writer, too,
//! answers Pings, and counts messages as unmatched. Users come to their turn in the order in which they asked.

mod idle;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Sleep, sleep, timeout};

pub(super) use self::idle::Idle;
use super::driver::Driver;
use super::session::{PARTING_TIMEOUT, TCP_CLOSE_TIMEOUT, guarded};
use super::shard::Shard;
use crate::codec::Fault;
use crate::net::{Event, Incoming, ReadFailure, Reader};
use crate::program::{LinkId, PoolId, Program};

/// The pools of a thread.
pub(super) struct Pools {
    pools: Box<[Rc<Pool>]>,
    tasks: RefCell<JoinSet<()>>,
}

/// The connections of one pool.
struct Pool {
    /// As many permits as there are connections that nobody has, be they open or not.
    free: Arc<Semaphore>,
    /// Which of the targets it connects to.
    target: Cell<usize>,
    /// Those that are open, the one that was given back first in front.
    idle: RefCell<VecDeque<Rc<Pooled>>>,
}

/// A connection of a pool.
struct Pooled {
    state: RefCell<State>,
    /// Of its task.
    waker: RefCell<Option<Waker>>,
}

enum State {
    /// Nobody has it.
    Idle(Idle),
    /// A user has it, and its writer.
    Lent(Weak<RefCell<Driver>>, LinkId),
    /// It is of no more use.
    Over,
}

/// A user's turn to have a connection of a pool.
pub(super) struct Turn {
    pool: Rc<Pool>,
    permit: OwnedSemaphorePermit,
}

/// A connection that a user has. Where it is not given back it ends, and another will be opened in its place.
pub(super) struct Lease {
    pool: Rc<Pool>,
    pooled: Rc<Pooled>,
    is_back: bool,
    _permit: OwnedSemaphorePermit,
}

/// What a task is woken for.
enum Woken<'r> {
    Came(Incoming<'r>),
    Ended(ReadFailure),
    /// The server has not ended TCP behind its Close frame.
    Overdue,
    /// Nobody wants it any more.
    Dropped,
}

impl Pools {
    /// Those of one of so many threads, which share the connections evenly.
    pub(super) fn new(program: &Program, thread: usize, thread_count: usize) -> Self {
        let pools = program.pools.iter().map(|pool| {
            let size = pool.size / thread_count + usize::from(thread < pool.size % thread_count);
            let free = Arc::new(Semaphore::new(size));
            Rc::new(Pool { free, target: Cell::default(), idle: RefCell::default() })
        });
        Self { pools: pools.collect(), tasks: RefCell::default() }
    }

    /// Waits behind those who came before.
    pub(super) async fn turn(&self, pool: PoolId) -> Turn {
        let pool = Rc::clone(&self.pools[pool.index()]);
        let permit = Arc::clone(&pool.free).acquire_owned().await.expect("it is never closed");
        // What the kernel has told already is noticed first: a connection that has ended is not handed out.
        yield_now().await;
        Turn { pool, permit }
    }

    /// The target that a pool is at, as an index into the program's.
    pub(super) fn target(&self, pool: PoolId) -> usize {
        self.pools[pool.index()].target.get()
    }

    /// A target cannot be reached: the pool goes to another, unless it has done so already.
    pub(super) fn leave_target(&self, pool: PoolId, left: usize, next: usize) {
        let target = &self.pools[pool.index()].target;
        if target.get() == left {
            target.set(next);
        }
    }

    /// Says goodbye on all connections, and waits for the answers, which may not come.
    pub(super) async fn close(&self) {
        for pool in &self.pools {
            pool.idle.take().iter().for_each(|pooled| pooled.part());
        }
        let mut tasks = self.tasks.take();
        let _ = timeout(PARTING_TIMEOUT, async { while tasks.join_next().await.is_some() {} }).await;
    }
}

impl Turn {
    /// A connection that is open, where one is.
    pub(super) fn take(self) -> Result<(Lease, Idle), Self> {
        while let Some(pooled) = { self.pool.idle.borrow_mut().pop_front() } {
            let state = std::mem::replace(&mut *pooled.state.borrow_mut(), State::Over);
            if let State::Idle(idle) = state {
                return Ok((self.lease(pooled), idle));
            }
        }
        Err(self)
    }

    /// A new connection, which becomes one of the pool.
    pub(super) fn opened(self, reader: Reader, shard: &Rc<Shard>) -> Lease {
        let pooled = Rc::new(Pooled { state: RefCell::new(State::Over), waker: RefCell::default() });
        let lease = self.lease(pooled);
        let mut tasks = shard.pools.tasks.borrow_mut();
        while tasks.try_join_next().is_some() {}
        let (pool, pooled) = (Rc::clone(&lease.pool), Rc::clone(&lease.pooled));
        tasks.spawn_local(attend(pool, pooled, Rc::clone(shard), reader));
        lease
    }

    fn lease(self, pooled: Rc<Pooled>) -> Lease {
        let Self { pool, permit } = self;
        Lease { pool, pooled, is_back: false, _permit: permit }
    }
}

impl Lease {
    /// From now on what comes goes to this user.
    pub(super) fn hand_to(&self, driver: &Rc<RefCell<Driver>>, link: LinkId) {
        *self.pooled.state.borrow_mut() = State::Lent(Rc::downgrade(driver), link);
        self.pooled.wake();
    }

    pub(super) fn give_back(mut self, idle: Idle) {
        *self.pooled.state.borrow_mut() = State::Idle(idle);
        self.pool.idle.borrow_mut().push_back(Rc::clone(&self.pooled));
        self.is_back = true;
        self.pooled.wake();
    }

    /// Has the connection read that was not because of what waited for the kernel.
    pub(super) fn wake_reader(&self) {
        self.pooled.wake();
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.is_back {
            *self.pooled.state.borrow_mut() = State::Over;
            self.pooled.wake();
        }
    }
}

impl Pooled {
    fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    fn part(&self) {
        if let State::Idle(idle) = &mut *self.state.borrow_mut() {
            idle.close();
        }
        self.wake();
    }

    /// Who has it.
    fn holder(&self) -> Option<(Rc<RefCell<Driver>>, LinkId)> {
        match &*self.state.borrow() {
            State::Lent(driver, link) => Some((driver.upgrade()?, *link)),
            _ => None,
        }
    }

    fn poll<'r>(
        &self,
        next: Pin<&mut impl Future<Output = Result<Incoming<'r>, ReadFailure>>>,
        tcp_close: &mut Option<Pin<Box<Sleep>>>,
        shard: &Shard,
        cx: &mut Context<'_>,
    ) -> Poll<Woken<'r>> {
        self.waker.borrow_mut().get_or_insert_with(|| cx.waker().clone()).clone_from(cx.waker());
        match &mut *self.state.borrow_mut() {
            State::Over => return Poll::Ready(Woken::Dropped),
            State::Idle(idle) => idle.poll_writer(shard, cx),
            State::Lent(driver, link) => match driver.upgrade() {
                None => return Poll::Ready(Woken::Dropped),
                // Its user's task wakes this one when the server has taken some of it.
                Some(driver) if driver.borrow().is_congested(*link) => return Poll::Pending,
                Some(_) => {}
            },
        }
        if tcp_close.as_mut().is_some_and(|sleep| sleep.as_mut().poll(cx).is_ready()) {
            return Poll::Ready(Woken::Overdue);
        }
        next.poll(cx).map(|outcome| outcome.map_or_else(Woken::Ended, Woken::Came))
    }

    /// Something came: it is for whoever has the connection.
    fn take(&self, incoming: &Incoming<'_>, shard: &Shard) -> Result<(), Fault> {
        if let Some((driver, link)) = self.holder() {
            let taken = guarded(&driver, |driver| driver.incoming(link, incoming));
            driver.borrow().wake();
            return taken.unwrap_or(Ok(()));
        }
        match &mut *self.state.borrow_mut() {
            State::Idle(idle) => idle.incoming(incoming, shard),
            _ => Ok(()),
        }
    }

    /// Reading came to its end.
    fn ended(&self, failure: Option<&ReadFailure>, shard: &Shard) {
        if let Some((driver, link)) = self.holder() {
            guarded(&driver, |driver| driver.reading_ended(link, failure));
            driver.borrow().wake();
            return;
        }
        if let State::Idle(idle) = &mut *self.state.borrow_mut() {
            idle.ended(failure, shard);
        }
    }
}

/// Reads a connection until it ends.
async fn attend(pool: Rc<Pool>, pooled: Rc<Pooled>, shard: Rc<Shard>, mut reader: Reader) {
    let mut tcp_close = None;
    let failure = loop {
        let woken = {
            let mut next = pin!(reader.next());
            poll_fn(|cx| pooled.poll(next.as_mut(), &mut tcp_close, &shard, cx)).await
        };
        let incoming = match woken {
            Woken::Came(incoming) => incoming,
            Woken::Ended(failure) => break Some(failure),
            Woken::Overdue => break None,
            Woken::Dropped => return,
        };
        let is_close = matches!(incoming.event, Event::Close { .. });
        if let Err(Fault { detail }) = pooled.take(&incoming, &shard) {
            break Some(ReadFailure::Undecodable { detail });
        }
        if is_close {
            pool.forget(&pooled);
            tcp_close = Some(Box::pin(sleep(TCP_CLOSE_TIMEOUT)));
        }
    };
    pool.forget(&pooled);
    pooled.ended(failure.as_ref(), &shard);
}

impl Pool {
    /// Nobody is to have it any more.
    fn forget(&self, pooled: &Rc<Pooled>) {
        self.idle.borrow_mut().retain(|idle| !Rc::ptr_eq(idle, pooled));
    }
}
