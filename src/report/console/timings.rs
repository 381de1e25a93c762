//! The table of timers: a row a name.

use super::Page;
use crate::metrics::{Percentile, Timing, format_count, format_duration};
use crate::report::escape_for_terminal;
use crate::report::paint::{Paint, Tone};
use crate::report::table::{Cell, Column, Side, laid_out_width, lay_out};
use crate::report::text::{columns, cut};

/// Names are not cut shorter than this; a line is too long rather than say nothing.
const NAME_WIDTH_MIN: usize = 8;

/// The room between two columns, and where that is too much.
const GAP: usize = 3;
const GAP_MIN: usize = 2;

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
        let asked = self.report.percentiles.as_slice();
        let shown = if asked.is_empty() { &Percentile::SHOWN } else { asked };
        let mut figures = vec![Figure::Count];
        figures.extend(rows.iter().any(|row| row.errors > 0).then_some(Figure::Errors));
        figures.extend(shown.iter().copied().map(Figure::Percentile));
        // The longest is a percentile too, and not shown twice.
        figures.extend((!shown.iter().any(|percentile| percentile.is_max())).then_some(Figure::Max));
        let name_width = rows.iter().map(|row| columns(&row.name)).max().unwrap_or(0);
        let table = Table { rows, name_width, width: self.width, paint: self.paint };
        let table =
            if asked.is_empty() { table.without_the_least(figures) } else { table.in_parts(&figures) };
        self.times_of().unwrap_or_default() + &table
    }

    fn timing_rows(&self) -> Vec<Row<'_>> {
        let is_of_level = self.times_of().is_some();
        let errors_of = |name: &str| {
            // Those of all levels stand below.
            if is_of_level {
                return 0;
            }
            let here =
                self.report.errors.iter().filter(|row| {
                    row.place.as_ref().is_some_and(|place| place.timer.as_deref() == Some(name))
                });
            here.map(|row| row.count).sum()
        };
        let of_level = self.report.search.as_ref().and_then(|found| found.figures.as_ref());
        let timings = of_level.map_or(&self.report.totals, |window| &window.figures).timings();
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

/// The timers, to be shown in one table or in several.
struct Table<'r> {
    rows: Vec<Row<'r>>,
    name_width: usize,
    width: usize,
    paint: Paint,
}

impl Table<'_> {
    /// Of figures that nobody asked for, those that have room.
    fn without_the_least(&self, mut figures: Vec<Figure>) -> String {
        let mut left_out = LEAST_IMPORTANT.iter();
        while !self.fits(&figures, GAP_MIN) {
            let Some(name) = left_out.next() else { break };
            figures.retain(|figure| figure.name() != *name);
        }
        self.text(&figures)
    }

    /// All figures: what has no room stands in a table below.
    fn in_parts(&self, figures: &[Figure]) -> String {
        let mut parts = Vec::new();
        let mut rest = figures;
        while !rest.is_empty() {
            let fitting = (1..=rest.len()).rev().find(|count| self.fits(&rest[..*count], GAP_MIN));
            let (part, further) = rest.split_at(fitting.unwrap_or(1));
            parts.push(self.text(part));
            rest = further;
        }
        parts.join("\n")
    }

    fn fits(&self, figures: &[Figure], gap: usize) -> bool {
        let numbers_width = laid_out_width(&self.numbers(figures), &shape(figures.len(), gap)[1..]);
        numbers_width + self.name_width <= self.width
    }

    fn text(&self, figures: &[Figure]) -> String {
        let gap = if self.fits(figures, GAP) { GAP } else { GAP_MIN };
        let (numbers, shape) = (self.numbers(figures), shape(figures.len(), gap));
        let room = self.width.saturating_sub(laid_out_width(&numbers, &shape[1..])).max(NAME_WIDTH_MIN);
        let names = self.rows.iter().map(|row| Cell::new(Tone::Strong, cut(&row.name, room)));
        let names = std::iter::once(Cell::new(Tone::Quiet, "")).chain(names);
        let rows: Vec<Vec<Cell>> = names
            .zip(numbers)
            .map(|(name, numbers)| std::iter::once(name).chain(numbers).collect())
            .collect();
        lay_out(&rows, &shape, self.paint)
    }

    /// The heads of the columns and the figures below them, without the names.
    fn numbers(&self, figures: &[Figure]) -> Vec<Vec<Cell>> {
        let heads = figures.iter().map(|figure| Cell::new(Tone::Quiet, figure.name())).collect();
        let figures_of = |row: &Row<'_>| figures.iter().map(|figure| figure.cell(row)).collect();
        std::iter::once(heads).chain(self.rows.iter().map(figures_of)).collect()
    }
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
    Percentile(Percentile),
    Max,
}

impl Figure {
    fn name(self) -> String {
        match self {
            Self::Count => "count".to_owned(),
            Self::Errors => "errors".to_owned(),
            Self::Percentile(percentile) => percentile.to_string(),
            Self::Max => "max".to_owned(),
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
            Self::Percentile(asked) => time(timing.and_then(|t| t.percentile(asked.percent()))),
            Self::Max => time(timing.and_then(Timing::max)),
        }
    }
}
