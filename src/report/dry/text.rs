//! A dry run as text for people.

use std::time::Duration;

use super::{DryRun, Needs};
use crate::dry::{Ending, Interval};
use crate::metrics::{format_count, format_duration, format_rate};
use crate::report::console::Look;
use crate::report::escape_for_terminal;
use crate::report::paint::{Paint, Tone};
use crate::report::table::{Cell, Column, Side, lay_out};
use crate::report::text::{cut, cut_start, format_bytes, wrap};
use crate::report::{ErrorRow, Place};

/// Narrower than this nothing is readable, and lines run over.
const WIDTH_MIN: usize = 60;
/// So many rows show what happened when.
const ROWS_MAX: usize = 12;
/// So many steps and errors are shown; nobody reads more.
const LINES_MAX: usize = 20;
/// The longest bar.
const BAR_WIDTH: u64 = 12;

/// The report as text, each line ended. Nothing in it that came from a plan or a path can control the terminal.
pub fn render(run: &DryRun, look: Look) -> String {
    let page = Page { run, width: look.width.max(WIDTH_MIN), paint: Paint { colour: look.colour } };
    let sections = [
        page.heading(),
        page.figures(),
        page.course(),
        page.steps(),
        page.unanswered(),
        page.errors(),
        page.needs(),
    ];
    sections.into_iter().filter(|section| !section.is_empty()).collect::<Vec<_>>().join("\n")
}

struct Page<'r> {
    run: &'r DryRun,
    width: usize,
    paint: Paint,
}

