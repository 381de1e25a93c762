use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::metrics::{ErrorKind, Layout, Recorder, Snapshot, TimerId};

fn rule(within_ms: u64, includes_sender: bool, order: Order) -> Rule {
    Rule {
        name: "chat".into(),
        within: Duration::from_millis(within_ms),
        includes_sender,
        order,
        timer: TimerId(0),
        place: 7,
    }
}

fn recorder() -> Recorder {
    Recorder::new(Arc::new(Layout::new(["chat.delivery"])))
}

fn person(index: u64) -> Person {
    Person { index, generation: 0 }
}

fn at(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn published(ms: u64, user: u64, key: u64) -> Event {
    Event {
        at: at(ms),
        person: person(user),
        fact: Fact::Published { stream: 0, shown_bytes: 1, key, group: 0 },
    }
}

fn delivered(ms: u64, user: u64, key: u64) -> Event {
    Event { at: at(ms), person: person(user), fact: Fact::Delivered { stream: 0, key } }
}

fn entered(ms: u64, user: u64) -> Event {
    Event { at: at(ms), person: person(user), fact: Fact::Entered { stream: 0, group: 0 } }
}

fn left(ms: u64, user: u64) -> Event {
    Event { at: at(ms), person: person(user), fact: Fact::Left { stream: 0, group: 0 } }
}

fn gone(ms: u64, user: u64) -> Event {
    Event { at: at(ms), person: person(user), fact: Fact::Gone }
}

fn batch(thread: usize, events: Vec<Event>, watermark_ms: u64) -> Batch {
    let shown = (b'a'..=b'z').map(char::from).cycle().take(events.len()).collect();
    Batch { thread, events, shown, watermark: at(watermark_ms), ..Batch::default() }
}

/// What a ledger makes of the events of one thread, all at once.
fn snapshot_of(rule: Rule, events: Vec<Event>) -> Snapshot {
    let mut out = recorder();
    let mut ledger = Ledger::new(vec![rule], 1, Limits::default());
    ledger.take(&batch(0, events, 0), &mut out);
    ledger.finish(&mut out);
    out.take()
}

fn counts_of(rule: Rule, events: Vec<Event>) -> DeliveryCounts {
    snapshot_of(rule, events).deliveries["chat"]
}

#[test]
fn every_copy_of_a_message_is_accounted_for() {
    // Six members; the message is published at 10 by user 0.
    let mut events: Vec<_> = (0..6).map(|user| entered(0, user)).collect();
    events.extend([
        published(10, 0, 1),
        delivered(12, 0, 1),
        delivered(13, 1, 1),
        delivered(14, 1, 1),
        delivered(111, 2, 1),
        left(20, 3),
        // User 4 gets nothing, user 5 got it and left, user 6 enters late, user 7 never.
        delivered(15, 5, 1),
        gone(16, 5),
        entered(30, 6),
        delivered(31, 6, 1),
        delivered(32, 7, 1),
        delivered(33, 7, 99),
    ]);
    events.sort_by_key(|event| event.at);
    let snapshot = snapshot_of(rule(100, true, Order::None), events.clone());
    let expected = DeliveryCounts {
        published: 1,
        expected: 5,
        delivered: 3,
        lost: 2,
        late: 1,
        duplicated: 1,
        leaked: 1,
        extra: 1,
        excused: 1,
        unknown: 1,
        ..DeliveryCounts::default()
    };
    assert_eq!(snapshot.deliveries["chat"], expected);
    let timing = snapshot.timing(TimerId(0)).unwrap();
    assert_eq!((timing.count(), timing.min(), timing.max()), (3, Some(at(2)), Some(at(5))));
    let errors: Vec<_> = snapshot.errors.entries().map(|e| (e.kind, e.place, e.count, e.sample)).collect();
    let of = |kind, count, sample: &str| (kind, Some(7), count, sample.to_owned());
    assert_eq!(
        errors,
        [
            of(ErrorKind::DeliveryLost, 2, "chat message a of user 0 did not come to user 2 within 100ms"),
            of(ErrorKind::DeliveryDuplicated, 1, "chat message a of user 0 came to user 1 more than once"),
            of(
                ErrorKind::DeliveryLeaked,
                1,
                "chat message a of user 0 came to user 7, who is not in its audience"
            ),
        ]
    );
}

#[test]
fn what_comes_in_the_gap_between_two_connections_is_missed() {
    let cut_off = |ms, user| Event { at: at(ms), person: person(user), fact: Fact::CutOffFromAll };
    let counts = counts_of(
        rule(100, false, Order::None),
        vec![
            entered(0, 0),
            entered(0, 1),
            published(1, 0, 1),
            delivered(2, 1, 1),
            // On its way when the connection is lost.
            published(3, 0, 2),
            cut_off(4, 1),
            published(5, 0, 3),
            published(6, 0, 4),
            published(7, 1, 5),
            delivered(8, 0, 5),
            // The server keeps some of it for those who come back, and sends it before it has let the user in again.
            delivered(9, 1, 4),
            entered(10, 1),
            published(11, 0, 6),
            delivered(12, 1, 6),
            // Lost for good: nobody waits for it any more.
            cut_off(300, 1),
            gone(301, 1),
            published(302, 0, 7),
        ],
    );
    let expected = DeliveryCounts {
        published: 7,
        expected: 3,
        delivered: 3,
        extra: 1,
        missed: 2,
        ..DeliveryCounts::default()
    };
    assert_eq!(counts, expected);
}

#[test]
fn a_sender_who_is_in_no_audience_gets_no_copy_of_its_own() {
    let events =
        || vec![entered(0, 0), entered(0, 1), published(1, 0, 1), delivered(2, 0, 1), delivered(2, 1, 1)];
    let with = counts_of(rule(100, true, Order::None), events());
    assert_eq!((with.expected, with.delivered, with.leaked), (2, 2, 0));
    let without = counts_of(rule(100, false, Order::None), events());
    assert_eq!((without.expected, without.delivered, without.leaked), (1, 1, 1));
}

#[test]
fn a_copy_that_is_overtaken_is_reordered_once() {
    let mut events = vec![entered(0, 0), entered(0, 1)];
    events.extend([published(1, 0, 1), published(2, 0, 2), published(3, 0, 3)]);
    events.extend([delivered(4, 0, 1), delivered(4, 0, 2), delivered(4, 0, 3)]);
    events.extend([delivered(5, 1, 3), delivered(5, 1, 2), delivered(5, 1, 1)]);
    let sender = snapshot_of(rule(100, true, Order::Sender), events.clone());
    let counts = sender.deliveries["chat"];
    assert_eq!((counts.reordered, counts.reordered_total), (2, 0));
    assert_eq!(sender.errors.of_kind(ErrorKind::DeliveryReordered), 2);
    let any = snapshot_of(rule(100, true, Order::None), events.clone());
    assert_eq!((any.deliveries["chat"].reordered, any.errors.total()), (2, 0), "counted, and no error");
    // Three pairs, each seen in both orders by one user.
    let total = snapshot_of(rule(100, true, Order::Total), events);
    assert_eq!(total.deliveries["chat"].reordered_total, 3);
    assert_eq!(total.errors.of_kind(ErrorKind::DeliveryReorderedTotal), 3);
}

#[test]
fn a_key_that_is_used_again_too_early_is_told_apart_from_nothing() {
    let events = vec![
        entered(0, 0),
        published(1, 0, 1),
        published(5, 0, 2),
        published(9, 0, 1),
        delivered(10, 0, 1),
        delivered(10, 0, 2),
        published(500, 0, 1),
        delivered(501, 0, 1),
    ];
    let counts = counts_of(rule(100, true, Order::Total), events);
    assert_eq!((counts.published, counts.untracked), (4, 2));
    assert_eq!((counts.expected, counts.delivered, counts.unknown), (2, 2, 0));
}

#[test]
fn nothing_is_judged_before_all_threads_have_come_so_far() {
    let mut out = recorder();
    let mut ledger = Ledger::new(vec![rule(100, true, Order::None)], 2, Limits::default());
    ledger.take(&batch(0, vec![entered(0, 0), published(1, 0, 1)], 1_000), &mut out);
    assert_eq!(out.take().deliveries["chat"], DeliveryCounts::default());
    // The other thread's user was a member before, and its copy came in time.
    ledger.take(&batch(1, vec![entered(0, 1), delivered(2, 1, 1)], 150), &mut out);
    let counts = out.take().deliveries["chat"];
    assert_eq!((counts.published, counts.expected), (1, 0), "not over before 201");
    ledger.take(&batch(1, vec![], 202), &mut out);
    let counts = out.take().deliveries["chat"];
    assert_eq!((counts.expected, counts.delivered, counts.lost), (2, 1, 1));
}

#[test]
fn what_is_over_the_limit_is_untracked_and_no_copy_of_it_is_unknown() {
    let mut out = recorder();
    let limits = Limits { messages: 2, copies: 3 };
    let mut ledger = Ledger::new(vec![rule(100, true, Order::None)], 1, limits);
    let mut events = vec![entered(0, 0)];
    // Of the fifth not even the key is kept.
    events.extend((1..=5).map(|key| published(key, 0, key)));
    events.extend([1, 2, 3, 5].map(|key| delivered(10 + key, 0, key)));
    ledger.take(&batch(0, events, 20), &mut out);
    let counts = out.take().deliveries["chat"];
    assert_eq!((counts.published, counts.untracked, counts.unknown), (5, 3, 0));
    // A fourth copy of the two that are tracked is one too many: its message is let go.
    ledger.take(&batch(0, vec![delivered(21, 0, 1), delivered(22, 0, 1), delivered(23, 0, 2)], 30), &mut out);
    assert_eq!(out.take().deliveries["chat"].untracked, 1);
    ledger.finish(&mut out);
    let counts = out.take().deliveries["chat"];
    assert_eq!((counts.expected, counts.delivered, counts.duplicated), (1, 1, 1));
    assert_eq!(ledger.kept_counts(), [0, 0, 1, 0]);
}

#[test]
fn a_gap_in_the_reports_makes_the_messages_of_its_time_untracked() {
    let mut out = recorder();
    let mut ledger = Ledger::new(vec![rule(100, true, Order::None)], 2, Limits::default());
    ledger.take(&batch(0, vec![entered(0, 0), published(1, 0, 1)], 10), &mut out);
    ledger.take(&batch(1, vec![], 10), &mut out);
    ledger.take(&Batch { gap_until: Some(at(20)), ..batch(1, vec![], 10) }, &mut out);
    ledger.take(&batch(0, vec![published(15, 0, 2), published(25, 0, 3), delivered(26, 0, 3)], 40), &mut out);
    ledger.finish(&mut out);
    let counts = out.take().deliveries["chat"];
    assert_eq!((counts.published, counts.untracked, counts.delivered, counts.lost), (3, 2, 1, 0));
}

#[test]
fn messages_that_were_left_out_are_untracked_and_no_copy_of_them_is_unknown() {
    let mut out = recorder();
    let mut ledger = Ledger::new(vec![rule(100, true, Order::None)], 2, Limits::default());
    ledger.take(&batch(0, vec![entered(0, 0)], 10), &mut out);
    let gap = Batch { gap_until: Some(at(20)), left_out_counts: vec![3], ..batch(1, vec![], 20) };
    ledger.take(&gap, &mut out);
    // As late as a copy of what was published at 20 may come, and later.
    ledger.take(
        &batch(0, vec![delivered(15, 0, 1), delivered(220, 0, 2), delivered(221, 0, 3)], 300),
        &mut out,
    );
    ledger.finish(&mut out);
    let counts = out.take().deliveries["chat"];
    let expected = DeliveryCounts { published: 3, untracked: 3, unknown: 1, ..DeliveryCounts::default() };
    assert_eq!(counts, expected);
}

/// Where the ledger is behind there is much to let go of, and no time: one by one, each looked for in its group's queue,
/// this would take minutes.
#[test]
fn a_gap_lets_go_of_very_many_messages() {
    const MANY: u64 = 400_000;
    let mut out = recorder();
    let mut ledger = Ledger::new(vec![rule(1_000_000, true, Order::None)], 1, Limits::default());
    let mut events = vec![entered(0, 0), entered(0, 1)];
    events.extend((0..MANY).map(|key| published(1, 0, key)));
    events.extend([gone(2, 1), delivered(3, 0, 7)]);
    ledger.take(&batch(0, events, 10), &mut out);
    assert_eq!(ledger.kept_counts()[2], 2, "who left is known as long as a message may ask");
    ledger.take(&Batch { gap_until: Some(at(9)), ..batch(0, vec![], 20) }, &mut out);
    assert_eq!(ledger.kept_counts()[2..], [1, 0]);
    ledger.finish(&mut out);
    let counts = out.take().deliveries["chat"];
    assert_eq!((counts.published, counts.untracked, counts.expected), (MANY, MANY, 0));
}

#[test]
fn at_the_end_everything_is_judged_however_long_a_copy_may_take() {
    let events = vec![entered(0, 0), published(1, 0, 1), delivered(2, 0, 1)];
    let rule = Rule { within: Duration::from_nanos(u64::MAX), ..rule(1, true, Order::None) };
    assert_eq!(counts_of(rule, events).delivered, 1);
}

/// Members come and go and nothing is published; groups are opened and left; messages are judged.
#[test]
fn what_is_over_is_forgotten() {
    let mut out = recorder();
    let mut ledger = Ledger::new(vec![rule(10, true, Order::Total)], 1, Limits::default());
    for round in 0..100 {
        let start = round * 100;
        let mut events = Vec::new();
        for user in 0..5 {
            let fact = Fact::Entered { stream: 0, group: round };
            events.extend([entered(start, user), Event { at: at(start), person: person(user), fact }]);
        }
        events.extend([published(start + 1, 0, round), delivered(start + 2, 1, round)]);
        events.extend((0..5).map(|user| gone(start + 3, user)));
        ledger.take(&batch(0, events, start + 50), &mut out);
        assert_eq!(ledger.kept_counts(), [0, 0, 0, 0], "round {round}");
    }
    assert_eq!(out.take().deliveries["chat"].published, 100);
}

/// A story: users enter, leave, publish and get copies, two streams of time apart, all within a second.
fn story() -> impl Strategy<Value = Vec<Event>> {
    let event = (0u64..400, 0u64..5, 0u8..23, 0u64..12, 0u64..2).prop_map(|(ms, user, what, key, group)| {
        let fact = match what {
            0..=2 => Fact::Entered { stream: 0, group },
            3 => Fact::Left { stream: 0, group },
            4 => Fact::Gone,
            20 => Fact::CutOffFromAll,
            21..=22 => Fact::CutOff { stream: 0, group },
            5..=8 => Fact::Published { stream: 0, shown_bytes: 1, key, group },
            _ => Fact::Delivered { stream: 0, key },
        };
        Event { at: at(ms), person: Person { index: user, generation: u32::from(user == 4) }, fact }
    });
    prop::collection::vec(event, 0..120).prop_map(|mut events| {
        events.sort_by_key(|event| event.at);
        // What two threads saw at one time has no order that anybody knows.
        for (number, event) in (0..).zip(&mut events) {
            event.at += Duration::from_nanos(number);
        }
        events
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// However the events are spread over threads, batches and watermarks, the figures are those of the definitions.
    #[test]
    fn the_ledger_is_the_model(
        events in story(),
        within_ms in prop_oneof![Just(10u64), Just(40), Just(1000)],
        includes_sender: bool,
        order in prop_oneof![Just(Order::None), Just(Order::Total)],
        cuts in prop::collection::vec((0u64..400, 0usize..3), 0..12),
    ) {
        let rule = rule(within_ms, includes_sender, order);
        // A user's events are one thread's, in their order.
        let thread_of = |event: &Event| usize::try_from(event.person.index % 3).unwrap();
        let mut out = recorder();
        let mut ledger = Ledger::new(vec![rule.clone()], 3, Limits::default());
        let mut reported = [0; 3];
        let mut cuts = cuts;
        cuts.sort_unstable();
        cuts.extend((0..3).map(|thread| (400, thread)));
        for (until, thread) in cuts {
            let is_own = |event: &&Event| {
                thread_of(event) == thread && event.at >= at(reported[thread]) && event.at < at(until)
            };
            ledger.take(&batch(thread, events.iter().filter(is_own).copied().collect(), until), &mut out);
            reported[thread] = until;
        }
        ledger.finish(&mut out);
        let snapshot = out.take();
        let counts = snapshot.deliveries["chat"];
        prop_assert_eq!(counts, model::figures(&rule, &events));
        let timed = snapshot.timing(TimerId(0)).map_or(0, crate::metrics::Timing::count);
        prop_assert_eq!(timed, counts.delivered);
        prop_assert_eq!(ledger.kept_counts()[..2].to_vec(), vec![0, 0]);
    }
}
