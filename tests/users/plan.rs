//! Random plans of one user.

use std::fmt::Write as _;
use std::time::Duration;

use rand::RngExt;
use wsplan::machine::Rng;

use super::pick;

/// How deep loops stand in loops.
const DEPTH_MAX: usize = 2;

/// What a plan is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// All steps, but none that waits for a message other than a reply.
    Requests,
    /// All steps.
    Any,
    /// All steps, on two connections.
    Several,
    /// All steps, on two connections of which one or both are opened again when they are lost.
    Reconnecting,
    /// All steps, on connections of a pool, which the user gives back.
    Borrowing,
    /// One paced loop, entered when the connection stands, of which it is known from outside what is due.
    Paced,
}

impl Shape {
    pub(super) const ALL: [Self; 6] =
        [Self::Requests, Self::Any, Self::Several, Self::Reconnecting, Self::Borrowing, Self::Paced];
}

/// When the rounds of a loop are due.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    every: Duration,
    times: u64,
}

impl Pace {
    /// How many rounds are due so long after the loop was entered.
    pub(super) fn due_count(&self, since: Duration) -> u64 {
        let begun = since.as_nanos() / self.every.as_nanos() + 1;
        self.times.min(u64::try_from(begun).unwrap())
    }
}

pub(super) struct Plan {
    pub(super) shape: Shape,
    pub(super) text: String,
    pub(super) iteration_count: u64,
    /// Of its loop, where it is the only one.
    pub(super) pace: Option<Pace>,
    /// How many attempts in a row may fail on each connection.
    pub(super) attempts: [u64; 2],
}

impl Plan {
    pub(super) fn random(rng: &mut Rng, shape: Shape) -> Self {
        let on_failure = pick(rng, &["restart", "continue", "stop"]);
        let iteration_count = pick(rng, &[1, 3, 10]);
        let mut text = format!(
            "target: ws://127.0.0.1:9001
defaults: {{ inbox_messages: 3, restart_delay: 10ms, on_failure: {on_failure} }}
load: {{ users: 1, iterations: {iteration_count} }}
scenarios:
  user:
    always:
      - when: {{ $.type: keepalive }}
        echo: true
      - when: {{ $.type: kick }}
        fail: kicked
    steps:
"
        );
        let attempts = match shape {
            Shape::Borrowing => {
                text.insert_str(0, "pools: { bus: { size: 2 } }\n");
                [0, 0]
            }
            Shape::Reconnecting => [connect(rng, "", &mut text), connect(rng, "feed", &mut text)],
            Shape::Several => {
                text.push_str("      - connect: /\n      - { name: feed, connect: /feed }\n");
                [0, 0]
            }
            _ => {
                text.push_str("      - connect: /\n");
                [0, 0]
            }
        };
        let pace = (shape == Shape::Paced).then(|| paced_loop(rng, &mut text));
        match shape {
            Shape::Paced => {}
            Shape::Borrowing => borrows(rng, &mut text),
            _ => steps(rng, shape, DEPTH_MAX, 6, &mut text),
        }
        let end = match shape {
            Shape::Requests => "close: {}",
            Shape::Several | Shape::Reconnecting if rng.random_bool(0.5) => "{ close: {}, on: feed }",
            // Behind its blocks it has no connection.
            Shape::Borrowing => "log: x",
            _ => pick(rng, &["close: {}", "expect_close: { within: 20ms }"]),
        };
        if pace.is_some() || rng.random_bool(0.5) {
            let _ = writeln!(text, "      - {end}");
        }
        Self { shape, text, iteration_count, pace, attempts }
    }
}