impl Page<'_> {
    fn heading(&self) -> String {
        let DryRun { plan, path, peer, latency, seed, outcome, is_search, .. } = self.run;
        let plan = cut(&escape_for_terminal(plan), self.width / 2);
        let path = cut_start(&escape_for_terminal(path), self.width / 2);
        let users = match outcome.one_of {
            1 => String::new(),
            every => format!(", from one of {every} users"),
        };
        let level = if *is_search { " of the search's highest level" } else { "" };
        let latency = format_duration(*latency);
        let words =
            format!("dry run{level} with seed {seed}{users}; the server is {peer}, and {latency} away");
        let rest = wrap(&words, self.width, 3).join("\n");
        format!(
            "{}  {}\n{}\n",
            self.paint.paint(Tone::Strong, &plan),
            self.paint.paint(Tone::Quiet, &path),
            self.paint.paint(Tone::Quiet, &rest)
        )
    }

    fn figures(&self) -> String {
        let outcome = &self.run.outcome;
        let (counts, busiest) = (&outcome.counts, &outcome.busiest);
        let seconds = outcome.elapsed.as_secs_f64();
        let rates = |count: u64, most: u64, format: &dyn Fn(f64) -> String| {
            let mean = count as f64 / seconds;
            format!("{} on average, {} at most", format(mean), format(mean.max(most as f64)))
        };
        // A piece of a second is no ground for a rate.
        let rate = |count: u64, most: u64| match seconds {
            ..1.0 => String::new(),
            _ => rates(count, most, &format_rate),
        };
        let byte_rate = |count: u64, most: u64| match seconds {
            ..1.0 => String::new(),
            _ => rates(count, most, &|bytes| format!("{}/s", format_bytes(bytes))) + "; ",
        };
        let framed = |bytes: u64| format!("{} with frame headers", format_bytes(bytes as f64));
        let bytes_of = |bytes: u64, wire: u64, most: u64| {
            (format_bytes(bytes as f64), format!("{}{}", byte_rate(bytes, most), framed(wire)))
        };
        let sent = bytes_of(counts.bytes_sent, outcome.wire_bytes_sent, busiest.bytes_sent);
        let received = bytes_of(counts.bytes_received, outcome.wire_bytes_received, busiest.bytes_received);
        let at_a_time = |most: u64| format!("at most {} at a time", format_count(most));
        let (lasts, until) = self.lasts();
        let mut rows = vec![
            ("lasts", lasts, until),
            ("users", format_count(counts.users_started), at_a_time(outcome.users_peak)),
            ("iterations", format_count(counts.iterations), rate(counts.iterations, busiest.iterations)),
            (
                "connections",
                format_count(counts.connections_established),
                format!(
                    "{}, {} in a second",
                    at_a_time(outcome.connections_peak),
                    format_count(busiest.connects)
                ),
            ),
            (
                "messages sent",
                format_count(counts.messages_sent),
                rate(counts.messages_sent, busiest.messages_sent),
            ),
            (
                "received",
                format_count(counts.messages_received),
                rate(counts.messages_received, busiest.messages_received),
            ),
            ("bytes sent", sent.0, sent.1),
            ("received", received.0, received.1),
        ];
        rows.extend(self.further());
        let rows = rows.into_iter().map(|(what, figure, more)| {
            vec![Cell::new(Tone::Quiet, what), Cell::new(Tone::Plain, figure), Cell::new(Tone::Quiet, more)]
        });
        self.table(&rows.collect::<Vec<_>>(), &[(Side::Left, 2), (Side::Right, 2), (Side::Left, 2)])
    }

    /// What most plans have nothing of.
    fn further(&self) -> Vec<(&'static str, String, String)> {
        let counts = &self.run.outcome.counts;
        let mut rows = Vec::new();
        if counts.http_requests > 0 {
            let bodies = format!(
                "{} in bodies sent, {} received",
                format_bytes(counts.http_bytes_sent as f64),
                format_bytes(counts.http_bytes_received as f64)
            );
            rows.push(("http requests", format_count(counts.http_requests), bodies));
        }
        if counts.arrivals_missed > 0 {
            let away = "were turned away, because as many users were there as may be".to_owned();
            rows.push(("arrivals", format_count(counts.arrivals_missed), away));
        }
        if counts.users_out_of_data > 0 {
            let left = "leave because a data file has no row for them any more".to_owned();
            rows.push(("without data", format_count(counts.users_out_of_data), left));
        }
        rows
    }

    fn lasts(&self) -> (String, String) {
        let DryRun { outcome, patience, timeless, .. } = self.run;
        let elapsed = format_duration(outcome.elapsed);
        let rest = match outcome.ending {
            Ending::Ended => "until every user has left".to_owned(),
            Ending::Enough => {
                format!(
                    "of it were gone through within {}; the figures are of these",
                    format_duration(*patience)
                )
            }
            Ending::Endless => "and longer: it has no end of its own; the figures are of these".to_owned(),
            Ending::Timeless(_) => {
                let place = timeless.as_ref().map_or("somewhere".to_owned(), shown);
                format!(
                    "and no longer: at {place} a user goes on and on without any time passing. What it does in a second is up to the server and the machine"
                )
            }
            Ending::NotSetUp => "and then the setup has failed, so that no user begins".to_owned(),
        };
        (elapsed, rest)
    }

    /// What happens when.
    fn course(&self) -> String {
        let outcome = &self.run.outcome;
        let (intervals, width) = joined(&outcome.intervals, outcome.interval, outcome.elapsed);
        if intervals.len() < 2 {
            return String::new();
        }
        let heads = ["from", "users", "connects", "sent", "bytes", "received", "iterations", "errors", ""];
        let mut rows: Vec<Vec<Cell>> = vec![heads.iter().map(|head| Cell::new(Tone::Quiet, *head)).collect()];
        let most = intervals.iter().map(|interval| interval.messages_sent).max().unwrap_or(0).max(1);
        for (at, interval) in (0u32..).zip(&intervals) {
            let begins = width.saturating_mul(at);
            let seconds = outcome.elapsed.saturating_sub(begins).min(width).as_secs_f64().max(1e-9);
            // A piece of a second is no ground for a rate.
            let seconds = if begins.is_zero() { seconds } else { seconds.max(1.0) };
            let rate = |count: u64| format_rate(count as f64 / seconds);
            let bar = interval.messages_sent.saturating_mul(BAR_WIDTH).div_ceil(most);
            let errors = if interval.errors == 0 { Tone::Plain } else { Tone::Bad };
            rows.push(vec![
                Cell::new(Tone::Plain, format_duration(begins)),
                Cell::new(Tone::Plain, format_count(interval.users)),
                Cell::new(Tone::Plain, rate(interval.connects)),
                Cell::new(Tone::Plain, rate(interval.messages_sent)),
                Cell::new(Tone::Plain, format!("{}/s", format_bytes(interval.bytes_sent as f64 / seconds))),
                Cell::new(Tone::Plain, rate(interval.messages_received)),
                Cell::new(Tone::Plain, rate(interval.iterations)),
                Cell::new(errors, format_count(interval.errors)),
                Cell::new(Tone::Quiet, "▇".repeat(usize::try_from(bar).unwrap_or(0))),
            ]);
        }
        let shape = [(Side::Right, 2); 8].into_iter().chain([(Side::Left, 2)]).collect::<Vec<_>>();
        self.table(&rows, &shape)
    }

    fn steps(&self) -> String {
        let steps = &self.run.steps;
        if steps.is_empty() {
            return String::new();
        }
        let rows = steps.iter().take(LINES_MAX).map(|step| {
            let mean = step.payload_bytes as f64 / step.message_count.max(1) as f64;
            vec![
                Cell::new(Tone::Plain, cut(&escape_for_terminal(&step.name), self.width / 3)),
                Cell::new(Tone::Plain, format_count(step.message_count)),
                Cell::new(Tone::Plain, format_bytes(step.payload_bytes as f64)),
                Cell::new(Tone::Quiet, format!("{} each", format_bytes(mean))),
                Cell::new(Tone::Quiet, cut_start(&shown(&step.place), self.width / 3)),
            ]
        });
        let shape = [(Side::Left, 2), (Side::Right, 2), (Side::Right, 2), (Side::Right, 2), (Side::Left, 2)];
        let table = self.table(&rows.collect::<Vec<_>>(), &shape);
        format!(
            "{}\n{table}{}",
            self.paint.paint(Tone::Strong, "messages sent by step"),
            more(steps.len(), "steps")
        )
    }

    fn unanswered(&self) -> String {
        let unanswered = &self.run.unanswered;
        if unanswered.is_empty() {
            return String::new();
        }
        let heading = "what the made-up server could not answer, so that these steps fail here and perhaps not otherwise";
        let mut text = format!("{}\n", self.paint.paint(Tone::Odd, &wrap(heading, self.width, 3).join("\n")));
        for (place, count, reason) in unanswered.iter().take(LINES_MAX) {
            line(&mut text, &format!("  {}  {}", shown(place), format_count(*count)));
            self.sample(reason, &mut text);
        }
        text + &more(unanswered.len(), "places")
    }

    fn errors(&self) -> String {
        let errors = &self.run.errors;
        let total: u64 = errors.iter().map(|row| row.count).sum();
        if total == 0 {
            return String::new();
        }
        let mut text = format!(
            "{}  {}\n",
            self.paint.paint(Tone::Strong, "what fails"),
            self.paint.paint(Tone::Bad, &format_count(total))
        );
        for ErrorRow { kind, count, place, sample, .. } in errors.iter().take(LINES_MAX) {
            let place = place.as_ref().map_or("nowhere in the plan".to_owned(), shown);
            line(&mut text, &format!("  {kind}  {}  {place}", format_count(*count)));
            self.sample(sample, &mut text);
        }
        text + &more(errors.len(), "places")
    }

    fn sample(&self, sample: &str, text: &mut String) {
        for part in wrap(&escape_for_terminal(sample), self.width - 4, 3) {
            line(text, &format!("    {}", self.paint.paint(Tone::Quiet, &part)));
        }
    }

    fn needs(&self) -> String {
        let needs = &self.run.needs;
        let mut rows = Vec::new();
        let row = |what: &str, figure: String, tone, more: String| {
            vec![Cell::new(Tone::Quiet, what), Cell::new(tone, figure), Cell::new(Tone::Quiet, more)]
        };
        rows.push(row("memory", format_bytes(needs.memory_bytes() as f64), Tone::Plain, String::new()));
        for share in &needs.memory {
            let of = match share.count {
                1 => share.what.to_owned(),
                count => format!(
                    "{}, {} of {} each",
                    share.what,
                    format_count(count),
                    format_bytes(share.bytes_each as f64)
                ),
            };
            rows.push(row("", format_bytes(share.bytes() as f64), Tone::Quiet, of));
        }
        let is_short = needs.files_limit.is_some_and(|limit| needs.files > limit);
        let tone = if is_short { Tone::Bad } else { Tone::Plain };
        let limit = needs
            .files_limit
            .map_or(String::new(), |limit| format!("of {} that this process may open", format_count(limit)));
        rows.push(row("open files", format_count(needs.files), tone, limit));
        let (tone, ports) = ports(needs);
        rows.push(row("local ports", format_count(needs.ports), tone, ports));
        let table = self.table(&rows, &[(Side::Left, 2), (Side::Right, 2), (Side::Left, 2)]);
        format!("{}\n{table}", self.paint.paint(Tone::Strong, "what it needs"))
    }

    fn table(&self, rows: &[Vec<Cell>], shape: &[(Side, usize)]) -> String {
        let shape: Vec<Column> = shape.iter().map(|&(side, gap)| Column { side, gap }).collect();
        lay_out(rows, &shape, self.paint)
    }
}

