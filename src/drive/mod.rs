//! What every driver of machines has in common, whether it drives them over a network or on virtual time: what users
//! say of themselves as counts and kinds of errors, and which rows of data files are whose. Nothing here does what a
//! user wants done.

mod count;
mod failure;
mod rows;

pub(crate) use count::count;
pub(crate) use failure::error_kind;
pub use failure::place_index;
pub(crate) use rows::Rows;
