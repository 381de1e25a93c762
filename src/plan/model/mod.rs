//! The typed plan, one file a noun.

mod body;
mod template;

pub use body::{Body, Encoding};
pub use template::Template;
