use std::path::Path;

use serde_json::{Value, json};

use super::super::run::tests::{empty_run, eventful_run};
use super::*;
use crate::metrics::{self, Context, Percentile, Resources, ThreadWatch, Watch, saturation};

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/summary.schema.json");

fn json_of(report: &RunReport) -> Value {
    serde_json::from_str(&Summary::of(report).to_json()).unwrap()
}

#[test]
fn the_schema_has_not_drifted() {
    let schema = Summary::json_schema();
    if std::env::var_os("WSPLAN_BLESS").is_some_and(|value| value == "1") {
        std::fs::write(SCHEMA, &schema).unwrap();
    }
    let stored = std::fs::read_to_string(SCHEMA).unwrap_or_default();
    assert!(
        stored == schema,
        "schema/summary.schema.json is not what the structs say; run `WSPLAN_BLESS=1 cargo test --lib report::summary` \
         and read the difference before committing it"
    );
}

#[test]
fn summaries_are_what_the_schema_says() {
    let schema: Value = serde_json::from_str(&Summary::json_schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let asked = RunReport { percentiles: Percentile::parse_list("66").unwrap(), ..eventful_run() };
    for report in [eventful_run(), empty_run(), watched_run(), asked] {
        let summary = json_of(&report);
        let faults: Vec<_> = validator.iter_errors(&summary).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{faults:#?}");
    }
    for (pointer, wrong) in [
        ("/exit_status", json!("0")),
        ("/users/peak", json!(-1)),
        ("/metrics/say.rtt/unit", json!("ms")),
        ("/errors/0/line", json!("31")),
        ("/errors/0/count", Value::Null),
        ("/thresholds/0/passed", Value::Null),
    ] {
        let mut summary = json_of(&eventful_run());
        *summary.pointer_mut(pointer).expect(pointer) = wrong;
        assert!(!validator.is_valid(&summary), "{pointer}");
    }
}

#[test]
fn the_fields_are_those_agreed() {
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    let summary = json_of(&eventful_run());
    assert_eq!(
        keys(&summary),
        "wsplan plan started duration_s users connections pools arrivals tls messages deflate sends requests http iterations operations metrics steps delivery errors thresholds search generator seed failed_on exit_status"
    );
    assert_eq!(keys(&summary["users"]), "started finished failed peak out_of_data");
    assert_eq!(
        keys(&summary["connections"]),
        "attempted established failed refused closed_by_peer failovers reconnects"
    );
    assert_eq!(keys(&summary["pools"]), "borrowed opened");
    assert_eq!(keys(&summary["tls"]), "handshakes resumed insecure");
    assert_eq!(
        keys(&summary["messages"]),
        "sent received bytes_sent bytes_received writes unmatched unmatched_sample dropped dropped_sample"
    );
    assert_eq!(keys(&summary["deflate"]), "connections declined sent received");
    assert_eq!(keys(&summary["deflate"]["sent"]), "messages bytes compressed_bytes ratio");
    assert_eq!(keys(&summary["http"]), "requests failed bytes_sent bytes_received");
    assert_eq!(keys(&summary["iterations"]), "ended failed");
    assert_eq!(keys(&summary["metrics"]["say.rtt"]), "unit count min mean p50 p90 p95 p99 p999 max");
    let mut report = eventful_run();
    report.percentiles = Percentile::parse_list("50,66,99.9,100").unwrap();
    let asked = json_of(&report);
    let times = json!({ "p50": 3267, "p66": 4033, "p99.9": 5795, "p100": 5796 });
    assert_eq!(asked["metrics"]["say.rtt"]["percentiles"], times);
    assert_eq!(asked["metrics"]["joined.wait"]["percentiles"]["p66"], Value::Null);
    assert_eq!(keys(&summary["errors"][0]), "kind count file line sample user last_frames");
    assert_eq!(keys(&summary["steps"]["say"]), "succeeded failed success per_second errors");
    assert_eq!(
        summary["steps"]["joined"],
        json!({ "succeeded": 0, "failed": 3, "success": 0.0, "per_second": 0.0, "errors": { "timeout": 3 } })
    );
    assert_eq!(keys(&summary["thresholds"][0]), "expression observed passed");
    assert_eq!(
        keys(&summary["generator"]),
        "cpu_s peak_rss_bytes threads saturated reasons per_thread files ports"
    );
}

#[test]
fn figures_arrive_under_their_names() {
    let mut report = eventful_run();
    report.totals.samples.unmatched = Some("{\"type\":\"news\"}".into());
    let counts = &mut report.totals.counts;
    (counts.connections_deflated, counts.deflate_declined) = (998, 2);
    (counts.deflated_sent, counts.deflate_bytes_sent, counts.deflate_compressed_sent) =
        (60_000, 4_000_000, 1_000_000);
    (counts.http_requests, counts.http_failed, counts.http_bytes_sent, counts.http_bytes_received) =
        (7, 1, 30, 40);
    let frame = |ms, connection: Option<&str>, is_out, bytes, payload: &str| metrics::LastFrame {
        at: Duration::from_millis(ms),
        connection: connection.map(str::to_owned),
        is_out,
        is_binary: is_out,
        bytes,
        payload: payload.to_owned(),
    };
    report.errors[2].context = Context {
        user: Some(17),
        last_frames: vec![
            frame(1240, Some("feed"), false, 9, "{\"n\":\x1b}"),
            frame(1250, None, true, 2, "00 ff"),
        ],
    };
    let summary = json_of(&report);
    assert_eq!(
        summary["http"],
        json!({ "requests": 7, "failed": 1, "bytes_sent": 30, "bytes_received": 40 })
    );
    assert_eq!(summary["wsplan"], env!("CARGO_PKG_VERSION"));
    assert_eq!(summary["started"], "2026-11-20T08:38:43.500Z");
    assert_eq!(summary["duration_s"], 30.18);
    assert_eq!(
        summary["users"],
        json!({ "started": 1000, "finished": 998, "failed": 2, "peak": 1000, "out_of_data": 0 })
    );
    assert_eq!(
        summary["connections"],
        json!({ "attempted": 1000, "established": 1000, "failed": 0, "refused": 0, "closed_by_peer": 2, "failovers": 0, "reconnects": 0 })
    );
    assert_eq!(
        summary["messages"],
        json!({ "sent": 60_012, "received": 120_345, "bytes_sent": 4_200_840, "bytes_received": 9_100_000, "writes": 60_010, "unmatched": 12,
            "unmatched_sample": "{\"type\":\"news\"}", "dropped": 0, "dropped_sample": null })
    );
    assert_eq!(
        summary["deflate"],
        json!({ "connections": 998, "declined": 2,
            "sent": { "messages": 60_000, "bytes": 4_000_000, "compressed_bytes": 1_000_000, "ratio": 0.25 },
            "received": { "messages": 0, "bytes": 0, "compressed_bytes": 0, "ratio": null } })
    );
    let connect = &summary["metrics"]["connect.total"];
    assert_eq!(
        (&connect["count"], &connect["min"], &connect["p50"]),
        (&json!(1000), &json!(401), &json!(900))
    );
    assert_eq!((&connect["mean"], &connect["max"]), (&json!(900.5), &json!(1400)));
    let unused = &summary["metrics"]["joined.wait"];
    assert_eq!((&unused["count"], &unused["p99"], &unused["mean"]), (&json!(0), &Value::Null, &Value::Null));
    assert_eq!(
        summary["errors"][2],
        json!({ "kind": "closed_by_peer(1011)", "count": 2, "file": "plans/chat.yaml", "line": 31, "sample": "going\u{1b}[31m away\r\n",
            "user": 17, "last_frames": [
                { "at_s": 1.24, "connection": "feed", "direction": "in", "kind": "text", "bytes": 9, "payload": "{\"n\":\u{1b}}" },
                { "at_s": 1.25, "connection": null, "direction": "out", "kind": "binary", "bytes": 2, "payload": "00 ff" } ] })
    );
    assert_eq!(
        (&summary["errors"][3]["user"], &summary["errors"][3]["last_frames"]),
        (&Value::Null, &json!([]))
    );
    assert_eq!(summary["errors"][3]["line"], Value::Null);
    assert_eq!(
        summary["thresholds"][2],
        json!({ "expression": "joined.wait p95 < 1s", "observed": "no value", "passed": false })
    );
    let generator = &summary["generator"];
    assert_eq!((&generator["cpu_s"], &generator["threads"]), (&json!(12.34), &json!(2)));
    assert_eq!(generator["peak_rss_bytes"], 64_200_000);
    assert_eq!((&generator["saturated"], &generator["reasons"]), (&json!(false), &json!([])));
    assert_eq!(summary["exit_status"], 1);
}

fn names_in(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out.json");
    std::fs::write(&path, "x".repeat(100_000)).unwrap();
    let summary = Summary::of(&eventful_run());
    summary.write(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), summary.to_json());
    assert_eq!(names_in(directory.path()), ["out.json"]);
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link() {
    let directory = tempfile::tempdir().unwrap();
    let (real, link) = (directory.path().join("real.json"), directory.path().join("link.json"));
    std::fs::write(&real, "before").unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    Summary::of(&empty_run()).write(&link).unwrap();
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert!(std::fs::read_to_string(&real).unwrap().starts_with('{'));
}

#[cfg(unix)]
#[test]
fn a_pipe_is_written_to_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read_to_string(pipe).unwrap()
    });
    let summary = Summary::of(&empty_run());
    summary.write(&pipe).unwrap();
    assert!(!std::fs::metadata(&pipe).unwrap().is_file());
    assert_eq!(reader.join().unwrap(), summary.to_json());
}

