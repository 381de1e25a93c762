//! The section of plain counts: users, connections, messages, bytes.

use super::Page;
use crate::metrics::{format_count, format_percent, format_rate};
use crate::report::paint::Tone;
use crate::report::table::{Cell, Column, Side, laid_out_width, lay_out};
use crate::report::text::format_bytes;

/// A value, what it counts, and how it is meant.
pub(super) type Figure = (String, &'static str, Tone);

/// A label and the figures behind it.
pub(super) type Line<'l> = (&'l str, Vec<Figure>);

impl Page<'_> {
    pub(super) fn counts(&self) -> String {
        let mut lines = self.users_and_connections();
        lines.extend(self.tls());
        lines.extend(self.messages());
        lines.extend(self.deflate());
        lines.extend(self.requests());
        lines.extend(self.http());
        lines.extend(self.paced());
        self.grid(&lines)
    }

    fn users_and_connections(&self) -> Vec<Line<'static>> {
        let counts = &self.report.totals.counts;
        let mut users = vec![
            count(counts.users_started, "started", Tone::Plain),
            count(counts.users_finished, "finished", Tone::Plain),
            count(counts.users_failed, "failed", Tone::Bad),
            count(self.report.totals.users.peak, "at once", Tone::Plain),
        ];
        if counts.users_out_of_data > 0 {
            users.push(count(counts.users_out_of_data, "out of data", Tone::Odd));
        }
        if counts.arrivals_missed > 0 {
            users.push(count(counts.arrivals_missed, "turned away", Tone::Odd));
        }
        let mut connections = vec![
            count(counts.connections_attempted, "attempted", Tone::Plain),
            count(counts.connections_established, "established", Tone::Plain),
            count(counts.connections_failed, "failed", Tone::Bad),
            count(counts.connections_closed_by_peer, "closed by peer", Tone::Odd),
        ];
        if counts.failovers > 0 {
            connections.push(count(counts.failovers, "failed over", Tone::Odd));
        }
        if counts.reconnects > 0 {
            connections.push(count(counts.reconnects, "reconnected", Tone::Odd));
        }
        if counts.connections_refused > 0 {
            connections.push(count(counts.connections_refused, "refused", Tone::Plain));
        }
        let pools = vec![
            count(counts.pools_borrowed, "borrowed", Tone::Plain),
            count(counts.pools_opened, "opened", Tone::Plain),
        ];
        let has_pools = counts.pools_borrowed > 0;
        let lines = [("users", users), ("connections", connections)];
        lines.into_iter().chain(has_pools.then_some(("pools", pools))).collect()
    }

    /// Nothing where nothing went through TLS.
    fn tls(&self) -> Option<Line<'static>> {
        let counts = &self.report.totals.counts;
        let figures = vec![
            count(counts.tls_handshakes, "handshakes", Tone::Plain),
            count(counts.tls_resumed, "resumed", Tone::Plain),
        ];
        (counts.tls_handshakes > 0).then_some(("tls", figures))
    }

    /// Messages and bytes, each with its rates below it where the run took any time.
    fn messages(&self) -> Vec<Line<'static>> {
        let counts = &self.report.totals.counts;
        let mut messages = vec![
            count(counts.messages_sent, "sent", Tone::Plain),
            count(counts.messages_received, "received", Tone::Plain),
            count(counts.messages_unmatched, "unmatched", Tone::Odd),
        ];
        if counts.inbox_dropped > 0 {
            messages.push(count(counts.inbox_dropped, "dropped", Tone::Odd));
        }
        let seconds = self.report.duration.as_secs_f64();
        let in_and_out = |tone, sent: u64, received: u64, format: &dyn Fn(u64) -> String| {
            vec![(format(sent), "sent", tone), (format(received), "received", tone)]
        };
        let rates = |sent, received, format: &dyn Fn(u64) -> String| {
            (seconds > 0.0).then(|| ("", in_and_out(Tone::Quiet, sent, received, format)))
        };
        let message_rate = |count: u64| format_rate(count as f64 / seconds);
        let byte_rate = |count: u64| format!("{}/s", format_bytes(count as f64 / seconds));
        let bytes = in_and_out(Tone::Plain, counts.bytes_sent, counts.bytes_received, &|count| {
            format_bytes(count as f64)
        });
        let lines = [
            Some(("messages", messages)),
            rates(counts.messages_sent, counts.messages_received, &message_rate),
            Some(("bytes", bytes)),
            rates(counts.bytes_sent, counts.bytes_received, &byte_rate),
        ];
        lines.into_iter().flatten().collect()
    }

    /// Nothing where compression was not offered, or never agreed on.
    fn deflate(&self) -> Option<Line<'static>> {
        let counts = &self.report.totals.counts;
        if counts.connections_deflated + counts.deflate_declined == 0 {
            return None;
        }
        let share = |compressed: u64, bytes: u64| match bytes {
            0 => "-".to_owned(),
            _ => format_percent(compressed as f64 * 100.0 / bytes as f64),
        };
        let shares = [
            (share(counts.deflate_compressed_sent, counts.deflate_bytes_sent), "of bytes sent"),
            (share(counts.deflate_compressed_received, counts.deflate_bytes_received), "of bytes received"),
        ];
        let mut figures = vec![
            count(counts.connections_deflated, "connections", Tone::Plain),
            count(counts.deflate_declined, "declined", Tone::Odd),
        ];
        figures.extend(shares.map(|(share, what)| (share, what, Tone::Plain)));
        Some(("deflate", figures))
    }

    /// Nothing where there is nothing to say but that they were made.
    fn requests(&self) -> Option<Line<'static>> {
        let counts = &self.report.totals.counts;
        let odd = [
            (counts.requests_throttled, "throttled", Tone::Odd),
            (counts.replies_late, "replied late", Tone::Odd),
            (counts.replies_duplicated, "duplicated", Tone::Bad),
            (counts.replies_missing, "missing", Tone::Bad),
        ];
        if odd.iter().all(|(value, ..)| *value == 0) {
            return None;
        }
        let made = count(counts.requests, "made", Tone::Plain);
        let odd = odd.map(|(value, what, tone)| count(value, what, tone));
        Some(("requests", std::iter::once(made).chain(odd).collect()))
    }

    /// Nothing where nothing was asked over HTTP.
    fn http(&self) -> Option<Line<'static>> {
        let counts = &self.report.totals.counts;
        let bytes = |count: u64, what| (format_bytes(count as f64), what, Tone::Plain);
        let figures = vec![
            count(counts.http_requests, "requests", Tone::Plain),
            count(counts.http_failed, "failed", Tone::Bad),
            bytes(counts.http_bytes_sent, "sent"),
            bytes(counts.http_bytes_received, "received"),
        ];
        (counts.http_requests + counts.http_failed > 0).then_some(("http", figures))
    }

    /// Nothing where the plan paces nothing.
    fn paced(&self) -> Option<Line<'static>> {
        let counts = &self.report.totals.counts;
        let figures = vec![
            count(counts.sends_due, "due", Tone::Plain),
            count(counts.sends_late, "late", Tone::Odd),
            count(counts.sends_missed, "missed", Tone::Odd),
        ];
        (counts.sends_due > 0).then_some(("paced", figures))
    }

    /// Lines of a label and figures, as many figures beside each other as fit.
    pub(super) fn grid(&self, lines: &[Line<'_>]) -> String {
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
fn rows(lines: &[Line<'_>], beside: usize) -> Vec<Vec<Cell>> {
    let rows_of = |(label, figures): &Line<'_>| {
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
