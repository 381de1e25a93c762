//! Which rows of data files a user takes, and what it takes from them.
//!
//! Nobody asks anybody: the rows are dealt out by the users' places among those that take from a file, so that a seed
//! gives the same run whatever the threads. The user at place `p` of `n` takes the rows `p`, `p + n`, `p + 2n`, ...

use std::rc::Rc;

use rand::RngExt as _;

use super::io::{Event, FailureKind, Output};
use super::render::RenderFailure;
use super::user::User;
use crate::data::{Cell, Fault};
use crate::program::{AtEnd, DataFile, DataUse, Pick, Value};

/// A user's share of the rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Share {
    /// For each file that its scenario takes from, in that order, the user's place among those that do and how many
    /// those are at most.
    pub seats: Box<[Seat]>,
    /// How many rounds of rows users with its number have taken.
    pub taken_count: u64,
}

/// A place among users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    /// From 0.
    pub number: u64,
    /// How many there are; at least 1.
    pub of: u64,
}

/// Why a user has no row.
enum Missed {
    /// The file has come to its end, which means this.
    End(AtEnd),
    /// It cannot be read any more; its path, and why.
    Fault(String, Fault),
}

impl User {
    /// Tells a user which share of the rows is its own; without it, it takes all. Before its start.
    pub fn set_share(&mut self, share: Share) {
        self.share = Some(Box::new(share));
    }

    /// How many rounds of rows users with its number have taken, this one with them.
    pub fn rounds_taken(&self) -> u64 {
        self.share.as_ref().map_or(0, |share| share.taken_count)
    }

    /// Takes the rows of the iteration that begins; whether there were any to be had. Where not, the user is to leave.
    pub(super) fn take_rows(&mut self, out: &mut impl Output) -> bool {
        let setting = Rc::clone(&self.setting);
        let program = &setting.program;
        let uses = &program.scenarios[self.scenario].data;
        if uses.is_empty() {
            return true;
        }
        let taken = uses.iter().enumerate().try_for_each(|(at, used)| {
            let file = &program.data[used.data.index()];
            let row = self.row_of(file, at)?;
            self.fill(file, used, row).map_err(|fault| Missed::Fault(file.path.clone(), fault))
        });
        self.share.get_or_insert_default().taken_count += 1;
        match taken {
            Ok(()) => {
                for slot in uses.iter().flat_map(DataUse::slots) {
                    out.filled(slot, &self.slots[slot.index()]);
                }
                return true;
            }
            Err(Missed::End(end)) => {
                out.count(Event::OutOfData);
                if end == AtEnd::StopRun {
                    out.stop_run();
                }
            }
            Err(Missed::Fault(path, fault)) => {
                let failure = RenderFailure::Row { path, fault };
                self.report(FailureKind::Render, self.place(), &failure, out);
            }
        }
        false
    }

    /// The row of a file for this iteration; `at` is the file's place among those of the scenario.
    fn row_of(&mut self, file: &DataFile, at: usize) -> Result<u64, Missed> {
        let share = self.share.as_ref();
        let seat = share.and_then(|share| share.seats.get(at).copied()).unwrap_or(Seat { number: 0, of: 1 });
        let round = self.rounds_taken();
        let row_count = file.table.row_count();
        let row = match file.pick {
            Pick::Random => self.rng.random_range(0..row_count),
            Pick::PerUser => seat.number,
            Pick::Sequential | Pick::Unique => {
                round.checked_mul(seat.of).and_then(|row| row.checked_add(seat.number)).unwrap_or(u64::MAX)
            }
        };
        match file.at_end {
            _ if row < row_count => Ok(row),
            AtEnd::Recycle => Ok(row % row_count),
            end => Err(Missed::End(end)),
        }
    }

    /// How many rows a file has.
    pub(super) fn row_count(&self, used: &DataUse) -> u64 {
        self.setting.program.data[used.data.index()].table.row_count()
    }

    /// Takes a row that is nobody's in particular.
    pub(super) fn take_row(&mut self, used: &DataUse, row: u64) -> Result<(), RenderFailure> {
        let setting = Rc::clone(&self.setting);
        let file = &setting.program.data[used.data.index()];
        self.fill(file, used, row).map_err(|fault| RenderFailure::Row { path: file.path.clone(), fault })
    }

    fn fill(&mut self, file: &DataFile, used: &DataUse, row: u64) -> Result<(), Fault> {
        let row = file.table.row(row)?;
        let cells = row.cells(used.columns.iter().map(|(column, _)| *column)).ok_or(Fault::Gone)?;
        for ((_, slot), cell) in used.columns.iter().zip(cells) {
            let value = match cell {
                Cell::Text(text) => Value::Text(text),
                Cell::Json(text) => Value::from_json_text(&text).map_err(|_| Fault::Gone)?,
            };
            self.set(*slot, value);
        }
        if let Some(slot) = used.row {
            self.set(slot, Value::Json(row.to_json()));
        }
        Ok(())
    }
}
