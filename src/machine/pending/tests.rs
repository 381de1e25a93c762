//! The table against a model that keeps lists and looks through all of them, and what a look-up costs.

use super::ended::CAPACITY;
use super::*;
use crate::machine::correlate::hash;
use crate::program::Json;
use proptest::prelude::*;

/// How long the replies of each step are waited for. Two of different steps are never due at the same time.
const WITHIN: [Duration; 3] =
    [Duration::from_millis(40), Duration::from_nanos(15_000_001), Duration::from_nanos(7_000_002)];
/// The step whose requests are not remembered.
const FORGOTTEN: usize = 2;

#[derive(Debug, Clone)]
enum Happens {
    /// A step sends a request with a key.
    Send(usize, u64),
    /// What was sent leaves.
    Leave,
    /// A message with a key comes: a reply, a late or repeated one, or nobody's.
    Message(u64),
    /// So many milliseconds pass.
    Pass(u64),
    Disconnect,
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        6 => (0..3_usize, 0..12_u64).prop_map(|(step, key)| Happens::Send(step, key)),
        // Keys that are not used twice, as a correlation id is not.
        6 => (0..3_usize, 100..10_000_u64).prop_map(|(step, key)| Happens::Send(step, key)),
        5 => Just(Happens::Leave),
        8 => (0..12_u64).prop_map(Happens::Message),
        2 => (100..10_000_u64).prop_map(Happens::Message),
        4 => (0..30_u64).prop_map(Happens::Pass),
        1 => Just(Happens::Disconnect),
    ]
}

/// A request that is pending, in the order of sending.
#[derive(Debug, Clone, Copy)]
struct Naive {
    what: Ended,
    sent: Option<Duration>,
    deadline: Duration,
}

#[derive(Debug, Default)]
struct Model {
    pending: Vec<Naive>,
    timed_out: Vec<Ended>,
    answered: Vec<Ended>,
    missing_count: u64,
}

/// What became of a message.
#[derive(Debug, PartialEq)]
enum Fate {
    Reply(Ended, Duration),
    Over(Lateness, Ended),
    Nobodys,
}

impl Model {
    fn remembered(what: Ended) -> bool {
        what.state.index() != FORGOTTEN
    }

    fn answered(&mut self, what: Ended) {
        self.answered.push(what);
        if self.answered.len() > CAPACITY {
            self.answered.remove(0);
        }
    }

    fn message(&mut self, key: u64) -> Fate {
        let found = self.pending.iter().position(|naive| naive.what.key == key && naive.sent.is_some());
        if let Some(index) = found {
            let Naive { what, sent, .. } = self.pending.remove(index);
            if Self::remembered(what) {
                self.answered(what);
            }
            return Fate::Reply(what, sent.unwrap());
        }
        if let Some(index) = self.timed_out.iter().position(|what| what.key == key) {
            let what = self.timed_out.remove(index);
            self.answered(what);
            return Fate::Over(Lateness::Late, what);
        }
        let again = self.answered.iter().find(|what| what.key == key);
        again.map_or(Fate::Nobodys, |what| Fate::Over(Lateness::Repeated, *what))
    }

    fn expire(&mut self, now: Duration) -> Vec<Ended> {
        let mut due: Vec<Naive> =
            self.pending.iter().copied().filter(|naive| naive.deadline <= now).collect();
        self.pending.retain(|naive| naive.deadline > now);
        due.sort_by_key(|naive| naive.deadline);
        for Naive { what, .. } in &due {
            if !Self::remembered(*what) {
                self.missing_count += 1;
                continue;
            }
            self.timed_out.push(*what);
            if self.timed_out.len() > CAPACITY {
                self.timed_out.remove(0);
                self.missing_count += 1;
            }
        }
        due.into_iter().map(|naive| naive.what).collect()
    }

    fn clear(&mut self) -> Abandoned {
        let gone = std::mem::take(self);
        let pending_count = gone.pending.len() as u64;
        Abandoned {
            pending_count,
            missing_count: pending_count + gone.timed_out.len() as u64 + gone.missing_count,
        }
    }
}

fn message(pending: &mut Pending, key: u64) -> Fate {
    let mut next = pending.find(key);
    while let Some(ticket) = next {
        if let Looked { what, sent: Some(sent), .. } = pending.look(ticket) {
            pending.answer(ticket);
            return Fate::Reply(what, sent);
        }
        next = pending.next(ticket);
    }
    match pending.reply_again(key, |_| true) {
        Some((lateness, what)) => Fate::Over(lateness, what),
        None => Fate::Nobodys,
    }
}

