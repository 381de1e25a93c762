//! Percentiles as the engine reports them, against what the server that caused them wrote down.
//!
//! Server and engine run in one process and read one clock. Of each round trip the server knows bounds that hold
//! however busy the machine is, because causes come before effects: a request was written before it was read here, and
//! its reply read before what the user sends next came in here. Whoever measures from another moment, loses a
//! recording or takes a wrong percentile leaves the bounds; a machine without time to spare only widens them.

use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio_tungstenite::tungstenite::{Message, WebSocket, accept};
use wsplan::compile::Compiled;
use wsplan::engine::{self, Control, Job, Outcome};
use wsplan::metrics::Timing;
use wsplan::program::Url;

use crate::support::compiling::compile_text;

/// The percentiles that are looked at, in thousandths.
const PERMILLES: [u16; 8] = [0, 100, 500, 900, 950, 990, 999, 1000];

/// What a figure may be off by where the server knows the truth as exactly: 1 %, or this.
const TOLERANCE: Duration = Duration::from_micros(200);

/// How often a run is repeated on a machine too busy for the server to know the truth within the tolerance.
const ATTEMPTS: usize = 4;

/// What the server wrote down of one connection.
struct Record {
    /// Before it said "go", from which the user goes on to its loop.
    go: Instant,
    rounds: Vec<Round>,
}

/// A request, its reply and what the user says when it has it.
struct Round {
    /// Behind the reading of the request.
    received: Instant,
    /// Before the writing of the reply.
    replied: Instant,
    /// Behind the reading of what follows from the reply.
    thanked: Instant,
}

/// A server for one connection, which answers request number *n* `delay(n)` after it has come.
fn serve(listener: TcpListener, delay: impl Fn(usize) -> Duration + Send + 'static) -> JoinHandle<Record> {
    std::thread::spawn(move || {
        let stream = listener.accept().unwrap().0;
        stream.set_nodelay(true).unwrap();
        let mut socket = accept(stream).unwrap();
        let go = Instant::now();
        socket.send(Message::text("go")).unwrap();
        let mut rounds = Vec::new();
        while let Some(request) = next(&mut socket) {
            let received = Instant::now();
            std::thread::sleep((received + delay(rounds.len())).saturating_duration_since(Instant::now()));
            let replied = Instant::now();
            socket.send(Message::text(request)).unwrap();
            assert_eq!(next(&mut socket).as_deref(), Some("thanks"));
            rounds.push(Round { received, replied, thanked: Instant::now() });
        }
        Record { go, rounds }
    })
}

fn next(socket: &mut WebSocket<TcpStream>) -> Option<String> {
    loop {
        match socket.read() {
            Ok(Message::Text(text)) => return Some(text.to_string()),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
}

/// One user that makes requests in a loop of this kind, and what became of it on both sides.
fn run(rounds: &str, delay: impl Fn(usize) -> Duration + Send + 'static) -> (Outcome, Record) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("ws://{}/", listener.local_addr().unwrap());
    let server = serve(listener, delay);
    let plan = format!(
        r#"
target: {target}
scenarios:
  user:
    steps:
      - connect: {{}}
      - expect: {{ text: go }}
      - loop:
          {rounds}
          steps:
            - name: say
              request: {{ send: "{{{{correlation_id}}}}", reply: {{ text: "{{{{correlation_id}}}}" }} }}
            - send: thanks
      - close: {{}}
"#
    );
    let Compiled { program, load, .. } = compile_text(&plan).compiled.expect("the plan is in order");
    let job = Job::new(program, load, [Url::parse(&target).unwrap()]);
    let outcome = engine::run(&job, &Control::new(), |_| {}).unwrap();
    assert_eq!(outcome.totals.errors.total(), 0, "{:?}", outcome.totals.errors);
    (outcome, server.join().unwrap())
}

fn timing<'o>(outcome: &'o Outcome, name: &str) -> &'o Timing {
    let found = outcome.totals.timings().find(|(timer, _)| *timer == name);
    found.and_then(|(_, timing)| timing).unwrap_or_else(|| panic!("no figures of {name}"))
}

fn percentile(timing: &Timing, permille: u16) -> Duration {
    timing.percentile(f64::from(permille) / 10.0).unwrap()
}

/// The shortest and the longest that each of the times was, as far as the server knows.
struct Truth {
    shortest: Vec<Duration>,
    longest: Vec<Duration>,
}

impl Truth {
    fn of(times: impl Iterator<Item = (Duration, Duration)>) -> Self {
        let (mut shortest, mut longest): (Vec<_>, Vec<_>) = times.unzip();
        // Bounds of each are bounds of the n-th longest, too.
        shortest.sort_unstable();
        longest.sort_unstable();
        Self { shortest, longest }
    }

    /// The bounds of a percentile: the least time that so many of a thousand do not exceed.
    fn percentile(&self, permille: u16) -> (Duration, Duration) {
        let rank = (usize::from(permille) * self.shortest.len()).div_ceil(1000);
        let index = rank.max(1) - 1;
        (self.shortest[index], self.longest[index])
    }

