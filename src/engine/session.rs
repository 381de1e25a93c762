//! The task of one user: connects when the user wants to, then holds the connection until it ends.
//!
//! Reading is one future that lives as long as the connection, because the frame reader is not cancel-safe. It is
//! polled beside the writer and the timer by hand, never raced by something that might drop it.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::time::{Sleep, sleep_until, timeout};

use super::driver::Driver;
use crate::machine::{ConnectRequest, Input};
use crate::net::{self, ReadFailure, Reader, UpgradeRequest};

/// How long a server has to end TCP behind the closing handshake before this end does it (RFC 6455 section 7.1.1).
const TCP_CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a user that was made to leave waits for the server's goodbye. What comes until then was sent to it and is
/// counted; and a connection that is closed with something unread is reset, which may destroy what was sent on it.
const PARTING_TIMEOUT: Duration = Duration::from_secs(1);

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
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| driver.borrow_mut().interrupt(input))) {
        driver.borrow_mut().bury(&*panic);
    }
}

async fn follow(driver: &RefCell<Driver>) {
    driver.borrow_mut().input(Input::Start);
    while !driver.borrow().is_done() {
        let request = driver.borrow_mut().take_request();
        match request {
            Some(request) => {
                if let Some(reader) = connect(driver, &request).await {
                    hold(driver, reader).await;
                }
            }
            None => rest(driver).await,
        }
    }
}

/// Opens a connection; tells the user how it went. `None` when there is none. Where the user has left meanwhile, the server may
/// know of the connection already: so it gets a little time to come about and be closed in order.
async fn connect(driver: &RefCell<Driver>, request: &ConnectRequest) -> Option<Reader> {
    let shard = driver.borrow().shard();
    let target = &shard.targets[request.target];
    let path = request.path.clone().unwrap_or_default();
    let upgrade = UpgradeRequest::new(path, &request.headers, &request.subprotocols)
        .map(|upgrade| UpgradeRequest { deflate: request.deflate, ..upgrade });
    let attempt = async {
        match upgrade {
            Ok(upgrade) => net::connect(target, &upgrade, &shard.resolver, &shard.options).await,
            Err(error) => Err(net::ConnectFailure::request(target, error)),
        }
    };
    // In a box: what connecting needs is given back before the connection is held.
    let mut attempt = Box::pin(timeout(request.timeout, attempt));
    let mut parting = None;
    let outcome = poll_fn(|cx| {
        driver.borrow_mut().remember(cx.waker());
        if driver.borrow().is_dead() {
            return Poll::Ready(None);
        }
        if let Poll::Ready(outcome) = attempt.as_mut().poll(cx) {
            return Poll::Ready(Some(outcome));
        }
        if driver.borrow().is_done() {
            ready!(parted(&mut parting, cx));
            return Poll::Ready(None);
        }
        Poll::Pending
    })
    .await?;
    drop(attempt);
    match outcome {
        Ok(Ok(connection)) => Some(driver.borrow_mut().connected(request, connection)),
        Ok(Err(failure)) => {
            driver.borrow_mut().connect_failed(&failure);
            None
        }
        Err(_) => {
            driver.borrow_mut().connect_timed_out(request);
            None
        }
    }
}

/// Holds a connection until it ends or the user drops it.
async fn hold(driver: &RefCell<Driver>, reader: Reader) {
    let mut reading = pin!(read(driver, reader));
    let mut alarm = Alarm::new();
    let (mut tcp_close, mut parting) = (None, None);
    poll_fn(|cx| {
        driver.borrow_mut().remember(cx.waker());
        if let Poll::Ready(failure) = reading.as_mut().poll(cx) {
            driver.borrow_mut().reading_ended(Some(&failure));
            return Poll::Ready(());
        }
        let is_congested = driver.borrow().is_congested();
        serve(driver, &mut alarm, cx);
        if is_congested && !driver.borrow().is_congested() {
            cx.waker().wake_by_ref();
        }
        if driver.borrow().has_close() {
            let tcp_close = tcp_close.get_or_insert_with(|| Box::pin(tokio::time::sleep(TCP_CLOSE_TIMEOUT)));
            if tcp_close.as_mut().poll(cx).is_ready() {
                driver.borrow_mut().reading_ended(None);
                return Poll::Ready(());
            }
        }
        if !driver.borrow().is_over() {
            return Poll::Pending;
        }
        if driver.borrow().is_parting() {
            ready!(parted(&mut parting, cx));
        }
        driver.borrow_mut().drop_connection();
        Poll::Ready(())
    })
    .await;
}

/// Ready when a user that has left has waited long enough.
fn parted(timer: &mut Option<Pin<Box<Sleep>>>, cx: &mut Context<'_>) -> Poll<()> {
    timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(PARTING_TIMEOUT))).as_mut().poll(cx)
}

/// Does what time and the kernel allow until nothing more follows, or the user's turn is over. A timer that fires may
/// queue what the kernel does not take at once, and what the kernel takes may bring a deadline nearer: so both are
/// looked at until neither has anything to do, and both will wake the task.
///
/// Behind the server's Close frame the user's times stand still until it is told, when TCP has ended: what it waits
/// for cannot come any more, and that it did not come in time would be the wrong reason.
fn serve(driver: &RefCell<Driver>, alarm: &mut Alarm, cx: &mut Context<'_>) {
    for _ in 0..ROUNDS_A_TURN {
        let has_written = poll_writer(driver, cx);
        let has_woken = !driver.borrow().has_close() && alarm.poll_deadline(driver, cx);
        if !has_written && !has_woken {
            return;
        }
    }
    cx.waker().wake_by_ref();
}

/// Reads until the connection ends. While it is congested this waits, without being woken: whoever polls it does so
/// again when the congestion is over.
async fn read(driver: &RefCell<Driver>, mut reader: Reader) -> ReadFailure {
    loop {
        poll_fn(|_| if driver.borrow().is_congested() { Poll::Pending } else { Poll::Ready(()) }).await;
        match reader.next().await {
            Ok(incoming) => driver.borrow_mut().incoming(&incoming),
            Err(failure) => return failure,
        }
    }
}

/// Goes on writing where the kernel takes more; whether it did.
fn poll_writer(driver: &RefCell<Driver>, cx: &mut Context<'_>) -> bool {
    let is_ready = match driver.borrow().blocked_writer() {
        Some(writer) => writer.poll_writable(cx).is_ready(),
        None => driver.borrow().has_queued(),
    };
    if is_ready {
        driver.borrow_mut().flush();
    }
    is_ready
}

/// Waits without a connection until the user wants one, or has left.
async fn rest(driver: &RefCell<Driver>) {
    let mut alarm = Alarm::new();
    poll_fn(|cx| {
        driver.borrow_mut().remember(cx.waker());
        if alarm.poll_deadline(driver, cx) {
            cx.waker().wake_by_ref();
        }
        let driver = driver.borrow();
        if driver.is_done() || driver.wants_connection() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
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
            if self.sleeps_until(deadline) && driver.borrow().paced_deadline().is_none() {
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
