//! What the generator used, and, before everything else, that it was the bottleneck where it was.

use std::fmt::Write;

use super::Page;
use crate::metrics::{format_duration, format_percent};
use crate::report::paint::Tone;
use crate::report::table::{Cell, Column, Side, lay_out};
use crate::report::text::{columns, format_bytes, wrap};

/// How many lines a reason may take.
const REASON_LINES_MAX: usize = 4;

impl Page<'_> {
    /// Empty where the generator kept up.
    pub(super) fn saturation(&self) -> String {
        let reasons = &self.report.generator.reasons;
        let name_width = reasons.iter().map(|reason| columns(reason.name())).max().unwrap_or(0);
        let room = self.width.saturating_sub(name_width + 4);
        let rows: Vec<Vec<Cell>> = reasons
            .iter()
            .flat_map(|reason| {
                let names = std::iter::once(reason.name()).chain(std::iter::repeat(""));
                let lines = wrap(&reason.to_string(), room, REASON_LINES_MAX);
                names.zip(lines).map(|(name, line)| {
                    vec![Cell::new(Tone::Bad, ""), Cell::new(Tone::Bad, name), Cell::new(Tone::Plain, line)]
                })
            })
            .collect();
        if rows.is_empty() {
            return String::new();
        }
        let shape = [0, 2, 2].map(|gap| Column { side: Side::Left, gap });
        let words = "the generator was the bottleneck: these figures are not the target's alone";
        let head = wrap(words, self.width - 2, 3).join("\n  ");
        format!(
            "{} {}\n{}",
            self.paint.paint(Tone::Bad, "!"),
            self.paint.paint(Tone::Bad, &head),
            lay_out(&rows, &shape, self.paint)
        )
    }

    pub(super) fn generator(&self) -> String {
        let generator = &self.report.generator;
        let threads = if generator.threads == 1 { "thread" } else { "threads" };
        let available = self.report.duration.as_secs_f64() * f64::from(generator.threads);
        let share = if available > 0.0 { generator.cpu.as_secs_f64() * 100.0 / available } else { 0.0 };
        let mut text = format!("the generator used {} of CPU", format_duration(generator.cpu));
        if available > 0.0 {
            write!(text, " ({} of {} {threads})", format_percent(share), generator.threads)
                .expect("a String takes any text");
        }
        let memory = format_bytes(generator.peak_rss_bytes as f64);
        write!(text, " and {memory} of memory\nseed {}", self.report.seed).expect("a String takes any text");
        text
    }
}
