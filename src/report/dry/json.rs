//! A dry run for programs. Times are in seconds.

use serde_json::{Value, json};

use super::{DryRun, Step};
use crate::dry::{Ending, Share};
use crate::metrics::Counter;
use crate::report::{ErrorRow, Place};

/// The dry run as JSON: every figure is there, also where it is zero; what is not known is null.
pub fn to_json(run: &DryRun) -> Value {
    let DryRun {
        plan,
        path,
        peer,
        latency,
        seed,
        is_search,
        outcome,
        errors,
        steps,
        unanswered,
        timeless,
        needs,
        ..
    } = run;
    let counts: serde_json::Map<String, Value> = Counter::ALL
        .iter()
        .map(|counter| (counter.name().to_owned(), counter.of(&outcome.counts).into()))
        .collect();
    json!({
        "plan": plan,
        "path": path,
        "peer": peer,
        "latency_s": latency.as_secs_f64(),
        "seed": seed,
        "search_highest_level": is_search,
        "one_of_users": outcome.one_of,
        "ending": ending(outcome.ending),
        "duration_s": outcome.elapsed.as_secs_f64(),
        "timeless": timeless.as_ref().map(place),
        "users_peak": outcome.users_peak,
        "connections_peak": outcome.connections_peak,
        "wire_bytes_sent": outcome.wire_bytes_sent,
        "wire_bytes_received": outcome.wire_bytes_received,
        "longest_sent_bytes": outcome.longest_sent,
        "longest_received_bytes": outcome.longest_received,
        "counts": counts,
        "busiest_second": outcome.busiest,
        "interval_s": outcome.interval.as_secs(),
        "intervals": outcome.intervals,
        "steps": steps.iter().map(step).collect::<Vec<_>>(),
        "unanswered": unanswered.iter().map(|(at, count, reason)| json!({
            "place": place(at), "count": count, "reason": reason,
        })).collect::<Vec<_>>(),
        "errors": errors.iter().map(error).collect::<Vec<_>>(),
        "needs": {
            "memory_bytes": needs.memory_bytes(),
            "memory": needs.memory.iter().map(share).collect::<Vec<_>>(),
            "files": needs.files,
            "files_limit": needs.files_limit,
            "ports": needs.ports,
            "ports_available": needs.ports_available,
            "source_addresses": needs.addresses(),
        },
    })
}

fn ending(ending: Ending) -> &'static str {
    match ending {
        Ending::Ended => "ended",
        Ending::Enough => "unfinished",
        Ending::Endless => "endless",
        Ending::Timeless(_) => "timeless",
        Ending::NotSetUp => "not_set_up",
    }
}

fn place(place: &Place) -> Value {
    json!({ "file": place.file, "line": place.line })
}

fn step(Step { name, place: at, message_count, payload_bytes }: &Step) -> Value {
    json!({ "name": name, "place": place(at), "messages": message_count, "bytes": payload_bytes })
}

fn error(ErrorRow { kind, count, place: at, sample, .. }: &ErrorRow) -> Value {
    json!({ "kind": kind.to_string(), "count": count, "place": at.as_ref().map(place), "sample": sample })
}

fn share(share: &Share) -> Value {
    json!({ "what": share.what, "count": share.count, "bytes_each": share.bytes_each })
}
