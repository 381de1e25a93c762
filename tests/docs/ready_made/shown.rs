//! What the plans are for: which of the things that people know from other tools each stands for, how it is run to see
//! it, and what must then be seen. What is seen are counts, for the machine may be busy.

use super::carried_out::{Ran, Run};

/// Something that people look for, and the plans that show it.
pub(super) struct Row {
    /// What they know it from.
    pub(super) from: &'static str,
    pub(super) what: &'static str,
    pub(super) plans: &'static [&'static str],
}

const fn row(from: &'static str, what: &'static str, plans: &'static [&'static str]) -> Row {
    Row { from, what, plans }
}

const RECIPE: &str = "recipes of session protocols";
const SOCKETS_OF_LOCUST: &str = "sockets in Locust";
const KEEPALIVES: &str = "keepalive protocols in Locust";
const LOADS: &str = "loads of small tools";
const FRAMEWORK: &str = "frameworks for WebSocket loads";
const OWN: &str = "wsplan's own";

pub(super) const ROWS: &[Row] = &[
    row(RECIPE, "a session attached on connect and asserted", &["session-attach"]),
    row(RECIPE, "message ids and sessions that belong together", &["session-attach"]),
    row(RECIPE, "errors and times by name", &["session-attach"]),
    row(RECIPE, "on failure close and connect again", &["session-attach"]),
    row(RECIPE, "host on the command line, path in the plan", &["session-attach"]),
    row(SOCKETS_OF_LOCUST, "HTTP login, its cookie carried into the upgrade", &["one-connection", "login"]),
    row(SOCKETS_OF_LOCUST, "named sends on one connection for the whole run", &["one-connection"]),
    row(KEEPALIVES, "TLS and a query, keepalives echoed, 10 users at 3 a second", &["keepalive"]),
    row(KEEPALIVES, "the percentiles that are asked for", &["keepalive"]),
    row(LOADS, "once", &["once"]),
    row(LOADS, "100 users ten times: hits, rate, sockets, bytes", &["iterations"]),
    row(LOADS, "a bar of how far it is, where that is known", &["iterations", "steady"]),
    row(LOADS, "10, 20, 30 users twenty times", &["rounds"]),
    row(LOADS, "HTTP and WebSocket in one plan", &["http-and-websocket"]),
    row(LOADS, "callbacks in order", &["callbacks"]),
    row(FRAMEWORK, "connections that stay", &["persistent"]),
    row(FRAMEWORK, "connections that come and go", &["intermittent"]),
    row(FRAMEWORK, "connections with bursts", &["bursty"]),
    row(FRAMEWORK, "failover", &["failover"]),
    row(FRAMEWORK, "event messages", &["events"]),
    row(FRAMEWORK, "command messages", &["commands"]),
    row(FRAMEWORK, "query messages", &["queries"]),
    row(FRAMEWORK, "monitoring messages", &["monitoring"]),
    row(FRAMEWORK, "mixed messages", &["mixed"]),
    row(FRAMEWORK, "steady load", &["steady"]),
    row(FRAMEWORK, "burst load", &["burst"]),
    row(FRAMEWORK, "ramp load", &["ramp"]),
    row(FRAMEWORK, "stress load", &["stress"]),
    row(FRAMEWORK, "realistic load and messages: active 0.2, regular 0.5, passive 0.3", &["realistic"]),
    row(FRAMEWORK, "waves of users", &["waves"]),
    row(FRAMEWORK, "a pool of connections, with a timeout", &["pool"]),
    row(FRAMEWORK, "success rates, throughput, latency, errors by type", &["commands"]),
    row(OWN, "a tour", &["quickstart", "chat", "echo"]),
    row(OWN, "names from a file", &["accounts"]),
    row(OWN, "delivery", &["delivery"]),
    row(OWN, "the load at which it breaks", &["search"]),
];

/// A load that is small and soon over.
const SHORT: [&str; 6] = ["--users", "10", "--ramp", "200ms", "--duration", "3s"];