#[test]
fn an_error_names_the_path_and_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("no").join("out.json");
    let error = Summary::of(&empty_run()).write(&missing).unwrap_err();
    assert!(error.to_string().starts_with(&format!("cannot write the summary to {}: ", missing.display())));
    let error = Summary::of(&empty_run()).write(directory.path()).unwrap_err();
    assert_eq!(error.path, directory.path());
    assert!(names_in(directory.path()).is_empty());
}

/// A run whose generator saw something of itself, and did not keep up.
fn watched_run() -> RunReport {
    let mut thread = ThreadWatch::default();
    (0..40).for_each(|_| thread.window(Duration::from_millis(250), Duration::from_millis(240), None));
    (1..=100).for_each(|n| thread.loop_lag.record(Duration::from_micros(n)));
    let mut report = eventful_run();
    let resources = Resources { files_peak: Some(1010), files_limit: Some(1024), ..Resources::default() };
    report.generator.watch = Watch { threads: vec![thread], resources };
    report.generator.reasons = saturation(&report.generator.watch, &report.totals.errors);
    report.failed_on = vec!["saturated"];
    report
}

#[test]
fn what_the_generator_saw_of_itself_is_told() {
    let summary = json_of(&watched_run());
    let generator = &summary["generator"];
    assert_eq!(generator["saturated"], true);
    assert_eq!(
        generator["reasons"],
        json!([{
            "kind": "cpu", "observed": 1.0, "limit": 0.05, "unit": "share",
            "message": "no rest for 10.0s of 10.0s, 1 of 1 thread",
        }])
    );
    assert_eq!(generator["files"], json!({ "open_peak": 1010, "limit": 1024 }));
    assert_eq!(generator["ports"], json!({ "sockets_peak": null, "available": null }));
    let thread = &generator["per_thread"][0];
    assert_eq!((&thread["watched_s"], &thread["cpu_s"]), (&json!(10.0), &json!(9.6)));
    assert_eq!((&thread["busy_s"], &thread["starved_s"]), (&json!(10.0), &json!(0.0)));
    assert_eq!(thread["run_queue_s"], Value::Null);
    assert_eq!((&thread["loop_lag"]["p99"], &thread["timer_lateness"]["count"]), (&json!(99), &json!(0)));
    assert_eq!(summary["failed_on"], json!(["saturated"]));
}

