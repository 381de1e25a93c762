//! The summary of a run as JSON, described by `schema/summary.schema.json`.
//!
//! Fields may be added later; those that are here keep their names and meaning.

mod generator;
mod search;
mod write;

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::RunReport;
use crate::metrics::{Counts, DeliveryCounts, Percentile, StepFigures, Timing};

pub use generator::{EvidenceUnit, Files, Generator, Ports, Reason, Thread};
pub use search::{Criterion, LevelUnit, Search, TriedLevel};
pub use write::WriteError;

/// The figures and the verdict of one run of `wsplan run`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Summary {
    /// The version of wsplan that made the run.
    pub wsplan: String,
    /// The plan's name.
    pub plan: String,
    /// When the run began, in UTC (RFC 3339).
    #[schemars(extend("format" = "date-time"))]
    pub started: String,
    /// How long it took in seconds, draining included.
    pub duration_s: f64,
    /// Virtual users.
    pub users: Users,
    /// WebSocket connections.
    pub connections: Connections,
    /// Connections that users share.
    pub pools: Pools,
    /// Users that came in an open load.
    pub arrivals: Arrivals,
    /// TLS.
    pub tls: Tls,
    /// Data messages.
    pub messages: Messages,
    /// What permessage-deflate did.
    pub deflate: Deflate,
    /// Messages of paced loops.
    pub sends: Sends,
    /// Requests and what became of their replies.
    pub requests: Requests,
    /// What was asked over HTTP by `http` steps.
    pub http: Http,
    /// Runs of a scenario.
    pub iterations: Iterations,
    /// Connects, requests, expects and other waits for the server that ended, well or not.
    pub operations: u64,
    /// Every timer of the plan by its name, also those that were never used.
    pub metrics: BTreeMap<String, Metric>,
    /// What became of every step that waits for the server or for other users, by its name, also of those that were never
    /// done.
    pub steps: BTreeMap<String, Step>,
    /// What became of the messages of each stream of the plan's `delivery`, by its name.
    pub delivery: BTreeMap<String, Delivery>,
    /// What went wrong, by kind and line of the plan, most frequent first.
    pub errors: Vec<Error>,
    /// The thresholds in the plan's order.
    pub thresholds: Vec<Threshold>,
    /// What a search has found; null where the load was none. The thresholds are then judged on the highest level that held.
    pub search: Option<Search>,
    /// What the generator itself used, and whether it was the bottleneck.
    pub generator: Generator,
    /// What fixed every draw; `--seed` repeats it.
    pub seed: u64,
    /// The words of `--fail-on` that came true.
    pub failed_on: Vec<String>,
    /// The exit status: 0 it held, 1 a threshold or `--fail-on` failed or there were errors that no threshold allows, 3 it could not be
    /// carried out, 130 it was interrupted.
    pub exit_status: u8,
}

/// Virtual users.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Users {
    /// Users that began.
    pub started: u64,
    /// Users that left without having failed.
    pub finished: u64,
    /// Users that left having failed.
    pub failed: u64,
    /// The most users at one time.
    pub peak: u64,
    /// Users that left because a data file had no row for them any more; they are among `finished` and `failed`.
    pub out_of_data: u64,
}

/// WebSocket connections.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Connections {
    /// Connections begun.
    pub attempted: u64,
    /// Connections whose upgrade succeeded.
    pub established: u64,
    /// Connections that were not established.
    pub failed: u64,
    /// Upgrades that the server refused where the plan expects a status; they are not among the failed.
    pub refused: u64,
    /// Established connections that the peer ended first.
    pub closed_by_peer: u64,
    /// Established connections that stand with another target than the one that was tried first.
    pub failovers: u64,
    /// Established connections that stand again after they were lost.
    pub reconnects: u64,
}

impl Users {
    fn of(report: &RunReport) -> Self {
        let counts = &report.totals.counts;
        Self {
            started: counts.users_started,
            finished: counts.users_finished,
            failed: counts.users_failed,
            peak: report.totals.users.peak,
            out_of_data: counts.users_out_of_data,
        }
    }
}

