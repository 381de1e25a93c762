//! Every noun of the language: its keys, what may stand behind them, what they mean, an example each.
//!
//! One long table and nothing else, in the order of the reference, so that the whole language can be read in one place.

use super::table::{Field, Kind, Noun, Open, Rule, Word};
use crate::plan::syntax::Node;
use Kind::{
    Any, Body, Bool, Duration, Either, Integer, List, Map, Name, Null, Number, Ordered, Path, Rate, Scalar,
    Share, ShortOrLong, Size, Template, Text, True, Words,
};

/// A name that templates can refer to.
pub(super) const NAME_PATTERN: &str = "^[A-Za-z_][A-Za-z0-9_]*$";
pub(super) const NAME_FORM: &str = "letters, digits and `_`, beginning with no digit";
/// An HTTP token, RFC 9110 section 5.6.2.
const TOKEN_PATTERN: &str = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$";
const COUNT_MAX: i64 = 1_000_000_000;
const UNLIMITED: usize = usize::MAX;

const fn optional(key: &'static str, kind: Kind, doc: &'static str, example: &'static str) -> Field {
    Field { key, doc, kind, example, required: false }
}

const fn required(key: &'static str, kind: Kind, doc: &'static str, example: &'static str) -> Field {
    Field { key, doc, kind, example, required: true }
}

/// The whole plan.
pub static PLAN: Noun = Noun {
    name: "plan",
    doc: "A WebSocket test plan.",
    fields: &[
        optional("name", Text, "What the plan is called in reports. Default: the file's name.", "chat"),
        required(
            "target",
            Either(&[Template, TARGETS, Map(&TARGET)]),
            "Where to connect: a `ws://` or `wss://` URL, a list of such that can stand in for one another, or `builtin:echo` or `builtin:chat` for an embedded server, which may have options: `builtin:chat?keepalive=1s&delay=5ms`.",
            "ws://127.0.0.1:9001",
        ),
        optional(
            "proxy",
            Template,
            "An HTTP proxy that every connection goes through: `http://user:password@host:port`.",
            "http://127.0.0.1:3128",
        ),
        optional(
            "tls",
            Map(&TLS),
            "How `wss://` and `https://` are spoken: whom to trust, and what to show of oneself.",
            "{ ca: ca.pem }",
        ),
        optional(
            "vars",
            Map(&VARS),
            "Constants for templates; `--var name=value` overrides one. `{{env.NAME}}` reads the environment.",
            "{ room: lobby }",
        ),
        optional(
            "data",
            Map(&DATA),
            "Files whose rows users take values from, by name: `{{account.name}}` is a column.",
            "{ account: { file: accounts.csv, pick: unique } }",
        ),
        optional(
            "defaults",
            Map(&DEFAULTS),
            "Timeouts, limits and habits for all scenarios.",
            "{ within: 5s }",
        ),
        optional(
            "load",
            Map(&LOAD),
            "How many virtual users, and when. Without it one user runs once: a functional test.",
            "{ users: 100, ramp: 10s, duration: 1m }",
        ),
        optional(
            "thresholds",
            List(&Text, 0, 1000),
            "The verdict: each must hold of the figures, else the exit status is 1.",
            "[say.rtt p99 < 250ms, errors rate < 1%]",
        ),
        optional(
            "delivery",
            Map(&DELIVERY),
            "Streams of broadcasts, by name: whether every copy of a message comes to everybody it is meant for.",
            "{ chat: { key: $.id, to: \"{{room}}\" } }",
        ),
        optional(
            "unmatched",
            Words(UNMATCHED),
            "What a message means that no step and no reaction took. Default: count.",
            "count",
        ),
        optional(
            "pools",
            Map(&POOLS),
            "Connections that users share, by name; users have one for the steps of a `borrow`.",
            "{ bus: { size: 20, connect: {} } }",
        ),
        optional(
            "fragments",
            Map(&FRAGMENTS),
            "Steps that several places `use`, by name.",
            "{ login: [connect: {}, send: hello] }",
        ),
        optional("protocol", Words(PROTOCOLS), "What messages are made of. Default: json.", "text"),
        optional(
            "setup",
            List(&Map(&STEP), 1, 100_000),
            "What is done once before all users, by one of its own; what it captures and sets they all see.",
            "[connect: {}, send: { reset: all }, close: {}]",
        ),
        optional(
            "teardown",
            List(&Map(&STEP), 1, 100_000),
            "What is done once behind all users, however the run ended.",
            "[connect: {}, send: { remove: all }, close: {}]",
        ),
        required(
            "scenarios",
            Map(&SCENARIOS),
            "What users do, by name. Each user gets one, by weight.",
            "{ talker: { steps: [connect: {}] } }",
        ),
    ],
    open: None,
    rules: &[],
};

const TARGETS: Kind = List(&Template, 1, 100);

static TARGET: Noun = Noun {
    name: "target",
    doc: "Several servers that can stand in for one another. A list alone is short for `urls`.",
    fields: &[
        required("urls", TARGETS, "Their URLs.", "[ws://a.example:9001, ws://b.example:9001]"),
        optional(
            "order",
            Words(TARGET_ORDERS),
            "In which order a user tries them. Default: in_order.",
            "random",
        ),
    ],
    open: None,
    rules: &[],
};

static TARGET_ORDERS: &[Word] = &[
    Word { word: "in_order", doc: "As they are written: everybody begins with the first." },
    Word { word: "random", doc: "Each user in an order of its own, which the seed fixes." },
];

static POOLS: Noun = Noun {
    name: "pools",
    doc: "Connections that users share, by name.",
    fields: &[],
    open: Some(Open {
        what: "a pool's name",
        pattern: "^[A-Za-z0-9_][A-Za-z0-9_.-]*$",
        form: "letters, digits, `_`, `.` and `-`, beginning with a letter, a digit or `_`",
        kind: Map(&POOL),
    }),
    rules: &[Rule::NotEmpty],
};

static POOL: Noun = Noun {
    name: "pool",
    doc: "Connections that users share: each of them one user has at a time, and the next one after it.",
    fields: &[
        required(
            "size",
            Integer(1, 1_000_000),
            "How many connections there are at most. They are opened when they are wanted.",
            "20",
        ),
        optional(
            "acquire_timeout",
            Duration,
            "How long a user waits for one that is free. Default: 10s.",
            "2s",
        ),
        optional(
            "connect",
            Either(&[Null, Path, Map(&POOL_CONNECT)]),
            "How one is opened. A string is the path. Default: as `connect: {}`.",
            "{ path: /bus }",
        ),
    ],
    open: None,
    rules: &[],
};

static POOL_CONNECT: Noun = Noun {
    name: "pool connect",
    doc: "How a connection of a pool is opened. It is for all users: templates are of `vars` and `env` only.",
    fields: &[
        optional(
            "url",
            Template,
            "Where to connect instead of the plan's target: a `ws://` or `wss://` URL.",
            "\"{{ws_url}}\"",
        ),
        optional(
            "path",
            Path,
            "Path, with a query if need be; starts with `/`. Default: the target's.",
            "/bus",
        ),
        optional(
            "query",
            Map(&QUERY),
            "Query parameters, encoded and added to the path's.",
            "{ key: \"{{env.KEY}}\" }",
        ),
        optional("headers", Map(&HEADERS), "Further headers of the upgrade request.", "{ X-Client: wsplan }"),
        optional(
            "subprotocols",
            List(&Text, 1, 100),
            "Subprotocols to offer, the preferred first (RFC 6455 section 1.9).",
            "[chat.v2]",
        ),
        optional(
            "deflate",
            Either(&[True, Map(&DEFLATE)]),
            "Offers to compress messages: permessage-deflate, RFC 7692. Default: not offered.",
            "true",
        ),
        optional(
            "timeout",
            Duration,
            "How long it may take in all. Default: `defaults.connect_timeout`.",
            "10s",
        ),
    ],
    open: None,
    rules: &[],
};

static FRAGMENTS: Noun = Noun {
    name: "fragments",
    doc: "Steps that several places use, by name.",
    fields: &[],
    open: Some(Open {
        what: "a fragment's name",
        pattern: "^[A-Za-z0-9_][A-Za-z0-9_.-]*$",
        form: "letters, digits, `_`, `.` and `-`, beginning with a letter, a digit or `_`",
        kind: FRAGMENT_OR_STEPS,
    }),
    rules: &[Rule::NotEmpty],
};

/// What stands behind a fragment's name, and what a file of one holds.
pub(super) const FRAGMENT_OR_STEPS: Kind = Either(&[List(&Map(&STEP), 1, 100_000), Map(&FRAGMENT)]);

static FRAGMENT: Noun = Noun {
    name: "fragment",
    doc: "Steps with parameters. A list is short for `steps`.",
    fields: &[
        optional("params", Map(&PARAMS), "Its parameters.", "{ user: null, room: lobby }"),
        required("steps", List(&Map(&STEP), 1, 100_000), "What it does, in order.", "[send: \"{{room}}\"]"),
    ],
    open: None,
    rules: &[],
};

