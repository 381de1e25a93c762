//! Taking a file apart into records, one after the other, from any record's beginning on. A record is taken whole and
//! never longer than [`ROW_BYTES_MAX`], whatever the file holds.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use super::{Fault, Form, ROW_BYTES_MAX};

/// What is read at a time of a file that is looked through.
const BUFFER_BYTES: usize = 64 << 10;

/// A record as it was found.
#[derive(Debug)]
pub(super) struct Record {
    /// Where it begins, from where the reader began.
    pub(super) offset: u64,
    /// The line it begins at, from 1 where the reader began; of CSV only about.
    pub(super) line: u64,
    pub(super) content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    /// The fields of a CSV record.
    Fields(csv::StringRecord),
    /// A JSON text.
    Json(String),
}

/// Reads records.
pub(super) enum Records<R: Read> {
    Csv { reader: Box<csv::Reader<Bounded<R>>>, allowed: Rc<Cell<u64>> },
    Lines(Cursor<R>),
    Array { cursor: Cursor<R>, place: Place },
}

/// Where in an array the cursor stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Before its bracket.
    Before,
    /// Where a first element may be.
    First,
    /// Where an element must be.
    Element,
    /// Behind an element.
    Behind,
    /// Behind its closing bracket.
    Over,
}

impl<R: Read> Records<R> {
    /// From the beginning of a file.
    pub(super) fn from_start(form: Form, source: R) -> Self {
        Self::new(form, source, BUFFER_BYTES, Place::Before)
    }

    /// From the beginning of a record.
    pub(super) fn from_record(form: Form, source: R) -> Self {
        Self::new(form, source, 4 << 10, Place::Element)
    }

    fn new(form: Form, source: R, buffer_bytes: usize, place: Place) -> Self {
        match form {
            Form::Csv { delimiter } => {
                let allowed = Rc::new(Cell::new(0));
                let source = Bounded { source, position: 0, allowed: Rc::clone(&allowed) };
                let reader = csv::ReaderBuilder::new()
                    .has_headers(false)
                    .flexible(true)
                    .delimiter(delimiter)
                    .buffer_capacity(buffer_bytes)
                    .from_reader(source);
                Self::Csv { reader: Box::new(reader), allowed }
            }
            Form::JsonLines => Self::Lines(Cursor::new(source, buffer_bytes)),
            Form::Json => Self::Array { cursor: Cursor::new(source, buffer_bytes), place },
        }
    }

    /// Where the record begins that was asked for last, or blank lines before it.
    pub(super) fn offset(&self) -> u64 {
        match self {
            Self::Csv { allowed, .. } => allowed.get().saturating_sub(ROW_BYTES_MAX as u64),
            Self::Lines(cursor) | Self::Array { cursor, .. } => cursor.offset,
        }
    }

    /// The next record; `None` behind the last one.
    pub(super) fn next(&mut self) -> Result<Option<Record>, Fault> {
        match self {
            Self::Csv { reader, allowed } => next_of_csv(reader, allowed),
            Self::Lines(cursor) => next_line(cursor),
            Self::Array { cursor, place } => next_element(cursor, place),
        }
    }
}

/// Gives no more than was allowed, so that a quote which is never closed does not draw a whole file into memory.
pub(super) struct Bounded<R> {
    source: R,
    position: u64,
    allowed: Rc<Cell<u64>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position > self.allowed.get() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let count = self.source.read(buffer)?;
        self.position += count as u64;
        Ok(count)
    }
}

fn next_of_csv<R: Read>(
    reader: &mut csv::Reader<Bounded<R>>,
    allowed: &Cell<u64>,
) -> Result<Option<Record>, Fault> {
    let (begun, line) = (reader.position().byte(), reader.position().line());
    allowed.set(begun + ROW_BYTES_MAX as u64);
    let mut bytes = csv::ByteRecord::new();
    match reader.read_byte_record(&mut bytes) {
        Ok(true) => {}
        Ok(false) => return Ok(None),
        Err(error) => {
            return Err(match error.into_kind() {
                csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                    Fault::LongRow { line }
                }
                csv::ErrorKind::Io(error) => error.into(),
                other => Fault::Unreadable(format!("{other:?}")),
            });
        }
    }
    let (offset, line) = bytes.position().map_or((begun, line), |at| (at.byte(), at.line()));
    if reader.position().byte() - offset > ROW_BYTES_MAX as u64 {
        return Err(Fault::LongRow { line });
    }
    let fields = csv::StringRecord::from_byte_record(bytes).map_err(|_| Fault::NotUtf8 { line })?;
    Ok(Some(Record { offset, line, content: Content::Fields(fields) }))
}

/// Bytes, with the count of what was passed.
pub(super) struct Cursor<R> {
    reader: BufReader<R>,
    offset: u64,
    line: u64,
}

