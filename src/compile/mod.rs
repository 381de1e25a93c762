//! Plan to program: name resolution, data-flow lints, lowering. Errors accumulate; it never stops at the first.

mod body;
mod capture;
mod file;
mod matcher;
mod operand;
mod path;
mod pattern;
mod scope;
mod template;

pub use file::{Directory, FileFailure, Files, LONGEST_FILE_BYTES};
pub use scope::{Binding, Names};
pub use template::{Constant, Lowering};
