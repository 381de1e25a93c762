//! The bare loop: a fastwebsockets client that sends a message, reads the echo, and sends again. It checks nothing,
//! times nothing and counts only how often it went round; with `--checked` it reads each echo as JSON and looks at one
//! path, as a client written by hand would. It is what a client in Rust can hardly do with less.

use std::cell::Cell;
use std::error::Error;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use clap::Args;
use fastwebsockets::handshake::generate_key;
use fastwebsockets::{Frame, OpCode, Payload, Role, WebSocket};
use http_body_util::Empty;
use hyper::Request;
use hyper::header::{CONNECTION, HOST, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use hyper_util::rt::TokioIo;
use jsonpath_rust::parser::model::JpQuery;
use jsonpath_rust::parser::parse_json_path;
use jsonpath_rust::query::js_path_process;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::LocalSet;
use wsplan::quantity::parse_duration_or_zero;

/// As long as what the plan sends.
pub const MESSAGE: &str = r#"{"type":"say","id":"1234-567","user":4321,"n":567,"room":"lobby 12345"}"#;

#[derive(Debug, Args)]
pub struct BareArguments {
    /// `HOST:PORT`
    address: String,
    users: usize,
    /// Over which they connect
    #[arg(value_parser = length)]
    ramp: Duration,
    /// How long each connection rests once it stands
    #[arg(value_parser = length)]
    idle: Duration,
    /// How long each then goes round
    #[arg(value_parser = length)]
    busy: Duration,
    /// Read each echo as JSON and look at one path
    #[arg(long)]
    checked: bool,
}

/// Connects, rests, goes round, rests until it is interrupted, and then prints how often it went round.
pub fn run(arguments: &BareArguments) -> Result<(), Box<dyn Error>> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let round_trips = Rc::new(Cell::new(0));
    let failure = Rc::new(Cell::new(None));
    LocalSet::new().block_on(&runtime, async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let start = tokio::time::Instant::now();
        for index in 0..arguments.users {
            let share = index as f64 / arguments.users as f64;
            tokio::time::sleep_until(start + arguments.ramp.mul_f64(share)).await;
            let client = Client::new(arguments, &round_trips)?;
            let failure = Rc::clone(&failure);
            tokio::task::spawn_local(async move {
                if let Err(error) = client.run().await {
                    failure.set(Some(error));
                }
            });
        }
        interrupt.recv().await;
        Ok::<(), Box<dyn Error>>(())
    })?;
    if let Some(error) = failure.take() {
        return Err(error);
    }
    println!("{}", round_trips.get());
    Ok(())
}

fn length(text: &str) -> Result<Duration, &'static str> {
    parse_duration_or_zero(text).ok_or("not a length of time")
}

struct Client {
    address: String,
    idle: Duration,
    busy: Duration,
    path: Option<JpQuery>,
    round_trips: Rc<Cell<u64>>,
}

impl Client {
    fn new(arguments: &BareArguments, round_trips: &Rc<Cell<u64>>) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            address: arguments.address.clone(),
            idle: arguments.idle,
            busy: arguments.busy,
            path: arguments.checked.then(|| parse_json_path("$.id")).transpose()?,
            round_trips: Rc::clone(round_trips),
        })
    }

    async fn run(self) -> Result<(), Box<dyn Error>> {
        // In a box, as a careful client would: what connecting needs is given back.
        let stream = Box::pin(upgrade(&self.address)).await?;
        let mut socket = WebSocket::after_handshake(stream, Role::Client);
        tokio::time::sleep(self.idle).await;
        let start = Instant::now();
        // Masking writes over it.
        let mut scratch = [0; MESSAGE.len()];
        while start.elapsed() < self.busy {
            scratch.copy_from_slice(MESSAGE.as_bytes());
            socket.write_frame(Frame::text(Payload::BorrowedMut(&mut scratch))).await?;
            let frame = socket.read_frame().await?;
            if frame.opcode != OpCode::Text {
                return Err("the server sent something else".into());
            }
            if let Some(path) = &self.path {
                let value: Value = serde_json::from_slice(&frame.payload)?;
                let nodes = js_path_process(path, &value)?;
                if nodes.first().and_then(|node| node.clone().val().as_str()) != Some("1234-567") {
                    return Err("the server sent another id".into());
                }
            }
            self.round_trips.set(self.round_trips.get() + 1);
        }
        std::future::pending::<()>().await;
        Ok(())
    }
}

async fn upgrade(address: &str) -> Result<TcpStream, Box<dyn Error>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::task::spawn_local(connection.with_upgrades());
    let request = Request::get("/")
        .header(HOST, address)
        .header(UPGRADE, "websocket")
        .header(CONNECTION, "upgrade")
        .header(SEC_WEBSOCKET_KEY, generate_key())
        .header(SEC_WEBSOCKET_VERSION, "13")
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    if response.status() != hyper::StatusCode::SWITCHING_PROTOCOLS {
        return Err(format!("the server answered {}", response.status()).into());
    }
    let upgraded = hyper::upgrade::on(response).await?;
    let parts = upgraded.downcast::<TokioIo<TcpStream>>().map_err(|_| "not the stream that went in")?;
    Ok(parts.io.into_inner())
}