static PARAMS: Noun = Noun {
    name: "params",
    doc: "Names that are known in the fragment, and the value of each where `with` does not say one; `null` must be given.",
    fields: &[],
    open: Some(Open { what: "a parameter's name", pattern: NAME_PATTERN, form: NAME_FORM, kind: Any }),
    rules: &[],
};

static USE: Noun = Noun {
    name: "use",
    doc: "Which steps, and the values of their parameters.",
    fields: &[
        optional("fragment", Text, "The name of one of the plan's `fragments`.", "login"),
        optional(
            "file",
            Text,
            "A file beside the plan or below it that holds a list of steps, or `params` and `steps`.",
            "login.yaml",
        ),
        optional("with", Map(&WITH), "Values of parameters.", "{ user: \"{{user.id}}\" }"),
    ],
    open: None,
    rules: &[Rule::ExactlyOne(&["fragment", "file"])],
};

static WITH: Noun = Noun {
    name: "with",
    doc: "Parameters and their values, which may hold templates.",
    fields: &[],
    open: Some(Open { what: "a parameter's name", pattern: NAME_PATTERN, form: NAME_FORM, kind: Any }),
    rules: &[],
};

static DELIVERY: Noun = Noun {
    name: "delivery",
    doc: "Streams of broadcasts, by name.",
    fields: &[],
    open: Some(Open { what: "a stream's name", pattern: NAME_PATTERN, form: NAME_FORM, kind: Map(&STREAM) }),
    rules: &[Rule::NotEmpty],
};

static STREAM: Noun = Noun {
    name: "stream",
    doc: "Messages that go from one user to many: what tells one from another, whom they are for, and how they are to come.",
    fields: &[
        required(
            "key",
            Text,
            "A JSONPath (RFC 9535) to what tells one message from another, the same in each copy.",
            "$.id",
        ),
        optional(
            "to",
            Template,
            "The group that a message is for: evaluated for the sender when it publishes, and for a user when it enters. Default: one group for all.",
            "\"{{room}}\"",
        ),
        optional("self", Bool, "Whether senders get a copy of their own messages. Default: true.", "false"),
        optional(
            "within",
            Duration,
            "When a copy that has not come is lost. Default: `defaults.within`.",
            "5s",
        ),
        optional("order", Words(ORDERS), "Which order is an error to break. Default: none.", "sender"),
    ],
    open: None,
    rules: &[],
};

static ORDERS: &[Word] = &[
    Word {
        word: "none",
        doc: "Any order; copies that come out of their sender's order are counted, and are no errors.",
    },
    Word {
        word: "sender",
        doc: "The messages of one sender come to every user in the order in which they were published.",
    },
    Word { word: "total", doc: "That, and all messages of a group come to all its users in one order." },
];

static UNMATCHED: &[Word] = &[
    Word { word: "ignore", doc: "Nothing is said of it." },
    Word { word: "count", doc: "It is counted and reported; the run is not failed by it." },
    Word { word: "fail", doc: "It is an error." },
];

static TLS: Noun = Noun {
    name: "tls",
    doc: "How TLS is spoken: whom to trust, and what to show of oneself. Files are in PEM and lie in the plan's directory or below.",
    fields: &[
        optional(
            "ca",
            Template,
            "A file of certificates whose word is taken, in place of those that the system trusts.",
            "ca.pem",
        ),
        optional(
            "cert",
            Template,
            "A file with the client's certificate, and behind it those that lead to one that the server knows.",
            "client.pem",
        ),
        optional("key", Template, "A file with the key of `cert`, not encrypted.", "client.key"),
        optional(
            "server_name",
            Template,
            "What the server is called: sent to it (SNI), and looked for in its certificate. Default: the target's host.",
            "chat.example.com",
        ),
        optional("insecure", True, "Takes any server for whom it says it is. The report says so.", "true"),
        optional(
            "resumption",
            Bool,
            "Whether a user may take up a TLS session that another of the same thread has had. Without it every connection makes a whole handshake. Default: true.",
            "false",
        ),
    ],
    open: None,
    rules: &[
        Rule::NotEmpty,
        Rule::Needs("cert", "key"),
        Rule::Needs("key", "cert"),
        Rule::Excludes("insecure", &["ca"]),
    ],
};

static PROTOCOLS: &[Word] = &[
    Word { word: "json", doc: "A frame is a message: text or binary as it is written, which may hold JSON." },
    Word {
        word: "text",
        doc: "A frame is a message, and every one is text: maps as bodies and JSONPaths are refused.",
    },
    Word {
        word: "binary",
        doc: "A frame is a message, and every one goes out as a binary one. What comes is matched by its bytes, and as JSON where a path asks.",
    },
];

static VARS: Noun = Noun {
    name: "vars",
    doc: "Constants for templates, by name.",
    fields: &[],
    open: Some(Open { what: "a variable's name", pattern: NAME_PATTERN, form: NAME_FORM, kind: Any }),
    rules: &[],
};

static DATA: Noun = Noun {
    name: "data",
    doc: "Data files, by name.",
    fields: &[],
    open: Some(Open {
        what: "a data file's name",
        pattern: NAME_PATTERN,
        form: NAME_FORM,
        kind: Map(&DATA_FILE),
    }),
    rules: &[Rule::NotEmpty],
};

static DATA_FILE: Noun = Noun {
    name: "data file",
    doc: "A file with a row for each user, or for each time that a user runs its scenario.",
    fields: &[
        required(
            "file",
            Template,
            "The path, relative to the plan, in its directory or below.",
            "accounts.csv",
        ),
        optional(
            "format",
            Words(DATA_FORMATS),
            "How it is written. Default: as it ends (`.csv`, `.tsv`, `.json`, `.jsonl`, `.ndjson`).",
            "csv",
        ),
        optional(
            "pick",
            Words(PICKS),
            "Which row a user takes for an iteration. Default: sequential.",
            "unique",
        ),
        optional(
            "at_end",
            Words(AT_ENDS),
            "What a user does that comes behind the last row. Default: recycle; of `unique`, stop_user.",
            "stop_run",
        ),
        optional(
            "delimiter",
            Text,
            "The character between the fields of a CSV file. Default: a comma; in a `.tsv` file, a tab.",
            "\";\"",
        ),
        optional(
            "columns",
            List(&Text, 1, 1024),
            "The names of the columns of a CSV file whose first line does not name them.",
            "[name, password]",
        ),
    ],
    open: None,
    rules: &[],
};

static DATA_FORMATS: &[Word] = &[
    Word { word: "csv", doc: "Comma-separated values (RFC 4180); every value is a string." },
    Word { word: "json", doc: "An array of maps." },
    Word { word: "jsonl", doc: "A map a line." },
];

static PICKS: &[Word] = &[
    Word { word: "sequential", doc: "The rows one after the other, dealt out to the users in turn." },
    Word { word: "random", doc: "Any row, drawn from the seed of the run." },
    Word { word: "unique", doc: "As `sequential`, and no row is taken twice in a run." },
    Word { word: "per_user", doc: "A row for each user, the same in all its iterations." },
];

static AT_ENDS: &[Word] = &[
    Word { word: "recycle", doc: "It begins with the first row again." },
    Word { word: "stop_user", doc: "It leaves the run; that is no error." },
    Word { word: "stop_run", doc: "All users finish their step and leave; that is no error." },
];

static DEFAULTS: Noun = Noun {
    name: "defaults",
    doc: "Timeouts, limits and habits for all scenarios.",
    fields: &[
        optional(
            "within",
            Duration,
            "How long a step waits that waits for the server or for other users. Default: 10s.",
            "5s",
        ),
        optional("connect_timeout", Duration, "How long a connect may take in all. Default: 10s.", "10s"),
        optional(
            "max_message",
            Size,
            "The largest message taken, counted over all its fragments. Default: 16MiB.",
            "1MiB",
        ),
        optional(
            "inbox_messages",
            Integer(1, COUNT_MAX),
            "How many messages of a connection are kept for later expects when nobody took them. Default: 64.",
            "64",
        ),
        optional("inbox_bytes", Size, "How many bytes of such messages are kept. Default: 1MiB.", "1MiB"),
        optional(
            "drain",
            Duration,
            "How long users may take to finish their step when the run ends. Default: 5s.",
            "5s",
        ),
        optional(
            "on_failure",
            Words(ON_FAILURE),
            "What a user does when a step fails. Default: restart.",
            "restart",
        ),
        optional(
            "restart_delay",
            Duration,
            "The pause before a user starts over after a failure, so that a server that is down is not hammered. Default: 1s.",
            "1s",
        ),
    ],
    open: None,
    rules: &[Rule::NotEmpty],
};

