//! What users say of themselves, as counts.

use crate::machine::Event;
use crate::metrics::Counts;

/// Counts an event of a user that stands for so many; most stand for themselves.
pub(crate) fn count(event: Event, users: u64, counts: &mut Counts) {
    match event {
        Event::OperationEnded => counts.operations += users,
        Event::IterationEnded { failed } => {
            counts.iterations += users;
            counts.iterations_failed += u64::from(failed) * users;
        }
        Event::FailedOver => counts.failovers += users,
        Event::Reconnected => counts.reconnects += users,
        Event::OutOfData => counts.users_out_of_data += users,
        Event::Unmatched(count) => counts.messages_unmatched += count * users,
        Event::InboxDropped => counts.inbox_dropped += users,
        Event::PacedSend { is_late } => {
            counts.sends_due += users;
            counts.sends_late += u64::from(is_late) * users;
        }
        Event::SendsMissed(count) => {
            counts.sends_due += count * users;
            counts.sends_missed += count * users;
        }
        Event::FetchFailed => counts.http_failed += users,
        Event::RequestSent => counts.requests += users,
        Event::RequestThrottled => counts.requests_throttled += users,
        Event::ReplyLate => counts.replies_late += users,
        Event::ReplyDuplicated => counts.replies_duplicated += users,
        Event::RepliesMissing(count) => counts.replies_missing += count * users,
    }
}
