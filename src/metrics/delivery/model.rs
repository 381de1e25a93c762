//! The definitions of [the module](super) written down as they stand, over all events at once: what the ledger is held
//! against. It keeps everything, looks at everything for everything, and knows no batches.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{DeliveryCounts, Event, Fact, Order, Person, Rule};

struct Sent {
    at: Duration,
    sender: Person,
    group: u64,
    /// The first copies in time, by user: the place in the order of all copies.
    in_time: BTreeMap<Person, usize>,
    /// When its key is published again too early: what was judged before that had it to compare with.
    untracked_from: Option<Duration>,
}

/// The figures of one stream. Events are in the order of time.
pub(super) fn figures(rule: &Rule, events: &[Event]) -> DeliveryCounts {
    let mut counts = DeliveryCounts::default();
    let published: Vec<(Duration, Person, u64, u64)> = events
        .iter()
        .filter_map(|event| match event.fact {
            Fact::Published { key, group, .. } => Some((event.at, event.person, key, group)),
            _ => None,
        })
        .collect();
    counts.published = published.len() as u64;
    let life = 2 * rule.within;
    // Chains of publications of one key, each within the life of the one before.
    let is_near = |index: usize, other: usize| {
        let ((at, _, key, _), (other_at, _, other_key, _)) = (published[index], published[other]);
        other_key == key && other_at.abs_diff(at) <= life
    };
    let mut sent = Vec::new();
    for (index, (at, sender, key, group)) in published.iter().copied().enumerate() {
        let next = (index + 1..published.len()).find(|other| is_near(index, *other));
        let untracked_from = next.map(|other| published[other].0);
        let is_first = !(0..index).any(|other| is_near(index, other));
        let is_alone = is_first && untracked_from.is_none();
        counts.untracked += u64::from(!is_alone);
        if !is_first {
            continue;
        }
        let copies: Vec<(usize, Duration, Person)> = events
            .iter()
            .enumerate()
            .filter(|(_, e)| matches!(e.fact, Fact::Delivered { key: k, .. } if k == key))
            .filter(|(_, e)| e.at >= at && e.at <= at + life)
            .map(|(place, e)| (place, e.at, e.person))
            .collect();
        let mut own = DeliveryCounts::default();
        let in_time = judge(rule, events, (at, sender, group), &copies, &mut own);
        if is_alone {
            counts.merge(&own);
        }
        sent.push(Sent { at, sender, group, in_time, untracked_from });
    }
    for (place, event) in events.iter().enumerate() {
        if let Fact::Delivered { key, .. } = event.fact {
            let is_known = published.iter().any(|(at, _, k, _)| {
                *k == key
                    && event.at >= *at
                    && event.at <= *at + life
                    && was_published(events, place, *at, key)
            });
            counts.unknown += u64::from(!is_known);
        }
    }
    order(rule, &sent, &mut counts);
    counts.expected = counts.delivered + counts.lost;
    counts
}

/// Whether the publication stands before the copy, also where both have one time.
fn was_published(events: &[Event], place: usize, at: Duration, key: u64) -> bool {
    events[..place].iter().any(|e| e.at == at && matches!(e.fact, Fact::Published { key: k, .. } if k == key))
}

/// When a user was in a group, and when (`true`) it was cut off from it.
fn spans(events: &[Event], person: Person, group: u64) -> Vec<(Duration, Duration, bool)> {
    let mut spans = Vec::new();
    let mut state: Option<(Duration, bool)> = None;
    for event in events.iter().filter(|event| event.person == person) {
        match event.fact {
            Fact::Entered { group: g, .. } if g == group && !matches!(state, Some((_, false))) => {
                spans.extend(state.replace((event.at, false)).map(|(from, cut)| (from, event.at, cut)));
            }
            Fact::CutOff { group: g, .. } if g != group => {}
            Fact::CutOff { .. } | Fact::CutOffFromAll if matches!(state, Some((_, false))) => {
                spans.extend(state.replace((event.at, true)).map(|(from, cut)| (from, event.at, cut)));
            }
            Fact::Left { group: g, .. } if g != group => {}
            Fact::Left { .. } | Fact::Gone => {
                spans.extend(state.take().map(|(from, cut)| (from, event.at, cut)));
            }
            _ => {}
        }
    }
    spans.extend(state.map(|(from, cut)| (from, Duration::MAX, cut)));
    spans
}

fn judge(
    rule: &Rule,
    events: &[Event],
    (at, sender, group): (Duration, Person, u64),
    copies: &[(usize, Duration, Person)],
    counts: &mut DeliveryCounts,
) -> BTreeMap<Person, usize> {
    let deadline = at + rule.within;
    let mut in_time = BTreeMap::new();
    let everybody: BTreeSet<Person> = events.iter().map(|event| event.person).collect();
    for person in everybody {
        let own: Vec<_> = copies.iter().filter(|(_, _, to)| *to == person).collect();
        let spans = spans(events, person, group);
        let is_excluded = person == sender && !rule.includes_sender;
        let at_publishing =
            spans.iter().find(|(from, to, _)| *from <= at && at < *to).filter(|_| !is_excluded);
        let was_cut_off = at_publishing.is_some_and(|(_, _, cut)| *cut);
        let at_publishing = at_publishing.filter(|(_, _, cut)| !cut);
        if let Some((place, came, _)) = own.first() {
            if *came <= deadline {
                in_time.insert(person, *place);
            }
            if is_excluded || !spans.iter().any(|(from, to, _)| *from <= *came && *to > at) {
                counts.leaked += own.len() as u64;
                continue;
            }
            counts.duplicated += own.len() as u64 - 1;
            counts.extra += u64::from(at_publishing.is_none());
        }
        let came = own.first().map(|(_, came, _)| *came);
        let Some((_, left, _)) = at_publishing else {
            counts.missed += u64::from(was_cut_off && came.is_none());
            continue;
        };
        if came.is_some_and(|came| came <= deadline && came <= *left) {
            counts.delivered += 1;
        } else if *left >= deadline {
            counts.lost += 1;
            counts.late += u64::from(came.is_some());
        } else if came.is_none() && spans.iter().any(|(from, _, cut)| *cut && from == left) {
            counts.missed += 1;
        } else {
            counts.excused += 1;
            counts.extra += u64::from(came.is_some());
        }
    }
    in_time
}

fn order(rule: &Rule, sent: &[Sent], counts: &mut DeliveryCounts) {
    for (index, message) in sent.iter().enumerate().filter(|(_, message)| message.untracked_from.is_none()) {
        let judged = message.at + 2 * rule.within;
        let is_tracked = |later: &Sent| later.untracked_from.is_none_or(|from| judged < from);
        let is_compared = |later: &&Sent| later.group == message.group && is_tracked(later);
        let later: Vec<&Sent> = sent[index + 1..].iter().filter(is_compared).collect();
        for (person, place) in &message.in_time {
            let is_overtaken = later.iter().any(|later| {
                later.sender == message.sender && later.in_time.get(person).is_some_and(|other| other < place)
            });
            counts.reordered += u64::from(is_overtaken);
        }
        if rule.order != Order::Total {
            continue;
        }
        for later in later {
            let both: Vec<bool> = message
                .in_time
                .iter()
                .filter_map(|(person, place)| later.in_time.get(person).map(|other| other < place))
                .collect();
            let inverted = both.iter().filter(|is_inverted| **is_inverted).count();
            counts.reordered_total += inverted.min(both.len() - inverted) as u64;
        }
    }
}
