//! Rows of data files: accounts, products, whatever users take their values from. CSV, a JSON array of maps, and JSON
//! lines are looked through once, so that every row is known to be whole before a run; then any row can be had by
//! its number. A file of up to [`MEMORY_BYTES`] lies in memory, once for all threads; of a larger one rows are read
//! when they are asked for, and only an index of bounded size is kept.
//!
//! Which row a user takes, and when, is not this room's business.

mod fault;
mod index;
mod members;
mod records;
mod row;
mod store;
mod table;

pub use fault::Fault;
pub use row::{Cell, Row};
pub use store::MEMORY_BYTES;
pub use table::{Form, Table};

/// The longest row, in bytes of the file.
pub const ROW_BYTES_MAX: usize = 1 << 20;
/// The most columns.
pub const COLUMN_COUNT_MAX: usize = 1024;
