//! The queue of a connection: what is held back, what is thrown away, and who waits for whom.

use fastwebsockets::OpCode;

use super::*;

fn outbox(change: impl FnOnce(&mut Options)) -> Outbox {
    let mut options = Options::new(Kind::Echo);
    change(&mut options);
    Outbox::new(0, &options)
}

fn message(payload: &[u8]) -> Encoded {
    Encoded::copied(OpCode::Binary, payload)
}

/// The roles of the pieces that a writer is given next.
fn taken(outbox: &mut Outbox) -> Vec<PieceRole> {
    let mut batch = VecDeque::new();
    outbox.refill(&mut batch, Waker::noop());
    batch.iter().map(|piece| piece.role).collect()
}

fn copy(outbox: &mut Outbox, fate: CopyFate, sender: u64, payload: &[u8]) {
    outbox.push_copy(&Copy { frame: &message(payload), sender, is_own: false, fate });
}

#[test]
fn a_copy_that_is_held_back_leaves_behind_the_next_of_its_sender() {
    let mut outbox = outbox(|_| {});
    let sizes = |outbox: &mut Outbox| {
        let size = |role: &PieceRole| if let PieceRole::Completes(size) = role { *size } else { 0 };
        taken(outbox).iter().map(size).collect::<Vec<_>>()
    };
    copy(&mut outbox, CopyFate::HeldBack, 1, b"1");
    copy(&mut outbox, CopyFate::Sent, 2, b"22");
    copy(&mut outbox, CopyFate::Lost, 1, b"333");
    assert_eq!(sizes(&mut outbox), [2], "neither another sender's nor a lost one overtakes it");
    copy(&mut outbox, CopyFate::Doubled, 1, b"4444");
    assert_eq!(sizes(&mut outbox), [4, 4, 1]);
    copy(&mut outbox, CopyFate::HeldBack, 1, b"1");
    copy(&mut outbox, CopyFate::HeldBack, 1, b"22");
    assert_eq!(sizes(&mut outbox), [2, 1], "one at a time is held back");
    copy(&mut outbox, CopyFate::HeldBack, 1, b"1");
    outbox.close(Some(1000), "", CloseWhen::AfterQueue);
    assert_eq!(sizes(&mut outbox), [1, 0], "it leaves before a Close, overtaken or not");
    let counts = OutboxCounts { copies: 7, lost: 1, duplicated: 1, reordered: 2, ..OutboxCounts::default() };
    assert_eq!(outbox.retire(&VecDeque::new()), counts);
}

#[test]
fn a_copy_is_held_back_for_a_while_only() {
    let mut outbox = outbox(|_| {});
    copy(&mut outbox, CopyFate::HeldBack, 1, b"1");
    let mut batch = VecDeque::new();
    let wake_at = outbox.refill(&mut batch, Waker::noop()).wake_at.unwrap();
    assert!(wake_at <= Instant::now() + HELD_BACK);
    while batch.is_empty() {
        outbox.refill(&mut batch, Waker::noop());
    }
    assert!(Instant::now() >= wake_at);
    assert_eq!(outbox.retire(&VecDeque::new()).reordered, 0);
}

#[test]
fn a_full_queue_closes_at_once_and_throws_away_what_it_held() {
    let mut outbox = outbox(|options| options.limits.queue_messages = 2);
    for _ in 0..2 {
        copy(&mut outbox, CopyFate::Sent, 0, b"x");
    }
    assert!(!outbox.is_closing());
    for _ in 0..2 {
        copy(&mut outbox, CopyFate::Sent, 0, b"x");
    }
    assert_eq!(taken(&mut outbox), [PieceRole::Close]);
    copy(&mut outbox, CopyFate::Sent, 0, b"x");
    let counts = OutboxCounts { copies: 2, overflows: 1, undelivered: 2, ..OutboxCounts::default() };
    assert_eq!(outbox.retire(&VecDeque::new()), counts);
}

#[test]
fn reading_stops_at_half_and_the_writer_says_when_to_go_on() {
    let mut outbox = outbox(|options| options.limits.queue_bytes = 10);
    outbox.push_data(message(b"12345"));
    assert!(outbox.reader_has_room());
    outbox.push_data(message(b"6"));
    assert!(!outbox.reader_has_room());
    let mut batch = VecDeque::new();
    assert!(outbox.refill(&mut batch, Waker::noop()).wakes_reader);
    assert!(!outbox.refill(&mut batch, Waker::noop()).wakes_reader, "said once");
    assert!(outbox.reader_has_room());
}

#[test]
fn a_pong_goes_ahead_but_not_between_the_pieces_of_a_message() {
    let mut outbox = outbox(|_| {});
    let long = Encoded::new(OpCode::Binary, vec![0; 5000][..].into());
    outbox.push_data(long);
    outbox.push_urgent(Encoded::copied(OpCode::Pong, b"p"), PieceRole::Control);
    assert_eq!(taken(&mut outbox), [PieceRole::Control, PieceRole::Begins, PieceRole::Completes(5000)]);
    assert_eq!((outbox.queued_messages, outbox.queued_bytes), (0, 0));
}

#[test]
fn what_is_due_does_not_wake_a_writer_whose_socket_is_full() {
    let mut outbox = outbox(|options| options.faults.delay = Duration::from_nanos(1));
    outbox.push_data(message(b"first"));
    let mut batch = VecDeque::new();
    while batch.is_empty() {
        outbox.refill(&mut batch, Waker::noop());
    }
    outbox.push_data(message(b"second"));
    assert_eq!(outbox.refill(&mut batch, Waker::noop()).wake_at, None, "it would spin");
    batch.clear();
    while batch.is_empty() {
        outbox.refill(&mut batch, Waker::noop());
    }
}

#[test]
fn a_hurried_close_takes_delayed_messages_along_and_shortens_the_wait() {
    let hour = Duration::from_hours(1);
    let mut outbox = outbox(|options| options.faults.delay = hour);
    outbox.push_data(message(b"x"));
    assert!(outbox.close(Some(1000), "", CloseWhen::AfterQueue));
    assert_eq!(taken(&mut outbox), []);
    assert!(outbox.closing_deadline().unwrap() > Instant::now() + hour);
    assert!(!outbox.close(Some(1001), "", CloseWhen::Hurried), "the first close decides the code");
    assert!(outbox.closing_deadline().unwrap() < Instant::now() + hour);
    assert_eq!(taken(&mut outbox), [PieceRole::Completes(1), PieceRole::Close]);
    assert_eq!(taken(&mut outbox), [], "nothing follows a close");
}
