//! The report at the end of a run, as text for people.

mod counts;
mod deliveries;
mod errors;
mod generator;
mod samples;
mod search;
mod steps;
mod timings;

use super::paint::{Paint, Tone};
use super::table::{Cell, Column, Side, lay_out};
use super::text::{columns, cut, wrap};
use super::{RunReport, escape_for_terminal};
use crate::metrics::{format_count, format_duration};

/// Narrower than this nothing is readable, and lines run over.
const WIDTH_MIN: usize = 40;

/// How the report is to look.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Columns of the terminal, or what lines should be cut to.
    pub width: usize,
    /// Whether to colour it with ANSI escapes.
    pub colour: bool,
}

/// The report as text, each line ended. Nothing in it that came from a server, a plan or a path can control the
/// terminal.
pub fn render(report: &RunReport, look: Look) -> String {
    let page = Page { report, width: look.width.max(WIDTH_MIN), paint: Paint { colour: look.colour } };
    let sections = [
        page.insecurity(),
        page.saturation(),
        page.heading(),
        page.search(),
        page.counts(),
        page.timings(),
        page.steps(),
        page.samples(),
        page.deliveries(),
        page.errors(),
        page.thresholds(),
        page.verdict(),
    ];
    sections.into_iter().filter(|section| !section.is_empty()).collect::<Vec<_>>().join("\n")
}

struct Page<'r> {
    report: &'r RunReport,
    width: usize,
    paint: Paint,
}

impl Page<'_> {
    /// What a run proves of a server that may have been another one.
    fn insecurity(&self) -> String {
        if !self.report.is_insecure {
            return String::new();
        }
        let words = "insecure: no server's certificate was looked at, so this may have been anybody's";
        let lines = wrap(words, self.width - 2, 3).join("\n  ");
        format!("{} {}\n", self.paint.paint(Tone::Odd, "!"), self.paint.paint(Tone::Odd, &lines))
    }

    fn heading(&self) -> String {
        let report = self.report;
        let plan = cut(&escape_for_terminal(&report.plan), self.width / 2);
        let path = cut(&escape_for_terminal(&report.path), self.width - columns(&plan) - 2);
        let took = format!(
            "{} in {}",
            if report.interrupted { "interrupted" } else { "ended" },
            format_duration(report.duration)
        );
        let rest = self.width.saturating_sub(columns(&plan) + columns(&path) + 4);
        let took = if columns(&took) <= rest { format!("  {took}") } else { format!("\n{took}") };
        format!(
            "{}  {}{}\n",
            self.paint.paint(Tone::Strong, &plan),
            self.paint.paint(Tone::Quiet, &path),
            took
        )
    }

    fn thresholds(&self) -> String {
        let observed = &self.report.judgement.observed;
        if observed.is_empty() {
            return String::new();
        }
        let widest = observed.iter().map(|o| columns(&o.value)).max().unwrap_or(0);
        let room = self.width.saturating_sub(widest + 7).max(8);
        let rows: Vec<Vec<Cell>> = observed
            .iter()
            .map(|o| {
                let (mark, tone) = if o.passed { ("✓", Tone::Good) } else { ("✗", Tone::Bad) };
                let expression = cut(&escape_for_terminal(&o.expression), room);
                let value = Cell::new(if o.passed { Tone::Plain } else { Tone::Bad }, o.value.as_str());
                vec![Cell::new(tone, mark), Cell::new(Tone::Plain, expression), value]
            })
            .collect();
        let shape =
            [(Side::Left, 2), (Side::Left, 1), (Side::Left, 3)].map(|(side, gap)| Column { side, gap });
        format!("{}\n{}", self.paint.paint(Tone::Strong, "thresholds"), lay_out(&rows, &shape, self.paint))
    }

    fn verdict(&self) -> String {
        let (mark, tone, words) = self.verdict_words();
        let verdict = wrap(&words, self.width - 2, 3).join("\n  ");
        let generator = wrap(&self.generator(), self.width, 3).join("\n");
        format!(
            "{}\n{} {}\n",
            self.paint.paint(Tone::Quiet, &generator),
            self.paint.paint(tone, mark),
            self.paint.paint(tone, &verdict)
        )
    }

    fn verdict_words(&self) -> (&'static str, Tone, String) {
        let report = self.report;
        let failed = report.judgement.observed.iter().filter(|o| !o.passed).count();
        let mut reasons = Vec::new();
        if report.search.as_ref().is_some_and(|found| found.held.is_none()) {
            reasons.push("no level held".to_owned());
        }
        if failed > 0 {
            reasons.push(format!("{failed} of {} thresholds did not hold", report.judgement.observed.len()));
        }
        if report.judgement.unspoken_error_count > 0 {
            let count = format_count(report.judgement.unspoken_error_count);
            reasons.push(format!("no threshold allows {count} of the errors"));
        }
        if !report.failed_on.is_empty() {
            reasons.push(format!("it was to fail on {}", report.failed_on.join(" and on ")));
        }
        let because =
            if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", and ")) };
        match report.exit_status {
            0 => ("✓", Tone::Good, "passed".to_owned()),
            _ if report.interrupted => ("!", Tone::Odd, format!("interrupted{because}")),
            1 => ("✗", Tone::Bad, format!("failed{because}")),
            _ if report.is_setup_failed => ("✗", Tone::Bad, "not carried out: the setup failed".to_owned()),
            _ if report.totals.counts.connections_established == 0 => {
                ("✗", Tone::Bad, "not carried out: no connection could be made".to_owned())
            }
            _ => ("✗", Tone::Bad, "not carried out: a part of the generator failed".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests;
