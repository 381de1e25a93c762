//! `setup` and `teardown`: one user, once a run, before all others or behind them. It is none of the load's users and in
//! no count of them; what it measures and what fails of it is part of the run's figures.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::task::{LocalSet, spawn_local};
use tokio::time::sleep_until;

use super::Job;
use super::control::{Control, Order};
use super::driver::Driver;
use super::session::{self, interrupt};
use super::shard::Shard;
use super::trace::Subject;
use crate::machine::{Input, User};
use crate::metrics::{Gauge, Snapshot};
use crate::program::{SlotId, Value};

/// What became of it.
#[derive(Debug)]
pub struct Done {
    /// What was counted and timed.
    pub totals: Snapshot,
    /// The slots that were asked for, where they had a value at the end.
    pub kept: Vec<(SlotId, Value)>,
    /// Whether it came to its end, and nothing failed.
    pub has_succeeded: bool,
    /// What it logged.
    pub logs: Vec<String>,
}

/// Runs the job's setup; `None` where the plan has none. A drained run ends it behind its present step.
///
/// # Errors
/// When a runtime cannot be made.
pub fn setup(job: &Job, control: &Control) -> io::Result<Option<Done>> {
    let Some(setup) = &job.program.setup else { return Ok(None) };
    let number = job.load.first_free_number();
    run(
        job,
        control,
        &Part {
            scenario: setup.scenario,
            number,
            keeps: &setup.keeps,
            last_order: Order::Finish,
            subject: Subject::Setup,
        },
    )
    .map(Some)
}

/// Runs the job's teardown; `None` where the plan has none, and where the run was aborted. A run that was only drained is
/// no reason to leave something behind.
///
/// # Errors
/// When a runtime cannot be made.
pub fn teardown(job: &Job, control: &Control) -> io::Result<Option<Done>> {
    let Some(scenario) = job.program.teardown.filter(|_| !control.is_aborted()) else { return Ok(None) };
    let number = job.load.first_free_number().saturating_add(1);
    run(
        job,
        control,
        &Part { scenario, number, keeps: &[], last_order: Order::Drain, subject: Subject::Teardown },
    )
    .map(Some)
}

struct Part<'p> {
    scenario: usize,
    /// Of its user: behind all of the load's.
    number: u64,
    keeps: &'p [SlotId],
    /// The gravest order that does not concern it.
    last_order: Order,
    /// What it is to who watches it.
    subject: Subject,
}

fn run(job: &Job, control: &Control, part: &Part<'_>) -> io::Result<Done> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let shard = Rc::new(Shard::alone(job, control.clone(), Instant::now(), epoch));
    let user = User::new(Rc::clone(&shard.setting), part.number, 0, part.scenario);
    let driver = Rc::new(RefCell::new(Driver::once(Rc::clone(&shard), user, part.subject)));
    shard.recorder.borrow_mut().user_started();
    let local = LocalSet::new();
    let was_stopped = local.block_on(&runtime, async {
        let was_stopped = attend(&driver, control, part, job.program.limits.drain).await;
        shard.pools.close().await;
        was_stopped
    });
    drop(local);
    runtime.shutdown_background();
    let kept = driver.borrow().values(part.keeps);
    let (mut totals, logs) = shard.take_figures();
    let has_succeeded = !was_stopped && totals.counts.users_failed == 0 && totals.errors.total() == 0;
    let counts = &mut totals.counts;
    (counts.users_started, counts.users_finished, counts.users_failed) = (0, 0, 0);
    (counts.iterations, counts.iterations_failed) = (0, 0);
    totals.users = Gauge::default();
    Ok(Done { totals, kept, has_succeeded, logs })
}

/// Waits for the user to leave; whether it was told to.
async fn attend(driver: &Rc<RefCell<Driver>>, control: &Control, part: &Part<'_>, drain: Duration) -> bool {
    let mut orders = control.orders();
    let mut task = spawn_local(session::run(Rc::clone(driver)));
    let mut deadline = None;
    loop {
        let order = *orders.borrow_and_update();
        if order == Order::Abort {
            interrupt(driver, Input::Abort);
            let _ = task.await;
            return true;
        }
        if order > part.last_order && deadline.is_none() {
            interrupt(driver, Input::Stop);
            deadline = Some(tokio::time::Instant::now() + drain);
        }
        let patience = deadline.unwrap_or_else(|| tokio::time::Instant::now() + Duration::from_hours(24));
        tokio::select! {
            _ = &mut task => return deadline.is_some(),
            _ = orders.changed() => {}
            () = sleep_until(patience) => {
                if deadline.is_some() {
                    interrupt(driver, Input::Abort);
                    let _ = task.await;
                    return true;
                }
            }
        }
    }
}
