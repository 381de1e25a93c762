//! The section of streams: what became of their messages.

use super::Page;
use super::counts::{Figure, Line, count};
use crate::metrics::DeliveryCounts;
use crate::report::escape_for_terminal;
use crate::report::paint::Tone;
use crate::report::text::cut;

/// Names of streams are cut to this.
const NAME_WIDTH: usize = 24;

impl Page<'_> {
    pub(super) fn deliveries(&self) -> String {
        let deliveries = &self.report.totals.deliveries;
        if deliveries.is_empty() {
            return String::new();
        }
        let names: Vec<String> =
            deliveries.keys().map(|name| cut(&escape_for_terminal(name), NAME_WIDTH)).collect();
        let lines: Vec<Line<'_>> =
            names.iter().map(String::as_str).zip(deliveries.values().map(figures)).collect();
        format!("{}\n{}", self.paint.paint(Tone::Strong, "delivery"), self.grid(&lines))
    }
}

/// What every stream has, then what is seldom and worth saying where it is.
fn figures(counts: &DeliveryCounts) -> Vec<Figure> {
    let mut figures = vec![
        count(counts.published, "published", Tone::Plain),
        count(counts.expected, "expected", Tone::Plain),
        count(counts.delivered, "delivered", Tone::Plain),
        count(counts.lost, "lost", Tone::Bad),
        count(counts.duplicated, "duplicated", Tone::Bad),
        count(counts.leaked, "leaked", Tone::Bad),
        count(counts.reordered, "reordered", Tone::Odd),
    ];
    let seldom = [
        count(counts.late, "of the lost late", Tone::Odd),
        count(counts.reordered_total, "reordered in total", Tone::Odd),
        count(counts.extra, "to latecomers", Tone::Plain),
        count(counts.excused, "excused", Tone::Plain),
        count(counts.missed, "missed while cut off", Tone::Odd),
        count(counts.unknown, "unknown", Tone::Odd),
        count(counts.untracked, "untracked", Tone::Odd),
    ];
    figures.extend(seldom.into_iter().filter(|(value, ..)| value != "0"));
    figures
}
