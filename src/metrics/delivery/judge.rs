//! What became of one message, once all that can come has come.

use std::fmt::Display;
use std::time::Duration;

use super::audience::Group;
use super::ledger::{KeyMap, Order, Rule};
use super::stream::{Copy, Desk, Message};
use super::{DeliveryCounts, DeliveryFigure};

/// What is noted of each user while a message is judged; used again for the next, so that nothing is cleared.
#[derive(Debug, Default)]
pub(super) struct Marks {
    round: u32,
    comparison: u32,
    of: Vec<Mark>,
}

#[derive(Debug, Default, Clone, std::marker::Copy)]
struct Mark {
    round: u32,
    order: u32,
    /// The copy came in time: it takes part in the order of copies.
    is_in_time: bool,
    is_overtaken: bool,
    /// The comparison in which the user was met last.
    comparison: u32,
}

impl Marks {
    /// Begins anew for so many users.
    fn begin(&mut self, user_count: usize) {
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            self.of.clear();
            self.round = 1;
        }
        self.comparison = 0;
        self.of.resize(user_count.max(self.of.len()), Mark::default());
    }

    fn set(&mut self, user: u32, order: u32, is_in_time: bool) {
        self.of[user as usize] =
            Mark { round: self.round, order, is_in_time, is_overtaken: false, comparison: 0 };
    }

    fn of(&mut self, user: u32) -> Option<&mut Mark> {
        let round = self.round;
        self.of.get_mut(user as usize).filter(|mark| mark.round == round)
    }
}

/// One message's case.
pub(super) struct Judge<'a, 'd> {
    pub(super) rule: &'a Rule,
    pub(super) group: &'a Group,
    pub(super) live: &'a KeyMap<Message>,
    pub(super) desk: &'a mut Desk<'d>,
}

/// The first user of each figure that is an error, to be named.
#[derive(Default)]
struct Findings {
    counts: DeliveryCounts,
    first: Vec<(DeliveryFigure, u32)>,
}

impl Findings {
    fn add(&mut self, figure: DeliveryFigure, count: u64, user: u32) {
        if count == 0 {
            return;
        }
        let field = match figure {
            DeliveryFigure::Lost => &mut self.counts.lost,
            DeliveryFigure::Duplicated => &mut self.counts.duplicated,
            DeliveryFigure::Leaked => &mut self.counts.leaked,
            DeliveryFigure::Reordered => &mut self.counts.reordered,
            _ => &mut self.counts.reordered_total,
        };
        *field += count;
        if !self.first.iter().any(|(known, _)| *known == figure) {
            self.first.push((figure, user));
        }
    }
}

impl Judge<'_, '_> {
    pub(super) fn judge(mut self, message: &mut Message) {
        self.desk.marks.begin(self.desk.persons.len());
        let mut findings = Findings::default();
        message.copies.sort_unstable_by_key(|copy| (copy.user, copy.order));
        for copies in message.copies.chunk_by(|a, b| a.user == b.user) {
            self.came(message, copies, &mut findings);
        }
        self.missing(message, &mut findings);
        self.order(message, &mut findings);
        findings.counts.expected = findings.counts.delivered + findings.counts.lost;
        self.report(message, &findings);
    }

    fn is_excluded(&self, message: &Message, user: u32) -> bool {
        user == message.sender && !self.rule.includes_sender
    }

    /// All copies at one user, in the order in which they came.
    fn came(&mut self, message: &Message, copies: &[Copy], findings: &mut Findings) {
        let Some(Copy { at, user, order }) = copies.first().copied() else { return };
        let deadline = self.rule.deadline(message.at);
        self.desk.marks.set(user, order, at <= deadline);
        let copy_count = copies.len() as u64;
        let membership = self.group.members.get(&user).filter(|_| !self.is_excluded(message, user));
        let Some(membership) = membership.filter(|membership| membership.touches(message.at, at)) else {
            return findings.add(DeliveryFigure::Leaked, copy_count, user);
        };
        findings.add(DeliveryFigure::Duplicated, copy_count - 1, user);
        match membership.at(message.at) {
            None => findings.counts.extra += 1,
            Some(span) if at <= deadline && at <= span.left => {
                findings.counts.delivered += 1;
                self.desk.out.time(self.rule.timer, Duration::from_nanos(at.saturating_sub(message.at)));
            }
            Some(span) if span.left >= deadline => {
                findings.add(DeliveryFigure::Lost, 1, user);
                findings.counts.late += 1;
            }
            Some(_) => {
                findings.counts.excused += 1;
                findings.counts.extra += 1;
            }
        }
    }

