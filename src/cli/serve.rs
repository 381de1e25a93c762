//! `wsplan serve`: an embedded server in the foreground.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use super::arguments::{duration_or_zero, share, size};
use crate::serve::child::READY_PREFIX;
use crate::serve::{self, Kind, Options};

/// The arguments are wrong.
const WRONG_ARGUMENTS: u8 = 2;
/// The address cannot be listened on.
const CANNOT_LISTEN: u8 = 3;
/// Interrupted a second time, before the connections were closed.
const INTERRUPTED: i32 = 130;

/// Runs an embedded server until Ctrl-C.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  wsplan serve echo
  wsplan serve chat --listen 127.0.0.1:9001 --delay 5ms --jitter 2ms --drop 0.1%")]
pub(super) struct ServeArgs {
    /// Which server
    #[arg(value_parser = kind_parser())]
    kind: Kind,
    /// Where to listen; port 0 lets the system choose one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9001")]
    listen: SocketAddr,
    /// Threads to serve with
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,
    /// Send every reply and broadcast this much later
    #[arg(long, value_name = "DURATION", default_value = "0", value_parser = duration_or_zero)]
    delay: Duration,
    /// Add a random time up to this to the delay, keeping the order
    #[arg(long, value_name = "DURATION", default_value = "0", value_parser = duration_or_zero)]
    jitter: Duration,
    /// Never send this share of replies and broadcast copies
    #[arg(long, value_name = "PERCENT", default_value = "0%", value_parser = share)]
    drop: f64,
    /// Never send this share of broadcast copies (chat)
    #[arg(long, value_name = "PERCENT", default_value = "0%", value_parser = share)]
    lose: f64,
    /// Send this share of broadcast copies twice (chat)
    #[arg(long, value_name = "PERCENT", default_value = "0%", value_parser = share)]
    duplicate: f64,
    /// Let the sender's next one overtake this share of broadcast copies (chat)
    #[arg(long, value_name = "PERCENT", default_value = "0%", value_parser = share)]
    reorder: f64,
    /// Send one more to somebody outside of the room with this share of broadcast copies (chat)
    #[arg(long, value_name = "PERCENT", default_value = "0%", value_parser = share)]
    leak: f64,
    /// Close a connection with 1001 after this many messages from it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    close_after: Option<u64>,
    /// Fixes faults, jitter and session ids
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Time between keepalives of the chat server [default: 15s]; 0 turns them off
    #[arg(long, value_name = "DURATION", value_parser = duration_or_zero)]
    keepalive: Option<Duration>,
    /// Time in which a keepalive must be sent back [default: 10s]
    #[arg(long, value_name = "DURATION", value_parser = duration_or_zero)]
    keepalive_timeout: Option<Duration>,
    /// What every user's password is at POST /login [default: secret] (chat)
    #[arg(long, value_name = "TEXT")]
    password: Option<String>,
    /// Refuse an upgrade without a token or cookie of a login with 401 (chat)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", default_value_t = false)]
    require_login: bool,
    /// Longest message taken [default: 16MiB for echo, 1MiB for chat]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_message: Option<usize>,
    /// Take up clients that offer to compress messages (permessage-deflate)
    #[arg(
        long,
        value_name = "BOOL",
        action = ArgAction::Set,
        num_args = 0..=1,
        default_value_t = false,
        default_missing_value = "true",
        hide_possible_values = true
    )]
    deflate: bool,
    /// Stop when standard input ends, and say less: for a parent process
    #[arg(long)]
    until_stdin_closes: bool,
}

fn kind_parser() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(Kind::ALL.map(Kind::name)).try_map(|name| Kind::from_str(&name))
}

/// Serves until Ctrl-C, SIGTERM or, where asked for, the end of standard input. Standard output gets two lines: the
/// address at the start and the totals, as JSON, at the end.
pub(super) fn run(args: &ServeArgs) -> ExitCode {
    let options = match options(args) {
        Ok(options) => options,
        Err(reason) => {
            say(&format!("error: {reason}"));
            return ExitCode::from(WRONG_ARGUMENTS);
        }
    };
    raise_file_limit();
    let is_quiet = args.until_stdin_closes;
    let ready = |address| {
        print_line(&format!("{READY_PREFIX}ws://{address}"));
        if !is_quiet {
            say(&format!("{} server is up; Ctrl-C stops it", options.kind));
        }
    };
    match serve::run(args.listen, &options, ready, shutdown(args.until_stdin_closes)) {
        Ok(totals) => {
            print_line(&totals.to_json(options.kind.name()));
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::from(CANNOT_LISTEN)
        }
    }
}

fn options(args: &ServeArgs) -> Result<Options, &'static str> {
    let mut options = Options::new(args.kind);
    if args.kind == Kind::Echo && (args.keepalive.is_some() || args.keepalive_timeout.is_some()) {
        return Err("the echo server has no keepalive; --keepalive belongs to `wsplan serve chat`");
    }
    if args.kind == Kind::Echo && args.lose + args.duplicate + args.reorder + args.leak > 0.0 {
        return Err(
            "the echo server broadcasts nothing; --lose, --duplicate, --reorder and --leak belong to `wsplan serve chat`",
        );
    }
    if args.kind == Kind::Echo && (args.password.is_some() || args.require_login) {
        return Err(
            "the echo server has no login; --password and --require-login belong to `wsplan serve chat`",
        );
    }
    if args.lose + args.duplicate + args.reorder > 1.0 {
        return Err("--lose, --duplicate and --reorder are shares of the same copies: together at most 100%");
    }
    options.threads = args.threads.into();
    options.deflate = args.deflate;
    options.faults.delay = args.delay;
    options.faults.jitter = args.jitter;
    options.faults.drop = args.drop;
    options.faults.lose = args.lose;
    options.faults.duplicate = args.duplicate;
    options.faults.reorder = args.reorder;
    options.faults.leak = args.leak;
    options.faults.close_after = args.close_after;
    options.faults.seed = args.seed;
    if let Some(interval) = args.keepalive {
        options.keepalive.interval = interval;
    }
    if let Some(timeout) = args.keepalive_timeout {
        options.keepalive.timeout = timeout;
    }
    options.login.is_required = args.require_login;
    if let Some(password) = &args.password {
        options.login.password.clone_from(password);
    }
    if let Some(message_bytes) = args.max_message {
        options.limits.message_bytes = message_bytes;
    }
    Ok(options)
}

/// Completes at the first reason to stop; a second interrupt after it ends the process where it stands.
async fn shutdown(until_stdin_closes: bool) {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    tokio::select! {
        () = received(&mut interrupt) => {}
        () = received(&mut terminate) => {}
        () = stdin_end(), if until_stdin_closes => {}
    }
    tokio::spawn(async move {
        received(&mut interrupt).await;
        std::process::exit(INTERRUPTED);
    });
}

/// Never, where the handler could not be installed: the signal then ends the process as it does by default.
async fn received(signal: &mut io::Result<Signal>) {
    match signal {
        Ok(signal) => {
            signal.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

/// Watched by a thread, because reading a standard input that is a terminal or a file cannot be polled.
async fn stdin_end() {
    let (ended, end) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        let _ended = ended;
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
    });
    let _ = end.await;
}

/// A connection is a file: takes as many as the system lets the process have without asking for more rights.
fn raise_file_limit() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        // Where it is refused, accepting pauses at the lower limit.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

/// A result. Whoever should read it may be gone; that is no reason not to end cleanly.
fn print_line(line: &str) {
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// A line for people.
fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
