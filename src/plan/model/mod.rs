//! The typed plan, one file a noun.

mod body;
pub mod capture;
pub mod matcher;
mod template;

pub use body::{Body, Encoding};
pub use template::Template;
