//! Consumers of snapshots: the report at the end, the summary file, and the live line during the run.
//!
//! Everything here turns figures into text. What is printed where, and whether with colour, the caller decides;
//! nothing here reads a clock, asks the terminal or takes part in the run.

mod bar;
pub mod console;
pub mod dry;
mod escape;
pub mod live;
mod paint;
mod run;
pub mod summary;
mod table;
mod text;

pub use escape::escape_for_terminal;
pub use run::{ErrorRow, Generator, Place, RunReport, error_rows};
