//! A WebSocket server that holds so many connections and no more: what it does with those beyond that is the test's.

use std::net::TcpListener as StdListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::frames::{ClientFrame, server_frame};
use super::scripted::{ACCEPT, accept_key};

/// What becomes of connections and messages while more are connected than can be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Beyond {
    /// The connections beyond that are refused with 503.
    Refused,
    /// No message of anybody is answered before so much time.
    Slow(Duration),
    /// No message of anybody is answered.
    Silent,
}

/// A server that sends back what it gets.
pub(crate) struct CapacityServer {
    url: String,
    counts: Arc<Counts>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Counts {
    present: AtomicUsize,
    peak: AtomicUsize,
}

/// A connection, as long as it is there.
struct Seat(Arc<Counts>);

impl Seat {
    fn take(counts: &Arc<Counts>) -> Self {
        let present = counts.present.fetch_add(1, Ordering::SeqCst) + 1;
        counts.peak.fetch_max(present, Ordering::SeqCst);
        Self(Arc::clone(counts))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.present.fetch_sub(1, Ordering::SeqCst);
    }
}

impl CapacityServer {
    pub(crate) fn start(capacity: usize, beyond: Beyond) -> Self {
        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("ws://{}/", listener.local_addr().unwrap());
        let counts = Arc::new(Counts::default());
        let (stop, mut stopped) = watch::channel(false);
        let of_thread = Arc::clone(&counts);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                loop {
                    let stream = tokio::select! {
                        accepted = listener.accept() => accepted.unwrap().0,
                        _ = stopped.wait_for(|stop| *stop) => return,
                    };
                    let seat = Seat::take(&of_thread);
                    // How a connection ends is the client's matter.
                    tokio::spawn(async move { serve(stream, seat, (capacity, beyond)).await });
                }
            });
        });
        Self { url, counts, stop, thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The most connections at one time.
    pub(crate) fn peak(&self) -> usize {
        self.counts.peak.load(Ordering::SeqCst)
    }
}

impl Drop for CapacityServer {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(
    mut stream: TcpStream,
    seat: Seat,
    (capacity, beyond): (usize, Beyond),
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let is_beyond = || seat.0.present.load(Ordering::SeqCst) > capacity;
    let mut unread = Vec::new();
    let end = loop {
        if stream.read_buf(&mut unread).await? == 0 {
            return Ok(());
        }
        if let Some(end) = unread.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    if matches!(beyond, Beyond::Refused) && is_beyond() {
        drop(seat);
        stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n").await?;
        return Ok(());
    }
    let request: Vec<u8> = unread.drain(..end).collect();
    let key = accept_key(std::str::from_utf8(&request).unwrap());
    stream.write_all(ACCEPT.replace("{accept}", &key).as_bytes()).await?;
    loop {
        while let Some((frame, wire_bytes)) = ClientFrame::parse(&unread) {
            unread.drain(..wire_bytes);
            let is_close = frame.first == 0x88;
            match beyond {
                Beyond::Slow(delay) if is_beyond() && !is_close => tokio::time::sleep(delay).await,
                Beyond::Silent if is_beyond() && !is_close => continue,
                _ => {}
            }
            stream.write_all(&server_frame(frame.first, &frame.payload)).await?;
            if is_close {
                return Ok(());
            }
        }
        if stream.read_buf(&mut unread).await? == 0 {
            return Ok(());
        }
    }
}
