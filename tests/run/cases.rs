//! `tests/cases/run/NAME.yaml`, and beside it the server (`NAME.server`, see [`super::script`]), what the run prints
//! and what the server read (`NAME.out`), and the exit status (`NAME.exit`). Numbers that vary are masked.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use socket2::{Domain, Socket, Type};

use super::mask::{mask, mask_trace};
use super::script::{Peer, Script};
use super::{finish, wsplan_run};
use crate::support::cases::{Comparison, inputs};
use crate::support::frames::ClientFrame;
use crate::support::scripted::{ScriptedServer, Transcript};

/// How many cases run at a time. They wait more than they work.
const AT_A_TIME: usize = 8;

/// Payloads of frames are shown up to so many bytes.
const SHOWN_BYTES: usize = 100;

#[test]
fn runs_end_as_expected() {
    let plans = inputs("run", "yaml");
    let next = AtomicUsize::new(0);
    let mut results: Vec<_> = std::thread::scope(|scope| {
        let work = || {
            let mut done = Vec::new();
            while let Some(plan) = plans.get(next.fetch_add(1, Ordering::Relaxed)) {
                done.push((plan, carry_out(plan)));
            }
            done
        };
        let workers: Vec<_> = (0..AT_A_TIME).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    results.sort_by_key(|(plan, _)| *plan);
    let mut comparison = Comparison::default();
    for (plan, (output, status)) in results {
        comparison.compare(&plan.with_extension("out"), &output);
        comparison.compare(&plan.with_extension("exit"), &format!("{status}\n"));
    }
    comparison.finish();
}

/// What a case printed, on both streams and on its server's side, and its exit status.
fn carry_out(plan: &Path) -> (String, String) {
    let text = std::fs::read_to_string(plan.with_extension("server")).unwrap_or_default();
    let Script { arguments, peer } = Script::parse(&text);
    let (address, opponent) = Opponent::start(peer);
    let mut command = wsplan_run(plan.parent().unwrap());
    command.arg(plan.file_name().unwrap()).args(["--seed", "1"]).args(arguments);
    if !address.is_empty() {
        command.args(["--target", &format!("ws://{address}/")]);
    }
    let ended = finish(&mut command);
    let mut output = mask(&ended.stdout, &address);
    if !ended.stderr.is_empty() {
        let _ = write!(output, "--- standard error\n{}", mask_trace(&ended.stderr, &address));
    }
    output.push_str(&opponent.finish());
    let status = ended.status.code().map_or_else(|| ended.status.to_string(), |code| code.to_string());
    (output, status)
}

enum Opponent {
    Own,
    /// Bound and never listening: the port is refused and nobody else's.
    Nobody(#[expect(dead_code, reason = "it holds the port")] Socket),
    Each(ScriptedServer),
    Every(ScriptedServer),
}

impl Opponent {
    fn start(peer: Peer) -> (String, Self) {
        match peer {
            Peer::Own => (String::new(), Self::Own),
            Peer::Nobody => {
                let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
                let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
                socket.bind(&any.into()).unwrap();
                let address = socket.local_addr().unwrap().as_socket().unwrap();
                (address.to_string(), Self::Nobody(socket))
            }
            Peer::Each(scripts) => {
                let server = ScriptedServer::each(scripts);
                (server.address().to_string(), Self::Each(server))
            }
            Peer::Every(script) => {
                let server = ScriptedServer::every(script);
                (server.address().to_string(), Self::Every(server))
            }
        }
    }

    fn finish(self) -> String {
        let (server, is_each) = match self {
            Self::Own | Self::Nobody(_) => return String::new(),
            Self::Each(server) => (server, true),
            Self::Every(server) => (server, false),
        };
        let transcripts = server.conclude();
        if is_each { told(&transcripts) } else { counted(&transcripts) }
    }
}

/// What the server read, connection by connection.
fn told(transcripts: &[Transcript]) -> String {
    let mut text = String::from("--- the server read\n");
    for transcript in transcripts {
        let first_line = transcript.request.lines().next().unwrap_or("nothing");
        let _ = writeln!(text, "{first_line}");
        for frame in frames(transcript) {
            let _ = writeln!(text, "  {}", shown(&frame));
        }
        if let Some(failure) = &transcript.failure {
            let _ = writeln!(text, "  and then could not {failure}");
        }
    }
    text
}

/// What the server read, over all connections.
fn counted(transcripts: &[Transcript]) -> String {
    let mut kinds = std::collections::BTreeMap::<String, usize>::new();
    for frame in transcripts.iter().flat_map(frames) {
        let kind = match frame.first {
            0x88 => shown(&frame),
            _ => kind(&frame),
        };
        *kinds.entry(kind).or_default() += 1;
    }
    let mut text = format!("--- the server read on {} connections\n", transcripts.len());
    for failure in transcripts.iter().filter_map(|transcript| transcript.failure.clone()) {
        *kinds.entry(format!("could not {failure}")).or_default() += 1;
    }
    for (kind, count) in kinds {
        let _ = writeln!(text, "  {count} {kind}");
    }
    text
}

/// Also those that no action asked for.
fn frames(transcript: &Transcript) -> Vec<ClientFrame> {
    let mut frames = transcript.frames.clone();
    let mut rest = &transcript.rest[..];
    while let Some((frame, wire_bytes)) = ClientFrame::parse(rest) {
        frames.push(frame);
        rest = &rest[wire_bytes..];
    }
    frames
}

fn kind(frame: &ClientFrame) -> String {
    match frame.first {
        0x81 => "text".to_owned(),
        0x82 => "binary".to_owned(),
        0x88 => "close".to_owned(),
        0x89 => "ping".to_owned(),
        0x8a => "pong".to_owned(),
        other => format!("frame {other:02x}"),
    }
}

fn shown(frame: &ClientFrame) -> String {
    let mut text = kind(frame);
    let payload = match (frame.first, frame.payload.split_first_chunk()) {
        (0x88, Some((code, reason))) => {
            let _ = write!(text, " {}", u16::from_be_bytes(*code));
            reason
        }
        _ => &frame.payload[..],
    };
    let beginning = &payload[..payload.len().min(SHOWN_BYTES)];
    if beginning.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        let _ = write!(text, " {}", String::from_utf8_lossy(beginning));
    } else {
        let _ = write!(text, " {beginning:02x?}");
    }
    if payload.len() > SHOWN_BYTES {
        let _ = write!(text, "... of {} bytes", payload.len());
    }
    text.trim_end().to_owned()
}
