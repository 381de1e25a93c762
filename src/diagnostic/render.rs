//! Diagnostics for people: miette's drawing of what [`excerpt`](super::excerpt) made fit for a terminal. It
//! returns text; who prints it, and whether a terminal can show colours, is the caller's to know.

use std::fmt;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, ThemeCharacters, ThemeStyles};

use super::excerpt::{Cut, Excerpt, shown};
use super::{Diagnostic, FileId, Label, Severity, Sources};

/// How the drawing may look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// ANSI colours.
    pub color: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// Lines and arrows beyond ASCII.
    pub unicode: bool,
}

/// Narrower than this nothing can be drawn; wider, help is hard to read.
const WIDTHS: std::ops::RangeInclusive<usize> = 40..=120;

/// Every diagnostic with its places in the text, each followed by a blank line. Whatever a plan or a message
/// holds, the result has no control characters but line ends and, where asked for, colours.
pub fn render(diagnostics: &[Diagnostic], sources: &Sources, style: Style) -> String {
    let style = Style { width: style.width.clamp(*WIDTHS.start(), *WIDTHS.end()), ..style };
    let mut text = String::new();
    for diagnostic in diagnostics {
        for drawn in Drawn::all(diagnostic, sources, style) {
            text.push_str(&drawn.draw(style));
        }
        text.push('\n');
    }
    text
}

/// `2 errors, 1 warning in plan.yaml`; with the number of files where it is more than one, and nothing about
/// files where no diagnostic is about any.
pub fn summary(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let count = |severity| diagnostics.iter().filter(|d| d.severity == severity).count();
    let counted = |count, noun: &str| match count {
        0 => None,
        1 => Some(format!("1 {noun}")),
        _ => Some(format!("{count} {noun}s")),
    };
    let kinds = [counted(count(Severity::Error), "error"), counted(count(Severity::Warning), "warning")];
    let kinds: Vec<String> = kinds.into_iter().flatten().collect();
    if kinds.is_empty() {
        return "no mistakes".to_owned();
    }
    let mut files: Vec<&str> = diagnostics.iter().filter_map(|d| d.file(sources)).collect();
    files.sort_unstable();
    files.dedup();
    let place = match files.as_slice() {
        [] => String::new(),
        [file] => format!(" in {}", shown(file)),
        files => format!(" in {} files", files.len()),
    };
    kinds.join(", ") + &place
}

/// What miette draws as one report: the labels of one file below a headline. A diagnostic is one of these, and one
/// more for each other file that it points into.
#[derive(Debug)]
struct Drawn {
    /// What stands before the message: `error[WSP0101]:`.
    head: String,
    severity: miette::Severity,
    message: String,
    help: Option<String>,
    excerpt: Option<Excerpt>,
    labels: Vec<LabeledSpan>,
}

impl Drawn {
    fn all(diagnostic: &Diagnostic, sources: &Sources, style: Style) -> Vec<Self> {
        let (word, severity) = match diagnostic.severity {
            Severity::Error => ("error", miette::Severity::Error),
            Severity::Warning => ("warning", miette::Severity::Warning),
        };
        let head = format!("{word}[{}]:", diagnostic.code);
        let mut message = shown(&diagnostic.message);
        // Without a drawing to say which file is meant, the message has to.
        if let (Some(file), []) = (&diagnostic.file, diagnostic.labels.as_slice())
            && !diagnostic.message.contains(&**file)
        {
            message = format!("{message} (in {})", shown(file));
        }
        let mut all = vec![Self::headline(head, severity, message)];
        all[0].help = diagnostic.help.as_deref().map(shown_lines);
        let mut files: Vec<FileId> = Vec::new();
        for label in &diagnostic.labels {
            if files.contains(&label.span.file) {
                continue;
            }
            let file = label.span.file;
            let labels: Vec<_> = diagnostic.labels.iter().filter(|label| label.span.file == file).collect();
            if !files.is_empty() {
                let message = format!("see also {}", shown(sources.file(file).name()));
                all.push(Self::headline("note:".to_owned(), miette::Severity::Advice, message));
            }
            all[files.len()].point(sources, file, &labels, style);
            files.push(file);
        }
        all
    }

