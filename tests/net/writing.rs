//! What goes to the server: frames that are right, batches that are timed, and a server that does not read.

use std::time::Instant;

use wsplan::net::{Connection, Event, Flush, MAX_CONTROL_BYTES, NotQueued, Opcode, Queued, ReadFailure};

use super::open;
use crate::support::frames::{ClientFrame, close, text};
use crate::support::scripted::{Action, Gate, ScriptedServer, accepting};

/// Flushes until the kernel has everything; how many batches began.
async fn flush(connection: &mut Connection) -> usize {
    let mut batch_count = 0;
    loop {
        let flushed = connection.writer.try_flush().unwrap();
        batch_count += usize::from(flushed.began.is_some());
        if flushed.flush == Flush::Done {
            assert_eq!(connection.writer.queued_bytes(), 0);
            return batch_count;
        }
        connection.writer.writable().await.unwrap();
    }
}

fn message(connection: &mut Connection, opcode: Opcode, payload: &[u8]) {
    let queued = connection.writer.message(opcode, |buffer| buffer.extend_from_slice(payload));
    assert_eq!(queued, Ok(Queued { payload_bytes: payload.len(), deflated_bytes: None }));
}

#[tokio::test]
async fn frames_of_every_length_are_right_and_go_in_one_batch() {
    let lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 70_000];
    let server =
        ScriptedServer::each(vec![accepting([Action::ReadFrames(lengths.len() + 3), Action::ReadToEnd])]);
    let mut connection = open(&server.url()).await.unwrap();
    let payloads: Vec<Vec<u8>> =
        lengths.iter().map(|length| (0..=255).cycle().take(*length).collect()).collect();
    for payload in &payloads {
        message(&mut connection, Opcode::Binary, payload);
    }
    connection.writer.ping(b"are you there").unwrap();
    connection.writer.pong(&[7; MAX_CONTROL_BYTES]).unwrap();
    message(&mut connection, Opcode::Text, "\u{20ac}".as_bytes());
    let head_bytes: usize = [6, 6, 6, 8, 8, 8, 14, 14, 6, 6, 6].iter().sum();
    let payload_bytes = lengths.iter().sum::<usize>() + 13 + 125 + 3;
    assert_eq!(connection.writer.queued_bytes(), head_bytes + payload_bytes);
    assert_eq!(flush(&mut connection).await, 1);
    drop(connection);

    let transcript = server.finish().remove(0);
    let frames = transcript.frames;
    for (frame, payload) in frames.iter().zip(&payloads) {
        assert_eq!((frame.first, &frame.payload), (0x82, payload));
    }
    let controls: Vec<_> =
        frames[lengths.len()..].iter().map(|frame| (frame.first, &frame.payload[..])).collect();
    assert_eq!(controls, [(0x89, &b"are you there"[..]), (0x8a, &[7; 125]), (0x81, "\u{20ac}".as_bytes()),]);
    let head_sizes: Vec<_> = frames.iter().map(|frame| frame.head_bytes).collect();
    assert_eq!(head_sizes, [6, 6, 6, 8, 8, 8, 14, 14, 6, 6, 6]);
    let mut masks: Vec<_> = frames.iter().map(|frame| frame.mask.expect("a client masks")).collect();
    masks.dedup();
    assert!(masks.len() > 1, "each frame has a key of its own");
    assert_eq!(transcript.rest, b"");
}

#[tokio::test]
async fn nothing_follows_a_close_frame() {
    let server = ScriptedServer::each(vec![accepting([Action::ReadFrames(1), Action::ReadToEnd])]);
    let mut connection = open(&server.url()).await.unwrap();
    assert!(!connection.writer.is_close_queued());
    connection.writer.close(Some(1000), "done").unwrap();
    assert!(connection.writer.is_close_queued());
    assert_eq!(connection.writer.close(Some(1001), ""), Err(NotQueued::CloseQueued));
    assert_eq!(connection.writer.ping(b""), Err(NotQueued::CloseQueued));
    assert_eq!(connection.writer.pong(b""), Err(NotQueued::CloseQueued));
    let late = connection.writer.message(Opcode::Text, |_| panic!("rendered for nothing"));
    assert_eq!(late, Err(NotQueued::CloseQueued));
    flush(&mut connection).await;
    drop(connection);
    let transcript = server.finish().remove(0);
    let frame = &transcript.frames[0];
    assert_eq!((frame.first, &frame.payload[..]), (0x88, &b"\x03\xe8done"[..]));
    assert_eq!(transcript.rest, b"", "one frame and no byte more");
}

#[tokio::test]
async fn control_frames_hold_125_bytes() {
    let server = ScriptedServer::each(vec![accepting([Action::ReadFrames(1), Action::ReadToEnd])]);
    let mut connection = open(&server.url()).await.unwrap();
    assert_eq!(connection.writer.ping(&[0; 126]), Err(NotQueued::ControlTooLong { bytes: 126 }));
    assert_eq!(connection.writer.pong(&[0; 126]), Err(NotQueued::ControlTooLong { bytes: 126 }));
    let long = "x".repeat(124);
    assert_eq!(connection.writer.close(Some(1000), &long), Err(NotQueued::ControlTooLong { bytes: 126 }));
    assert_eq!(connection.writer.queued_bytes(), 0);
    connection.writer.close(None, "not sent without a code").unwrap();
    flush(&mut connection).await;
    drop(connection);
    assert_eq!(server.finish()[0].frames[0].payload, b"");
}