/// A connection that is opened again, or not; how many attempts in a row may fail.
fn connect(rng: &mut Rng, name: &str, text: &mut String) -> u64 {
    let named = if name.is_empty() { String::new() } else { format!("name: {name}\n        ") };
    let _ = writeln!(text, "      - {named}connect:\n          path: /{name}");
    let attempts = pick(rng, &[0, 1, 2, 5]);
    if attempts > 0 {
        let then = pick(rng, &["resume", "restart"]);
        let delay = pick(rng, &["0s", "1ms", "20ms"]);
        let _ = writeln!(
            text,
            "          reconnect: {{ attempts: {attempts}, delay: {delay}, max_delay: 50ms, then: {then} }}"
        );
    }
    if rng.random_bool(0.5) {
        let step = match rng.random_range(0..5) {
            0 => "send: { t: x }".to_owned(),
            1 => "think: 3ms".to_owned(),
            2 => expect(rng),
            _ => request(rng, KEYED, ""),
        };
        let _ = writeln!(text, "          on_connected:\n            - {step}");
    }
    attempts
}

/// Blocks with connections of the pool, once or in rounds.
fn borrows(rng: &mut Rng, text: &mut String) {
    let times = pick(rng, &[1, 1, 4]);
    let _ = writeln!(text, "      - loop:\n          times: {times}\n          steps:");
    for name in ["bus", "other"].iter().take(rng.random_range(1..3)) {
        let _ = writeln!(
            text,
            "            - name: {name}\n              borrow:\n                from: bus\n                steps:"
        );
        steps(rng, Shape::Borrowing, 1, 18, text);
    }
}

fn paced_loop(rng: &mut Rng, text: &mut String) -> Pace {
    let (every_ms, times) = (pick(rng, &[3, 10, 30]), pick(rng, &[1, 5, 30]));
    let first = match rng.random_range(0..6) {
        0 => "send: { t: x }".to_owned(),
        5 => ping(rng),
        1 => request(rng, "$.type: said", ""),
        2 => request(rng, KEYED, ""),
        3 => "choose: [{ steps: [send: { t: x }] }, { weight: 2, steps: [group: [send: { t: y }]] }]"
            .to_owned(),
        _ => pipelined(rng, KEYED),
    };
    let second = match rng.random_range(0..6) {
        0 => "think: 9ms".to_owned(),
        1 => "await_all: true".to_owned(),
        2 | 3 => expect(rng),
        4 => request(rng, KEYED, ""),
        _ => "log: x".to_owned(),
    };
    let _ = writeln!(
        text,
        "      - loop:
          every: {every_ms}ms
          times: {times}
          steps:
            - {first}
            - {second}"
    );
    Pace { every: Duration::from_millis(every_ms), times }
}

/// A few steps, each in a line of its own behind so many spaces.
fn steps(rng: &mut Rng, shape: Shape, depth: usize, indent: usize, text: &mut String) {
    let pad = " ".repeat(indent);
    for _ in 0..rng.random_range(1..4) {
        let step = match rng.random_range(0..15) {
            0 => "send: { t: x }".to_owned(),
            1 | 2 => request(rng, KEYED, ""),
            3..=5 => pipelined(rng, &format!("{KEYED}, $.type: said")),
            6 => "await_all: true".to_owned(),
            7 => format!("think: {}ms", pick(rng, &[0, 3, 30])),
            8 | 9 if depth > 0 => {
                let every = pick(rng, &["", "every: 7ms", "every: 30ms"]);
                let until = pick(rng, &["times: 1", "times: 4", "times: 50", "for: 40ms", "times: 0"]);
                let _ = writeln!(text, "{pad}- loop:");
                for line in [every, until, "steps:"].iter().filter(|line| !line.is_empty()) {
                    let _ = writeln!(text, "{pad}    {line}");
                }
                steps(rng, shape, depth - 1, indent + 6, text);
                // A loop for a time in which nothing waits is refused.
                let _ = writeln!(text, "{pad}      - think: 1ms");
                continue;
            }
            10 if shape != Shape::Requests => ping(rng),
            14 if depth > 0 => {
                block(rng, shape, depth - 1, indent, text);
                continue;
            }
            11.. if shape != Shape::Requests => expect(rng),
            _ => "log: x".to_owned(),
        };
        let acts = !step.starts_with("think") && !step.starts_with("log");
        let is_on_feed =
            matches!(shape, Shape::Several | Shape::Reconnecting) && acts && rng.random_bool(0.5);
        let step = match step.strip_prefix('{') {
            Some(rest) if is_on_feed => format!("{{ on: feed,{rest}"),
            None if is_on_feed => format!("{{ {step}, on: feed }}"),
            _ => step,
        };
        let _ = writeln!(text, "{pad}- {step}");
    }
}

