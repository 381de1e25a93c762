//! What a search has found, and the levels that it tried.

use super::Page;
use crate::metrics::search::Trial;
use crate::metrics::{format_count, format_duration, format_rate};
use crate::report::escape_for_terminal;
use crate::report::paint::Tone;
use crate::report::table::{Cell, Column, Side, lay_out};
use crate::report::text::{cut, wrap};

/// A criterion's column is not narrower than this, where its expression is longer.
const CRITERION_WIDTH_MIN: usize = 10;
/// What all other columns take.
const OTHER_COLUMNS: usize = 54;

impl Page<'_> {
    /// Empty where the run was no search.
    pub(super) fn search(&self) -> String {
        let Some(found) = &self.report.search else { return String::new() };
        let mut text = String::new();
        if found.is_of_generator() {
            let words =
                "the generator was the bottleneck where it broke: this is its limit, not the target's";
            text += &self.marked(Tone::Bad, "!", words);
        }
        let (mark, tone) = match found.held {
            Some(_) => ("✓", Tone::Good),
            None => ("✗", Tone::Bad),
        };
        text += &self.marked(tone, mark, &escape_for_terminal(&found.headline()));
        if !found.trials.is_empty() {
            text += "\n";
            text += &self.curve();
        }
        text
    }

    /// What stands above the table of times, where it is of one level.
    pub(super) fn times_of(&self) -> Option<String> {
        let found = self.report.search.as_ref()?;
        let held = found.held().filter(|_| found.figures.is_some())?;
        Some(format!("{}\n", self.paint.paint(Tone::Strong, &format!("times at {}", held.level))))
    }

    fn marked(&self, tone: Tone, mark: &str, words: &str) -> String {
        let lines = wrap(words, self.width - 2, 5).join("\n  ");
        format!("{} {}\n", self.paint.paint(tone, mark), self.paint.paint(tone, &lines))
    }

    fn curve(&self) -> String {
        let Some(found) = &self.report.search else { return String::new() };
        let mut trials: Vec<&Trial> = found.trials.iter().collect();
        trials.sort_by(|one, other| one.level.partial_cmp(&other.level).unwrap_or(std::cmp::Ordering::Equal));
        let expressions: Vec<_> = trials[0].criteria.iter().map(|one| one.expression.as_str()).collect();
        let room = self.width.saturating_sub(OTHER_COLUMNS) / expressions.len().max(1);
        let room = room.saturating_sub(3).max(CRITERION_WIDTH_MIN);
        let quiet = |text: &str| Cell::new(Tone::Quiet, text);
        let mut head = vec![quiet(""), quiet("level"), quiet("for")];
        head.extend(expressions.iter().map(|text| quiet(&cut(&escape_for_terminal(text), room))));
        head.extend(["messages", "errors", ""].map(quiet));
        let mut rows = vec![head];
        rows.extend(trials.iter().map(|trial| row(trial)));
        let mut shape = vec![(Side::Left, 0), (Side::Right, 1), (Side::Right, 3)];
        shape.extend(expressions.iter().map(|_| (Side::Right, 3)));
        shape.extend([(Side::Right, 3), (Side::Right, 3), (Side::Left, 3)]);
        let shape: Vec<Column> = shape.into_iter().map(|(side, gap)| Column { side, gap }).collect();
        lay_out(&rows, &shape, self.paint)
    }
}

fn row(trial: &Trial) -> Vec<Cell> {
    let (mark, tone) = if trial.has_held() { ("✓", Tone::Good) } else { ("✗", Tone::Bad) };
    let tone_of = |passed: bool| if passed { Tone::Plain } else { Tone::Bad };
    let mut cells = vec![
        Cell::new(tone, mark),
        Cell::new(Tone::Strong, trial.level.to_string()),
        Cell::new(Tone::Plain, format_duration(trial.lasted)),
    ];
    let figures = trial.criteria.iter().map(|one| Cell::new(tone_of(one.passed), one.value.as_str()));
    cells.extend(figures);
    cells.push(Cell::new(Tone::Plain, format_rate(trial.messages_per_second)));
    cells.push(Cell::new(tone_of(trial.error_count == 0), format_count(trial.error_count)));
    let mut notes: Vec<String> = trial.causes.iter().map(ToString::to_string).collect();
    if !trial.saturation.is_empty() {
        notes.push("the generator was the bottleneck".to_owned());
    }
    if trial.is_thin {
        notes.push("few samples".to_owned());
    }
    cells.push(Cell::new(Tone::Odd, notes.join(", ")));
    cells
}