#[tokio::test]
async fn the_close_handshake_ends_with_the_servers_end_of_stream() {
    let server = ScriptedServer::each(vec![accepting([
        Action::ReadFrames(1),
        Action::Write([text("last words"), close(1000, b"")].concat()),
        Action::Close,
    ])]);
    let mut connection = open(&server.url()).await.unwrap();
    connection.writer.close(Some(1000), "").unwrap();
    flush(&mut connection).await;
    assert_eq!(connection.reader.next().await.unwrap().event, Event::Text("last words"));
    let event = connection.reader.next().await.unwrap().event;
    assert_eq!(event, Event::Close { code: Some(1000), reason: "" });
    assert_eq!(connection.reader.next().await.unwrap_err(), ReadFailure::Eof);
    server.finish();
}

#[tokio::test]
async fn the_sending_side_can_be_ended_alone() {
    let server = ScriptedServer::each(vec![accepting([
        Action::ReadToEnd,
        Action::Write(text("still here")),
        Action::Close,
    ])]);
    let mut connection = open(&server.url()).await.unwrap();
    connection.writer.shutdown().unwrap();
    assert_eq!(connection.reader.next().await.unwrap().event, Event::Text("still here"));
    assert_eq!(connection.reader.next().await.unwrap_err(), ReadFailure::Eof);
    server.finish();
}

#[tokio::test]
async fn a_batch_is_timed_from_before_its_first_byte() {
    let server = ScriptedServer::each(vec![accepting([Action::ReadFrames(3), Action::ReadToEnd])]);
    let mut connection = open(&server.url()).await.unwrap();
    assert_eq!(connection.writer.try_flush().unwrap().began, None, "nothing was queued");
    for count in [1, 2] {
        for _ in 0..count {
            message(&mut connection, Opcode::Text, b"x");
        }
        let before = Instant::now();
        let flushed = connection.writer.try_flush().unwrap();
        let began = flushed.began.unwrap();
        assert!(before <= began && began <= Instant::now());
        assert_eq!(flushed.flush, Flush::Done);
        assert_eq!(connection.writer.try_flush().unwrap().began, None, "the same batch does not begin twice");
    }
    drop(connection);
    server.finish();
}

#[tokio::test]
async fn what_a_slow_server_does_not_take_waits_in_order() {
    const MESSAGE_BYTES: usize = 64 << 10;
    const MESSAGE_COUNT: usize = 512;
    let blocked = Gate::default();
    let script =
        accepting([Action::Wait(blocked.clone()), Action::ReadFrames(MESSAGE_COUNT + 2), Action::ReadToEnd]);
    let server = ScriptedServer::each(vec![script]);
    let mut connection = open(&server.url()).await.unwrap();
    let payload = |n: usize| -> Vec<u8> { n.to_be_bytes().into_iter().cycle().take(MESSAGE_BYTES).collect() };
    for n in 0..MESSAGE_COUNT {
        message(&mut connection, Opcode::Binary, &payload(n));
    }
    let queued_bytes = connection.writer.queued_bytes();
    let flushed = connection.writer.try_flush().unwrap();
    assert!(flushed.began.is_some());
    assert_eq!(flushed.flush, Flush::Blocked, "32 MiB are more than any socket takes");
    assert!(connection.writer.queued_bytes() > 0 && connection.writer.queued_bytes() < queued_bytes);

    // What is queued meanwhile is a batch of its own, which begins when the first is with the kernel.
    message(&mut connection, Opcode::Text, b"waited");
    assert_eq!(connection.writer.try_flush().unwrap().began, None);
    message(&mut connection, Opcode::Text, b"too");
    blocked.open();
    assert_eq!(flush(&mut connection).await, 1);
    drop(connection);

    let transcript = server.finish().remove(0);
    let (tail, frames) = (&transcript.frames[MESSAGE_COUNT..], &transcript.frames[..MESSAGE_COUNT]);
    for (n, frame) in frames.iter().enumerate() {
        assert!(frame.payload == payload(n), "message {n} is not what was sent");
    }
    let tail: Vec<_> = tail.iter().map(|frame: &ClientFrame| &frame.payload[..]).collect();
    assert_eq!(tail, [&b"waited"[..], b"too"]);
}

#[tokio::test]
async fn a_server_that_is_gone_is_told_when_writing() {
    let server = ScriptedServer::each(vec![accepting([Action::Reset])]);
    let mut connection = open(&server.url()).await.unwrap();
    assert_eq!(connection.reader.next().await.unwrap_err(), ReadFailure::Reset);
    message(&mut connection, Opcode::Text, b"anybody?");
    let error = connection.writer.try_flush().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
    server.finish();
}

#[tokio::test]
async fn a_mebibyte_goes_there_and_comes_back() {
    let server = ScriptedServer::each(vec![accepting([Action::Echo, Action::Echo, Action::Stall])]);
    let mut connection = open(&server.url()).await.unwrap();
    let payload: Vec<u8> = (0..=250).cycle().take(1 << 20).collect();
    for _ in 0..2 {
        message(&mut connection, Opcode::Binary, &payload);
        flush(&mut connection).await;
        match connection.reader.next().await.unwrap().event {
            Event::Binary(echoed) => assert!(echoed == payload, "the echo differs"),
            other => panic!("{other:?}"),
        }
    }
    server.finish();
}
