//! The task of one user: connects where the user wants to, and reads each connection until it ends, whatever the user
//! does meanwhile.
//!
//! Reading is one future that lives as long as its connection, because the frame reader is not cancel-safe. It is
//! polled beside the others, the writers, the timer and the errand by hand, never raced by something that might drop it.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::error::Elapsed;
use tokio::time::{Sleep, sleep_until, timeout};

use super::driver::Driver;
use super::opening::{self, Opened};
use super::pool::{Idle, Lease, Turn};
use super::shard::Shard;
use super::wire::Errand;
use crate::codec::{Codec, Fault};
use crate::machine::{Borrowing, ConnectRequest, Input};
use crate::net::{self, ReadFailure, Reader, RequestError, UpgradeRequest};
use crate::program::{LinkId, PoolId};

/// How long a server has to end TCP behind the closing handshake before this end does it (RFC 6455 section 7.1.1).
pub(super) const TCP_CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a user that was made to leave waits for the server's goodbye. What comes until then was sent to it and is
/// counted; and a connection that is closed with something unread is reset, which may destroy what was sent on it.
pub(super) const PARTING_TIMEOUT: Duration = Duration::from_secs(1);

/// How often what follows from one another is looked at before the others get a turn.
const ROUNDS_A_TURN: usize = 4;

/// Runs one user to its end. A panic is a bug of ours: it costs this user, not the run.
pub(super) async fn run(driver: Rc<RefCell<Driver>>) {
    let mut course = pin!(follow(&driver));
    let outcome = poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| course.as_mut().poll(cx))) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    });
    if let Err(panic) = outcome.await {
        driver.borrow_mut().bury(&*panic);
    }
}

/// An input from outside the user's task. Here, too, a panic costs this user only.
pub(super) fn interrupt(driver: &RefCell<Driver>, input: Input<'_>) {
    guarded(driver, |driver| driver.interrupt(input));
}

/// Does something with a user from outside its task; what it comes to, where there was no panic.
pub(super) fn guarded<T>(driver: &RefCell<Driver>, act: impl FnOnce(&mut Driver) -> T) -> Option<T> {
    let outcome = catch_unwind(AssertUnwindSafe(|| act(&mut driver.borrow_mut())));
    outcome.map_err(|panic| driver.borrow_mut().bury(&*panic)).ok()
}

