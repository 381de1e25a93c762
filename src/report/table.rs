//! Rows of cells in aligned columns.

use super::paint::{Paint, Tone};
use super::text::columns;

/// A piece of text with its tone. The text is printed as it is: escape it first.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    pub(super) fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { text: text.into(), tone }
    }

    pub(super) fn width(&self) -> usize {
        columns(&self.text)
    }
}

/// On which side a column is straight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// A column: how it is aligned, and the room before it.
pub(super) struct Column {
    pub(super) side: Side,
    pub(super) gap: usize,
}

/// Lays rows out in columns as wide as their widest cell. A row may be shorter than there are columns; no line
/// ends in white space.
pub(super) fn lay_out(rows: &[Vec<Cell>], shape: &[Column], paint: Paint) -> String {
    let widths: Vec<usize> = (0..shape.len())
        .map(|index| rows.iter().filter_map(|row| row.get(index)).map(Cell::width).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut blank = 0;
        for ((cell, column), width) in row.iter().zip(shape).zip(&widths) {
            let fill = width - cell.width();
            let (before, after) = if column.side == Side::Right { (fill, 0) } else { (0, fill) };
            blank += column.gap + before;
            if cell.text.is_empty() {
                blank += after;
                continue;
            }
            text.extend(std::iter::repeat_n(' ', blank));
            text.push_str(&paint.paint(cell.tone, &cell.text));
            blank = after;
        }
        text.push('\n');
    }
    text
}

/// How many columns the widest line of such a layout takes, at most.
pub(super) fn laid_out_width(rows: &[Vec<Cell>], shape: &[Column]) -> usize {
    let widest =
        |index| rows.iter().filter_map(|row: &Vec<Cell>| row.get(index)).map(Cell::width).max().unwrap_or(0);
    shape.iter().enumerate().map(|(index, column)| column.gap + widest(index)).sum()
}
