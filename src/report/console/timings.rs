//! The table of timers: a row a name.

use super::Page;
use crate::metrics::{Timing, format_count, format_duration};
use crate::report::escape_for_terminal;
use crate::report::paint::Tone;
use crate::report::table::{Cell, Column, Side, laid_out_width, lay_out};
use crate::report::text::{columns, cut};

/// Names are not cut shorter than this; a line is too long rather than say nothing.
const NAME_WIDTH_MIN: usize = 8;

/// What is left out of a table that is too wide, one after the other.
const LEAST_IMPORTANT: [&str; 4] = ["p90", "p95", "p99.9", "errors"];

struct Row<'r> {
    name: String,
    timing: Option<&'r Timing>,
    errors: u64,
}

impl Page<'_> {
    pub(super) fn timings(&self) -> String {
        let rows = self.timing_rows();
        if rows.is_empty() {
            return String::new();
        }
        let mut figures = FIGURES.to_vec();
        if rows.iter().all(|row| row.errors == 0) {
            figures.retain(|figure| *figure != Figure::Errors);
        }
        let name_width = rows.iter().map(|row| columns(&row.name)).max().unwrap_or(0);
        let mut left_out = LEAST_IMPORTANT.iter();
        let mut gap = 3;
        loop {
            let numbers = numbers(&rows, &figures);
            let shape = shape(figures.len(), gap);
            let numbers_width = laid_out_width(&numbers, &shape[1..]);
            if numbers_width + name_width > self.width {
                if gap == 3 {
                    gap = 2;
                    continue;
                }
                if let Some(name) = left_out.next() {
                    figures.retain(|figure| figure.name() != *name);
                    continue;
                }
            }
            let room = self.width.saturating_sub(numbers_width).max(NAME_WIDTH_MIN);
            let names = rows.iter().map(|row| Cell::new(Tone::Strong, cut(&row.name, room)));
            let names = std::iter::once(Cell::new(Tone::Quiet, "")).chain(names);
            let rows: Vec<Vec<Cell>> = names
                .zip(numbers)
                .map(|(name, numbers)| std::iter::once(name).chain(numbers).collect())
                .collect();
            return lay_out(&rows, &shape, self.paint);
        }
    }

    fn timing_rows(&self) -> Vec<Row<'_>> {
        let errors_of = |name: &str| {
            let here =
                self.report.errors.iter().filter(|row| {
                    row.place.as_ref().is_some_and(|place| place.timer.as_deref() == Some(name))
                });
            here.map(|row| row.count).sum()
        };
        let timings = self.report.totals.timings();
        let row = |(name, timing)| Row {
            name: escape_for_terminal(name).into_owned(),
            timing,
            errors: errors_of(name),
        };
        let mut rows: Vec<_> = timings.map(row).collect();
        // A phase that did not happen in a step that did, such as the look-up of an address, is no news.
        let step = |name: &str| name.rsplit_once('.').map(|(step, _)| step.to_owned());
        let happened: Vec<_> =
            rows.iter().filter(|row| row.timing.is_some()).map(|row| step(&row.name)).collect();
        rows.retain(|row| row.timing.is_some() || row.errors > 0 || !happened.contains(&step(&row.name)));
        rows
    }
}

/// The heads of the columns and the figures below them, without the names.
fn numbers(rows: &[Row<'_>], figures: &[Figure]) -> Vec<Vec<Cell>> {
    let heads = figures.iter().map(|figure| Cell::new(Tone::Quiet, figure.name())).collect();
    let figures_of = |row: &Row<'_>| figures.iter().map(|figure| figure.cell(row)).collect();
    std::iter::once(heads).chain(rows.iter().map(figures_of)).collect()
}

fn shape(figure_count: usize, gap: usize) -> Vec<Column> {
    let numbers = (0..figure_count).map(|_| Column { side: Side::Right, gap });
    std::iter::once(Column { side: Side::Left, gap: 0 }).chain(numbers).collect()
}

/// A column of the table of timers.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Figure {
    Count,
    Errors,
    Percentile(&'static str, f64),
    Max,
}

const FIGURES: [Figure; 8] = [
    Figure::Count,
    Figure::Errors,
    Figure::Percentile("p50", 50.0),
    Figure::Percentile("p90", 90.0),
    Figure::Percentile("p95", 95.0),
    Figure::Percentile("p99", 99.0),
    Figure::Percentile("p99.9", 99.9),
    Figure::Max,
];

impl Figure {
    fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Errors => "errors",
            Self::Percentile(name, _) => name,
            Self::Max => "max",
        }
    }

    fn cell(self, row: &Row<'_>) -> Cell {
        let Row { timing, errors, .. } = *row;
        let time = |time| match time {
            Some(time) => Cell::new(Tone::Plain, format_duration(time)),
            None => Cell::new(Tone::Quiet, "-"),
        };
        match self {
            Self::Count => Cell::new(Tone::Plain, format_count(timing.map_or(0, Timing::count))),
            Self::Errors => {
                Cell::new(if errors == 0 { Tone::Quiet } else { Tone::Bad }, format_count(errors))
            }
            Self::Percentile(_, percent) => time(timing.and_then(|t| t.percentile(percent))),
            Self::Max => time(timing.and_then(Timing::max)),
        }
    }
}
