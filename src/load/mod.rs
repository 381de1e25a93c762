//! When users start and leave: pure functions of elapsed time and counts.
//!
//! A [`Profile`] says how many virtual users there should be at any moment, and when that next changes, so that
//! a scheduler sleeps exactly until then. A [`Mix`] says what each of them does, a [`Segment`] which of those users are one generator's. Nothing
//! here reads a clock, starts a user or knows what a user does.

mod exact;
mod leg;
mod mix;
mod profile;
mod segment;

pub use mix::Mix;
pub use profile::{End, Profile, Stage};
pub use segment::{Segment, SegmentError};