/// Polls whatever a user has under way, in one task: its connections, what it is to be woken for, its errand.
async fn follow(driver: &Rc<RefCell<Driver>>) {
    driver.borrow_mut().input(Input::Start);
    let mut first = Connection::new(LinkId::FIRST);
    // The first one reads in the task's own memory; most users have no other.
    let mut first_reading = pin!(None);
    let mut further: Vec<_> = driver.borrow().links().skip(1).map(further_connection).collect();
    let mut alarm = Alarm::new();
    let (mut errand, mut parting) = (None, None);
    poll_fn(|cx| {
        driver.borrow_mut().remember(cx.waker());
        for _ in 0..ROUNDS_A_TURN {
            first.advance(driver, first_reading.as_mut(), read, cx);
            for (connection, reading) in &mut further {
                connection.advance(driver, reading.as_mut(), read, cx);
            }
            poll_errand(driver, &mut errand, cx);
            serve(driver, &mut alarm, cx);
            let mut has_changed = first.settle(driver, first_reading.as_mut(), &mut parting, cx);
            let mut is_idle = first.is_idle(driver, &first_reading);
            for (connection, reading) in &mut further {
                has_changed |= connection.settle(driver, reading.as_mut(), &mut parting, cx);
                is_idle &= connection.is_idle(driver, reading);
            }
            if is_idle && driver.borrow().is_done() {
                return Poll::Ready(());
            }
            if !has_changed && !driver.borrow().has_wishes() {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// An attempt to connect, and what was asked for.
type Attempt = Pin<Box<dyn Future<Output = (Box<ConnectRequest>, Attempted)>>>;
type Outcome = Result<Result<Opened, net::ConnectFailure>, Elapsed>;

/// What came of an attempt.
// It is taken apart where it comes: nothing keeps one.
#[allow(clippy::large_enum_variant)]
enum Attempted {
    /// A connection was opened, or not; on a user's turn it is one of a pool.
    Opened(Outcome, Option<Turn>),
    /// One of a pool stood already.
    Taken(Lease, Idle),
    /// None of a pool was free in time.
    NoneFree(PoolId),
}

/// How far one of a user's connections is, beside the reading of it: there is none, it is being opened, or it is read.
struct Connection {
    link: LinkId,
    attempt: Option<Attempt>,
    tcp_close: Option<Pin<Box<Sleep>>>,
    /// Whether it was not read last because of what waits for the kernel.
    was_congested: bool,
}

fn further_connection<R>(link: LinkId) -> (Connection, Pin<Box<Option<R>>>) {
    (Connection::new(link), Box::pin(None))
}

impl Connection {
    fn new(link: LinkId) -> Self {
        Self { link, attempt: None, tcp_close: None, was_congested: false }
    }

    fn is_idle<R>(&self, driver: &RefCell<Driver>, reading: &Pin<impl Deref<Target = Option<R>>>) -> bool {
        self.attempt.is_none() && reading.is_none() && !driver.borrow().has_lease(self.link)
    }

    /// Begins to connect where the user wants to, goes on with it, and reads what has come. The user is told.
    fn advance<'d, R: Future<Output = ReadFailure>>(
        &mut self,
        driver: &'d Rc<RefCell<Driver>>,
        mut reading: Pin<&mut Option<R>>,
        read: impl Fn(&'d RefCell<Driver>, LinkId, Reader) -> R,
        cx: &mut Context<'_>,
    ) {
        if reading.is_none() {
            if driver.borrow().has_lease(self.link) {
                self.was_congested = driver.borrow().is_congested(self.link);
                return;
            }
            if self.attempt.is_none() {
                self.attempt = begin(driver, self.link);
            }
            let Some(attempt) = &mut self.attempt else { return };
            let Poll::Ready((request, attempted)) = attempt.as_mut().poll(cx) else { return };
            // What connecting needed is given back before the connection is read.
            self.attempt = None;
            let Some(reader) = tell_how_it_went(driver, self.link, &request, attempted) else { return };
            self.tcp_close = None;
            reading.set(Some(read(driver, self.link, reader)));
        }
        let Some(present) = reading.as_mut().as_pin_mut() else { return };
        if let Poll::Ready(failure) = present.poll(cx) {
            reading.set(None);
            driver.borrow_mut().reading_ended(self.link, Some(&failure));
        }
        self.was_congested = driver.borrow().is_congested(self.link);
    }

    /// Ends what the user has no more use for. Whether anything has changed that it may act upon.
    fn settle<R>(
        &mut self,
        driver: &RefCell<Driver>,
        mut reading: Pin<&mut Option<R>>,
        parting: &mut Option<Pin<Box<Sleep>>>,
        cx: &mut Context<'_>,
    ) -> bool {
        let link = self.link;
        if reading.is_none() && driver.borrow().has_lease(link) {
            return self.settle_lease(driver, parting, cx);
        }
        if reading.is_none() {
            return self.give_up(driver, parting, cx);
        }
        if self.was_congested && !driver.borrow().is_congested(link) {
            cx.waker().wake_by_ref();
        }
        if driver.borrow().has_close(link) {
            let tcp_close = || Box::pin(tokio::time::sleep(TCP_CLOSE_TIMEOUT));
            if self.tcp_close.get_or_insert_with(tcp_close).as_mut().poll(cx).is_ready() {
                reading.set(None);
                driver.borrow_mut().reading_ended(link, None);
                return true;
            }
        }
        if !self.is_unwanted(driver, parting, cx) {
            return false;
        }
        reading.set(None);
        driver.borrow_mut().drop_connection(link);
        true
    }

    /// The same, of a connection of a pool, which somebody else reads.
    fn settle_lease(
        &self,
        driver: &RefCell<Driver>,
        parting: &mut Option<Pin<Box<Sleep>>>,
        cx: &mut Context<'_>,
    ) -> bool {
        let link = self.link;
        if self.was_congested && !driver.borrow().is_congested(link) {
            driver.borrow().wake_reader(link);
        }
        if driver.borrow_mut().gives_back(link) {
            return true;
        }
        let is_unwanted = self.is_unwanted(driver, parting, cx);
        if is_unwanted {
            driver.borrow_mut().drop_connection(link);
        }
        is_unwanted
    }

    /// Whether the user has no more use for the connection, and it had its time to end in order.
    fn is_unwanted(
        &self,
        driver: &RefCell<Driver>,
        parting: &mut Option<Pin<Box<Sleep>>>,
        cx: &mut Context<'_>,
    ) -> bool {
        let driver = driver.borrow();
        driver.is_over(self.link) && (!driver.is_parting(self.link) || parted(parting, cx).is_ready())
    }

    /// Gives up an attempt that the user wants no more. Where it has left meanwhile, the server may know of the
    /// connection already: so it gets a little time to come about and be closed in order.
    fn give_up(
        &mut self,
        driver: &RefCell<Driver>,
        parting: &mut Option<Pin<Box<Sleep>>>,
        cx: &mut Context<'_>,
    ) -> bool {
        let is_given_up = {
            let driver = driver.borrow();
            let mut has_left =
                || driver.is_done() && self.attempt.is_some() && parted(parting, cx).is_ready();
            driver.is_aborted(self.link) || driver.is_dead() || has_left()
        };
        if is_given_up {
            driver.borrow_mut().drop_connection(self.link);
        }
        is_given_up && self.attempt.take().is_some()
    }
}

/// Begins to open the connection that the user asked for, if it did.
fn begin(driver: &RefCell<Driver>, link: LinkId) -> Option<Attempt> {
    let (mut request, upgrade, shard, user) = {
        let mut driver = driver.borrow_mut();
        let request = driver.take_request(link).filter(|_| !driver.is_done())?;
        let upgrade = driver.upgrade_request(&request);
        (request, upgrade, driver.shard(), driver.user_number())
    };
    Some(Box::pin(async move {
        let attempted = match request.pool {
            None => {
                let opening = connect(&shard, &request, upgrade, user);
                Attempted::Opened(timeout(request.timeout, opening).await, None)
            }
            Some(borrowing) => {
                let opening = open_for_all(&shard, borrowing.pool, &mut request, upgrade, user);
                borrow(&shard, borrowing, opening).await
            }
        };
        (request, attempted)
    }))
}

/// Waits for a connection of a pool, and opens it where it is not open.
async fn borrow(shard: &Shard, borrowing: Borrowing, opening: impl Future<Output = Outcome>) -> Attempted {
    let Borrowing { pool, timer } = borrowing;
    let since = shard.now();
    let patience = shard.setting.program.pools[pool.index()].acquire_timeout;
    let Ok(turn) = timeout(patience, shard.pools.turn(pool)).await else { return Attempted::NoneFree(pool) };
    let attempted = match turn.take() {
        Ok((lease, idle)) => Attempted::Taken(lease, idle),
        Err(turn) => Attempted::Opened(opening.await, Some(turn)),
    };
    let is_new = matches!(attempted, Attempted::Opened(Ok(Ok(_)), _));
    if is_new || matches!(attempted, Attempted::Taken(..)) {
        shard.time(timer, shard.now().saturating_sub(since));
        shard.count(|counts| {
            counts.pools_borrowed += 1;
            counts.pools_opened += u64::from(is_new);
        });
    }
    attempted
}

/// Opens a connection of a pool to the target that the pool is at, or to the next that can be reached, where it is then.
async fn open_for_all(
    shard: &Shard,
    pool: PoolId,
    request: &mut ConnectRequest,
    upgrade: Result<UpgradeRequest, RequestError>,
    user: u64,
) -> Outcome {
    let can_move = request.url.is_none() && upgrade.is_ok();
    let target_count = if can_move { shard.targets.len() } else { 1 };
    request.target = shard.pools.target(pool);
    let (mut failed_count, mut since) = (0, None);
    loop {
        let opening = timeout(request.timeout, connect(shard, request, upgrade.clone(), user)).await;
        if matches!(opening, Ok(Ok(_))) {
            if let Some(since) = since {
                shard.count(|counts| counts.failovers += 1);
                let elapsed = shard.now().saturating_sub(since);
                request.timers.failover.iter().for_each(|timer| shard.time(*timer, elapsed));
            }
            return opening;
        }
        failed_count += 1;
        let next = (request.target + 1) % shard.targets.len();
        if can_move {
            shard.pools.leave_target(pool, request.target, next);
        }
        if failed_count == target_count {
            // Whoever asked counts this one.
            return opening;
        }
        since.get_or_insert_with(|| shard.now());
        shard.count(|counts| {
            counts.connections_attempted += 1;
            counts.connections_failed += 1;
        });
        request.target = next;
    }
}

async fn connect(
    shard: &Shard,
    request: &ConnectRequest,
    upgrade: Result<UpgradeRequest, RequestError>,
    user: u64,
) -> Result<Opened, net::ConnectFailure> {
    let target = shard.target_of(request);
    let upgrade = upgrade.map_err(|error| net::ConnectFailure::request(target, error))?;
    let connection = net::connect(target, &upgrade, &shard.network, user).await?;
    let codec = Codec::new(shard.setting.program.protocol);
    let opened = opening::open(connection, codec).await;
    opened.map_err(|kind| net::ConnectFailure { kind, address: target.address() })
}

/// Tells the user how an attempt went; what there is to read, where it went well and nobody else does.
fn tell_how_it_went(
    driver: &Rc<RefCell<Driver>>,
    link: LinkId,
    request: &ConnectRequest,
    attempted: Attempted,
) -> Option<Reader> {
    let mut user = driver.borrow_mut();
    match attempted {
        Attempted::Opened(Ok(Ok(opened)), None) => return Some(user.connected(link, request, opened)),
        Attempted::Opened(Ok(Ok(opened)), Some(turn)) => {
            let reader = user.connected(link, request, opened);
            let lease = turn.opened(reader, &user.shard());
            lease.hand_to(driver, link);
            user.is_lent(link, lease);
        }
        Attempted::Opened(Ok(Err(failure)), _) => user.connect_failed(link, request, &failure),
        Attempted::Opened(Err(_), _) => user.connect_timed_out(link, request),
        Attempted::Taken(lease, idle) => {
            lease.hand_to(driver, link);
            user.borrowed(link, lease, idle);
        }
        Attempted::NoneFree(pool) => {
            let shard = user.shard();
            user.none_free(link, &shard.setting.program.pools[pool.index()]);
        }
    }
    None
}

/// Begins the errand that the user is to run, and goes on with it. One that nobody waits for is dropped.
fn poll_errand(driver: &RefCell<Driver>, errand: &mut Option<Errand>, cx: &mut Context<'_>) {
    if let Some(begun) = driver.borrow_mut().take_errand() {
        *errand = Some(begun);
    }
    let Some(present) = errand else { return };
    if driver.borrow().gave_up_errand() {
        *errand = None;
    } else if let Poll::Ready(end) = present.as_mut().poll(cx) {
        *errand = None;
        end(&mut driver.borrow_mut());
    }
}

/// Ready when a user that has left has waited long enough.
fn parted(timer: &mut Option<Pin<Box<Sleep>>>, cx: &mut Context<'_>) -> Poll<()> {
    timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(PARTING_TIMEOUT))).as_mut().poll(cx)
}

/// Does what time and the kernel allow until nothing more follows, or the user's turn is over. A timer that fires may
/// queue what the kernel does not take at once, and what the kernel takes may bring a deadline nearer: so both are
/// looked at until neither has anything to do, and both will wake the task.
///
/// Behind the server's Close frame the times of a user that is at that connection stand still until it is told, when TCP
/// has ended: what it waits for cannot come any more, and that it did not come in time would be the wrong reason.
fn serve(driver: &RefCell<Driver>, alarm: &mut Alarm, cx: &mut Context<'_>) {
    let links = driver.borrow().links();
    for _ in 0..ROUNDS_A_TURN {
        let has_written = links.clone().filter(|link| poll_writer(driver, *link, cx)).count() > 0;
        let has_woken = !driver.borrow().awaits_end() && alarm.poll_deadline(driver, cx);
        if !has_written && !has_woken {
            return;
        }
    }
    cx.waker().wake_by_ref();
}

/// Reads until the connection ends. While it is congested this waits, without being woken: whoever polls it does so
/// again when the congestion is over.
async fn read(driver: &RefCell<Driver>, link: LinkId, mut reader: Reader) -> ReadFailure {
    loop {
        poll_fn(|_| if driver.borrow().is_congested(link) { Poll::Pending } else { Poll::Ready(()) }).await;
        match reader.next().await {
            Ok(incoming) => {
                if let Err(Fault { detail }) = driver.borrow_mut().incoming(link, &incoming) {
                    return ReadFailure::Undecodable { detail };
                }
            }
            Err(failure) => return failure,
        }
    }
}

/// Goes on writing on a connection where the kernel takes more; whether it did.
fn poll_writer(driver: &RefCell<Driver>, link: LinkId, cx: &mut Context<'_>) -> bool {
    let is_ready = match driver.borrow().blocked_writer(link) {
        Some(writer) => writer.poll_writable(cx).is_ready(),
        None => driver.borrow().has_queued(link),
    };
    if is_ready {
        driver.borrow_mut().flush();
    }
    is_ready
}

/// The user's one timer. It is only set anew when the deadline comes nearer: most deadlines are timeouts that are
/// replaced by later ones long before they are due, and a timer that fires early just looks again.
///
/// A deadline that a schedule sets is not left to tokio's timer, which would be late by a millisecond.
struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
    armed: Option<Duration>,
    /// The paced deadline at which the task will be polled.
    paced: Option<Duration>,
}

impl Alarm {
    fn new() -> Self {
        Self { sleep: None, armed: None, paced: None }
    }

    /// Wakes the user where its deadline has passed, else makes sure that the task is polled at it; whether it woke
    /// the user.
    fn poll_deadline(&mut self, driver: &RefCell<Driver>, cx: &mut Context<'_>) -> bool {
        loop {
            let Some(deadline) = driver.borrow().deadline() else { return false };
            if self.sleeps_until(deadline) && !driver.borrow().is_paced() {
                return false;
            }
            // One that is due already does not wait for the timer's next tick.
            if driver.borrow().has_come(deadline) {
                driver.borrow_mut().input(Input::Wake);
                return true;
            }
            if self.is_paced(driver, cx) {
                return false;
            }
            if self.armed.is_none_or(|armed| armed > deadline) {
                let instant = driver.borrow().instant(deadline);
                self.arm(deadline, instant);
            }
            let Some(sleep) = &mut self.sleep else { return false };
            if sleep.as_mut().poll(cx).is_pending() {
                return false;
            }
            self.armed = None;
        }
    }

    /// Whether the timer will have the task polled by then. Most polls are for a message: they need neither the clock
    /// nor the timer, which has the task's waker already.
    fn sleeps_until(&self, deadline: Duration) -> bool {
        self.armed.is_some_and(|armed| armed <= deadline)
            && self.sleep.as_ref().is_some_and(|sleep| !sleep.is_elapsed())
    }

    /// Whether the deadline is a schedule's, and the task will be polled at it.
    fn is_paced(&mut self, driver: &RefCell<Driver>, cx: &Context<'_>) -> bool {
        let driver = driver.borrow();
        let Some(deadline) = driver.paced_deadline() else { return false };
        if self.paced != Some(deadline) {
            self.paced = driver.shard().wake_at(driver.instant(deadline), cx.waker()).then_some(deadline);
        }
        self.paced.is_some()
    }

    fn arm(&mut self, deadline: Duration, instant: Instant) {
        let instant = tokio::time::Instant::from_std(instant);
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().reset(instant),
            None => self.sleep = Some(Box::pin(sleep_until(instant))),
        }
        self.armed = Some(deadline);
    }
}
