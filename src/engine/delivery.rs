//! The way of what users tell of streams, from their threads to the ledger.
//!
//! Each thread writes into a buffer of its own and hands it over in batches: when it is full, and on a tick with a
//! watermark. One thread keeps the ledger. Nothing on the message path waits for it: where it cannot keep up, messages
//! and copies are left out and the ledger is told so, with the number of the messages.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{Job, Report, TICK};
use crate::machine::{self, DeliveryEvent};
use crate::metrics::delivery::{Batch, Event, Fact, Ledger, Limits, Order, Person, Rule};
use crate::metrics::{Recorder, TimerId};
use crate::program::{Program, delivery};

/// How often a thread hands over what it has.
pub(super) const HAND_OVER: Duration = Duration::from_millis(50);
/// How many events a thread keeps before it hands them over at once: 224 KiB of them.
const BATCH_EVENTS: usize = 4096;
/// How many events may be on their way to the ledger: 224 MiB of them.
const BACKLOG_EVENTS: usize = 4 << 20;

/// A thread's end of the way.
pub(super) struct Outlet {
    batch: RefCell<Batch>,
    ledger: Sender<Batch>,
    /// How many events are on their way, of all threads.
    backlog: Arc<AtomicUsize>,
}

impl Outlet {
    pub(super) fn new(thread: usize, ledger: Sender<Batch>, backlog: Arc<AtomicUsize>) -> Self {
        Self { batch: RefCell::new(Batch { thread, ..Batch::default() }), ledger, backlog }
    }

    pub(super) fn tell(&self, delivery: machine::Delivery<'_>) {
        let mut batch = self.batch.borrow_mut();
        let number = |stream: crate::program::StreamId| u16::try_from(stream.index()).unwrap_or(u16::MAX);
        let fact = match delivery.event {
            DeliveryEvent::Published { stream, key, shown, group } => {
                batch.shown.push_str(shown);
                let shown_bytes = u8::try_from(shown.len()).unwrap_or(u8::MAX);
                Fact::Published { stream: number(stream), shown_bytes, key, group }
            }
            DeliveryEvent::Delivered { stream, key } => Fact::Delivered { stream: number(stream), key },
            DeliveryEvent::Entered { stream, group } => Fact::Entered { stream: number(stream), group },
            DeliveryEvent::Left { stream, group } => Fact::Left { stream: number(stream), group },
            DeliveryEvent::CutOff { stream, group } => Fact::CutOff { stream: number(stream), group },
            DeliveryEvent::CutOffFromAll => Fact::CutOffFromAll,
            DeliveryEvent::Gone => Fact::Gone,
        };
        let person = Person { index: delivery.user, generation: delivery.generation };
        batch.events.push(Event { at: delivery.at, person, fact });
        if batch.events.len() >= BATCH_EVENTS {
            self.send(&mut batch);
        }
    }

    /// Hands over what there is. What will be told after this is not earlier than `now`.
    pub(super) fn hand_over(&self, now: Duration) {
        let mut batch = self.batch.borrow_mut();
        batch.watermark = now;
        self.send(&mut batch);
    }

    fn send(&self, batch: &mut Batch) {
        // With the room that the last one needed: one allocation a batch, and none a message.
        let next = Batch {
            thread: batch.thread,
            events: Vec::with_capacity(batch.events.len()),
            shown: String::with_capacity(batch.shown.len()),
            watermark: batch.watermark,
            ..Batch::default()
        };
        let mut batch = std::mem::replace(batch, next);
        if self.backlog.load(Ordering::Relaxed) > BACKLOG_EVENTS {
            thin_out(&mut batch);
        }
        self.backlog.fetch_add(batch.events.len(), Ordering::Relaxed);
        // The ledger outlives the threads; were it gone, nobody would want the figures.
        let _ = self.ledger.send(batch);
    }
}

/// Leaves messages and copies out of a batch, and nothing else: who is in which audience must stay known.
fn thin_out(batch: &mut Batch) {
    // Since the last watermark, which is older: what is left out reaches to its own end.
    batch.gap_until = batch.events.iter().map(|event| event.at).max();
    let Batch { events, left_out_counts, .. } = batch;
    events.retain(|event| match event.fact {
        Fact::Published { stream, .. } => {
            let stream = usize::from(stream);
            left_out_counts.resize(left_out_counts.len().max(stream + 1), 0);
            left_out_counts[stream] += 1;
            false
        }
        Fact::Delivered { .. } => false,
        Fact::Entered { .. } | Fact::Left { .. } | Fact::CutOff { .. } | Fact::CutOffFromAll | Fact::Gone => {
            true
        }
    });
    batch.shown.clear();
}

/// Also where the thread ends by a panic: the ledger must not wait for it.
impl Drop for Outlet {
    fn drop(&mut self) {
        self.hand_over(Duration::MAX);
    }
}