    /// Holds the figures to the bounds; whether these are as close together as the tolerance.
    fn expect(&self, name: &str, timing: &Timing) -> bool {
        assert_eq!(timing.count(), self.shortest.len() as u64, "{name}");
        let mut is_close = true;
        for permille in PERMILLES {
            let figure = percentile(timing, permille);
            let (shortest, longest) = self.percentile(permille);
            // Recorded to the microsecond, and told at most 0.1 % too long.
            let least = shortest.saturating_sub(Duration::from_micros(1));
            let most = longest + longest / 1000 + Duration::from_micros(1);
            assert!(
                least <= figure && figure <= most,
                "{name} {permille}/1000: {figure:?} is not between {shortest:?} and {longest:?}"
            );
            is_close &= longest.saturating_sub(shortest) <= TOLERANCE.max(shortest / 100);
        }
        is_close
    }
}

/// The bounds of the round trips: from the reply before, or from when the round was due, to what followed the reply.
fn round_trips(record: &Record, every: Duration) -> Truth {
    let mut before = record.go;
    let mut due = record.go;
    Truth::of(record.rounds.iter().map(|round| {
        let written_after = before.max(due);
        (before, due) = (round.replied, due + every);
        (round.replied - round.received, round.thanked - written_after)
    }))
}

/// The bounds of when the loop was entered: behind "go", and before any of its requests came in, less what that one
/// was due later.
fn entered(record: &Record, every: Duration) -> (Instant, Instant) {
    let latest = (0u32..)
        .zip(&record.rounds)
        .map(|(number, round)| round.received.checked_sub(every * number).unwrap());
    (record.go, latest.min().expect("there were rounds"))
}

/// The bounds of what somebody waited who came when the plan says.
fn intended(record: &Record, every: Duration) -> Truth {
    let entered = entered(record, every);
    Truth::of((0u32..).zip(&record.rounds).map(|(number, round)| {
        let due = (entered.0 + every * number, entered.1 + every * number);
        (round.replied.saturating_duration_since(due.1), round.thanked - due.0)
    }))
}

/// The bounds of what the requests left late by.
fn delays(record: &Record, every: Duration) -> Truth {
    let entered = entered(record, every);
    let mut before = record.go;
    Truth::of((0u32..).zip(&record.rounds).map(|(number, round)| {
        let due = (entered.0 + every * number, entered.1 + every * number);
        let shortest = before.saturating_duration_since(due.1);
        before = round.replied;
        (shortest, round.received - due.0)
    }))
}

/// Repeats a run until the machine had time enough for the truth to be known closely. The bounds hold in each.
fn expect_true_round_trips(delay: impl Fn(usize) -> Duration + Copy + Send + 'static) -> Vec<Truth> {
    let mut truths = Vec::new();
    for _ in 0..ATTEMPTS {
        let (outcome, record) = run("times: 200", delay);
        assert_eq!(record.rounds.len(), 200);
        let truth = round_trips(&record, Duration::ZERO);
        let is_close = truth.expect("say.rtt", timing(&outcome, "say.rtt"));
        truths.push(truth);
        if is_close {
            break;
        }
    }
    truths
}

#[test]
fn of_a_constant_delay() {
    for truth in expect_true_round_trips(|_| Duration::from_millis(5)) {
        assert!(truth.percentile(0).0 >= Duration::from_millis(5));
    }
}

#[test]
fn of_two_delays() {
    let (short, long) = (Duration::from_millis(2), Duration::from_millis(20));
    for truth in expect_true_round_trips(move |number| if number % 10 == 9 { long } else { short }) {
        assert!(truth.percentile(1000).0 >= long && truth.percentile(905).0 >= long);
    }
}

#[test]
fn of_a_stall_in_a_paced_run() {
    let every = Duration::from_millis(10);
    let stall = Duration::from_secs(1);
    let delay = move |number| if number == 300 { stall } else { Duration::from_millis(1) };
    let (outcome, record) = run("every: 10ms\n          for: 10s", delay);
    assert_eq!(record.rounds.len(), 1_000, "none was left out");
    round_trips(&record, every).expect("say.rtt", timing(&outcome, "say.rtt"));
    let intended = intended(&record, every);
    let figures = timing(&outcome, "say.rtt_intended");
    intended.expect("say.rtt_intended", figures);
    delays(&record, every).expect("say.send_delay", timing(&outcome, "say.send_delay"));
    // A hundred rounds came to be due in this second, the n-th with n hundredths of it before it: whoever comes at any
    // time meets it with its full weight, also if the server had no other delay at all.
    for (permille, weight) in [(950, 0.49), (990, 0.89), (1000, 1.0)] {
        let waited = percentile(figures, permille);
        assert!(waited >= stall.mul_f64(weight), "{permille}/1000: {waited:?}");
    }
    let counts = &outcome.totals.counts;
    assert_eq!((counts.sends_due, counts.sends_missed), (1_000, 0));
    assert!(counts.sends_late >= 90, "{} late", counts.sends_late);
}