static ON_FAILURE: &[Word] = &[
    Word {
        word: "restart",
        doc: "The connection is closed and the iteration ends as failed; the next one, if there is one, starts after `restart_delay`.",
    },
    Word {
        word: "continue",
        doc: "The failure is counted and the next step runs, as long as the connection is open.",
    },
    Word { word: "stop", doc: "The connection is closed and the user leaves the run." },
];

static LOAD: Noun = Noun {
    name: "load",
    doc: "How many virtual users, and when.",
    fields: &[
        optional("users", Integer(0, COUNT_MAX), "How many users. Default: 1.", "100"),
        optional("ramp", Duration, "Over how long they start, evenly. Default: all at once.", "10s"),
        optional("rate", Rate, "How many of them start in a second, in place of `ramp`.", "5/s"),
        optional(
            "duration",
            Duration,
            "How long the run lasts, ramp included; users repeat their scenario until then.",
            "1m",
        ),
        optional(
            "iterations",
            Integer(1, COUNT_MAX),
            "How many times each user runs its scenario. Default: once, or until the end where there is a duration or stages.",
            "10",
        ),
        optional(
            "stages",
            List(&Map(&STAGE), 1, 1000),
            "The number of users over time: each stage moves it evenly to `users`, taking `over`.",
            "[{ users: 1000, over: 30s }, { users: 1000, over: 2m }]",
        ),
        optional(
            "cycles",
            List(&Integer(0, COUNT_MAX), 1, 1000),
            "Numbers of users one after the other: when all of a cycle have done their iterations, the next one's start. With `duration` the run is split into that many parts of the same length.",
            "[10, 20, 30]",
        ),
        optional(
            "arrivals",
            Map(&ARRIVALS),
            "An open load: new users come at a rate, whatever has become of those before them.",
            "{ rate: 50/s, over: 1m }",
        ),
        optional(
            "bursts",
            Map(&BURSTS),
            "An open load: many new users come at once, every so often.",
            "{ users: 500, every: 30s, times: 10 }",
        ),
        optional(
            "profiles",
            Map(&PROFILES),
            "Kinds of users by how active they are, by name: each user gets one, by weight, within its scenario.",
            "{ active: { weight: 2, think: 0.5 }, passive: { weight: 3, think: 3 } }",
        ),
        optional(
            "search",
            Map(&SEARCH),
            "Finds the highest load at which nothing breaks.",
            "{ users: { from: 100, to: 20000 }, until: [say.rtt p95 > 100ms] }",
        ),
    ],
    open: None,
    rules: &[
        LOAD_RULES[0],
        LOAD_RULES[1],
        LOAD_RULES[2],
        LOAD_RULES[3],
        LOAD_RULES[4],
        LOAD_RULES[5],
        SEARCH_ALONE,
    ],
};

static PROFILES: Noun = Noun {
    name: "profiles",
    doc: "Kinds of users by how active they are, by name. The name is `{{user.profile}}` in templates.",
    fields: &[],
    open: Some(Open {
        what: "a profile's name",
        pattern: "^[A-Za-z0-9_][A-Za-z0-9_.-]*$",
        form: "letters, digits, `_`, `.` and `-`, beginning with a letter, a digit or `_`",
        kind: Map(&PROFILE),
    }),
    rules: &[Rule::NotEmpty],
};

static PROFILE: Noun = Noun {
    name: "profile",
    doc: "A kind of user.",
    fields: &[
        optional(
            "weight",
            Integer(0, 1_000_000),
            "Its share of the users, relative to the other profiles. Default: 1.",
            "3",
        ),
        optional(
            "think",
            Number(0.0, 1000.0),
            "What its think times are multiplied by: below 1 it is more active than the plan says, above 1 less. Default: 1.",
            "0.5",
        ),
    ],
    open: None,
    rules: &[],
};

static SCENARIO_LOAD: Noun = Noun {
    name: "scenario load",
    doc: "How many virtual users of one scenario, and when.",
    fields: &[
        optional("start", Duration, "How long after the run's start it begins. Default: at once.", "30s"),
        optional("users", Integer(0, COUNT_MAX), "As in [load](#load).", "100"),
        optional("ramp", Duration, "As in [load](#load).", "10s"),
        optional("rate", Rate, "As in [load](#load).", "5/s"),
        optional("duration", Duration, "How long it lasts, from its start on, ramp included.", "1m"),
        optional("iterations", Integer(1, COUNT_MAX), "As in [load](#load).", "10"),
        optional(
            "stages",
            List(&Map(&STAGE), 1, 1000),
            "As in [load](#load).",
            "[{ users: 1000, over: 30s }, { users: 1000, over: 2m }]",
        ),
        optional("cycles", List(&Integer(0, COUNT_MAX), 1, 1000), "As in [load](#load).", "[10, 20, 30]"),
        optional("arrivals", Map(&ARRIVALS), "As in [load](#load).", "{ rate: 50/s, over: 1m }"),
        optional("bursts", Map(&BURSTS), "As in [load](#load).", "{ users: 500, every: 30s, times: 10 }"),
    ],
    open: None,
    rules: LOAD_RULES,
};

const LOAD_RULES: &[Rule] = &[
    Rule::NotEmpty,
    Rule::Excludes("stages", &["users", "ramp", "rate", "duration", "cycles"]),
    Rule::Excludes("cycles", &["users", "ramp", "rate"]),
    Rule::Excludes("ramp", &["rate"]),
    Rule::Excludes("arrivals", &["users", "ramp", "rate", "stages", "cycles", "bursts"]),
    Rule::Excludes("bursts", &["users", "ramp", "rate", "stages", "cycles"]),
];

const SEARCH_ALONE: Rule = Rule::Excludes(
    "search",
    &["users", "ramp", "rate", "stages", "cycles", "arrivals", "bursts", "duration"],
);

static SEARCH: Noun = Noun {
    name: "search",
    doc: "Tries levels of load, one after the other, until it knows the highest at which nothing breaks.",
    fields: &[
        optional(
            "users",
            Map(&USER_LEVELS),
            "Levels are numbers of users at a time, who repeat their scenario.",
            "{ from: 100, to: 20000 }",
        ),
        optional(
            "rate",
            Map(&RATE_LEVELS),
            "Levels are rates at which new users come, in place of `users`.",
            "{ from: 10/s, to: 5000/s }",
        ),
        required(
            "until",
            List(&Text, 1, 100),
            "What breaks a level: each is written as a threshold, and breaks it where it is true.",
            "[say.rtt p95 > 100ms, errors rate > 5%]",
        ),
        optional(
            "hold",
            Duration,
            "For how long a level is measured; up to four times as long where that is too short for the percentiles in `until`. Default: 30s.",
            "30s",
        ),
        optional(
            "settle",
            Duration,
            "How long it takes to get to a level, which is not measured. Default: 5s.",
            "5s",
        ),
        optional(
            "precision",
            Share,
            "The search ends when what held and what broke are at most so far apart. Default: 5%.",
            "5%",
        ),
        optional("max_users", Integer(1, COUNT_MAX), MAX_USERS_DOC, "20000"),
    ],
    open: None,
    rules: &[Rule::ExactlyOne(&["users", "rate"]), Rule::Excludes("users", &["max_users"])],
};

static USER_LEVELS: Noun = Noun {
    name: "levels of users",
    doc: "The numbers of users between which is searched.",
    fields: &[
        required("from", Integer(1, COUNT_MAX), "The first level, which should hold.", "100"),
        required("to", Integer(1, COUNT_MAX), "The highest level that is tried.", "20000"),
    ],
    open: None,
    rules: &[],
};

static RATE_LEVELS: Noun = Noun {
    name: "levels of a rate",
    doc: "The rates between which is searched.",
    fields: &[
        required("from", Rate, "The first level, which should hold.", "10/s"),
        required("to", Rate, "The highest level that is tried.", "5000/s"),
    ],
    open: None,
    rules: &[],
};

static ARRIVALS: Noun = Noun {
    name: "arrivals",
    doc: "Users that come at a rate. Each is a new one, does its iterations (one, if `iterations` does not say more) and leaves.",
    fields: &[
        optional("rate", Rate, "How many come, all the time.", "50/s"),
        optional("over", Duration, "For how long. Default: the `duration` of the load.", "1m"),
        optional(
            "stages",
            List(&Map(&RATE_STAGE), 1, 1000),
            "In place of `rate`, a rate that moves evenly, from 0 at first.",
            "[{ rate: 50/s, over: 30s }, { rate: 50/s, over: 2m }]",
        ),
        optional("spacing", Words(SPACINGS), "How regularly they come. Default: even.", "poisson"),
        optional("max_users", Integer(1, COUNT_MAX), MAX_USERS_DOC, "2000"),
    ],
    open: None,
    rules: &[Rule::ExactlyOne(&["rate", "stages"]), Rule::Excludes("stages", &["over"])],
};

