//! What several test modules share.

pub(crate) mod capacity;
pub(crate) mod cases;
pub(crate) mod certificates;
pub(crate) mod compiling;
pub(crate) mod documents;
pub(crate) mod frames;
pub(crate) mod scripted;
pub(crate) mod terminator;