/// Users that came in an open load.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Arrivals {
    /// Those that were due to come.
    pub due: u64,
    /// Those of them that were turned away.
    pub missed: u64,
}

/// Connections that users share.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Pools {
    /// How often a user was given a connection of a pool.
    pub borrowed: u64,
    /// Connections that were opened for that.
    pub opened: u64,
}

/// TLS.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Tls {
    /// Handshakes of established connections.
    pub handshakes: u64,
    /// Those in which a session of before was taken up.
    pub resumed: u64,
    /// Whether any server was taken for whom it said it was.
    pub insecure: bool,
}

/// Data messages.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Messages {
    /// Messages sent.
    pub sent: u64,
    /// Messages received.
    pub received: u64,
    /// Bytes of payload sent.
    pub bytes_sent: u64,
    /// Bytes of payload received.
    pub bytes_received: u64,
    /// Writes in which messages and control frames began to leave.
    pub writes: u64,
    /// Messages received that nothing in the plan took.
    pub unmatched: u64,
    /// One of those; null where there is none. May hold text from the server.
    pub unmatched_sample: Option<String>,
    /// Messages that a full inbox let go before anything could take them; they are among the unmatched, where those are counted.
    pub dropped: u64,
    /// One of those; null where there is none. May hold text from the server.
    pub dropped_sample: Option<String>,
}

/// What permessage-deflate (RFC 7692) did, where it was offered.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Deflate {
    /// Established connections on which it was agreed.
    pub connections: u64,
    /// Established connections whose server did not take the offer.
    pub declined: u64,
    /// Messages sent.
    pub sent: Deflated,
    /// Messages received.
    pub received: Deflated,
}

/// Messages that were compressed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Deflated {
    /// How many.
    pub messages: u64,
    /// Their payload in bytes when it is not compressed.
    pub bytes: u64,
    /// Their payload in bytes when it is.
    pub compressed_bytes: u64,
    /// The second as a share of the first; null where there was nothing to compress.
    pub ratio: Option<f64>,
}

/// Messages that were due at a time, as paced loops say.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Sends {
    /// Those that were sent and those that were missed.
    pub due: u64,
    /// Those that began to leave more than 10 ms after they were due.
    pub late: u64,
    /// Those that were not sent before the loop was cut off by the end of the run or by a failure.
    pub missed: u64,
}

/// Requests and what became of their replies. That a reply is late, duplicated or missing is told of requests whose
/// reply is known by the request's `correlation_id`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Requests {
    /// Requests made.
    pub made: u64,
    /// Requests that had to wait because as many as `in_flight` allows were pending.
    pub throttled: u64,
    /// Replies that came after the time for them had run out.
    pub replies_late: u64,
    /// Replies that came again.
    pub replies_duplicated: u64,
    /// Replies that never came.
    pub replies_missing: u64,
}

/// What was asked over HTTP by `http` steps.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Http {
    /// Requests sent, each redirect that was followed among them.
    pub requests: u64,
    /// Steps that failed: without an answer, or with one that is not wanted.
    pub failed: u64,
    /// Bytes of bodies sent.
    pub bytes_sent: u64,
    /// Bytes of bodies received.
    pub bytes_received: u64,
}

/// Runs of a scenario.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Iterations {
    /// Those that ended, well or not.
    pub ended: u64,
    /// Those in which anything failed.
    pub failed: u64,
}