const MAX_USERS_DOC: &str = "How many may be in the run at a time; who comes beyond that is turned away and counted. Default: 10,000.";

const SPACINGS: &[Word] = &[
    Word { word: "even", doc: "As evenly as the rate lets them, the first at once." },
    Word {
        word: "poisson",
        doc: "As people do who know nothing of one another: a Poisson process, fixed by the run's seed.",
    },
];

static RATE_STAGE: Noun = Noun {
    name: "rate stage",
    doc: "A stretch of a rate.",
    fields: &[
        required("rate", Rate, "The rate at its end.", "50/s"),
        required("over", Duration, "How long it takes to get there; `0s` is a jump.", "30s"),
    ],
    open: None,
    rules: &[],
};

static BURSTS: Noun = Noun {
    name: "bursts",
    doc: "Many users at once, every so often. Each is a new one, does its iterations (one, if `iterations` does not say more) and leaves.",
    fields: &[
        required("users", Integer(0, COUNT_MAX), "How many come each time.", "500"),
        required("every", Duration, "From the beginning of one burst to that of the next.", "30s"),
        optional(
            "times",
            Integer(0, COUNT_MAX),
            "How many bursts. Default: as many as begin within the `duration` of the load.",
            "10",
        ),
        optional(
            "over",
            Duration,
            "Over how long the users of a burst come, evenly. Default: all at once.",
            "1s",
        ),
        optional("max_users", Integer(1, COUNT_MAX), MAX_USERS_DOC, "2000"),
    ],
    open: None,
    rules: &[],
};

static STAGE: Noun = Noun {
    name: "stage",
    doc: "A stretch of the load.",
    fields: &[
        required("users", Integer(0, COUNT_MAX), "The number of users at its end.", "1000"),
        required("over", Duration, "How long it takes to get there; `0s` is a jump.", "30s"),
    ],
    open: None,
    rules: &[],
};

static SCENARIOS: Noun = Noun {
    name: "scenarios",
    doc: "What users do, by name.",
    fields: &[],
    open: Some(Open {
        what: "a scenario's name",
        pattern: "^[A-Za-z0-9_][A-Za-z0-9_.-]*$",
        form: "letters, digits, `_`, `.` and `-`, beginning with a letter, a digit or `_`",
        kind: Map(&SCENARIO),
    }),
    rules: &[Rule::NotEmpty],
};

static SCENARIO: Noun = Noun {
    name: "scenario",
    doc: "What one kind of user does.",
    fields: &[
        optional(
            "weight",
            Integer(0, 1_000_000),
            "Its share of the users, relative to the other scenarios. Default: 1.",
            "4",
        ),
        optional(
            "users",
            Integer(0, COUNT_MAX),
            "Exactly so many of the users, in place of a weight; they are the first. The others are shared out by weight.",
            "1",
        ),
        optional(
            "load",
            Map(&SCENARIO_LOAD),
            "A load of its own, beside the plan's, in which this scenario then has no share.",
            "{ users: 10, duration: 1m, start: 30s }",
        ),
        optional(
            "always",
            List(&Map(&REACTION), 0, 1000),
            "Reactions to messages, in every state, also while thinking. The first that matches takes the message.",
            "[{ when: { $.type: keepalive }, echo: true }]",
        ),
        optional(
            "on_failure",
            Words(ON_FAILURE),
            "What a user does when a step fails. Default: the one of `defaults`.",
            "restart",
        ),
        required(
            "steps",
            List(&Map(&STEP), 1, 100_000),
            "What it does, in order.",
            "[connect: {}, send: hello]",
        ),
    ],
    open: None,
    rules: &[Rule::Excludes("weight", &["users", "load"]), Rule::Excludes("users", &["load"])],
};

static REACTION: Noun = Noun {
    name: "reaction",
    doc: "What to do with a message whenever it comes: captures first, then answers, then log, then fail. With `when` alone the message is taken and nothing else is done.",
    fields: &[
        required("when", Map(&MATCHER), "Which messages.", "{ $.type: keepalive }"),
        optional(
            "on",
            Text,
            "Messages of this connection only, by the name of its `connect`. Default: those of all.",
            "feed",
        ),
        optional("capture", Map(&CAPTURES), "Keeps values of the message for templates.", "{ seq: $.seq }"),
        optional(
            "deliver",
            Text,
            "Reports the message as a copy of one that was published to this stream of `delivery`.",
            "chat",
        ),
        optional("echo", True, "Sends back the very message that came in.", "true"),
        optional("send", Body(&BODY), "Sends an answer.", "{ type: pong }"),
        optional("log", Template, "Prints a line to the log.", "server says {{seq}}"),
        optional("fail", Template, "Fails the user, with this reason.", "kicked out"),
    ],
    open: None,
    rules: &[Rule::Excludes("echo", &["send"])],
};

/// The verbs, of which a step has exactly one.
pub const VERBS: &[&str] = &[
    "connect",
    "send",
    "expect",
    "request",
    "http",
    "await_all",
    "think",
    "loop",
    "if",
    "choose",
    "group",
    "use",
    "borrow",
    "barrier",
    "ping",
    "close",
    "expect_close",
    "set",
    "log",
    "fail",
    "stop",
];

static STEP: Noun = Noun {
    name: "step",
    doc: "One verb, with modifiers beside it.",
    fields: &[
        optional(
            "name",
            Text,
            "What the figures call it; the name of the connection that a `connect` opens. Default: made from verb and place.",
            "say",
        ),
        optional(
            "on",
            Text,
            "The connection that it acts on, by the name of its `connect`. Default: the only one, or the one without a name.",
            "feed",
        ),
        optional(
            "publish",
            Either(&[Text, Map(&PUBLISH)]),
            "Beside `send` or `request`: registers the message in this stream of `delivery`. A string is the stream.",
            "chat",
        ),
        optional(
            "enter",
            Text,
            "Once the step is done well, the user is in the audience of this stream of `delivery`.",
            "chat",
        ),
        optional(
            "leave",
            Text,
            "Once the step is done well, the user is no longer in the audience of this stream.",
            "chat",
        ),
        optional(
            "connect",
            Either(&[Null, Path, Map(&CONNECT)]),
            "Opens the connection: DNS, TCP and the WebSocket upgrade. A string is the path.",
            "{ path: /chat }",
        ),
        optional(
            "send",
            Body(&BODY),
            "Sends a message: a map or list as JSON, a string as text.",
            "{ type: join }",
        ),
        optional(
            "expect",
            ShortOrLong(&MATCHER, &EXPECT),
            "Waits for a message that matches; one that came before and that nobody took counts.",
            "{ $.type: joined }",
        ),
        optional(
            "request",
            Map(&REQUEST),
            "Sends a message and waits for the reply that belongs to it; its round trip is measured.",
            "{ send: { id: \"{{correlation_id}}\" }, reply: { $.re: \"{{correlation_id}}\" } }",
        ),
        optional(
            "http",
            Map(&HTTP),
            "Sends an HTTP request and waits for the answer, such as a login before the connect.",
            "{ post: /login, json: { user: ann } }",
        ),
        optional(
            "await_all",
            Either(&[Null, True]),
            "Waits until no reply is pending of requests with `await: false`.",
            "true",
        ),
        optional(
            "think",
            Either(&[Duration, Map(&THINK)]),
            "Pauses. Messages are still taken and answered meanwhile.",
            "{ between: [1s, 3s] }",
        ),
        optional("loop", Map(&LOOP), "Repeats steps.", "{ times: 10, steps: [send: hello] }"),
        optional(
            "ping",
            Either(&[Null, True, Map(&PING)]),
            "Sends a Ping with a payload of its own and waits for its Pong (RFC 6455 section 5.5.2); its round trip is measured.",
            "{ within: 2s }",
        ),
        optional(
            "if",
            Map(&IF),
            "Does steps where a condition holds, and others where it does not.",
            "{ when: { n: { lt: 5 } }, then: [send: more] }",
        ),
        optional(
            "choose",
            List(&Map(&CHOICE), 1, 1000),
            "Does one of several lists of steps, drawn by weight.",
            "[{ weight: 3, steps: [send: hello] }, { steps: [think: 1s] }]",
        ),
        optional(
            "group",
            List(&Map(&STEP), 1, 100_000),
            "Does steps and measures how long all of them take together.",
            "[send: hello, expect: { text: hello }]",
        ),
        optional(
            "use",
            Map(&USE),
            "Does the steps of a fragment or of another file.",
            "{ fragment: login, with: { user: \"{{user.id}}\" } }",
        ),
        optional(
            "borrow",
            Map(&BORROW),
            "Does steps with a connection of a pool, which is given back behind them.",
            "{ from: bus, steps: [send: hello] }",
        ),
        optional(
            "barrier",
            Either(&[Text, Map(&BARRIER)]),
            "Waits until enough users are here, and goes on with all of them. A string is the barrier's name.",
            "{ name: start, users: 10, within: 30s }",
        ),
        optional(
            "close",
            Either(&[Null, Map(&CLOSE)]),
            "Closes the connection and waits for the answer.",
            "{ code: 1000 }",
        ),
        optional(
            "expect_close",
            Either(&[Null, True, CLOSE_CODE, Map(&EXPECT_CLOSE)]),
            "Waits for the server to close the connection. A number is the code.",
            "{ code: 4001, within: 5s }",
        ),
        optional("set", Map(&SET), "Sets names for templates.", "{ counter: 0 }"),
        optional("log", Template, "Prints a line to the log.", "joined as {{session}}"),
        optional("fail", Template, "Fails the user, with this reason.", "the room is full"),
        optional("stop", Words(STOPS), "Ends something before its last step.", "iteration"),
    ],
    open: None,
    rules: &[Rule::OneVerb(VERBS)],
};

