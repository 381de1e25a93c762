//! The section of messages that went by unused: what one of each sort was.

use std::fmt::Write as _;

use super::Page;
use crate::metrics::format_count;
use crate::report::escape_for_terminal;
use crate::report::paint::Tone;
use crate::report::text::wrap;

/// How many lines of a message are shown; the summary has all of it.
const LINES_MAX: usize = 2;

impl Page<'_> {
    pub(super) fn samples(&self) -> String {
        let (counts, samples) = (&self.report.totals.counts, &self.report.totals.samples);
        let sorts = [
            ("unmatched", counts.messages_unmatched, &samples.unmatched),
            ("dropped by a full inbox", counts.inbox_dropped, &samples.dropped),
        ];
        let mut text = String::new();
        for (what, count, sample) in sorts {
            let Some(sample) = sample else { continue };
            let (count, what) = (format_count(count), self.paint.paint(Tone::Strong, what));
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{} {what}, one of them", self.paint.paint(Tone::Odd, &count));
            for part in wrap(&escape_for_terminal(sample), self.width - 2, LINES_MAX) {
                let _ = writeln!(text, "  {part}");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use crate::report::console::{Look, render};
    use crate::report::run::tests::eventful_run;

    #[test]
    fn one_of_each_sort_is_shown_and_controls_nothing() {
        let mut report = eventful_run();
        let before = render(&report, Look { width: 60, colour: false });
        assert!(!before.contains("one of them"));
        report.totals.counts.inbox_dropped = 2000;
        report.totals.samples.unmatched = Some("{\"type\":\"news\",\"text\":\"\x1b[2J\u{202e}\"}".into());
        report.totals.samples.dropped = Some("x".repeat(200));
        let text = render(&report, Look { width: 60, colour: false });
        let start = text.find("12 unmatched, one").unwrap();
        let end = start + text[start..].find("\n\n").unwrap();
        insta::assert_snapshot!(&text[start..end], @r#"
        12 unmatched, one of them
          {"type":"news","text":"\u{1b}[2J\u{202e}"}
        2,000 dropped by a full inbox, one of them
          xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
          xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
        "#);
    }
}
