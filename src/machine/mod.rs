//! One virtual user as a sans-IO state machine: [`User::handle`] takes the time and an [`Input`], changes the user, and
//! says what is to be done on an [`Output`]. It has no socket, no clock, no tokio, and no randomness that was not
//! handed in, so that a test drives it by hand and an engine by the thousand.
//!
//! A message goes to the request whose reply it is, then to the reactions in order, then to the expect that is waited
//! for; whoever takes it consumes it. What nobody took is kept in a bounded inbox, where a later expect looks first.

mod barrier;
mod block;
mod borrow;
mod canary;
pub mod capture;
mod choose;
mod control;
mod correlate;
mod data;
mod delivery;
mod detail;
mod failover;
mod fake;
mod fetch;
mod gather;
mod helper;
mod inbox;
mod interpret;
mod io;
pub mod json;
mod lexer;
mod link;
pub mod matching;
pub mod message;
pub mod mismatch;
mod operand;
mod over;
mod pace;
mod pause;
mod pending;
mod phase;
mod receive;
mod reconnect;
mod render;
mod request;
mod response;
mod scan;
mod scope;
mod select;
mod steps;
mod unanswered;
mod user;
mod wait;

pub use data::{Seat, Share};
pub use io::{
    Borrowing, Delivery, DeliveryEvent, Disconnect, Event, Failure, FailureKind, Input, Output, Place, Taker,
    Unused,
};
pub use message::{Message, Payload};
pub use operand::as_json;
pub use pace::LATE;
pub use render::{RenderFailure, evaluate, evaluate_into, render};
pub use request::{ConnectRequest, FetchRequest};
pub use response::Response;
pub use scope::{Rng, Scope};
pub use select::{Selected, select};
pub use unanswered::{Unanswered, limit};
pub use user::{Setting, User};
pub use wait::Wait;
