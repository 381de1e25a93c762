//! Whatever a plan asks of a server, the one that is made up says it; where it cannot, it says so.

use std::time::Duration;

use wsplan::dry::{Job, Outcome, Peer};
use wsplan::metrics::ErrorKind;

use super::{job, line_of, run};
use crate::support::compiling::compile_file;

/// A plan that waits for a message of which this is asked.
fn expecting(expect: &str) -> String {
    format!(
        "target: ws://127.0.0.1:1/\nvars: {{ n: 41, word: hello, list: [1, 2] }}\nscenarios:\n  user:\n    steps:\n      - connect: {{}}\n      - expect: {expect}\n"
    )
}

/// A dry run of a plan in which nothing fails.
fn run_well(plan: &str) -> Outcome {
    let outcome = run(&job(plan));
    assert!(outcome.is_well(), "{:?} {:?}", outcome.errors, outcome.unanswered);
    outcome
}

#[test]
fn messages_are_made_up_for_all_that_can_be_asked() {
    let fields = [
        "{ $.type: joined }",
        "{ $.a.b.c: 1, $.a.d: true, $.e: null }",
        "{ $.n: { gte: 3, lt: 4 }, $.m: { gt: 10, lte: 11 }, $.k: { gt: 1.5, lt: 1.6 } }",
        "{ $.s: { gt: abc }, $.t: { ne: made-up }, $.u: { lt: b } }",
        "{ $.a: { type: string }, $.b: { type: integer }, $.c: { type: array }, $.d: { type: object }, $.e: { type: boolean }, $.f: { type: 'null' } }",
        "{ $.id: '{{correlation_id}}', $.n: '{{n}}', $.both: 'x-{{word}}-{{user.id}}' }",
        "{ $.list: { eq: [1, '{{n}}', { a: '{{word}}' }] } }",
        "{ $.kind: { one_of: [message, announcement], matches: ^ann } }",
        "{ $.text: { matches: '^He', contains: world, length: { gte: 20 } } }",
        "{ $.text: { matches: '^[A-Z][a-z]+-[0-9]{3}$' } }",
        "{ $.items: { length: 3 }, '$.items[1].id': 7 }",
        "{ $.items: { contains: x }, $.map: { contains: key }, $.map.other: 1 }",
        "{ '$.items[-1]': last, '$.items[0]': first, $.items: { length: { gte: 2 } } }",
        "{ '$.items[*].id': 5, '$..deep': { exists: true } }",
        "{ '$.users[?@.name == \"ann\" && @.age == 3].id': 9 }",
        "{ $.gone: { exists: false }, $.there: { exists: true } }",
        "{ '$[0]': { type: number }, '$[2]': x }",
        "{ $: { type: string } }",
        "{ $: { length: 4, type: array } }",
        "{ text: { equals: pong } }",
        "{ text: { starts_with: 'room ', matches: 'members=[0-9]+', length: { gt: 30 } } }",
        "{ text: { contains: '{{word}}' } }",
        "{ binary: { starts_with: { hex: 00ff }, contains: { hex: '1020' }, length: 16 } }",
        "{ binary: { equals: { hex: '0102' } } }",
        "{ binary: { matches: '^(?-u)\\xff[0-9]+' } }",
    ];
    for expect in fields {
        let outcome = run(&job(&expecting(expect)));
        assert!(outcome.unanswered.is_empty(), "{expect}: {:?}", outcome.unanswered);
        assert!(outcome.is_well(), "{expect}: {:?}", outcome.errors);
        assert_eq!((outcome.counts.messages_received, outcome.counts.iterations), (1, 1), "{expect}");
    }
}

#[test]
fn what_is_captured_is_there() {
    run_well(&expecting(
        "{ where: { $.type: joined }, assert: { $.room: { length: { gt: 3 } } }, capture: { id: $.session.id, first: '$.members[*].name', code: { regex: 'code=([0-9a-f]+);', path: $.text } } }",
    ));
    run_well(&expecting(
        "{ where: { text: { starts_with: id } }, capture: { id: { regex: 'id=(\\w{4}) n=(\\d+)', group: 2 } } }",
    ));
}