/// The names of all figures below an object of the schema, each with the names that lead to it.
fn figure_names(schema: &Value, object: &Value, leading: &str, names: &mut Vec<String>) {
    for (name, property) in object["properties"].as_object().unwrap() {
        let name = format!("{leading}{name}");
        let text = property.to_string();
        let definition = text.split_once("#/$defs/").and_then(|(_, rest)| rest.split_once('"'));
        match definition.map(|(definition, _)| (definition, &schema["$defs"][definition])) {
            Some(("Metric", metric)) if name == "metrics" => {
                figure_names(schema, metric, "metrics.NAME.", names);
            }
            Some(("Step", step)) => figure_names(schema, step, "steps.NAME.", names),
            Some(("Delivery", delivery)) => figure_names(schema, delivery, "delivery.STREAM.", names),
            Some(("Metric", _)) | None => names.push(name),
            Some((_, object)) if object["properties"].is_object() => {
                figure_names(schema, object, &format!("{name}."), names);
            }
            Some(_) => names.push(name),
        }
    }
}

#[test]
fn every_figure_is_explained() {
    let page = include_str!("../../../docs/measuring.md");
    let schema: Value = serde_json::from_str(&Summary::json_schema()).unwrap();
    let mut names = Vec::new();
    figure_names(&schema, &schema, "", &mut names);
    assert!(
        names.contains(&"messages.sent".to_owned()) && names.contains(&"metrics.NAME.p99".to_owned()),
        "{names:?}"
    );
    let unexplained: Vec<_> = names.iter().filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(unexplained.is_empty(), "docs/measuring.md does not say how these are measured: {unexplained:?}");
}

#[test]
fn every_counter_is_explained() {
    let page = include_str!("../../../docs/measuring.md");
    let names = metrics::Counter::ALL.iter().map(|counter| counter.name());
    let unexplained: Vec<_> = names.filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(unexplained.is_empty(), "docs/measuring.md does not say what these count: {unexplained:?}");
}