const fn well(plan: &'static str, arguments: &'static [&'static str], shows: fn(&Ran) -> bool) -> Run {
    Run { plan, arguments, goes_well: true, shows }
}

/// A run in which something is to fail.
const fn badly(plan: &'static str, arguments: &'static [&'static str], shows: fn(&Ran) -> bool) -> Run {
    Run { plan, arguments, goes_well: false, shows }
}

pub(super) const RUNS: &[Run] = &[
    well("accounts", &SHORT, |ran| ran.times("join.rtt") >= 10 && ran.count("users.started") == 10),
    well("bursty", &SHORT, |ran| ran.count("requests.made") >= 200),
    well("callbacks", &[], |ran| {
        let heard = ["on join: 0 is in", "on callback's message"].map(str::to_owned).into_iter();
        let numbers = (0..3).map(|n| format!("on message {}: number {n}", n + 2));
        ran.log == heard.chain(numbers).collect::<Vec<_>>()
    }),
    well("chat", &SHORT, |ran| ran.times("join.rtt") == 8 && ran.times("joined.wait") == 2),
    well("burst", &[], |ran| {
        let arrivals = [ran.count("arrivals.due"), ran.count("arrivals.missed")];
        arrivals == [200, 0] && ran.count("users.started") == 200 && ran.times("ask.rtt") == 600
    }),
    well("commands", &SHORT, |ran| ran.times("attach.rtt") == 10 && ran.times("command.rtt") >= 10),
    badly("commands", &["--users", "10", "--duration", "4s", "--target", "builtin:chat?drop=40%"], |ran| {
        let [attached, commanded, failed] =
            ["steps.attach.failed", "steps.command.failed", "iterations.failed"].map(|path| ran.count(path));
        // All that fails is of one type, told of by name, and a user that failed has connected anew.
        failed > 0
            && [attached + commanded, ran.errors("timeout")] == [failed; 2]
            && ran.summary["steps"]["command"]["success"].as_f64().is_some_and(|share| share < 1.0)
            && ran.count("connections.established") > 10
    }),
    well("delivery", &SHORT, |ran| {
        ran.count("delivery.chat.published") > 0 && ran.count("delivery.chat.lost") == 0
    }),
    well("echo", &[], |ran| ran.times("echo.rtt") == 1000 && ran.times("binary.rtt") == 10),
    well("events", &SHORT, |ran| {
        let [published, delivered] =
            ["published", "delivered"].map(|what| ran.count(&format!("delivery.order_event.{what}")));
        // There are eight subscribers, and nobody waits for an answer, but to the join.
        published > 0 && delivered > published && ran.count("requests.made") == 10
    }),
    well(
        "failover",
        &[
            "--users",
            "10",
            "--duration",
            "3s",
            "--target",
            "ws://127.0.0.1:1",
            "--target",
            "{server}",
            "--seed",
            "1",
        ],
        |ran| {
            let failovers = ran.count("connections.failovers");
            failovers > 0 && failovers < 10 && ran.times("connect.failover") == failovers
        },
    ),
    well("http-and-websocket", &SHORT, |ran| {
        let sockets = ran.count("connections.established");
        sockets > 0 && ran.count("http.requests") > sockets && ran.times("page.total") > sockets
    }),
    well("intermittent", &SHORT, |ran| {
        ran.count("connections.established") > 10 && ran.count("iterations.ended") > 10
    }),
    well("iterations", &[], |ran| {
        let hits = ["requests.made", "steps.hit.succeeded", "connections.established", "iterations.ended"];
        hits.map(|path| ran.count(path)) == [1000; 4]
            && ran.count("users.started") == 100
            && ran.count("messages.bytes_received") > 20_000
            && ran.summary["steps"]["hit"]["per_second"].as_f64().is_some_and(|rate| rate > 0.0)
    }),
    well("keepalive", &["--target", "{server}", "--percentiles", "50,66,75,80,90,95,98,99,100"], |ran| {
        let figures = ran.summary["metrics"]["alive.rtt"]["percentiles"].as_object().unwrap();
        let asked = [50, 66, 75, 80, 90, 95, 98, 99, 100].map(|percentile| format!("p{percentile}"));
        // What is not a keepalive is answered, which the server does each 200 ms.
        ran.count("users.peak") == 10
            && ran.count("messages.sent") > 100
            && ran.count("messages.unmatched") == 0
            && asked.iter().all(|name| figures[name].is_u64())
    }),
    well("login", &SHORT, |ran| ran.times("login.total") >= 9 && ran.count("connections.refused") >= 1),
    well("mixed", &["--users", "10", "--duration", "3s", "--seed", "7"], |ran| {
        let [event, command, query, report] =
            ["event", "command", "query", "report"].map(|name| ran.times(&format!("{name}.rtt")));
        [command, query, report].iter().all(|count| (1..event).contains(count))
    }),
    well("monitoring", &SHORT, |ran| ran.times("report.rtt") >= 30 && ran.times("alive.rtt") >= 10),
    badly(
        "monitoring",
        &["--users", "5", "--duration", "4s", "--target", "builtin:chat?delay=600ms"],
        |ran| ran.count("sends.late") > 0 && ran.mean("report.rtt_intended") > ran.mean("report.rtt"),
    ),
    well("once", &[], |ran| {
        let counts = ["users.started", "iterations.ended", "connections.established", "messages.sent"];
        counts.map(|path| ran.count(path)) == [1, 1, 1, 2] && ran.times("heard.wait") == 1
    }),
    well("one-connection", &SHORT, |ran| {
        // The server lets nobody in without the cookie, and nobody comes twice.
        let counts = ["http.requests", "connections.established", "connections.closed_by_peer"];
        counts.map(|path| ran.count(path)) == [10, 10, 0]
            && ["login.total", "join.rtt"].map(|timer| ran.times(timer)) == [10; 2]
            && ["say.rtt", "look.rtt"].iter().all(|timer| ran.times(timer) > 0)
    }),
    well(
        "persistent",
        &[
            "--users",
            "5",
            "--ramp",
            "0s",
            "--duration",
            "5s",
            "--target",
            "builtin:chat?close-after=20&keepalive=100ms",
        ],
        |ran| {
            let reconnects = ran.count("connections.reconnects");
            reconnects > 0 && ran.times("join.rtt") >= reconnects && ran.count("users.started") == 5
        },
    ),
    well("pool", &["--users", "10", "--duration", "3s"], |ran| {
        ran.count("pools.opened") == 4 && ran.count("pools.borrowed") >= 20 && ran.times("bus.acquire") >= 20
    }),
    badly(
        "pool",
        &["--users", "10", "--duration", "5s", "--iterations", "1", "--target", "builtin:echo?delay=3s"],
        |ran| {
            // Four have a connection, for longer than the others wait.
            ran.times("ask.rtt") == 4 && ran.errors("acquire_timeout") == 6
        },
    ),
    well("queries", &SHORT, |ran| {
        // Twelve at a time, of which eight may be pending.
        let is_bounded = ran.count("requests.throttled") > 0;
        is_bounded && ran.times("query.rtt") >= 120 && ran.count("requests.replies_missing") == 0
    }),
    well("quickstart", &SHORT, |ran| ran.times("join.rtt") == 10 && ran.times("say.rtt") >= 10),
    well("ramp", &[], |ran| ran.count("users.peak") == 60 && ran.count("users.started") == 60),
    well("realistic", &["--users", "20", "--ramp", "1s", "--duration", "5s"], |ran| {
        let names = ["look.rtt", "say.rtt", "buy.rtt"];
        ran.times("join.rtt") >= 20 && names.map(|name| ran.times(name) > 0) == [true; 3]
    }),
    well("rounds", &[], |ran| {
        let counts = ["users.started", "users.peak", "iterations.ended", "connections.established"];
        counts.map(|path| ran.count(path)) == [60, 30, 1200, 1200]
    }),
    // That it searches is seen with fewer users, by the tests of searches.
    well("search", &SHORT, |ran| ran.count("users.peak") == 10 && ran.times("say.rtt") >= 10),
    well("session-attach", &["--users", "10", "--duration", "4s", "--target", "{server}"], |ran| {
        ran.times("attach.rtt") == 10 && ran.times("request.rtt") >= 10
    }),
    badly(
        "session-attach",
        &["--users", "5", "--duration", "4s", "--target", "builtin:chat?close-after=1"],
        |ran| {
            let [attached, connected] =
                ["steps.attach.succeeded", "connections.established"].map(|path| ran.count(path));
            // The server hangs up on whoever is attached; the error is the request's, and the user attaches anew.
            ran.count("iterations.failed") > 5
                && ran.errors("closed_by_peer(1001)") > 0
                && ran.count("steps.request.failed") == ran.count("iterations.failed")
                && attached == connected
        },
    ),
    well("steady", &["--duration", "4s"], |ran| {
        ran.count("users.peak") == 50
            && ran.count("connections.established") == 50
            && ran.times("ask.rtt") > 50
    }),
    well("stress", &[], |ran| ran.count("users.peak") == 160 && ran.count("connections.established") == 160),
    well("waves", &[], |ran| {
        // Who leaves with a wave connects anew with the next.
        ran.count("users.peak") == 60 && ran.count("connections.established") > 100
    }),
];
