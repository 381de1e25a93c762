//! The embedded servers, seen by an independent WebSocket client and by one that writes frames by hand.

mod chat;
mod child;
mod deflate;
mod documented;
mod echo;
mod ending;
mod faults;
mod keepalive;
mod raw;

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use wsplan::serve::{Kind, Options, Totals, serve};

/// Keeps a test that would wait for ever from doing so; no test depends on its length.
const PATIENCE: Duration = Duration::from_mins(1);

async fn patiently<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("nothing came")
}

/// A server in the test's own runtime.
struct Server {
    address: SocketAddr,
    shutdown: oneshot::Sender<()>,
    task: JoinHandle<Totals>,
}

impl Server {
    async fn start(options: Options) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, asked) = oneshot::channel();
        let task = tokio::spawn(async move {
            serve(listener, &options, async {
                let _ = asked.await;
            })
            .await
        });
        Self { address, shutdown, task }
    }

    async fn echo() -> Self {
        Self::start(Options::new(Kind::Echo)).await
    }

    async fn chat() -> Self {
        Self::start(Options::new(Kind::Chat)).await
    }

    async fn client(&self) -> Client {
        Client::connect(self.address).await
    }

    async fn stop(self) -> Totals {
        self.shutdown.send(()).expect("the server runs until it is told to stop");
        patiently(self.task).await.unwrap()
    }
}

/// A client on an implementation that shares nothing with the server's.
struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    async fn connect(address: SocketAddr) -> Self {
        // Without Nagle's algorithm, which would hold a second message back for the answer to the first.
        let connecting = connect_async_with_config(format!("ws://{address}/chat"), None, true);
        let (stream, response) = patiently(connecting).await.unwrap();
        assert_eq!(response.status(), 101);
        Self(stream)
    }

    async fn send(&mut self, message: impl Into<Message>) {
        patiently(self.0.send(message.into())).await.unwrap();
    }

    async fn next(&mut self) -> Message {
        patiently(self.0.next()).await.expect("the connection ended").unwrap()
    }

    async fn say(&mut self, value: Value) {
        self.send(value.to_string()).await;
    }

    async fn hear(&mut self) -> Value {
        let message = self.next().await;
        serde_json::from_str(message.to_text().unwrap()).unwrap_or_else(|_| panic!("{message:?}"))
    }

    /// Sends a request and takes the next message for its answer.
    async fn ask(&mut self, value: Value) -> Value {
        self.say(value).await;
        self.hear().await
    }

    /// Joins `room` and gives the number of its members.
    async fn join(&mut self, room: &str) -> u64 {
        let joined = self.ask(json!({"type": "join", "room": room})).await;
        assert_eq!((&joined["type"], &joined["room"]), (&json!("joined"), &json!(room)), "{joined}");
        joined["members"].as_u64().unwrap()
    }

    /// Expects a Close next, and the end of the connection after it.
    async fn closed(&mut self) -> Option<(u16, String)> {
        let message = self.next().await;
        let Message::Close(frame) = message else { panic!("no close but {message:?}") };
        if let Some(message) = patiently(self.0.next()).await {
            panic!("after the close came {message:?}");
        }
        frame.map(|CloseFrame { code, reason }| (code.into(), reason.to_string()))
    }

    /// Closes with `code` and gives the code that came back, after whatever else did.
    async fn close(mut self, code: u16) -> Option<u16> {
        let frame = CloseFrame { code: code.into(), reason: "done".into() };
        patiently(self.0.close(Some(frame))).await.unwrap();
        loop {
            if let Message::Close(frame) = self.next().await {
                return frame.map(|frame| frame.code.into());
            }
        }
    }
}
