//! Any bytes behind a server's upgrade, with permessage-deflate or without, in two pieces, over a real loopback socket: the reader must hand on whole
//! messages within the limit, and end; it must not panic, and it must not wait for more than there is.
#![no_main]

use std::cell::RefCell;
use std::time::Duration;

use base64::Engine as _;
use libfuzzer_sys::fuzz_target;
use sha1::{Digest, Sha1};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use wsplan::net::{Event, Network, Options, UpgradeRequest, connect};
use wsplan::program::{Deflate, Tls, Url};

const MAX_MESSAGE_BYTES: usize = 4096;

thread_local! {
    static RUNTIME: RefCell<Runtime> = RefCell::new(Builder::new_current_thread().enable_all().build().expect("a runtime"));
}

async fn serve(mut stream: TcpStream, bytes: &[u8], cut: usize) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let key = request
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"))
        .map_or("", |(_, key)| key);
    let digest =
        Sha1::new().chain_update(key).chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11").finalize();
    let accept = base64::engine::general_purpose::STANDARD.encode(digest);
    let is_offered = request.contains("permessage-deflate");
    let extension = if is_offered { "Sec-WebSocket-Extensions: permessage-deflate\r\n" } else { "" };
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n{extension}\r\n"
    );
    let (first, second) = bytes.split_at(cut);
    stream.write_all(&[head.as_bytes(), first].concat()).await?;
    tokio::task::yield_now().await;
    stream.write_all(second).await?;
    stream.shutdown().await
}

async fn read(bytes: &[u8], cut: usize, deflates: bool) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let address = listener.local_addr().expect("it is bound");
    let server = async {
        let (stream, _) = listener.accept().await?;
        serve(stream, bytes, cut).await
    };
    let client = async {
        let url = Url::parse(&format!("ws://{address}/")).expect("a URL");
        let deflate = deflates.then(Deflate::default);
        let request = UpgradeRequest { deflate, ..UpgradeRequest::default() };
        let options = Options { max_message_bytes: MAX_MESSAGE_BYTES, ..Options::default() };
        let mut connection = connect(&url, &request, &Network::new(options, Tls::default()), 0)
            .await
            .expect("the answer is right");
        while let Ok(incoming) = connection.reader.next().await {
            match incoming.event {
                Event::Text(text) => assert!(text.len() <= MAX_MESSAGE_BYTES),
                Event::Binary(bytes) => assert!(bytes.len() <= MAX_MESSAGE_BYTES),
                Event::Ping(bytes) | Event::Pong(bytes) => assert!(bytes.len() <= 125),
                Event::Close { reason, .. } => assert!(reason.len() <= 123),
            }
        }
    };
    // The server may find the client gone; the client must end by itself.
    let both = async { tokio::join!(server, client) };
    let _ = tokio::time::timeout(Duration::from_secs(10), both).await.expect("the reader waits without end");
}

fuzz_target!(|input: (u8, bool, &[u8])| {
    let (cut, deflates, bytes) = input;
    RUNTIME.with_borrow(|runtime| runtime.block_on(read(bytes, usize::from(cut).min(bytes.len()), deflates)));
});