    fn headline(head: String, severity: miette::Severity, message: String) -> Self {
        Self { head, severity, message, help: None, excerpt: None, labels: Vec::new() }
    }

    fn draw(&self, style: Style) -> String {
        let mut characters =
            if style.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() };
        // miette has a mark for each severity before the message; a word and a code say more in the same place.
        for mark in [&mut characters.error, &mut characters.warning, &mut characters.advice] {
            mark.clone_from(&self.head);
        }
        let styles = if style.color { ThemeStyles::ansi() } else { ThemeStyles::none() };
        let handler = GraphicalReportHandler::new_themed(GraphicalTheme { characters, styles })
            .with_width(style.width)
            .without_syntax_highlighting();
        let mut drawing = String::new();
        if handler.render_report(&mut drawing, self).is_err() {
            // Nothing that miette can fail at is known; should it, the mistake must not go untold.
            return format!("{} {}\n", self.head, self.message);
        }
        drawing.trim_start().to_owned()
    }

    fn point(&mut self, sources: &Sources, file: FileId, labels: &[&Label], style: Style) {
        // Before the text stand its line number, a bar and blanks; behind a long line, nothing.
        let columns = style.width.saturating_sub(10);
        let cut = Cut { columns, mark: if style.unicode { "…" } else { "..." } };
        let (excerpt, places) = Excerpt::new(sources, file, labels, cut);
        let drawn = labels.iter().zip(&places).enumerate().map(|(i, (label, place))| {
            let text = label_text(&label.text, excerpt.column(*place), columns);
            if i == 0 {
                LabeledSpan::new_primary_with_span(text, *place)
            } else {
                LabeledSpan::new_with_span(text, *place)
            }
        });
        self.labels = drawn.collect();
        self.excerpt = Some(excerpt);
    }
}

