//! The names that data files give: `account` for a row, `account.name` for a column of it.

use crate::diagnostic::{Diagnostic, Span, codes, nearest};
use crate::plan::model::Plan;
use crate::program::{DataId, DataUse, SlotId};

/// So many columns are named where none is near to what was asked for.
const LISTED: usize = 8;

/// The data files of a plan, and what the scenario at hand takes from them.
#[derive(Debug)]
pub(in crate::compile) struct DataNames<'a> {
    files: Vec<File<'a>>,
    uses: Vec<DataUse>,
    /// The loops over rows around the step at hand, outermost first.
    walks: Vec<Walk>,
}

/// A loop over the rows of a file.
#[derive(Debug)]
struct Walk {
    /// How many loops are around it, itself not counted.
    depth: usize,
    taken: DataUse,
}

#[derive(Debug)]
struct File<'a> {
    name: &'a str,
    span: Span,
    /// `None` until it was looked through, and where it could not be.
    columns: Option<Vec<String>>,
    row_count: u64,
    is_used: bool,
}

/// What a name of a data file means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The whole row.
    Row,
    /// A column.
    Column(usize),
    /// A column of a file that could not be looked through.
    Any,
    /// No column.
    Nothing,
}

impl<'a> DataNames<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        let file = |file: &'a crate::plan::model::DataFile| File {
            name: &file.name.text,
            span: file.name.span,
            columns: None,
            row_count: 0,
            is_used: false,
        };
        Self { files: plan.data.iter().map(file).collect(), uses: Vec::new(), walks: Vec::new() }
    }

    pub(in crate::compile) fn know(&mut self, index: usize, columns: &[String], row_count: u64) {
        self.files[index].columns = Some(columns.to_vec());
        self.files[index].row_count = row_count;
    }

    /// Enters a loop over the rows of a file, in which its names mean the round's row. Which file, and how many rows it
    /// has; 0 of one that could not be looked through. `None` where none is called so, and nothing is entered.
    pub(in crate::compile) fn enter_walk(&mut self, name: &str, depth: usize) -> Option<(DataId, u64)> {
        let index = self.files.iter().position(|file| file.name == name)?;
        self.files[index].is_used = true;
        let data = DataId::new(index);
        self.walks.push(Walk { depth, taken: DataUse { data, columns: Vec::new(), row: None } });
        Some((data, self.files[index].row_count))
    }

    /// Leaves the innermost loop over rows; what its steps take from one.
    pub(in crate::compile) fn leave_walk(&mut self) -> Option<DataUse> {
        self.walks.pop().map(|walk| walk.taken)
    }

    /// Where the names of a file mean the row of a loop's round: how many loops are around that loop.
    pub(super) fn walk_depth(&self, index: usize) -> Option<usize> {
        let walk = self.walks.iter().rfind(|walk| walk.taken.data == DataId::new(index));
        walk.map(|walk| walk.depth)
    }

    /// The file and the part of its row that a name stands for. What has a dot more than a column's name may be a way
    /// into a value, so only a column that is called so is one.
    pub(super) fn find(&self, name: &str) -> Option<(usize, Part)> {
        let (head, column) = name.split_once('.').map_or((name, None), |(head, rest)| (head, Some(rest)));
        let index = self.files.iter().position(|file| file.name == head)?;
        let Some(column) = column else { return Some((index, Part::Row)) };
        let part = match &self.files[index].columns {
            Some(columns) => match columns.iter().position(|known| known == column) {
                Some(at) => Part::Column(at),
                None if column.contains('.') => return None,
                None => Part::Nothing,
            },
            None if column.contains('.') => return None,
            None => Part::Any,
        };
        Some((index, part))
    }

    /// Whether a data file is called so.
    pub(in crate::compile) fn is_file(&self, name: &str) -> bool {
        self.files.iter().any(|file| file.name == name)
    }

    /// Every name that might have been meant by another.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.name)
    }

    /// The name is not to be called unused.
    pub(super) fn excuse(&mut self, name: &str) {
        let head = name.split('.').next().unwrap_or(name);
        self.files.iter_mut().filter(|file| file.name == head).for_each(|file| file.is_used = true);
    }

    /// The scenario at hand takes a part of a row into a slot: of the row of the innermost loop over the file, else of the
    /// row of the iteration.
    pub(super) fn take(&mut self, index: usize, part: Part, slot: SlotId) {
        self.files[index].is_used = true;
        let data = DataId::new(index);
        let walked = self.walks.iter_mut().map(|walk| &mut walk.taken).rfind(|taken| taken.data == data);
        let used = walked.unwrap_or_else(|| {
            let at = self.uses.iter().position(|used| used.data == data).unwrap_or_else(|| {
                self.uses.push(DataUse { data, columns: Vec::new(), row: None });
                self.uses.len() - 1
            });
            &mut self.uses[at]
        });
        match part {
            Part::Row => used.row = Some(slot),
            Part::Column(column) if !used.columns.contains(&(column, slot)) => {
                used.columns.push((column, slot));
            }
            _ => {}
        }
    }

    /// What the scenario at hand has taken; the next one begins with nothing.
    pub(in crate::compile) fn take_uses(&mut self) -> Vec<DataUse> {
        let mut uses = std::mem::take(&mut self.uses);
        uses.sort_by_key(|used| used.data);
        uses
    }

    /// Says that a file has no such column.
    pub(super) fn no_column(&mut self, index: usize, name: &str, span: Span) -> Diagnostic {
        let file = &mut self.files[index];
        file.is_used = true;
        let column = name.split_once('.').map_or("", |(_, column)| column);
        let columns = file.columns.as_deref().unwrap_or_default();
        let help = nearest(column, columns.iter().map(String::as_str)).map_or_else(
            || {
                let listed: Vec<_> = columns.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
                let more = if columns.len() > LISTED { ", ..." } else { "" };
                format!("its columns are {}{more}", listed.join(", "))
            },
            |near| format!("did you mean `{}`?", reference(file.name, near)),
        );
        Diagnostic::new(codes::UNDEFINED_NAME, format!("`{}` has no column `{column}`", file.name))
            .label(span, "no such column")
            .help(help)
    }

    /// Says that no file is called so.
    pub(in crate::compile) fn no_file(&mut self, name: &str, span: Span) -> Diagnostic {
        let similar = nearest(name, self.names()).map(str::to_owned);
        let help = match (&similar, self.files.is_empty()) {
            (Some(similar), _) => format!("did you mean `{similar}`?"),
            (None, true) => format!("there is none: `data: {{ {name}: {{ file: {name}.csv }} }}`"),
            (None, false) => {
                let listed: Vec<_> = self.names().take(LISTED).map(|name| format!("`{name}`")).collect();
                format!("there are {}", listed.join(", "))
            }
        };
        if let Some(similar) = similar {
            self.excuse(&similar);
        }
        Diagnostic::new(codes::UNDEFINED_NAME, format!("no data file is called `{name}`"))
            .label(span, "no such file")
            .help(help)
    }

    /// Says that rows are for users, and not for what is done once.
    pub(super) fn no_row(&mut self, index: usize, span: Span) -> Diagnostic {
        let file = &mut self.files[index];
        file.is_used = true;
        Diagnostic::new(codes::UNDEFINED_NAME, format!("`{}` has no row here", file.name))
            .label(span, "rows are dealt out to users")
            .help("`setup` and `teardown` run once, by none of the users of the load")
    }

    /// The files that no template reads.
    pub(super) fn unused(&self) -> impl Iterator<Item = (&str, Span)> {
        self.files.iter().filter(|file| !file.is_used).map(|file| (file.name, file.span))
    }
}

/// A column as a template writes it.
fn reference(file: &str, column: &str) -> String {
    let is_plain = column.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if is_plain { format!("{file}.{column}") } else { format!("{file}.[{column}]") }
}
