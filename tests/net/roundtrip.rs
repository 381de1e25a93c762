//! A property: what a writer encodes, a server takes apart, fragments and sends back in pieces, a reader reads
//! as it was.

use proptest::prelude::*;
use tokio::net::TcpListener;
use tokio::sync::watch;
use wsplan::net::{Connection, Event, Flush, Opcode};

use super::open;
use crate::support::frames::server_frame;
use crate::support::scripted::{Action, Transcript, accepting, converse};

#[derive(Debug, Clone, PartialEq, Eq)]
enum Message {
    Text(String),
    Binary(Vec<u8>),
}

impl Message {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }

    fn opcode(&self) -> Opcode {
        match self {
            Self::Text(_) => Opcode::Text,
            Self::Binary(_) => Opcode::Binary,
        }
    }
}

fn messages() -> impl Strategy<Value = Vec<Message>> {
    let message = prop_oneof![
        4 => any::<String>().prop_map(Message::Text),
        2 => prop::collection::vec(any::<u8>(), 0..300).prop_map(Message::Binary),
        1 => (65_500..66_000usize, any::<u8>()).prop_map(|(length, byte)| Message::Binary(vec![byte; length])),
    ];
    prop::collection::vec(message, 1..6)
}

/// The message in frames that are cut at `cuts`, each but the first with a Ping before it where `pings` says so.
fn fragments(message: &Message, cuts: &[usize], pings: &[bool]) -> Vec<u8> {
    let bytes = message.bytes();
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    cuts.sort_unstable();
    cuts.push(bytes.len());
    let last = cuts.len() - 1;
    let mut opcode = if message.opcode() == Opcode::Text { 1 } else { 2 };
    let mut start = 0;
    let mut stream = Vec::new();
    for (place, end) in cuts.into_iter().enumerate() {
        if place > 0 && pings[(place - 1) % pings.len()] {
            stream.extend(server_frame(0x89, &[u8::try_from(place).unwrap()]));
        }
        let fin = if place == last { 0x80 } else { 0 };
        stream.extend(server_frame(fin | opcode, &bytes[start..end]));
        (start, opcode) = (end, 0);
    }
    stream
}

fn pieces(stream: &[u8], sizes: &[usize]) -> Vec<Vec<u8>> {
    let mut sizes = sizes.iter().cycle();
    let mut rest = stream;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        // Small pieces as far as the heads and small payloads go, so that long streams come to an end.
        let size = sizes.next().unwrap() * if pieces.len() < 300 { 1 } else { 1_000 };
        let (piece, after) = rest.split_at(size.min(rest.len()));
        pieces.push(piece.to_vec());
        rest = after;
    }
    pieces
}

/// One connection, client and server in one task so that each piece that is written is read on its own.
async fn session<T>(
    rest_of_script: Vec<Action>,
    client: impl AsyncFnOnce(Connection) -> T,
) -> (T, Transcript) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let (_stop, stopped) = watch::channel(false);
    tokio::join!(async { client(open(&url).await.unwrap()).await }, async {
        let (stream, _) = listener.accept().await.unwrap();
        converse(stream, accepting(rest_of_script), stopped).await
    })
}

async fn send(mut connection: Connection, messages: &[Message]) {
    for message in messages {
        let render = |buffer: &mut Vec<u8>| buffer.extend_from_slice(message.bytes());
        let queued = connection.writer.message(message.opcode(), render);
        assert_eq!(queued.map(|queued| queued.payload_bytes), Ok(message.bytes().len()));
        while connection.writer.try_flush().unwrap().flush == Flush::Blocked {
            connection.writer.writable().await.unwrap();
        }
    }
}

async fn receive(mut connection: Connection) -> (Vec<Message>, usize) {
    let (mut messages, mut ping_count) = (Vec::new(), 0);
    while let Ok(incoming) = connection.reader.next().await {
        match incoming.event {
            Event::Text(text) => messages.push(Message::Text(text.to_owned())),
            Event::Binary(bytes) => messages.push(Message::Binary(bytes.to_owned())),
            Event::Ping(_) => ping_count += 1,
            other => panic!("{other:?}"),
        }
    }
    (messages, ping_count)
}

async fn there_and_back(sent: Vec<Message>, cuts: Vec<usize>, pings: Vec<bool>, sizes: Vec<usize>) {
    let script = vec![Action::ReadFrames(sent.len())];
    let ((), transcript) = session(script, async |connection| send(connection, &sent).await).await;
    assert_eq!(transcript.failure, None);
    let seen: Vec<_> = transcript
        .frames
        .into_iter()
        .map(|frame| match frame.first {
            0x81 => Message::Text(String::from_utf8(frame.payload).unwrap()),
            0x82 => Message::Binary(frame.payload),
            other => panic!("a frame that begins with {other:#x}"),
        })
        .collect();
    assert!(seen == sent, "what the server saw is not what was sent");

    let stream: Vec<_> = seen.iter().flat_map(|message| fragments(message, &cuts, &pings)).collect();
    let expected_pings = (0..cuts.len()).filter(|place| pings[place % pings.len()]).count() * seen.len();
    let script = vec![Action::WritePieces(pieces(&stream, &sizes)), Action::Close];
    let ((read, ping_count), transcript) = session(script, receive).await;
    assert_eq!(transcript.failure, None);
    assert!(read == sent, "what was read is not what was sent");
    assert_eq!(ping_count, expected_pings);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_written_comes_back_however_it_is_cut(
        sent in messages(),
        cuts in prop::collection::vec(any::<usize>(), 0..5),
        pings in prop::collection::vec(any::<bool>(), 1..4),
        sizes in prop::collection::vec(1..40usize, 1..8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(there_and_back(sent, cuts, pings, sizes));
    }
}
