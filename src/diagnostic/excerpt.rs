//! The lines of a file that one diagnostic shows, made fit for a terminal: control characters written out, long
//! lines cut around their labels, line ends unified. Labels are moved along. miette draws what stands here, so
//! nothing of a file reaches the terminal but through this.

use std::collections::BTreeSet;
use std::ops::Range;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::{FileId, Label, Sources, Span};

/// Lines around a label that are shown with it.
const CONTEXT_LINES: usize = 1;

/// A label over more lines than this underlines only its first: a whole scenario is not a place.
const LABEL_LINES: usize = 6;

/// What stands for the part of a long line that is left out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    /// Columns that a line may take.
    pub(super) columns: usize,
    /// The mark at a cut end.
    pub(super) mark: &'static str,
}

/// The excerpt of one file.
#[derive(Debug)]
pub(super) struct Excerpt {
    name: String,
    text: String,
    lines: Vec<Line>,
    columns: Vec<(usize, usize)>,
}

/// A line of the excerpt.
#[derive(Debug)]
struct Line {
    /// Its number in the file, from 0.
    number: usize,
    /// Its bytes in the excerpt, with its end.
    range: Range<usize>,
}

impl Excerpt {
    /// The lines under and around the labels, which all point into `file`, and the labels' places in the excerpt.
    pub(super) fn new(
        sources: &Sources,
        file: FileId,
        labels: &[&Label],
        cut: Cut,
    ) -> (Self, Vec<SourceSpan>) {
        let spans: Vec<Span> = labels.iter().map(|label| shortened(sources, label.span)).collect();
        let mut numbers = BTreeSet::new();
        for span in &spans {
            let (first, last) = line_numbers(sources, *span);
            numbers.extend(first.saturating_sub(CONTEXT_LINES)..=last + CONTEXT_LINES);
        }
        let mut excerpt = Self {
            name: shown(sources.file(file).name()),
            text: String::new(),
            lines: Vec::new(),
            columns: Vec::new(),
        };
        let mut places = vec![(0, 0); spans.len()];
        for number in primary_first(numbers, spans.first().map_or(0, |span| line_numbers(sources, *span).0)) {
            let Some(range) = sources.file(file).line(number) else { continue };
            let labelled = spans.iter().any(|span| span.range().end >= range.start);
            if range.start == sources.file(file).text().len() && !labelled {
                // Behind the last line end there is a line only for those who point at it.
                continue;
            }
            let line = ShownLine::new(sources.file(file).text(), range, &spans, cut);
            excerpt.push_line(number, &line, &spans, &mut places);
        }
        for (span, place) in spans.iter().zip(&places) {
            excerpt.columns.push((place.0, sources.start(*span).column as usize - 1));
        }
        let places =
            places.into_iter().map(|(start, end)| (start, end.saturating_sub(start)).into()).collect();
        (excerpt, places)
    }

    /// Adds a line, and sets the ends of the spans that lie on it.
    fn push_line(&mut self, number: usize, line: &ShownLine, spans: &[Span], places: &mut [(usize, usize)]) {
        let start = self.text.len();
        for (span, (from, to)) in spans.iter().zip(places) {
            if let Some(place) = line.place(span.range().start) {
                *from = start + place;
            }
            if let Some(place) = line.place(span.range().end) {
                *to = start + place;
            }
        }
        self.text.push_str(&line.text);
        self.text.push('\n');
        self.lines.push(Line { number, range: start..self.text.len() });
    }

    /// How many characters stand before a place on its line of the excerpt.
    pub(super) fn column(&self, place: SourceSpan) -> usize {
        let line = self.lines.iter().find(|line| line.range.contains(&place.offset()));
        line.map_or(0, |line| self.text[line.range.start..place.offset()].chars().count())
    }

    fn line_at(&self, offset: usize) -> Result<usize, MietteError> {
        self.lines.iter().position(|line| line.range.contains(&offset)).ok_or(MietteError::OutOfBounds)
    }
}

/// One line of the file as it is shown.
struct ShownLine {
    source: Range<usize>,
    text: String,
    /// Offsets in the file and in `text`, for each character that is shown.
    moved: Vec<(usize, usize)>,
    /// Behind the last of them in `text`.
    end: usize,
}

impl ShownLine {
    fn new(text: &str, source: Range<usize>, spans: &[Span], cut: Cut) -> Self {
        let window = window(text, &source, spans, cut);
        let mut line = Self { source, text: String::new(), moved: Vec::new(), end: 0 };
        if window.start > line.source.start {
            line.text.push_str(cut.mark);
        }
        for (at, c) in text[window.clone()].char_indices() {
            line.moved.push((window.start + at, line.text.len()));
            push_shown(&mut line.text, c);
        }
        line.end = line.text.len();
        if window.end < line.source.end {
            line.text.push_str(cut.mark);
        }
        line
    }

