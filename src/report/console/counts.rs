//! The section of plain counts: users, connections, messages, bytes.

use super::Page;
use crate::metrics::{format_count, format_rate};
use crate::report::paint::Tone;
use crate::report::table::{Cell, Column, Side, laid_out_width, lay_out};
use crate::report::text::format_bytes;

/// A value, what it counts, and how it is meant.
pub(super) type Figure = (String, &'static str, Tone);

impl Page<'_> {
    pub(super) fn counts(&self) -> String {
        let counts = &self.report.totals.counts;
        let users = vec![
            count(counts.users_started, "started", Tone::Plain),
            count(counts.users_finished, "finished", Tone::Plain),
            count(counts.users_failed, "failed", Tone::Bad),
            count(self.report.totals.users.peak, "at once", Tone::Plain),
        ];
        let connections = vec![
            count(counts.connections_attempted, "attempted", Tone::Plain),
            count(counts.connections_established, "established", Tone::Plain),
            count(counts.connections_failed, "failed", Tone::Bad),
            count(counts.connections_closed_by_peer, "closed by peer", Tone::Odd),
        ];
        let mut messages = vec![
            count(counts.messages_sent, "sent", Tone::Plain),
            count(counts.messages_received, "received", Tone::Plain),
            count(counts.messages_unmatched, "unmatched", Tone::Odd),
        ];
        messages
            .extend((counts.inbox_dropped > 0).then(|| count(counts.inbox_dropped, "dropped", Tone::Odd)));
        let requests = [
            (counts.requests_throttled, "throttled", Tone::Odd),
            (counts.replies_late, "replied late", Tone::Odd),
            (counts.replies_duplicated, "duplicated", Tone::Bad),
            (counts.replies_missing, "missing", Tone::Bad),
        ];
        let in_and_out =
            |sent: String, received: String, tone| vec![(sent, "sent", tone), (received, "received", tone)];
        let (bytes_sent, bytes_received) =
            (format_bytes(counts.bytes_sent as f64), format_bytes(counts.bytes_received as f64));
        let mut lines = vec![("users", users), ("connections", connections), ("messages", messages)];
        let late = count(counts.sends_late, "late", Tone::Odd);
        let missed = count(counts.sends_missed, "missed", Tone::Odd);
        let paced = ("paced", vec![count(counts.sends_due, "due", Tone::Plain), late, missed]);
        let paced = (counts.sends_due > 0).then_some(paced);
        // Most plans have nothing to say of these.
        if requests.iter().any(|(value, ..)| *value > 0) {
            let made = count(counts.requests, "made", Tone::Plain);
            let figures = requests.map(|(value, what, tone)| count(value, what, tone));
            lines.push(("requests", std::iter::once(made).chain(figures).collect()));
        }
        let seconds = self.report.duration.as_secs_f64();
        if seconds == 0.0 {
            lines.extend(paced);
            lines.push(("bytes", in_and_out(bytes_sent, bytes_received, Tone::Plain)));
            return self.grid(&lines);
        }
        let rate = |count: u64| count as f64 / seconds;
        let message_rate = |count| format_rate(rate(count));
        let byte_rate = |count| format!("{}/s", format_bytes(rate(count)));
        lines.push((
            "",
            in_and_out(
                message_rate(counts.messages_sent),
                message_rate(counts.messages_received),
                Tone::Quiet,
            ),
        ));
        lines.extend(paced);
        lines.push(("bytes", in_and_out(bytes_sent, bytes_received, Tone::Plain)));
        lines.push((
            "",
            in_and_out(byte_rate(counts.bytes_sent), byte_rate(counts.bytes_received), Tone::Quiet),
        ));
        self.grid(&lines)
    }

    /// Lines of a label and figures, as many figures beside each other as fit.
    pub(super) fn grid(&self, lines: &[(&str, Vec<Figure>)]) -> String {
        let layouts = (1..=4).rev().map(|beside| (rows(lines, beside), shape(beside)));
        let (rows, shape) = layouts
            .reduce(
                |best, narrower| if laid_out_width(&best.0, &best.1) <= self.width { best } else { narrower },
            )
            .expect("there are four layouts");
        lay_out(&rows, &shape, self.paint)
    }
}

/// A count, quiet if there is nothing to count.
pub(super) fn count(count: u64, what: &'static str, tone: Tone) -> Figure {
    (format_count(count), what, if count == 0 { Tone::Quiet } else { tone })
}

/// The label stands before the first of a line's figures.
fn rows(lines: &[(&str, Vec<Figure>)], beside: usize) -> Vec<Vec<Cell>> {
    let rows_of = |(label, figures): &(&str, Vec<Figure>)| {
        let labels = std::iter::once(*label).chain(std::iter::repeat(""));
        let rows = labels.zip(figures.chunks(beside)).map(|(label, chunk)| {
            std::iter::once(Cell::new(Tone::Strong, label)).chain(chunk.iter().flat_map(cells)).collect()
        });
        rows.collect::<Vec<Vec<Cell>>>()
    };
    lines.iter().flat_map(rows_of).collect()
}

fn cells((value, what, tone): &Figure) -> [Cell; 2] {
    let what_tone = if *tone == Tone::Plain { Tone::Quiet } else { *tone };
    [Cell::new(*tone, value.as_str()), Cell::new(what_tone, *what)]
}

fn shape(beside: usize) -> Vec<Column> {
    let mut shape = vec![Column { side: Side::Left, gap: 0 }];
    for _ in 0..beside {
        shape.extend([Column { side: Side::Right, gap: 3 }, Column { side: Side::Left, gap: 1 }]);
    }
    shape
}