fn expire(pending: &mut Pending, now: Duration) -> Vec<Ended> {
    std::iter::from_fn(|| pending.expire(now)).map(|(_, what)| what).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn it_does_as_lists_do(course in prop::collection::vec(happens(), 0..400)) {
        let (mut pending, mut model) = (Pending::default(), Model::default());
        let mut now = Duration::ZERO;
        for (number, happens) in (0_u32..).zip(course) {
            match happens {
                Happens::Send(step, key) => {
                    let what = Ended { key, state: StateId::new(step), number };
                    let deadline = now + WITHIN[step];
                    pending.push(Outgoing { what, deadline, due: None, is_own: Model::remembered(what) });
                    model.pending.push(Naive { what, sent: None, deadline });
                }
                Happens::Leave => {
                    pending.sent(now);
                    model.pending.iter_mut().for_each(|naive| { naive.sent.get_or_insert(now); });
                }
                Happens::Message(key) => prop_assert_eq!(message(&mut pending, key), model.message(key)),
                Happens::Pass(millis) => {
                    now += Duration::from_millis(millis);
                    prop_assert_eq!(expire(&mut pending, now), model.expire(now));
                    prop_assert_eq!(pending.take_missing(), std::mem::take(&mut model.missing_count));
                }
                Happens::Disconnect => prop_assert_eq!(pending.clear(), model.clear()),
            }
            prop_assert_eq!(pending.count(), model.pending.len());
            prop_assert_eq!(pending.deadline(), model.pending.iter().map(|naive| naive.deadline).min());
            for step in (0..WITHIN.len()).map(StateId::new) {
                let of_step = model.pending.iter().filter(|naive| naive.what.state == step);
                prop_assert_eq!(pending.count_of(step), of_step.count());
            }
            let is_blank = model.pending.is_empty() && model.timed_out.is_empty() && model.answered.is_empty();
            prop_assert_eq!(pending.is_blank(), is_blank);
        }
    }
}

fn request(number: u32) -> Ended {
    let id = Json::Text(format!("7-{number}").into());
    Ended { key: hash(0, &id), state: StateId::new(1), number }
}

fn outgoing(number: u32) -> Outgoing {
    Outgoing { what: request(number), deadline: Duration::from_secs(1), due: None, is_own: true }
}

/// Counted in places of the table that are looked at, of which the best table needs one.
#[test]
fn a_look_up_costs_the_same_whatever_is_pending() {
    for pending_count in [1, 30, 1_000, 30_000, 200_000] {
        let mut pending = Pending::default();
        for number in 0..pending_count {
            pending.push(outgoing(number));
        }
        pending.sent(Duration::ZERO);
        let seen = |pending: &Pending, keys: &[u64], is_there: bool| {
            let before = pending.index.probe_count();
            assert!(keys.iter().all(|&key| pending.find(key).is_some() == is_there));
            (pending.index.probe_count() - before) as f64 / keys.len() as f64
        };
        let there: Vec<u64> = (0..pending_count).map(|number| request(number).key).collect();
        let absent: Vec<u64> = (0..1_000).map(|number| request(pending_count + number).key).collect();
        // Half full at most: 1.5 and 2.5 on average (Knuth, The Art of Computer Programming, section 6.4).
        assert!(seen(&pending, &there, true) < 1.6, "{pending_count} pending");
        assert!(seen(&pending, &absent, false) < 2.7, "{pending_count} pending");
        // An answer looks its key up once more to take it out.
        let before = pending.index.probe_count();
        for key in &there {
            let ticket = pending.find(*key).unwrap();
            pending.answer(ticket);
        }
        assert!((pending.index.probe_count() - before) as f64 / (there.len() as f64) < 5.0);
        assert_eq!(pending.count(), 0);
    }
}

#[test]
fn what_has_ended_makes_room_for_what_begins() {
    let mut pending = Pending::default();
    for number in 0..10_000 {
        pending.push(outgoing(number));
        if number >= 5 {
            let ticket = pending.find(request(number - 5).key).unwrap();
            pending.answer(ticket);
        }
        pending.sent(Duration::ZERO);
    }
    assert_eq!((pending.count(), pending.entries.len()), (5, 6));
    assert!(pending.unsent.capacity() <= 8 && pending.lanes.capacity() <= 8);
}
