//! The text in which a case's server is written: one action a line, `connection` begins the script of the next one.
//!
//! ```text
//! args --iterations 3      # further arguments of `wsplan run`, as many lines as wanted
//! every                    # the script of every connection; instead of `connection`
//! request                  # reads the upgrade request
//! answer HTTP/1.1 503 No\r\n\r\nbody        # `{accept}` is the right key
//! accept                   # both of them, as it should be
//! text {"type":"hello"}    # a whole text message
//! frame 89 still there?    # FIN, reserved bits and opcode in hex, and a payload
//! close 1011 out of order  # a Close frame
//! write 81 05 68           # bytes
//! big 81 70000             # a frame with so many letters x
//! echo 3                   # sends as many data frames back
//! pong 2                   # answers as many pings
//! read 2                   # reads as many frames
//! wait NAME                # waits until the script of another connection says `open NAME`, once for each
//! end                      # reads until the client ends its side
//! stall                    # does nothing more until the client has left
//! drop                     # closes TCP
//! reset                    # the same, with a reset
//! ```
//!
//! In payloads `\r`, `\n`, `\\` and `\xff` are escapes. A server of the one word `nobody` does not listen; without a
//! server file the plan's own target is used.

use std::collections::HashMap;

use crate::support::frames::{close, server_frame};
use crate::support::scripted::{ACCEPT, Action, Gate};

/// A case's server.
pub(super) struct Script {
    pub(super) arguments: Vec<String>,
    pub(super) peer: Peer,
}

/// Who is at the other end.
pub(super) enum Peer {
    /// Whoever the plan names.
    Own,
    /// A port at which nobody listens.
    Nobody,
    /// A script a connection.
    Each(Vec<Vec<Action>>),
    /// One script for all.
    Every(Vec<Action>),
}

impl Script {
    pub(super) fn parse(text: &str) -> Self {
        let mut script = Self { arguments: Vec::new(), peer: Peer::Own };
        let mut gates: HashMap<&str, Gate> = HashMap::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            if let ("wait" | "open", Peer::Each(scripts)) = (word, &mut script.peer) {
                let gate = gates.entry(rest).or_default().clone();
                let action = if word == "wait" { Action::Wait(gate) } else { Action::Open(gate) };
                scripts.last_mut().expect("begun with one").push(action);
                continue;
            }
            match (word, &mut script.peer) {
                ("args", _) => script.arguments.extend(rest.split(' ').map(str::to_owned)),
                ("nobody", peer) => *peer = Peer::Nobody,
                ("every", peer) => *peer = Peer::Every(Vec::new()),
                ("connection", Peer::Each(scripts)) => scripts.push(Vec::new()),
                ("connection", peer) => *peer = Peer::Each(vec![Vec::new()]),
                (word, Peer::Each(scripts)) => {
                    scripts.last_mut().expect("begun with one").extend(actions(word, rest));
                }
                (word, Peer::Every(script)) => script.extend(actions(word, rest)),
                (word, _) => panic!("`{word}` before `connection` or `every`"),
            }
        }
        script
    }
}

fn actions(word: &str, rest: &str) -> Vec<Action> {
    let count = || if rest.is_empty() { 1 } else { rest.parse().expect("a count") };
    let (first, payload) = rest.split_once(' ').unwrap_or((rest, ""));
    match word {
        "request" => vec![Action::ReadRequest],
        "answer" => vec![answer(unescape(rest))],
        "accept" => vec![Action::ReadRequest, Action::Respond(ACCEPT.to_owned(), Vec::new())],
        "text" => vec![Action::Write(server_frame(0x81, &unescape(rest)))],
        "frame" => vec![Action::Write(server_frame(hex(first), &unescape(payload)))],
        "big" => {
            vec![Action::Write(server_frame(hex(first), &b"x".repeat(payload.parse().expect("a length"))))]
        }
        "close" => vec![Action::Write(close(first.parse().expect("a close code"), &unescape(payload)))],
        "write" => vec![Action::Write(rest.split(' ').map(hex).collect())],
        "echo" => vec![Action::Echo; count()],
        "pong" => vec![Action::Pong; count()],
        "read" => vec![Action::ReadFrames(count())],
        "end" => vec![Action::ReadToEnd],
        "stall" => vec![Action::Stall],
        "drop" => vec![Action::Close],
        "reset" => vec![Action::Reset],
        other => panic!("a server cannot `{other}`"),
    }
}

/// A head, which is text, and any bytes behind it.
fn answer(mut head: Vec<u8>) -> Action {
    let end = head.windows(4).position(|four| four == b"\r\n\r\n").map_or(head.len(), |at| at + 4);
    let behind = head.split_off(end);
    Action::Respond(String::from_utf8(head).expect("a head in UTF-8"), behind)
}

fn hex(digits: &str) -> u8 {
    u8::from_str_radix(digits, 16).unwrap_or_else(|_| panic!("`{digits}` is no byte in hex"))
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, escaped)) = rest.split_once('\\') {
        bytes.extend_from_slice(before.as_bytes());
        let (letter, behind) = escaped.split_at(1);
        rest = behind;
        match letter {
            "r" => bytes.push(b'\r'),
            "n" => bytes.push(b'\n'),
            "\\" => bytes.push(b'\\'),
            "x" => {
                let (digits, behind) = rest.split_at(2);
                bytes.push(hex(digits));
                rest = behind;
            }
            other => panic!("there is no escape \\{other}"),
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}