#[test]
fn what_is_captured_is_of_a_kind_that_later_steps_can_use() {
    let plan = "
target: ws://127.0.0.1:1/
scenarios:
  user:
    steps:
      - connect: {}
      - expect:
          where: { $.type: state }
          capture: { members: $.members, count: $.count, who: $.who, depth: $.depth, length: $.length }
      - send: { next: '{{add count 1}}', first: '{{who.names.1}}', city: '{{who.address.city}}', text: '{{random_string length}}' }
      - loop: { over: '{{members}}', as: member, steps: [{ send: '{{member.id}}' }] }
      - loop:
          while: { depth: { lt: 3 } }
          steps: [{ request: { send: more, reply: { $.type: more }, capture: { depth: $.depth } } }]
      - set: { status: waiting }
      - loop:
          while: { status: { ne: done } }
          steps: [{ request: { send: poll, reply: { $.type: polled }, capture: { status: $.status } } }]
";
    let outcome = run_well(plan);
    assert_eq!((outcome.counts.messages_sent, outcome.counts.iterations), (3, 1));
}

#[test]
fn several_messages_come_together_and_those_that_must_not_come_do_not() {
    let plan = "
target: ws://127.0.0.1:1/
scenarios:
  user:
    steps:
      - connect: {}
      - expect: { where: { $.type: tick }, count: 100, within: 1s }
      - expect: { any_order: [{ $.type: a }, { where: { $.type: b }, capture: { b: $.b } }, { $.type: c }], within: 1s }
      - expect: { where: { $.type: error }, absent: 2s }
      - expect: { where: { $.type: odd }, at_most: 3, within: 2s }
      - ping: true
      - expect_close: { code: 4001, reason: { contains: bye } }
";
    let outcome = run_well(plan);
    assert_eq!(outcome.counts.messages_received, 103);
    assert_eq!((outcome.elapsed.as_secs(), outcome.counts.connections_closed_by_peer), (4, 1));
}

#[test]
fn requests_are_answered_also_where_many_are_pending() {
    let plan = "
target: ws://127.0.0.1:1/
scenarios:
  user:
    steps:
      - connect: {}
      - loop:
          times: 50
          steps:
            - request:
                send: { id: '{{correlation_id}}', n: '{{loop.index}}' }
                reply: { $.re: '{{correlation_id}}' }
                assert: { $.ok: true, $.n: { gte: 1 } }
                capture: { last: $.token }
                await: false
                in_flight: 8
      - await_all: true
      - request: { send: plain, reply: { text: { equals: 'plain {{user.id}}' } } }
";
    let outcome = run_well(plan);
    assert_eq!((outcome.counts.requests, outcome.counts.messages_received), (51, 51));
    assert!(outcome.counts.requests_throttled > 0);
}

#[test]
fn answers_over_http_and_to_upgrades_are_as_the_plan_wants_them() {
    let plan = "
target: ws://127.0.0.1:1/
scenarios:
  user:
    steps:
      - http:
          post: /login
          json: { user: ann }
          expect: { status: [201, 4xx], headers: { etag: { contains: 'W/', matches: '[0-9]{3}' } }, body: { $.role: { one_of: [admin, user] } } }
          capture: { token: $.token, status: { status: true }, etag: { header: etag }, sid: { cookie: session } }
      - http: { get: /plain, expect: { status: 5xx } }
      - connect: { expect_status: 403 }
      - connect: { subprotocols: [a.v1, b.v2], expect_subprotocol: b.v2, capture: { server: { header: server, regex: 'v([0-9]+)' } } }
      - send: '{{token}} {{status}} {{etag}} {{sid}} {{server}}'
";
    let outcome = run_well(plan);
    let counts = &outcome.counts;
    assert_eq!((counts.http_requests, counts.connections_refused, counts.connections_established), (2, 1, 1));
    assert!(counts.http_bytes_sent > 0 && counts.http_bytes_received > 0);
    // The connection for HTTP and the other one.
    assert_eq!(outcome.connections_peak, 2);
}

