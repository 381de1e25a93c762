//! What several test modules share.

pub(crate) mod frames;
pub(crate) mod scripted;
