//! Who is connected: the seats of a server, and what all its connections have in common.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::chat::Hub;
use super::login::Gate;
use super::options::Options;
use super::outbox::CloseWhen;
use super::peer::Peer;
use super::totals::{Ledger, Totals};
use crate::deflate::Side;

/// What all connections of a server have in common. Nothing in it is touched for a message.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) ledger: Ledger,
    pub(crate) hub: Arc<Hub>,
    pub(crate) gate: Gate,
    stopping: watch::Receiver<bool>,
    accepted: AtomicU64,
    open: AtomicU64,
    peak: AtomicU64,
    peers: Mutex<BTreeMap<u64, Arc<Peer>>>,
}

impl Shared {
    pub(crate) fn new(options: &Options, stopping: watch::Receiver<bool>) -> Arc<Self> {
        Arc::new(Self {
            options: options.clone(),
            ledger: Ledger::default(),
            hub: Arc::new(Hub::new(&options.faults)),
            gate: Gate::new(&options.login),
            stopping,
            accepted: AtomicU64::new(0),
            open: AtomicU64::new(0),
            peak: AtomicU64::new(0),
            peers: Mutex::default(),
        })
    }

    fn peers(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Peer>>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has every connection closed with 1001. Those that are taken later see that the server is stopping.
    pub(crate) fn close_all(&self) {
        for peer in self.peers().values() {
            close_for_shutdown(peer);
        }
    }

    /// Completes when the server is told to stop.
    pub(crate) fn stopped(&self) -> impl Future<Output = ()> + use<> {
        let mut stopping = self.stopping.clone();
        async move {
            // An error says that the sender is gone, and the server with it.
            let _ = stopping.wait_for(|stops| *stops).await;
        }
    }

    pub(crate) fn totals(&self) -> Totals {
        let mut totals = *self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        totals.connections_accepted = self.accepted.load(Ordering::SeqCst);
        totals.connections_peak = self.peak.load(Ordering::SeqCst);
        totals
    }
}

/// A connection's place in the server; given back when dropped.
pub(crate) struct Seat {
    pub(crate) peer: Arc<Peer>,
    shared: Arc<Shared>,
}

impl Seat {
    /// `deflate` is how what it is sent is to be compressed.
    pub(crate) fn take(shared: &Arc<Shared>, deflate: Option<Side>) -> Self {
        let number = shared.accepted.fetch_add(1, Ordering::SeqCst);
        let peer = Arc::new(Peer::new(number, &shared.options, deflate));
        let open = shared.open.fetch_add(1, Ordering::SeqCst) + 1;
        shared.peak.fetch_max(open, Ordering::SeqCst);
        shared.peers().insert(number, Arc::clone(&peer));
        // `close_all` looks after it set the flag: whoever sat down too late for it sees the flag here.
        if *shared.stopping.borrow() {
            close_for_shutdown(&peer);
        }
        Self { peer, shared: Arc::clone(shared) }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.shared.peers().remove(&self.peer.number);
        self.shared.open.fetch_sub(1, Ordering::SeqCst);
    }
}

fn close_for_shutdown(peer: &Peer) {
    peer.close(Some(1001), "server is shutting down", CloseWhen::Hurried);
}