#[test]
fn a_setup_goes_before_all_users_and_hands_on_what_it_captured() {
    let plan = "
target: ws://127.0.0.1:1/
load: { users: 3 }
setup: [{ connect: {} }, { request: { send: make, reply: { $.type: made }, capture: { room: $.room } } }]
scenarios:
  user:
    steps: [{ connect: {} }, { send: '{{room}}' }]
teardown: [{ connect: {} }, { send: clean }]
";
    let outcome = run_well(plan);
    assert_eq!((outcome.counts.users_started, outcome.counts.messages_sent), (3, 5));
    let failing = plan.replace("$.type: made", "$.type: { lt: 1, gt: 2 }");
    let outcome = run(&job(&failing));
    assert_eq!((outcome.ending, outcome.counts.users_started), (wsplan::dry::Ending::NotSetUp, 0));
}

#[test]
fn what_cannot_be_made_up_is_told_with_its_place() {
    for (expect, reason) in [
        ("{ $.n: { gt: 5, lt: 4 } }", "nothing was found that satisfies $.n gt 5 and $.n lt 4"),
        ("{ '$.a[?length(@.b) == 3].c': 1 }", "nothing was found that satisfies"),
        (
            "{ where: { $.a: 1 }, capture: { b: { regex: 'a^b', path: $.b } } }",
            "what was made up does not do: cannot capture b",
        ),
    ] {
        let plan = expecting(expect);
        let job = job(&plan);
        let outcome = run(&job);
        let [unanswered] = &outcome.unanswered[..] else { panic!("{expect}: {outcome:?}") };
        assert!(unanswered.reason.starts_with(reason), "{expect}: {}", unanswered.reason);
        assert_eq!((line_of(&job.program, &plan, unanswered.place), unanswered.count), (7, 1));
        assert_eq!(outcome.errors.of_kind(ErrorKind::Timeout), 1);
    }
    let plan = expecting("{ $.type: tick }")
        .replace("    steps:", "    always: [{ when: { $.type: { matches: ^t } } }]\n    steps:");
    let outcome = run(&job(&plan));
    assert_eq!(outcome.unanswered[0].reason, "an `always` rule takes the message that it waits for");
}

#[test]
fn every_ready_made_plan_is_answered() {
    let folder = crate::support::documents::root().join("plans");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        let compiled = compile_file(&path).compiled.expect("it is in order");
        let outcome = run(&Job { users_simulated: 40, ..Job::new(compiled.program, compiled.load) });
        assert!(outcome.unanswered.is_empty(), "{}: {:?}", path.display(), outcome.unanswered);
        assert!(outcome.is_well(), "{}: {:?} {:?}", path.display(), outcome.ending, outcome.errors);
        count += 1;
    }
    assert!(count > 10, "{count}");
}

#[test]
fn a_server_that_is_too_far_away_is_not_reached_in_time() {
    let plan = "
target: ws://127.0.0.1:1/
load: { users: 2 }
defaults: { connect_timeout: 2s, restart_delay: 1s }
scenarios:
  user:
    steps:
      - connect: { reconnect: { attempts: 2, delay: 1s, factor: 1, jitter: 0 } }
";
    let far = run(&Job { latency: Duration::from_secs(3), ..job(plan) });
    assert_eq!(far.errors.of_kind(ErrorKind::ConnectTimeout), 2);
    assert_eq!((far.counts.connections_attempted, far.counts.connections_failed), (6, 6));
    let near = run(&Job { latency: Duration::from_secs(1), ..job(plan) });
    assert!(near.is_well(), "{:?}", near.errors);
}

#[test]
fn the_silent_server_says_nothing() {
    let plan = "
target: ws://127.0.0.1:1/
load: { users: 4 }
scenarios:
  user:
    steps:
      - connect: {}
      - ping: { within: 1s }
      - request: { send: hello, reply: { text: hello }, within: 2s }
";
    let silent = run(&Job { peer: Peer::Silent, ..job(plan) });
    assert_eq!((silent.counts.messages_received, silent.wire_bytes_received), (0, 0));
    assert_eq!((silent.errors.of_kind(ErrorKind::Timeout), silent.counts.connections_established), (4, 4));
    // The timeout, and the wait for an answer to the goodbye.
    assert_eq!(silent.elapsed.as_secs(), 3);
    let plan = plan.replace("ping: { within: 1s }", "http: { get: /, within: 3s }");
    let silent = run(&Job { peer: Peer::Silent, ..job(&plan) });
    assert_eq!((silent.counts.http_failed, silent.errors.of_kind(ErrorKind::Timeout)), (4, 4));
}