/// The rules of a program's streams. Places of streams come behind those of states and reactions.
fn rules(program: &Program) -> Vec<Rule> {
    let first_place = program.states.len() + program.reactions.len();
    let rule = |(index, stream): (usize, &delivery::Stream)| Rule {
        name: stream.name.clone(),
        within: stream.within,
        includes_sender: stream.includes_sender,
        order: match stream.order {
            delivery::Order::None => Order::None,
            delivery::Order::Sender => Order::Sender,
            delivery::Order::Total => Order::Total,
        },
        timer: TimerId(stream.timer.number()),
        place: u32::try_from(first_place + index).unwrap_or(u32::MAX),
    };
    program.streams.iter().enumerate().map(rule).collect()
}

/// The thread that keeps the ledger, until all others have ended.
pub(super) struct Office {
    ledger: Ledger,
    recorder: Recorder,
    /// Behind those of the users.
    thread: usize,
    batches: Receiver<Batch>,
    backlog: Arc<AtomicUsize>,
    reports: Sender<Report>,
}

impl Office {
    pub(super) fn new(
        job: &Job,
        batches: Receiver<Batch>,
        backlog: Arc<AtomicUsize>,
        reports: Sender<Report>,
    ) -> Self {
        let ledger = Ledger::new(rules(&job.program), job.threads, Limits::default());
        let recorder = Recorder::new(Arc::clone(&job.layout));
        Self { ledger, recorder, thread: job.threads, batches, backlog, reports }
    }

    pub(super) fn open(self) -> std::io::Result<JoinHandle<()>> {
        std::thread::Builder::new().name("ledger".into()).spawn(move || self.keep())
    }

    fn keep(mut self) {
        let mut next_report = Instant::now() + TICK / 4;
        loop {
            match self.batches.recv_timeout(next_report.saturating_duration_since(Instant::now())) {
                Ok(batch) => {
                    self.ledger.take(&batch, &mut self.recorder);
                    self.backlog.fetch_sub(batch.events.len(), Ordering::Relaxed);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if Instant::now() >= next_report {
                self.report();
                next_report += TICK / 4;
            }
        }
        self.ledger.finish(&mut self.recorder);
        self.report();
    }

    fn report(&mut self) {
        let interval = self.recorder.take();
        let _ = self.reports.send(Report { thread: self.thread, interval, logs: Vec::new(), told: None });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Delivery;
    use crate::program::StreamId;

    #[test]
    fn what_is_left_out_is_a_gap_until_the_last_of_it() {
        let (ledger, batches) = std::sync::mpsc::channel();
        let backlog = Arc::new(AtomicUsize::new(BACKLOG_EVENTS + 1));
        let outlet = Outlet::new(0, ledger, Arc::clone(&backlog));
        let ms = Duration::from_millis;
        let tell = |at, event| outlet.tell(Delivery { at: ms(at), user: 0, generation: 0, event });
        let (stream, key) = (StreamId::new(0), 7);
        outlet.hand_over(ms(10));
        tell(11, DeliveryEvent::Entered { stream, group: 1 });
        // As many as make a batch, which goes before the next watermark.
        for at in 0..BATCH_EVENTS as u64 {
            tell(20 + at, DeliveryEvent::Delivered { stream, key });
        }
        backlog.store(0, Ordering::Relaxed);
        outlet.hand_over(ms(9_000));
        let batches: Vec<Batch> = batches.try_iter().collect();
        let seen = batches.iter().map(|b| (b.watermark, b.events.len(), b.gap_until)).collect::<Vec<_>>();
        let last = ms(20 + BATCH_EVENTS as u64 - 2);
        assert_eq!(seen, [(ms(10), 0, None), (ms(10), 1, Some(last)), (ms(9_000), 1, None)]);
    }

    #[test]
    fn messages_that_are_left_out_are_handed_over_as_numbers() {
        let (ledger, batches) = std::sync::mpsc::channel();
        let backlog = Arc::new(AtomicUsize::new(BACKLOG_EVENTS + 1));
        let outlet = Outlet::new(0, ledger, Arc::clone(&backlog));
        let tell = |event| outlet.tell(Delivery { at: Duration::ZERO, user: 0, generation: 0, event });
        for (stream, count) in [(2, 3), (0, 1)] {
            let stream = StreamId::new(stream);
            for key in 0..count {
                tell(DeliveryEvent::Published { stream, key, shown: "key", group: 0 });
                tell(DeliveryEvent::Delivered { stream, key });
            }
        }
        outlet.hand_over(Duration::ZERO);
        backlog.store(0, Ordering::Relaxed);
        tell(DeliveryEvent::Published { stream: StreamId::new(0), key: 9, shown: "key", group: 0 });
        outlet.hand_over(Duration::ZERO);
        let batches: Vec<Batch> = batches.try_iter().collect();
        assert_eq!((&*batches[0].left_out_counts, &*batches[0].shown), (&[1, 0, 3][..], ""));
        assert!(batches[0].events.is_empty());
        assert_eq!((&*batches[1].left_out_counts, &*batches[1].shown), (&[][..], "key"));
    }
}