static STOPS: &[Word] = &[
    Word {
        word: "iteration",
        doc: "The iteration ends here, well unless something failed before; the next one begins, if there is one.",
    },
    Word { word: "user", doc: "The iteration ends here, and the user leaves the run." },
    Word { word: "run", doc: "The same, and the run ends: all users finish their step and leave." },
];

static PUBLISH: Noun = Noun {
    name: "publish",
    doc: "A message that is published, and what its key is where it cannot be read from the body.",
    fields: &[
        required("stream", Text, "The stream of `delivery`.", "chat"),
        optional(
            "key",
            Template,
            "The message's key. Default: what the stream's `key` selects in the message.",
            "\"{{correlation_id}}\"",
        ),
    ],
    open: None,
    rules: &[],
};

static CONNECT: Noun = Noun {
    name: "connect",
    doc: "How to open the connection.",
    fields: &[
        optional(
            "url",
            Template,
            "Where to connect instead of the plan's target: a `ws://` or `wss://` URL.",
            "\"{{ws_url}}\"",
        ),
        optional(
            "path",
            Path,
            "Path, with a query if need be; starts with `/`. Default: the target's.",
            "/chat?token={{token}}",
        ),
        optional(
            "query",
            Map(&QUERY),
            "Query parameters, encoded and added to the path's.",
            "{ token: \"{{token}}\" }",
        ),
        optional("headers", Map(&HEADERS), "Further headers of the upgrade request.", "{ X-Client: wsplan }"),
        optional(
            "subprotocols",
            List(&Text, 1, 100),
            "Subprotocols to offer, the preferred first (RFC 6455 section 1.9).",
            "[chat.v2]",
        ),
        optional(
            "deflate",
            Either(&[True, Map(&DEFLATE)]),
            "Offers to compress messages: permessage-deflate, RFC 7692. Default: not offered.",
            "true",
        ),
        optional(
            "origin",
            Template,
            "The `Origin` header: the page that it is asked from.",
            "https://example.org",
        ),
        COOKIES_IT,
        BASIC_IT,
        BEARER_IT,
        optional(
            "expect_status",
            Integer(200, 599),
            "The server is to refuse the upgrade with this status: then the step has passed, and there is no connection.",
            "401",
        ),
        optional(
            "expect_subprotocol",
            Either(&[Null, Text]),
            "The subprotocol that the server is to choose of those offered; nothing (`null`) is that it chooses none.",
            "chat.v2",
        ),
        optional(
            "capture",
            Map(&UPGRADE_CAPTURES),
            "Keeps values of the answer for templates.",
            "{ node: { header: X-Node } }",
        ),
        optional(
            "timeout",
            Duration,
            "How long it may take in all. Default: `defaults.connect_timeout`.",
            "10s",
        ),
        optional(
            "reconnect",
            Either(&[True, Map(&RECONNECT)]),
            "Opens the connection again where it is lost unasked or does not come to stand. `true` is all its defaults.",
            "{ attempts: 5, delay: 200ms }",
        ),
        optional(
            "on_connected",
            List(&Map(&STEP), 1, 100_000),
            "Steps that run each time the connection stands, the first included.",
            "[send: hello]",
        ),
    ],
    open: None,
    rules: &[
        Rule::Excludes("basic", &["bearer"]),
        Rule::Excludes("expect_status", &["expect_subprotocol", "reconnect", "on_connected"]),
        Rule::Needs("expect_subprotocol", "subprotocols"),
    ],
};

static DEFLATE: Noun = Noun {
    name: "deflate",
    doc: "What to offer of permessage-deflate (RFC 7692 section 7.1).",
    fields: &[
        optional(
            "client_no_context_takeover",
            Bool,
            "Whether users forget each message when they have compressed it. Default: true, because a compressor that remembers is 300 KiB a connection.",
            "false",
        ),
        optional(
            "server_no_context_takeover",
            Bool,
            "Whether the server must forget each message, too. Default: false.",
            "true",
        ),
        optional(
            "client_max_window_bits",
            Integer(8, 15),
            "The largest window that users compress with, as a power of two. Default: what the server wants.",
            "12",
        ),
        optional(
            "server_max_window_bits",
            Integer(8, 15),
            "The largest window that the server may compress with, as a power of two. Default: what it wants.",
            "12",
        ),
        optional(
            "required",
            Bool,
            "Whether a server that does not take the offer is a failure of the connect. Default: false, it is counted.",
            "true",
        ),
    ],
    open: None,
    rules: &[],
};

static RECONNECT: Noun = Noun {
    name: "reconnect",
    doc: "How often a connection is tried again, after which pauses, and what follows.",
    fields: &[
        optional(
            "attempts",
            Integer(1, COUNT_MAX),
            "How many attempts in a row may fail before that is a failure of the step. Default: 5.",
            "5",
        ),
        optional("delay", Duration, "The pause before the first of them. Default: 200ms.", "200ms"),
        optional("factor", Number(1.0, 100.0), "By how much each further pause is longer. Default: 2.", "2"),
        optional("max_delay", Duration, "The longest pause. Default: 10s.", "10s"),
        optional(
            "jitter",
            Number(0.0, 1.0),
            "By up to which part a pause is longer or shorter, drawn for each. Default: 0.5.",
            "0.5",
        ),
        optional(
            "then",
            Words(AFTER_RECONNECT),
            "Where a user goes on whose connection stands again. Default: resume.",
            "restart",
        ),
    ],
    open: None,
    rules: &[],
};

static AFTER_RECONNECT: &[Word] = &[
    Word {
        word: "resume",
        doc: "The step that was interrupted is done again; a pause goes on with what was left of it.",
    },
    Word { word: "restart", doc: "The step behind the `connect` is next." },
];

const COOKIES_IT: Field = optional(
    "cookies",
    Map(&COOKIES),
    "Cookies of this request alone, in place of those of the same name that the user has.",
    "{ theme: dark }",
);
const BASIC_IT: Field = optional(
    "basic",
    Map(&BASIC),
    "User and password, as `Authorization` (RFC 7617).",
    "{ user: ann, password: \"{{env.PASSWORD}}\" }",
);
const BEARER_IT: Field =
    optional("bearer", Template, "A token, as `Authorization` (RFC 6750).", "\"{{token}}\"");

static COOKIES: Noun = Noun {
    name: "cookies",
    doc: "Cookies, by name.",
    fields: &[],
    open: Some(Open {
        what: "a cookie's name",
        pattern: TOKEN_PATTERN,
        form: "letters, digits and !#$%&'*+-.^_`|~ (RFC 6265 section 4.1.1)",
        kind: Scalar,
    }),
    rules: &[],
};

static BASIC: Noun = Noun {
    name: "basic",
    doc: "User and password.",
    fields: &[
        required("user", Scalar, "The user.", "ann"),
        required("password", Scalar, "The password; it is shown nowhere.", "\"{{env.PASSWORD}}\""),
    ],
    open: None,
    rules: &[],
};

static UPGRADE_CAPTURES: Noun = Noun {
    name: "capture of an upgrade",
    doc: "Values of the answer to an upgrade, by name.",
    fields: &[],
    open: Some(Open {
        what: "a capture's name",
        pattern: NAME_PATTERN,
        form: NAME_FORM,
        kind: Map(&UPGRADE_CAPTURE),
    }),
    rules: &[Rule::NotEmpty],
};

const HEADER_SOURCE: Field =
    optional("header", Text, "The value of this header; of several lines, with commas between.", "ETag");
const COOKIE_SOURCE: Field =
    optional("cookie", Text, "The value of this cookie, which the answer sets.", "session");
const STATUS_SOURCE: Field = optional("status", True, "The status, a number.", "true");
const REGEX_SOURCE: Field =
    optional("regex", Text, "A regular expression on that value; what it finds is kept.", "id=(\\d+)");