/// Steps of which some are done: which, depends on draws and on the round.
fn block(rng: &mut Rng, shape: Shape, depth: usize, indent: usize, text: &mut String) {
    let pad = " ".repeat(indent);
    let inner = |rng: &mut Rng, text: &mut String| steps(rng, shape, depth, indent + 4, text);
    match rng.random_range(0..5) {
        0 => {
            let _ = writeln!(text, "{pad}- choose:");
            for weight in 1..=rng.random_range(1..4) {
                let _ = writeln!(text, "{pad}  - weight: {weight}\n{pad}    steps:");
                steps(rng, shape, depth, indent + 6, text);
            }
        }
        1 => {
            let _ = writeln!(
                text,
                "{pad}- if:\n{pad}    when: {{ user.iteration: {{ lt: 2 }} }}\n{pad}    then:"
            );
            inner(rng, text);
            if rng.random_bool(0.5) {
                let _ = writeln!(text, "{pad}    else:");
                inner(rng, text);
            }
        }
        2 => {
            let _ = writeln!(text, "{pad}- name: all\n{pad}  group:");
            inner(rng, text);
        }
        3 => {
            let list = pick(rng, &["[a, 2, {}]", "[]", "['{{user.id}}', [1]]"]);
            let _ = writeln!(text, "{pad}- loop:\n{pad}    over: {list}\n{pad}    steps:");
            inner(rng, text);
        }
        _ => {
            let ending = pick(rng, &["stop: iteration", "stop: user", "stop: run", "fail: enough"]);
            let iteration = rng.random_range(0..3);
            let _ =
                writeln!(text, "{pad}- if: {{ when: {{ user.iteration: {iteration} }}, then: [{ending}] }}");
        }
    }
}

const KEYED: &str = r#"$.re: "{{correlation_id}}""#;

fn within(rng: &mut Rng) -> &'static str {
    pick(rng, &["5ms", "20ms", "50ms", "200ms"])
}

fn request(rng: &mut Rng, reply: &str, rest: &str) -> String {
    let within = within(rng);
    format!(
        r#"request: {{ send: {{ id: "{{{{correlation_id}}}}" }}, reply: {{ {reply} }}, within: {within}{rest} }}"#
    )
}

/// A request that is not waited for.
fn pipelined(rng: &mut Rng, reply: &str) -> String {
    let in_flight = pick(rng, &[1, 2, 5, 50]);
    request(rng, reply, &format!(", await: false, in_flight: {in_flight}"))
}

fn ping(rng: &mut Rng) -> String {
    format!("{{ name: beat, ping: {{ within: {} }} }}", within(rng))
}

fn expect(rng: &mut Rng) -> String {
    let within = within(rng);
    let rest = match rng.random_range(0..4) {
        0 => {
            let count = pick(rng, &[1, 2, 5]);
            format!("where: {{ $.type: news }}, count: {count}, within: {within}")
        }
        1 => {
            let judged = "where: { $.type: news }, assert: { $.n: { ne: 3 } }";
            format!("any_order: [{{ $.type: news, $.n: 1 }}, {{ {judged} }}], within: {within}")
        }
        2 => format!("where: {{ $.type: news }}, absent: {within}"),
        _ => format!("where: {{ $.type: news }}, at_most: 2, within: {within}"),
    };
    format!("expect: {{ {rest} }}")
}
