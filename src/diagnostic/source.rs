//! The texts that spans point into: files by id, byte spans, lines and columns.

use std::ops::Range;
use std::sync::Arc;

/// One of the files of a [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u16);

/// A range of bytes in one file; `start == end` marks a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset behind the last byte.
    pub end: u32,
}

impl Span {
    /// The bytes `start..end` of a file. Sources are limited to far less than 4 GiB, so offsets fit.
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        let offset = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { file, start: offset(start), end: offset(end.max(start)) }
    }

    /// The span as a range of indices into the file's text.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A place as people count it: both from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// One file: the name it is shown by, its text, and where its lines start.
#[derive(Debug, Clone)]
pub struct Source {
    name: String,
    text: Arc<str>,
    line_starts: Vec<u32>,
    /// How many characters begin before each [`MARK_BYTES`] of the text: a generated plan may be one line of megabytes,
    /// and have thousands of places on it.
    marks: Vec<u32>,
}

/// The distance of the places up to which characters have been counted.
const MARK_BYTES: usize = 1024;

/// How many characters begin in some bytes: continuation bytes are 10xxxxxx, what is left are the characters.
fn count_characters(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.iter().filter(|&&byte| byte & 0xC0 != 0x80).count()).unwrap_or(u32::MAX)
}

impl Source {
    fn new(name: String, text: Arc<str>) -> Self {
        let newlines = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        let line_starts = std::iter::once(0)
            .chain(newlines.map(|(i, _)| u32::try_from(i + 1).unwrap_or(u32::MAX)))
            .collect();
        let mut marks = vec![0];
        for chunk in text.as_bytes().chunks(MARK_BYTES) {
            marks.push(marks.last().copied().unwrap_or(0) + count_characters(chunk));
        }
        Self { name, text, line_starts, marks }
    }

    /// How many characters begin before an offset.
    fn characters_before(&self, offset: usize) -> u32 {
        let offset = offset.min(self.text.len());
        let mark = offset / MARK_BYTES;
        self.marks[mark] + count_characters(&self.text.as_bytes()[mark * MARK_BYTES..offset])
    }

    /// The name as it was given on the command line or in a plan.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes of a line, counted from 0, without its end; nothing behind the last.
    pub fn line(&self, number: usize) -> Option<Range<usize>> {
        let start = *self.line_starts.get(number)? as usize;
        let end = self.line_starts.get(number + 1).map_or(self.text.len(), |&next| next as usize);
        let line = &self.text[start..end];
        let line = line.strip_suffix('\n').unwrap_or(line);
        Some(start..start + line.strip_suffix('\r').unwrap_or(line).len())
    }
}

/// All files of one compilation.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// No files yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file under the name it shall be shown by.
    ///
    /// # Panics
    /// When more than 65,535 files are added; a plan's includes are limited to far fewer.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let id = FileId(u16::try_from(self.files.len()).expect("includes are limited to far fewer files"));
        self.files.push(Source::new(name.into(), text.into()));
        id
    }

    /// The file of an id that this value handed out.
    pub fn file(&self, id: FileId) -> &Source {
        &self.files[usize::from(id.0)]
    }

    /// The text under a span; empty where the span lies outside the text or cuts a character.
    pub fn slice(&self, span: Span) -> &str {
        self.file(span.file).text.get(span.range()).unwrap_or("")
    }

    /// The line and column at which a span starts.
    pub fn start(&self, span: Span) -> LineColumn {
        self.line_column(span.file, span.start)
    }

    /// The line and column just behind a span.
    pub fn end(&self, span: Span) -> LineColumn {
        self.line_column(span.file, span.end)
    }

    fn line_column(&self, file: FileId, offset: u32) -> LineColumn {
        let source = self.file(file);
        let index = source.line_starts.partition_point(|&start| start <= offset) - 1;
        let line_start = source.line_starts[index] as usize;
        let characters = source.characters_before(offset as usize) - source.characters_before(line_start);
        LineColumn { line: u32::try_from(index + 1).unwrap_or(u32::MAX), column: characters + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let mut sources = Sources::new();
        let file = sources.add("a.yaml", "name: é\nüx: 1\n");
        let at = |start| sources.start(Span::new(file, start, start));
        assert_eq!(at(0), LineColumn { line: 1, column: 1 });
        assert_eq!(at(8), LineColumn { line: 1, column: 8 });
        assert_eq!(at(9), LineColumn { line: 2, column: 1 });
        assert_eq!(at(11), LineColumn { line: 2, column: 2 });
        assert_eq!(at(16), LineColumn { line: 3, column: 1 });
    }

    #[test]
    fn columns_of_a_long_line_are_counted_to_the_character() {
        let text = "é".repeat(1_100) + "\n" + &"aé€😀".repeat(700);
        let mut sources = Sources::new();
        let file = sources.add("a.yaml", text.as_str());
        let mut expected = LineColumn { line: 1, column: 1 };
        for (offset, c) in text.char_indices() {
            assert_eq!(sources.start(Span::new(file, offset, offset)), expected, "{offset}");
            expected = match c {
                '\n' => LineColumn { line: expected.line + 1, column: 1 },
                _ => LineColumn { column: expected.column + 1, ..expected },
            };
        }
        let end = Span::new(file, text.len(), text.len() + 9);
        assert_eq!((sources.start(end), sources.end(end)), (expected, expected), "behind the end is the end");
    }
}
