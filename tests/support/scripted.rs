//! A TCP server that does what a script says, byte by byte, right or wrong.
//!
//! A script is a list of [`Action`]s for one connection. [`ScriptedServer`] runs scripts on a thread of its own,
//! so that blocking code and any runtime can be tested against it; [`converse`] runs one in the caller's runtime.
//! Nothing waits for time: a script that must wait for the test does so at a [`Gate`]. Only a script that hangs
//! is ended by the clock, as a failure.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

use super::frames::{ClientFrame, server_frame};

/// An answer that accepts the upgrade; `{accept}` becomes the right key.
pub(crate) const ACCEPT: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n";

/// How long one action may take before the script counts as hung.
const HUNG_AFTER: Duration = Duration::from_secs(20);

/// One thing that the server does.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// Reads an HTTP request up to its empty line.
    ReadRequest,
    /// Writes text, with `{accept}` replaced by the key that answers the request, and bytes right behind it.
    Respond(String, Vec<u8>),
    /// Writes bytes, as they are.
    Write(Vec<u8>),
    /// Writes each piece on its own, and lets everyone else on the runtime go on in between.
    WritePieces(Vec<Vec<u8>>),
    /// Reads this many frames from the client.
    ReadFrames(usize),
    /// Reads frames from the client up to its Close.
    ReadToClose,
    /// Sends the next data frame from the client back.
    Echo,
    /// Answers the next frame of the client, which must be a Ping.
    Pong,
    /// Reads until the client ends its side.
    ReadToEnd,
    /// Waits until the test opens the gate.
    Wait(Gate),
    /// Opens a gate that the test waits at.
    Open(Gate),
    /// Does nothing until the server is finished.
    Stall,
    /// Closes at once.
    Close,
    /// Closes with a reset.
    Reset,
}

/// Holds a script until the test lets it go on, or a test until the script does.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gate(Arc<Notify>);

impl Gate {
    /// Lets one who waits pass, be it there already or not.
    pub(crate) fn open(&self) {
        self.0.notify_one();
    }

    /// Waits for it to be opened.
    pub(crate) async fn pass(&self) {
        self.0.notified().await;
    }
}

/// Accepts the upgrade, then does `rest`.
pub(crate) fn accepting(rest: impl IntoIterator<Item = Action>) -> Vec<Action> {
    let mut script = vec![Action::ReadRequest, Action::Respond(ACCEPT.to_owned(), Vec::new())];
    script.extend(rest);
    script
}

/// What the server read on one connection.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    /// The request with its headers.
    pub(crate) request: String,
    /// The client's frames, in order.
    pub(crate) frames: Vec<ClientFrame>,
    /// What was read and is no whole frame.
    pub(crate) rest: Vec<u8>,
    /// The action that could not be done, and why.
    pub(crate) failure: Option<String>,
}

/// A server on loopback that runs scripts.
pub(crate) struct ScriptedServer {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    accepted: Arc<AtomicUsize>,
    thread: JoinHandle<Vec<Transcript>>,
}

enum Scripts {
    Each(std::vec::IntoIter<Vec<Action>>),
    Every(Vec<Action>),
}

impl Iterator for Scripts {
    type Item = Vec<Action>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Each(scripts) => scripts.next(),
            Self::Every(script) => Some(script.clone()),
        }
    }
}

impl ScriptedServer {
    /// The first connection gets the first script, and so on; then the port is closed.
    pub(crate) fn each(scripts: Vec<Vec<Action>>) -> Self {
        Self::start(Scripts::Each(scripts.into_iter()))
    }

    /// Every connection gets the same script, until the server is finished.
    pub(crate) fn every(script: Vec<Action>) -> Self {
        Self::start(Scripts::Every(script))
    }

    fn start(scripts: Scripts) -> Self {
        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&accepted);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(serve(listener, scripts, stopped, &count))
        });
        Self { address, stop, accepted, thread }
    }

    /// How many have connected so far.
    pub(crate) fn accepted_count(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as a target.
    pub(crate) fn url(&self) -> String {
        format!("ws://{}/", self.address)
    }

    /// Ends stalls and accepting, waits for the scripts, and says what was read on each connection. Panics where
    /// a script could not be done. Scripts that wait for the client to end need it to have ended.
    pub(crate) fn finish(self) -> Vec<Transcript> {
        let transcripts = self.conclude();
        for transcript in &transcripts {
            assert_eq!(transcript.failure, None, "a script failed");
        }
        transcripts
    }

    /// The same, for those who look at the failures themselves.
    pub(crate) fn conclude(self) -> Vec<Transcript> {
        self.stop.send_replace(true);
        self.thread.join().unwrap()
    }
}

async fn serve(
    listener: StdListener,
    mut scripts: Scripts,
    mut stopped: watch::Receiver<bool>,
    accepted_count: &AtomicUsize,
) -> Vec<Transcript> {
    let listener = TcpListener::from_std(listener).unwrap();
    let mut conversations = Vec::new();
    let mut next_script = scripts.next();
    while let Some(script) = next_script {
        let stream = tokio::select! {
            // Who has connected is served, even where the server is to finish.
            biased;
            accepted = listener.accept() => accepted.unwrap().0,
            _ = stopped.wait_for(|stop| *stop) => break,
        };
        accepted_count.fetch_add(1, Ordering::SeqCst);
        let stopped = stopped.clone();
        conversations.push(tokio::spawn(async move { converse(stream, script, stopped).await }));
        next_script = scripts.next();
    }
    drop(listener);
    let mut transcripts = Vec::new();
    for conversation in conversations {
        transcripts.push(conversation.await.unwrap());
    }
    transcripts
}