/// The distribution of one timer. Times are null where nothing was recorded. Percentiles are at most 0.1 % too
/// long and never too short.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Metric {
    /// The unit of the times.
    pub unit: Unit,
    /// How many times were recorded.
    pub count: u64,
    /// The shortest.
    pub min: Option<u64>,
    /// The arithmetic mean.
    pub mean: Option<f64>,
    /// The median.
    pub p50: Option<u64>,
    /// The 90th percentile.
    pub p90: Option<u64>,
    /// The 95th percentile.
    pub p95: Option<u64>,
    /// The 99th percentile.
    pub p99: Option<u64>,
    /// The 99.9th percentile.
    pub p999: Option<u64>,
    /// The longest.
    pub max: Option<u64>,
    /// The percentiles that `--percentiles` asked for, by their names, such as `p66`; only there where it did.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub percentiles: BTreeMap<String, Option<u64>>,
}

/// What became of the steps of one name.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Step {
    /// How often it did what it was to do.
    pub succeeded: u64,
    /// How often it did not.
    pub failed: u64,
    /// The share that succeeded; null where it was never done.
    pub success: Option<f64>,
    /// How often it succeeded in a second of the whole run; null where that took no time.
    pub per_second: Option<f64>,
    /// The failures by their kinds.
    pub errors: BTreeMap<String, u64>,
}

/// What became of the messages of one stream.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Delivery {
    /// Messages published.
    pub published: u64,
    /// Messages of which nothing more can be said: their key was not theirs alone, or there were too many.
    pub untracked: u64,
    /// Copies that were to come: those delivered and those lost.
    pub expected: u64,
    /// Copies that came in time to users they were meant for.
    pub delivered: u64,
    /// Copies that did not come in time.
    pub lost: u64,
    /// Copies that came, but late; they are among the lost.
    pub late: u64,
    /// Copies that came again.
    pub duplicated: u64,
    /// Copies that came behind one that the same sender published later.
    pub reordered: u64,
    /// Of every two messages seen in both orders, the users who saw them in the rarer one; counted only where the plan
    /// asks for total order.
    pub reordered_total: u64,
    /// Copies that came to users they were not meant for.
    pub leaked: u64,
    /// Copies that came to users who entered the audience only after the publishing, or were cut off then.
    pub extra: u64,
    /// Copies that had not come when their user left, within the time that they had.
    pub excused: u64,
    /// Copies that users have not got because their connection was lost and had to be opened again.
    pub missed: u64,
    /// Copies of messages that nobody published, or too long ago.
    pub unknown: u64,
}

/// The unit of a time.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub enum Unit {
    /// Microseconds.
    #[serde(rename = "us")]
    Microseconds,
}

/// One kind of error at one line of the plan.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Error {
    /// The kind, from a closed list; `closed_by_peer` may have a close code, as in `closed_by_peer(1011)`.
    pub kind: String,
    /// How often.
    pub count: u64,
    /// The plan's file; null if the error belongs to no line.
    pub file: Option<String>,
    /// The line, from 1; null if the error belongs to none.
    pub line: Option<u32>,
    /// What the first of them said. May hold text from the server.
    pub sample: String,
    /// The number of the user whose error the first of them was; null if it was none of the load's.
    pub user: Option<u64>,
    /// The last data messages that this user had sent and received by then, oldest first.
    pub last_frames: Vec<LastFrame>,
}

/// A data message that a user sent or received before an error.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LastFrame {
    /// When it was read, or queued to be sent, in seconds since the run's start.
    pub at_s: f64,
    /// The name of its connection; null if that has none.
    pub connection: Option<String>,
    /// Whether the user sent it or received it.
    pub direction: Direction,
    /// Whether it was a text or a binary message.
    pub kind: FrameKind,
    /// How long its payload was, in bytes.
    pub bytes: u64,
    /// The beginning of its payload: text, or bytes as hexadecimal digits, with an ellipsis where there is more. What is
    /// secret is hidden. May hold text from the server.
    pub payload: String,
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// To the server.
    Out,
    /// From the server.
    In,
}

/// What kind of message it was (RFC 6455 section 5.6).
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FrameKind {
    /// Text.
    Text,
    /// Binary.
    Binary,
}

