//! One thread of a run: starts its users when they are due, stops them when they are to leave, and reports.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::task::Waker;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::task::LocalSet;
use tokio::time::interval;

use super::abreast;
use super::barrier::Barriers;
use super::census::Census;
use super::control::Control;
use super::crowd::Crowd;
use super::delivery::{HAND_OVER, Outlet};
use super::pool::Pools;
use super::schedule::{Schedule, Track};
use super::search::Helm;
#[cfg(target_os = "linux")]
use super::ticker::Ticker;
use super::trace::Trace;
use super::watch::SelfWatch;
use super::{Job, Report, TICK};
use crate::drive::Rows;
use crate::load::Segment;
use crate::machine::{ConnectRequest, Delivery, Place, Setting};
use crate::metrics::{self, Counts, Recorder, Snapshot, ThreadWatch};
use crate::net::{ConnectTimings, Network, Options};
use crate::program::{ConnectTimers, TimerId, Url};

/// How long a resolved name is used before it is looked up again.
const NAME_LIFETIME: Duration = Duration::from_secs(30);
/// How many lines the users of a thread may log between two reports; the rest is left out.
const LOG_LINES_A_REPORT: usize = 250;

/// What a thread is to do.
pub(super) struct Plan {
    pub(super) job: Job,
    /// This thread's users.
    pub(super) segment: Segment,
    pub(super) number: usize,
    pub(super) thread_count: usize,
    pub(super) start: Instant,
    pub(super) epoch: Duration,
    pub(super) control: Control,
    pub(super) barriers: Barriers,
    /// Of each lane of the load.
    pub(super) tracks: Arc<[Track]>,
    /// Where the load is a search.
    pub(super) helm: Option<Helm>,
    pub(super) crowd: Crowd,
    pub(super) reports: Sender<Report>,
    /// Where the plan has streams.
    pub(super) outlet: Option<Outlet>,
}

/// What the users of a thread share.
pub(super) struct Shard {
    start: Instant,
    pub(super) setting: Rc<Setting>,
    pub(super) targets: Vec<Url>,
    pub(super) network: Network,
    pub(super) recorder: RefCell<Recorder>,
    pub(super) control: Control,
    pub(super) barriers: Barriers,
    pub(super) pools: Pools,
    watch: SelfWatch,
    /// From the first wake-up on that is to be on time; `None` where the system has none to give.
    #[cfg(target_os = "linux")]
    ticker: OnceCell<Option<Rc<Ticker>>>,
    logs: RefCell<Vec<String>>,
    outlet: Option<Outlet>,
    pub(super) trace: Option<Trace>,
    /// Where the load is a search.
    pub(super) census: Option<Census>,
}

/// Runs a thread's users to the end; what the thread saw of itself.
pub(super) fn run(mut plan: Plan, runtime: Runtime) -> ThreadWatch {
    let outlet = plan.outlet.take();
    let plan = Rc::new(plan);
    let pools = Pools::new(&plan.job.program, plan.number, plan.thread_count);
    let shard = Shard::new(
        &plan.job,
        (plan.control.clone(), plan.barriers.clone(), pools),
        (plan.start, plan.epoch),
        outlet,
    );
    let census = plan.helm.as_ref().map(|helm| Census::new(helm.course(), &plan.job.layout));
    let shard = Rc::new(Shard { census, ..shard });
    let local = LocalSet::new();
    local.block_on(&runtime, async {
        let reporter =
            tokio::task::spawn_local(report_each_tick(Rc::clone(&shard), plan.number, plan.reports.clone()));
        let watcher = tokio::task::spawn_local({
            let shard = Rc::clone(&shard);
            async move { shard.watch.probe().await }
        });
        let clerk = tokio::task::spawn_local(hand_over_each_tick(Rc::clone(&shard)));
        follow(&plan, &shard).await;
        shard.pools.close().await;
        reporter.abort();
        watcher.abort();
        clerk.abort();
    });
    shard.report(plan.number, &plan.reports);
    // A look-up that the system cannot be told to stop must not hold up the end.
    drop(local);
    runtime.shutdown_background();
    shard.watch.finish()
}

/// All lanes of the load, until the last is over. They are polled by the runtime's own future, which comes before its
/// tasks: users do not get ahead of an order.
async fn follow(plan: &Rc<Plan>, shard: &Rc<Shard>) {
    let rows = Rc::new(Rows::new(&plan.job.program, &plan.job.load));
    let schedule = |number| Schedule::new(Rc::clone(shard), Rc::clone(plan), number, Rc::clone(&rows)).run();
    abreast::all((0..plan.job.load.lanes().len()).map(schedule)).await;
}

async fn report_each_tick(shard: Rc<Shard>, number: usize, reports: Sender<Report>) {
    // Four times a tick, so that what the collector shows is never older than a quarter of one.
    let mut ticks = interval(TICK / 4);
    let mut windows = shard.census.as_ref().map(Census::windows);
    loop {
        match &mut windows {
            // A window of a search ends on all threads at once.
            Some(windows) => tokio::select! {
                _ = ticks.tick() => {}
                () = windows.next() => {}
            },
            None => drop(ticks.tick().await),
        }
        shard.watch.end_window();
        shard.report(number, &reports);
    }
}

async fn hand_over_each_tick(shard: Rc<Shard>) {
    let Some(outlet) = &shard.outlet else { return };
    let mut ticks = interval(HAND_OVER);
    loop {
        ticks.tick().await;
        outlet.hand_over(shard.now());
    }
}

