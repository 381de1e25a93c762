//! One virtual user, sans-IO: no socket, no clock, no randomness that was not handed in.

mod helper;
mod interpret;
mod render;
mod scope;

pub use render::{RenderFailure, evaluate, evaluate_into, render};
pub use scope::{Rng, Scope};