const GROUP_SOURCE: Field = optional(
    "group",
    Either(&[Integer(0, 100), Text]),
    "Which group of it, by number or name. Default: 1 where there is one, else 0, the whole match.",
    "1",
);

static UPGRADE_CAPTURE: Noun = Noun {
    name: "source in an upgrade",
    doc: "Where in the answer to an upgrade a value comes from.",
    fields: &[
        HEADER_SOURCE,
        COOKIE_SOURCE,
        optional(
            "subprotocol",
            True,
            "The subprotocol that the server chose; null where it chose none.",
            "true",
        ),
        STATUS_SOURCE,
        REGEX_SOURCE,
        GROUP_SOURCE,
    ],
    open: None,
    rules: &[
        Rule::ExactlyOne(&["header", "cookie", "subprotocol", "status"]),
        Rule::Needs("group", "regex"),
        Rule::Excludes("regex", &["subprotocol", "status"]),
    ],
};

static HTTP: Noun = Noun {
    name: "http",
    doc: "An HTTP request: what is asked for, and what must hold of the answer.",
    fields: &[
        optional("get", Template, "Asks for a path on the target, or for a URL.", "/rooms"),
        optional("post", Template, "The same with POST.", "/login"),
        optional("put", Template, "The same with PUT.", "/rooms/1"),
        optional("patch", Template, "The same with PATCH.", "/rooms/1"),
        optional("delete", Template, "The same with DELETE.", "/rooms/1"),
        optional("head", Template, "The same with HEAD.", "/rooms"),
        optional("options", Template, "The same with OPTIONS.", "/rooms"),
        optional("method", Text, "Any other method, with `url`.", "PURGE"),
        optional("url", Template, "What `method` asks for.", "/rooms"),
        optional("query", Map(&QUERY), "Query parameters, encoded and added to the path's.", "{ page: 2 }"),
        optional("headers", Map(&HEADERS), "Further headers.", "{ X-Client: wsplan }"),
        COOKIES_IT,
        BASIC_IT,
        BEARER_IT,
        optional("json", Any, "A body of JSON.", "{ user: ann, password: \"{{env.PASSWORD}}\" }"),
        optional(
            "form",
            Map(&QUERY),
            "A body as forms have it, encoded (`application/x-www-form-urlencoded`).",
            "{ user: ann }",
        ),
        optional("text", Template, "A body of text.", "hello {{user.id}}"),
        optional("follow", Integer(0, 20), "How many redirects are followed. Default: 0.", "5"),
        optional("expect", Map(&HTTP_EXPECT), "What must hold of the answer.", "{ status: 200 }"),
        optional(
            "capture",
            Map(&ANSWER_CAPTURES),
            "Keeps values of the answer for templates.",
            "{ token: $.token }",
        ),
        optional("within", Duration, "How long it may take in all. Default: `defaults.within`.", "5s"),
    ],
    open: None,
    rules: &[
        Rule::ExactlyOne(&["get", "post", "put", "patch", "delete", "head", "options", "method"]),
        Rule::Needs("method", "url"),
        Rule::Needs("url", "method"),
        Rule::Excludes("basic", &["bearer"]),
        Rule::Excludes("json", &["form", "text"]),
        Rule::Excludes("form", &["text"]),
    ],
};

static HTTP_EXPECT: Noun = Noun {
    name: "answer",
    doc: "What must hold of an answer over HTTP; all of it.",
    fields: &[
        optional(
            "status",
            Either(&[Integer(100, 599), Words(STATUS_CLASSES), List(&STATUS, 1, 100)]),
            "The status, or several that are as good. Default: below 400, and where redirects are followed, no further redirect.",
            "200",
        ),
        optional(
            "headers",
            Map(&HEADER_MATCHERS),
            "Headers, by name; all that is said of each must hold.",
            "{ Content-Type: { starts_with: application/json } }",
        ),
        optional("body", Map(&MATCHER), "The body, as if it were a message.", "{ $.ok: true }"),
    ],
    open: None,
    rules: &[Rule::NotEmpty],
};

const STATUS: Kind = Either(&[Integer(100, 599), Words(STATUS_CLASSES)]);

static STATUS_CLASSES: &[Word] = &[
    Word { word: "2xx", doc: "200 to 299: it was done." },
    Word { word: "3xx", doc: "300 to 399: it is to be had elsewhere." },
    Word { word: "4xx", doc: "400 to 499: the request was wrong." },
    Word { word: "5xx", doc: "500 to 599: the server failed." },
];

static HEADER_MATCHERS: Noun = Noun {
    name: "answer headers",
    doc: "What must hold of headers, by name.",
    fields: &[],
    open: Some(Open {
        what: "a header's name",
        pattern: TOKEN_PATTERN,
        form: "letters, digits and !#$%&'*+-.^_`|~ (RFC 9110 section 5.6.2)",
        kind: Either(&[Template, Map(&HEADER_OPERATORS)]),
    }),
    rules: &[Rule::NotEmpty],
};

static ANSWER_CAPTURES: Noun = Noun {
    name: "capture of an answer",
    doc: "Values of an answer over HTTP, by name.",
    fields: &[],
    open: Some(Open {
        what: "a capture's name",
        pattern: NAME_PATTERN,
        form: NAME_FORM,
        kind: Either(&[Text, Map(&ANSWER_CAPTURE)]),
    }),
    rules: &[Rule::NotEmpty],
};

static ANSWER_CAPTURE: Noun = Noun {
    name: "source in an answer",
    doc: "Where in an answer over HTTP a value comes from. A string is short for `path`.",
    fields: &[
        optional(
            "path",
            Text,
            "A JSONPath (RFC 9535); the first node that it selects in the body.",
            "$.token",
        ),
        HEADER_SOURCE,
        COOKIE_SOURCE,
        STATUS_SOURCE,
        optional(
            "regex",
            Text,
            "A regular expression on the body, or on the value at `path`, `header` or `cookie`.",
            "id=(\\d+)",
        ),
        GROUP_SOURCE,
    ],
    open: None,
    rules: &[
        Rule::AtLeastOne(&["path", "header", "cookie", "status", "regex"]),
        Rule::Excludes("path", &["header", "cookie", "status"]),
        Rule::Excludes("header", &["cookie", "status"]),
        Rule::Excludes("cookie", &["status"]),
        Rule::Excludes("status", &["regex"]),
        Rule::Needs("group", "regex"),
    ],
};

static QUERY: Noun = Noun {
    name: "query",
    doc: "Query parameters.",
    fields: &[],
    open: Some(Open {
        what: "a parameter's name",
        pattern: "^.+$",
        form: "all characters, one at least",
        kind: Scalar,
    }),
    rules: &[],
};

static HEADERS: Noun = Noun {
    name: "headers",
    doc: "HTTP headers.",
    fields: &[],
    open: Some(Open {
        what: "a header's name",
        pattern: TOKEN_PATTERN,
        form: "letters, digits and !#$%&'*+-.^_`|~ (RFC 9110 section 5.6.2)",
        kind: Scalar,
    }),
    rules: &[],
};

static BODY: Noun = Noun {
    name: "body",
    doc: "A message body that says outright what it is.",
    fields: &[
        optional("$text", Template, "A text message.", "hello {{user.id}}"),
        optional("$json", Any, "A text message of JSON; for bodies that are neither map nor list.", "42"),
        optional("$binary", Map(&BINARY), "A binary message.", "{ hex: cafe01 }"),
        optional(
            "$file",
            Text,
            "The bytes of a file beside the plan, as they are: a text message where they are UTF-8, else binary.",
            "hello.json",
        ),
    ],
    open: None,
    rules: &[Rule::ExactlyOne(&["$text", "$json", "$binary", "$file"])],
};

static BINARY: Noun = Noun {
    name: "binary",
    doc: "Bytes.",
    fields: &[
        optional("hex", Text, "In hexadecimal; white space is skipped.", "ca fe 01"),
        optional("base64", Text, "In base64 (RFC 4648 section 4).", "yv4B"),
    ],
    open: None,
    rules: &[Rule::ExactlyOne(&["hex", "base64"])],
};

const ASSERT_IT: Field =
    optional("assert", Map(&MATCHER), "What must hold of it.", "{ $.members: { gte: 1 } }");
const CAPTURE_IT: Field =
    optional("capture", Map(&CAPTURES), "Keeps values of it for templates.", "{ session: $.session_id }");
const DELIVER_IT: Field = optional(
    "deliver",
    Text,
    "Reports it as a copy of one that was published to this stream of `delivery`.",
    "chat",
);