/// What a threshold came to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Threshold {
    /// The threshold in its canonical form.
    pub expression: String,
    /// The figure, for people; `no value` if there is none, in which case the threshold did not hold.
    pub observed: String,
    /// Whether it held.
    pub passed: bool,
}

impl Summary {
    /// The summary of a run.
    pub fn of(report: &RunReport) -> Self {
        let counts = &report.totals.counts;
        Self {
            wsplan: env!("CARGO_PKG_VERSION").to_owned(),
            plan: report.plan.clone(),
            started: format!("{:.3}", report.started),
            duration_s: seconds(report.duration),
            users: Users::of(report),
            connections: Connections {
                attempted: counts.connections_attempted,
                established: counts.connections_established,
                failed: counts.connections_failed,
                refused: counts.connections_refused,
                closed_by_peer: counts.connections_closed_by_peer,
                failovers: counts.failovers,
                reconnects: counts.reconnects,
            },
            arrivals: Arrivals { due: counts.arrivals_due, missed: counts.arrivals_missed },
            pools: Pools { borrowed: counts.pools_borrowed, opened: counts.pools_opened },
            tls: Tls {
                handshakes: counts.tls_handshakes,
                resumed: counts.tls_resumed,
                insecure: report.is_insecure,
            },
            messages: Messages {
                sent: counts.messages_sent,
                received: counts.messages_received,
                bytes_sent: counts.bytes_sent,
                bytes_received: counts.bytes_received,
                writes: counts.writes,
                unmatched: counts.messages_unmatched,
                unmatched_sample: report.totals.samples.unmatched.clone(),
                dropped: counts.inbox_dropped,
                dropped_sample: report.totals.samples.dropped.clone(),
            },
            deflate: Deflate::of(counts),
            sends: Sends { due: counts.sends_due, late: counts.sends_late, missed: counts.sends_missed },
            requests: Requests {
                made: counts.requests,
                throttled: counts.requests_throttled,
                replies_late: counts.replies_late,
                replies_duplicated: counts.replies_duplicated,
                replies_missing: counts.replies_missing,
            },
            http: Http::of(counts),
            iterations: Iterations { ended: counts.iterations, failed: counts.iterations_failed },
            operations: counts.operations,
            metrics: report
                .totals
                .timings()
                .map(|(name, timing)| (name.to_owned(), Metric::of(timing, &report.percentiles)))
                .collect(),
            steps: Step::all(report),
            delivery: report
                .totals
                .deliveries
                .iter()
                .map(|(stream, counts)| (stream.clone(), Delivery::of(counts)))
                .collect(),
            errors: report.errors.iter().map(Error::of).collect(),
            thresholds: report.judgement.observed.iter().map(Threshold::of).collect(),
            search: report.search.as_ref().map(|found| Search::of(found, &report.percentiles)),
            generator: Generator::of(&report.generator),
            seed: report.seed,
            failed_on: report.failed_on.iter().map(|&word| word.to_owned()).collect(),
            exit_status: report.exit_status,
        }
    }

    /// The summary as indented JSON, with a line end at the end.
    pub fn to_json(&self) -> String {
        let mut json =
            serde_json::to_string_pretty(self).expect("every key is a string, and a String takes any text");
        json.push('\n');
        json
    }

    /// The JSON Schema (draft 2020-12) of a summary, as `schema/summary.schema.json` has it.
    pub fn json_schema() -> String {
        let mut schema = schemars::schema_for!(Self);
        schema.insert("title".to_owned(), "wsplan summary".into());
        let mut json = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
        json.push('\n');
        json
    }
}

impl Http {
    fn of(counts: &Counts) -> Self {
        Self {
            requests: counts.http_requests,
            failed: counts.http_failed,
            bytes_sent: counts.http_bytes_sent,
            bytes_received: counts.http_bytes_received,
        }
    }
}

