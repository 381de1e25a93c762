//! One virtual user, sans-IO: no socket, no clock, no randomness that was not handed in.

pub mod capture;
mod helper;
mod interpret;
pub mod json;
pub mod matching;
pub mod message;
pub mod mismatch;
mod operand;
mod render;
mod scope;
mod select;

pub use message::{Message, Payload};
pub use render::{RenderFailure, evaluate, evaluate_into, render};
pub use scope::{Rng, Scope};
pub use select::{Selected, select};