impl Shard {
    /// `times` are the start of the run, on the machine's clock and since 1970.
    fn new(
        job: &Job,
        (control, barriers, pools): (Control, Barriers, Pools),
        (start, epoch): (Instant, Duration),
        outlet: Option<Outlet>,
    ) -> Self {
        let program = Arc::clone(&job.program);
        let options = Options {
            max_message_bytes: program.limits.max_message_bytes,
            name_lifetime: NAME_LIFETIME,
            ..Options::default()
        };
        Self {
            start,
            targets: job.targets.clone(),
            network: Network::new(options, program.tls.clone())
                .through(program.proxy.clone())
                .from(job.sources.clone()),
            recorder: RefCell::new(Recorder::new(Arc::clone(&job.layout))),
            control,
            barriers,
            pools,
            watch: SelfWatch::new(),
            #[cfg(target_os = "linux")]
            ticker: OnceCell::new(),
            logs: RefCell::default(),
            outlet,
            trace: job.trace.clone(),
            census: None,
            setting: Rc::new(Setting { program, epoch, seed: job.seed, iterations: Some(1) }),
        }
    }

    /// For one user that runs its scenario once.
    pub(super) fn alone(job: &Job, control: Control, start: Instant, epoch: Duration) -> Self {
        let barriers = Barriers::new(&job.program);
        Self::new(job, (control, barriers, Pools::new(&job.program, 0, 1)), (start, epoch), None)
    }

    /// Everything that was counted, and what was logged.
    pub(super) fn take_figures(&self) -> (Snapshot, Vec<String>) {
        (self.recorder.borrow_mut().take(), self.logs.take())
    }

    /// Tells the ledger of streams.
    pub(super) fn tell(&self, delivery: Delivery<'_>) {
        if let Some(outlet) = &self.outlet {
            outlet.tell(delivery);
        }
    }

    /// Where a connection is to go.
    pub(super) fn target_of<'s>(&'s self, request: &'s ConnectRequest) -> &'s Url {
        request.url.as_deref().unwrap_or(&self.targets[request.target])
    }

    /// The time since the run's start.
    pub(super) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    pub(super) fn at(&self, instant: Instant) -> Duration {
        instant.saturating_duration_since(self.start)
    }

    pub(super) fn instant(&self, at: Duration) -> Instant {
        self.start + at
    }

    /// Wakes a task at this time, as exactly as the system can. Whether it will: otherwise the caller has to see to it.
    #[cfg(target_os = "linux")]
    pub(super) fn wake_at(&self, at: Instant, waker: &Waker) -> bool {
        let ticker = self.ticker.get_or_init(|| Ticker::start().ok());
        ticker.as_ref().is_some_and(|ticker| ticker.wake_at(at, waker).is_ok())
    }

    /// Other systems have no such timer.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn wake_at(&self, _: Instant, _: &Waker) -> bool {
        false
    }

    pub(super) fn time(&self, timer: TimerId, elapsed: Duration) {
        self.recorder.borrow_mut().time(metrics::TimerId(timer.number()), elapsed);
    }

    /// The parts of connecting. What was not there, as a look-up of an address, has no time: zero would be a figure of
    /// nothing.
    pub(super) fn time_connect(&self, timers: &ConnectTimers, timings: &ConnectTimings) {
        let ConnectTimings { dial, upgrade, total } = timings;
        let tls = timers.tls.zip(dial.tls).map(|(timer, tls)| (timer, tls.elapsed));
        let proxy = timers.proxy.zip(dial.proxy);
        let sometimes = dial.dns.map(|elapsed| (timers.dns, elapsed)).into_iter().chain(proxy).chain(tls);
        let always = [(timers.tcp, dial.tcp), (timers.upgrade, *upgrade), (timers.total, *total)];
        for (timer, elapsed) in sometimes.chain(always) {
            self.time(timer, elapsed);
        }
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(self.recorder.borrow_mut().counts());
    }

    /// A frame of so many bytes of payload, with so many messages that end in it.
    pub(super) fn count_received(&self, frame_bytes: usize, deflated_bytes: Option<u64>, message_count: u64) {
        let frame_bytes = frame_bytes as u64;
        self.count(|counts| {
            counts.messages_received += message_count;
            counts.bytes_received += frame_bytes;
            if let Some(deflated_bytes) = deflated_bytes {
                counts.deflated_received += 1;
                counts.deflate_bytes_received += frame_bytes;
                counts.deflate_compressed_received += deflated_bytes;
            }
        });
    }

    /// Nobody waits any longer for what has taken so long.
    pub(super) fn given_up(&self, timer: TimerId, after: Duration) {
        if let Some(census) = &self.census {
            census.given_up(timer, after);
        }
    }

    /// No message came in time to what is done at a place.
    pub(super) fn timed_out(&self, place: Place) {
        if let Some(census) = &self.census {
            census.timed_out(&self.setting.program, place);
        }
    }

    pub(super) fn log(&self, line: String) {
        let mut logs = self.logs.borrow_mut();
        if logs.len() < LOG_LINES_A_REPORT {
            logs.push(line);
        } else if logs.len() == LOG_LINES_A_REPORT {
            logs.push("(more lines than can be shown)".to_owned());
        }
    }

    fn report(&self, thread: usize, reports: &Sender<Report>) {
        let interval: Snapshot = self.recorder.borrow_mut().take();
        // The collector outlives the threads; were it gone, nobody would want the figures.
        let told = self.census.as_ref().map(|census| census.tell(self.now(), || self.watch.lap()));
        let _ = reports.send(Report { thread, interval, logs: self.logs.take(), told });
    }
}
