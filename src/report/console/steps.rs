//! The table of steps, where any of them failed: a row a name, with how much of it succeeded and what the rest failed of.

use super::Page;
use crate::metrics::{StepFigures, format_count, format_percent, format_rate};
use crate::report::escape_for_terminal;
use crate::report::paint::Tone;
use crate::report::table::{Cell, Column, Side, laid_out_width, lay_out};
use crate::report::text::{columns, cut};

/// Less of a name, or of the kinds of errors, says nothing.
const TEXT_WIDTH_MIN: usize = 8;

impl Page<'_> {
    pub(super) fn steps(&self) -> String {
        let steps = self.report.totals.steps();
        let used: Vec<_> = steps.iter().filter(|step| step.total() > 0).collect();
        if used.iter().all(|step| step.failed == 0) {
            return String::new();
        }
        let names: Vec<_> = used.iter().map(|step| escape_for_terminal(step.name)).collect();
        let name_width = names.iter().map(|name| columns(name)).max().unwrap_or(0);
        let numbers = |has_rate: bool| {
            let heads = ["succeeded", "failed", "success", "rate"].map(|head| Cell::new(Tone::Quiet, head));
            let rows = used.iter().map(|step| self.numbers_of(step));
            let mut rows: Vec<Vec<Cell>> = std::iter::once(heads.into()).chain(rows).collect();
            rows.iter_mut().for_each(|row| row.truncate(if has_rate { 4 } else { 3 }));
            rows
        };
        let room_of = |numbers: &[Vec<Cell>]| {
            let shape: Vec<Column> =
                numbers[0].iter().map(|_| Column { side: Side::Right, gap: 3 }).collect();
            self.width.checked_sub(laid_out_width(numbers, &shape))
        };
        // The rate is the first that is left out, and the kinds are what is cut.
        let wanted = name_width + 3 + TEXT_WIDTH_MIN;
        let has_rate = room_of(&numbers(true)).is_some_and(|room| room >= wanted);
        let numbers = numbers(has_rate);
        let room = room_of(&numbers).unwrap_or(0);
        let name_room = name_width.min(room).max(TEXT_WIDTH_MIN);
        // Where there is no room for them: the errors are told of below.
        let kinds_room = room.checked_sub(name_room + 3).filter(|room| *room >= TEXT_WIDTH_MIN).unwrap_or(0);
        let names = std::iter::once(String::new()).chain(names.iter().map(|name| cut(name, name_room)));
        let kinds =
            std::iter::once(String::new()).chain(used.iter().map(|step| cut(&kinds(step), kinds_room)));
        let mut shape = vec![Column { side: Side::Left, gap: 0 }];
        shape.extend(numbers[0].iter().map(|_| Column { side: Side::Right, gap: 3 }));
        shape.push(Column { side: Side::Left, gap: 3 });
        let rows: Vec<Vec<Cell>> = names
            .zip(numbers)
            .zip(kinds)
            .map(|((name, numbers), kinds)| {
                let (name, kinds) = (Cell::new(Tone::Strong, name), Cell::new(Tone::Quiet, kinds));
                std::iter::once(name).chain(numbers).chain([kinds]).collect()
            })
            .collect();
        lay_out(&rows, &shape, self.paint)
    }

    fn numbers_of(&self, step: &StepFigures<'_>) -> Vec<Cell> {
        let seconds = self.report.duration.as_secs_f64();
        let rate = if seconds > 0.0 { format_rate(step.succeeded as f64 / seconds) } else { "-".to_owned() };
        let bad = if step.failed == 0 { Tone::Quiet } else { Tone::Bad };
        vec![
            Cell::new(Tone::Plain, format_count(step.succeeded)),
            Cell::new(bad, format_count(step.failed)),
            Cell::new(if step.failed == 0 { Tone::Plain } else { Tone::Bad }, success(step)),
            Cell::new(Tone::Plain, rate),
        ]
    }
}

/// Cut off, not rounded, from where on it would say that all succeeded.
fn success(step: &StepFigures<'_>) -> String {
    let percent = step.succeeded as f64 * 100.0 / step.total() as f64;
    let cut_off = (percent * 100.0).floor() / 100.0;
    if step.failed > 0 && percent >= 99.0 { format!("{cut_off:.2}%") } else { format_percent(percent) }
}

/// `timeout 9, closed_by_peer(1011) 2`
fn kinds(step: &StepFigures<'_>) -> String {
    let kinds = step.errors.iter().map(|(kind, count)| format!("{kind} {}", format_count(*count)));
    kinds.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_only_said_of_all() {
        for (succeeded, failed, expected) in [
            (7, 0, "100%"),
            (0, 7, "0%"),
            (1, 2, "33.3%"),
            (999_999_999, 1, "99.99%"),
            (60_000, 11, "99.98%"),
            (98, 2, "98.0%"),
        ] {
            let step = StepFigures { name: "say", succeeded, failed, errors: Vec::new() };
            assert_eq!(success(&step), expected);
        }
    }
}