impl Metric {
    fn of(timing: Option<&Timing>, asked: &[Percentile]) -> Self {
        let us = |time: Option<Duration>| {
            time.map(|t| u64::try_from(t.as_micros()).expect("a time is at most an hour"))
        };
        let at = |percent| us(timing.and_then(|t| t.percentile(percent)));
        Self {
            unit: Unit::Microseconds,
            count: timing.map_or(0, Timing::count),
            min: us(timing.and_then(Timing::min)),
            mean: timing.and_then(Timing::mean).map(|mean| mean.as_nanos() as f64 / 1000.0),
            p50: at(50.0),
            p90: at(90.0),
            p95: at(95.0),
            p99: at(99.0),
            p999: at(99.9),
            max: us(timing.and_then(Timing::max)),
            percentiles: asked.iter().map(|asked| (asked.to_string(), at(asked.percent()))).collect(),
        }
    }
}

impl Step {
    fn all(report: &RunReport) -> BTreeMap<String, Self> {
        let steps = report.totals.steps();
        steps.iter().map(|step| (step.name.to_owned(), Self::of(step, report.duration))).collect()
    }

    fn of(step: &StepFigures<'_>, duration: Duration) -> Self {
        let seconds = duration.as_secs_f64();
        Self {
            succeeded: step.succeeded,
            failed: step.failed,
            success: (step.total() > 0).then(|| step.succeeded as f64 / step.total() as f64),
            per_second: (seconds > 0.0).then(|| step.succeeded as f64 / seconds),
            errors: step.errors.iter().map(|(kind, count)| (kind.to_string(), *count)).collect(),
        }
    }
}

impl Deflate {
    fn of(counts: &Counts) -> Self {
        let of = |messages, bytes, compressed_bytes| {
            let ratio = (bytes > 0).then(|| compressed_bytes as f64 / bytes as f64);
            Deflated { messages, bytes, compressed_bytes, ratio }
        };
        Self {
            connections: counts.connections_deflated,
            declined: counts.deflate_declined,
            sent: of(counts.deflated_sent, counts.deflate_bytes_sent, counts.deflate_compressed_sent),
            received: of(
                counts.deflated_received,
                counts.deflate_bytes_received,
                counts.deflate_compressed_received,
            ),
        }
    }
}

impl Delivery {
    fn of(counts: &DeliveryCounts) -> Self {
        Self {
            published: counts.published,
            untracked: counts.untracked,
            expected: counts.expected,
            delivered: counts.delivered,
            lost: counts.lost,
            late: counts.late,
            duplicated: counts.duplicated,
            reordered: counts.reordered,
            reordered_total: counts.reordered_total,
            leaked: counts.leaked,
            extra: counts.extra,
            excused: counts.excused,
            missed: counts.missed,
            unknown: counts.unknown,
        }
    }
}

impl Error {
    fn of(row: &super::ErrorRow) -> Self {
        Self {
            kind: row.kind.to_string(),
            count: row.count,
            file: row.place.as_ref().map(|place| place.file.clone()),
            line: row.place.as_ref().map(|place| place.line),
            sample: row.sample.clone(),
            user: row.context.user,
            last_frames: row.context.last_frames.iter().map(LastFrame::of).collect(),
        }
    }
}

impl LastFrame {
    fn of(frame: &crate::metrics::LastFrame) -> Self {
        Self {
            at_s: seconds(frame.at),
            connection: frame.connection.clone(),
            direction: if frame.is_out { Direction::Out } else { Direction::In },
            kind: if frame.is_binary { FrameKind::Binary } else { FrameKind::Text },
            bytes: frame.bytes,
            payload: frame.payload.clone(),
        }
    }
}

impl Threshold {
    fn of(observed: &crate::metrics::Observed) -> Self {
        Self {
            expression: observed.expression.clone(),
            observed: observed.value.clone(),
            passed: observed.passed,
        }
    }
}

/// To the millisecond: more would be noise.
fn seconds(time: Duration) -> f64 {
    time.as_millis() as f64 / 1000.0
}

#[cfg(test)]
mod tests;
