//! The run's brake: stop and drain, or stop at once.

use std::sync::Arc;

use tokio::sync::watch;

/// What users are told. Orders only get graver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Order {
    Run,
    /// The plan says that it is over; otherwise like [`Order::Drain`].
    Finish,
    Drain,
    Abort,
}

/// A handle by which a run is ended early. Clones act on the same run.
#[derive(Debug, Clone)]
pub struct Control {
    order: Arc<watch::Sender<Order>>,
}

impl Control {
    /// A handle for one run.
    pub fn new() -> Self {
        Self { order: Arc::new(watch::Sender::new(Order::Run)) }
    }

    /// Users finish their step and leave, because the plan says so: the run is not ended early.
    pub(super) fn finish(&self) {
        self.raise(Order::Finish);
    }

    /// Users finish their step and leave.
    pub fn drain(&self) {
        self.raise(Order::Drain);
    }

    /// Users leave now: they say goodbye, and wait a second at most for the server to do so.
    pub fn abort(&self) {
        self.raise(Order::Abort);
    }

    /// Whether the run was ended early.
    pub fn is_ended(&self) -> bool {
        *self.order.borrow() > Order::Finish
    }

    /// Whether everybody was told to leave at once.
    pub fn is_aborted(&self) -> bool {
        *self.order.borrow() == Order::Abort
    }

    /// Whether nothing has ended the run yet.
    pub(super) fn goes_on(&self) -> bool {
        *self.order.borrow() == Order::Run
    }

    pub(super) fn orders(&self) -> watch::Receiver<Order> {
        self.order.subscribe()
    }

    fn raise(&self, order: Order) {
        self.order.send_if_modified(|present| {
            let graver = order > *present;
            *present = order.max(*present);
            graver
        });
    }
}

impl Default for Control {
    fn default() -> Self {
        Self::new()
    }
}