static EXPECT: Noun = Noun {
    name: "expect",
    doc: "Which message, what must hold of it, what to keep, and how long to wait.",
    fields: &[
        optional("where", Map(&MATCHER), "Which message.", "{ $.type: joined }"),
        ASSERT_IT,
        CAPTURE_IT,
        DELIVER_IT,
        optional("within", Duration, "How long to wait. Default: `defaults.within`.", "2s"),
        optional(
            "count",
            Integer(1, COUNT_MAX),
            "How many such messages it takes; each is asserted and captured, and the last one's captures stay. Default: 1.",
            "10",
        ),
        optional(
            "any_order",
            List(&ShortOrLong(&MATCHER, &AWAITED), 1, 64),
            "Several messages, each once, in any order.",
            "[{ $.type: joined }, { $.type: welcome }]",
        ),
        optional("absent", Duration, "That no such message comes for so long.", "2s"),
        optional(
            "at_most",
            Integer(1, COUNT_MAX),
            "That no more than so many such messages come; waits the whole of `within`.",
            "3",
        ),
    ],
    open: None,
    rules: &[
        Rule::ExactlyOne(&["where", "any_order"]),
        Rule::Excludes("any_order", &["assert", "capture", "deliver", "count", "absent", "at_most"]),
        Rule::Excludes("count", &["absent", "at_most"]),
        Rule::Excludes("absent", &["at_most", "within", "assert", "capture", "deliver"]),
    ],
};

static AWAITED: Noun = Noun {
    name: "awaited message",
    doc: "One of the messages of `any_order`.",
    fields: &[
        required("where", Map(&MATCHER), "Which message.", "{ $.type: joined }"),
        ASSERT_IT,
        CAPTURE_IT,
        DELIVER_IT,
    ],
    open: None,
    rules: &[],
};

static REQUEST: Noun = Noun {
    name: "request",
    doc: "A message and the reply that belongs to it.",
    fields: &[
        required("send", Body(&BODY), "The message.", "{ type: say, id: \"{{correlation_id}}\" }"),
        required("reply", Map(&MATCHER), "Which message is the reply.", "{ $.re: \"{{correlation_id}}\" }"),
        optional("assert", Map(&MATCHER), "What must hold of the reply.", "{ $.session: \"{{session}}\" }"),
        optional("capture", Map(&CAPTURES), "Keeps values of the reply for templates.", "{ seq: $.seq }"),
        optional("within", Duration, "How long to wait for it. Default: `defaults.within`.", "5s"),
        optional(
            "await",
            Bool,
            "Whether to wait for the reply here. With `false` the next step runs at once, and the reply is taken whenever it comes. Default: true.",
            "false",
        ),
        optional(
            "in_flight",
            Integer(1, COUNT_MAX),
            "With `await: false`: how many replies to this step may be pending for one user; where there are as many, it waits for one of them. Default: 1000.",
            "100",
        ),
    ],
    open: None,
    rules: &[Rule::Needs("in_flight", "await")],
};

static THINK: Noun = Noun {
    name: "think",
    doc: "A pause drawn at random.",
    fields: &[
        optional("between", List(&Duration, 2, 2), "Evenly between two bounds.", "[1s, 3s]"),
        optional(
            "normal",
            Map(&NORMAL),
            "Normally distributed; never below zero.",
            "{ mean: 2s, stddev: 500ms }",
        ),
        optional("exponential", Map(&EXPONENTIAL), "Exponentially distributed.", "{ mean: 2s }"),
    ],
    open: None,
    rules: &[Rule::ExactlyOne(&["between", "normal", "exponential"])],
};

static NORMAL: Noun = Noun {
    name: "normal",
    doc: "A normal distribution.",
    fields: &[
        required("mean", Duration, "Its mean.", "2s"),
        required("stddev", Duration, "Its standard deviation.", "500ms"),
    ],
    open: None,
    rules: &[],
};

static EXPONENTIAL: Noun = Noun {
    name: "exponential",
    doc: "An exponential distribution.",
    fields: &[required("mean", Duration, "Its mean.", "2s")],
    open: None,
    rules: &[],
};

static LOOP: Noun = Noun {
    name: "loop",
    doc: "Steps and how often. `{{loop.index}}` counts from 0.",
    fields: &[
        optional("times", Integer(0, COUNT_MAX), "So many times.", "10"),
        optional(
            "for",
            Duration,
            "Until so much time has passed; a round that has begun is finished.",
            "30s",
        ),
        optional("forever", True, "Until the run ends.", "true"),
        optional(
            "while",
            Map(&CONDITION),
            "As long as this holds of variables, asked before each round.",
            "{ n: { lt: 5 } }",
        ),
        optional(
            "over",
            Either(&[List(&Any, 0, 100_000), Template, Map(&OVER)]),
            "Once for each item of a list, or for each row of a data file, in order. A string is a template that gives a list.",
            "[lobby, attic]",
        ),
        optional("as", Name, "With `over`: the name of the round's item, for templates.", "room"),
        optional(
            "every",
            Duration,
            "Round k is due so many times k after the loop was entered: earlier it waits, later it goes on at once, and none is left out.",
            "100ms",
        ),
        required("steps", List(&Map(&STEP), 1, 100_000), "What to repeat.", "[send: hello]"),
    ],
    open: None,
    rules: &[Rule::ExactlyOne(&["times", "for", "forever", "while", "over"]), Rule::Needs("as", "over")],
};

static OVER: Noun = Noun {
    name: "over",
    doc: "The rows of a data file, all of them, in the order of the file.",
    fields: &[required(
        "data",
        Text,
        "The file's name in `data`. In the loop's steps its columns are those of the round's row.",
        "account",
    )],
    open: None,
    rules: &[],
};

static IF: Noun = Noun {
    name: "if",
    doc: "A condition, and what is done where it holds and where it does not.",
    fields: &[
        required(
            "when",
            Map(&CONDITION),
            "What must hold of variables, asked when the user comes here.",
            "{ n: { lt: 5 } }",
        ),
        required("then", List(&Map(&STEP), 1, 100_000), "What to do where it holds.", "[send: more]"),
        optional(
            "else",
            List(&Map(&STEP), 1, 100_000),
            "What to do where it does not. Default: nothing.",
            "[send: enough]",
        ),
    ],
    open: None,
    rules: &[],
};

static CHOICE: Noun = Noun {
    name: "choice",
    doc: "Steps that are done in their share of the cases.",
    fields: &[
        optional(
            "weight",
            Integer(0, 1_000_000),
            "Its share, relative to the other choices'. Default: 1.",
            "3",
        ),
        required("steps", List(&Map(&STEP), 1, 100_000), "What to do.", "[send: hello]"),
    ],
    open: None,
    rules: &[],
};

static BORROW: Noun = Noun {
    name: "borrow",
    doc: "Steps for which a user has a connection of a pool.",
    fields: &[
        required("from", Text, "The pool.", "bus"),
        required(
            "steps",
            List(&Map(&STEP), 1, 100_000),
            "What is done; steps without `on` act on the connection of the pool.",
            "[send: hello]",
        ),
    ],
    open: None,
    rules: &[],
};

static BARRIER: Noun = Noun {
    name: "barrier",
    doc: "A place where users wait for one another.",
    fields: &[
        required("name", Text, "Its name: steps of one name wait together.", "start"),
        optional(
            "users",
            Integer(1, COUNT_MAX),
            "How many go on together. Default: all users whose scenario has the barrier, at the peak of the load.",
            "10",
        ),
        optional("within", Duration, "How long to wait for the others. Default: `defaults.within`.", "30s"),
    ],
    open: None,
    rules: &[],
};

static CLOSE: Noun = Noun {
    name: "close",
    doc: "How to close the connection (RFC 6455 section 7).",
    fields: &[
        optional("code", Integer(1000, 4999), "The close code. Default: 1000.", "1000"),
        optional("reason", Template, "The reason, 123 bytes at most. Default: none.", "done"),
    ],
    open: None,
    rules: &[],
};

static PING: Noun = Noun {
    name: "ping",
    doc: "How long to wait for the Pong.",
    fields: &[optional("within", Duration, "How long to wait for it. Default: `defaults.within`.", "2s")],
    open: None,
    rules: &[],
};

const CLOSE_CODE: Kind = Integer(1000, 4999);

static EXPECT_CLOSE: Noun = Noun {
    name: "expect_close",
    doc: "How the server is to close the connection (RFC 6455 section 7).",
    fields: &[
        optional(
            "code",
            CLOSE_CODE,
            "With which code; 1005 is a Close frame without one, 1006 an end without a Close frame. Default: any Close frame.",
            "4001",
        ),
        optional(
            "reason",
            Either(&[Template, Map(&TEXT_OPERATORS)]),
            "What must hold of its reason, which is empty where it has none.",
            "{ contains: idle }",
        ),
        optional("within", Duration, "How long to wait for it. Default: `defaults.within`.", "5s"),
    ],
    open: None,
    rules: &[],
};

static SET: Noun = Noun {
    name: "set",
    doc: "Names and their values, in order; a value may hold templates, also of the names before it.",
    fields: &[],
    open: Some(Open { what: "a name", pattern: NAME_PATTERN, form: NAME_FORM, kind: Any }),
    rules: &[Rule::NotEmpty],
};