impl<R: Read> Cursor<R> {
    fn new(source: R, buffer_bytes: usize) -> Self {
        Self { reader: BufReader::with_capacity(buffer_bytes, source), offset: 0, line: 1 }
    }

    /// Takes bytes for as long as it is told to, and gives them to `taken`; whether it was told to stop before the end.
    fn take_while(&mut self, mut wanted: impl FnMut(u8) -> bool, taken: &mut Vec<u8>) -> Result<bool, Fault> {
        let line = self.line;
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(false);
            }
            let end = buffer.iter().position(|byte| !wanted(*byte));
            let count = end.unwrap_or(buffer.len());
            if taken.len() + count > ROW_BYTES_MAX {
                return Err(Fault::LongRow { line });
            }
            taken.extend_from_slice(&buffer[..count]);
            self.pass(count);
            if end.is_some() {
                return Ok(true);
            }
        }
    }

    /// Passes over bytes that are in the buffer.
    fn pass(&mut self, count: usize) {
        let lines = memchr::memchr_iter(b'\n', &self.reader.buffer()[..count]).count();
        self.line += lines as u64;
        self.offset += count as u64;
        self.reader.consume(count);
    }

    /// The byte behind white space (RFC 8259 section 2), without taking it; a byte order mark at the beginning is passed.
    fn peek(&mut self) -> Result<Option<u8>, Fault> {
        loop {
            let is_first = self.offset == 0;
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(None);
            }
            if is_first && buffer.starts_with(b"\xEF\xBB\xBF") {
                self.pass(3);
                continue;
            }
            let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
            let count = buffer.iter().position(|byte| !blank(byte));
            let found = count.map(|count| buffer[count]);
            let passed = count.unwrap_or(buffer.len());
            self.pass(passed);
            if found.is_some() {
                return Ok(found);
            }
        }
    }
}

fn next_line<R: Read>(cursor: &mut Cursor<R>) -> Result<Option<Record>, Fault> {
    if cursor.peek()?.is_none() {
        return Ok(None);
    }
    let (offset, line) = (cursor.offset, cursor.line);
    let mut bytes = Vec::new();
    cursor.take_while(|byte| byte != b'\n', &mut bytes)?;
    json_record(offset, line, bytes).map(Some)
}

fn json_record(offset: u64, line: u64, bytes: Vec<u8>) -> Result<Record, Fault> {
    let text = String::from_utf8(bytes).map_err(|_| Fault::NotUtf8 { line })?;
    Ok(Record { offset, line, content: Content::Json(text) })
}

fn next_element<R: Read>(cursor: &mut Cursor<R>, place: &mut Place) -> Result<Option<Record>, Fault> {
    loop {
        let Some(byte) = cursor.peek()? else {
            return match *place {
                Place::Over => Ok(None),
                Place::Before => Err(Fault::NotAnArray),
                _ => {
                    Err(Fault::NotJson { line: cursor.line, reason: "the array is never closed".to_owned() })
                }
            };
        };
        *place = match (*place, byte) {
            (Place::Before, b'[') => Place::First,
            (Place::Before, _) => return Err(Fault::NotAnArray),
            (Place::First | Place::Behind, b']') => Place::Over,
            (Place::Behind, b',') => Place::Element,
            (Place::First | Place::Element, b'{') => {
                *place = Place::Behind;
                return element(cursor).map(Some);
            }
            (Place::First | Place::Element, _) => return Err(Fault::NotAMap { line: cursor.line }),
            (Place::Behind, _) => {
                let reason = "a comma or the end of the array is expected behind a row".to_owned();
                return Err(Fault::NotJson { line: cursor.line, reason });
            }
            (Place::Over, _) => return Err(Fault::BehindArray { line: cursor.line }),
        };
        cursor.pass(1);
    }
}

/// A map, to the bracket that closes it. Whether it is JSON is not looked at here.
fn element<R: Read>(cursor: &mut Cursor<R>) -> Result<Record, Fault> {
    let (offset, line) = (cursor.offset, cursor.line);
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    let mut is_over = false;
    let mut bytes = Vec::new();
    let is_closed = cursor.take_while(
        |byte| {
            if is_over {
                return false;
            }
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' if is_text => is_escaped = true,
                b'"' => is_text = !is_text,
                b'{' | b'[' if !is_text => depth += 1,
                b'}' | b']' if !is_text => {
                    depth -= 1;
                    is_over = depth == 0;
                }
                _ => {}
            }
            true
        },
        &mut bytes,
    )?;
    if !is_closed && !is_over {
        return Err(Fault::NotJson { line, reason: "it is never closed".to_owned() });
    }
    json_record(offset, line, bytes)
}
