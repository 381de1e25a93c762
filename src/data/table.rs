//! A data file as rows with numbers.

use std::collections::HashSet;
use std::fs::File;

use super::index::{Index, PLACES_MAX};
use super::members::Members;
use super::records::{Content, Record, Records};
use super::store::{At, MEMORY_BYTES, Store, line_at};
use super::{COLUMN_COUNT_MAX, Fault, Row};

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// RFC 4180, with any byte between the fields.
    Csv {
        /// The byte.
        delimiter: u8,
    },
    /// An array of maps (RFC 8259).
    Json,
    /// A map a line.
    JsonLines,
}

/// A data file, looked through.
#[derive(Debug)]
pub struct Table {
    form: Form,
    columns: Vec<String>,
    store: Store,
    index: Index,
}

impl Table {
    /// Looks a file through. The columns of a CSV file are named by its first line, unless they are named here.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn open(file: File, form: Form, columns: Option<Vec<String>>) -> Result<Self, Fault> {
        Self::within(file, form, columns, (MEMORY_BYTES, PLACES_MAX))
    }

    /// The same with a bound on the bytes that are kept in memory whole, and on the places that an index of more has, at
    /// least 2.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn within(
        file: File,
        form: Form,
        columns: Option<Vec<String>>,
        (memory_bytes, places_max): (u64, usize),
    ) -> Result<Self, Fault> {
        let store = Store::new(file, memory_bytes)?;
        let mut index = Index::new(places_max);
        let mut records = Records::from_start(form, store.at(0));
        let mut known = columns;
        let looked_through = look_through(&mut records, &mut known, &mut index);
        looked_through.map_err(|fault| match form {
            Form::Csv { .. } => fault.at_line(line_at(&store, records.offset())),
            Form::Json | Form::JsonLines => fault,
        })?;
        if index.row_count() == 0 {
            return Err(Fault::NoRows);
        }
        Ok(Self { form, columns: known.unwrap_or_default(), store, index })
    }

    /// The names of the columns, in the order of the file.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// How many rows there are; at least one.
    pub fn row_count(&self) -> u64 {
        self.index.row_count()
    }

    /// The row of a number, from 0. Of a large file it is read from the disk, which may take the time of that.
    ///
    /// # Errors
    /// [`Fault::Gone`] where there is none, and whatever a file that has changed may bring.
    pub fn row(&self, number: u64) -> Result<Row<'_>, Fault> {
        let (offset, passed) = self.index.seek(number).ok_or(Fault::Gone)?;
        let mut records = Records::from_record(self.form, self.store.at(offset));
        for _ in 0..passed {
            records.next()?;
        }
        let record = records.next()?.ok_or(Fault::Gone)?;
        check(&record, &self.columns).map_err(|_| Fault::Gone)?;
        Ok(Row { columns: &self.columns, content: record.content })
    }
}

fn look_through(
    records: &mut Records<At<'_>>,
    known: &mut Option<Vec<String>>,
    index: &mut Index,
) -> Result<(), Fault> {
    while let Some(record) = records.next()? {
        if let Some(columns) = known {
            check(&record, columns)?;
        } else {
            let (columns, is_row) = name_columns(&record)?;
            *known = Some(columns);
            if !is_row {
                continue;
            }
        }
        index.push(record.offset);
    }
    Ok(())
}

/// The columns that the first record names, and whether it is itself a row.
fn name_columns(record: &Record) -> Result<(Vec<String>, bool), Fault> {
    let (names, is_row): (Vec<String>, bool) = match &record.content {
        Content::Fields(fields) => (fields.iter().map(|name| name.trim().to_owned()).collect(), false),
        Content::Json(text) => {
            let Members(members) = members(text, record.line)?;
            (members.into_iter().map(|(name, _)| name.into_owned()).collect(), true)
        }
    };
    if names.len() > COLUMN_COUNT_MAX {
        return Err(Fault::ManyColumns);
    }
    if let Some(at) = names.iter().position(String::is_empty) {
        return Err(Fault::NamelessColumn(at + 1));
    }
    let mut seen = HashSet::new();
    if let Some(name) = names.iter().find(|name| !seen.insert(name.as_str())) {
        return Err(Fault::DuplicateColumn(name.clone()));
    }
    Ok((names, is_row))
}

fn members(text: &str, line: u64) -> Result<Members<'_>, Fault> {
    serde_json::from_str(text).map_err(|error| {
        if error.is_data() {
            return Fault::NotAMap { line };
        }
        let reason = error.to_string();
        let reason = reason.split(" at line ").next().unwrap_or_default().to_owned();
        Fault::NotJson { line, reason }
    })
}

/// Whether a record is a whole row.
fn check(record: &Record, columns: &[String]) -> Result<(), Fault> {
    let line = record.line;
    match &record.content {
        Content::Fields(fields) if fields.len() != columns.len() => {
            Err(Fault::Ragged { line, field_count: fields.len(), column_count: columns.len() })
        }
        Content::Fields(_) => Ok(()),
        Content::Json(text) => {
            let Members(members) = members(text, line)?;
            let has = |(at, name): &(usize, &String)| {
                members.get(*at).is_some_and(|(found, _)| found == *name)
                    || members.iter().any(|(found, _)| found == *name)
            };
            match columns.iter().enumerate().find(|column| !has(column)) {
                Some((_, column)) => Err(Fault::Lacks { line, column: column.clone() }),
                None => Ok(()),
            }
        }
    }
}

#[cfg(test)]
mod tests;