/// Runs a script on one connection. Stalls end with `stopped`.
pub(crate) async fn converse(
    stream: TcpStream,
    script: Vec<Action>,
    stopped: watch::Receiver<bool>,
) -> Transcript {
    stream.set_nodelay(true).unwrap();
    let mut conversation =
        Conversation { stream: Some(stream), unread: Vec::new(), transcript: Transcript::default(), stopped };
    for action in script {
        let name = beginning(&action);
        let failure = match tokio::time::timeout(HUNG_AFTER, conversation.act(action)).await {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it hung".to_owned(),
        };
        conversation.transcript.failure = Some(format!("{name}: {failure}"));
        break;
    }
    conversation.transcript.rest = conversation.unread;
    conversation.transcript
}

/// How an action is called in failures. What lies behind that is not even written: an action may hold megabytes.
fn beginning(action: &Action) -> String {
    struct Short(String);
    impl fmt::Write for Short {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.push_str(text);
            if self.0.len() < 80 { Ok(()) } else { Err(fmt::Error) }
        }
    }
    let mut name = Short(String::new());
    // It fails where the name is long enough.
    let _ = fmt::write(&mut name, format_args!("{action:?}"));
    name.0
}

struct Conversation {
    /// `None` once it was closed.
    stream: Option<TcpStream>,
    unread: Vec<u8>,
    transcript: Transcript,
    stopped: watch::Receiver<bool>,
}

impl Conversation {
    async fn act(&mut self, action: Action) -> io::Result<()> {
        match action {
            Action::ReadRequest => self.read_request().await,
            Action::Respond(head, behind) => {
                let head = head.replace("{accept}", &self.accept_key());
                self.write(&[head.as_bytes(), &behind].concat()).await
            }
            Action::Write(bytes) => self.write(&bytes).await,
            Action::WritePieces(pieces) => {
                for piece in pieces {
                    self.write(&piece).await?;
                    tokio::task::yield_now().await;
                }
                Ok(())
            }
            Action::ReadFrames(count) => {
                for _ in 0..count {
                    let frame = self.read_frame().await?;
                    self.transcript.frames.push(frame);
                }
                Ok(())
            }
            Action::ReadToClose => loop {
                let frame = self.read_frame().await?;
                let is_close = frame.first == 0x88;
                self.transcript.frames.push(frame);
                if is_close {
                    return Ok(());
                }
            },
            Action::Echo => {
                let frame = self.read_frame().await?;
                self.write(&server_frame(frame.first, &frame.payload)).await?;
                self.transcript.frames.push(frame);
                Ok(())
            }
            Action::Pong => {
                let frame = self.read_frame().await?;
                if frame.first != 0x89 {
                    return Err(io::Error::other(format!("a frame {:02x} came", frame.first)));
                }
                self.write(&server_frame(0x8a, &frame.payload)).await?;
                self.transcript.frames.push(frame);
                Ok(())
            }
            Action::ReadToEnd => {
                while self.read_more().await? {}
                Ok(())
            }
            Action::Wait(gate) => {
                gate.pass().await;
                Ok(())
            }
            Action::Open(gate) => {
                gate.open();
                Ok(())
            }
            Action::Stall => {
                let _ = self.stopped.wait_for(|stop| *stop).await;
                Ok(())
            }
            Action::Close => {
                self.stream = None;
                Ok(())
            }
            Action::Reset => {
                let stream = self.stream.take().unwrap();
                socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))
            }
        }
    }

    fn stream(&mut self) -> &mut TcpStream {
        self.stream.as_mut().expect("the script goes on after the connection was closed")
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream().write_all(bytes).await
    }

    /// Whether anything came before the client ended its side.
    async fn read_more(&mut self) -> io::Result<bool> {
        let mut unread = std::mem::take(&mut self.unread);
        let count = self.stream().read_buf(&mut unread).await;
        self.unread = unread;
        Ok(count? > 0)
    }

    async fn read_request(&mut self) -> io::Result<()> {
        loop {
            if let Some(end) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                let request = self.unread.drain(..end + 4).collect();
                self.transcript.request = String::from_utf8(request).unwrap();
                return Ok(());
            }
            if !self.read_more().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    async fn read_frame(&mut self) -> io::Result<ClientFrame> {
        loop {
            if let Some((frame, wire_bytes)) = ClientFrame::parse(&self.unread) {
                self.unread.drain(..wire_bytes);
                return Ok(frame);
            }
            if !self.read_more().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    fn accept_key(&self) -> String {
        accept_key(&self.transcript.request)
    }
}

/// The key that accepts a request to upgrade (RFC 6455 section 4.2.2).
pub(crate) fn accept_key(request: &str) -> String {
    let key = request
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"))
        .map_or("", |(_, value)| value.trim());
    let digest =
        Sha1::new().chain_update(key).chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11").finalize();
    STANDARD.encode(digest)
}