static CAPTURES: Noun = Noun {
    name: "capture",
    doc: "Values to keep, by name.",
    fields: &[],
    open: Some(Open {
        what: "a capture's name",
        pattern: NAME_PATTERN,
        form: NAME_FORM,
        kind: Either(&[Text, Map(&CAPTURE)]),
    }),
    rules: &[Rule::NotEmpty],
};

static CAPTURE: Noun = Noun {
    name: "capture source",
    doc: "Where a value comes from. A string is short for `path`.",
    fields: &[
        optional("path", Text, "A JSONPath (RFC 9535); the first node it selects.", "$.session_id"),
        optional("regex", Text, "A regular expression on the text, or on the string at `path`.", "id=(\\d+)"),
        optional(
            "group",
            Either(&[Integer(0, 100), Text]),
            "Which group of it, by number or name. Default: 1 where there is one, else 0, the whole match.",
            "1",
        ),
    ],
    open: None,
    rules: &[Rule::AtLeastOne(&["path", "regex"]), Rule::Needs("group", "regex")],
};

/// What a matcher compares a subject with: a value that it must equal, or operators.
const COMPARISON: Kind = Either(&[Null, Scalar, List(&Any, 0, UNLIMITED), Map(&OPERATORS)]);

static MATCHER: Noun = Noun {
    name: "matcher",
    doc: "What must hold of a message: by JSONPath (RFC 9535), or of its `text` or `binary` as a whole. All of it must hold.",
    fields: &[
        optional(
            "text",
            Either(&[Template, Map(&TEXT_OPERATORS)]),
            "The text of a text message, as a whole.",
            "{ starts_with: ok }",
        ),
        optional(
            "binary",
            Either(&[Template, Map(&BINARY_OPERATORS)]),
            "The bytes of a binary message, as a whole.",
            "{ starts_with: { hex: ca fe } }",
        ),
    ],
    open: Some(Open {
        what: "a JSONPath",
        pattern: "^\\$",
        form: "JSONPaths, which begin with `$`",
        kind: COMPARISON,
    }),
    rules: &[Rule::NotEmpty],
};

static CONDITION: Noun = Noun {
    name: "condition",
    doc: "What must hold of variables, captures and set names.",
    fields: &[],
    open: Some(Open {
        what: "a name",
        pattern: "^[A-Za-z_][A-Za-z0-9_.]*$",
        form: "names of variables, captures and set names, and parts of them, as in `user.id`",
        kind: COMPARISON,
    }),
    rules: &[Rule::NotEmpty],
};

static OPERATORS: Noun = Noun {
    name: "operators",
    doc: "Comparisons; all of them must hold. To compare with a map, write `{ eq: {...} }`.",
    fields: &[
        optional("eq", Any, "Equal. Numbers compare by value: 1 equals 1.0.", "joined"),
        optional("ne", Any, "Not equal, or not there.", "error"),
        optional("lt", Ordered, "Less than, for two numbers or two strings.", "10"),
        optional("lte", Ordered, "Less than or equal.", "10"),
        optional("gt", Ordered, "Greater than.", "0"),
        optional("gte", Ordered, "Greater than or equal.", "1"),
        optional("exists", Bool, "Whether there is such a value at all; `null` is one.", "true"),
        optional("type", Words(TYPES), "Of which JSON type.", "string"),
        optional("matches", Text, "A regular expression that a string must match somewhere.", "^[0-9a-f]+$"),
        optional("contains", Any, "A string holds this text; a list holds this element.", "lobby"),
        optional("one_of", List(&Any, 1, UNLIMITED), "Equal to one of these.", "[joined, rejoined]"),
        optional(
            "length",
            LENGTH,
            "Characters of a string, elements of a list, members of a map.",
            "{ gte: 1 }",
        ),
    ],
    open: None,
    rules: &[Rule::NotEmpty],
};

const LENGTH: Kind = Either(&[Integer(0, COUNT_MAX), Map(&LENGTH_OPERATORS)]);

static TYPES: &[Word] = &[
    Word { word: "string", doc: "A string." },
    Word { word: "number", doc: "Any number." },
    Word { word: "integer", doc: "A number without a fraction." },
    Word { word: "boolean", doc: "True or false." },
    Word { word: "array", doc: "An array." },
    Word { word: "object", doc: "An object." },
    Word { word: "null", doc: "Null." },
];

static LENGTH_OPERATORS: Noun = Noun {
    name: "length operators",
    doc: "Comparisons of a length; all of them must hold.",
    fields: &[
        optional("eq", Integer(0, COUNT_MAX), "Equal.", "3"),
        optional("ne", Integer(0, COUNT_MAX), "Not equal.", "0"),
        optional("lt", Integer(0, COUNT_MAX), "Less than.", "10"),
        optional("lte", Integer(0, COUNT_MAX), "Less than or equal.", "10"),
        optional("gt", Integer(0, COUNT_MAX), "Greater than.", "0"),
        optional("gte", Integer(0, COUNT_MAX), "Greater than or equal.", "1"),
    ],
    open: None,
    rules: &[Rule::NotEmpty],
};

static TEXT_OPERATORS: Noun = Noun {
    name: "text operators",
    doc: "Comparisons of a whole text; all of them must hold.",
    fields: &[
        optional("equals", Template, "Equal.", "pong"),
        optional("contains", Template, "Holds this text.", "lobby"),
        optional("starts_with", Template, "Starts with this text.", "ok "),
        optional("matches", Text, "A regular expression that must match somewhere.", "^ok [0-9]+$"),
        optional("length", LENGTH, "Its length in characters.", "{ gt: 0 }"),
    ],
    open: None,
    rules: &[Rule::NotEmpty],
};

static HEADER_OPERATORS: Noun = Noun {
    name: "header operators",
    doc: "Comparisons of a header's value, over all its lines; all of them must hold.",
    fields: &[
        optional("equals", Template, "Equal.", "application/json"),
        optional("exists", Bool, "Whether there is such a header at all.", "false"),
        optional("contains", Template, "Holds this text.", "json"),
        optional("starts_with", Template, "Starts with this text.", "text/"),
        optional("matches", Text, "A regular expression that must match somewhere.", "max-age=[0-9]+"),
        optional("length", LENGTH, "Its length in characters.", "{ gt: 0 }"),
    ],
    open: None,
    rules: &[Rule::NotEmpty],
};

/// Bytes: in hexadecimal or base64, or a string's UTF-8.
const BYTES: Kind = Either(&[Template, Map(&BINARY)]);

static BINARY_OPERATORS: Noun = Noun {
    name: "binary operators",
    doc: "Comparisons of a whole binary message; all of them must hold.",
    fields: &[
        optional("equals", BYTES, "Equal.", "{ hex: cafe01 }"),
        optional("contains", BYTES, "Holds these bytes.", "{ hex: fe }"),
        optional("starts_with", BYTES, "Starts with these bytes.", "{ hex: ca fe }"),
        optional("matches", Text, "A regular expression on the bytes that must match somewhere.", "^\\xca"),
        optional("length", LENGTH, "Its length in bytes.", "{ gt: 0 }"),
    ],
    open: None,
    rules: &[Rule::NotEmpty],
};

/// Every noun that can be reached from the plan, each once.
pub fn all() -> Vec<&'static Noun> {
    let mut found: Vec<&'static Noun> = Vec::new();
    let mut open = vec![&PLAN];
    while let Some(noun) = open.pop() {
        if found.iter().any(|known| std::ptr::eq(*known, noun)) {
            continue;
        }
        found.push(noun);
        for field in noun.fields {
            reach(&field.kind, &mut open);
        }
        if let Some(keys) = &noun.open {
            reach(&keys.kind, &mut open);
        }
    }
    found
}

fn reach(kind: &Kind, open: &mut Vec<&'static Noun>) {
    match kind {
        Map(noun) | Body(noun) => open.push(noun),
        List(of, ..) => reach(of, open),
        Either(kinds) => kinds.iter().for_each(|kind| reach(kind, open)),
        ShortOrLong(short, long) => open.extend([*short, *long]),
        _ => {}
    }
}

/// Whether an `expect` is the short form, a matcher alone.
pub fn expect_is_short(node: &Node) -> bool {
    std::ptr::eq(super::check::short_or_long(node, &MATCHER, &EXPECT), &raw const MATCHER)
}

/// Whether a map has a key that only the long form of an `expect` has.
pub fn expect_is_long(node: &Node) -> bool {
    node.entries().unwrap_or_default().iter().any(|entry| EXPECT.field(&entry.key.text).is_some())
}

/// Whether an item of `any_order` is the short form, a matcher alone.
pub fn awaited_is_short(node: &Node) -> bool {
    std::ptr::eq(super::check::short_or_long(node, &MATCHER, &AWAITED), &raw const MATCHER)
}
