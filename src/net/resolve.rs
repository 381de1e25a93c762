//! Names to addresses, remembered for a short while, by the system's own resolver.
//!
//! Ten thousand users who start together ask once: whoever comes while an answer is awaited waits for the same
//! one. A failure is shared in the same way, and forgotten sooner.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;

use super::failure::ConnectFailureKind;

/// How long a failure is: long enough for all who wait, short enough for a name that appears.
const FAILURE_TIME_TO_LIVE: Duration = Duration::from_secs(1);

type Addresses = Rc<[SocketAddr]>;

/// The names that one thread has asked for. Look-ups run on the runtime's blocking threads.
#[derive(Debug)]
pub(super) struct Resolver {
    time_to_live: Duration,
    names: RefCell<HashMap<String, Rc<OnceCell<Answer>>>>,
}

#[derive(Debug)]
struct Answer {
    addresses: Result<Addresses, ConnectFailureKind>,
    stale_from: Instant,
}

impl Resolver {
    /// A resolver that uses an answer for as long as `time_to_live`. What the name server says of that is not
    /// known here: the system's resolver does not tell.
    pub(super) fn new(time_to_live: Duration) -> Self {
        Self { time_to_live, names: RefCell::default() }
    }

    /// The addresses of a host in the order to try them, with port 0. An address is its own answer.
    pub(super) async fn resolve(&self, host: &str) -> Result<Addresses, ConnectFailureKind> {
        if let Ok(address) = host.parse() {
            return Ok(Rc::new([SocketAddr::new(address, 0)]));
        }
        self.answer(host, || async move { Ok(tokio::net::lookup_host((host, 0)).await?.collect()) }).await
    }

    async fn answer<F>(
        &self,
        host: &str,
        look_up: impl FnOnce() -> F,
    ) -> Result<Addresses, ConnectFailureKind>
    where
        F: Future<Output = io::Result<Vec<SocketAddr>>>,
    {
        let asked = self.asked(host, Instant::now());
        // Where the one who asks is dropped, the next of those who wait asks again.
        let answer = asked.get_or_init(|| async { self.judge(look_up().await, Instant::now()) }).await;
        answer.addresses.clone()
    }

    /// The answer to share, which may be yet to come.
    fn asked(&self, host: &str, now: Instant) -> Rc<OnceCell<Answer>> {
        let mut names = self.names.borrow_mut();
        if let Some(known) = names.get(host).filter(|known| !is_stale(known, now)) {
            return Rc::clone(known);
        }
        // Names may come out of a plan's data: those no longer of use do not pile up.
        names.retain(|_, known| !is_stale(known, now));
        Rc::clone(names.entry(host.to_owned()).or_default())
    }

    fn judge(&self, found: io::Result<Vec<SocketAddr>>, now: Instant) -> Answer {
        let (addresses, time_to_live) = match found {
            Ok(found) if found.is_empty() => {
                (Err(ConnectFailureKind::Dns { reason: "no addresses".to_owned() }), FAILURE_TIME_TO_LIVE)
            }
            Ok(found) => (Ok(Addresses::from(found)), self.time_to_live),
            Err(error) => (Err(look_up_failure(&error)), FAILURE_TIME_TO_LIVE.min(self.time_to_live)),
        };
        Answer { addresses, stale_from: now + time_to_live }
    }
}

fn is_stale(answer: &OnceCell<Answer>, now: Instant) -> bool {
    answer.get().is_some_and(|answer| now >= answer.stale_from)
}

fn look_up_failure(error: &io::Error) -> ConnectFailureKind {
    match ConnectFailureKind::from_io(error) {
        ConnectFailureKind::Io { message, .. } => {
            // The standard library's own words before the system's say nothing that `Dns` does not.
            let reason = message.trim_start_matches("failed to lookup address information: ");
            ConnectFailureKind::Dns { reason: reason.to_owned() }
        }
        ConnectFailureKind::OutOfFiles => ConnectFailureKind::OutOfFiles,
        other => ConnectFailureKind::Dns { reason: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn those_who_ask_together_ask_once_and_later_ones_use_the_answer() {
        let (resolver, asked) = (Resolver::new(Duration::from_secs(10)), Cell::new(0));
        let look_up = || async {
            asked.set(asked.get() + 1);
            tokio::task::yield_now().await;
            Ok(vec![address("127.0.0.1:0")])
        };
        block_on(async {
            let (one, two) = tokio::join!(resolver.answer("h", look_up), resolver.answer("h", look_up));
            assert_eq!(one.unwrap(), two.unwrap());
            resolver.answer("h", look_up).await.unwrap();
            assert_eq!(asked.get(), 1);
            resolver.answer("other", look_up).await.unwrap();
            assert_eq!(asked.get(), 2);
        });
    }

    #[test]
    fn an_answer_is_forgotten_after_its_time() {
        let (resolver, asked) = (Resolver::new(Duration::ZERO), Cell::new(0));
        let look_up = || async {
            asked.set(asked.get() + 1);
            Ok(vec![address("127.0.0.1:0")])
        };
        block_on(async {
            resolver.answer("h", look_up).await.unwrap();
            resolver.answer("h", look_up).await.unwrap();
            resolver.answer("other", look_up).await.unwrap();
        });
        assert_eq!(asked.get(), 3);
        assert_eq!(resolver.names.borrow().len(), 1, "stale names are removed");
    }

    #[test]
    fn a_failure_is_shared_for_a_second() {
        let (resolver, asked) = (Resolver::new(Duration::from_secs(10)), Cell::new(0));
        let look_up = || async {
            asked.set(asked.get() + 1);
            Err(io::Error::other("failed to lookup address information: Name or service not known"))
        };
        let failure = ConnectFailureKind::Dns { reason: "Name or service not known".to_owned() };
        block_on(async {
            assert_eq!(resolver.answer("h", look_up).await, Err(failure.clone()));
            assert_eq!(resolver.answer("h", look_up).await, Err(failure));
        });
        assert_eq!(asked.get(), 1);
        let now = Instant::now();
        let judged = resolver.judge(Err(io::Error::other("x")), now);
        assert_eq!(judged.stale_from, now + FAILURE_TIME_TO_LIVE);
    }

    #[test]
    fn when_the_one_who_asks_is_dropped_the_next_asks() {
        let resolver = Resolver::new(Duration::from_secs(10));
        block_on(async {
            let never = resolver.answer("h", std::future::pending::<io::Result<Vec<SocketAddr>>>);
            let found = resolver.answer("h", || async { Ok(vec![address("127.0.0.1:0")]) });
            tokio::select! {
                biased;
                _ = never => unreachable!(),
                () = std::future::ready(()) => {}
            }
            assert_eq!(&*found.await.unwrap(), [address("127.0.0.1:0")]);
        });
    }

    #[test]
    fn no_addresses_is_a_failure() {
        let resolver = Resolver::new(Duration::from_secs(10));
        let found = block_on(resolver.answer("h", || async { Ok(Vec::new()) }));
        assert_eq!(found, Err(ConnectFailureKind::Dns { reason: "no addresses".to_owned() }));
    }
}
