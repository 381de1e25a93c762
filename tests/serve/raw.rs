//! A client that writes bytes: for what a proper client library does not let one send, or hides.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::patiently;

pub(super) const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

pub(super) struct RawClient {
    pub(super) stream: TcpStream,
}

impl RawClient {
    pub(super) async fn connect(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap() }
    }

    /// Connected, upgraded, and `early` sent together with the request.
    pub(super) async fn upgraded(address: SocketAddr, early: &[u8]) -> Self {
        let mut client = Self::connect(address).await;
        client.write(&[REQUEST.as_bytes(), b"\r\n", early].concat()).await;
        let head = client.head().await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        client
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) {
        patiently(self.stream.write_all(bytes)).await.unwrap();
    }

    /// An HTTP response up to its empty line.
    pub(super) async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(patiently(self.stream.read_u8()).await.unwrap());
        }
        String::from_utf8(head).unwrap()
    }

    /// Exactly so many bytes.
    pub(super) async fn read(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        patiently(self.stream.read_exact(&mut bytes)).await.unwrap();
        bytes
    }

    /// Everything until the server ends the connection in order.
    pub(super) async fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        patiently(self.stream.read_to_end(&mut bytes)).await.unwrap();
        bytes
    }
}

/// A frame under a mask, as a client has to send it.
pub(super) fn frame(first_byte: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [1, 2, 3, 4];
    let mut bytes = vec![first_byte];
    match payload.len() {
        length @ 0..=125 => bytes.push(0x80 | u8::try_from(length).unwrap()),
        length @ 126..=0xffff => {
            bytes.push(0xfe);
            bytes.extend_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            bytes.push(0xff);
            bytes.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}