    /// The users who were to have a copy and have none, and those who were cut off then and have none.
    fn missing(&mut self, message: &Message, findings: &mut Findings) {
        let deadline = self.rule.deadline(message.at);
        // The one that is named should not depend on how a map is laid out.
        let mut first_lost = None;
        let mut lost_count = 0;
        for (user, membership) in &self.group.members {
            if self.is_excluded(message, *user) || self.desk.marks.of(*user).is_some() {
                continue;
            }
            match membership.at(message.at) {
                Some(span) if span.left >= deadline => {
                    lost_count += 1;
                    first_lost = first_lost.min(Some(*user)).or(Some(*user));
                }
                Some(span) if membership.is_cut_off_at(span.left) => findings.counts.missed += 1,
                Some(_) => findings.counts.excused += 1,
                None => findings.counts.missed += u64::from(membership.is_cut_off_at(message.at)),
            }
        }
        findings.add(DeliveryFigure::Lost, lost_count, first_lost.unwrap_or_default());
    }

    /// Copies of later messages that came before ones of this. Those that were published after the last copy of this
    /// one had come cannot have; mostly these are all.
    fn order(&mut self, message: &Message, findings: &mut Findings) {
        let deadline = self.rule.deadline(message.at);
        let last = message.copies.iter().map(|copy| copy.at).filter(|at| *at <= deadline).max();
        let Some(last) = last else { return };
        let later = self.group.messages.iter().filter_map(|key| self.live.get(key));
        for later in later.take_while(|later| later.at <= last) {
            let is_of_sender = later.sender == message.sender;
            if is_of_sender || self.rule.order == Order::Total {
                let rarer = self.compare(later, is_of_sender);
                if self.rule.order == Order::Total {
                    findings.add(DeliveryFigure::ReorderedTotal, rarer, message.sender);
                }
            }
        }
        for copies in message.copies.chunk_by(|a, b| a.user == b.user) {
            let user = copies[0].user;
            let is_overtaken = self.desk.marks.of(user).is_some_and(|mark| mark.is_overtaken);
            findings.add(DeliveryFigure::Reordered, is_overtaken.into(), user);
        }
    }

    /// How many users saw this message and a later one in the rarer of both orders; marks those at whom it came second.
    fn compare(&mut self, later: &Message, is_of_sender: bool) -> u64 {
        let deadline = self.rule.deadline(later.at);
        self.desk.marks.comparison += 1;
        let comparison = self.desk.marks.comparison;
        let (mut upright, mut inverted) = (0, 0);
        // They lie in the order in which they came: the first of a user is met first.
        for copy in &later.copies {
            let Some(mark) = self.desk.marks.of(copy.user).filter(|mark| mark.is_in_time) else { continue };
            if mark.comparison == comparison || copy.at > deadline {
                continue;
            }
            mark.comparison = comparison;
            if is_before(copy.order, mark.order) {
                inverted += 1;
                mark.is_overtaken |= is_of_sender;
            } else {
                upright += 1;
            }
        }
        u64::min(upright, inverted)
    }

    fn report(&mut self, message: &Message, findings: &Findings) {
        self.desk.out.delivery(&self.rule.name).merge(&findings.counts);
        for (figure, user) in &findings.first {
            let is_error = match figure {
                DeliveryFigure::Reordered => self.rule.order != Order::None,
                _ => true,
            };
            if let Some(kind) = figure.error().filter(|_| is_error) {
                let person = self.desk.persons[*user as usize];
                let sender = self.desk.persons[message.sender as usize];
                let told = Told { figure: *figure, shown: &message.shown, sender: &sender, person: &person };
                let count = figure.of(&findings.counts);
                let sample = || told.sentence(&self.rule.name, self.rule.within);
                self.desk.out.errors(kind, Some(self.rule.place), count, sample);
            }
        }
    }
}

/// Whether one place in the order of copies comes before another; they wrap.
fn is_before(a: u32, b: u32) -> bool {
    a != b && b.wrapping_sub(a) < u32::MAX / 2
}

/// An error's sample.
struct Told<'a> {
    figure: DeliveryFigure,
    shown: &'a str,
    sender: &'a dyn Display,
    person: &'a dyn Display,
}

impl Told<'_> {
    fn sentence(&self, stream: &str, within: Duration) -> String {
        let Self { figure, shown, sender, person } = self;
        let message = format_args!("{stream} message {shown} of {sender}");
        match figure {
            DeliveryFigure::Lost => format!("{message} did not come to {person} within {within:?}"),
            DeliveryFigure::Duplicated => format!("{message} came to {person} more than once"),
            DeliveryFigure::Leaked => format!("{message} came to {person}, who is not in its audience"),
            DeliveryFigure::Reordered => {
                format!("{message} came to {person} behind one that was published later")
            }
            _ => format!("{message} and a later one came to some users in one order, to others in the other"),
        }
    }
}