fn ports(needs: &Needs) -> (Tone, String) {
    let Some(available) = needs.ports_available else { return (Tone::Plain, String::new()) };
    let of = format!("of {} that an address of this machine has", format_count(available));
    match needs.addresses() {
        1 => (Tone::Plain, of),
        addresses => (
            Tone::Bad,
            format!("{of}: it has to come from {} addresses (--source-ip)", format_count(addresses)),
        ),
    }
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

fn shown(place: &Place) -> String {
    format!("{}:{}", escape_for_terminal(&place.file), place.line)
}

fn more(count: usize, of: &str) -> String {
    match count.checked_sub(LINES_MAX) {
        None | Some(0) => String::new(),
        Some(more) => format!("  and {more} more {of}\n"),
    }
}

/// The intervals in a few rows, and how long each of those is.
fn joined(intervals: &[Interval], width: Duration, elapsed: Duration) -> (Vec<Interval>, Duration) {
    // What happens at the very end of a run makes no row of its own.
    let is_tail = elapsed.subsec_nanos() < 100_000_000 && elapsed.as_secs() > 1;
    let whole_count = if is_tail { elapsed.as_secs().div_ceil(width.as_secs().max(1)) } else { u64::MAX };
    let whole_count = usize::try_from(whole_count).unwrap_or(usize::MAX).clamp(1, intervals.len().max(1));
    let chunk = whole_count.div_ceil(ROWS_MAX).max(1);
    let mut rows: Vec<Interval> = Vec::new();
    for (at, interval) in intervals.iter().enumerate() {
        match rows.last_mut().filter(|_| !at.is_multiple_of(chunk) || at >= whole_count) {
            Some(row) => row.add(interval),
            None => rows.push(*interval),
        }
    }
    (rows, width.saturating_mul(u32::try_from(chunk).unwrap_or(u32::MAX)))
}
