//! The section of errors: grouped, counted, one sample each, with the plan's line. Never a wall of text.

use super::Page;
use crate::metrics::{Context, ErrorKind, format_count, format_duration, format_percent};
use crate::report::paint::Tone;
use crate::report::text::{columns, cut, cut_start, wrap};
use crate::report::{ErrorRow, escape_for_terminal};

/// How many kinds are shown; a server that closes with ever new codes makes many.
const KINDS_MAX: usize = 12;
/// How many places of one kind of error are shown.
const PLACES_MAX: usize = 3;
/// How many lines of a sample are shown; the summary has all of it.
const SAMPLE_LINES_MAX: usize = 4;
/// Less of a place says nothing.
const PLACE_WIDTH_MIN: usize = 5;

impl Page<'_> {
    pub(super) fn errors(&self) -> String {
        let total: u64 = self.report.errors.iter().map(|row| row.count).sum();
        if total == 0 {
            return String::new();
        }
        let operations = self.report.totals.counts.operations.max(total);
        let share = format_percent(total as f64 * 100.0 / operations as f64);
        let mut text = format!(
            "{}  {} of {} operations, {share}\n",
            self.paint.paint(Tone::Strong, "errors"),
            self.paint.paint(Tone::Bad, &format_count(total)),
            format_count(operations),
        );
        let kinds = by_kind(&self.report.errors);
        for (kind, rows) in kinds.iter().take(KINDS_MAX) {
            self.errors_of(*kind, rows, &mut text);
        }
        if let Some(more @ [_, ..]) = kinds.get(KINDS_MAX..) {
            let count = more.iter().map(|(_, rows)| count_of(rows)).sum();
            line(&mut text, &format!("  and {} of {} more kinds", format_count(count), more.len()));
        }
        text
    }

    fn errors_of(&self, kind: ErrorKind, rows: &[&ErrorRow], text: &mut String) {
        let (name, total) = (kind.to_string(), format_count(count_of(rows)));
        let head = format!("  {}  {total}", self.paint.paint(Tone::Bad, &name));
        if let [row] = rows {
            let room = self.width.saturating_sub(columns(&name) + columns(&total) + 6).max(PLACE_WIDTH_MIN);
            line(text, &format!("{head}  {}", self.place(row, room)));
            self.sample(row, 4, text);
            return;
        }
        line(text, &head);
        for row in rows.iter().take(PLACES_MAX) {
            let count = format_count(row.count);
            line(text, &format!("    {}  {count}", self.place(row, self.width - columns(&count) - 6)));
            self.sample(row, 6, text);
        }
        if let Some(more @ [_, ..]) = rows.get(PLACES_MAX..) {
            let places = if more.len() == 1 { "place" } else { "places" };
            line(text, &format!("    and {} at {} more {places}", format_count(count_of(more)), more.len()));
        }
    }

    fn place(&self, row: &ErrorRow, width: usize) -> String {
        let place =
            row.place.as_ref().map(|place| format!("{}:{}", escape_for_terminal(&place.file), place.line));
        let place = cut_start(place.as_deref().unwrap_or("nowhere in the plan"), width);
        self.paint.paint(Tone::Quiet, &place).into_owned()
    }

    fn sample(&self, row: &ErrorRow, indent: usize, text: &mut String) {
        for part in wrap(&escape_for_terminal(&row.sample), self.width - indent, SAMPLE_LINES_MAX) {
            line(text, &format!("{:indent$}{part}", ""));
        }
        self.last_frames(&row.context, indent + 2, text);
    }

    /// What the user of the sample had sent and received last, a line each.
    fn last_frames(&self, context: &Context, indent: usize, text: &mut String) {
        if !context.last_frames.is_empty() {
            let whose = context.user.map(|user| format!("of user {user} ")).unwrap_or_default();
            let head = format!("the last messages {whose}before it");
            line(text, &format!("{:indent$}{}", "", self.paint.paint(Tone::Quiet, &head)));
        }
        for frame in &context.last_frames {
            let connection = frame.connection.as_deref().map(|name| format!("{name} ")).unwrap_or_default();
            let direction = if frame.is_out { '>' } else { '<' };
            let kind = if frame.is_binary { "binary" } else { "text" };
            let (at, bytes) = (format_duration(frame.at), format_count(frame.bytes));
            let shown = format!("{at:<6} {connection}{direction} {kind} {bytes} B {}", frame.payload);
            let shown = cut(&escape_for_terminal(&shown), self.width.saturating_sub(indent + 2));
            line(text, &format!("{:indent$}  {}", "", self.paint.paint(Tone::Quiet, &shown)));
        }
    }
}

/// The kinds with their rows, in the order in which the rows have them.
fn by_kind(rows: &[ErrorRow]) -> Vec<(ErrorKind, Vec<&ErrorRow>)> {
    let mut groups: Vec<(ErrorKind, Vec<&ErrorRow>)> = Vec::new();
    for row in rows {
        match groups.iter_mut().find(|(kind, _)| *kind == row.kind) {
            Some((_, group)) => group.push(row),
            None => groups.push((row.kind, vec![row])),
        }
    }
    groups.sort_by_key(|(_, group)| std::cmp::Reverse(count_of(group)));
    groups
}

fn count_of(rows: &[&ErrorRow]) -> u64 {
    rows.iter().map(|row| row.count).sum()
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}
