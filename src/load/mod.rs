//! When users start and leave: pure functions of elapsed time and counts.
//!
//! A [`Load`] is made of lanes that go side by side. The shape of a [`Lane`] says how many virtual users there should be: a
//! [`Profile`] at any moment, and when that next changes, so that a scheduler sleeps exactly until then; [`Cycles`]
//! one after the other, [`Arrivals`] whoever comes. A [`Mix`] says what each of them does, a [`Segment`] which of those users are one generator's.
//! Nothing here reads a clock, starts a user or knows what a user does.

mod arrivals;
mod cycles;
mod exact;
mod extent;
mod lane;
mod leg;
mod mix;
mod profile;
pub mod search;
mod segment;

pub use arrivals::{Arrivals, Flow, RateStage, Spacing};
pub use cycles::Cycles;
pub use lane::{Lane, Load, Shape};
pub use mix::{Mix, Part};
pub use profile::{End, Profile, Stage};
pub use search::Search;
pub use segment::{Segment, SegmentError};
