//! Delivery: whether every copy of every broadcast came to everybody it was meant for, and to nobody else.
//!
//! Users say what happens to them in [`Event`]s; the [`Ledger`] is a pure function from events to figures. It knows no
//! clock and no thread: it is handed batches of events, each thread's with a [watermark](Batch::watermark), and works
//! on what lies behind all of them, in the order of time.
//!
//! What the figures mean, for one stream with the window `within`, called W here:
//!
//! - A message is *published* at p, when its first byte was handed to the kernel. Its key tells it from the others;
//!   one that is published again before its first message is forgotten makes both *untracked*. What was judged
//!   before that has been compared with its first message, and stays as it is.
//! - A user is in a group from when it *entered* until it *left*. Losing the connection leaves all groups; where it is opened
//!   again, the user is *cut off* from them until it enters them anew, leaves them, or is gone.
//! - A user who is in the message's group at p is *expected* to get one copy, unless it leaves before its copy came
//!   and before p + W: then it is *excused*, or where it was cut off and no copy came later, the copy is *missed*. Where the stream says `self: false`, the sender is in no audience.
//! - The first copy of an expected user that comes until p + W is *delivered*, and timed from p. Where none came by
//!   then the copy is *lost*; one that comes until p + 2 W is lost and *late*.
//! - Further copies at the same user are *duplicated*, each.
//! - The first copy of a user who entered only behind p, or was cut off at p, is *extra*: neither expected nor wrong. For one who was
//!   cut off at p and got no copy, it is *missed*.
//! - Every copy at a user who was neither in the group nor cut off from it at any time from p until it came, and every copy at the sender where
//!   `self` is false, is *leaked*.
//! - A copy is *reordered* when the same user had, before it, a copy of a message that the same sender published later
//!   to the same group (as RFC 4737 section 3.3 has it of packets). Only first copies that came until p + W are looked at: a late one is late.
//! - Where a stream is asked for total order: of every two messages of a group that some users saw in one order
//!   and some in the other, the smaller number of users counts as *reordered in total*.
//! - A copy whose key was not published, or more than 2 W ago, is *unknown*; where messages were left out, their keys with them,
//!   none is until 2 W after the last of those.
//!
//! A message is judged once, when the events are 2 W past p. What is kept until then is 16 bytes a copy and about 200
//! bytes a message; at [`Limits`] a message is let go and counted *untracked*, so that the figures of the others stay true.

mod audience;
mod counts;
mod event;
mod judge;
mod ledger;
#[cfg(test)]
mod model;
mod stream;
#[cfg(test)]
mod tests;

pub use counts::{DeliveryCounts, DeliveryFigure};
pub use event::{Batch, Event, Fact, Person};
pub use ledger::{Ledger, Limits, Order, Rule};
