//! What a thread's users wait for, where the run is a search: to be told with the figures of each window, because none of
//! those has what was not answered.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::driver::Driver;
use super::search::Course;
use crate::machine::{Place, limit};
use crate::metrics::{self, Layout, Recorder, Snapshot, ThreadWatch};
use crate::program::{Program, TimerId};

/// A thread's part in a search.
pub(super) struct Census {
    course: watch::Receiver<Arc<Course>>,
    /// Which window the figures since the last report belong to.
    window: Cell<u64>,
    /// The users of the thread, and some that have left.
    roll: RefCell<Vec<Weak<RefCell<Driver>>>>,
    /// What nobody waited for any longer.
    given_up: RefCell<Recorder>,
}

/// What a thread tells of a window of a search, beside the figures.
pub(super) struct Told {
    pub(super) window: u64,
    pub(super) unanswered: Snapshot,
    /// At the end of the window, what the thread saw of itself in it.
    pub(super) end: Option<ThreadWatch>,
}

/// The windows one after the other.
pub(super) struct Windows {
    course: watch::Receiver<Arc<Course>>,
    window: u64,
}

impl Windows {
    /// Until another one begins.
    pub(super) async fn next(&mut self) {
        while self.course.borrow_and_update().window == self.window {
            if self.course.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
        self.window = self.course.borrow().window;
    }
}

impl Census {
    pub(super) fn new(course: watch::Receiver<Arc<Course>>, layout: &Arc<Layout>) -> Self {
        let window = Cell::new(course.borrow().window);
        let given_up = RefCell::new(Recorder::new(Arc::clone(layout)));
        Self { course, window, roll: RefCell::default(), given_up }
    }

    /// By which it is known when another window begins.
    pub(super) fn windows(&self) -> Windows {
        Windows { course: self.course.clone(), window: self.window.get() }
    }

    /// A user is in the run.
    pub(super) fn enlist(&self, driver: &Rc<RefCell<Driver>>) {
        let mut roll = self.roll.borrow_mut();
        // As those that arrive leave for good, they would be more and more.
        if roll.len() == roll.capacity() {
            roll.retain(|driver| driver.strong_count() > 0);
        }
        roll.push(Rc::downgrade(driver));
    }

    /// An operation had taken so long when its user gave it up.
    pub(super) fn given_up(&self, timer: TimerId, after: Duration) {
        record(&mut self.given_up.borrow_mut(), timer, after, 1);
        self.given_up.borrow_mut().counts().operations += 1;
    }

    /// No message came in time.
    pub(super) fn timed_out(&self, program: &Program, place: Place) {
        let Place::State(state) = place else { return };
        let state = program.state(state);
        let Some((timer, within)) = limit(state) else { return };
        self.given_up(timer, within);
        if let Some(intended) = state.due.and_then(|timers| timers.intended) {
            record(&mut self.given_up.borrow_mut(), intended, within, 1);
        }
    }

    /// What there is to tell since the last time. Where another window has begun, it is the end of the one before.
    pub(super) fn tell(&self, now: Duration, lap: impl FnOnce() -> ThreadWatch) -> Told {
        let (before, window) = (self.window.get(), self.course.borrow().window);
        let has_ended = before != window;
        if has_ended {
            self.window.set(window);
            self.count_waiting(now);
        }
        let unanswered = self.given_up.borrow_mut().take();
        Told { window: before, unanswered, end: has_ended.then(lap) }
    }

    fn count_waiting(&self, now: Duration) {
        let recorder = &mut *self.given_up.borrow_mut();
        self.roll.borrow_mut().retain(|driver| {
            let Some(driver) = driver.upgrade() else { return false };
            driver.borrow().unanswered(now, &mut |waiting, age| {
                record(recorder, waiting.timer, age, waiting.count);
                recorder.counts().operations += u64::from(waiting.is_asked);
            });
            true
        });
    }
}

fn record(recorder: &mut Recorder, timer: TimerId, time: Duration, count: u64) {
    recorder.times(metrics::TimerId(timer.number()), time, count);
}