/// Label text broken into lines that fit behind the column it is drawn at.
fn label_text(text: &str, column: usize, columns: usize) -> Option<String> {
    let room = columns.saturating_sub(column + 4).max(24);
    let mut lines: Vec<String> = Vec::new();
    for word in shown(text).split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Like [`shown`], for text that may have lines.
fn shown_lines(text: &str) -> String {
    text.lines().map(shown).collect::<Vec<_>>().join("\n")
}

impl fmt::Display for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Drawn {}

impl miette::Diagnostic for Drawn {
    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.excerpt.as_ref().map(|excerpt| excerpt as &dyn miette::SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty())
            .then(|| Box::new(self.labels.iter().cloned()) as Box<dyn Iterator<Item = _>>)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Span, codes};

    const PLAIN: Style = Style { color: false, width: 60, unicode: false };

    /// Each label marks the first place of its text in the file, or with nothing a point behind it.
    fn drawn(text: &str, labels: &[(&str, &str)], style: Style) -> String {
        let mut sources = Sources::new();
        let file = sources.add("plan.yaml", text);
        let mut diagnostic = Diagnostic::new(codes::SYNTAX, "what is wrong");
        for (place, label) in labels {
            let at = text.find(place).unwrap_or(text.len());
            let end = if *place == "\0" { at } else { at + place.len() };
            diagnostic = diagnostic.label(Span::new(file, at, end), *label);
        }
        render(&[diagnostic], &sources, style)
    }

    #[test]
    fn two_labels_of_one_place_are_one_drawing() {
        insta::assert_snapshot!(drawn("a: 1\nb: 2\na2: 3\n", &[("a2", "again"), ("a", "first")], PLAIN), @r#"
        error[WSP0101]: what is wrong
           ,-[plan.yaml:3:1]
         1 | a: 1
           : |
           : `-- first
         2 | b: 2
         3 | a2: 3
           : ^|
           :  `-- again
           `----
        "#);
    }

    #[test]
    fn labels_far_apart_are_two_drawings_and_the_mistake_comes_first() {
        let text = format!("first: 1\n{}second: 2\nthird: 3\n", "- x\n".repeat(20));
        insta::assert_snapshot!(drawn(&text, &[("second", "here"), ("first", "and here")], PLAIN), @r#"
        error[WSP0101]: what is wrong
            ,-[plan.yaml:22:1]
         21 | - x
         22 | second: 2
            : ^^^|^^
            :    `-- here
         23 | third: 3
            `----
           ,-[plan.yaml:1:1]
         1 | first: 1
           : ^^|^^
           :   `-- and here
         2 | - x
           `----
        "#);
    }

    #[test]
    fn points_at_the_end_of_the_file_are_drawn() {
        insta::assert_snapshot!(drawn("a: 1\n", &[("\0", "here")], PLAIN), @r#"
        error[WSP0101]: what is wrong
           ,-[plan.yaml:2:1]
         1 | a: 1
         2 | 
           : ^
           : `-- here
           `----
        "#);
        insta::assert_snapshot!(drawn("a: 1", &[("\0", "here")], PLAIN), @r#"
        error[WSP0101]: what is wrong
           ,-[plan.yaml:1:5]
         1 | a: 1
           :     ^
           :     `-- here
           `----
        "#);
        insta::assert_snapshot!(drawn("", &[("\0", "here")], PLAIN), @r#"
        error[WSP0101]: what is wrong
           ,-[plan.yaml:1:1]
         1 | 
           : ^
           : `-- here
           `----
        "#);
    }

    #[test]
    fn wide_characters_tabs_and_line_ends_keep_the_marks_in_place() {
        insta::assert_snapshot!(drawn("é: 日本 x\r\n\tb: y\r\n", &[("x", "here"), ("y", "and here")], PLAIN), @r#"
        error[WSP0101]: what is wrong
           ,-[plan.yaml:1:7]
         1 | é: 日本 x
           :         |
           :         `-- here
         2 |     b: y
           :        |
           :        `-- and here
           `----
        "#);
    }

    #[test]
    fn long_lines_are_cut_around_their_label() {
        let text = format!("{{{} here: 1, {}}}\n", "before: 0, ".repeat(20), "behind: 2, ".repeat(20));
        insta::assert_snapshot!(drawn(&text, &[("here", "this one")], PLAIN), @r#"
        error[WSP0101]: what is wrong
           ,-[plan.yaml:1:223]
         1 | ..., before: 0,  here: 1, behind: 2, behind: 2,...
           :                  ^^|^
           :                    `-- this one
           `----
        "#);
        insta::assert_snapshot!(drawn(&text, &[("{", "the start")], Style { unicode: true, ..PLAIN }), @r#"
        error[WSP0101]: what is wrong
           ╭─[plan.yaml:1:1]
         1 │ {before: 0, before: 0, before: 0, before: 0, bef…
           · ┬
           · ╰── the start
           ╰────
        "#);
    }

    #[test]
    fn long_labels_are_broken_and_long_spans_shortened() {
        let text = format!("a:\n{}", "  - x\n".repeat(30));
        let label = "a label that is longer than what fits on one line of the terminal";
        insta::assert_snapshot!(drawn(&text, &[(text.trim_end(), label)], PLAIN), @r#"
        error[WSP0101]: what is wrong
           ,-[plan.yaml:1:1]
         1 | a:
           : ^|
           :  `-| a label that is longer than what fits on one
           :    | line of the terminal
         2 |   - x
           `----
        "#);
        insta::assert_snapshot!(drawn("a:\n  - x\n  - y\n", &[("- x\n  - y", "both")], PLAIN), @r#"
        error[WSP0101]: what is wrong
           ,-[plan.yaml:2:3]
         1 |     a:
         2 | ,->   - x
         3 | |->   - y
           : `---- both
           `----
        "#);
    }

    #[test]
    fn labels_in_other_files_become_notes() {
        let mut sources = Sources::new();
        let file = sources.add("plan.yaml", "use: login\n");
        let other = sources.add("login.yaml", "- send: x\n");
        let diagnostics = [
            Diagnostic::new(codes::POSSIBLY_UNSET, "`x` may be unset")
                .label(Span::new(file, 5, 10), "used here")
                .label(Span::new(other, 2, 6), "")
                .help("set it\nbefore"),
            Diagnostic::new(codes::UNREADABLE_FILE, "cannot read `x`"),
        ];
        insta::assert_snapshot!(render(&diagnostics, &sources, PLAIN), @r#"
        error[WSP0402]: `x` may be unset
           ,-[plan.yaml:1:6]
         1 | use: login
           :      ^^|^^
           :        `-- used here
           `----
          help: set it
                before
        note: see also login.yaml
           ,-[login.yaml:1:3]
         1 | - send: x
           :   ^^^^
           `----

        error[WSP0001]: cannot read `x`
        "#);
    }

    #[test]
    fn nothing_reaches_the_terminal_that_moves_it() {
        let mut sources = Sources::new();
        let evil = "\u{1b}[2J\u{7}\u{8}\u{9b}31m\u{202e}\u{feff}\r\u{85}\u{2028}";
        let file = sources.add(format!("{evil}.yaml"), format!("a: {evil}b\n{evil}"));
        let length = sources.file(file).text().len();
        let diagnostic = Diagnostic::new(codes::SYNTAX, format!("message {evil}"))
            .label(Span::new(file, 3, length), format!("label {evil}"))
            .help(format!("help {evil}"));
        for style in [PLAIN, Style { unicode: true, ..PLAIN }] {
            let text = render(std::slice::from_ref(&diagnostic), &sources, style);
            let hidden: Vec<char> =
                text.chars().filter(|c| *c != '\n' && super::super::excerpt::is_hidden(*c)).collect();
            assert!(hidden.is_empty(), "{hidden:?}: {text}");
            assert!(!summary(std::slice::from_ref(&diagnostic), &sources).contains('\u{1b}'));
        }
        let colored = render(&[diagnostic], &sources, Style { color: true, ..PLAIN });
        assert!(colored.contains("\u{1b}[31merror[WSP0101]:\u{1b}[0m"), "{colored}");
        assert!(!colored.contains("\u{1b}[2J"), "{colored}");
    }

    #[test]
    fn summaries_count_by_severity_and_name_the_file() {
        let mut sources = Sources::new();
        let (one, two) = (sources.add("plan.yaml", "x"), sources.add("b.yaml", "y"));
        let at = |code, file| Diagnostic::new(code, "").label(Span::new(file, 0, 1), "");
        let (error, warning) = (at(codes::SYNTAX, one), at(codes::UNUSED_CAPTURE, one));
        let told = |diagnostics: &[&Diagnostic]| {
            summary(&diagnostics.iter().map(|d| (*d).clone()).collect::<Vec<_>>(), &sources)
        };
        assert_eq!(told(&[&error, &warning, &error]), "2 errors, 1 warning in plan.yaml");
        assert_eq!(told(&[&warning, &warning]), "2 warnings in plan.yaml");
        assert_eq!(told(&[&error, &at(codes::SYNTAX, two)]), "2 errors in 2 files");
        assert_eq!(told(&[&Diagnostic::new(codes::UNREADABLE_FILE, "")]), "1 error");
        assert_eq!(told(&[]), "no mistakes");
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn any_text_with_any_spans_is_drawn(
            text in "[a é日\\t\\r\\n\u{1b}\u{202e}]{0,80}|[ab]{100,300}",
            ends in proptest::collection::vec((0..320_usize, 0..320_usize, "[a \u{7}]{0,40}"), 1..4),
            width in 0..100_usize,
            unicode: bool,
        ) {
            let mut sources = Sources::new();
            let file = sources.add("plan.yaml", text.as_str());
            let mut diagnostic = Diagnostic::new(codes::SYNTAX, "what is wrong");
            for (start, end, label) in &ends {
                diagnostic = diagnostic.label(Span::new(file, *start, *end), label.as_str());
            }
            let text = render(&[diagnostic], &sources, Style { color: false, width, unicode });
            assert!(text.contains("plan.yaml:"), "{text}");
            assert!(!text.contains("Failed to read"), "{text}");
            assert!(!text.chars().any(|c| c != '\n' && super::super::excerpt::is_hidden(c)), "{text}");
        }
    }
}