    /// Where an offset of the file stands in the line, if it is one of this line; what is cut off stands at the cut.
    fn place(&self, offset: usize) -> Option<usize> {
        if offset < self.source.start || offset > self.source.end {
            return None;
        }
        Some(match self.moved.binary_search_by_key(&offset, |&(from, _)| from) {
            Ok(index) => self.moved[index].1,
            Err(0) => 0,
            Err(index) if index < self.moved.len() => self.moved[index - 1].1,
            Err(_) => self.end,
        })
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        context_lines_before: usize,
        context_lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let mut first = self.line_at(span.offset())?;
        let mut last = self.line_at(span.offset() + span.len())?;
        let adjacent = |a: usize, b: usize| {
            self.lines.get(b).is_some_and(|line| line.number == self.lines[a].number + 1)
        };
        for _ in 0..context_lines_before {
            first -= usize::from(first > 0 && adjacent(first - 1, first));
        }
        for _ in 0..context_lines_after {
            last += usize::from(adjacent(last, last + 1));
        }
        // Two groups of lines that are no neighbours in the file are two drawings.
        if (first..last).any(|line| !adjacent(line, line + 1)) {
            return Err(MietteError::OutOfBounds);
        }
        let range = self.lines[first].range.start..self.lines[last].range.end;
        // The head of the drawing wants the column in the file, which a cut or an escape would move.
        let column =
            self.columns.iter().find(|(place, _)| *place == span.offset()).map_or(0, |&(_, column)| column);
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            &self.text.as_bytes()[range.clone()],
            (range.start, range.len()).into(),
            self.lines[first].number,
            if context_lines_before == 0 { column } else { 0 },
            last - first + 1,
        )))
    }
}

/// Text with nothing in it that moves a cursor or changes the direction of writing.
pub fn shown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    text.chars().for_each(|c| push_shown(&mut escaped, c));
    escaped
}

fn push_shown(text: &mut String, c: char) {
    if is_hidden(c) { text.extend(c.escape_unicode()) } else { text.push(c) }
}

/// Whether a character is a control, or acts like one without being seen.
pub(super) fn is_hidden(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{61c}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The span, or its first line where it goes over too many. Its ends are moved out of characters and line ends, so that
/// a span which another stage got wrong is shown a little off instead of not at all.
fn shortened(sources: &Sources, span: Span) -> Span {
    let source = sources.file(span.file);
    let seen = |offset: u32| {
        let offset = source.text().floor_char_boundary(offset as usize);
        let (line, _) = line_numbers(sources, Span::new(span.file, offset, offset));
        source.line(line).map_or(offset, |line| offset.min(line.end))
    };
    let span = Span::new(span.file, seen(span.start), seen(span.end));
    let (first, last) = line_numbers(sources, span);
    if last - first < LABEL_LINES {
        return span;
    }
    let end = source.line(first).map_or(span.range().start, |line| line.end);
    Span::new(span.file, span.range().start, end)
}

/// The lines in their order, but for the group of neighbours around the first label, which comes first: it is where the
/// mistake is reported, and its place stands at the head of the drawing.
fn primary_first(numbers: BTreeSet<usize>, primary: usize) -> Vec<usize> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for number in numbers {
        match groups.last_mut() {
            Some(group) if group.last().is_some_and(|last| last + 1 == number) => group.push(number),
            _ => groups.push(vec![number]),
        }
    }
    groups.sort_by_key(|group| !group.contains(&primary));
    groups.concat()
}

/// The numbers, from 0, of the lines that a span begins and ends on.
fn line_numbers(sources: &Sources, span: Span) -> (usize, usize) {
    (sources.start(span).line as usize - 1, sources.end(span).line as usize - 1)
}

/// The part of a line that fits: its beginning, or where that does not show the first label, a part around it. It
/// walks no further than that part is long, because a generated plan may be one line of megabytes.
fn window(text: &str, line: &Range<usize>, spans: &[Span], cut: Cut) -> Range<usize> {
    // Counted in characters: wide ones make the line longer than asked, which a terminal wraps.
    let fits = |range: Range<usize>, count: usize| text[range].chars().nth(count).is_none();
    if fits(line.clone(), cut.columns) {
        return line.clone();
    }
    let count = cut.columns.saturating_sub(2 * cut.mark.chars().count()).max(8);
    let forward = |from: usize, count: usize| {
        text[from..line.end].char_indices().nth(count).map_or(line.end, |(at, _)| from + at)
    };
    let touching = |span: &&Span| span.range().start <= line.end && span.range().end >= line.start;
    let within = |offset: usize| offset.clamp(line.start, line.end);
    let (from, to) = spans
        .iter()
        .find(touching)
        .map_or((line.start, line.start), |span| (within(span.range().start), within(span.range().end)));
    if fits(line.start..to, count) {
        return line.start..forward(line.start, count);
    }
    // A third of the room stands before the label.
    let before = text[line.start..from].char_indices().rev().take(count / 3).last();
    let first = before.map_or(from, |(at, _)| line.start + at);
    first..forward(first, count)
}
