//! One connection from its first frame to its end: a reader and a writer in one task.
//!
//! The reader is one future that lives as long as the connection, because reading a frame must not be cancelled.
//! It runs before the writer in every poll, so that all replies to what came in leave with one system call.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;

use fastwebsockets::OpCode;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::ReadHalf;

use super::chat::Chat;
use super::frame::Encoded;
use super::handshake::Upgraded;
use super::options::Kind;
use super::outbox::CloseWhen;
use super::peer::Peer;
use super::reader::{Incoming, ReadError, Reader};
use super::registry::{Seat, Shared};
use super::totals::Tally;
use super::writer::{WriteEnd, Writer};

/// After so many messages without a pause the writer gets its turn.
const MESSAGES_A_TURN: u32 = 32;

/// What the server makes of a message.
enum Dialogue {
    Echo,
    Chat(Chat),
}

/// Why reading ended.
#[derive(Debug, PartialEq, Eq)]
enum ReadEnd {
    /// The client's Close came, and is or was answered.
    Closed,
    /// The client broke a rule; it is told with a Close.
    Violation,
    /// Nothing more comes and nobody is there to be told.
    Gone,
}

/// Serves a connection until it is over.
pub(crate) async fn serve_connection(upgraded: Upgraded, shared: &Arc<Shared>) {
    let Upgraded { mut stream, already_read, deflate } = upgraded;
    let seat = Seat::take(shared, deflate.map(|agreed| agreed.server));
    let peer = &seat.peer;
    let (read_half, write_half) = stream.split();
    let mut writer = Writer::new(write_half, Arc::clone(peer), Tally::new(&shared.ledger));
    let session = Session {
        reader: Reader::new(
            already_read,
            read_half,
            shared.options.limits.message_bytes,
            deflate.map(|agreed| agreed.client),
        ),
        dialogue: match shared.options.kind {
            Kind::Echo => Dialogue::Echo,
            Kind::Chat => Dialogue::Chat(Chat::new(
                Arc::clone(&shared.hub),
                Arc::clone(peer),
                shared.options.faults.seed,
            )),
        },
        peer: Arc::clone(peer),
        tally: Tally::new(&shared.ledger),
        close_after: shared.options.faults.close_after,
    };
    Tally::new(&shared.ledger).counts.connections_deflated = u64::from(deflate.is_some());
    let is_drained = {
        let mut reading = pin!(session.read());
        tokio::select! {
            biased;
            end = &mut reading => match end {
                ReadEnd::Gone => return,
                ReadEnd::Closed => {
                    poll_fn(|cx| writer.poll(cx)).await;
                    return;
                }
                ReadEnd::Violation => matches!(poll_fn(|cx| writer.poll(cx)).await, WriteEnd::CloseSent),
            },
            end = poll_fn(|cx| writer.poll(cx)) => {
                if matches!(end, WriteEnd::CloseSent) {
                    let deadline = closing_deadline(peer);
                    // Cut off in mid-frame or not: nothing is read after this.
                    let _ = tokio::time::timeout_at(deadline, reading).await;
                }
                return;
            }
        }
    };
    drop(writer);
    if is_drained {
        let _ = tokio::time::timeout_at(closing_deadline(peer), drain(stream)).await;
    }
}

fn closing_deadline(peer: &Peer) -> tokio::time::Instant {
    peer.closing_deadline().map_or_else(tokio::time::Instant::now, tokio::time::Instant::from_std)
}

/// Ends our direction, then reads and forgets until the client ends its own: closing a socket that has unread data resets it, and a
/// reset takes away the Close that the client has not read yet.
async fn drain(mut stream: TcpStream) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let mut forgotten = vec![0; 16 << 10];
    while stream.readable().await.is_ok() {
        match stream.try_read(&mut forgotten) {
            Ok(0) => return,
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return,
            _ => {}
        }
    }
}

/// The reading half of a connection.
struct Session<'a> {
    reader: Reader<ReadHalf<'a>>,
    dialogue: Dialogue,
    peer: Arc<Peer>,
    tally: Tally,
    close_after: Option<u64>,
}

impl Session<'_> {
    async fn read(mut self) -> ReadEnd {
        let mut messages_this_turn = 0;
        loop {
            poll_fn(|_| self.peer.poll_room()).await;
            match self.reader.next().await {
                Ok(Incoming::Message { opcode, payload, deflated_bytes }) => {
                    self.count_deflated(deflated_bytes);
                    self.on_message(opcode, payload);
                }
                Ok(Incoming::Ping(payload)) => self.peer.pong(Encoded::copied(OpCode::Pong, &payload)),
                Ok(Incoming::Pong) => {}
                Ok(Incoming::Close(code)) => {
                    self.peer.close(code, "", CloseWhen::AfterQueue);
                    return ReadEnd::Closed;
                }
                Err(ReadError::Violation { code, reason }) => {
                    if self.peer.close(Some(code), reason, CloseWhen::AfterQueue) {
                        self.tally.counts.protocol_errors += 1;
                    }
                    return ReadEnd::Violation;
                }
                Err(ReadError::Gone) => return ReadEnd::Gone,
            }
            messages_this_turn += 1;
            if messages_this_turn == MESSAGES_A_TURN {
                messages_this_turn = 0;
                tokio::task::yield_now().await;
            }
        }
    }

    fn count_deflated(&mut self, deflated_bytes: Option<u64>) {
        if let Some(bytes) = deflated_bytes {
            self.tally.counts.deflated_in += 1;
            self.tally.counts.deflated_bytes_in += bytes;
        }
    }

    /// What comes in after a Close became due is not answered, and counted apart.
    fn on_message(&mut self, opcode: OpCode, payload: bytes::BytesMut) {
        if self.peer.is_closing() {
            self.tally.counts.messages_ignored += 1;
            self.tally.counts.bytes_ignored += payload.len() as u64;
            return;
        }
        self.tally.counts.messages_in += 1;
        self.tally.counts.bytes_in += payload.len() as u64;
        match &mut self.dialogue {
            Dialogue::Echo => self.peer.reply(Encoded::new(opcode, payload)),
            Dialogue::Chat(chat) if opcode == OpCode::Text => chat.on_text(&payload),
            Dialogue::Chat(chat) => chat.on_binary(),
        }
        if self.close_after.is_some_and(|limit| self.tally.counts.messages_in >= limit) {
            self.peer.close(Some(1001), "closing after so many messages", CloseWhen::AfterQueue);
        }
    }
}
